//! The statistics of many measured times.

use serde::{Deserialize, Serialize};

/// Statistics of times, in seconds.
///
/// They are computed from every single time, not from the buckets of a histogram, so that they are
/// exact to the clock's nanosecond: a benchmark has thousands of times, not millions. Percentiles are
/// by nearest rank: the shortest time that at least so many of the times do not exceed. The median is
/// the 50th of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TimeStats {
    /// How many times were measured.
    pub(crate) runs: usize,
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) mean: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    /// The 99.9th percentile: the maximum where there are fewer than 1,000 times.
    pub(crate) p999: f64,
    pub(crate) max: f64,
    /// The smallest and the largest median of the parts of the run: how far its median can be trusted.
    /// Frames are not independent of each other (heat, other programs), so this is more than
    /// statistics of single times would say. `None` for one time, and in files of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spread: Option<(f64, f64)>,
}

/// Parts of a run whose medians are compared.
const PARTS: usize = 10;

impl TimeStats {
    /// The statistics of these times in nanoseconds; `None` where there are none.
    pub(crate) fn new(nanoseconds: &[u64]) -> Option<TimeStats> {
        let mut sorted = nanoseconds.to_vec();
        sorted.sort_unstable();
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let at = |per_mille: usize| {
            let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
            seconds(sorted[rank - 1])
        };
        let sum: u128 = sorted.iter().map(|&time| u128::from(time)).sum();
        Some(TimeStats {
            runs: sorted.len(),
            min: seconds(first),
            median: at(500),
            // To a tenth of a nanosecond: more digits say nothing.
            mean: (sum as f64 / sorted.len() as f64 * 10.0).round() / 1e10,
            p90: at(900),
            p99: at(990),
            p999: at(999),
            max: seconds(last),
            spread: spread(nanoseconds),
        })
    }

    /// Minimum, median, 90th, 99th and 99.9th percentile, maximum and mean: the order of tables.
    pub(crate) fn in_milliseconds(&self) -> [f64; 7] {
        let times = [
            self.min,
            self.median,
            self.p90,
            self.p99,
            self.p999,
            self.max,
            self.mean,
        ];
        times.map(|seconds| seconds * 1e3)
    }
}

/// The smallest and the largest median of the parts of these times.
fn spread(nanoseconds: &[u64]) -> Option<(f64, f64)> {
    if nanoseconds.len() < 2 {
        return None;
    }
    let parts = PARTS.min(nanoseconds.len());
    let part = |index: usize| {
        let at = |index| index * nanoseconds.len() / parts;
        let mut part = nanoseconds[at(index)..at(index + 1)].to_vec();
        part.sort_unstable();
        part[(part.len() - 1) / 2]
    };
    let medians = (0..parts).map(part);
    let (low, high) = medians.fold((u64::MAX, 0), |(low, high), m| (low.min(m), high.max(m)));
    Some((seconds(low), seconds(high)))
}

/// Nanoseconds as seconds.
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
