//! What the loop and the faulty parts, on three threads, share: the fault to inject, and counters.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use face8x_core::{Error, ErrorKind, Result};

use crate::faults::{FaultKind, InjectedFault};

/// Frames that the source may be ahead of the work thread: enough that some are skipped.
const AHEAD: u64 = 2;

/// The counters of the faulty parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Frames that the source delivered.
    pub(crate) delivered: u64,
    /// Frames that the work thread took or that were skipped before it did.
    pub(crate) handled: u64,
    /// How often a source and a display were opened.
    pub(crate) sources: u64,
    pub(crate) displays: u64,
    /// Searches that succeeded, and those that stalled while pictures went on.
    pub(crate) searches: u64,
    pub(crate) stalls: u64,
}

#[derive(Debug, Default)]
struct InjectorState {
    counts: Counts,
    /// The fault that waits for the part that it concerns.
    armed: Option<InjectedFault>,
    /// The counts when the last fault was injected.
    at_fault: Option<Counts>,
    /// How many attempts to open the part fail from now on.
    source_refusals: u64,
    display_refusals: u64,
    no_memory: bool,
}

/// Passes faults from the loop to the parts, and counts from the parts to the loop.
#[derive(Debug, Default)]
pub(crate) struct Injector {
    state: Mutex<InjectorState>,
    changed: Condvar,
}

impl Injector {
    fn lock(&self) -> MutexGuard<'_, InjectorState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop: this fault is next.
    pub(crate) fn arm(&self, fault: InjectedFault) {
        let mut state = self.lock();
        (state.armed, state.at_fault) = (Some(fault), None);
    }

    /// The loop: so many frames were handled. Returns the counts, and those at the time of the fault
    /// once it was injected.
    pub(crate) fn update(&self, handled: u64) -> (Counts, Option<Counts>) {
        let mut state = self.lock();
        state.counts.handled = handled;
        let counts = (state.counts, state.at_fault);
        drop(state);
        self.changed.notify_all();
        counts
    }

    /// A part: the fault to inject now, if it is one of `kinds`.
    pub(crate) fn take(&self, kinds: &[FaultKind]) -> Option<InjectedFault> {
        let mut state = self.lock();
        let fault = state.armed.filter(|fault| kinds.contains(&fault.kind))?;
        state.armed = None;
        state.at_fault = Some(state.counts);
        match fault.kind {
            FaultKind::CameraLost => state.source_refusals = fault.severity % 3,
            FaultKind::LowMemory => state.source_refusals = 1 + fault.severity % 2,
            FaultKind::DisplayLost => state.display_refusals = fault.severity % 2,
            _ => {}
        }
        state.no_memory = fault.kind == FaultKind::LowMemory;
        Some(fault)
    }

    /// The source: waits until there is room for another frame, or with `alone` until the work
    /// thread has handled all. False when `timeout` is over.
    pub(crate) fn wait_for_room(&self, alone: bool, timeout: Duration) -> bool {
        let ahead = if alone { 1 } else { AHEAD };
        let full =
            |state: &mut InjectorState| state.counts.delivered >= state.counts.handled + ahead;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), timeout, full)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.1.timed_out()
    }

    /// The source: one more frame was delivered.
    pub(crate) fn delivered(&self) {
        self.lock().counts.delivered += 1;
    }

    /// The detector: frames that the work thread has handled.
    pub(crate) fn handled(&self) -> u64 {
        self.lock().counts.handled
    }

    /// The detector: pictures went on while it stalled.
    pub(crate) fn stalled(&self) {
        self.lock().counts.stalls += 1;
    }

    /// The detector: one more search succeeded.
    pub(crate) fn searched(&self) {
        self.lock().counts.searches += 1;
    }

    /// What opens the source: whether it may open.
    pub(crate) fn open_source(&self) -> Result<()> {
        let mut state = self.lock();
        if state.source_refusals > 0 {
            state.source_refusals -= 1;
            return Err(match state.no_memory {
                true => no_memory(),
                false => device_error("the camera is not connected"),
            });
        }
        state.counts.sources += 1;
        Ok(())
    }

    /// What opens the display: whether it may open.
    pub(crate) fn open_display(&self) -> Result<()> {
        let mut state = self.lock();
        if state.display_refusals > 0 {
            state.display_refusals -= 1;
            return Err(device_error("the display is not connected"));
        }
        state.counts.displays += 1;
        Ok(())
    }
}

/// An injected failure of a device.
pub(crate) fn device_error(what: &str) -> Error {
    Error::new(ErrorKind::Device, format!("{what} (injected)"))
}

/// What a capture thread reports when the system has no memory for its buffers.
pub(crate) fn no_memory() -> Error {
    let source = rustix::io::Errno::NOMEM.into();
    Error::io("cannot map the capture buffers (injected)", source)
}
