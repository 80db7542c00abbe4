//! Steps that multiply nothing: pooling and enlarging.

use std::ops::Range;

use super::graph::MaxPool;
use super::plan::Place;

/// The output rows `range` of a pooling; `rows` begins with the first of them, its border
/// included.
pub(crate) fn max_pool(
    pool: &MaxPool,
    input: &Place,
    from: &[u8],
    output: &Place,
    range: Range<usize>,
    rows: &mut [u8],
) {
    // What lies outside does not count.
    let window = |at: usize, axis: usize, length: usize| {
        let first = (at * pool.strides[axis]).saturating_sub(pool.padding[axis]);
        let end = at * pool.strides[axis] + pool.sides[axis];
        first..end.saturating_sub(pool.padding[axis]).min(length)
    };
    for y in range.clone() {
        let row = (y - range.start) * output.row + output.pixel;
        for x in 0..output.columns {
            let to = &mut rows[row + x * output.pixel..][..output.pixel];
            to.fill(0);
            for y in window(y, 0, input.rows) {
                for x in window(x, 1, input.columns) {
                    let pixel = &from[input.start(y) + x * input.pixel..][..output.pixel];
                    for (greatest, &byte) in to.iter_mut().zip(pixel) {
                        *greatest = byte.max(*greatest);
                    }
                }
            }
        }
    }
}

/// Makes a square of side `factor` of each pixel of the input rows `range`; `rows` begins with the
/// first row that they make, its border included.
pub(crate) fn nearest(
    factor: usize,
    input: &Place,
    from: &[u8],
    output: &Place,
    range: Range<usize>,
    rows: &mut [u8],
) {
    for y in range.clone() {
        for within in 0..factor {
            let to = ((y - range.start) * factor + within) * output.row + output.pixel;
            let to = &mut rows[to..];
            for x in 0..input.columns {
                let pixel = &from[input.start(y) + x * input.pixel..][..output.pixel];
                for square in 0..factor {
                    let at = (x * factor + square) * output.pixel;
                    to[at..at + output.pixel].copy_from_slice(pixel);
                }
            }
        }
    }
}
