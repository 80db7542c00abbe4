//! What the loop and the faulty parts, on their three threads, know of each other.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::plan::{Kind, Planned};
use face8x_core::Error;

/// Frames that the source may be ahead of the work thread: enough that some are skipped.
const AHEAD: u64 = 2;

/// The counters of the faulty parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Frames that the source gave.
    pub given: u64,
    /// Frames that the work thread took or that were skipped before it did.
    pub handled: u64,
    /// How often a source and a display were opened.
    pub sources: u64,
    pub displays: u64,
    /// Searches that ended well, and those that stalled while pictures went on.
    pub searches: u64,
    pub stalls: u64,
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    /// Waits for its part to come by.
    armed: Option<Planned>,
    /// The counts when the last fault struck.
    struck: Option<Counts>,
    /// Openings that fail from now on, and why.
    source_refusals: u64,
    display_refusals: u64,
    no_memory: bool,
}

/// The meeting place.
#[derive(Debug, Default)]
pub struct Script {
    state: Mutex<State>,
    changed: Condvar,
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop: this fault is to come.
    pub fn arm(&self, fault: Planned) {
        let mut state = self.lock();
        (state.armed, state.struck) = (Some(fault), None);
    }

    /// The loop: so many frames were handled. Gives the counts, and those at the time the fault
    /// struck, once it has.
    pub fn look(&self, handled: u64) -> (Counts, Option<Counts>) {
        let mut state = self.lock();
        state.counts.handled = handled;
        let looked = (state.counts, state.struck);
        drop(state);
        self.changed.notify_all();
        looked
    }

    /// A part: the fault that strikes now, if it is one of `kinds`.
    pub fn strike(&self, kinds: &[Kind]) -> Option<Planned> {
        let mut state = self.lock();
        let fault = state.armed.filter(|fault| kinds.contains(&fault.kind))?;
        state.armed = None;
        state.struck = Some(state.counts);
        match fault.kind {
            Kind::CameraLost => state.source_refusals = fault.strength % 3,
            Kind::LowMemory => state.source_refusals = 1 + fault.strength % 2,
            Kind::DisplayLost => state.display_refusals = fault.strength % 2,
            _ => {}
        }
        state.no_memory = fault.kind == Kind::LowMemory;
        Some(fault)
    }

    /// The source: waits until there is room for another frame, or with `alone` until the work
    /// thread has handled all. False when `timeout` is over.
    pub fn wait_for_room(&self, alone: bool, timeout: Duration) -> bool {
        let ahead = if alone { 1 } else { AHEAD };
        let full = |state: &mut State| state.counts.given >= state.counts.handled + ahead;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), timeout, full)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.1.timed_out()
    }

    /// The source: one more frame was given.
    pub fn gave(&self) {
        self.lock().counts.given += 1;
    }

    /// The detector: frames that the work thread has handled.
    pub fn handled(&self) -> u64 {
        self.lock().counts.handled
    }

    /// The detector: pictures went on while it stalled.
    pub fn stalled(&self) {
        self.lock().counts.stalls += 1;
    }

    /// The detector: one more search ended well.
    pub fn searched(&self) {
        self.lock().counts.searches += 1;
    }

    /// The opener of the source: whether it may open.
    pub fn open_source(&self) -> crate::Result<()> {
        let mut state = self.lock();
        if state.source_refusals > 0 {
            state.source_refusals -= 1;
            return Err(match state.no_memory {
                true => no_memory(),
                false => Error::other("the camera is not there (injected)"),
            });
        }
        state.counts.sources += 1;
        Ok(())
    }

    /// The opener of the display: whether it may open.
    pub fn open_display(&self) -> crate::Result<()> {
        let mut state = self.lock();
        if state.display_refusals > 0 {
            state.display_refusals -= 1;
            return Err(Error::other("the display is not there (injected)"));
        }
        state.counts.displays += 1;
        Ok(())
    }
}

/// What a capture thread says when the system has no memory for its buffers.
pub fn no_memory() -> Error {
    let why = std::io::Error::from(rustix::io::Errno::NOMEM);
    Error::other(format!("cannot map the capture buffers: {why} (injected)"))
}
