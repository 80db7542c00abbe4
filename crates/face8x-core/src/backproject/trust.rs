//! How far a frame's pixels are believed.

use crate::frame::{Frame, PixelFormat};
use crate::geometry::LR_SIDE;

/// The variance of the detail in the network's input, in levels squared: with as much noise there the
/// network repeats one half of the noise. Measured as what restores best at 12 to 32 pixels.
const DETAIL: f32 = 45.0;

/// How much less a network errs in colours than in brightness, as a ratio of variances. Measured: 5 to 20
/// are as good, and 1 is 0.1 to 0.3 dB worse where there is noise.
pub const COLOUR_CALM: f32 = 8.0;

/// What is assumed of a camera. The numbers were searched for on simulated cameras
/// (`face8x-train evaluate --camera`, with and without `--processed`): sides of 12 to 64 pixels, noise of 0
/// to 10 levels, blur of 0.25 to 0.7 pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trust {
    /// The blur of the optics, as the standard deviation of a Gaussian in camera pixels.
    pub optics: f32,
    /// The smallest standard deviation of the noise, in levels: what rounding to 8 bits leaves, or
    /// compression.
    pub least_noise: f32,
    /// What the model of the camera gets wrong, as a share of what it explains: with optics that are
    /// guessed, and with optics that are known.
    model_errors: [f32; 2],
    /// The side in camera pixels from which on the model errs no more than that. The network sees all that a
    /// camera saw of smaller faces, so that the difference is what it took for the camera's work.
    whole_from: f32,
    /// The standard deviation of what is wrong with colours beside brightness, in levels.
    pub colour_noise: f32,
    /// From so many canonical pixels to a camera pixel on, the picture is halved.
    pub halved_from: f32,
}

/// The pixels are those of the sensor.
const EXACT: Trust = Trust {
    optics: 0.42,
    least_noise: 0.5,
    model_errors: [0.15, 0.1],
    whole_from: 1.0,
    colour_noise: 0.0,
    halved_from: 5.0,
};

/// The camera has sharpened and smoothed them, and has left out colour: on such pictures the numbers of
/// [`EXACT`] put up to 0.8 dB less into faces of 16 to 32 pixels. Sharpening undoes a part of the blur; the
/// halved picture leaves finest detail, which compression made, to the network.
const PROCESSED: Trust = Trust {
    optics: 0.33,
    least_noise: 2.0,
    model_errors: [0.2, 0.2],
    whole_from: 26.0,
    colour_noise: 6.0,
    halved_from: 4.0,
};

impl Trust {
    /// That in the pixels of this frame.
    pub(super) fn of_frame(frame: &Frame) -> &'static Trust {
        let is_rgb = matches!(
            frame.format,
            PixelFormat::Rgb3 | PixelFormat::Bgr3 | PixelFormat::Grey
        );
        Trust::of(frame.processed || !is_rgb)
    }

    /// That in pixels that a camera has worked on ([`Frame::processed`]), or not.
    pub fn of(processed: bool) -> &'static Trust {
        if processed { &PROCESSED } else { &EXACT }
    }

    /// The variance of what the model of the camera gets wrong, as a share of the mean square of the difference
    /// between what it saw of a face of `side` camera pixels and what the network made of it; `known`: the
    /// blur of the optics is not a guess.
    pub fn model_variance(&self, side: f32, known: bool) -> f32 {
        let believed = (side / self.whole_from).min(1.0).powi(2);
        1.0 - believed * (1.0 - self.model_errors[usize::from(known)].powi(2))
    }

    /// The variance of the noise in how a colour differs from brightness, where that in brightness is
    /// `noise`, both in levels squared. A network errs less in colours, which is the same as more noise there.
    pub fn colour_variance(&self, noise: f32) -> f32 {
        COLOUR_CALM * noise + self.colour_noise.powi(2)
    }

    /// The variance, in levels squared, that a camera's `noise` (standard deviation in levels) leaves in the
    /// difference between what it saw of a face of `side` camera pixels and what the network made of it: the
    /// network repeats a share of the noise, which is then missing there (the divergence in Stein, "Estimation
    /// of the Mean of a Multivariate Normal Distribution", Annals of Statistics 9, 1981).
    pub fn noise_variance(&self, noise: f32, side: f32) -> f32 {
        // A pixel of the network's input is the mean of more than one of the camera's.
        let share = (LR_SIDE as f32 / side).min(1.0);
        let response = share * DETAIL / (DETAIL + (share * noise).powi(2));
        (1.0 - response) * (noise.powi(2) + self.least_noise.powi(2))
    }
}
