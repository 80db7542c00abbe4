//! What a run counts, for the overlay and the JSON lines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board;
use crate::capture::{Capture, State};
use crate::compose::Status;
use crate::frame::monotonic_now;
use crate::pipeline::{FacePath, Output};
use crate::stats::{FpsMeter, Latency};

/// Counters of a run.
pub struct Meter {
    pub started: Instant,
    /// The source as it describes itself; of the last one while it is lost.
    pub source: Arc<str>,
    /// Pictures that were shown, and those of them with a face.
    pub frames: u64,
    pub face_frames: u64,
    /// Frames that could not be decoded or were too short.
    pub corrupt: u64,
    pub fps: FpsMeter,
    pub latency: Latency,
    pub last_latency: Duration,
    temperature: Option<f32>,
}

impl Meter {
    pub fn new(source: Arc<str>) -> Meter {
        Meter {
            started: Instant::now(),
            source,
            frames: 0,
            face_frames: 0,
            corrupt: 0,
            fps: FpsMeter::new(),
            latency: Latency::new(),
            last_latency: Duration::ZERO,
            temperature: board::temperature(),
        }
    }

    /// Counts a picture that the display has now, made of a frame of `timestamp`.
    pub fn shown(&mut self, timestamp: Duration, faces: usize) {
        self.frames += 1;
        self.face_frames += u64::from(faces > 0);
        self.fps.tick(Instant::now());
        self.last_latency = monotonic_now().saturating_sub(timestamp);
        self.latency.record(self.last_latency);
    }

    /// Once a second: what changes slowly.
    pub fn look_around(&mut self, capture: &Capture) {
        if let State::Running(source) = capture.state() {
            self.source = source;
        }
        self.temperature = board::temperature();
    }

    /// The values of the overlay text.
    pub fn status<'a>(
        &'a self,
        capture: &Capture,
        faces: &'a FacePath,
        output: &'a Output,
    ) -> Status<'a> {
        Status {
            fps: self.fps.fps(Instant::now()) as f32,
            latency: self.last_latency,
            skipped: capture.skipped(),
            restorer: faces.restorer(),
            source: &self.source,
            sink: output.describe(),
            temperature: self.temperature,
            running: self.started.elapsed(),
        }
    }
}
