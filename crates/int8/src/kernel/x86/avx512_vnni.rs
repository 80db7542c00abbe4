//! AVX-512 VNNI: `vpdpbusd` multiplies 64 pairs of bytes and adds them to 16 sums.
//!
//! A tile is P pixels by Q blocks of 16 channels: P x Q sums in registers, for each block of 4
//! inputs Q loads of weights and P broadcasts of inputs.

use std::arch::x86_64::*;

use super::depthwise::four_taps;
use super::through;
use crate::graph::Scale;
use crate::kernel::{Addend, Block, Row};

kernel!(
    Avx512Vnni,
    "AVX-512 VNNI",
    features: "avx512f,avx512bw,avx512vl,avx512vnni",
    detected: ["avx512f", "avx512bw", "avx512vl", "avx512vnni"]
);

/// A whole row, all blocks side by side.
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn tiles(row: &mut Row<'_>) {
    // SAFETY: the row has this many blocks.
    unsafe {
        match row.blocks {
            1 => blocks::<16, 1>(row),
            2 => blocks::<8, 2>(row),
            3 => blocks::<8, 3>(row),
            _ => blocks::<4, 4>(row),
        }
    }
}

/// A whole row: tiles of P pixels, then of 4, 2 and 1.
///
/// # Safety
/// The row has passed its check and has Q blocks.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn blocks<const P: usize, const Q: usize>(row: &mut Row<'_>) {
    // SAFETY: the tiles' pixels are the row's.
    through(row.pixels, |pixel, left| unsafe {
        match left {
            left if left >= P => tile::<P, Q>(row, pixel),
            4.. => tile::<4, Q>(row, pixel),
            2.. => tile::<2, Q>(row, pixel),
            _ => tile::<1, Q>(row, pixel),
        }
    });
}

/// P pixels from `pixel` on; gives P.
///
/// # Safety
/// The row has passed its check, has Q blocks and these pixels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn tile<const P: usize, const Q: usize>(row: &mut Row<'_>, pixel: usize) -> usize {
    let mut sums = [[_mm512_setzero_si512(); Q]; P];
    for q in 0..Q {
        // SAFETY: the check: 16 numbers a block.
        let bias = unsafe { _mm512_loadu_si512(row.bias.as_ptr().add(q * Block::LANES).cast()) };
        for sums in &mut sums {
            sums[q] = bias;
        }
    }
    let mut weights = row.weights.as_ptr();
    for &tap in row.taps {
        // SAFETY: the check: every window of the row holds 4 x quads bytes at every tap.
        let mut input = unsafe { row.input.as_ptr().add(pixel * row.input_step + tap) };
        for _ in 0..row.quads {
            // SAFETY: the check: taps x quads x Q blocks of weights; the inputs as above.
            unsafe {
                let block: [__m512i; Q] =
                    std::array::from_fn(|q| _mm512_load_si512(weights.add(q).cast()));
                for (p, sums) in sums.iter_mut().enumerate() {
                    let bytes = input.add(p * row.input_step).cast::<i32>().read_unaligned();
                    let inputs = _mm512_set1_epi32(bytes);
                    for (sum, weights) in sums.iter_mut().zip(block) {
                        *sum = _mm512_dpbusd_epi32(*sum, inputs, weights);
                    }
                }
                weights = weights.add(Q);
                input = input.add(Block::INPUTS);
            }
        }
    }
    // Converted here: of a mere copy link-time optimisation makes one array with the sums, whose
    // address is then taken, so that every step stores them all.
    let done = sums.map(|sums| sums.map(|sum| _mm512_cvtepi32_ps(sum)));
    // SAFETY: the pixels and blocks are the row's.
    unsafe { finish(row, pixel, 0, Q, done.as_flattened()) };
    P
}

/// A whole row of a depthwise convolution, block by block: tiles of 8 pixels that share the columns
/// which they read, or of 4, then of 1.
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn depthwise_tiles(row: &mut Row<'_>) {
    let shared = columns_are_shared(row);
    for block in 0..row.blocks {
        // SAFETY: the tiles' pixels and blocks are the row's; the columns are shared.
        through(row.pixels, |pixel, left| unsafe {
            match left {
                8.. if shared => column_tile::<8>(row, pixel, block),
                4.. if shared => column_tile::<4>(row, pixel, block),
                4.. => depthwise_tile::<4>(row, pixel, block),
                _ => depthwise_tile::<1>(row, pixel, block),
            }
        });
    }
}

