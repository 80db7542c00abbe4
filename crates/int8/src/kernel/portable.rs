//! The portable kernel: what every other one is compared with.

use super::{Block, Kernel, Row};

/// Plain Rust, for every processor.
#[derive(Debug)]
pub(crate) struct Portable;

impl Kernel for Portable {
    fn name(&self) -> &'static str {
        "portable"
    }

    fn row(&self, mut row: Row<'_>) {
        row.check();
        for pixel in 0..row.pixels {
            for block in 0..row.blocks {
                let sums = dense(&row, pixel, block);
                Portable::finish(&mut row, pixel, block, &sums);
            }
        }
    }

    fn depthwise_row(&self, mut row: Row<'_>) {
        row.check_depthwise();
        for pixel in 0..row.pixels {
            for block in 0..row.blocks {
                let sums = depthwise(&row, pixel, block);
                Portable::finish(&mut row, pixel, block, &sums);
            }
        }
    }
}

/// The sums of one block's 16 channels, without the bias.
type Sums = [i32; Block::LANES];

/// 16 output channels of one pixel of a dense convolution.
fn dense(row: &Row<'_>, pixel: usize, block: usize) -> Sums {
    let mut sums = [0; Block::LANES];
    let window = &row.input[pixel * row.input_step..];
    let mut weights = row.weights.iter().skip(block).step_by(row.blocks);
    for &tap in row.taps {
        let inputs = window[tap..].as_chunks::<{ Block::INPUTS }>().0;
        for (inputs, weights) in inputs[..row.quads].iter().zip(&mut weights) {
            for (sum, weights) in sums
                .iter_mut()
                .zip(weights.0.as_chunks::<{ Block::INPUTS }>().0)
            {
                for (&input, &weight) in inputs.iter().zip(weights) {
                    *sum += i32::from(input) * i32::from(weight);
                }
            }
        }
    }
    sums
}

/// 16 channels of one pixel of a depthwise convolution.
fn depthwise(row: &Row<'_>, pixel: usize, block: usize) -> Sums {
    let mut sums = [0; Block::LANES];
    let window = &row.input[pixel * row.input_step + block * Block::LANES..];
    let weights = row.weights.iter().skip(block).step_by(row.blocks);
    let fours = row.taps.as_chunks::<{ Block::INPUTS }>().0;
    for (taps, weights) in fours.iter().zip(weights) {
        let weights = weights.0.as_chunks::<{ Block::INPUTS }>().0;
        for (lane, (sum, weights)) in sums.iter_mut().zip(weights).enumerate() {
            for (&tap, &weight) in taps.iter().zip(weights) {
                *sum += i32::from(window[tap + lane]) * i32::from(weight);
            }
        }
    }
    sums
}

impl Portable {
    /// Writes one block's 16 channels of a pixel; `sums` are without the bias.
    pub(super) fn finish(
        row: &mut Row<'_>,
        pixel: usize,
        block: usize,
        sums: &[i32; Block::LANES],
    ) {
        let lanes = block * Block::LANES..(block + 1) * Block::LANES;
        let at = pixel * row.output_step + lanes.start;
        for (lane, sum) in sums.iter().enumerate() {
            let sum = sum + row.bias[lanes.start + lane];
            let level = (sum as f32 * row.factor[lanes.start + lane]).round_ties_even();
            let byte = quantise(level, row.zero);
            row.output[at + lane] = match row.add {
                None => byte,
                Some(add) => {
                    let own = add.own_scale.value(byte);
                    let other = add.other[pixel * add.step + lanes.start + lane];
                    let total = own + add.other_scale.value(other);
                    let total = if add.sum.relu { total.max(0.0) } else { total };
                    quantise((total * add.sum.reciprocal).round_ties_even(), add.sum.zero)
                }
            };
        }
    }
}

/// A whole number around a zero point as a byte.
fn quantise(level: f32, zero: u8) -> u8 {
    (level as i32).saturating_add(i32::from(zero)).clamp(0, 255) as u8
}
