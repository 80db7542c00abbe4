//! How long each stage of the work thread takes.

use std::time::{Duration, Instant};

use crate::Result;
use crate::stats::Latency;
use face8x_core::frame::monotonic_now;

/// A stage of the work thread, in the order of the dataflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Wait for the newest frame: what is left of the camera's interval. No part of the latency.
    Wait,
    /// From the frame's timestamp until the work thread has it.
    Capture,
    /// MJPG to RGB; nothing for other formats.
    Decode,
    /// Reduce to luma.
    Convert,
    /// Follow the faces; hand the plane to the detector thread.
    Locate,
    /// Frame to 16x16, all faces.
    Align,
    /// 16x16 to 128x128, all faces.
    Restore,
    /// The camera's own pixels, of this and the last frames, all faces.
    Backproject,
    /// Draw the view.
    Compose,
    /// Hand the picture to the display.
    Present,
    /// From the timestamp of the frame before until the display began to show it, where the display
    /// reports that: no part of this frame's latency.
    ScanOut,
}

impl Stage {
    /// Every stage, in the order of the dataflow.
    pub const ALL: [Stage; 11] = [
        Stage::Wait,
        Stage::Capture,
        Stage::Decode,
        Stage::Convert,
        Stage::Locate,
        Stage::Align,
        Stage::Restore,
        Stage::Backproject,
        Stage::Compose,
        Stage::Present,
        Stage::ScanOut,
    ];

    /// Its name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Wait => "wait",
            Stage::Capture => "capture",
            Stage::Decode => "decode",
            Stage::Convert => "convert",
            Stage::Locate => "locate",
            Stage::Align => "align",
            Stage::Restore => "restore",
            Stage::Backproject => "backproject",
            Stage::Compose => "compose",
            Stage::Present => "present",
            Stage::ScanOut => "scan-out",
        }
    }
}

/// One recorder a stage; nothing is allocated after creation.
#[derive(Debug, Clone)]
pub struct Timings {
    stages: [Latency; Stage::ALL.len()],
    last: [Option<Duration>; Stage::ALL.len()],
}

impl Timings {
    /// Empty recorders.
    ///
    /// # Errors
    /// As those of [`Latency::new`].
    pub fn new() -> Result<Self> {
        let empty = Latency::new()?;
        Ok(Timings {
            stages: std::array::from_fn(|_| empty.clone()),
            last: [None; Stage::ALL.len()],
        })
    }

    /// Runs `work` and records its time as that of `stage`.
    pub fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.record(stage, start.elapsed());
        result
    }

    /// Records the time of `stage`.
    pub fn record(&mut self, stage: Stage, time: Duration) {
        self.stages[stage as usize].record(time);
        self.last[stage as usize] = Some(time);
    }

    /// A new frame begins, which was waited for since `asked` and has this timestamp. It has been in
    /// no other stage yet.
    pub fn begin_frame(&mut self, asked: Duration, timestamp: Duration) {
        let now = monotonic_now();
        self.last = [None; Stage::ALL.len()];
        self.record(Stage::Wait, now.saturating_sub(asked));
        self.record(Stage::Capture, now.saturating_sub(timestamp));
    }

    /// The time of `stage` in the last frame, to the clock's resolution; `None` where the frame
    /// was not in it.
    pub fn last(&self, stage: Stage) -> Option<Duration> {
        self.last[stage as usize]
    }

    /// The times of `stage`.
    pub fn stage(&self, stage: Stage) -> &Latency {
        &self.stages[stage as usize]
    }
}
