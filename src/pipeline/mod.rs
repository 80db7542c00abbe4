//! The loop: newest frame in, faces restored, picture out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::capture::{Capture, Taken};
use crate::compose::{Composer, Scene};
use crate::config::RunOptions;
use crate::display::{KEYS, UserEvent};
use crate::host::button::Button;
use crate::host::status::Monitor;
use crate::picture::Picture;
use crate::stats::{self, Summary};
use crate::words::counted;
use crate::{Error, ErrorKind, Result};
use face8x_core::convert::JpegDecoder;
use face8x_core::convert::orient::Orienter;
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};

mod camera_pixels;
mod camera_watch;
mod cooling;
mod crop;
mod detector_thread;
mod events;
mod faces;
mod idle;
mod light;
mod meter;
mod notice;
mod output;
mod parts;
mod report;
mod search_pace;
#[cfg(test)]
mod tests;
mod timings;
mod tracks;

use camera_watch::CameraWatch;
use cooling::Cooling;
use crop::Cropper;
use light::Night;
use meter::Meter;
use notice::Notice;
use tracks::Tracks;

pub(crate) use faces::FaceStage;
pub use output::Output;
pub use parts::Parts;
pub use timings::Stage;
pub(crate) use timings::Timings;

/// Longest wait for a frame before the display is looked after.
const FRAME_TIMEOUT: Duration = Duration::from_millis(50);
/// Time between two reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What one step of the loop did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopStep {
    /// A picture of a new frame was composed and handed to the display.
    Shown,
    /// There was no new frame, and the display has what it should show then: the frame that was
    /// frozen or was the last, or that the camera is away.
    Kept,
    /// There was nothing to show.
    Waited,
    /// The run is over: the last frame, the last of `--frames`, or the user left.
    Over,
}

/// Why the frame is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DrawReason {
    /// It is new.
    New,
    /// The overlay or the view has changed; its faces are those that were found.
    Again,
    /// It was the last, and its faces may be found now.
    Amended,
}

/// What a run reports as it goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress<'a> {
    /// The display has what it should show now: see [`LoopStep::Shown`] and [`LoopStep::Kept`].
    Picture,
    /// A second has passed, or the run is over.
    Figures(&'a Summary<'a>),
}

/// Everything between a source and a sink.
pub struct Pipeline {
    options: RunOptions,
    capture: Capture,
    frame: Frame,
    jpeg: JpegDecoder,
    cropper: Cropper,
    orienter: Orienter,
    faces: FaceStage,
    composer: Composer,
    picture: Picture,
    output: Output,
    tracks: Option<Tracks>,
    button: Option<Button>,
    meter: Meter,
    timings: Timings,
    /// The timestamp of the frame that the display got last, where it was a new one.
    presented: Option<Duration>,
    cooling: Cooling,
    night: Night,
    /// Of a source that gives frames at its own time.
    watch: Option<CameraWatch>,
    /// Since when a frame is waited for.
    asked: Option<Duration>,
    /// Since when a person holds the picture.
    frozen: Option<Instant>,
    /// What the last key did.
    notice: Notice,
    /// Whether the keys are shown over the picture.
    keys_shown: bool,
    /// When the picture was last drawn.
    drawn: Instant,
    /// The source has ended at this time; its last frame stays.
    ended: Option<Instant>,
    /// Why a frame was not shown, the last time.
    refused: Option<Error>,
    monitor: Option<Arc<Monitor>>,
}

