//! Latency percentiles in fixed memory.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{Error, Result};

/// The longest latency that is kept apart, in microseconds: two minutes. A longer one counts as it.
const LONGEST: u64 = 120_000_000;
/// Two digits: a percentile is off by at most 1 in 200. It takes 21 KiB, whatever is recorded.
const SIGNIFICANT_DIGITS: u8 = 2;

/// A recorder of latencies in microseconds. Recording allocates nothing.
#[derive(Debug, Clone)]
pub struct Latency {
    histogram: Histogram<u64>,
    /// The shortest and the longest, exactly.
    range: (u64, u64),
}

impl Latency {
    /// An empty recorder.
    ///
    /// # Errors
    /// None that can happen: the bounds are valid.
    pub fn new() -> Result<Latency> {
        Histogram::new_with_bounds(1, LONGEST, SIGNIFICANT_DIGITS)
            .map(|histogram| Latency {
                histogram,
                range: (u64::MAX, 0),
            })
            .map_err(|error| Error::other(error.to_string()).caused_by(error))
    }

    /// Records one latency; fractions of a microsecond are dropped.
    pub fn record(&mut self, latency: Duration) {
        let microseconds = latency.as_micros().min(LONGEST.into()) as u64;
        self.histogram.saturating_record(microseconds);
        let (shortest, longest) = self.range;
        self.range = (shortest.min(microseconds), longest.max(microseconds));
    }

    /// Forgets what was recorded. Allocates nothing.
    pub fn clear(&mut self) {
        self.histogram.reset();
        self.range = (u64::MAX, 0);
    }

    /// The shortest, or `None` where nothing is recorded.
    pub fn min(&self) -> Option<Duration> {
        (!self.histogram.is_empty()).then(|| Duration::from_micros(self.range.0))
    }

    /// The shortest latency that at least `percent` (0 to 100) of the recorded ones do not exceed
    /// (nearest rank), or `None` where nothing is recorded.
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        if self.histogram.is_empty() {
            return None;
        }
        let value = self.histogram.value_at_quantile(f64::from(percent) / 100.0);
        let middle = self.histogram.median_equivalent(value);
        // Clamped, so that a percentile never leaves what was recorded.
        Some(Duration::from_micros(
            middle.clamp(self.range.0, self.range.1),
        ))
    }
}