/// Whether there are three columns of taps, each where the one before is for the next pixel.
fn columns_are_shared(row: &Row<'_>) -> bool {
    let next = |a: &usize, b: &usize| a + row.input_step == *b;
    match row.taps.as_chunks::<{ Block::INPUTS }>() {
        ([a, b, c], []) => {
            let pairs = a.iter().zip(b).chain(b.iter().zip(c));
            pairs.into_iter().all(|(a, b)| next(a, b))
        }
        _ => false,
    }
}

/// The bytes of a pixel's block of channels at four taps, `[channel][tap]`.
///
/// # Safety
/// As [`four_taps`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn column(
    row: &Row<'_>,
    pixel: usize,
    block: usize,
    taps: &[usize; Block::INPUTS],
) -> __m512i {
    // SAFETY: the caller's.
    let [a, b, c, d] = unsafe { four_taps(row, pixel, block, taps) };
    let (low, high) = (_mm256_set_m128i(b, a), _mm256_set_m128i(d, c));
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
}

/// P pixels from `pixel` on of one block, whose taps are three columns that neighbours share; gives P.
///
/// # Safety
/// The row has passed its check, has the block and these pixels, and shares its columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn column_tile<const P: usize>(row: &mut Row<'_>, pixel: usize, block: usize) -> usize {
    // SAFETY: the check: 16 numbers a block, taps / 4 x blocks of weights.
    let (bias, weights) = unsafe {
        let bias = row.bias.as_ptr().add(block * Block::LANES);
        let weights = row.weights.as_ptr().add(block);
        let of_column = |k: usize| _mm512_load_si512(weights.add(k * row.blocks).cast());
        (
            _mm512_loadu_si512(bias.cast()),
            [of_column(0), of_column(1), of_column(2)],
        )
    };
    let [first, second, third] = *row.taps.as_chunks::<{ Block::INPUTS }>().0 else {
        return P;
    };
    // SAFETY: the pixels, the block and the taps are the row's.
    let at = |p: usize, taps| unsafe { column(row, pixel + p, block, taps) };
    let (mut left, mut middle) = (at(0, &first), at(0, &second));
    let done: [__m512; P] = std::array::from_fn(|p| {
        let right = at(p, &third);
        let mut sum = bias;
        for (bytes, weights) in [left, middle, right].into_iter().zip(weights) {
            sum = _mm512_dpbusd_epi32(sum, bytes, weights);
        }
        (left, middle) = (middle, right);
        _mm512_cvtepi32_ps(sum)
    });
    // SAFETY: the pixels and the block are the row's.
    unsafe { finish(row, pixel, block, 1, &done) };
    P
}

/// P pixels from `pixel` on of one block; gives P.
///
/// # Safety
/// The row has passed its check, has the block and these pixels.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn depthwise_tile<const P: usize>(row: &mut Row<'_>, pixel: usize, block: usize) -> usize {
    // SAFETY: the check: 16 numbers a block.
    let bias = unsafe { _mm512_loadu_si512(row.bias.as_ptr().add(block * Block::LANES).cast()) };
    let mut sums = [bias; P];
    // SAFETY: the check: taps / 4 x blocks of weights.
    let mut weights = unsafe { row.weights.as_ptr().add(block) };
    for taps in row.taps.as_chunks::<{ Block::INPUTS }>().0 {
        // SAFETY: as above.
        let four = unsafe { _mm512_load_si512(weights.cast()) };
        for (p, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the pixels, the block and the taps are the row's.
            let bytes = unsafe { column(row, pixel + p, block, taps) };
            *sum = _mm512_dpbusd_epi32(*sum, bytes, four);
        }
        weights = weights.wrapping_add(row.blocks);
    }
    let done = sums.map(|sum| _mm512_cvtepi32_ps(sum));
    // SAFETY: the pixels and the block are the row's.
    unsafe { finish(row, pixel, block, 1, &done) };
    P
}

/// Writes the pixels from `pixel` on whose `sums` these are, `blocks` of them from block `first` on.
///
/// # Safety
/// The row has passed its check and has the blocks and these pixels.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn finish(row: &mut Row<'_>, pixel: usize, first: usize, blocks: usize, sums: &[__m512]) {
    // Copies: of the row itself the compiler would have to read them anew after every store.
    let (zero, add_other) = (row.zero, row.add);
    let (output, step) = (row.output.as_mut_ptr(), row.output_step);
    for q in 0..blocks {
        let lane = (first + q) * Block::LANES;
        // SAFETY: the check: 16 factors a block; the output and the other side have 16 bytes for each
        // block of each pixel.
        unsafe {
            let factor = _mm512_loadu_ps(row.factor.as_ptr().add(lane));
            for (p, sums) in (pixel..).zip(sums.chunks_exact(blocks)) {
                let mut levels = quantise(_mm512_mul_ps(sums[q], factor), zero);
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
