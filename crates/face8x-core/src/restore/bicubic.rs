//! The reference restorer: bicubic interpolation.

use super::{Lr, Restorer, Sr};
use crate::Result;
use crate::geometry::{HR_SIDE, LR_SIDE};
use crate::pixel::pack_rgb;
use crate::resample::cubic_weight;

/// Bits of the fraction of a weight, as in Pillow: 32 - 8 - 2.
const FRACTION_BITS: u32 = 22;

/// Enlarges 16x16 to 128x128 by Keys's cubic convolution with a = -0.5 (IEEE Trans. ASSP 29,
/// 1981), in the form of Pillow's `BICUBIC`: pixel centres at half pixels, the weights of a
/// window that the edge cuts are made to sum to one, 8 bits between the two passes.
///
/// Networks are compared with it.
pub struct Bicubic {
    /// For each output position the first input position and four weights.
    taps: [(usize, [i32; 4]); HR_SIDE],
    /// The input enlarged along its rows: 16 rows of 128 RGB pixels.
    wide: Vec<[u8; 3]>,
}

impl Bicubic {
    /// Computes the weights.
    pub fn new() -> Self {
        Bicubic {
            taps: std::array::from_fn(taps_of),
            wide: vec![[0; 3]; LR_SIDE * HR_SIDE],
        }
    }
}

impl Default for Bicubic {
    fn default() -> Self {
        Self::new()
    }
}

/// First input position and weights of output position `i`. All windows are moved to lie inside
/// the input; the weights of positions outside the kernel's support are 0.
fn taps_of(i: usize) -> (usize, [i32; 4]) {
    let centre = (i as f64 + 0.5) * LR_SIDE as f64 / HR_SIDE as f64;
    let first = ((centre - 1.5).max(0.0) as usize).min(LR_SIDE - 4);
    let weights: [f64; 4] =
        std::array::from_fn(|k| cubic_weight(-0.5, (first + k) as f64 + 0.5 - centre));
    let sum: f64 = weights.iter().sum();
    (
        first,
        weights.map(|w| (w / sum * f64::from(1 << FRACTION_BITS)).round() as i32),
    )
}

/// The weighted sum of four pixels, rounded and clipped to 8 bits.
fn blend(weights: &[i32; 4], pixel: impl Fn(usize) -> [u8; 3]) -> [u8; 3] {
    let mut sums = [1 << (FRACTION_BITS - 1); 3];
    for (k, &weight) in weights.iter().enumerate() {
        for (sum, channel) in sums.iter_mut().zip(pixel(k)) {
            *sum += weight * i32::from(channel);
        }
    }
    sums.map(|sum| (sum >> FRACTION_BITS).clamp(0, 255) as u8)
}

impl Restorer for Bicubic {
    fn describe(&self) -> String {
        "bicubic (no network)".into()
    }

    fn restore(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()> {
        let (pixels, _) = lr.as_chunks::<3>();
        for (row, wide) in pixels
            .chunks_exact(LR_SIDE)
            .zip(self.wide.chunks_exact_mut(HR_SIDE))
        {
            for (out, (first, weights)) in wide.iter_mut().zip(&self.taps) {
                *out = blend(weights, |k| row[first + k]);
            }
        }
        for (row, (first, weights)) in sr.chunks_exact_mut(HR_SIDE).zip(&self.taps) {
            for (x, out) in row.iter_mut().enumerate() {
                let [r, g, b] = blend(weights, |k| self.wide[(first + k) * HR_SIDE + x]);
                *out = pack_rgb(r, g, b);
            }
        }
        Ok(())
    }
}
