//! Filters along one axis.

use crate::resample::Rgbx;

/// Most samples of a point spread function: that of the widest optics, 2 camera pixels.
pub(super) const LONGEST_FILTER: usize = 128;

/// Where a filter that reaches `before` samples before `at` begins, and how many of its weights
/// lie before the first sample.
pub(super) fn start_of(at: usize, before: usize) -> (usize, usize) {
    (at.saturating_sub(before), before.saturating_sub(at))
}

/// A pixel blurred along one axis: 1/4 of the one before, 1/2 of itself, 1/4 of the one after.
#[inline(always)]
pub(super) fn blurred(before: &Rgbx, here: &Rgbx, after: &Rgbx) -> Rgbx {
    std::array::from_fn(|k| 0.25 * (before[k] + after[k]) + 0.5 * here[k])
}

/// The weights of a filter for which `samples` has rows of so many columns.
pub(super) fn weights_within<'a, T>(
    weights: &'a [f32],
    samples: &[T],
    columns: usize,
) -> &'a [f32] {
    &weights[..weights.len().min(samples.len() / columns)]
}
