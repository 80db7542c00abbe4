//! What a camera gives of a small face, and what the aligner makes of that.
//!
//! ```text
//! face 128x128 ─ optics, pixels ─ exposure, white balance ─ noise ─ 8 bits ─┐
//!   16x16 ─ aligner, with the detector's error ─ JPEG ─ chroma ─ sharpening ─ denoising
//! ```
//!
//! Sizes are in camera pixels: a side of 16 means that the canonical face is 16 of them wide, which
//! need not be a whole number. The pixel grid lies anyhow across the face.

use face8x_core::align::Aligner;
use face8x_core::backproject::LARGEST_SIDE;
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::{HR_SIDE, Point, Similarity};
use face8x_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::prepare::normal;
use crate::runner::{HR_LEN, LR_LEN};

pub mod correction;
mod optics;
pub(crate) mod steps;
#[cfg(test)]
mod tests;

use steps::Seen;

/// Camera pixels around the face, for the aligner.
pub const BORDER: usize = 4;

/// Sides of a JPEG's blocks: the face lies anyhow among them.
const BLOCK: usize = 16;

/// How far off the alignment by YuNet's landmarks is: the face's side in camera pixels, then
/// standard deviations of the shift each way by the side, of the logarithm of the scale, and of
/// the angle in radians. Measured with the float network on scenes enlarged twice, against the
/// landmarks of the data set, whose own errors are in it (`tests/detector.py CELEBA --alignment`).
const DETECTOR_ERROR: [[f32; 4]; 7] = [
    [10.0, 0.039, 0.080, 0.052],
    [12.0, 0.038, 0.080, 0.052],
    [16.0, 0.032, 0.080, 0.052],
    [20.0, 0.020, 0.061, 0.052],
    [24.0, 0.017, 0.060, 0.052],
    [32.0, 0.013, 0.044, 0.052],
    [48.0, 0.013, 0.039, 0.052],
];

/// The camera of a training: what each input is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingCamera {
    /// The share of training inputs that come from the camera; the others are bicubic reductions.
    pub share: f32,
    /// Least and greatest side of the face, in camera pixels; its logarithm is drawn evenly.
    pub side: [f32; 2],
    /// Least and greatest standard deviation of the optics' blur, in camera pixels.
    pub blur: [f32; 2],
    /// Least and greatest standard deviation of the noise at middle grey, in levels.
    pub noise: [f32; 2],
    /// The power of a level that is light: 1 takes levels for light, 2.2 is about sRGB.
    pub gamma: f32,
    /// Standard deviation of the logarithm of the exposure's error.
    pub exposure: f32,
    /// The same for red and blue against green.
    pub balance: f32,
    /// The share of inputs whose chroma has half the columns, or half the columns and rows.
    pub chroma: f32,
    /// Greatest difference of neighbours that denoising averages, in levels.
    pub denoising: f32,
    /// Greatest amount of sharpening.
    pub sharpening: f32,
    /// The share of inputs that are JPEGs.
    pub jpeg: f32,
    /// Least and greatest JPEG quality.
    pub quality: [f32; 2],
    /// The alignment's error, by that of the detector: 1 as measured, 0 none.
    pub misalignment: f32,
    /// Take the loss after the program's back-projection, so that the network learns only what the
    /// camera cannot see. Needs `misalignment = 0`: what the camera saw must lie where the target does.
    /// The dataset's crops have their own errors of alignment, in input and target alike.
    pub back_project: bool,
    /// Weight of the pixel loss before back-projection, beside the one after it.
    pub before: f32,
}

impl Default for TrainingCamera {
    fn default() -> Self {
        TrainingCamera {
            share: 0.5,
            side: [10.0, 64.0],
            blur: [0.25, 0.7],
            noise: [0.0, 10.0],
            gamma: 1.0,
            exposure: 0.06,
            balance: 0.03,
            chroma: 0.75,
            denoising: 12.0,
            sharpening: 0.6,
            jpeg: 0.5,
            quality: [60.0, 95.0],
            misalignment: 1.0,
            back_project: false,
            before: 0.25,
        }
    }
}

/// How coarse the chroma is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// 4:4:4.
    Full,
    /// 4:2:2: half the columns.
    Columns,
    /// 4:2:0: half the columns and rows.
    ColumnsAndRows,
}

/// One picture that a camera takes of a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// The face's side, in camera pixels.
    pub side: f32,
    /// Where the camera's pixel grid lies, 0 to 1 each way.
    pub phase: [f32; 2],
    /// Standard deviation of the optics' blur, in camera pixels.
    pub blur: f32,
    /// The power of a level that is light.
    pub gamma: f32,
    /// The factors of red, green and blue light.
    pub gains: [f32; 3],
    /// Standard deviation of the noise at middle grey, in levels.
    pub noise: f32,
    pub chroma: Chroma,
    /// Neighbours that differ by no more levels are averaged.
    pub denoising: f32,
    /// Amount of sharpening.
    pub sharpening: f32,
    /// Quality, and where the face lies among the blocks.
    pub jpeg: Option<(u8, [usize; 2])>,
    /// From the canonical face to where the aligner takes it to be.
    pub error: Similarity,
}

