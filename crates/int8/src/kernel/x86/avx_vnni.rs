//! AVX-VNNI (processors without AVX-512 that have `vpdpbusd` of 256 bits): 8 sums a register.
//!
//! A tile is P pixels by one block of 16 channels, two registers each.

use std::arch::x86_64::*;

use super::depthwise::four_taps;
use super::{half, through};
use crate::kernel::{Block, Row};

kernel!(
    AvxVnni,
    "AVX-VNNI",
    features: "avx2,avxvnni",
    detected: ["avx2", "avxvnni"]
);

/// The kernel on a processor that may lack the instructions.
#[cfg(test)]
pub(crate) fn undetected() -> AvxVnni {
    AvxVnni(())
}

/// A whole row: block by block, tiles of 6 pixels, then of 4, 2 and 1.
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tiles(row: &mut Row<'_>) {
    for block in 0..row.blocks {
        // SAFETY: the tiles' pixels and blocks are the row's.
        through(row.pixels, |pixel, left| unsafe {
            match left {
                6 | 10.. => tile::<6>(row, pixel, block),
                4.. => tile::<4>(row, pixel, block),
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
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tile<const P: usize>(row: &mut Row<'_>, pixel: usize, block: usize) -> usize {
    // SAFETY: the check: 16 numbers a block, taps x quads x blocks of weights.
    let (bias, mut weights) = unsafe { (half::bias(row, block), row.weights.as_ptr().add(block)) };
    let mut sums = [bias; P];
    for &tap in row.taps {
        // SAFETY: the check: every window of the row holds 4 x quads bytes at every tap.
        let mut input = unsafe { row.input.as_ptr().add(pixel * row.input_step + tap) };
        for _ in 0..row.quads {
            // SAFETY: weights and inputs as above.
            unsafe {
                let halves = weights.cast::<__m256i>();
                let halves = [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))];
                for (p, sums) in sums.iter_mut().enumerate() {
                    let bytes = input.add(p * row.input_step).cast::<i32>().read_unaligned();
                    let inputs = _mm256_set1_epi32(bytes);
                    for (sum, weights) in sums.iter_mut().zip(halves) {
                        *sum = _mm256_dpbusd_avx_epi32(*sum, inputs, weights);
                    }
                }
                weights = weights.wrapping_add(row.blocks);
                input = input.add(Block::INPUTS);
            }
        }
    }
    // Converted here, and not copied: see AVX-512 VNNI's tile.
    let done = sums.map(|sums| sums.map(|sum| _mm256_cvtepi32_ps(sum)));
    // SAFETY: the pixels and the block are the row's.
    unsafe { half::finish(row, pixel, block, done.as_flattened()) };
    P
}

/// A whole row of a depthwise convolution: block by block, tiles of 4 pixels, then of 2 and 1.
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn depthwise_tiles(row: &mut Row<'_>) {
    for block in 0..row.blocks {
        // SAFETY: the tiles' pixels and blocks are the row's.
        through(row.pixels, |pixel, left| unsafe {
            match left {
                4.. => depthwise_tile::<4>(row, pixel, block),
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
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn depthwise_tile<const P: usize>(row: &mut Row<'_>, pixel: usize, block: usize) -> usize {
    // SAFETY: the check: 16 numbers a block, taps / 4 x blocks of weights.
    let (bias, mut weights) = unsafe { (half::bias(row, block), row.weights.as_ptr().add(block)) };
    let mut sums = [bias; P];
    for taps in row.taps.as_chunks::<{ Block::INPUTS }>().0 {
        let halves = weights.cast::<__m256i>();
        // SAFETY: as above.
        let halves = unsafe { [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))] };
        for (p, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the pixels, the block and the taps are the row's.
            let [a, b, c, d] = unsafe { four_taps(row, pixel + p, block, taps) };
            let bytes = [_mm256_set_m128i(b, a), _mm256_set_m128i(d, c)];
            for ((sum, bytes), weights) in sums.iter_mut().zip(bytes).zip(halves) {
                *sum = _mm256_dpbusd_avx_epi32(*sum, bytes, weights);
            }
        }
        weights = weights.wrapping_add(row.blocks);
    }
    let done = sums.map(|sums| sums.map(|sum| _mm256_cvtepi32_ps(sum)));
    // SAFETY: the pixels and the block are the row's.
    unsafe { half::finish(row, pixel, block, done.as_flattened()) };
    P
}
