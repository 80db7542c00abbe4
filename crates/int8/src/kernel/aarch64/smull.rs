//! Baseline NEON: `smull` and `smlal` multiply 8 pairs of bytes into sums of 16 bits, which can
//! hold two products (2 x 127 x 128 < 32768), and `sadalp` adds neighbours to sums of 32 bits.
//!
//! A register of sums holds two halves of each of 2 output channels: of inputs 0 and 1, and of
//! inputs 2 and 3, put together at the end. A tile is two pixels by one block of 16 channels.

use std::arch::aarch64::*;
use std::arch::asm;

use super::depthwise;
use super::finish::{REGISTERS, finish, with_bias};
use super::{NOTHING, tiles};
use crate::kernel::{Block, Kernel, Row};

/// For every aarch64 processor.
#[derive(Debug)]
pub(crate) struct Smull;

impl Kernel for Smull {
    fn name(&self) -> &'static str {
        "NEON smull"
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
        // SAFETY: every aarch64 processor has NEON; the row has passed its check, and the block
        // and the pixels are the row's.
        tiles(row, |row, block, pixel, left| unsafe {
            tile(row, block, pixel, left.min(2))
        });
    }
}

/// A pixel's sums of a block.
type PixelSums = [int32x4_t; 2 * REGISTERS];

/// `count` pixels, 1 or 2, from `pixel` on of one block; gives `count`.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline(never)]
#[target_feature(enable = "neon")]
unsafe fn tile(row: &mut Row<'_>, block: usize, pixel: usize, count: usize) -> usize {
    let mut sums = [[vdupq_n_s32(0); 2 * REGISTERS]; 2];
    // The one pixel is computed twice.
    let second = if count == 2 { row.input_step } else { 0 };
    // SAFETY: the check: taps x quads x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for &tap in row.taps {
        // SAFETY: the check: every window of the row holds 4 x quads bytes at every tap.
        let mut input = unsafe { row.input.as_ptr().add(pixel * row.input_step + tap) };
        for _ in 0..row.quads / 2 {
            // SAFETY: weights and inputs as above: two quads are left.
            unsafe {
                let after = input.add(Block::INPUTS);
                let quads = [input, after, input.add(second), after.add(second)].map(|x| inputs(x));
                let next = weights.add(row.blocks);
                two_quads(&mut sums, weights, next, quads);
                weights = next.wrapping_add(row.blocks);
                input = after.add(Block::INPUTS);
            }
        }
        if row.quads % 2 == 1 {
            // SAFETY: weights and inputs as above: one quad is left.
            unsafe {
                let quads = [input, input, input.add(second), input.add(second)].map(|x| inputs(x));
                two_quads(&mut sums, weights, NOTHING, quads);
                weights = weights.wrapping_add(row.blocks);
            }
        }
    }
    let done = sums.map(|sums| std::array::from_fn(|k| vpaddq_s32(sums[2 * k], sums[2 * k + 1])));
    // SAFETY: the pixels and the block are the row's.
    unsafe {
        let done = with_bias(row, block, done);
        finish(row, pixel, block, &done[..count]);
    }
    count
}

/// Four bytes of input, each less 128.
///
/// # Safety
/// The four bytes can be read.
#[inline]
unsafe fn inputs(from: *const u8) -> u32 {
    // SAFETY: the caller's.
    (unsafe { from.cast::<u32>().read_unaligned() }) ^ 0x8080_8080
}

/// Products of two quads for 4 output channels and two pixels, in `t0` to `t7`. What needs the
/// result of another stands 8 instructions behind it: the Cortex-A53 takes instructions in order
/// and waits 6 cycles for such a result.
macro_rules! products {
    () => {
        "smull {t0:v}.8h, {w0:v}.8b, {x0:v}.8b
        smull2 {t1:v}.8h, {w0:v}.16b, {x0:v}.16b
        smull {t2:v}.8h, {w0:v}.8b, {x1:v}.8b
        smull2 {t3:v}.8h, {w0:v}.16b, {x1:v}.16b
        smull {t4:v}.8h, {w1:v}.8b, {x0:v}.8b
        smull2 {t5:v}.8h, {w1:v}.16b, {x0:v}.16b
        smull {t6:v}.8h, {w1:v}.8b, {x1:v}.8b
        smull2 {t7:v}.8h, {w1:v}.16b, {x1:v}.16b
        smlal {t0:v}.8h, {w2:v}.8b, {y0:v}.8b
        smlal2 {t1:v}.8h, {w2:v}.16b, {y0:v}.16b
        smlal {t2:v}.8h, {w2:v}.8b, {y1:v}.8b
        smlal2 {t3:v}.8h, {w2:v}.16b, {y1:v}.16b
        smlal {t4:v}.8h, {w3:v}.8b, {y0:v}.8b
        smlal2 {t5:v}.8h, {w3:v}.16b, {y0:v}.16b
        smlal {t6:v}.8h, {w3:v}.8b, {y1:v}.8b
        smlal2 {t7:v}.8h, {w3:v}.16b, {y1:v}.16b"
    };
}

