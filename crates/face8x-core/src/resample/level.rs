//! One level of a pyramid: luma, and samples of it.

use super::cubic::WHOLE;
use crate::also_for_avx2;

/// Levels smaller than this either way are not made.
const MIN_SIDE: usize = 4;

/// Luma, row by row.
#[derive(Default)]
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<u8>,
}

also_for_avx2! {
    /// A row of pixels that begins at `first` of a level and has this step: each the mean of four samples that
    /// lie so beside it.
    pub(super) fn crop_row(level: &Level, first: (f32, f32), step: (f32, f32), beside: &[[f32; 4]; 2], row: &mut [u8])
        as crop_row_any
}

#[inline(always)]
fn crop_row_any(
    level: &Level,
    first: (f32, f32),
    step: (f32, f32),
    [right, down]: &[[f32; 4]; 2],
    row: &mut [u8],
) {
    for (x, value) in row.iter_mut().enumerate() {
        let at_x = first.0 + step.0 * x as f32;
        let at_y = first.1 + step.1 * x as f32;
        let samples = level.four(right.map(|u| at_x + u), down.map(|v| at_y + v));
        let sum: f32 = samples.iter().sum();
        *value = (sum / 4.0 + 0.5) as u8;
    }
}

impl Level {
    /// The level at four places, bilinearly; pixel centres lie at whole numbers.
    #[inline(always)]
    fn four(&self, x: [f32; 4], y: [f32; 4]) -> [f32; 4] {
        let (last_column, last_row) = ((self.width - 1) as f32, (self.height - 1) as f32);
        // The last column is a whole way from the one before it, where there is one: the next pixel of a
        // row is then always as far away.
        let right = usize::from(self.width > 1);
        let (left, across) = whole_and_part(x, last_column, (last_column - 1.0).max(0.0));
        let (above, down) = whole_and_part(y, last_row, last_row);
        let below = above.map(|row| (row + 1.0).min(last_row));
        let columns = self.width as f32;
        let row = |rows: [f32; 4]| -> [f32; 4] {
            let first: [usize; 4] = std::array::from_fn(|k| index(rows[k] * columns + left[k]));
            let pixels = first.map(|k| f32::from(self.luma[k]));
            between_four(
                pixels,
                first.map(|k| f32::from(self.luma[k + right])),
                across,
            )
        };
        between_four(row(above), row(below), down)
    }
}

/// Shares of the way from some values to others.
#[inline(always)]
fn between_four(from: [f32; 4], to: [f32; 4], share: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|k| from[k] + (to[k] - from[k]) * share[k])
}

/// Places from 0 to `last`, cut to that: the whole number below each, at most `most`, and the rest.
#[inline(always)]
fn whole_and_part(at: [f32; 4], last: f32, most: f32) -> ([f32; 4], [f32; 4]) {
    let at = at.map(|v| v.clamp(0.0, last));
    let whole = at.map(|v| floor(v).min(most));
    (whole, std::array::from_fn(|k| at[k] - whole[k]))
}

/// The whole number at or below `v`, from 0 to 2^22: without a call, and in vectors.
#[inline(always)]
fn floor(v: f32) -> f32 {
    let nearest = (v + WHOLE) - WHOLE;
    if nearest > v { nearest - 1.0 } else { nearest }
}

/// A whole number from 0 to 2^22 as an index.
#[inline(always)]
fn index(whole: f32) -> usize {
    ((whole + WHOLE).to_bits() - WHOLE.to_bits()) as usize
}

/// Means of 2x2 pixels; an odd last column or row is left out. `false` where `to` would be too small.
pub(super) fn halve(from: &Level, to: &mut Level) -> bool {
    (to.width, to.height) = (from.width / 2, from.height / 2);
    if to.width < MIN_SIDE || to.height < MIN_SIDE {
        return false;
    }
    to.luma.resize(to.width * to.height, 0);
    for (rows, row) in from
        .luma
        .chunks_exact(2 * from.width)
        .zip(to.luma.chunks_exact_mut(to.width))
    {
        let (above, below) = rows.split_at(from.width);
        for ((a, b), pixel) in above.chunks_exact(2).zip(below.chunks_exact(2)).zip(row) {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            *pixel = ((sum + 2) / 4) as u8;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level at (x, y), bilinearly, straight from the definition.
    fn bilinear(level: &Level, x: f32, y: f32) -> f32 {
        let cut = |v: f32, len: usize| v.clamp(0.0, (len - 1) as f32);
        let (x, y) = (cut(x, level.width), cut(y, level.height));
        let at = |x: usize, y: usize| {
            let (x, y) = (x.min(level.width - 1), y.min(level.height - 1));
            f32::from(level.luma[y * level.width + x])
        };
        let (left, above) = (x as usize, y as usize);
        let row = |y: usize| at(left, y) + (at(left + 1, y) - at(left, y)) * x.fract();
        row(above) + (row(above + 1) - row(above)) * y.fract()
    }

    #[test]
    fn four_places_at_once_are_what_each_is_alone() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2), (7, 5), (40, 30)] {
            let luma = (0..width * height).map(|k| (k * 89 % 251) as u8).collect();
            let level = Level {
                width,
                height,
                luma,
            };
            let spread =
                |k: usize, len: usize| (k * 97 % 211) as f32 / 40.0 * len as f32 / 4.0 - 1.5;
            for k in 0..200 {
                let x = std::array::from_fn(|i| spread(k + 7 * i, width).round() + 0.1 * i as f32);
                let y = std::array::from_fn(|i| spread(3 * k + i, height));
                let alone: [f32; 4] = std::array::from_fn(|i| bilinear(&level, x[i], y[i]));
                assert_eq!(level.four(x, y), alone, "{width}x{height} {x:?} {y:?}");
            }
        }
    }
}
