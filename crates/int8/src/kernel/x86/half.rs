//! What follows the sums in kernels with registers of 256 bits: 8 channels at a time.

use std::arch::x86_64::*;

use crate::graph::Scale;
use crate::kernel::{Addend, Block, Row};

/// Writes one block's 16 channels of the pixels from `pixel` on; `sums` has two registers for each,
/// the bias in them.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline(never)]
#[target_feature(enable = "avx2")]
pub(crate) unsafe fn finish(row: &mut Row<'_>, pixel: usize, block: usize, sums: &[__m256]) {
    for (k, &sum) in sums.iter().enumerate() {
        let lane = block * Block::LANES + k % 2 * 8;
        let at = (pixel + k / 2) * row.output_step + lane;
        // SAFETY: factor, output and the other side have 8 more elements here, by the row's check.
        unsafe {
            let factor = _mm256_loadu_ps(row.factor.as_ptr().add(lane));
            let mut levels = quantise(_mm256_mul_ps(sum, factor), row.zero);
            if let Some(addend) = &row.add {
                let at = (pixel + k / 2) * addend.step + lane;
                let other = _mm_loadl_epi64(addend.other.as_ptr().add(at).cast());
                levels = add(levels, _mm256_cvtepu8_epi32(other), addend);
            }
            let (low, high) = (
                _mm256_castsi256_si128(levels),
                _mm256_extracti128_si256::<1>(levels),
            );
            let words = _mm_packus_epi32(low, high);
            _mm_storel_epi64(
                row.output.as_mut_ptr().add(at).cast(),
                _mm_packus_epi16(words, words),
            );
        }
    }
}

/// The bias of a block, 8 numbers a register.
///
/// # Safety
/// The row has passed its check and has the block.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn bias(row: &Row<'_>, block: usize) -> [__m256i; 2] {
    // SAFETY: the check: 16 numbers a block.
    unsafe {
        let bias = row
            .bias
            .as_ptr()
            .add(block * Block::LANES)
            .cast::<__m256i>();
        [_mm256_loadu_si256(bias), _mm256_loadu_si256(bias.add(1))]
    }
}

/// Rounds half to even, adds the zero point and clamps to a byte, in lanes of 32 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn quantise(value: __m256, zero: u8) -> __m256i {
    let zero = i32::from(zero);
    // Whole bounds: clamping before rounding gives the same and keeps the conversion in range.
    let low = _mm256_set1_ps(-zero as f32);
    let high = _mm256_set1_ps((255 - zero) as f32);
    let level = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(value, low), high));
    _mm256_add_epi32(level, _mm256_set1_epi32(zero))
}

/// The sum of dequantised bytes (in lanes of 32 bits), quantised.
#[inline]
#[target_feature(enable = "avx2")]
fn add(own: __m256i, other: __m256i, addend: &Addend) -> __m256i {
    let value = |bytes: __m256i, scale: Scale| {
        let zero = _mm256_set1_epi32(i32::from(scale.zero));
        _mm256_mul_ps(
            _mm256_cvtepi32_ps(_mm256_sub_epi32(bytes, zero)),
            _mm256_set1_ps(scale.scale),
        )
    };
    let mut total = _mm256_add_ps(
        value(own, addend.own_scale),
        value(other, addend.other_scale),
    );
    if addend.sum.relu {
        total = _mm256_max_ps(total, _mm256_setzero_ps());
    }
    quantise(
        _mm256_mul_ps(total, _mm256_set1_ps(addend.sum.reciprocal)),
        addend.sum.zero,
    )
}
