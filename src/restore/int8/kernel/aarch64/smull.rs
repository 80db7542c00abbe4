//! Baseline NEON: `smull` and `smlal` multiply 8 pairs of bytes into sums of 16 bits, which can
//! hold two products (2 x 127 x 128 < 32768), and `sadalp` adds neighbours to sums of 32 bits.
//!
//! A register of sums holds two halves of each of 2 output channels: of inputs 0 and 1, and of
//! inputs 2 and 3, put together at the end. A tile is P pixels by one block of 16 channels.

use std::arch::aarch64::*;
use std::arch::asm;

use super::finish::{REGISTERS, finish};
use crate::restore::int8::kernel::{Block, Kernel, Row};

/// For every aarch64 processor.
#[derive(Debug)]
pub struct Smull;

impl Kernel for Smull {
    fn name(&self) -> &'static str {
        "NEON smull"
    }

    fn input_offset(&self) -> i32 {
        super::OFFSET
    }

    fn row(&self, mut row: Row<'_>) {
        row.check();
        for block in 0..row.blocks {
            let mut pixel = 0;
            while pixel < row.pixels {
                // SAFETY: every aarch64 processor has NEON; the row has passed its check, and the
                // tile's pixels and block are the row's.
                pixel += unsafe {
                    match row.pixels - pixel {
                        2.. => tile::<2>(&mut row, pixel, block),
                        _ => tile::<1>(&mut row, pixel, block),
                    }
                };
            }
        }
    }
}

/// Four bytes of input, four times, less 128.
///
/// # Safety
/// The four bytes can be read.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn inputs(from: *const u8) -> int8x16_t {
    // SAFETY: the caller's.
    let bytes = unsafe { from.cast::<u32>().read_unaligned() };
    vreinterpretq_s8_u32(vdupq_n_u32(bytes ^ 0x8080_8080))
}

/// A pixel's sums of a block.
type Sums = [int32x4_t; 2 * REGISTERS];

/// Adds two quads' products to the sums `k` and `k + 1` of a pixel. In assembly, since the
/// compiler makes of the intrinsics twice as many instructions (it moves halves of registers that
/// `smull2` and `smlal2` can read where they are).
#[inline]
#[target_feature(enable = "neon")]
fn one_pixel(sums: &mut Sums, k: usize, weights: [int8x16_t; 2], inputs: [int8x16_t; 2]) {
    // SAFETY: the instructions are NEON's and touch the named registers alone.
    unsafe {
        asm!(
            "smull {s:v}.8h, {a:v}.8b, {x:v}.8b",
            "smull2 {t:v}.8h, {a:v}.16b, {x:v}.16b",
            "smlal {s:v}.8h, {b:v}.8b, {y:v}.8b",
            "smlal2 {t:v}.8h, {b:v}.16b, {y:v}.16b",
            "sadalp {low:v}.4s, {s:v}.8h",
            "sadalp {high:v}.4s, {t:v}.8h",
            s = out(vreg) _,
            t = out(vreg) _,
            a = in(vreg) weights[0],
            b = in(vreg) weights[1],
            x = in(vreg) inputs[0],
            y = in(vreg) inputs[1],
            low = inout(vreg) sums[k],
            high = inout(vreg) sums[k + 1],
            options(pure, nomem, nostack, preserves_flags),
        );
    }
}

