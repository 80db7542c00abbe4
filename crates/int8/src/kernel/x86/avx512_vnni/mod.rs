//! AVX-512 VNNI: `vpdpbusd` multiplies 64 pairs of bytes and adds them to 16 sums.
//!
//! A tile is P pixels by Q blocks of 16 channels: P x Q sums in registers, for each block of 4
//! inputs Q loads of weights and P broadcasts of inputs.

use std::arch::x86_64::*;

use super::through;
use crate::kernel::{Block, Row};
use depthwise::depthwise_tiles;
use finish::{finish, finish_slowly, is_direct};

mod depthwise;
mod finish;

kernel!(
    Avx512Vnni,
    "AVX-512 VNNI",
    features: "avx512f,avx512bw,avx512vl,avx512vnni",
    detected: ["avx512f", "avx512bw", "avx512vl", "avx512vnni"]
);

/// Units of 16 channels that become bytes together: a register of 512 bits.
const UNITS: usize = 4;

/// A whole row, all blocks side by side.
///
/// # Safety
/// The row has passed its check.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn tiles(row: &mut Row<'_>) {
    let direct = is_direct(row);
    // SAFETY: the row has this many blocks.
    unsafe {
        match row.blocks {
            1 => blocks::<16, 1>(row, direct),
            2 => blocks::<8, 2>(row, direct),
            3 => blocks::<8, 3>(row, direct),
            _ => blocks::<4, 4>(row, direct),
        }
    }
}

/// A whole row: tiles of P pixels, then of 4, 2 and 1.
///
/// # Safety
/// The row has passed its check and has Q blocks.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn blocks<const P: usize, const Q: usize>(row: &mut Row<'_>, direct: bool) {
    // SAFETY: the tiles' pixels are the row's.
    through(row.pixels, |pixel, left| unsafe {
        match left {
            left if left >= P => tile::<P, Q>(row, pixel, direct),
            4.. => tile::<4, Q>(row, pixel, direct),
            2.. => tile::<2, Q>(row, pixel, direct),
            _ => tile::<1, Q>(row, pixel, direct),
        }
    });
}

/// P pixels from `pixel` on; gives P.
///
/// # Safety
/// The row has passed its check, has Q blocks and these pixels; `direct` is [`is_direct`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn tile<const P: usize, const Q: usize>(
    row: &mut Row<'_>,
    pixel: usize,
    direct: bool,
) -> usize {
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
    // SAFETY: the pixels and blocks are the row's.
    unsafe {
        if direct {
            finish::<P, Q>(row, pixel, sums);
        } else {
            let values = sums.map(|sums| sums.map(|sum| _mm512_cvtepi32_ps(sum)));
            finish_slowly(row, pixel, Q, values.as_flattened());
        }
    }
    P
}
