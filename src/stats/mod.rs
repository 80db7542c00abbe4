//! Figures of a run: latency percentiles and histogram, frames a second, and the JSON lines of `--json`.
//!
//! The recorders have a fixed size and allocate only when they are made.

use std::time::{Duration, Instant};

mod histogram;
mod latency;
mod summary;
#[cfg(test)]
mod tests;

pub(crate) use histogram::Histogram;
pub(crate) use latency::Latency;
pub use summary::Event;
pub(crate) use summary::{LastFault, Percentiles, Summary};

/// Frames a second over the last second.
///
/// It keeps the last 256 times, so above 255 frames a second the span is shorter than a second.
#[derive(Debug, Clone)]
pub(crate) struct FpsMeter {
    times: Box<[Instant; FpsMeter::KEPT]>,
    /// How many of `times` are set.
    filled: usize,
    /// Where the next time goes.
    next: usize,
}

impl FpsMeter {
    const KEPT: usize = 256;
    const SPAN: Duration = Duration::from_secs(1);

    /// A meter that has seen no frame.
    pub(crate) fn new() -> FpsMeter {
        FpsMeter {
            times: Box::new([Instant::now(); FpsMeter::KEPT]),
            filled: 0,
            next: 0,
        }
    }

    /// Counts a frame. Times that run backwards count as no time passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.times[self.next] = now;
        self.next = (self.next + 1) % FpsMeter::KEPT;
        self.filled = (self.filled + 1).min(FpsMeter::KEPT);
    }

    /// Frames a second as of `now`; 0 before the second frame and when frames have stopped coming.
    ///
    /// It is the number of intervals between the frames of the last second, divided by the time
    /// that they took, so that it is not rounded to whole frames. A frame that is overdue lowers it.
    pub(crate) fn fps(&self, now: Instant) -> f64 {
        if self.filled < 2 {
            return 0.0;
        }
        let newest = self.back(0);
        let mut intervals = 1;
        while intervals + 1 < self.filled
            && newest.saturating_duration_since(self.back(intervals)) < FpsMeter::SPAN
        {
            intervals += 1;
        }
        let taken = newest.saturating_duration_since(self.back(intervals));
        let interval = taken / intervals as u32;
        let silence = now.saturating_duration_since(newest);
        if silence > FpsMeter::SPAN.max(interval * 2) {
            return 0.0;
        }
        let overdue = silence.saturating_sub(interval);
        let seconds = (taken + overdue).as_secs_f64();
        if seconds > 0.0 {
            intervals as f64 / seconds
        } else {
            0.0
        }
    }

    /// The time of the frame `frames` before the newest.
    fn back(&self, frames: usize) -> Instant {
        self.times[(self.next + 2 * FpsMeter::KEPT - 1 - frames) % FpsMeter::KEPT]
    }
}

impl Default for FpsMeter {
    fn default() -> Self {
        FpsMeter::new()
    }
}
