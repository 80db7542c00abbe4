//! How often a source or a display was lost in a row: how long to wait then, and when to say so.

use std::time::Duration;

/// Pauses before what was lost is opened again: the first, doubled each time up to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(30));
/// What ran this long ran well.
const WELL: Duration = Duration::from_secs(30);

/// Losses in a row, each after less than [`WELL`].
#[derive(Debug)]
pub(crate) struct Losses {
    count: u32,
    /// Times that it did not open, each for another reason than before.
    refusals: u32,
    longest_pause: Duration,
}

impl Losses {
    /// None yet. `longest_pause` caps the pauses where it is shorter than usual.
    pub(crate) fn new(longest_pause: Option<Duration>) -> Losses {
        Losses {
            count: 0,
            refusals: 0,
            longest_pause: longest_pause.unwrap_or(PAUSES.1),
        }
    }

    /// Counts a loss of something that had run for `ran`.
    pub(crate) fn add(&mut self, ran: Duration) {
        if ran >= WELL {
            (self.count, self.refusals) = (0, 0);
        }
        self.count += 1;
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// How long to wait before it is opened again.
    pub(crate) fn pause(&self) -> Duration {
        let doublings = self.count.saturating_sub(1).min(16);
        (PAUSES.0 * 2_u32.pow(doublings)).min(self.longest_pause)
    }

    /// Whether the last one, or that it came back after it, is worth a line in the log: ever
    /// more rarely.
    pub(crate) fn is_worth_a_line(&self) -> bool {
        self.count == 0 || self.count.is_power_of_two()
    }

    /// Counts that it does not open, for another reason than before; whether that is worth a line.
    pub(crate) fn refuse(&mut self) -> bool {
        self.refusals += 1;
        self.refusals.is_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_the_source_runs_well() {
        let mut losses = Losses::new(None);
        let short = Duration::from_secs(2);
        let pauses: Vec<u128> = (0..9)
            .map(|_| {
                losses.add(short);
                losses.pause().as_millis()
            })
            .collect();
        let expected = [300, 600, 1200, 2400, 4800, 9600, 19_200, 30_000, 30_000];
        assert_eq!(pauses, expected);
        losses.add(WELL);
        assert_eq!((losses.count(), losses.pause()), (1, PAUSES.0));
        for _ in 0..100_000 {
            losses.add(short);
        }
        assert_eq!(losses.pause(), PAUSES.1);
    }

    /// A source that is lost at once, for a day.
    #[test]
    fn a_day_of_losses_is_a_few_lines() {
        let (mut losses, mut time, mut lines) = (Losses::new(None), Duration::ZERO, 0);
        while time < Duration::from_secs(24 * 3600) {
            losses.add(Duration::ZERO);
            lines += 2 * u32::from(losses.is_worth_a_line());
            time += losses.pause();
        }
        assert!(losses.count() < 3000 && lines < 30, "{losses:?}: {lines}");
    }

    #[test]
    fn reasons_that_change_all_day_are_a_few_lines() {
        let mut losses = Losses::new(None);
        let lines = (0..86_400).filter(|_| losses.refuse()).count();
        assert!((1..20).contains(&lines), "{lines}");
        losses.add(WELL);
        assert!(losses.refuse(), "it had run well");
    }
}
