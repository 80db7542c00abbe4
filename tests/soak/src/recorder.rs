//! The loop's side: when the next fault comes, whether the pipeline recovered from the last one, how
//! long nothing was shown, how much memory is used.

use std::time::{Duration, Instant};

use face8x::internals::host::board;
use face8x::internals::host::{Fault, RunCounters};
use face8x::internals::pipeline::{LoopStep, Pipeline};

use crate::faults::{FaultKind, FaultSchedule, InjectedFault, SplitMix64};
use crate::injector::{Counts, Injector};
use crate::jpeg;

/// Pictures between two samples of the memory.
const SAMPLE_EVERY: u64 = 1000;

/// A fault that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Injected {
    pub(crate) kind: FaultKind,
    /// From the fault to the recovery; `None` where there was none.
    pub(crate) recovery: Option<Duration>,
}

/// A fault under way.
struct Pending {
    fault: InjectedFault,
    since: Instant,
    before: RunCounters,
}

/// What happened so far.
pub(crate) struct Recorder {
    schedule: FaultSchedule,
    next: Option<InjectedFault>,
    /// The number of shown pictures at which the next fault comes.
    at: u64,
    pending: Option<Pending>,
    timeout: Duration,
    /// When a picture was last shown.
    shown: Instant,
    pub(crate) longest_stall: Duration,
    pub(crate) injected: Vec<Injected>,
    /// Pictures shown and resident bytes, at most one a thousand pictures and none during a fault.
    pub(crate) memory: Vec<(u64, u64)>,
    pub(crate) frames: u64,
    /// Nothing was shown, or a fault lasted, for longer than the timeout.
    pub(crate) stuck: bool,
}

impl Recorder {
    /// A recorder that takes a fault as permanent after `timeout`.
    pub(crate) fn new(mut schedule: FaultSchedule, timeout: Duration) -> Recorder {
        let next = schedule.next();
        Recorder {
            at: next.map_or(0, |fault| fault.after),
            schedule,
            next,
            pending: None,
            timeout,
            shown: Instant::now(),
            longest_stall: Duration::ZERO,
            injected: Vec::new(),
            memory: Vec::new(),
            frames: 0,
            stuck: false,
        }
    }

    /// After each step of the loop.
    pub(crate) fn after(&mut self, step: LoopStep, pipeline: &Pipeline, injector: &Injector) {
        let now = Instant::now();
        let (counts, at_fault) = injector.update(pipeline.taken() + pipeline.skipped());
        if step == LoopStep::Shown {
            self.frames += 1;
            if self.frames > 1 {
                self.longest_stall = self.longest_stall.max(now - self.shown);
            }
            self.shown = now;
        }
        self.stuck |= now - self.shown > self.timeout;
        let Some(pending) = &self.pending else {
            self.sample();
            if let Some(fault) = self.next.filter(|_| self.frames >= self.at) {
                self.pending = Some(Pending {
                    fault,
                    since: now,
                    before: pipeline.figures(),
                });
                injector.arm(fault);
            }
            return;
        };
        let recovered = at_fault
            .is_some_and(|at_fault| is_over(pending, step, at_fault, counts, &pipeline.figures()));
        let took = now - pending.since;
        if recovered || took > self.timeout {
            self.stuck |= !recovered;
            self.injected.push(Injected {
                kind: pending.fault.kind,
                recovery: recovered.then_some(took),
            });
            self.pending = None;
            self.next = self.schedule.next();
            self.at = self.frames + self.next.map_or(0, |fault| fault.after);
        }
    }

    /// Whether so many pictures were shown, so many faults were injected and the last is over.
    pub(crate) fn is_done(&self, frames: u64, faults: usize) -> bool {
        self.frames >= frames && self.injected.len() >= faults && self.pending.is_none()
    }

    fn sample(&mut self) {
        let last = self.memory.last().map_or(0, |(frames, _)| *frames);
        if self.frames >= last + SAMPLE_EVERY
            && let Some(resident) = board::own_memory().resident
        {
            self.memory.push((self.frames, resident));
        }
    }
}

/// Whether the pipeline has noticed the fault and everything is again as it was before.
fn is_over(
    pending: &Pending,
    step: LoopStep,
    at_fault: Counts,
    counts: Counts,
    figures: &RunCounters,
) -> bool {
    let grown = |fault| figures.faults.count(fault) > pending.before.faults.count(fault);
    let shown = step == LoopStep::Shown;
    // A picture of a frame that was read after the fault.
    let fresh = shown && counts.handled > at_fault.delivered;
    let slow = |figures: &RunCounters| {
        let within = figures.latency.cumulative().last().map_or(0, |last| last.1);
        figures.latency.count() - within
    };
    match pending.fault.kind {
        FaultKind::CameraLost | FaultKind::CameraHung | FaultKind::LowMemory => {
            fresh && grown(Fault::CameraLost) && counts.sources > at_fault.sources
        }
        FaultKind::DamagedJpeg | FaultKind::ShortFrame => {
            let plain = pending.fault.kind == FaultKind::ShortFrame
                || jpeg::is_plain(SplitMix64::new(pending.fault.severity));
            let noticed = grown(Fault::FrameCorrupt) || !plain;
            fresh && noticed && counts.handled > at_fault.delivered + 1
        }
        // The jump and the jump back, without a latency of hours.
        FaultKind::ClockJump => {
            fresh
                && grown(Fault::ClockJump)
                && counts.handled > at_fault.delivered + 25
                && slow(figures) == slow(&pending.before)
        }
        FaultKind::DetectorStalled => {
            shown && counts.stalls > at_fault.stalls && counts.searches > at_fault.searches + 1
        }
        FaultKind::DetectorFailed => {
            shown && grown(Fault::SearchFailed) && counts.searches > at_fault.searches
        }
        FaultKind::DisplayLost => {
            shown && grown(Fault::DisplayLost) && counts.displays > at_fault.displays
        }
    }
}
