//! From edges to presses: debounced by time, short or long.

use std::time::Duration;

/// A level counts when it has lasted this long: contacts bounce for 1 to 10 ms.
pub(super) const SETTLE: Duration = Duration::from_millis(20);
/// A press that lasts this long is a long one.
pub(super) const LONG: Duration = Duration::from_millis(700);

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// Reported when the button is released.
    Short,
    /// Reported while the button is still held.
    Long,
}

/// The state of a button. Times are of one clock that does not run backwards.
#[derive(Debug, Clone)]
pub(super) struct Presses {
    /// The level after the last edge, and when that was.
    level: bool,
    since: Duration,
    state: PressState,
}

/// What counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PressState {
    Up,
    /// Since this time; not long yet.
    Down(Duration),
    /// The press was reported already, or began before the button was watched.
    Held,
}

impl Presses {
    /// A button that is down at the start is stuck or wired the other way round: it counts once it
    /// was let go.
    pub(crate) fn new(pressed: bool) -> Presses {
        Presses {
            level: pressed,
            since: Duration::ZERO,
            state: if pressed {
                PressState::Held
            } else {
                PressState::Up
            },
        }
    }

    /// The level after the last edge.
    pub(crate) fn level(&self) -> bool {
        self.level
    }

    /// The level has become `pressed`, or has bounced to it.
    pub(crate) fn edge(&mut self, pressed: bool, at: Duration) -> Option<Press> {
        let press = self.time(at);
        self.level = pressed;
        self.since = at;
        press
    }

    /// Time has passed without an edge.
    pub(crate) fn time(&mut self, now: Duration) -> Option<Press> {
        let settled = now.saturating_sub(self.since) >= SETTLE;
        match self.state {
            PressState::Up if self.level && settled => {
                self.state = PressState::Down(self.since);
                self.time(now)
            }
            PressState::Down(_) if !self.level && settled => {
                self.state = PressState::Up;
                Some(Press::Short)
            }
            PressState::Held if !self.level && settled => {
                self.state = PressState::Up;
                None
            }
            // A release that has not settled may be a bounce.
            PressState::Down(begin) if self.level && now.saturating_sub(begin) >= LONG => {
                self.state = PressState::Held;
                Some(Press::Long)
            }
            _ => None,
        }
    }

    /// When [`time`](Presses::time) has something to do, if no edge comes before.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match (self.state, self.level) {
            (PressState::Up, true) | (PressState::Down(_) | PressState::Held, false) => {
                Some(self.since + SETTLE)
            }
            (PressState::Down(begin), true) => Some(begin + LONG),
            (PressState::Up, false) | (PressState::Held, true) => None,
        }
    }
}
