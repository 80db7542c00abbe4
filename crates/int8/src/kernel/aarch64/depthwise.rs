//! Depthwise convolutions, by the instructions that every aarch64 processor has: `smull` and `smlal`
//! multiply the bytes of two taps into sums of 16 bits, which can hold two products (2 x 127 x 128 <
//! 32768), and `saddw` adds those to sums of 32 bits.
//!
//! A tile is P pixels by one block of 16 channels, four registers each.

use std::arch::aarch64::*;

use super::finish::{REGISTERS, finish, with_bias};
use super::through;
use crate::kernel::{Block, Row};

/// What is taken from each input byte.
pub(crate) const OFFSET: i32 = super::OFFSET;

/// Computes a row of a depthwise convolution.
///
/// # Panics
/// Where the row's slices are too short for its numbers.
pub(crate) fn depthwise_row(mut row: Row<'_>) {
    row.check_depthwise();
    // A tap that only fills up lies where the one before it does, and has no weight.
    let fours = row.taps.as_chunks::<{ Block::INPUTS }>().0;
    let fill = fours.iter().all(|[.., c, d]| c == d);
    // SAFETY: every aarch64 processor has NEON; the row has passed its check, and the block and the
    // pixels are the row's.
    through(&mut row, |row, block, pixel, left| unsafe {
        match (left, fill) {
            (4.., true) => tile::<4, true>(row, block, pixel),
            (4.., false) => tile::<4, false>(row, block, pixel),
            (_, true) => tile::<1, true>(row, block, pixel),
            (_, false) => tile::<1, false>(row, block, pixel),
        }
    });
}

/// P pixels from `pixel` on of one block; gives P. With FILL the last of four taps only fills up.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn tile<const P: usize, const FILL: bool>(
    row: &mut Row<'_>,
    block: usize,
    pixel: usize,
) -> usize {
    let mut sums = [[vdupq_n_s32(0); REGISTERS]; P];
    // SAFETY: the check: taps / 4 x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for taps in row.taps.as_chunks::<{ Block::INPUTS }>().0 {
        // SAFETY: as above; a block's 64 bytes are [channel][tap].
        let four = unsafe { vld4q_s8(weights.cast::<i8>()) };
        for (p, sums) in sums.iter_mut().enumerate() {
            let at = (pixel + p) * row.input_step + block * Block::LANES;
            // SAFETY: the check: every window holds 16 bytes for each block at every tap.
            let read = |tap: usize| signed(unsafe { vld1q_u8(row.input.as_ptr().add(at + tap)) });
            let [a, b, c, d] = *taps;
            two_taps(sums, [read(a), read(b)], [four.0, four.1]);
            if FILL {
                one_tap(sums, read(c), four.2);
            } else {
                two_taps(sums, [read(c), read(d)], [four.2, four.3]);
            }
        }
        weights = weights.wrapping_add(row.blocks);
    }
    // SAFETY: the pixels and the block are the row's.
    unsafe {
        let done = with_bias(row, block, sums);
        finish(row, pixel, block, &done);
    }
    P
}

/// Bytes less 128.
#[inline]
#[target_feature(enable = "neon")]
fn signed(bytes: uint8x16_t) -> int8x16_t {
    vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(0x80)))
}

/// Adds the products of a tap to the sums of 16 channels.
#[inline]
#[target_feature(enable = "neon")]
fn one_tap(sums: &mut [int32x4_t; REGISTERS], a: int8x16_t, v: int8x16_t) {
    add_products(
        sums,
        vmull_s8(vget_low_s8(a), vget_low_s8(v)),
        vmull_high_s8(a, v),
    );
}

/// Adds the products of two taps to the sums of 16 channels.
#[inline]
#[target_feature(enable = "neon")]
fn two_taps(sums: &mut [int32x4_t; REGISTERS], [a, b]: [int8x16_t; 2], [v, w]: [int8x16_t; 2]) {
    let low = vmull_s8(vget_low_s8(a), vget_low_s8(v));
    let low = vmlal_s8(low, vget_low_s8(b), vget_low_s8(w));
    let high = vmlal_high_s8(vmull_high_s8(a, v), b, w);
    add_products(sums, low, high);
}

#[inline]
#[target_feature(enable = "neon")]
fn add_products(sums: &mut [int32x4_t; REGISTERS], low: int16x8_t, high: int16x8_t) {
    *sums = [
        vaddw_s16(sums[0], vget_low_s16(low)),
        vaddw_high_s16(sums[1], low),
        vaddw_s16(sums[2], vget_low_s16(high)),
        vaddw_high_s16(sums[3], high),
    ];
}
