//! Back-project: what the camera saw stays, and the network fills in only what it could not see.
//!
//! The network sees 16x16 pixels. A camera sees more of a face above that size, and of a smaller
//! one it sees 16x16 pixels that are not those of a perfect reduction. So the restored picture is
//! corrected until a model of the camera ([optics blur](BackProjector::new), integration over each
//! pixel, the face's transform) would have seen of it what the camera did.
//!
//! With c the camera's pixels, A the model of the camera and n the network's picture, the
//! corrected picture z is the minimum of
//!
//! ```text
//! |c - A z|^2 / sigma^2  +  |z - n|^2 / tau^2
//! ```
//!
//! which is z = n + A' u with (A A' + sigma^2 / tau^2) u = c - A n. This is iterative
//! back-projection (Irani and Peleg, "Improving Resolution by Image Registration", CVGIP 53, 1991)
//! carried to its end and weighed by the noise; without noise it is the range-null-space
//! decomposition (Wang, Yu and Zhang, "Zero-Shot Image Restoration Using Denoising Diffusion
//! Null-Space Model", ICLR 2023). sigma is the camera's noise, tau the error of the network, which
//! follows from how much c and A n differ. It is larger at edges than in plain places, and larger in
//! brightness than in colour: see `overlap.rs` and [`COLOUR_CALM`].
//!
//! The model of the camera is separable along the frame's own axes, so everything but the sampling
//! of the turned face is done by rows and columns: see `camera.rs`. The equation is solved on the
//! camera's own pixels, a few hundred unknowns, by conjugate gradients: see `solve.rs`.
//!
//! [`FaceHistory`] goes on over the frames of a face that is followed.

mod blocks;
mod camera;
mod canonical;
mod fields;
mod filter;
mod grid;
mod history;
mod lattice;
mod noise;
mod optics;
mod overlap;
mod solve;
#[cfg(test)]
mod tests;
mod trust;

use crate::Result;
use crate::align::Aligner;
use crate::convert::{Converter, Region};
use crate::frame::Frame;
use crate::geometry::Similarity;
use crate::geometry::canonical::{crop_corners, side_of};
use crate::pixel::Sr;
use crate::resample::Rgbx;
use blocks::{BLOCKS, BlockSums, BlockValues};
use camera::Camera;
use optics::{OPTICS, OpticsEstimate};
use solve::Solver;

pub use canonical::Canonical;
pub use history::FaceHistory;
pub use noise::NoiseEstimator;
pub use trust::{COLOUR_CALM, Trust};

/// Faces with a crop of up to this many camera pixels a side are restored. A larger one the camera
/// sees well by itself: it fades into the camera's own pixels up to [`CAMERA_SIDE`], so that nothing
/// jumps while somebody walks near.
pub const LARGEST_SIDE: f32 = 64.0;

/// From this side on, in camera pixels, a face is left as the camera saw it: see [`restored_share`].
pub const CAMERA_SIDE: f32 = 80.0;

/// Faces with a smaller crop, in camera pixels a side, are left as the network made them: fewer
/// than 16 camera pixels say nothing about where the face lies.
pub const SMALLEST_SIDE: f32 = 4.0;

/// Most camera pixels that take part, each way: the diagonal of the largest face, and what rounding
/// adds.
const MOST_PIXELS: usize = (CAMERA_SIDE * std::f32::consts::SQRT_2) as usize + 3;

/// The least share of the difference between camera and network that counts as the network's.
const LEAST_SHARE: f32 = 0.02;

/// A pixel takes part where at least this share of what it sees lies within the crop: none whose
/// centre lies outside.
const COVERAGE: f32 = 0.6;

/// A face that is found to lie less than this beside its place, in camera pixels, stays there.
const SETTLED: f32 = 0.05;

/// Fewer pixels than these are no picture of a face.
const FEWEST_PIXELS: usize = 12;

