//! The loop's side: when the next fault comes, whether the last one was recovered from, how long
//! nothing was shown, how memory goes.

use std::time::{Duration, Instant};

use super::jpeg;
use super::plan::{Kind, Plan, Planned, Random};
use super::script::{Counts, Script};
use face8x::host::board;
use face8x::host::status::{Fault, Figures};
use face8x::pipeline::{LoopStep, Pipeline};

/// Pictures between two looks at the memory.
const SAMPLE_EVERY: u64 = 1000;

/// A fault that struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Struck {
    pub kind: Kind,
    /// From the fault to the recovery; `None` where there was none.
    pub took: Option<Duration>,
}

/// A fault under way.
struct Pending {
    fault: Planned,
    since: Instant,
    before: Figures,
}

/// What the loop watches.
pub struct Watch {
    plan: Plan,
    next: Option<Planned>,
    /// The number of shown pictures at which the next fault comes.
    at: u64,
    pending: Option<Pending>,
    patience: Duration,
    /// When a picture was last shown.
    shown: Instant,
    pub longest_stall: Duration,
    pub struck: Vec<Struck>,
    /// Pictures shown and resident bytes, at most one a thousand pictures and none during a fault.
    pub memory: Vec<(u64, u64)>,
    pub frames: u64,
    /// Nothing was shown, or a fault lasted, for longer than the patience.
    pub stuck: bool,
}

impl Watch {
    /// A watch that takes a fault for ever after `patience`.
    pub fn new(mut plan: Plan, patience: Duration) -> Watch {
        let next = plan.next();
        Watch {
            at: next.map_or(0, |fault| fault.after),
            plan,
            next,
            pending: None,
            patience,
            shown: Instant::now(),
            longest_stall: Duration::ZERO,
            struck: Vec::new(),
            memory: Vec::new(),
            frames: 0,
            stuck: false,
        }
    }

    /// After each turn of the loop.
    pub fn after(&mut self, turn: LoopStep, pipeline: &Pipeline, script: &Script) {
        let now = Instant::now();
        let handled = pipeline.taken() + pipeline.skipped();
        let (counts, struck) = script.look(handled);
        if turn == LoopStep::Shown {
            self.frames += 1;
            if self.frames > 1 {
                self.longest_stall = self.longest_stall.max(now - self.shown);
            }
            self.shown = now;
        }
        self.stuck |= now - self.shown > self.patience;
        match &self.pending {
            Some(pending) => {
                let recovered = struck.is_some_and(|struck| {
                    is_over(pending, turn, struck, counts, &pipeline.figures())
                });
                let took = now - pending.since;
                if recovered || took > self.patience {
                    self.stuck |= !recovered;
                    self.struck.push(Struck {
                        kind: pending.fault.kind,
                        took: recovered.then_some(took),
                    });
                    self.pending = None;
                    self.next = self.plan.next();
                    self.at = self.frames + self.next.map_or(0, |fault| fault.after);
                }
            }
            None => {
                self.sample();
                if let Some(fault) = self.next.filter(|_| self.frames >= self.at) {
                    self.pending = Some(Pending {
                        fault,
                        since: now,
                        before: pipeline.figures(),
                    });
                    script.arm(fault);
                }
            }
        }
    }

    /// Whether no fault is under way.
    pub fn is_calm(&self) -> bool {
        self.pending.is_none()
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
    turn: LoopStep,
    struck: Counts,
    counts: Counts,
    figures: &Figures,
) -> bool {
    let grown = |fault| figures.faults.count(fault) > pending.before.faults.count(fault);
    let shown = turn == LoopStep::Shown;
    // A picture of a frame that was given after the fault.
    let fresh = shown && counts.handled > struck.given;
    let slow = |figures: &Figures| {
        let within = figures.latency.cumulative().last().map_or(0, |last| last.1);
        figures.latency.count() - within
    };
    match pending.fault.kind {
        Kind::CameraLost | Kind::CameraHung | Kind::LowMemory => {
            fresh && grown(Fault::CameraLost) && counts.sources > struck.sources
        }
        Kind::DamagedJpeg | Kind::ShortFrame => {
            let plain = pending.fault.kind == Kind::ShortFrame
                || jpeg::is_plain(Random::new(pending.fault.strength));
            let noticed = grown(Fault::FrameCorrupt) || !plain;
            fresh && noticed && counts.handled > struck.given + 1
        }
        // The jump and the way back, without a latency of hours.
        Kind::ClockJump => {
            fresh
                && grown(Fault::ClockJump)
                && counts.handled > struck.given + 25
                && slow(figures) == slow(&pending.before)
        }
        Kind::DetectorStalled => {
            shown && counts.stalls > struck.stalls && counts.searches > struck.searches + 1
        }
        Kind::DetectorFailed => {
            shown && grown(Fault::SearchFailed) && counts.searches > struck.searches
        }
        Kind::DisplayLost => {
            shown && grown(Fault::DisplayLost) && counts.displays > struck.displays
        }
    }
}
