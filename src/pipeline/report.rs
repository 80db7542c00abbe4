//! What a pipeline reports of itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::camera_watch::CameraWatch;
use super::{FaceStage, Pipeline, Stage, Timings};
use crate::host::board;
use crate::host::status::{Monitor, RunCounters};
use crate::stats::{Event, Percentiles, Summary};
use crate::words::counted;
use face8x_core::frame::Frame;

impl Pipeline {
    /// Gives the figures to `monitor`, now and once a second while [`run`](Pipeline::run) runs.
    pub fn report_to(&mut self, monitor: Arc<Monitor>) {
        monitor.update(self.figures());
        self.monitor = Some(monitor);
    }

    /// Once a second: reads what changes slowly, and gives the figures to the monitor.
    pub(super) fn update_monitor(&mut self) {
        self.meter.refresh(&self.capture, &self.output);
        self.cooling.adapt(self.meter.temperature);
        if let Some(monitor) = &self.monitor {
            monitor.update(self.figures());
        }
    }

    /// The run is over.
    pub(super) fn log_end(&self) {
        let (shown, skipped) = (self.meter.frames, self.capture.skipped());
        log::info!("{} shown, {skipped} skipped", counted(shown, "frame"));
        if let Some(file) = self.output.preview() {
            log::info!("no display: the picture is {}", file.display());
        }
        if let Some(monitor) = &self.monitor {
            monitor.update(self.figures());
        }
    }

    /// The counters of the run so far.
    pub fn figures(&self) -> RunCounters {
        RunCounters {
            frozen: self.frozen.is_some(),
            camera_fault: self.watch.as_ref().and_then(CameraWatch::fault),
            ..self.meter.figures(&self.capture, &self.faces, &self.output)
        }
    }

    /// Frames that were taken from the source so far, whatever came of them.
    pub fn taken(&self) -> u64 {
        self.meter.taken
    }

    /// Frames that were overwritten before they could be taken.
    pub fn skipped(&self) -> u64 {
        self.capture.skipped()
    }

    /// The faces of the last frame.
    pub fn faces(&self) -> &FaceStage {
        &self.faces
    }

    /// The last frame.
    pub(crate) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// From the last frame's timestamp until the display had its picture.
    pub fn latency(&self) -> Duration {
        self.meter.last_latency
    }

    /// Stage times of the work thread.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// The figures of the last second (since [`run`](Pipeline::run) last reported) or of the run so far.
    pub fn summary(&self, event: Event) -> Summary<'_> {
        let meter = &self.meter;
        Summary {
            seconds: meter.started.elapsed().as_secs_f64(),
            frames: meter.frames,
            skipped: self.capture.skipped(),
            corrupt: self.capture.corrupt() + meter.corrupt,
            lost: self.capture.lost(),
            fps: match event {
                // A source that has ended had its rate to the last.
                Event::Status => meter.fps.fps(self.ended.unwrap_or_else(Instant::now)),
                Event::Summary => meter.mean_fps(),
            },
            latency_ms: Percentiles::from(match event {
                Event::Status => &meter.last_second,
                Event::Summary => &meter.latency,
            }),
            scan_out_ms: Percentiles::from(self.timings.stage(Stage::ScanOut)),
            rss_mb: board::own_memory().resident.map(|bytes| bytes as f64 / 1e6),
            faces: self.faces.found() as u32,
            source: &meter.source,
            sink: self.output.describe(),
            detector: self.faces.detector(),
            restorer: self.faces.restorer(),
            view: self.composer.options.view.name(),
            fault: meter.last_fault(),
            ..Summary::new(event)
        }
    }
}
