//! One level of a pyramid: luma, and samples of it.

/// Levels smaller than this either way are not made.
const MIN_SIDE: usize = 4;

/// Luma, row by row.
#[derive(Default)]
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<u8>,
}

/// Where the four samples of a pixel lie, in its sides.
const QUARTERS: [(f32, f32); 4] = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];

/// Bits of the fraction of a place on a level.
const FRACTION: u32 = 16;
/// And of it in a weight.
const WEIGHT: u32 = 10;

/// A row of pixels whose corner lies at `first` of a level, counted from the centre of its first pixel; the next
/// pixel lies at `(a, b)` of it. Each is the mean of four samples.
pub(super) fn crop_row(level: &Level, first: (f32, f32), (a, b): (f32, f32), row: &mut [u8]) {
    let fixed = |at: f32| (at * (1 << FRACTION) as f32) as i32;
    let places = QUARTERS.map(|(p, q)| {
        let (u, v) = (a * p - b * q, b * p + a * q);
        (fixed(first.0 + u), fixed(first.1 + v))
    });
    let step = (fixed(a), fixed(b));
    // Where every sample of the row lies between four pixels nothing has to be clamped.
    let within = |at: i32, step: i32, len: usize| {
        let end = i64::from(at) + (row.len() as i64 - 1) * i64::from(step);
        let range = 0..(len as i64 - 1) << FRACTION;
        range.contains(&i64::from(at)) && range.contains(&end)
    };
    let inside = places
        .iter()
        .all(|&(u, v)| within(u, step.0, level.width) && within(v, step.1, level.height));
    match inside {
        true => fill(row, places, step, |u, v| level.sample_inside(u, v)),
        false => fill(row, places, step, |u, v| level.sample(u, v)),
    }
}

/// Fills a row by the means of `sample` at four places, which move by `step` from pixel to pixel.
#[inline(always)]
fn fill(
    row: &mut [u8],
    mut places: [(i32, i32); 4],
    step: (i32, i32),
    sample: impl Fn(i32, i32) -> i32,
) {
    for value in row {
        let sum: i32 = places.iter().map(|&(u, v)| sample(u, v)).sum();
        // Of four samples, with the weights of both ways.
        let shift = 2 * WEIGHT + 2;
        *value = ((sum + (1 << (shift - 1))) >> shift) as u8;
        for (u, v) in &mut places {
            (*u, *v) = (u.wrapping_add(step.0), v.wrapping_add(step.1));
        }
    }
}

impl Level {
    /// [`Level::sample`] of a place that lies between four pixels.
    #[inline(always)]
    fn sample_inside(&self, u: i32, v: i32) -> i32 {
        let at = (v >> FRACTION) as usize * self.width + (u >> FRACTION) as usize;
        let upper = &self.luma[at..at + 2];
        let lower = &self.luma[at + self.width..at + self.width + 2];
        between_four([upper[0], upper[1]], [lower[0], lower[1]], u, v)
    }

    /// The level at a place in fixed point, bilinearly, in 1/2^(2 [`WEIGHT`]); pixel centres lie at whole numbers.
    #[inline(always)]
    fn sample(&self, u: i32, v: i32) -> i32 {
        let place = |at: i32, len: usize| at.clamp(0, (len as i32 - 1) << FRACTION);
        let (u, v) = (place(u, self.width), place(v, self.height));
        let (x, y) = ((u >> FRACTION) as usize, (v >> FRACTION) as usize);
        let right = usize::from(x + 1 < self.width);
        let below = if y + 1 < self.height { self.width } else { 0 };
        let row = |at: usize| [self.luma[at], self.luma[at + right]];
        let at = y * self.width + x;
        between_four(row(at), row(at + below), u, v)
    }
}

/// The level at a place between four pixels, in 1/2^(2 [`WEIGHT`]): of the place only the fractions count.
#[inline(always)]
fn between_four(upper: [u8; 2], lower: [u8; 2], u: i32, v: i32) -> i32 {
    let share = |at: i32| at >> (FRACTION - WEIGHT) & ((1 << WEIGHT) - 1);
    let row = |pixels: [u8; 2]| {
        let [left, right] = pixels.map(i32::from);
        (left << WEIGHT) + (right - left) * share(u)
    };
    let (upper, lower) = (row(upper), row(lower));
    (upper << WEIGHT) + (lower - upper) * share(v)
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
    fn a_row_has_the_means_of_four_samples() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2), (7, 5), (40, 30)] {
            let luma = (0..width * height).map(|k| (k * 89 % 251) as u8).collect();
            let level = Level {
                width,
                height,
                luma,
            };
            for k in 0..40 {
                let first = (0.37 * k as f32 - 3.0, 9.0 - 0.29 * k as f32);
                let (a, b) = (1.5 - 0.07 * k as f32, 0.11 * k as f32 - 2.0);
                let mut row = [0; 20];
                crop_row(&level, first, (a, b), &mut row);
                for (x, &found) in row.iter().enumerate() {
                    let at = |p: f32, q: f32| {
                        let p = p + x as f32;
                        (first.0 + a * p - b * q, first.1 + b * p + a * q)
                    };
                    let quarters = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
                    let samples = quarters.map(|(p, q)| {
                        let (x, y) = at(p, q);
                        bilinear(&level, x, y)
                    });
                    let mean = samples.iter().sum::<f32>() / 4.0;
                    // Half a level of rounding, and what weights of 10 bits leave of 251 levels.
                    let off = (f32::from(found) - mean).abs();
                    assert!(off < 0.9, "{width}x{height} {k} {x}: {found}, {mean}");
                }
            }
        }
    }
}
