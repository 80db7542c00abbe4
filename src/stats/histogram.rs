//! A latency histogram with few, round bounds, as monitoring systems keep it.

use std::time::Duration;

/// A recorder of latencies in buckets whose bounds never change, so that the histograms of many
/// machines can be added. Percentiles of one run come from [`Latency`](super::Latency).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// One a bound, and one for what is longer than the last.
    counts: [u64; Histogram::BOUNDS_MS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Upper bounds of the buckets in milliseconds, each inclusive: from a network alone on a PC
    /// to a camera that stutters. 33 and 40 are a frame at 30 and at 25 frames a second.
    pub const BOUNDS_MS: [u64; 16] = [
        1, 2, 5, 10, 15, 20, 25, 33, 40, 50, 75, 100, 200, 500, 1000, 2000,
    ];

    /// Records one latency.
    pub fn record(&mut self, latency: Duration) {
        let fits = |bound: &u64| latency <= Duration::from_millis(*bound);
        let bucket = Histogram::BOUNDS_MS.iter().position(fits);
        self.counts[bucket.unwrap_or(Histogram::BOUNDS_MS.len())] += 1;
        self.sum = self.sum.saturating_add(latency);
    }

    /// Every bound in seconds and how many latencies did not exceed it.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let mut below = 0;
        Histogram::BOUNDS_MS
            .iter()
            .zip(&self.counts)
            .map(move |(bound, count)| {
                below += count;
                (*bound as f64 / 1e3, below)
            })
    }

    /// How many latencies were recorded.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them added.
    pub fn sum(&self) -> Duration {
        self.sum
    }
}
