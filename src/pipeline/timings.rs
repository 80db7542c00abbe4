//! How long each stage of the work thread takes.

use std::time::Instant;

use crate::stats::Latency;

/// A stage of the work thread, in the order of the dataflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// MJPG to RGB; nothing for other formats.
    Decode,
    /// Reduce to luma.
    Convert,
    /// Follow the faces; hand the plane to the locator thread.
    Locate,
    /// Frame to 16x16, all faces.
    Align,
    /// 16x16 to 128x128, all faces.
    Restore,
    /// Draw the view.
    Compose,
    /// Hand the picture to the display.
    Present,
}

impl Stage {
    /// Every stage, in the order of the dataflow.
    pub const ALL: [Stage; 7] = [
        Stage::Decode,
        Stage::Convert,
        Stage::Locate,
        Stage::Align,
        Stage::Restore,
        Stage::Compose,
        Stage::Present,
    ];

    /// Its name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Decode => "decode",
            Stage::Convert => "convert",
            Stage::Locate => "locate",
            Stage::Align => "align",
            Stage::Restore => "restore",
            Stage::Compose => "compose",
            Stage::Present => "present",
        }
    }
}

/// One recorder a stage; nothing is allocated after creation.
#[derive(Debug, Clone)]
pub struct Timings {
    stages: [Latency; Stage::ALL.len()],
}

impl Timings {
    /// Empty recorders.
    pub fn new() -> Self {
        Timings {
            stages: std::array::from_fn(|_| Latency::new()),
        }
    }

    /// Runs `work` and records its time as that of `stage`.
    pub fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.stages[stage as usize].record(start.elapsed());
        result
    }

    /// The times of `stage`.
    pub fn stage(&self, stage: Stage) -> &Latency {
        &self.stages[stage as usize]
    }
}

impl Default for Timings {
    fn default() -> Self {
        Timings::new()
    }
}
