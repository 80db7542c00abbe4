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
            let levels: [int32x4_t; REGISTERS] = std::array::from_fn(|k| {
                let factor = vld1q_f32(row.factor.as_ptr().add(lane + 4 * k));
                vcvtnq_s32_f32(vmulq_f32(sums[k], factor))
            });
            let mut bytes = pack(levels, row.zero);
            if let Some(addend) = &row.add {
                let at = (pixel + p) * addend.step + lane;
                let (own, other) = (widen(bytes), widen(vld1q_u8(addend.other.as_ptr().add(at))));
                let sums = std::array::from_fn(|k| add(own[k], other[k], addend));
                bytes = pack(sums, addend.sum.zero);
            }
            vst1q_u8(row.output.as_mut_ptr().add(at), bytes);
        }
    }
}

/// Adds the zero point to rounded values and clamps them to bytes. Each step stays within its bounds as
/// the conversion to whole numbers does, so that too large values end at the bounds of a byte.
#[inline]
#[target_feature(enable = "neon")]
fn pack([a, b, c, d]: [int32x4_t; REGISTERS], zero: u8) -> uint8x16_t {
    let zero = vdupq_n_s16(i16::from(zero));
    let half = |a, b| {
        let words = vqmovn_high_s32(vqmovn_s32(a), b);
        vqmovun_s16(vqaddq_s16(words, zero))
    };
    vcombine_u8(half(a, b), half(c, d))
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

/// The sum of dequantised bytes (in lanes of 32 bits), rounded half to even, its zero point not added.
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
    vcvtnq_s32_f32(vmulq_f32(total, vdupq_n_f32(addend.sum.reciprocal)))
}
