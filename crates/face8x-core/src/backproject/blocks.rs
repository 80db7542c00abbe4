//! The canonical face in blocks, in which changes are noticed.

use crate::geometry::HR_SIDE;

/// A block's pixels each way.
pub(super) const BLOCK: usize = 8;
/// Blocks each way.
pub(super) const BLOCKS: usize = HR_SIDE / BLOCK;

/// A number for each block, row by row.
pub(super) type BlockValues = [f32; BLOCKS * BLOCKS];

/// The value at (x, y), in blocks, between those of the four nearest.
pub(super) fn value_at(values: &BlockValues, x: f32, y: f32) -> f32 {
    let place = |at: f32| {
        let at = (at - 0.5).clamp(0.0, (BLOCKS - 1) as f32);
        let low = (at as usize).min(BLOCKS - 2);
        (low, at - low as f32)
    };
    let ((x, u), (y, v)) = (place(x), place(y));
    let row = |y: usize| {
        let at = y * BLOCKS + x;
        values[at] * (1.0 - u) + values[at + 1] * u
    };
    row(y) * (1.0 - v) + row(y + 1) * v
}

/// Calls `apply` with each pixel of the face and its value between those of the four nearest blocks, row by
/// row. Where these are 0 most pixels are left out.
pub(super) fn for_each_pixel(values: &BlockValues, mut apply: impl FnMut(usize, f32)) {
    for y in 0..HR_SIDE {
        let stretch = (y + BLOCK / 2) / BLOCK;
        let [above, below] = ends(stretch).map(|block| &values[block * BLOCKS..][..BLOCKS]);
        let v = share(y, stretch);
        let row: [f32; BLOCKS] = std::array::from_fn(|k| above[k] * (1.0 - v) + below[k] * v);
        for stretch in 0..=BLOCKS {
            let [left, right] = ends(stretch).map(|block| row[block]);
            if left == 0.0 && right == 0.0 {
                continue;
            }
            let middle = stretch * BLOCK;
            for x in middle.saturating_sub(BLOCK / 2)..(middle + BLOCK / 2).min(HR_SIDE) {
                let u = share(x, stretch);
                apply(y * HR_SIDE + x, left * (1.0 - u) + right * u);
            }
        }
    }
}

/// The blocks between whose middles a stretch of pixels lies, each way; the first and the last stretch lie
/// beyond those of all blocks.
fn ends(stretch: usize) -> [usize; 2] {
    [stretch.saturating_sub(1), stretch.min(BLOCKS - 1)]
}

/// How far along its stretch a pixel lies, 0 to 1.
fn share(pixel: usize, stretch: usize) -> f32 {
    (pixel + BLOCK / 2 - stretch * BLOCK) as f32 / BLOCK as f32 + 0.5 / BLOCK as f32
}

/// Sums of values that lie in blocks, and how many they are.
pub(super) struct BlockSums {
    sums: BlockValues,
    counts: BlockValues,
}

impl BlockSums {
    pub(super) fn new() -> BlockSums {
        BlockSums {
            sums: [0.0; BLOCKS * BLOCKS],
            counts: [0.0; BLOCKS * BLOCKS],
        }
    }

    /// Adds a value at (x, y), in blocks; outside the face it is left out.
    pub(super) fn add(&mut self, x: f32, y: f32, value: f32) {
        let inside = 0.0..BLOCKS as f32;
        if inside.contains(&x) && inside.contains(&y) {
            let block = y as usize * BLOCKS + x as usize;
            self.sums[block] += value;
            self.counts[block] += 1.0;
        }
    }

    /// The mean over each block and its neighbours, which weigh half as much each way; 0 where there are no
    /// values.
    pub(super) fn means(mut self, out: &mut BlockValues) {
        smooth(&mut self.sums);
        smooth(&mut self.counts);
        for ((out, sum), count) in out.iter_mut().zip(self.sums).zip(self.counts) {
            *out = if count > 0.0 { sum / count } else { 0.0 };
        }
    }
}

/// Sums over 1, 2, 1 blocks each way.
fn smooth(values: &mut BlockValues) {
    let along = |values: &BlockValues, step: usize| -> BlockValues {
        std::array::from_fn(|k| {
            let at = k / step % BLOCKS;
            let before = if at > 0 { values[k - step] } else { 0.0 };
            let after = if at + 1 < BLOCKS {
                values[k + step]
            } else {
                0.0
            };
            before + 2.0 * values[k] + after
        })
    };
    *values = along(&along(values, 1), BLOCKS);
}