impl Shot {
    /// A picture with noise of `noise` levels and nothing else amiss, by optics of 0.45 pixels'
    /// blur; the grid lies anyhow, and the alignment's error is that of the detector times
    /// `misalignment`.
    pub fn plain(side: f32, noise: f32, misalignment: f32, rng: &mut fastrand::Rng) -> Self {
        Shot {
            side,
            phase: [rng.f32(), rng.f32()],
            blur: 0.45,
            gamma: 1.0,
            gains: [1.0; 3],
            noise,
            chroma: Chroma::Full,
            denoising: 0.0,
            sharpening: 0.0,
            jpeg: None,
            error: detector_error(side, misalignment, rng),
        }
    }

    /// A picture by a camera that works on its pixels, as most do: it is one of [`TrainingCamera::default`]'s, but
    /// for this side and noise.
    pub fn worked_on(side: f32, noise: f32, misalignment: f32, rng: &mut fastrand::Rng) -> Self {
        let camera = TrainingCamera {
            side: [side; 2],
            noise: [noise; 2],
            exposure: 0.0,
            balance: 0.0,
            misalignment,
            ..TrainingCamera::default()
        };
        camera.draw(rng)
    }

    /// Whether the camera has worked on the pixels after the sensor gave them.
    pub fn is_processed(&self) -> bool {
        self.chroma != Chroma::Full
            || self.jpeg.is_some()
            || self.denoising > 0.0
            || self.sharpening > 0.0
    }
}

impl TrainingCamera {
    /// # Errors
    /// A value is out of range.
    pub fn check(&self) -> Result<()> {
        let within = |[low, high]: [f32; 2], [least, most]: [f32; 2]| {
            least <= low && low <= high && high <= most
        };
        let is_share = |share: f32| (0.0..=1.0).contains(&share);
        let spreads = [
            self.exposure,
            self.balance,
            self.denoising,
            self.sharpening,
            self.misalignment,
            self.before,
        ];
        let checks = [
            (is_share(self.share), "share is from 0 to 1"),
            (
                within(self.side, [4.0, 128.0]),
                "side is two sizes from 4 to 128",
            ),
            (
                within(self.blur, [0.0, 4.0]),
                "blur is two numbers from 0 to 4",
            ),
            (
                within(self.noise, [0.0, 64.0]),
                "noise is two numbers from 0 to 64",
            ),
            ((0.5..=4.0).contains(&self.gamma), "gamma is from 0.5 to 4"),
            (is_share(self.chroma), "chroma is from 0 to 1"),
            (is_share(self.jpeg), "jpeg is from 0 to 1"),
            (
                within(self.quality, [1.0, 100.0]),
                "quality is two numbers from 1 to 100",
            ),
            (
                spreads.iter().all(|v| *v >= 0.0 && v.is_finite()),
                "exposure, balance, denoising, sharpening, misalignment and before are at least 0",
            ),
            (
                !self.back_project || self.misalignment == 0.0,
                "back_project needs misalignment = 0",
            ),
            (
                !self.back_project || self.side[1] <= LARGEST_SIDE,
                "back_project needs a side of at most 64",
            ),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, what)) => Err(Error::usage(format!("camera.{what}"))),
            None => Ok(()),
        }
    }

    /// Draws a picture to take.
    pub fn draw(&self, rng: &mut fastrand::Rng) -> Shot {
        let mut between = |[low, high]: [f32; 2]| low + (high - low) * rng.f32();
        let side = between(self.side.map(f32::ln)).exp();
        let (blur, noise) = (between(self.blur), between(self.noise));
        let denoising = between([0.0, self.denoising]);
        let sharpening = between([0.0, self.sharpening]);
        let quality = between(self.quality).clamp(1.0, 100.0) as u8;
        let gain = (self.exposure * normal(rng)).exp();
        let mut tint = || gain * (self.balance * normal(rng)).exp();
        let gains = [tint(), gain, tint()];
        let is_jpeg = rng.f32() < self.jpeg;
        Shot {
            gamma: self.gamma,
            gains,
            chroma: match (rng.f32() < self.chroma, rng.bool()) {
                (false, _) => Chroma::Full,
                (true, false) => Chroma::Columns,
                (true, true) => Chroma::ColumnsAndRows,
            },
            denoising,
            sharpening,
            jpeg: is_jpeg.then(|| (quality, [rng.usize(..BLOCK), rng.usize(..BLOCK)])),
            blur,
            ..Shot::plain(side, noise, self.misalignment, rng)
        }
    }
}

