//! A picture of a face in its canonical place, in floating point.

use crate::geometry::HR_SIDE;
use crate::pixel::{Sr, unpack_rgb};
use crate::resample::{Rgbx, to_pixel};

/// A picture of 128x128 pixels in levels, 0 to 255; values between whole levels and beyond the
/// range are kept, so that corrections add up.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    /// The fourth number is 1: what is seen of it is the share that lies within the face.
    pub(super) pixels: Vec<Rgbx>,
}

impl Default for Canonical {
    fn default() -> Self {
        Canonical {
            pixels: vec![[0.0, 0.0, 0.0, 1.0]; HR_SIDE * HR_SIDE],
        }
    }
}

impl Canonical {
    /// Takes the levels of display pixels.
    pub fn load(&mut self, sr: &Sr) {
        for (pixel, &packed) in self.pixels.iter_mut().zip(sr.iter()) {
            *pixel = levels_of(packed);
        }
    }

    /// Writes display pixels, rounded and clipped, over those of `sr`: 1 covers them, 0 leaves them.
    pub fn store(&self, share: f32, sr: &mut Sr) {
        for (packed, pixel) in sr.iter_mut().zip(&self.pixels) {
            let mut levels = *pixel;
            if share < 1.0 {
                let under = unpack_rgb(*packed).map(f32::from);
                for (level, under) in levels.iter_mut().zip(under) {
                    *level = under + share * (level.clamp(0.0, 255.0) - under);
                }
            }
            levels[3] = 0.0;
            *packed = to_pixel(levels);
        }
    }

    /// Makes this a copy of `other`, without an allocation.
    pub fn copy_from(&mut self, other: &Canonical) {
        self.pixels.copy_from_slice(&other.pixels);
    }
}

/// The levels of a display pixel.
#[inline(always)]
pub(super) fn levels_of(packed: u32) -> Rgbx {
    // The unused byte makes room for the 1, so that all four are converted at once.
    (packed << 8 | 1).to_be_bytes().map(f32::from)
}
