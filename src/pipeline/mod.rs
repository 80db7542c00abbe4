//! The loop: newest frame in, faces restored, picture out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::capture::{Capture, State, Taken, mask_passwords};
use crate::compose::{ComposeOptions, Composer, InfoText, Scene};
use crate::config::Settings;
use crate::display::{self, UserEvent};
use crate::host::board;
use crate::host::button::{Button, ButtonAction};
use crate::host::status::{Monitor, RunCounters};
use crate::picture::Picture;
use crate::stats::{self, Percentiles, Summary};
use crate::{Error, Result};
use face8x_core::convert::JpegDecoder;
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};

pub mod detector_thread;
mod faces;
mod meter;
mod output;
mod parts;
mod timings;

use meter::Meter;

pub use faces::FaceStage;
pub use output::Output;
pub use parts::Parts;
pub use timings::{Stage, Timings};

/// Longest wait for a frame before the display is looked after.
const FRAME_WAIT: Duration = Duration::from_millis(50);
/// How often the picture is drawn while no frames come.
const IDLE_REDRAW: Duration = Duration::from_millis(250);
/// How long a source that has ended waits for the detector's answer on its last frame.
const LAST_FRAME_WAIT: Duration = Duration::from_secs(10);
/// Without a display and a number of frames, the run ends when a face was shown this often ...
const PREVIEW_FACE_FRAMES: u64 = 30;
/// ... or after this long.
const PREVIEW_TIME: Duration = Duration::from_secs(15);

/// What one turn of the loop did.
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

/// What a run tells as it goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress<'a> {
    /// The display has what it should show now: see [`LoopStep::Shown`] and [`LoopStep::Kept`].
    Picture,
    /// A second has passed, or the run is over.
    Figures(&'a Summary<'a>),
}

/// Everything between a source and a sink.
pub struct Pipeline {
    settings: Settings,
    capture: Capture,
    frame: Frame,
    jpeg: JpegDecoder,
    faces: FaceStage,
    composer: Composer,
    picture: Picture,
    output: Output,
    button: Option<Button>,
    meter: Meter,
    timings: Timings,
    /// Since when a frame is waited for.
    asked: Option<Duration>,
    frozen: bool,
    /// When the picture was last drawn.
    drawn: Instant,
    /// The source has ended at this time; its last frame stays.
    ended: Option<Instant>,
    /// Why a frame was not shown, the last time.
    refused: Option<Error>,
    monitor: Option<Arc<Monitor>>,
}

impl Pipeline {
    /// Opens the parts that `settings` names: see [`Parts::open`].
    ///
    /// # Errors
    /// One of them could not be opened.
    pub fn new(settings: &Settings) -> Result<Pipeline> {
        settings.info_text.parse::<InfoText>()?;
        Pipeline::of(settings, Parts::open(settings)?)
    }

    /// Puts `parts` together; what `settings` says of opening them is not looked at.
    ///
    /// # Errors
    /// The overlay text is malformed, or the detector's thread cannot be started.
    pub fn of(settings: &Settings, parts: Parts) -> Result<Pipeline> {
        let Parts {
            restorer,
            detector,
            tracker,
            output,
            capture,
        } = parts;
        let source = match capture.state() {
            State::Running(line) => line,
            State::Lost(_) => mask_passwords(&settings.source).into(),
        };
        let options = ComposeOptions {
            view: settings.view,
            rotation: settings.rotation,
            mirror: settings.mirror,
            info: settings.info_text.parse()?,
        };
        let mut meter = Meter::new(source);
        let button = settings
            .button
            .as_ref()
            .and_then(|button| parts::open_button(button, &mut meter));
        Ok(Pipeline {
            settings: settings.clone(),
            capture,
            frame: Frame::empty(),
            jpeg: JpegDecoder::new(),
            faces: FaceStage::new(detector, tracker, restorer, settings.faces)?,
            composer: Composer::new(options),
            picture: Picture::default(),
            output,
            button,
            meter,
            timings: Timings::new(),
            asked: None,
            frozen: false,
            drawn: Instant::now(),
            ended: None,
            refused: None,
            monitor: None,
        })
    }

    /// Hands the figures to `monitor`, now and once a second while [`run`](Pipeline::run) runs.
    pub fn report_to(&mut self, monitor: Arc<Monitor>) {
        self.monitor = Some(monitor);
        self.hand_over();
    }

    fn hand_over(&self) {
        if let Some(monitor) = &self.monitor {
            monitor.update(self.figures());
        }
    }

    /// The counters of the run so far.
    pub fn figures(&self) -> RunCounters {
        self.meter.figures(&self.capture, &self.faces, &self.output)
    }

