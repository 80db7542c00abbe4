//! What follows the sums: 16 channels of a pixel at a time.

use std::arch::aarch64::*;

use crate::graph::Scale;
use crate::kernel::{Addend, Block, Row};

/// Registers of sums for a block.
pub(crate) const REGISTERS: usize = 4;

/// Sums of one block, the bias added, as numbers that [`finish`] takes. Where a kernel only copied
/// them, link-time optimisation would make one array of both, whose address is then taken, so that
/// every step of the kernel would store its sums.
///
/// # Safety
/// The row has passed its check and has the block.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn with_bias<const P: usize>(
    row: &Row<'_>,
    block: usize,
    sums: [[int32x4_t; REGISTERS]; P],
) -> [[float32x4_t; REGISTERS]; P] {
    // SAFETY: the check: 16 numbers a block.
    let bias: [int32x4_t; REGISTERS] = std::array::from_fn(|k| unsafe {
        vld1q_s32(row.bias.as_ptr().add(block * Block::LANES + 4 * k))
    });
    sums.map(|sums| std::array::from_fn(|k| vcvtq_f32_s32(vaddq_s32(sums[k], bias[k]))))
}

/// Writes one block's 16 channels of the pixels from `pixel` on; `sums` has four registers for
/// each, of [`with_bias`].
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline(never)]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn finish(
    row: &mut Row<'_>,
    pixel: usize,
    block: usize,
    sums: &[[float32x4_t; REGISTERS]],
) {
    let lane = block * Block::LANES;
    for (p, sums) in sums.iter().enumerate() {
        let at = (pixel + p) * row.output_step + lane;
        // SAFETY: factor, output and the other side have 16 more elements here, by the row's check.
        unsafe {
            let mut levels: [int32x4_t; REGISTERS] = std::array::from_fn(|k| {
                let factor = vld1q_f32(row.factor.as_ptr().add(lane + 4 * k));
                quantise(vmulq_f32(sums[k], factor), row.zero)
            });
            if let Some(addend) = &row.add {
                let at = (pixel + p) * addend.step + lane;
                let other = widen(vld1q_u8(addend.other.as_ptr().add(at)));
                for (level, other) in levels.iter_mut().zip(other) {
                    *level = add(*level, other, addend);
                }
            }
            let half = |a, b| vcombine_u16(vqmovun_s32(a), vqmovun_s32(b));
            let (low, high) = (half(levels[0], levels[1]), half(levels[2], levels[3]));
            vst1q_u8(
                row.output.as_mut_ptr().add(at),
                vcombine_u8(vmovn_u16(low), vmovn_u16(high)),
            );
        }
    }
}

/// 16 bytes in lanes of 32 bits.
#[inline]
#[target_feature(enable = "neon")]
fn widen(bytes: uint8x16_t) -> [int32x4_t; REGISTERS] {
    let (low, high) = (vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
    [
        vmovl_u16(vget_low_u16(low)),
        vmovl_high_u16(low),
        vmovl_u16(vget_low_u16(high)),
        vmovl_high_u16(high),
    ]
    .map(|words| vreinterpretq_s32_u32(words))
}

/// Rounds half to even, adds the zero point and clamps to a byte, in lanes of 32 bits.
#[inline]
#[target_feature(enable = "neon")]
fn quantise(value: float32x4_t, zero: u8) -> int32x4_t {
    let zero = i32::from(zero);
    // Whole bounds: clamping before rounding gives the same and keeps the conversion in range.
    let low = vdupq_n_f32(-zero as f32);
    let high = vdupq_n_f32((255 - zero) as f32);
    let level = vcvtnq_s32_f32(vminq_f32(vmaxq_f32(value, low), high));
    vaddq_s32(level, vdupq_n_s32(zero))
}

/// The sum of dequantised bytes (in lanes of 32 bits), quantised.
#[inline]
#[target_feature(enable = "neon")]
fn add(own: int32x4_t, other: int32x4_t, addend: &Addend) -> int32x4_t {
    let value = |bytes: int32x4_t, scale: Scale| {
        let zero = vdupq_n_s32(i32::from(scale.zero));
        vmulq_f32(
            vcvtq_f32_s32(vsubq_s32(bytes, zero)),
            vdupq_n_f32(scale.scale),
        )
    };
    let mut total = vaddq_f32(
        value(own, addend.own_scale),
        value(other, addend.other_scale),
    );
    if addend.sum.relu {
        total = vmaxq_f32(total, vdupq_n_f32(0.0));
    }
    quantise(
        vmulq_f32(total, vdupq_n_f32(addend.sum.reciprocal)),
        addend.sum.zero,
    )
}