/// The detector's error at a face of `side` camera pixels, times `factor`.
fn detector_error(side: f32, factor: f32, rng: &mut fastrand::Rng) -> Similarity {
    let [_, shift, scale, angle] = error_at(side).map(|sd| sd * factor);
    let centre = Point::new(HR_SIDE as f32 / 2.0, HR_SIDE as f32 / 2.0);
    let mut off = || HR_SIDE as f32 * shift * normal(rng);
    let moved = Point::new(centre.x + off(), centre.y + off());
    let (scale, angle) = ((scale * normal(rng)).exp(), angle * normal(rng));
    Similarity::about(centre, moved, scale, angle)
}

/// The row of [`DETECTOR_ERROR`] for a side, between two of its rows.
pub(crate) fn error_at(side: f32) -> [f32; 4] {
    let last = DETECTOR_ERROR.len() - 1;
    let above = DETECTOR_ERROR.iter().position(|row| row[0] >= side);
    let above = above.unwrap_or(last).max(1);
    let (a, b) = (DETECTOR_ERROR[above - 1], DETECTOR_ERROR[above]);
    let share = ((side - a[0]) / (b[0] - a[0])).clamp(0.0, 1.0);
    std::array::from_fn(|k| a[k] + share * (b[k] - a[k]))
}

/// What the camera gives: a frame with the face, and where the aligner takes it to be.
#[derive(Debug, Clone)]
pub struct AlignedFrame {
    pub frame: Frame,
    /// From the frame to the canonical face.
    pub similarity: Similarity,
}

impl AlignedFrame {
    /// The network's input.
    ///
    /// # Errors
    /// The face cannot be aligned, which does not happen to sides of 4 pixels and more.
    pub fn lr(&self, aligner: &mut Aligner) -> Result<[u8; LR_LEN]> {
        let mut lr = [0; LR_LEN];
        aligner.lr(&self.frame, &self.similarity, &mut lr)?;
        Ok(lr)
    }

    /// The camera's own pixels, enlarged bicubically to 128x128.
    ///
    /// # Errors
    /// As [`AlignedFrame::lr`].
    pub fn enlarged(&self, aligner: &mut Aligner) -> Result<Vec<u8>> {
        let mut pixels = vec![0; HR_LEN];
        aligner.crop(&self.frame, &self.similarity, HR_SIDE, &mut pixels)?;
        Ok(pixels)
    }
}

/// Takes a picture of a 128x128 face (interleaved RGB levels).
///
/// # Errors
/// The picture cannot pass through JPEG, which does not happen.
pub fn take(hr: &[u8], shot: &Shot, rng: &mut fastrand::Rng) -> Result<AlignedFrame> {
    let mut seen = light(hr, shot);
    steps::noise(&mut seen, shot.noise, rng);
    seen.round();
    steps::denoise(&mut seen, shot.denoising);
    steps::sharpen(&mut seen, shot.sharpening);
    match shot.chroma {
        Chroma::Full => {}
        Chroma::Columns => steps::coarse_chroma(&mut seen, false),
        Chroma::ColumnsAndRows => steps::coarse_chroma(&mut seen, true),
    }
    if let Some((quality, place)) = shot.jpeg {
        steps::jpeg_at(&mut seen, quality, place)?;
    }
    let pixel = HR_SIDE as f32 / shot.side;
    let place = shot.phase.map(|phase| (phase - BORDER as f32) * pixel);
    let moved = Point::new(place[0], place[1]);
    let similarity = Similarity::about(Point::default(), moved, pixel, 0.0).then(&shot.error);
    Ok(AlignedFrame {
        frame: Frame {
            processed: shot.is_processed(),
            ..frame(&seen)
        },
        similarity,
    })
}

/// The levels that the sensor gives before noise: what the optics and pixels make of the face,
/// under the shot's exposure and white balance.
fn light(hr: &[u8], shot: &Shot) -> Seen {
    let count = shot.side.ceil() as usize + 2 * BORDER;
    let [across, down] = shot
        .phase
        .map(|phase| optics::shares(shot.side, phase, shot.blur, count));
    let is_linear = shot.gamma == 1.0;
    let light: Vec<f32> = hr
        .iter()
        .map(|&level| match is_linear {
            true => f32::from(level),
            false => 255.0 * (f32::from(level) / 255.0).powf(shot.gamma),
        })
        .collect();
    let mut seen = Seen {
        side: count,
        levels: optics::expose(&light, &across, &down),
    };
    steps::gains(&mut seen, shot.gains);
    if !is_linear {
        for level in &mut seen.levels {
            *level = 255.0 * (*level / 255.0).powf(shot.gamma.recip());
        }
    }
    seen
}

/// A frame of 8-bit RGB.
pub(crate) fn frame(seen: &Seen) -> Frame {
    Frame {
        format: PixelFormat::Rgb3,
        width: seen.side as u32,
        height: seen.side as u32,
        stride: seen.side * 3,
        bytes: seen.to_bytes(),
        ..Frame::empty()
    }
}