/// How much of a face's final picture is restored, and how much shows the camera's own pixels: 1 up
/// to [`LARGEST_SIDE`], 0 from [`CAMERA_SIDE`] on, a straight line between. This is the one place that says
/// which faces are restored.
pub fn restored_share(to_canonical: &Similarity) -> f32 {
    let side = side_of(to_canonical);
    ((CAMERA_SIDE - side) / (CAMERA_SIDE - LARGEST_SIDE)).clamp(0.0, 1.0)
}

/// How wrong a picture is, as the variance of what a camera pixel sees wrong of it, in levels squared.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Variance {
    /// Before it was corrected.
    pub before: f32,
    /// And afterwards.
    pub after: f32,
}

/// Corrects pictures of faces by what the camera saw. It has room for the largest face from the
/// start, and allocates nothing later.
pub struct BackProjector {
    /// `None`: what the frame's form says, and the faces.
    optics: Option<f32>,
    estimate: OpticsEstimate,
    trust: &'static Trust,
    /// Of the face, in camera pixels.
    side: f32,
    aligner: Aligner,
    converter: Converter,
    bytes: Vec<u8>,
    camera: Camera,
    /// What the camera saw, in levels; the fourth number is 1 where the pixel takes part.
    seen: Vec<Rgbx>,
    /// Whether they are combed fields, blended.
    combed: bool,
    /// What it would have seen of a picture; the fourth number is the share within the crop.
    expected: Vec<Rgbx>,
    /// The mean square of the difference between the two over the pixels that take part; `None` where there
    /// are too few.
    power: Option<f32>,
    solver: Solver,
    /// What the network made of a face that is learned from, and how blur would change what the camera sees of it.
    network: Canonical,
    blurring: Vec<f32>,
}

impl BackProjector {
    /// For a camera whose optics blur like a Gaussian of this standard deviation in camera pixels, 0 to 2.
    /// Where it is not known it is found out from the faces that are [learned from](Self::learn_optics), from 0.42
    /// on, and from 0.33 for frames that the camera has [worked on](Frame::processed) or that are not RGB, since
    /// such cameras sharpen. Assumed too large it puts contrast into the picture that the face does not have.
    pub fn new(optics: Option<f32>) -> Self {
        let most = MOST_PIXELS * MOST_PIXELS;
        let optics = optics.map(|pixels| pixels.clamp(0.0, 2.0));
        let most_optics = optics.unwrap_or(OPTICS[1]);
        BackProjector {
            optics,
            estimate: OpticsEstimate::default(),
            trust: Trust::of(true),
            side: 0.0,
            aligner: Aligner::new(),
            converter: Converter::new(),
            bytes: Vec::with_capacity(3 * most),
            camera: Camera::new(most_optics, CAMERA_SIDE, most),
            seen: Vec::with_capacity(most),
            combed: false,
            expected: Vec::with_capacity(most),
            power: None,
            solver: Solver::with_capacity(most),
            network: Canonical::default(),
            blurring: Vec::with_capacity(most),
        }
    }

    /// Whether a face that lies so in the frame is corrected: see [`SMALLEST_SIDE`] and
    /// [`CAMERA_SIDE`].
    pub fn applies(to_canonical: &Similarity) -> bool {
        to_canonical.is_regular() && (SMALLEST_SIDE..CAMERA_SIDE).contains(&side_of(to_canonical))
    }

    /// The face as the camera saw it: its own pixels, enlarged.
    fn camera_face(
        &mut self,
        frame: &Frame,
        to_canonical: &Similarity,
        out: &mut Sr,
    ) -> Result<()> {
        self.aligner.face(frame, to_canonical, out)
    }

