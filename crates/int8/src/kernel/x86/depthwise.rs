//! What depthwise convolutions have in common: four taps of 16 channels, side by side as a block's
//! weights are.

use std::arch::x86_64::*;

use crate::kernel::{Block, Row};

/// The bytes of a pixel's block of channels at four taps, `[channel][tap]`, four channels a register.
///
/// # Safety
/// The row has passed its check for depthwise convolutions, has the block and the pixel, and the
/// taps are its own.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn four_taps(
    row: &Row<'_>,
    pixel: usize,
    block: usize,
    taps: &[usize; Block::INPUTS],
) -> [__m128i; 4] {
    let at = pixel * row.input_step + block * Block::LANES;
    // SAFETY: the check: every window holds 16 bytes for each block at every tap.
    let [a, b, c, d] =
        taps.map(|tap| unsafe { _mm_loadu_si128(row.input.as_ptr().add(at + tap).cast()) });
    let (ab, cd) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
    let (ab_high, cd_high) = (_mm_unpackhi_epi8(a, b), _mm_unpackhi_epi8(c, d));
    [
        _mm_unpacklo_epi16(ab, cd),
        _mm_unpackhi_epi16(ab, cd),
        _mm_unpacklo_epi16(ab_high, cd_high),
        _mm_unpackhi_epi16(ab_high, cd_high),
    ]
}
