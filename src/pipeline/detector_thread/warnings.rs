//! Warnings that must not fill the log.

use std::fmt::Arguments;
use std::time::{Duration, Instant};

/// At most one message in this time.
const INTERVAL: Duration = Duration::from_secs(60);

/// A warning that is logged at most once a minute, with the number of those that were not.
#[derive(Default)]
pub(super) struct RateLimitedWarning {
    last: Option<Instant>,
    pub(super) suppressed: u64,
}

impl RateLimitedWarning {
    /// Logs `message` at the time `now`, or counts it.
    pub(super) fn warn(&mut self, now: Instant, message: Arguments<'_>) {
        if self.last.is_some_and(|last| now - last < INTERVAL) {
            self.suppressed += 1;
            return;
        }
        log::warn!(
            "{message} ({} more since the last message)",
            self.suppressed
        );
        *self = RateLimitedWarning {
            last: Some(now),
            suppressed: 0,
        };
    }
}
