//! Keeps a rate for sources that could give frames faster.

use std::time::Duration;

use face8x_core::frame::monotonic_now;

/// Says when the next frame is due.
#[derive(Debug)]
pub(super) struct Pace {
    /// Time from frame to frame; zero is unpaced.
    interval: Duration,
    due: Option<Duration>,
}

impl Pace {
    /// `fps` frames a second; 0 is unpaced.
    pub(super) fn new(fps: u32) -> Self {
        Pace::every(match fps {
            0 => Duration::ZERO,
            fps => Duration::from_secs(1) / fps,
        })
    }

    /// A frame every `interval`; zero is unpaced.
    pub(super) fn every(interval: Duration) -> Self {
        Pace {
            interval,
            due: None,
        }
    }

    /// Waits until the next frame is due, at most `timeout`; whether it is. A caller that is more
    /// than one frame late does not catch up.
    pub(super) fn wait(&mut self, timeout: Duration) -> bool {
        if self.interval.is_zero() {
            return true;
        }
        let now = monotonic_now();
        let due = self.due.unwrap_or(now);
        let early = due.saturating_sub(now);
        if early > timeout {
            std::thread::sleep(timeout);
            return false;
        }
        std::thread::sleep(early);
        let late = now.saturating_sub(due) > self.interval;
        self.due = Some(if late { now } else { due } + self.interval);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_no_faster_than_asked() {
        let mut pace = Pace::new(200);
        let start = monotonic_now();
        for _ in 0..5 {
            assert!(pace.wait(Duration::from_secs(1)));
        }
        assert!(monotonic_now() - start >= Duration::from_millis(20));
    }

    #[test]
    fn a_frame_that_is_not_due_in_time_is_not_given() {
        let mut pace = Pace::new(1);
        assert!(pace.wait(Duration::ZERO));
        assert!(!pace.wait(Duration::ZERO));
        assert!(!pace.wait(Duration::from_millis(1)));
    }

    #[test]
    fn zero_is_unpaced() {
        let mut pace = Pace::new(0);
        assert!((0..1000).all(|_| pace.wait(Duration::ZERO)));
    }
}