    /// Takes turns until the run is over or `stop` is set. `report` is told of every picture, of
    /// the figures every second, and of their summary at the end; it says whether to go on. A run
    /// that it ended can be taken up again.
    ///
    /// # Errors
    /// The source ended otherwise than it should.
    pub fn run(
        &mut self,
        stop: &AtomicBool,
        report: &mut dyn FnMut(Progress<'_>) -> bool,
    ) -> Result<()> {
        let mut next_report = Instant::now() + Duration::from_secs(1);
        while !stop.load(Ordering::Relaxed) {
            match self.turn() {
                LoopStep::Over => break,
                LoopStep::Shown | LoopStep::Kept if !report(Progress::Picture) => return Ok(()),
                LoopStep::Shown | LoopStep::Kept | LoopStep::Waited => {}
            }
            let now = Instant::now();
            if now >= next_report {
                next_report = (next_report + Duration::from_secs(1)).max(now);
                self.meter.look_around(&self.capture, &self.output);
                self.hand_over();
                if !report(Progress::Figures(&self.summary(stats::Event::Status))) {
                    return Ok(());
                }
            }
        }
        log::info!(
            "{} frames shown, {} skipped",
            self.meter.frames,
            self.capture.skipped()
        );
        if let Some(file) = self.output.preview() {
            log::info!("no display: the picture is {}", file.display());
        }
        self.hand_over();
        report(Progress::Figures(&self.summary(stats::Event::Summary)));
        match (self.capture.failure(), &self.refused) {
            (Some(failure), _) => Err(failure),
            (None, Some(error)) if self.ended.is_some() && self.meter.frames == 0 => {
                Err(error.clone().context("no frame could be shown"))
            }
            _ => Ok(()),
        }
    }

    /// One turn: what the user did, then the newest frame, if there is one.
    pub fn turn(&mut self) -> LoopStep {
        while let Some(event) = self.poll_event() {
            if event == UserEvent::Quit {
                return LoopStep::Over;
            }
            self.act(event);
        }
        if self.ended.is_some() {
            return self.turn_after_end();
        }
        if self.frozen {
            std::thread::sleep(FRAME_WAIT);
            return self.idle();
        }
        let asked = *self.asked.get_or_insert_with(monotonic_now);
        match self.capture.take(&mut self.frame, FRAME_WAIT) {
            Taken::Frame => {
                self.begin_frame(asked);
                self.meter.taken += 1;
                self.show_frame()
            }
            Taken::Timeout => self.idle(),
            Taken::End if self.capture.failure().is_some() => LoopStep::Over,
            Taken::End => {
                self.ended = Some(Instant::now());
                LoopStep::Waited
            }
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

    fn poll_event(&mut self) -> Option<UserEvent> {
        let at_the_display = self.output.poll_event();
        at_the_display.or_else(|| {
            Some(match self.button.as_ref()?.poll_action()? {
                ButtonAction::View => UserEvent::NextView,
                ButtonAction::Freeze => UserEvent::Freeze,
            })
        })
    }

    /// The faces of the last frame.
    pub fn faces(&self) -> &FaceStage {
        &self.faces
    }

    /// From the last frame's timestamp until the display had its picture.
    pub fn latency(&self) -> Duration {
        self.meter.last_latency
    }

    /// Stage times of the work thread.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// The figures of the run so far.
    pub fn summary(&self, event: stats::Event) -> Summary<'_> {
        let meter = &self.meter;
        Summary {
            seconds: meter.started.elapsed().as_secs_f64(),
            frames: meter.frames,
            skipped: self.capture.skipped(),
            corrupt: self.capture.corrupt() + meter.corrupt,
            lost: self.capture.lost(),
            fps: meter.fps.fps(Instant::now()),
            latency_ms: Percentiles::from(&meter.latency),
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

    /// Records how the frame came that was asked for at `asked`.
    fn begin_frame(&mut self, asked: Duration) {
        let now = monotonic_now();
        self.asked = None;
        self.timings.begin_frame();
        self.timings.record(Stage::Wait, now.saturating_sub(asked));
        let age = now.saturating_sub(self.frame.timestamp);
        self.timings.record(Stage::Capture, age);
    }

    fn show_frame(&mut self) -> LoopStep {
        match self.show(true) {
            Err(error) => {
                self.meter.corrupt += 1;
                // A camera of an unsupported kind gives such frames for ever: warn ever more rarely.
                let count = self.meter.corrupt;
                if count.is_power_of_two() {
                    log::warn!("{count} skipped so far, the last: {error}");
                }
                self.refused = Some(error);
                LoopStep::Waited
            }
            Ok(false) => LoopStep::Waited,
            Ok(true) => {
                self.meter.shown(self.frame.timestamp, self.faces.found());
                if self.is_over() {
                    LoopStep::Over
                } else {
                    LoopStep::Shown
                }
            }
        }
    }

    /// Restores the faces of the frame where it is `fresh`, draws and presents; says whether the
    /// display has the picture.
    fn show(&mut self, fresh: bool) -> Result<bool> {
        let Pipeline {
            jpeg,
            frame,
            faces,
            timings,
            composer,
            picture,
            output,
            ..
        } = self;
        let raw = match frame.format {
            PixelFormat::Mjpg => timings.time(Stage::Decode, || jpeg.decode(frame))?,
            _ => jpeg.decode(frame)?,
        };
        if fresh {
            faces.process(raw, timings)?;
        }
        let (restored, count) = faces.restored();
        let scene = Scene {
            camera: Some(raw),
            faces: &restored[..count],
            message: None,
            status: self.meter.status(&self.capture, faces, output),
        };
        let natural = composer.natural_size((raw.width, raw.height));
        let size = output.size().unwrap_or(natural);
        timings.time(Stage::Compose, || composer.compose(&scene, size, picture));
        self.drawn = Instant::now();
        Ok(timings.time(Stage::Present, || output.present(picture)))
    }

    /// Shows `message` in place of the camera; says whether the display has it.
    fn show_message(&mut self, message: &str) -> bool {
        let Pipeline {
            faces,
            composer,
            picture,
            output,
            settings,
            ..
        } = self;
        let scene = Scene {
            message: Some(message),
            status: self.meter.status(&self.capture, faces, output),
            ..Scene::default()
        };
        let asked = &settings.source_options;
        let natural = composer.natural_size((asked.width, asked.height));
        composer.compose(&scene, output.size().unwrap_or(natural), picture);
        self.drawn = Instant::now();
        output.present(picture)
    }

    fn is_over(&self) -> bool {
        match self.settings.frames {
            Some(frames) => self.meter.frames >= frames,
            None => {
                self.output.is_preview()
                    && (self.meter.face_frames >= PREVIEW_FACE_FRAMES
                        || self.meter.started.elapsed() >= PREVIEW_TIME)
            }
        }
    }

    /// What a person did at the display; shown at once, also while the picture is frozen.
    fn act(&mut self, event: UserEvent) {
        let options = &mut self.composer.options;
        match event {
            UserEvent::Quit => {}
            UserEvent::NextView => options.view = options.view.next(),
            UserEvent::Mirror => options.mirror = !options.mirror,
            UserEvent::Freeze => self.frozen = !self.frozen,
            UserEvent::Save => match display::save_numbered(&self.picture) {
                Ok(path) => log::info!("saved {}", path.display()),
                Err(error) => log::warn!("{error}"),
            },
        }
        self.drawn -= IDLE_REDRAW;
    }

    /// No new frame: the display is kept alive, and a lost camera is told.
    fn idle(&mut self) -> LoopStep {
        let mut kept = false;
        if self.drawn.elapsed() >= IDLE_REDRAW {
            if let State::Lost(_) = self.capture.state() {
                self.faces.clear();
                // Why stands in the log: the screen is public.
                // An open that has not come back is no reason yet.
                kept = self.show_message("no camera") && self.capture.fault().is_some();
            } else if self.meter.frames > 0 {
                // It was shown before, so it can be shown again.
                let shown = self.show(false).unwrap_or(false);
                // Otherwise frames are overdue, and nobody knows why.
                kept = shown && (self.frozen || self.ended.is_some());
            }
        }
        match (self.is_over(), kept) {
            (true, _) => LoopStep::Over,
            (false, true) => LoopStep::Kept,
            (false, false) => LoopStep::Waited,
        }
    }

    /// The source has ended. Its last frame waits for the detector's answer, and stays where
    /// somebody looks at it.
    fn turn_after_end(&mut self) -> LoopStep {
        if self.capture.captured() == 0 {
            return LoopStep::Over;
        }
        let waited = self.ended.map_or(Duration::ZERO, |ended| ended.elapsed());
        if self.faces.searched() < Some(self.frame.sequence) && waited < LAST_FRAME_WAIT {
            std::thread::sleep(Duration::from_millis(10));
            return if self.show(true).is_ok() {
                LoopStep::Waited
            } else {
                LoopStep::Over
            };
        }
        if !self.output.is_interactive() || self.settings.frames.is_some() {
            return LoopStep::Over;
        }
        std::thread::sleep(FRAME_WAIT);
        self.idle()
    }
}