/// The same for two pixels, interleaved: the Cortex-A53 takes instructions in order, and waits
/// where one needs the result of the last.
#[inline]
#[target_feature(enable = "neon")]
fn two_pixels(
    sums: &mut [Sums; 2],
    k: usize,
    weights: [int8x16_t; 2],
    inputs: &[[int8x16_t; 2]; 2],
) {
    // SAFETY: the instructions are NEON's and touch the named registers alone.
    unsafe {
        asm!(
            "smull {s:v}.8h, {a:v}.8b, {x:v}.8b",
            "smull2 {t:v}.8h, {a:v}.16b, {x:v}.16b",
            "smull {u:v}.8h, {a:v}.8b, {z:v}.8b",
            "smull2 {v:v}.8h, {a:v}.16b, {z:v}.16b",
            "smlal {s:v}.8h, {b:v}.8b, {y:v}.8b",
            "smlal2 {t:v}.8h, {b:v}.16b, {y:v}.16b",
            "smlal {u:v}.8h, {b:v}.8b, {w:v}.8b",
            "smlal2 {v:v}.8h, {b:v}.16b, {w:v}.16b",
            "sadalp {low:v}.4s, {s:v}.8h",
            "sadalp {high:v}.4s, {t:v}.8h",
            "sadalp {second_low:v}.4s, {u:v}.8h",
            "sadalp {second_high:v}.4s, {v:v}.8h",
            s = out(vreg) _,
            t = out(vreg) _,
            u = out(vreg) _,
            v = out(vreg) _,
            a = in(vreg) weights[0],
            b = in(vreg) weights[1],
            x = in(vreg) inputs[0][0],
            y = in(vreg) inputs[0][1],
            z = in(vreg) inputs[1][0],
            w = in(vreg) inputs[1][1],
            low = inout(vreg) sums[0][k],
            high = inout(vreg) sums[0][k + 1],
            second_low = inout(vreg) sums[1][k],
            second_high = inout(vreg) sums[1][k + 1],
            options(pure, nomem, nostack, preserves_flags),
        );
    }
}

/// P pixels from `pixel` on of one block; gives P.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn tile<const P: usize>(row: &mut Row<'_>, pixel: usize, block: usize) -> usize {
    let mut sums = [[vdupq_n_s32(0); 2 * REGISTERS]; P];
    // SAFETY: the check: taps x quads x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for &tap in row.taps {
        // SAFETY: the check: every window of the row holds 4 x quads bytes at every tap.
        let mut input = unsafe { row.input.as_ptr().add(pixel * row.input_step + tap) };
        for _ in 0..row.quads / 2 {
            // SAFETY: weights and inputs as above: two quads are left.
            unsafe {
                let x: [[int8x16_t; 2]; P] = std::array::from_fn(|p| {
                    let from = input.add(p * row.input_step);
                    [inputs(from), inputs(from.add(Block::INPUTS))]
                });
                let next = weights.add(row.blocks);
                for k in 0..REGISTERS {
                    let a = vld1q_s8(weights.cast::<i8>().add(16 * k));
                    let b = vld1q_s8(next.cast::<i8>().add(16 * k));
                    let (pairs, rest) = sums.as_chunks_mut::<2>();
                    let (inputs, last) = x.as_chunks::<2>();
                    for (sums, inputs) in pairs.iter_mut().zip(inputs) {
                        two_pixels(sums, 2 * k, [a, b], inputs);
                    }
                    for (sums, &inputs) in rest.iter_mut().zip(last) {
                        one_pixel(sums, 2 * k, [a, b], inputs);
                    }
                }
                weights = next.wrapping_add(row.blocks);
                input = input.add(2 * Block::INPUTS);
            }
        }
        if row.quads % 2 == 1 {
            // SAFETY: weights and inputs as above: one quad is left.
            unsafe {
                for k in 0..REGISTERS {
                    let a = vld1q_s8(weights.cast::<i8>().add(16 * k));
                    for (p, sums) in sums.iter_mut().enumerate() {
                        let x = inputs(input.add(p * row.input_step));
                        sums[2 * k] =
                            vpadalq_s16(sums[2 * k], vmull_s8(vget_low_s8(a), vget_low_s8(x)));
                        sums[2 * k + 1] = vpadalq_s16(sums[2 * k + 1], vmull_high_s8(a, x));
                    }
                }
                weights = weights.wrapping_add(row.blocks);
            }
        }
    }
    let done = sums.map(|sums| std::array::from_fn(|k| vpaddq_s32(sums[2 * k], sums[2 * k + 1])));
    // SAFETY: the pixels and the block are the row's.
    unsafe { finish(row, pixel, block, &done) };
    P
}
