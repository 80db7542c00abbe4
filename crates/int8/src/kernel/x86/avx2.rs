//! AVX2: without a byte product that can't saturate, inputs and weights are widened to 16 bits
//! and `vpmaddwd` multiplies 16 pairs and adds them two by two.
//!
//! A register of sums holds two halves of each of 4 output channels: of inputs 0 and 1, and of
//! inputs 2 and 3, put together at the end. A tile is P pixels by one block of 16 channels.

use std::arch::x86_64::*;

use super::depthwise::four_taps;
use super::{half, through};
use crate::kernel::{Block, Row};

kernel!(
    Avx2,
    "AVX2",
    features: "avx2",
    detected: ["avx2"]
);

/// A whole row: block by block, tiles of 2 pixels, then of 1.
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx2")]
unsafe fn tiles(row: &mut Row<'_>) {
    for block in 0..row.blocks {
        // SAFETY: the tiles' pixels and blocks are the row's.
        through(row.pixels, |pixel, left| unsafe {
            match left {
                2.. => tile::<2>(row, pixel, block),
                _ => tile::<1>(row, pixel, block),
            }
        });
    }
}

/// P pixels from `pixel` on of one block; gives P.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn tile<const P: usize>(row: &mut Row<'_>, pixel: usize, block: usize) -> usize {
    let mut sums = [[_mm256_setzero_si256(); 4]; P];
    // SAFETY: the check: taps x quads x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for &tap in row.taps {
        // SAFETY: the check: every window of the row holds 4 x quads bytes at every tap.
        let mut input = unsafe { row.input.as_ptr().add(pixel * row.input_step + tap) };
        for _ in 0..row.quads {
            // SAFETY: weights and inputs as above.
            unsafe {
                let inputs: [__m256i; P] = std::array::from_fn(|p| {
                    let bytes = input.add(p * row.input_step).cast::<i32>().read_unaligned();
                    _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(bytes)))
                });
                for k in 0..4 {
                    let four = _mm_load_si128(weights.cast::<__m128i>().add(k));
                    let four = _mm256_cvtepi8_epi16(four);
                    for (sums, inputs) in sums.iter_mut().zip(inputs) {
                        sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(inputs, four));
                    }
                }
                weights = weights.wrapping_add(row.blocks);
                input = input.add(Block::INPUTS);
            }
        }
    }
    // SAFETY: the pixels and the block are the row's.
    unsafe { finish(row, pixel, block, sums) };
    P
}

/// A whole row of a depthwise convolution, as [`tiles`].
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx2")]
unsafe fn depthwise_tiles(row: &mut Row<'_>) {
    for block in 0..row.blocks {
        // SAFETY: the tiles' pixels and blocks are the row's.
        through(row.pixels, |pixel, left| unsafe {
            match left {
                2.. => depthwise_tile::<2>(row, pixel, block),
                _ => depthwise_tile::<1>(row, pixel, block),
            }
        });
    }
}

/// P pixels from `pixel` on of one block; gives P.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn depthwise_tile<const P: usize>(row: &mut Row<'_>, pixel: usize, block: usize) -> usize {
    let mut sums = [[_mm256_setzero_si256(); 4]; P];
    // SAFETY: the check: taps / 4 x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for taps in row.taps.as_chunks::<{ Block::INPUTS }>().0 {
        let four: [__m256i; 4] = std::array::from_fn(|k| {
            // SAFETY: as above.
            let four = unsafe { _mm_load_si128(weights.cast::<__m128i>().add(k)) };
            _mm256_cvtepi8_epi16(four)
        });
        for (p, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the pixels, the block and the taps are the row's.
            let bytes = unsafe { four_taps(row, pixel + p, block, taps) };
            for ((sum, bytes), four) in sums.iter_mut().zip(bytes).zip(four) {
                let products = _mm256_madd_epi16(_mm256_cvtepu8_epi16(bytes), four);
                *sum = _mm256_add_epi32(*sum, products);
            }
        }
        weights = weights.wrapping_add(row.blocks);
    }
    // SAFETY: the pixels and the block are the row's.
    unsafe { finish(row, pixel, block, sums) };
    P
}

/// Puts the halves of the sums together and writes the pixels from `pixel` on.
///
/// # Safety
/// The row has passed its check and has the block and these pixels.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn finish<const P: usize>(
    row: &mut Row<'_>,
    pixel: usize,
    block: usize,
    sums: [[__m256i; 4]; P],
) {
    // SAFETY: the block is the row's.
    let bias = unsafe { half::bias(row, block) };
    let done = sums.map(|sums| {
        // The lanes come as 0 1 4 5 | 2 3 6 7.
        let pair = |a, b| _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(a, b));
        let (low, high) = (pair(sums[0], sums[1]), pair(sums[2], sums[3]));
        [
            _mm256_cvtepi32_ps(_mm256_add_epi32(low, bias[0])),
            _mm256_cvtepi32_ps(_mm256_add_epi32(high, bias[1])),
        ]
    });
    // SAFETY: the pixels and the block are the row's.
    unsafe { half::finish(row, pixel, block, done.as_flattened()) };
}