impl Pipeline {
    /// Steps until the run is over or `stop` is set. `report` gets every picture, the figures every
    /// second, and their summary at the end; it returns whether to go on. A run that it ended can be
    /// continued by another call.
    ///
    /// # Errors
    /// The source failed, or none of its frames could be shown.
    pub fn run(
        &mut self,
        stop: &AtomicBool,
        report: &mut dyn FnMut(Progress<'_>) -> bool,
    ) -> Result<()> {
        let mut next_report = Instant::now() + REPORT_INTERVAL;
        while !stop.load(Ordering::Relaxed) {
            match self.step() {
                LoopStep::Over => break,
                LoopStep::Shown | LoopStep::Kept if !report(Progress::Picture) => return Ok(()),
                LoopStep::Shown | LoopStep::Kept | LoopStep::Waited => {}
            }
            let now = Instant::now();
            if now >= next_report {
                next_report = (next_report + REPORT_INTERVAL).max(now);
                self.update_monitor();
                if !report(Progress::Figures(&self.summary(stats::Event::Status))) {
                    return Ok(());
                }
                self.meter.last_second.clear();
            }
        }
        self.log_end();
        report(Progress::Figures(&self.summary(stats::Event::Summary)));
        match (self.capture.failure(), &self.refused) {
            (Some(failure), _) => Err(failure),
            _ if self.meter.frames > 0 => Ok(()),
            (None, Some(error)) if error.kind() == ErrorKind::Usage => Err(error.clone()),
            (None, Some(error)) if self.ended.is_some() => {
                Err(error.clone().context("no frame could be shown"))
            }
            _ => Ok(()),
        }
    }

    /// One step: what the user did, then the newest frame, if there is one.
    pub fn step(&mut self) -> LoopStep {
        while let Some(event) = self.poll_event() {
            if event == UserEvent::Quit {
                return LoopStep::Over;
            }
            self.handle(event);
        }
        if self.ended.is_some() {
            return self.step_after_end();
        }
        self.release_in_time();
        if self.frozen.is_some() {
            std::thread::sleep(FRAME_TIMEOUT);
            return self.idle();
        }
        if let Some(rest) = self.cooling.rest(Instant::now()) {
            std::thread::sleep(rest.min(FRAME_TIMEOUT));
            return LoopStep::Waited;
        }
        let asked = *self.asked.get_or_insert_with(monotonic_now);
        match self.capture.take(&mut self.frame, FRAME_TIMEOUT) {
            Taken::Frame => self.show_frame(asked),
            Taken::Timeout => self.idle(),
            Taken::End if self.capture.failure().is_some() => LoopStep::Over,
            Taken::End => {
                self.ended = Some(Instant::now());
                LoopStep::Waited
            }
        }
    }

    /// Shows the frame that was just taken, which was waited for since `asked`.
    fn show_frame(&mut self, asked: Duration) -> LoopStep {
        self.asked = None;
        self.meter.taken += 1;
        self.timings.begin_frame(asked, self.frame.timestamp);
        match self.show(DrawReason::New) {
            Err(error) => {
                self.meter.corrupt += 1;
                // A camera of an unsupported kind gives such frames for ever: warn ever more rarely.
                let count = self.meter.corrupt;
                if count.is_power_of_two() {
                    let frames = counted(count, "frame");
                    log::warn!("skipped {frames} so far, the last: {error}");
                }
                // Another frame would not make the options right.
                let is_over = error.kind() == ErrorKind::Usage && self.meter.frames == 0;
                self.refused = Some(error);
                match is_over {
                    true => LoopStep::Over,
                    false => LoopStep::Waited,
                }
            }
            Ok(false) => LoopStep::Waited,
            Ok(true) => {
                self.meter.shown(self.frame.timestamp, self.faces.found());
                match self.is_over() {
                    true => LoopStep::Over,
                    false => LoopStep::Shown,
                }
            }
        }
    }

    /// Takes the frame through every stage: decode, turn as the camera is mounted, find and restore
    /// the faces, compose, present. Returns whether the display has the picture.
    fn show(&mut self, drawing: DrawReason) -> Result<bool> {
        let Pipeline {
            jpeg,
            cropper,
            orienter,
            frame,
            faces,
            timings,
            composer,
            picture,
            output,
            tracks,
            night,
            watch,
            ..
        } = self;
        let raw = match frame.format {
            PixelFormat::Mjpg => timings.time(Stage::Decode, || jpeg.decode(frame))?,
            _ => jpeg.decode(frame)?,
        };
        let raw = timings.time(Stage::Convert, || orienter.apply(cropper.apply(raw)?))?;
        if let (DrawReason::New, Some(watch)) = (drawing, watch) {
            watch.look(raw)?;
        }
        if drawing != DrawReason::Again {
            faces.process(raw, timings)?;
            // Of the last frame there may be a second line, with the faces that were found then.
            let news = drawing == DrawReason::New || faces.searched() >= Some(raw.sequence);
            if let Some(tracks) = tracks.as_ref().filter(|_| news) {
                tracks.add(raw, faces.followed());
            }
        }
        let anybody = faces.found() > 0 || self.frozen.is_some();
        output.set_brightness(night.brightness(Instant::now(), anybody));
        let (restored, count) = faces.restored();
        let held = self.frozen.map(|_| "frozen");
        let scene = Scene {
            camera: Some(raw),
            faces: &restored[..count],
            followed: faces.followed().len(),
            message: self.notice.text(Instant::now()).or(held),
            keys: if self.keys_shown { KEYS } else { &[] },
            status: self.meter.status(&self.capture, faces, output),
        };
        let natural = composer.natural_size((raw.width, raw.height));
        let size = output.size().unwrap_or(natural);
        composer.options.round = output.is_round();
        if !output.is_off() {
            timings.time(Stage::Compose, || composer.compose(&scene, size, picture));
        }
        self.drawn = Instant::now();
        let has_it = timings.time(Stage::Present, || match drawing {
            DrawReason::New => output.present(picture),
            DrawReason::Again => output.redraw(picture),
            DrawReason::Amended => output.amend(picture),
        });
        let new = (has_it && drawing == DrawReason::New).then_some(raw.timestamp);
        self.note_scan_out(new);
        Ok(has_it)
    }

    /// The display has another picture, of a new frame of this timestamp or of none: when the one
    /// before appeared is known now.
    fn note_scan_out(&mut self, new: Option<Duration>) {
        let before = std::mem::replace(&mut self.presented, new);
        if let (Some(at), Some(before)) = (self.output.previous_scan_out(), before) {
            let time = at.saturating_sub(before);
            self.timings.record(Stage::ScanOut, time);
        }
    }
}