    /// Takes the pixels of `frame` that show the face, which `to_canonical` takes to its canonical
    /// place. `false` where there are too few of them, or the face is [not one](Self::applies) that
    /// is corrected; [`correct`](Self::correct) then does nothing.
    ///
    /// # Errors
    /// The frame is not whole, or is a JPEG.
    pub fn load(&mut self, frame: &Frame, to_canonical: &Similarity) -> Result<bool> {
        self.seen.clear();
        self.aligner.reserve(frame)?;
        let Some(region) = region_of(frame, to_canonical) else {
            return Ok(false);
        };
        self.converter.rgb(frame, region, &mut self.bytes)?;
        let pixels = self.bytes.as_chunks::<3>().0;
        self.seen
            .extend(pixels.iter().map(|p| [p[0], p[1], p[2], 0].map(f32::from)));
        self.combed = fields::blend_combed(&mut self.seen, region.width as usize);
        self.trust = Trust::of_frame(frame);
        self.side = side_of(to_canonical);
        let (optics, halved_from) = (self.optics(), self.trust.halved_from);
        self.camera.place(region, to_canonical, optics, halved_from);
        Ok(true)
    }

    /// Corrects `picture`, which the network made, by the pixels that were [loaded](Self::load); `noise` is
    /// the standard deviation of the camera's noise in levels. `None` where nothing was loaded: the picture
    /// stays then.
    pub fn correct(&mut self, noise: f32, picture: &mut Canonical) -> Option<Variance> {
        self.look_at(picture);
        let (before, noise) = self.variances(noise)?;
        let after = self.add_correction(before, noise, None, picture);
        Some(Variance { before, after })
    }

    /// The same for a picture of which it is known how wrong a camera pixel sees it: the variance `error`
    /// says so, in levels squared, and the noise of the loaded pixels has no part in it. Where the face has
    /// changed `error` rises: see [`Camera::find_overlap`]. The picture is the one that was
    /// [looked at](Self::look_at) last. Returns the variance afterwards.
    fn correct_known(
        &mut self,
        noise: f32,
        error: f32,
        rise: Option<(&BlockValues, f32)>,
        picture: &mut Canonical,
    ) -> f32 {
        let Some(power) = self.power else {
            return error;
        };
        let camera = noise.powi(2) + self.trust.least_noise.powi(2);
        let noise = camera + self.model_variance() * power;
        self.add_correction(error, noise, rise, picture)
    }

    /// The variance of what a network got wrong of the face, and of the noise in its pixels, which is `noise`
    /// levels; both in levels squared. `None` where too few pixels take part.
    fn variances(&self, noise: f32) -> Option<(f32, f32)> {
        let power = self.power?;
        let camera = self.trust.noise_variance(noise, self.side);
        let noise = camera + self.model_variance() * power;
        Some(((power - noise).max(LEAST_SHARE * power), noise))
    }

    /// See [`Trust::model_variance`].
    fn model_variance(&self) -> f32 {
        self.trust.model_variance(self.side, self.optics.is_some())
    }

    /// Adds to `picture` what makes up for the difference between seen and expected pixels, where the
    /// variance of what it gets wrong is `error` and that of the pixels' noise is `noise`.
    fn add_correction(
        &mut self,
        error: f32,
        noise: f32,
        rise: Option<(&BlockValues, f32)>,
        picture: &mut Canonical,
    ) -> f32 {
        let error = error.max(f32::MIN_POSITIVE);
        let weight = self.weight_of(error, rise);
        let (seen, expected) = (&self.seen, &self.expected);
        let colour_noise = self.trust.colour_variance(noise);
        let solution =
            self.solver
                .solve(&self.camera, seen, expected, weight, [noise, colour_noise]);
        self.camera.add_transposed(solution, weight, picture);
        error * noise / (error + noise)
    }

    /// Finds what the camera's pixels see alike of what is wrong with the picture, whose variance is `error`
    /// and [rises](Camera::find_overlap) in places. Returns the factor by which that is the covariance.
    fn weight_of(&mut self, error: f32, rise: Option<(&BlockValues, f32)>) -> f32 {
        self.camera.find_overlap(rise);
        error / self.camera.overlap.gain(&self.seen).max(f32::MIN_POSITIVE)
    }