/// Adds the products of two quads, whose weights are at `first` and `second`, to the sums of two
/// pixels; `quads` has both of a pixel, then both of the other. In assembly for the order of the
/// instructions and since the compiler makes of the intrinsics twice as many (it moves halves of
/// registers that `smull2` and `smlal2` can read where they are). It fills all 32 registers.
///
/// # Safety
/// A block can be read at `first` and at `second`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn two_quads(
    sums: &mut [PixelSums; 2],
    first: *const Block,
    second: *const Block,
    quads: [u32; 4],
) {
    let [a, b] = sums;
    // SAFETY: the instructions are NEON's, touch the named registers alone and read 64 bytes from
    // each pointer, the caller's blocks.
    unsafe {
        asm!(
            "dup {x0:v}.4s, {quad0:w}", "ldr {w0:q}, [{first}]",
            "dup {x1:v}.4s, {quad2:w}", "ldr {w1:q}, [{first}, 16]",
            "dup {y0:v}.4s, {quad1:w}", "ldr {w2:q}, [{second}]",
            "dup {y1:v}.4s, {quad3:w}", "ldr {w3:q}, [{second}, 16]",
            products!(),
            "sadalp {a0:v}.4s, {t0:v}.8h", "ldr {w0:q}, [{first}, 32]",
            "sadalp {a1:v}.4s, {t1:v}.8h", "ldr {w1:q}, [{first}, 48]",
            "sadalp {b0:v}.4s, {t2:v}.8h", "ldr {w2:q}, [{second}, 32]",
            "sadalp {b1:v}.4s, {t3:v}.8h", "ldr {w3:q}, [{second}, 48]",
            "sadalp {a2:v}.4s, {t4:v}.8h", "sadalp {a3:v}.4s, {t5:v}.8h",
            "sadalp {b2:v}.4s, {t6:v}.8h", "sadalp {b3:v}.4s, {t7:v}.8h",
            products!(),
            "sadalp {a4:v}.4s, {t0:v}.8h", "sadalp {a5:v}.4s, {t1:v}.8h",
            "sadalp {b4:v}.4s, {t2:v}.8h", "sadalp {b5:v}.4s, {t3:v}.8h",
            "sadalp {a6:v}.4s, {t4:v}.8h", "sadalp {a7:v}.4s, {t5:v}.8h",
            "sadalp {b6:v}.4s, {t6:v}.8h", "sadalp {b7:v}.4s, {t7:v}.8h",
            first = in(reg) first, second = in(reg) second,
            quad0 = in(reg) quads[0], quad1 = in(reg) quads[1],
            quad2 = in(reg) quads[2], quad3 = in(reg) quads[3],
            a0 = inout(vreg) a[0], a1 = inout(vreg) a[1], a2 = inout(vreg) a[2],
            a3 = inout(vreg) a[3], a4 = inout(vreg) a[4], a5 = inout(vreg) a[5],
            a6 = inout(vreg) a[6], a7 = inout(vreg) a[7],
            b0 = inout(vreg) b[0], b1 = inout(vreg) b[1], b2 = inout(vreg) b[2],
            b3 = inout(vreg) b[3], b4 = inout(vreg) b[4], b5 = inout(vreg) b[5],
            b6 = inout(vreg) b[6], b7 = inout(vreg) b[7],
            w0 = out(vreg) _, w1 = out(vreg) _, w2 = out(vreg) _, w3 = out(vreg) _,
            x0 = out(vreg) _, x1 = out(vreg) _, y0 = out(vreg) _, y1 = out(vreg) _,
            t0 = out(vreg) _, t1 = out(vreg) _, t2 = out(vreg) _, t3 = out(vreg) _,
            t4 = out(vreg) _, t5 = out(vreg) _, t6 = out(vreg) _, t7 = out(vreg) _,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
}
