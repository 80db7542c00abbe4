//! What a run counts, for the overlay and the JSON lines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::capture::{Capture, CaptureState};
use crate::compose::InfoValues;
use crate::host::board;
use crate::host::status::{Fault, Faults, Part, RunCounters};
use crate::pipeline::{FaceStage, Output};
use crate::stats::{FpsMeter, Histogram, LastFault, Latency};
use face8x_core::frame::monotonic_now;

/// Counters of a run.
pub(super) struct Meter {
    pub started: Instant,
    /// The source as it describes itself; of the last one while it is lost.
    pub source: Arc<str>,
    /// Frames that were taken from the source.
    pub taken: u64,
    /// Pictures that were shown, and those of them with a face.
    pub frames: u64,
    pub face_frames: u64,
    /// Frames that could not be decoded or were too short.
    pub corrupt: u64,
    pub fps: FpsMeter,
    pub latency: Latency,
    /// Those since the last report.
    pub last_second: Latency,
    histogram: Histogram,
    /// When the first and the last picture were shown.
    first: Option<Instant>,
    shown: Option<Instant>,
    pub last_latency: Duration,
    pub(super) temperature: Option<f32>,
    /// The newest thing that went wrong, and when.
    fault: Option<(Instant, Arc<str>)>,
}

impl Meter {
    /// A meter that has seen no frame of this source.
    ///
    /// # Errors
    /// As those of [`Latency::new`].
    pub(super) fn new(source: Arc<str>) -> Result<Meter> {
        Ok(Meter {
            started: Instant::now(),
            source,
            taken: 0,
            frames: 0,
            face_frames: 0,
            corrupt: 0,
            fps: FpsMeter::new(),
            latency: Latency::new()?,
            last_second: Latency::new()?,
            histogram: Histogram::default(),
            first: None,
            shown: None,
            last_latency: Duration::ZERO,
            temperature: board::temperature(),
            fault: None,
        })
    }

    /// Counts a picture that the display has now, made of a frame of `timestamp`.
    pub(super) fn shown(&mut self, timestamp: Duration, faces: usize) {
        self.frames += 1;
        self.face_frames += u64::from(faces > 0);
        let now = Instant::now();
        self.fps.tick(now);
        self.first.get_or_insert(now);
        self.shown = Some(now);
        self.last_latency = monotonic_now().saturating_sub(timestamp);
        self.latency.record(self.last_latency);
        self.last_second.record(self.last_latency);
        self.histogram.record(self.last_latency);
    }

    /// Frames a second from the first picture to the last.
    pub(super) fn mean_fps(&self) -> f64 {
        let first_to_last = self.first.zip(self.shown);
        let span = first_to_last.map_or(Duration::ZERO, |(first, last)| last - first);
        match self.frames {
            0 => 0.0,
            frames if frames > 1 && !span.is_zero() => (frames - 1) as f64 / span.as_secs_f64(),
            frames => frames as f64 / self.started.elapsed().as_secs_f64(),
        }
    }

    /// Once a second: what changes slowly.
    pub(super) fn refresh(&mut self, capture: &Capture, output: &Output) {
        if let CaptureState::Running(source) = capture.state() {
            self.source = source;
        }
        for (when, what) in [capture.fault(), output.fault()].into_iter().flatten() {
            self.note(when, what);
        }
        self.temperature = board::temperature();
    }

    /// Keeps a fault that is newer than the last.
    pub(super) fn note(&mut self, when: Instant, what: Arc<str>) {
        if self.fault.as_ref().is_none_or(|(newest, _)| *newest < when) {
            self.fault = Some((when, what));
        }
    }

    /// The newest fault.
    pub(super) fn last_fault(&self) -> Option<LastFault<'_>> {
        self.fault.as_ref().map(|(when, what)| LastFault {
            what,
            seconds_ago: when.elapsed().as_secs_f64(),
        })
    }

    /// The counters for the status and the metrics.
    pub(super) fn figures(
        &self,
        capture: &Capture,
        faces: &FaceStage,
        output: &Output,
    ) -> RunCounters {
        let faults = Faults::default()
            .set(Fault::CameraLost, capture.lost())
            .set(Fault::FrameCorrupt, capture.corrupt() + self.corrupt)
            .set(Fault::ClockJump, capture.clock_jumps())
            .set(Fault::DisplayLost, output.lost());
        RunCounters {
            at: Instant::now(),
            shown: self.shown,
            frames: self.frames,
            face_frames: self.face_frames,
            skipped: capture.skipped(),
            faces: faces.found() as u32,
            frozen: false,
            fps: self.fps.fps(Instant::now()),
            latency: self.histogram.clone(),
            faults: faces.faults(faults),
            camera: Part {
                up: matches!(capture.state(), CaptureState::Running(_)),
                lost: capture.lost(),
            },
            display: Part {
                up: output.is_up(),
                lost: output.lost(),
            },
            camera_fault: None,
        }
    }

    /// The values of the overlay text.
    pub(super) fn status<'a>(
        &'a self,
        capture: &Capture,
        faces: &'a FaceStage,
        output: &'a Output,
    ) -> InfoValues<'a> {
        InfoValues {
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
