//! How noisy a camera's frames are.

use crate::Result;
use crate::convert::{Converter, Region};
use crate::frame::Frame;

/// Rows of the frame that are looked at, spread over it evenly.
const ROWS: u32 = 48;
/// Second differences whose mean square is one block's.
const BLOCK: usize = 8;
/// The share of the blocks, the calmest, that show noise alone.
const CALM: f32 = 0.2;
/// By how much the calmest fifth of the blocks falls short of the mean square, for white noise:
/// measured over 10^5 blocks of normal noise.
const SHORT: f32 = 0.52;
/// Levels at which a pixel may be clipped, and shows less noise than there is.
const RANGE: std::ops::RangeInclusive<u8> = 4..=251;

/// Estimates the standard deviation of the noise from single frames: from how much neighbours
/// differ from a straight line where the picture is calmest (after Immerkaer, "Fast Noise Variance
/// Estimation", CVIU 64, 1996, but by blocks, so that texture does not count).
#[derive(Default)]
pub struct NoiseEstimator {
    converter: Converter,
    bytes: Vec<u8>,
    powers: Vec<f32>,
}

impl NoiseEstimator {
    /// The noise of `frame` in levels of the green channel (standard deviation); 0 where the frame
    /// is too small or all of it is clipped.
    ///
    /// # Errors
    /// The frame is not whole, or is a JPEG.
    pub fn estimate(&mut self, frame: &Frame) -> Result<f32> {
        self.powers.clear();
        let rows = ROWS.min(frame.height);
        self.powers
            .reserve(rows as usize * frame.width as usize / (BLOCK + 2));
        for k in 0..rows {
            let region = Region {
                x: 0,
                y: (k * frame.height + frame.height / 2) / rows,
                width: frame.width,
                height: 1,
            };
            self.converter.rgb(frame, region, &mut self.bytes)?;
            let green = self.bytes.as_chunks::<3>().0;
            for block in green.chunks_exact(BLOCK + 2) {
                if block.iter().all(|pixel| RANGE.contains(&pixel[1])) {
                    let bend = |w: &[[u8; 3]]| {
                        let [a, b, c] = [w[0][1], w[1][1], w[2][1]].map(f32::from);
                        (a - 2.0 * b + c).powi(2)
                    };
                    self.powers
                        .push(block.windows(3).map(bend).sum::<f32>() / BLOCK as f32);
                }
            }
        }
        if self.powers.is_empty() {
            return Ok(0.0);
        }
        let calm = (CALM * self.powers.len() as f32) as usize;
        let (_, power, _) = self.powers.select_nth_unstable_by(calm, f32::total_cmp);
        // The weights 1, -2, 1 make six times the variance.
        Ok((*power / SHORT / 6.0).sqrt())
    }
}
