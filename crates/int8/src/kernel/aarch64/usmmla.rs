//! i8mm (Cortex-A510, A710, X2, Neoverse N2, V1 and newer): `usmmla` multiplies two rows of 8
//! unsigned bytes by two rows of 8 signed ones and adds to the 4 sums. (Its intrinsic is not in
//! stable Rust yet: inline assembly.)
//!
//! The rows are two pixels and two output channels. A tile is four pixels by one block of 16
//! channels, four registers a pixel. Two quads of weights are put together here: the two moves
//! for each pair of loads cost less than the multiplications that they save against `sdot`.

use std::arch::aarch64::*;
use std::arch::asm;

use super::depthwise;
use super::finish::{REGISTERS, finish, with_bias};
use super::{NOTHING, tiles};
use crate::kernel::{Block, Kernel, Row};

/// Made by [`detect`] alone, so that whoever has one may use the instruction.
#[derive(Debug)]
pub(crate) struct Usmmla(());

/// The kernel, where this processor has the instruction.
pub(crate) fn detect() -> Option<Usmmla> {
    std::arch::is_aarch64_feature_detected!("i8mm").then_some(Usmmla(()))
}

impl Kernel for Usmmla {
    fn name(&self) -> &'static str {
        "NEON usmmla"
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
            tile(row, block, pixel, left.min(PIXELS))
        });
    }
}

/// Pixels of a tile.
const PIXELS: usize = 4;

/// The sums of a tile: for two pixels, each register has two channels of the one, then the same
/// two of the other.
type TileSums = [[int32x4_t; 2 * REGISTERS]; PIXELS / 2];

/// `count` pixels, 1 to 4, from `pixel` on of one block; gives `count`.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline(never)]
#[target_feature(enable = "neon,i8mm")]
unsafe fn tile(row: &mut Row<'_>, block: usize, pixel: usize, count: usize) -> usize {
    let mut sums: TileSums = [[vdupq_n_s32(0); 2 * REGISTERS]; PIXELS / 2];
    // The last one stands in for pixels that the row has not.
    let steps: [usize; PIXELS] = std::array::from_fn(|p| p.min(count - 1) * row.input_step);
    // SAFETY: the check: taps x quads x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for &tap in row.taps {
        // SAFETY: the check: every window of the row holds 4 x quads bytes at every tap.
        let mut input = unsafe { row.input.as_ptr().add(pixel * row.input_step + tap) };
        for _ in 0..row.quads / 2 {
            // SAFETY: weights and inputs as above: two quads, 8 bytes, are left.
            unsafe {
                let next = weights.add(row.blocks);
                let inputs = steps.map(|step| vld1_u8(input.add(step)));
                two_quads(&mut sums, weights, next, inputs);
                weights = next.wrapping_add(row.blocks);
                input = input.add(2 * Block::INPUTS);
            }
        }
        if row.quads % 2 == 1 {
            // SAFETY: weights and inputs as above: one quad is left.
            unsafe {
                let quad = |step| input.add(step).cast::<u32>().read_unaligned();
                let inputs = steps.map(|step| vcreate_u8(u64::from(quad(step))));
                two_quads(&mut sums, weights, NOTHING, inputs);
                weights = weights.wrapping_add(row.blocks);
            }
        }
    }
    let [first, second] = sums.map(|pair| pair.map(|sums| vreinterpretq_s64_s32(sums)));
    let even = |pair: [int64x2_t; 2 * REGISTERS]| {
        std::array::from_fn(|k| vreinterpretq_s32_s64(vzip1q_s64(pair[2 * k], pair[2 * k + 1])))
    };
    let odd = |pair: [int64x2_t; 2 * REGISTERS]| {
        std::array::from_fn(|k| vreinterpretq_s32_s64(vzip2q_s64(pair[2 * k], pair[2 * k + 1])))
    };
    let done: [[int32x4_t; REGISTERS]; PIXELS] =
        [even(first), odd(first), even(second), odd(second)];
    // SAFETY: the pixels and the block are the row's.
    unsafe {
        let done = with_bias(row, block, done);
        finish(row, pixel, block, &done[..count]);
    }
    count
}

/// Adds the products of two quads, whose weights are at `first` and `second`, to the sums.
///
/// # Safety
/// A block can be read at `first` and at `second`.
#[inline]
#[target_feature(enable = "neon,i8mm")]
unsafe fn two_quads(
    sums: &mut TileSums,
    first: *const Block,
    second: *const Block,
    inputs: [uint8x8_t; PIXELS],
) {
    let [a, b, c, d] = inputs;
    let inputs = [vcombine_u8(a, b), vcombine_u8(c, d)];
    for k in 0..REGISTERS {
        // SAFETY: the caller's.
        let (one, two) = unsafe {
            (
                vld1q_s32(first.cast::<i32>().add(4 * k)),
                vld1q_s32(second.cast::<i32>().add(4 * k)),
            )
        };
        let rows = [vzip1q_s32(one, two), vzip2q_s32(one, two)];
        for (sums, inputs) in sums.iter_mut().zip(inputs) {
            for (sum, rows) in sums[2 * k..].iter_mut().zip(rows) {
                // SAFETY: the instruction is i8mm's and touches the named registers alone.
                unsafe {
                    asm!(
                        "usmmla {0:v}.4s, {1:v}.16b, {2:v}.16b",
                        inout(vreg) *sum, in(vreg) inputs, in(vreg) rows,
                        options(pure, nomem, nostack, preserves_flags),
                    );
                }
            }
        }
    }
}
