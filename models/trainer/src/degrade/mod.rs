//! What a cheap camera does to a face: it is smaller, blurred, noisy, with coarse chroma, wrongly
//! exposed, tinted, and compressed as JPEG, in any order and strength.
//!
//! The face is first reduced to the size at which the camera would see it; after the damage the
//! aligner makes the 16x16 input of it. Its steps are those of the camera (see `camera`), which
//! does them in the order and with the optics that a real one has.

use face8x_core::Result;
use face8x_core::align::Aligner;
use face8x_core::geometry::{HR_SIDE, Point, Similarity};
use serde::{Deserialize, Serialize};

use crate::camera::{self, steps};
use crate::prepare::normal;
use crate::runner::LR_LEN;

#[cfg(test)]
mod tests;

/// How strong the damage of strength 1 is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Degrade {
    /// The share of training inputs that are damaged at all.
    pub share: f32,
    /// The strength of each damaged input is drawn between 0 and this; the middle is 1.
    pub strongest: f32,
    /// Smallest side, in camera pixels, of the 128x128 face; it is drawn between this and 128.
    pub smallest: u32,
    /// Standard deviation of the sensor's noise, in grey levels at middle grey.
    pub noise: f32,
    /// Standard deviation of the lens's blur, in camera pixels.
    pub blur: f32,
    /// JPEG quality at strength 1; at strength s, 100 - s * (100 - quality).
    pub quality: f32,
    /// Standard deviation of the logarithm of the exposure's error.
    pub exposure: f32,
    /// The same for red and blue against green.
    pub balance: f32,
}

impl Default for Degrade {
    fn default() -> Self {
        Degrade {
            share: 0.5,
            strongest: 2.0,
            smallest: 32,
            noise: 8.0,
            blur: 0.8,
            quality: 60.0,
            exposure: 0.06,
            balance: 0.03,
        }
    }
}

/// Damages faces, keeping its buffers.
pub struct Degrader {
    aligner: Aligner,
}

impl Default for Degrader {
    fn default() -> Self {
        Degrader::new()
    }
}

impl Degrader {
    pub fn new() -> Self {
        Degrader {
            aligner: Aligner::new(),
        }
    }

    /// The 16x16 input that a camera would give of a 128x128 face, damaged by `strength` (0 to
    /// 2; 1 is the middle).
    ///
    /// # Errors
    /// The damaged face cannot be encoded or aligned, which does not happen.
    pub fn degrade(
        &mut self,
        hr: &[u8],
        degrade: &Degrade,
        strength: f32,
        rng: &mut fastrand::Rng,
    ) -> Result<[u8; LR_LEN]> {
        let smallest = degrade.smallest.clamp(16, HR_SIDE as u32);
        let side = rng.u32(smallest..=HR_SIDE as u32);
        let mut seen = steps::reduce(hr, side as usize);
        let mut order = [0, 1, 2, 3, 4];
        rng.shuffle(&mut order);
        for step in order {
            match step {
                0 => steps::noise(&mut seen, strength * degrade.noise * rng.f32() * 2.0, rng),
                1 => steps::blur(&mut seen, strength * degrade.blur * rng.f32() * 2.0),
                2 => steps::coarse_chroma(&mut seen, rng.bool()),
                3 => {
                    let gain = (strength * degrade.exposure * normal(rng)).exp();
                    let mut tint = || (strength * degrade.balance * normal(rng)).exp();
                    steps::gains(&mut seen, [gain * tint(), gain, gain * tint()]);
                }
                _ => {
                    let loss = strength * (100.0 - degrade.quality) * rng.f32() * 2.0;
                    steps::jpeg(&mut seen, (100.0 - loss).clamp(10.0, 100.0) as u8)?;
                }
            }
        }
        let frame = camera::frame(&seen);
        let zoom = HR_SIDE as f32 / side as f32;
        let enlarge = Similarity::about(Point::default(), Point::default(), zoom, 0.0);
        let mut lr = [0; LR_LEN];
        self.aligner.lr(&frame, &enlarge, &mut lr)?;
        Ok(lr)
    }
}
