//! Filters along one axis.

use wide::f32x4;

use crate::resample::Rgbx;

/// Most samples of a point spread function: that of the widest optics, 2 camera pixels.
pub(super) const LONGEST_FILTER: usize = 128;

/// Standard deviations of a Gaussian that are taken in.
const REACH: f32 = 3.0;

/// Where a filter that reaches `before` samples before `at` begins, and how many of its weights
/// lie before the first sample.
pub(super) fn start_of(at: usize, before: usize) -> (usize, usize) {
    (at.saturating_sub(before), before.saturating_sub(at))
}

/// A pixel blurred along one axis: 1/4 of the one before, 1/2 of itself, 1/4 of the one after.
#[inline(always)]
pub(super) fn blurred(before: &Rgbx, here: &Rgbx, after: &Rgbx) -> Rgbx {
    let [before, here, after] = [before, here, after].map(|pixel| f32x4::new(*pixel));
    ((before + after) * f32x4::splat(0.25) + here * f32x4::splat(0.5)).to_array()
}

/// The weights of a filter for which `samples` has rows of so many columns.
pub(super) fn weights_within<'a, T>(
    weights: &'a [f32],
    samples: &[T],
    columns: usize,
) -> &'a [f32] {
    &weights[..weights.len().min(samples.len() / columns)]
}

/// A box of `density` samples convolved with a Gaussian of `sigma` samples, which sums to one.
pub(super) fn spread_of(density: usize, sigma: f32, spread: &mut Vec<f32>) {
    let reach = (REACH * sigma).ceil() as usize;
    spread.clear();
    spread.resize(density + 2 * reach, 0.0);
    // In f64, so that every processor's mathematical library gives the same f32.
    let twice = f64::from(2.0 * sigma * sigma).max(f64::MIN_POSITIVE);
    let gauss = |i: usize| {
        let distance = i as f64 - reach as f64;
        (-distance * distance / twice).exp() as f32
    };
    for i in 0..=2 * reach {
        for value in &mut spread[i..i + density] {
            *value += gauss(i);
        }
    }
    let sum: f32 = spread.iter().sum();
    spread.iter_mut().for_each(|value| *value /= sum);
}

/// Blurs by 1/4, 1/2, 1/4 both ways. `above` has room for a row.
pub(super) fn soften(pixels: &mut [Rgbx], columns: usize, above: &mut [Rgbx]) {
    for row in pixels.chunks_exact_mut(columns) {
        let mut before = row[0];
        for x in 1..columns {
            let here = row[x - 1];
            row[x - 1] = blurred(&before, &here, &row[x]);
            before = here;
        }
    }
    above.copy_from_slice(&pixels[..columns]);
    let mut rows = pixels;
    while rows.len() > columns {
        let (row, below) = rows.split_at_mut(columns);
        for ((pixel, above), below) in row.iter_mut().zip(above.iter_mut()).zip(&*below) {
            let here = *pixel;
            *pixel = blurred(above, &here, below);
            *above = here;
        }
        rows = below;
    }
}
