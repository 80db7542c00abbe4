//! Depthwise convolutions: 64 channels at a time where they lie side by side, else 16.

use std::arch::x86_64::*;

use super::super::depthwise::four_taps;
use super::super::through;
use super::UNITS;
use super::finish::{finish_units, is_direct, pack, round};
use crate::kernel::{Block, Row};

/// A whole row of a depthwise convolution: 64 channels at a time where these are all of a pixel's, or
/// those of four pixels, that lie side by side; else 16 at a time.
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn depthwise_tiles(row: &mut Row<'_>) {
    let mut done = 0;
    if columns_are_shared(row) && is_direct(row) {
        // SAFETY: the columns are shared; 64 channels lie side by side.
        unsafe {
            if row.blocks == UNITS {
                return wide_row(row);
            }
            if row.blocks == 1 && row.input_step == Block::LANES && row.output_step == Block::LANES
            {
                done = four_pixels_row(row);
            }
        }
    }
    for block in 0..row.blocks {
        // SAFETY: the tiles' pixels and blocks are the row's.
        through(row.pixels - done, |pixel, left| unsafe {
            match left {
                4.. => depthwise_tile::<4>(row, done + pixel, block),
                _ => depthwise_tile::<1>(row, done + pixel, block),
            }
        });
    }
}

/// Whether there are three columns of three taps, each where the one before is for the next pixel.
fn columns_are_shared(row: &Row<'_>) -> bool {
    let next = |a: &usize, b: &usize| a + row.input_step == *b;
    match row.taps.as_chunks::<{ Block::INPUTS }>() {
        ([a, b, c], []) => {
            let pairs = a.iter().zip(b).chain(b.iter().zip(c));
            a[2] == a[3] && pairs.into_iter().all(|(a, b)| next(a, b))
        }
        _ => false,
    }
}

/// Four registers' lanes of 128 bits, transposed: lane `l` of register `k` becomes lane `k` of register
/// `l`.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose([a, b, c, d]: [__m512i; UNITS]) -> [__m512i; UNITS] {
    const LOW: i32 = 0b01_00_01_00;
    const HIGH: i32 = 0b11_10_11_10;
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let (ab, cd) = (
        _mm512_shuffle_i64x2::<LOW>(a, b),
        _mm512_shuffle_i64x2::<LOW>(c, d),
    );
    let (ab_high, cd_high) = (
        _mm512_shuffle_i64x2::<HIGH>(a, b),
        _mm512_shuffle_i64x2::<HIGH>(c, d),
    );
    [
        _mm512_shuffle_i64x2::<EVEN>(ab, cd),
        _mm512_shuffle_i64x2::<ODD>(ab, cd),
        _mm512_shuffle_i64x2::<EVEN>(ab_high, cd_high),
        _mm512_shuffle_i64x2::<ODD>(ab_high, cd_high),
    ]
}

/// What 64 channels of a depthwise convolution have for all pixels, in the order of [`quads`].
struct Wide {
    /// Of three columns.
    weights: [[__m512i; UNITS]; 3],
    bias: [__m512i; UNITS],
    factor: [__m512; UNITS],
    zero: __m512i,
}

impl Wide {
    /// Of a row's first block in all four units, or of its four blocks.
    ///
    /// # Safety
    /// The row has passed its check for depthwise convolutions, has 12 taps and 1 or 4 blocks.
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn new(row: &Row<'_>) -> Wide {
        let of_unit = |k: usize| k % row.blocks;
        // SAFETY: the check: 16 numbers a block, taps / 4 x blocks of weights.
        unsafe {
            let numbers = |from: *const __m512i| {
                transpose(std::array::from_fn(|k| {
                    _mm512_loadu_si512(from.add(of_unit(k)))
                }))
            };
            let weights =
                |column: usize| numbers(row.weights.as_ptr().add(column * row.blocks).cast());
            Wide {
                weights: std::array::from_fn(weights),
                bias: numbers(row.bias.as_ptr().cast()),
                factor: numbers(row.factor.as_ptr().cast()).map(|four| _mm512_castsi512_ps(four)),
                zero: _mm512_set1_epi16(i16::from(row.zero)),
            }
        }
    }