    /// Moves the face by the fraction of a camera pixel by which the [loaded](Self::load) pixels
    /// are shifted against what the camera would have seen of `picture`, at most half a pixel each
    /// way. Returns the shift in camera pixels.
    pub fn register(&mut self, picture: &Canonical) -> (f32, f32) {
        self.look_at(picture);
        let mut moved = (0.0, 0.0);
        for _ in 0..2 {
            if self.power.is_none() {
                break;
            }
            let (x, y) = self.camera.shift(&self.seen, &self.expected);
            let step = (
                (moved.0 + x).clamp(-0.5, 0.5) - moved.0,
                (moved.1 + y).clamp(-0.5, 0.5) - moved.1,
            );
            if step.0.hypot(step.1) < SETTLED {
                break;
            }
            self.camera.move_face(step);
            self.compare();
            moved = (moved.0 + step.0, moved.1 + step.1);
        }
        moved
    }

    /// By how much the camera's pixels differ from the expected ones, in levels of all three channels
    /// together, on average about each block of the face.
    fn differences(&self, out: &mut BlockValues) {
        let mut blocks = BlockSums::new();
        let sum = |pixel: &Rgbx| pixel[0] + pixel[1] + pixel[2];
        let pixels = self.seen.iter().zip(&self.expected);
        for (k, (seen, expected)) in pixels.enumerate().filter(|(_, (seen, _))| seen[3] > 0.0) {
            let (u, v) = self.camera.place_of(k);
            let (x, y) = (u * BLOCKS as f32, v * BLOCKS as f32);
            blocks.add(x, y, sum(seen) - sum(expected));
        }
        blocks.means(out);
    }

    /// Fills `expected` by what the camera would see of `picture`.
    fn look_at(&mut self, picture: &Canonical) {
        self.camera.look_at(picture);
        self.compare();
    }

    /// Fills `expected` by what the camera would see of the picture that it looks at, and marks the pixels
    /// that take part.
    fn compare(&mut self) {
        self.power = None;
        if self.seen.is_empty() {
            return;
        }
        self.camera.project(&mut self.expected);
        let (mut power, mut count) = (0.0, 0);
        for (seen, expected) in self.seen.iter_mut().zip(&mut self.expected) {
            let share = expected[3];
            seen[3] = if share >= COVERAGE { 1.0 } else { 0.0 };
            if share < COVERAGE {
                continue;
            }
            for (value, &level) in expected.iter_mut().zip(&seen[..3]) {
                *value /= share;
                // A clipped pixel says only that the face is as bright, or as dark, at least.
                if (level >= 255.0 && *value > level) || (level <= 0.0 && *value < level) {
                    *value = level;
                }
                power += (level - *value).powi(2);
            }
            count += 1;
        }
        if count >= FEWEST_PIXELS {
            self.power = Some(power / (3 * count) as f32);
        }
    }
}

/// The frame's pixels on which the face lies; `None` where the face is not corrected or lies
/// outside the frame.
fn region_of(frame: &Frame, to_canonical: &Similarity) -> Option<Region> {
    if !BackProjector::applies(to_canonical) {
        return None;
    }
    let corners = crop_corners(to_canonical);
    let range = |of: fn(&crate::geometry::Point) -> f32, limit: u32| {
        let values = corners.iter().map(of);
        let (low, high) = values.fold((f32::INFINITY, f32::NEG_INFINITY), |range, value| {
            (range.0.min(value), range.1.max(value))
        });
        let first = low.floor().clamp(0.0, limit as f32) as u32;
        let end = high.ceil().clamp(0.0, limit as f32) as u32;
        (first, end.saturating_sub(first))
    };
    let (x, width) = range(|p| p.x, frame.width);
    let (y, height) = range(|p| p.y, frame.height);
    let region = Region {
        x,
        y,
        width,
        height,
    };
    (width as usize * height as usize >= FEWEST_PIXELS).then_some(region)
}
