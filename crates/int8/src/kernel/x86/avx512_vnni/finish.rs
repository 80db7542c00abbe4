//! What follows the sums.

use std::arch::x86_64::*;

use super::UNITS;
use crate::graph::Scale;
use crate::kernel::{Addend, Block, Row};

/// Whether a row's sums become bytes without a detour: nothing is added, and no factor takes a sum
/// beyond 32 bits.
pub(super) fn is_direct(row: &Row<'_>) -> bool {
    let mut factors = row.factor.iter().take(row.blocks * Block::LANES);
    row.add.is_none() && factors.all(|factor| factor.abs() < 1.0)
}

/// Writes the pixels from `pixel` on, whose `sums` these are: four units of a pixel's 16 channels at a
/// time.
///
/// # Safety
/// The row has passed its check, has Q blocks and these pixels, and is [`is_direct`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn finish<const P: usize, const Q: usize>(
    row: &mut Row<'_>,
    pixel: usize,
    sums: [[__m512i; Q]; P],
) {
    let zero = _mm512_set1_epi16(i16::from(row.zero));
    // Four channels of each unit a lane, which come together.
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let step = row.output_step;
    // SAFETY: the check: 16 factors a block; the output has 16 bytes for each block of each pixel.
    unsafe {
        let factor: [__m512; Q] =
            std::array::from_fn(|q| _mm512_loadu_ps(row.factor.as_ptr().add(q * Block::LANES)));
        let output = row.output.as_mut_ptr().add(pixel * step);
        let together = Q == UNITS || step == Q * Block::LANES;
        let mut first = 0;
        while first < P * Q {
            let levels = std::array::from_fn(|k| {
                let unit = first + k;
                if unit < P * Q {
                    let value = _mm512_cvtepi32_ps(sums[unit / Q][unit % Q]);
                    round(value, factor[unit % Q])
                } else {
                    _mm512_setzero_si512()
                }
            });
            let bytes = _mm512_permutexvar_epi32(order, pack(levels, zero));
            let at = |k: usize| {
                let unit = first + k;
                output.add(unit / Q * step + unit % Q * Block::LANES)
            };
            if together && first + UNITS <= P * Q {
                _mm512_storeu_si512(at(0).cast(), bytes);
            } else {
                let store = |k: usize, unit: __m128i| {
                    if first + k < P * Q {
                        _mm_storeu_si128(at(k).cast(), unit);
                    }
                };
                store(0, _mm512_castsi512_si128(bytes));
                store(1, _mm512_extracti32x4_epi32::<1>(bytes));
                store(2, _mm512_extracti32x4_epi32::<2>(bytes));
                store(3, _mm512_extracti32x4_epi32::<3>(bytes));
            }
            first += UNITS;
        }
    }
}

/// As [`finish`], for rows that are not [`is_direct`].
///
/// # Safety
/// The row has passed its check and has the blocks and these pixels.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn finish_slowly(
    row: &mut Row<'_>,
    pixel: usize,
    blocks: usize,
    values: &[__m512],
) {
    for block in 0..blocks {
        let of_block = values.iter().skip(block).step_by(blocks);
        // SAFETY: the caller's.
        unsafe { finish_units(row, pixel, block, of_block) };
    }
}

/// Writes a block's 16 channels of the pixels from `pixel` on, one after another.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn finish_units<'a>(
    row: &mut Row<'_>,
    pixel: usize,
    block: usize,
    values: impl Iterator<Item = &'a __m512>,
) {
    // Copies: of the row itself the compiler would have to read them anew after every store.
    let (zero, add_other) = (row.zero, row.add);
    let (output, step) = (row.output.as_mut_ptr(), row.output_step);
    let lane = block * Block::LANES;
    // SAFETY: the check: 16 factors a block; the output and the other side have 16 bytes for each
    // block of each pixel.
    unsafe {
        let factor = _mm512_loadu_ps(row.factor.as_ptr().add(lane));
        for (p, &value) in (pixel..).zip(values) {
            let mut levels = quantise(_mm512_mul_ps(value, factor), zero);
            if let Some(addend) = &add_other {
                let at = p * addend.step + lane;
                let other = _mm_loadu_si128(addend.other.as_ptr().add(at).cast());
                levels = add(levels, _mm512_cvtepu8_epi32(other), addend);
            }
            let bytes = _mm512_cvtepi32_epi8(levels);
            _mm_storeu_si128(output.add(p * step + lane).cast(), bytes);
        }
    }
}

/// Values times a factor below 1, rounded half to even.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn round(value: __m512, factor: __m512) -> __m512i {
    _mm512_cvtps_epi32(_mm512_mul_ps(value, factor))
}

/// Adds the zero point to rounded values and clamps them to bytes: in each lane of 128 bits the four of
/// each register, one after another.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn pack([a, b, c, d]: [__m512i; UNITS], zero: __m512i) -> __m512i {
    let low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero);
    let high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero);
    _mm512_packus_epi16(low, high)
}

/// Rounds half to even, adds the zero point and clamps to a byte, in lanes of 32 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn quantise(value: __m512, zero: u8) -> __m512i {
    let zero = i32::from(zero);
    // Whole bounds: clamping before rounding gives the same and keeps the conversion in range.
    let low = _mm512_set1_ps(-zero as f32);
    let high = _mm512_set1_ps((255 - zero) as f32);
    let level = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(value, low), high));
    _mm512_add_epi32(level, _mm512_set1_epi32(zero))
}

/// The sum of dequantised bytes (in lanes of 32 bits), quantised.
#[inline]
#[target_feature(enable = "avx512f")]
fn add(own: __m512i, other: __m512i, addend: &Addend) -> __m512i {
    let value = |bytes: __m512i, scale: Scale| {
        let zero = _mm512_set1_epi32(i32::from(scale.zero));
        _mm512_mul_ps(
            _mm512_cvtepi32_ps(_mm512_sub_epi32(bytes, zero)),
            _mm512_set1_ps(scale.scale),
        )
    };
    let mut total = _mm512_add_ps(
        value(own, addend.own_scale),
        value(other, addend.other_scale),
    );
    if addend.sum.relu {
        total = _mm512_max_ps(total, _mm512_setzero_ps());
    }
    quantise(
        _mm512_mul_ps(total, _mm512_set1_ps(addend.sum.reciprocal)),
        addend.sum.zero,
    )
}
