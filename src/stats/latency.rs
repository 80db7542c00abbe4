//! Latency percentiles in fixed memory.

use std::time::Duration;

/// Each octave (from one power of two to the next) is cut into this many buckets.
const STEPS: u64 = 64;
const STEPS_LOG2: u32 = STEPS.trailing_zeros();
/// Octaves above the first two, which have a bucket for every microsecond.
const OCTAVES: usize = 20;
const BUCKETS: usize = STEPS as usize * (OCTAVES + 2);

/// A recorder of latencies: a log-linear histogram (the form that HdrHistogram made known).
///
/// Whole microseconds below 128 are kept exactly; above, each octave is cut into 64 buckets and a
/// percentile is the middle of its bucket, so that it is off by at most 1/128 (0.8 %). The range
/// ends at 2^27 microseconds (134 s); what is longer counts as the longest. Minimum, maximum, mean
/// and count are exact to the microsecond. It takes 11 KiB, whatever is recorded.
#[derive(Debug, Clone)]
pub struct Latency {
    counts: Box<[u64; BUCKETS]>,
    count: u64,
    /// In microseconds, as are the two below.
    sum: u64,
    min: u64,
    max: u64,
}

impl Latency {
    /// An empty recorder.
    pub fn new() -> Latency {
        Latency {
            counts: Box::new([0; BUCKETS]),
            count: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }

    /// Records one latency; fractions of a microsecond are dropped.
    pub fn record(&mut self, latency: Duration) {
        let value = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(value)] += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// How many latencies are recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest, or `None` where nothing is recorded.
    pub fn min(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_micros(self.min))
    }

    /// The longest, or `None` where nothing is recorded.
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_micros(self.max))
    }

    /// The mean, or `None` where nothing is recorded.
    pub fn mean(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_micros(self.sum / self.count))
    }

    /// The shortest latency that at least `percent` (0 to 100) of the recorded ones do not exceed
    /// (nearest rank), or `None` where nothing is recorded.
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let wanted = u128::from(self.count) * u128::from(percent.min(100));
        let rank = wanted.div_ceil(100).max(1);
        let mut seen = 0_u128;
        let index = self.counts.iter().position(|count| {
            seen += u128::from(*count);
            seen >= rank
        })?;
        // Clamped, so that a percentile never leaves what was recorded.
        Some(Duration::from_micros(
            middle(index).clamp(self.min, self.max),
        ))
    }

    /// Forgets everything, keeping the memory.
    pub fn reset(&mut self) {
        self.counts.fill(0);
        (self.count, self.sum, self.min, self.max) = (0, 0, u64::MAX, 0);
    }
}

impl Default for Latency {
    fn default() -> Self {
        Latency::new()
    }
}

/// The bucket of a value in microseconds.
///
/// The shift drops so many low bits that 64 to 127 is left; below 128 nothing is dropped. Each
/// dropped bit is an octave of 64 buckets further on.
fn bucket(value: u64) -> usize {
    let shift = (value | STEPS).ilog2() - STEPS_LOG2;
    let index = u64::from(shift) * STEPS + (value >> shift);
    (index as usize).min(BUCKETS - 1)
}

/// The value in the middle of a bucket, in microseconds: the inverse of [`bucket`].
fn middle(index: usize) -> u64 {
    let index = index as u64;
    let shift = (index / STEPS).saturating_sub(1);
    let first = (index - shift * STEPS) << shift;
    first + ((1 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_gapless_and_hold_their_middle() {
        let mut last = 0;
        for value in 0..200_000 {
            let index = bucket(value);
            assert!(index == last || index == last + 1, "a gap before {value}");
            last = index;
        }
        for index in 0..BUCKETS {
            assert_eq!(bucket(middle(index)), index);
        }
    }

    #[test]
    fn the_range_ends_above_a_hundred_seconds() {
        assert!(bucket(100_000_000) < BUCKETS - 1);
        assert_eq!(bucket((1 << 27) - 1), BUCKETS - 1);
        assert_eq!(bucket(1 << 27), BUCKETS - 1);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }
}
