//! Additions: plain Rust, which the compiler makes vector instructions of.

use super::{Block, SumRow, SumSide};
use crate::graph::Sum;

/// A whole row, 16 bytes at a time.
///
/// # Panics
/// Where a slice is too short.
#[inline(always)]
pub(super) fn row(row: SumRow<'_>) {
    let [a, b] = row.sides;
    // Without enlargements the whole row is like one pixel.
    let pixel = match (a.factor, b.factor) {
        (1, 1) => row.output.len(),
        _ => row.pixel,
    };
    for (x, output) in row.output.chunks_exact_mut(pixel.max(1)).enumerate() {
        let a_bytes = &a.bytes[x / a.factor * pixel..][..pixel];
        let b_bytes = &b.bytes[x / b.factor * pixel..][..pixel];
        let sixteens = a_bytes.as_chunks().0.iter().zip(b_bytes.as_chunks().0);
        for (output, bytes) in output.as_chunks_mut().0.iter_mut().zip(sixteens) {
            *output = add([a, b], bytes.0, bytes.1, row.sum);
        }
    }
}

/// 16 bytes of both sides.
#[inline(always)]
fn add(
    [a, b]: [SumSide<'_>; 2],
    a_bytes: &[u8; Block::LANES],
    b_bytes: &[u8; Block::LANES],
    sum: Sum,
) -> [u8; Block::LANES] {
    /// Between 2^23 and 2^24, where floats are whole: what is added to it is rounded half to even, and
    /// its low bits hold the result.
    const WHOLE: f32 = 1.5 * 8_388_608.0;

    let low = -f32::from(sum.zero);
    let least = if sum.relu { 0.0 } else { f32::NEG_INFINITY };
    std::array::from_fn(|k| {
        let total = a.scale.value(a_bytes[k]) + b.scale.value(b_bytes[k]);
        // Whole bounds: clamping before rounding gives the same. What is no number becomes the lowest.
        let level = (total.max(least) * sum.reciprocal)
            .max(low)
            .min(low + 255.0);
        (level + WHOLE).to_bits().wrapping_add(u32::from(sum.zero)) as u8
    })
}
