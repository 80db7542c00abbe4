//! From the face to the light on the camera's pixels: blur by the optics, and integration by pixels.
//!
//! The face's 128x128 pixels are squares of even light. The optics spread each point as a Gaussian,
//! and a camera pixel, a square without gaps, integrates what falls on it (the usual model of image
//! formation in super-resolution: Park, Park and Kang, *Super-resolution image reconstruction*,
//! IEEE Signal Processing Magazine 2003). Both are separable, and what one square gives one pixel
//! is an integral in closed form.

use face8x_core::geometry::HR_SIDE;

use super::BORDER;

/// How many standard deviations of the blur are looked at.
const REACH: f64 = 5.0;

/// The share of each of the face's columns in each camera column, row by row: `count` camera
/// columns from [`BORDER`] before the face's edge on. `side` is the face's side, `phase` where the
/// grid lies and `blur` the standard deviation, all in camera pixels. Beyond its edges the face is
/// mirrored.
pub fn shares(side: f32, phase: f32, blur: f32, count: usize) -> Vec<[f32; HR_SIDE]> {
    let pixel = HR_SIDE as f64 / f64::from(side);
    let sd = f64::from(blur) * pixel;
    let reach = pixel / 2.0 + REACH * sd + 1.0;
    let row = |j: usize| {
        let centre = (j as f64 - BORDER as f64 + 0.5 + f64::from(phase)) * pixel;
        let mut row = [0f64; HR_SIDE];
        let (first, last) = (
            (centre - reach).floor() as i64,
            (centre + reach).ceil() as i64,
        );
        for n in first..last {
            let left = n as f64 - centre;
            row[mirrored(n)] += integral(left + 1.0, pixel, sd) - integral(left, pixel, sd);
        }
        let total: f64 = row.iter().sum();
        row.map(|share| (share / total) as f32)
    };
    (0..count).map(row).collect()
}

/// The share of each of the face's columns in a camera pixel of side `pixel` around `centre`, behind
/// optics that blur by `sd`, in pixels of the face. Light from beyond the edges is left out, so that
/// the shares need not sum to 1.
pub fn within(centre: f64, pixel: f64, sd: f64) -> [f64; HR_SIDE] {
    std::array::from_fn(|n| {
        let left = n as f64 - centre;
        integral(left + 1.0, pixel, sd) - integral(left, pixel, sd)
    })
}

/// The place in the face of column `n`, which may lie beyond its edges.
fn mirrored(n: i64) -> usize {
    let period = 2 * HR_SIDE as i64;
    let n = n.rem_euclid(period);
    n.min(period - 1 - n) as usize
}

/// The share of a pixel's light that comes from left of `t` (measured from its centre).
fn integral(t: f64, pixel: f64, sd: f64) -> f64 {
    (ramp(t + pixel / 2.0, sd) - ramp(t - pixel / 2.0, sd)) / pixel
}

/// The integral of the normal distribution function of standard deviation `sd` up to `x`.
pub fn ramp(x: f64, sd: f64) -> f64 {
    if sd <= 0.0 {
        return x.max(0.0);
    }
    let z = x / sd;
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    x * distribution(z) + sd * density
}

/// The normal distribution function.
pub fn distribution(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// What every camera pixel gets of the face (interleaved RGB): `down` are the shares of its rows,
/// `across` those of its columns.
pub fn expose(light: &[f32], across: &[[f32; HR_SIDE]], down: &[[f32; HR_SIDE]]) -> Vec<f32> {
    let columns = across.len();
    let across: Vec<_> = across.iter().map(shares_in_use).collect();
    let mut narrow = vec![0.0; HR_SIDE * columns * 3];
    for (line, out) in light
        .chunks_exact(3 * HR_SIDE)
        .zip(narrow.chunks_exact_mut(3 * columns))
    {
        let line = line.as_chunks::<3>().0;
        for (pixel, (first, shares)) in out.as_chunks_mut::<3>().0.iter_mut().zip(&across) {
            for (rgb, share) in line[*first..].iter().zip(*shares) {
                for (sum, level) in pixel.iter_mut().zip(rgb) {
                    *sum += share * level;
                }
            }
        }
    }
    let mut seen = vec![0.0; down.len() * columns * 3];
    for (out, shares) in seen.chunks_exact_mut(3 * columns).zip(down) {
        let (first, shares) = shares_in_use(shares);
        let lines = narrow.chunks_exact(3 * columns).skip(first);
        for (line, share) in lines.zip(shares) {
            for (sum, level) in out.iter_mut().zip(line) {
                *sum += share * level;
            }
        }
    }
    seen
}

/// The shares from the first to the last that is not 0, and the place of the first.
fn shares_in_use(shares: &[f32; HR_SIDE]) -> (usize, &[f32]) {
    let used = |share: &f32| *share != 0.0;
    let first = shares.iter().position(used).unwrap_or(0);
    let last = shares.iter().rposition(used).unwrap_or(0);
    (first, &shares[first..=last])
}