    /// The bytes of 64 channels, whose columns these are.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn bytes(&self, columns: [&[__m512i; UNITS]; 3]) -> __m512i {
        let levels = std::array::from_fn(|k| {
            let mut sum = self.bias[k];
            for (column, weights) in columns.iter().zip(&self.weights) {
                sum = _mm512_dpbusd_epi32(sum, column[k], weights[k]);
            }
            round(_mm512_cvtepi32_ps(sum), self.factor[k])
        });
        pack(levels, self.zero)
    }
}

/// The bytes of 64 channels at a column's three taps: in lane `l` of register `k` those of the
/// channels from 16 l + 4 k on, `[channel][tap]`, the last tap twice.
///
/// # Safety
/// 64 bytes can be read at each tap.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn quads(input: *const u8, taps: &[usize; Block::INPUTS]) -> [__m512i; UNITS] {
    let [a, b, c, _] = *taps;
    // SAFETY: the caller's.
    let [a, b, c] = [a, b, c].map(|tap| unsafe { _mm512_loadu_si512(input.add(tap).cast()) });
    let (ab, cc) = (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, c));
    let (ab_high, cc_high) = (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, c));
    [
        _mm512_unpacklo_epi16(ab, cc),
        _mm512_unpackhi_epi16(ab, cc),
        _mm512_unpacklo_epi16(ab_high, cc_high),
        _mm512_unpackhi_epi16(ab_high, cc_high),
    ]
}

/// A whole row of a depthwise convolution of four blocks; neighbours share the columns that they read.
///
/// # Safety
/// The row has passed its check, has four blocks, shares its columns and is [`is_direct`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn wide_row(row: &mut Row<'_>) {
    let [first, second, third] = *row.taps.as_chunks::<{ Block::INPUTS }>().0 else {
        return;
    };
    if row.pixels == 0 {
        return;
    }
    // SAFETY: the check: every window holds 64 bytes at every tap, the output as many for each pixel.
    unsafe {
        let wide = Wide::new(row);
        let (mut input, mut output) = (row.input.as_ptr(), row.output.as_mut_ptr());
        let (mut left, mut middle) = (quads(input, &first), quads(input, &second));
        for _ in 0..row.pixels {
            let right = quads(input, &third);
            let bytes = wide.bytes([&left, &middle, &right]);
            _mm512_storeu_si512(output.cast(), bytes);
            (left, middle) = (middle, right);
            input = input.wrapping_add(row.input_step);
            output = output.wrapping_add(row.output_step);
        }
    }
}

/// The pixels of a row of a depthwise convolution of one block, four at a time; gives how many it did.
///
/// # Safety
/// The row has passed its check, has one block and three columns of taps, and is [`is_direct`]; its pixels
/// lie side by side, in the input and in the output.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn four_pixels_row(row: &mut Row<'_>) -> usize {
    let [first, second, third] = *row.taps.as_chunks::<{ Block::INPUTS }>().0 else {
        return 0;
    };
    // SAFETY: the check: four pixels' windows hold 16 bytes each at every tap, side by side.
    unsafe {
        let wide = Wide::new(row);
        for pixel in (0..row.pixels / UNITS).map(|four| UNITS * four) {
            let input = row.input.as_ptr().add(pixel * Block::LANES);
            let [left, middle, right] = [&first, &second, &third].map(|taps| quads(input, taps));
            let output = row.output.as_mut_ptr().add(pixel * Block::LANES);
            _mm512_storeu_si512(output.cast(), wide.bytes([&left, &middle, &right]));
        }
    }
    row.pixels / UNITS * UNITS
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
    let values = sums.map(|sum| _mm512_cvtepi32_ps(sum));
    // SAFETY: the pixels and the block are the row's.
    unsafe { finish_units(row, pixel, block, values.iter()) };
    P
}
