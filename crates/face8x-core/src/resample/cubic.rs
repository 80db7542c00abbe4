//! Cubic convolution: its weights, and Pillow's antialiased downscaling to 16 pixels.

use wide::f32x4;

use crate::also_for_avx2;
use crate::geometry::LR_SIDE;
use crate::pixel::Lr;

/// Red, green, blue and an unused lane: four floats fill a vector register.
pub(crate) type Rgbx = [f32; 4];

/// The weight of a sample at distance `x` (in samples) in cubic convolution with the free parameter
/// `a` (R. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29,
/// 1981, equation 15). With `a` = -0.5 it is Pillow's `BICUBIC`, with -0.75 OpenCV's `INTER_CUBIC`.
/// It is 1 at 0, and 0 at all other whole numbers and from 2 on.
pub fn cubic_weight(a: f64, x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}

/// [`cubic_weight`] of the samples at -1, 0, 1 and 2 for a point at `t`, 0 to 1, without branches and
/// in 32 bits, with a = -0.75 as in OpenCV's `INTER_CUBIC`, by which the training pictures were
/// aligned.
#[inline(always)]
pub(crate) fn weights(t: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let u = 1.0 - t;
    let outer = |x: f32, y: f32| A * x * y * y;
    let inner = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    [outer(t, u), inner(t), inner(u), outer(u, t)]
}

/// Downscales a square picture to 16x16 as Pillow's `BICUBIC` does: [`cubic_weight`] with a = -0.5,
/// stretched by the factor against aliasing, cut off at the border and normalised. Values stay floats between the
/// two directions and are rounded once.
pub(crate) struct Shrinker {
    /// For each output sample the first input sample and the weights from there on.
    taps: Vec<(usize, Vec<f32>)>,
    /// Rows at the new width.
    rows: Vec<[Rgbx; LR_SIDE]>,
}

impl Shrinker {
    /// From `side` x `side` pixels, `side` at least 16.
    pub(crate) fn new(side: usize) -> Self {
        let factor = side as f64 / LR_SIDE as f64;
        let taps = (0..LR_SIDE).map(|i| {
            let centre = (i as f64 + 0.5) * factor;
            let first = (centre - 2.0 * factor + 0.5).max(0.0) as usize;
            let end = ((centre + 2.0 * factor + 0.5) as usize).min(side);
            let weight = |j: usize| cubic_weight(-0.5, (j as f64 + 0.5 - centre) / factor);
            let sum: f64 = (first..end).map(weight).sum();
            (
                first,
                (first..end).map(|j| (weight(j) / sum) as f32).collect(),
            )
        });
        Shrinker {
            taps: taps.collect(),
            rows: vec![[[0.0; 4]; LR_SIDE]; side],
        }
    }

    /// Takes row `y` of the picture: `side` pixels, 0 to 255.
    pub(crate) fn put_row(&mut self, y: usize, row: &[Rgbx]) {
        for (out, (first, weights)) in self.rows[y].iter_mut().zip(&self.taps) {
            *out = dot(weights, &row[*first..]);
        }
    }

    /// The 16x16 pixels of the rows taken.
    pub(crate) fn finish(&self, lr: &mut Lr) {
        let pixels = lr.as_chunks_mut::<3>().0;
        for (line, (first, weights)) in pixels.chunks_exact_mut(LR_SIDE).zip(&self.taps) {
            let mut sums = [[0.0; 4]; LR_SIDE];
            for (weight, row) in weights.iter().zip(&self.rows[*first..]) {
                for (sum, pixel) in sums.iter_mut().zip(row) {
                    add(sum, *weight, pixel);
                }
            }
            for (out, sum) in line.iter_mut().zip(&sums) {
                *out = [sum[0], sum[1], sum[2]].map(to_byte);
            }
        }
    }
}

pub(crate) fn dot(weights: &[f32], samples: &[Rgbx]) -> Rgbx {
    let mut sum = [0.0; 4];
    for (weight, sample) in weights.iter().zip(samples) {
        add(&mut sum, *weight, sample);
    }
    sum
}

#[inline(always)]
pub(crate) fn add(sum: &mut Rgbx, weight: f32, sample: &Rgbx) {
    *sum = (f32x4::new(*sum) + f32x4::new(*sample) * f32x4::splat(weight)).to_array();
}

/// Adds numbers times a weight.
#[inline(always)]
pub(crate) fn add_scaled_numbers(numbers: &mut [f32], weight: f32, others: &[f32]) {
    // One by one, which the compiler turns into vectors.
    for (number, other) in numbers.iter_mut().zip(others) {
        *number += weight * other;
    }
}

/// The scalar product of two rows, as far as the shorter goes, in eight sums, which the compiler makes into
/// vectors.
#[inline(always)]
pub(crate) fn dot_numbers(a: &[f32], b: &[f32]) -> f32 {
    let len = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (a[..len].as_chunks::<8>(), b[..len].as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

also_for_avx2! {
    /// Makes `sums` the sum of rows as long that lie one after the other, times a weight each.
    pub(crate) fn sum_rows(sums: &mut [f32], weights: &[f32], rows: &[f32]) as sum_rows_any
}

#[inline(always)]
fn sum_rows_any(sums: &mut [f32], weights: &[f32], rows: &[f32]) {
    let len = sums.len();
    let (fours, ones) = weights.as_chunks::<4>();
    let mut rows = rows.chunks_exact(len);
    sums.fill(0.0);
    for [wa, wb, wc, wd] in fours {
        let [Some(a), Some(b), Some(c), Some(d)] = [(); 4].map(|()| rows.next()) else {
            return;
        };
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *sum += (wa * a + wb * b) + (wc * c + wd * d);
        }
    }
    for (&weight, row) in ones.iter().zip(rows) {
        add_scaled_numbers(sums, weight, row);
    }
}

/// 2^23: floats from here on are whole numbers, with the units in the last bits.
const WHOLE: f32 = 8_388_608.0;

/// The display pixel of four values, the last of which is 0: the nearest bytes, without casts, which take
/// long where they saturate. All four lanes are used: the compiler would take vectors apart for three.
#[inline(always)]
pub(crate) fn to_pixel(values: Rgbx) -> u32 {
    let byte = |v: f32| (v.clamp(0.0, 255.0) + WHOLE).to_bits() as u8;
    let [r, g, b, unused] = values.map(byte);
    u32::from_be_bytes([unused, r, g, b])
}

/// The nearest byte. (A cast to a byte saturates.)
#[inline(always)]
pub(crate) fn to_byte(v: f32) -> u8 {
    (v + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_weights_are_the_same() {
        for i in 0..=64 {
            let t = i as f32 / 64.0;
            let exact = [-1.0, 0.0, 1.0, 2.0].map(|at| cubic_weight(-0.75, at - f64::from(t)));
            for (quick, exact) in weights(t).into_iter().zip(exact) {
                assert!(
                    (f64::from(quick) - exact).abs() < 1e-6,
                    "{t}: {quick} {exact}"
                );
            }
        }
    }
}
