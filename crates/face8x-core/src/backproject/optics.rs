//! How much the optics of a camera blur, found out from the faces that it shows.
//!
//! A face that the camera blurs more than was assumed differs from what the network's picture would look
//! like through the assumed optics by a part of that picture's second derivative: for a Gaussian the
//! derivative by its variance is half the Laplacian (the heat equation; Koenderink, "The Structure of
//! Images", Biological Cybernetics 50, 1984). So a regression of the difference on it gives the
//! variance that is missing. A soft face looks like soft optics: one face by itself is right to 0.06 squared
//! pixels, which is 0.07 pixels of blur, and the mean over the faces to less.

use super::BackProjector;
use super::camera::Camera;
use crate::Result;
use crate::convert::LUMA_WEIGHTS;
use crate::frame::Frame;
use crate::geometry::Similarity;
use crate::pixel::Sr;
use crate::resample::{Rgbx, dot_numbers};

/// The standard deviation of the variance that one face gives, in squared camera pixels. Measured over 96
/// faces: 0.05 to 0.07 at 12 to 32 pixels.
const FACE_SPREAD: f32 = 0.06;
/// Faces with a larger side, in camera pixels, say less: 0.07 at 48 pixels and 0.1 at 64.
const CLEAR_UP_TO: f32 = 40.0;
/// By how many such faces' worth the assumed optics are believed before any was seen.
const ASSUMED_FACES: f32 = 0.2;
/// How many of the last faces count: somebody may turn the lens.
const MOST_FACES: f32 = 20.0;
/// A regression farther away than this, in squared camera pixels, is that of no face.
const FARTHEST: f32 = 0.5;
/// Estimates lie between these, in camera pixels: cameras with less blur show it no more, and a picture with
/// more is out of focus for another reason.
pub(super) const OPTICS: [f32; 2] = [0.2, 0.8];

/// What the regression gives where the assumed optics are right, by the side in camera pixels: the network was
/// trained through a correction, and is softer than the face where the camera sees more than it did. Measured
/// over 96 faces with the shipped network.
const SOFTNESS: [(f32, f32); 7] = [
    (12.0, -0.03),
    (16.0, -0.055),
    (20.0, -0.083),
    (24.0, -0.1),
    (32.0, -0.09),
    (48.0, -0.033),
    (64.0, 0.02),
];

impl BackProjector {
    /// The blur of the camera's optics in its pixels, as it is known or as the faces so far have shown it.
    pub fn optics(&self) -> f32 {
        let found = self.estimate.optics(self.trust.optics);
        self.optics.unwrap_or(found)
    }

    /// Finds out more of the camera's optics, where they are not known, from a face of which the network made
    /// `sr`; `noise` is the camera's, in levels. Once for each face is enough, before it is corrected for the
    /// first time.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn learn_optics(
        &mut self,
        frame: &Frame,
        to_canonical: &Similarity,
        noise: f32,
        sr: &Sr,
    ) -> Result<()> {
        // What moved between two fields is blurred by that.
        if self.optics.is_none() && self.load(frame, to_canonical)? && !self.combed {
            // Always against the same assumption: the regression is not straight.
            self.camera.set_optics(self.trust.optics);
            self.network.load(sr);
            self.camera.look_at(&self.network);
            self.compare();
            if let Some((error, noise)) = self.variances(noise) {
                let weight = self.weight_of(error, None);
                let (seen, expected) = (&self.seen, &self.expected);
                blurring(&self.camera, seen, expected, &mut self.blurring);
                let weights =
                    (self.solver).solve_numbers(&self.camera, seen, &self.blurring, weight, noise);
                let evidence = BlurEvidence::new(weights, &self.blurring, seen, expected);
                self.estimate.add(evidence, self.side);
            }
        }
        Ok(())
    }

    /// Forgets what the faces have shown of the optics: another camera comes.
    pub fn forget_optics(&mut self) {
        self.estimate = OpticsEstimate::default();
    }
}

/// How a picture changes by blur: half the Laplacian of its brightness, at the camera's pixels that take part
/// with all their neighbours, and 0 at the others.
pub(super) fn blurring(camera: &Camera, seen: &[Rgbx], expected: &[Rgbx], out: &mut Vec<f32>) {
    out.clear();
    out.resize(seen.len(), 0.0);
    for around in camera.inner_pixels(seen) {
        let [above, left, here, right, below] = around.map(|k| luma(&expected[k]));
        out[around[2]] = 0.5 * (above + left + right + below - 4.0 * here);
    }
}

/// The regression of what a camera saw and what was expected differ by on what [`blurring`] would change, weighed by
/// the inverse of their covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BlurEvidence {
    along: f32,
    power: f32,
}

impl BlurEvidence {
    /// `weights` are the inverse of the covariance times `blurring`, 0 at pixels that take no part.
    pub(super) fn new(
        weights: &[f32],
        blurring: &[f32],
        seen: &[Rgbx],
        expected: &[Rgbx],
    ) -> BlurEvidence {
        let pixels = seen.iter().zip(expected);
        let missing = pixels.map(|(seen, expected)| luma(seen) - luma(expected));
        BlurEvidence {
            along: weights.iter().zip(missing).map(|(w, rest)| w * rest).sum(),
            power: dot_numbers(weights, blurring),
        }
    }
}

fn luma(pixel: &Rgbx) -> f32 {
    let [red, green, blue] = LUMA_WEIGHTS;
    red * pixel[0] + green * pixel[1] + blue * pixel[2]
}

/// What the faces so far have shown of a camera's optics.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct OpticsEstimate {
    /// By how much the blur's variance differs from the assumed one, in squared camera pixels, times `faces`.
    sum: f32,
    faces: f32,
}

impl OpticsEstimate {
    /// Takes in a face of `side` camera pixels.
    pub(super) fn add(&mut self, evidence: BlurEvidence, side: f32) {
        let BlurEvidence { along, power } = evidence;
        let excess = along / power;
        // A face without contrast has no power.
        let is_one = power > 0.0 && excess.abs() < FARTHEST;
        if !is_one {
            return;
        }
        // The power's inverse is the regression's own variance.
        let clear = (CLEAR_UP_TO / side).min(1.0).powi(2);
        let weight = clear / (1.0 + 1.0 / (power * FACE_SPREAD.powi(2)));
        self.sum += weight * (excess - softness(side));
        self.faces += weight;
        if self.faces > MOST_FACES {
            self.sum *= MOST_FACES / self.faces;
            self.faces = MOST_FACES;
        }
    }

    /// The optics' blur in camera pixels, where that of `assumed` was assumed.
    pub(super) fn optics(&self, assumed: f32) -> f32 {
        let excess = self.sum / (self.faces + ASSUMED_FACES);
        let [least, most] = OPTICS.map(|blur| blur.powi(2));
        (assumed.powi(2) + excess).clamp(least, most).sqrt()
    }
}

/// See [`SOFTNESS`]; a straight line between its points.
fn softness(side: f32) -> f32 {
    let after = SOFTNESS.partition_point(|&(at, _)| at <= side);
    let (first, last) = (SOFTNESS[0], SOFTNESS[SOFTNESS.len() - 1]);
    match after {
        0 => first.1,
        _ if after == SOFTNESS.len() => last.1,
        _ => {
            let ((a, from), (b, to)) = (SOFTNESS[after - 1], SOFTNESS[after]);
            from + (to - from) * (side - a) / (b - a)
        }
    }
}
