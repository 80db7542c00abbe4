//! Steps that multiply nothing: pooling and enlarging.

use std::ops::Range;

use super::graph::MaxPool;
use super::kernel::Block;
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
        let lines = window(y, 0, input.rows);
        for x in 0..output.columns {
            let to = &mut rows[row + x * output.pixel..][..output.pixel];
            let columns = window(x, 1, input.columns);
            // Tensors that are read have whole blocks.
            for (block, to) in to.as_chunks_mut().0.iter_mut().enumerate() {
                let mut greatest = [0; Block::LANES];
                for y in lines.clone() {
                    let line = &from[input.start(y) + block * Block::LANES..];
                    for x in columns.clone() {
                        let bytes = &line[x * input.pixel..][..Block::LANES];
                        greatest = std::array::from_fn(|k| greatest[k].max(bytes[k]));
                    }
                }
                *to = greatest;
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
