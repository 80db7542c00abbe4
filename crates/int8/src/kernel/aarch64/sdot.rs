//! `sdot` multiplies 16 pairs of signed bytes and adds them to 4 sums. (Its intrinsic is not in
//! stable Rust yet: inline assembly.)
//!
//! A tile is P pixels by one block of 16 channels, four registers each.

use std::arch::aarch64::*;
use std::arch::asm;

use super::depthwise;
use super::finish::{REGISTERS, finish, with_bias};
use super::tiles;
use crate::kernel::{Block, Kernel, Row};

/// Made by [`detect`] alone, so that whoever has one may use the instruction.
#[derive(Debug)]
pub(crate) struct Sdot(());

/// The kernel, where this processor has the instruction.
pub(crate) fn detect() -> Option<Sdot> {
    std::arch::is_aarch64_feature_detected!("dotprod").then_some(Sdot(()))
}

impl Kernel for Sdot {
    fn name(&self) -> &'static str {
        "NEON sdot"
    }

    fn input_offset(&self) -> i32 {
        super::OFFSET
    }

    fn depthwise_offset(&self) -> i32 {
        depthwise::OFFSET
    }

    fn depthwise_row(&self, row: Row<'_>) {
        depthwise::depthwise_row(row);
    }

    fn row(&self, row: Row<'_>) {
        // SAFETY: the processor has the instructions; the row has passed its check, and the block
        // and the pixels are the row's.
        tiles(row, |row, block, pixel, left| unsafe {
            match left {
                4.. => tile::<4>(row, block, pixel),
                2.. => tile::<2>(row, block, pixel),
                _ => tile::<1>(row, block, pixel),
            }
        });
    }
}

/// `sums` + `weights` times the four inputs of lane `$lane` of `inputs`.
macro_rules! sdot {
    ($sums:expr, $weights:expr, $inputs:expr, $lane:literal) => {{
        let mut sums: int32x4_t = $sums;
        asm!(
            concat!("sdot {0:v}.4s, {1:v}.16b, {2:v}.4b[", $lane, "]"),
            inout(vreg) sums, in(vreg) $weights, in(vreg) $inputs,
            options(pure, nomem, nostack, preserves_flags),
        );
        sums
    }};
}

/// One quad of inputs, in lane `$lane` of each pixel's `$inputs`, on a block's sums.
macro_rules! quad {
    ($sums:ident, $weights:ident, $inputs:ident, $lane:literal) => {
        for k in 0..REGISTERS {
            let four = vld1q_s8($weights.cast::<i8>().add(16 * k));
            for (sums, inputs) in $sums.iter_mut().zip($inputs) {
                sums[k] = sdot!(sums[k], four, inputs, $lane);
            }
        }
    };
}

/// P pixels from `pixel` on of one block; gives P.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn tile<const P: usize>(row: &mut Row<'_>, block: usize, pixel: usize) -> usize {
    let mut sums = [[vdupq_n_s32(0); REGISTERS]; P];
    // SAFETY: the check: taps x quads x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for &tap in row.taps {
        // SAFETY: the check: every window of the row holds 4 x quads bytes at every tap.
        let mut input = unsafe { row.input.as_ptr().add(pixel * row.input_step + tap) };
        for _ in 0..row.quads / 4 {
            // SAFETY: weights and inputs as above: four quads, 16 bytes, are left.
            unsafe {
                let inputs: [int8x16_t; P] = std::array::from_fn(|p| {
                    let bytes = vld1q_u8(input.add(p * row.input_step));
                    vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(0x80)))
                });
                quad!(sums, weights, inputs, 0);
                weights = weights.wrapping_add(row.blocks);
                quad!(sums, weights, inputs, 1);
                weights = weights.wrapping_add(row.blocks);
                quad!(sums, weights, inputs, 2);
                weights = weights.wrapping_add(row.blocks);
                quad!(sums, weights, inputs, 3);
                weights = weights.wrapping_add(row.blocks);
                input = input.add(4 * Block::INPUTS);
            }
        }
        for _ in 0..row.quads % 4 {
            // SAFETY: weights and inputs as above: one quad is left.
            unsafe {
                let inputs: [int8x16_t; P] = std::array::from_fn(|p| {
                    let bytes = input.add(p * row.input_step).cast::<u32>().read_unaligned();
                    vreinterpretq_s8_u32(vdupq_n_u32(bytes ^ 0x8080_8080))
                });
                quad!(sums, weights, inputs, 0);
                weights = weights.wrapping_add(row.blocks);
                input = input.add(Block::INPUTS);
            }
        }
    }
    // SAFETY: the pixels and the block are the row's.
    unsafe {
        let done = with_bias(row, block, sums);
        finish(row, pixel, block, &done);
    }
    P
}
