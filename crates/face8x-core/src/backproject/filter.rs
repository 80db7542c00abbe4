//! Filters along one axis of the lattice.

/// Most samples of a point spread function: that of the widest optics, 2 camera pixels.
pub(super) const LONGEST_FILTER: usize = 128;

/// Where a filter that reaches `before` samples before `at` begins, and how many of its weights
/// lie before the first sample.
pub(super) fn start_of(at: usize, before: usize) -> (usize, usize) {
    (at.saturating_sub(before), before.saturating_sub(at))
}
