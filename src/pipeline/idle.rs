//! What is shown while no new frame comes.

use std::time::{Duration, Instant};

use super::tracks::Tracks;
use super::{DrawReason, FRAME_TIMEOUT, LoopStep, Pipeline};
use crate::capture::CaptureState;
use crate::compose::Scene;
use crate::display::KEYS;

/// How often the picture is drawn while no frames come.
pub(super) const REDRAW_INTERVAL: Duration = Duration::from_millis(250);
/// How long a source that has ended waits for the detector's answer on its last frame.
const LAST_FRAME_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a display and a number of frames, the run ends when a face was shown this often ...
const PREVIEW_FACE_FRAMES: u64 = 30;
/// ... or after this long.
const PREVIEW_TIME: Duration = Duration::from_secs(15);

impl Pipeline {
    /// No new frame: the display is kept alive, and shows that a camera is lost.
    pub(super) fn idle(&mut self) -> LoopStep {
        let mut kept = false;
        if self.drawn.elapsed() >= REDRAW_INTERVAL {
            if let CaptureState::Lost(_) = self.capture.state() {
                self.faces.clear();
                // The reason stands in the log: the screen is public.
                // An open that has not come back is no reason yet.
                kept = self.show_message("no camera") && self.capture.fault().is_some();
            } else if self.meter.frames > 0 {
                // It was shown before, so it can be shown again.
                let shown = self.show(DrawReason::Again).unwrap_or(false);
                // Otherwise frames are overdue for an unknown reason.
                kept = shown && (self.frozen.is_some() || self.ended.is_some());
            }
        }
        match (self.is_over(), kept) {
            (true, _) => LoopStep::Over,
            (false, true) => LoopStep::Kept,
            (false, false) => LoopStep::Waited,
        }
    }

    /// The source has ended. Its last frame waits for the detector's answer, and stays in a window.
    pub(super) fn step_after_end(&mut self) -> LoopStep {
        if self.capture.captured() == 0 {
            return LoopStep::Over;
        }
        let waited = self.ended.map_or(Duration::ZERO, |ended| ended.elapsed());
        if self.faces.searched() < Some(self.frame.sequence) && waited < LAST_FRAME_TIMEOUT {
            std::thread::sleep(Duration::from_millis(10));
            return match self.show(DrawReason::Amended) {
                Ok(_) => LoopStep::Waited,
                Err(_) => LoopStep::Over,
            };
        }
        if !self.output.is_interactive() || self.options.frames.is_some() {
            return LoopStep::Over;
        }
        std::thread::sleep(FRAME_TIMEOUT);
        self.idle()
    }

    /// Shows `message` in place of the camera. Returns whether the display has it.
    fn show_message(&mut self, message: &str) -> bool {
        let Pipeline {
            faces,
            composer,
            picture,
            output,
            options,
            night,
            ..
        } = self;
        output.set_brightness(night.brightness(Instant::now(), false));
        let scene = Scene {
            message: Some(message),
            keys: if self.keys_shown { KEYS } else { &[] },
            status: self.meter.status(&self.capture, faces, output),
            ..Scene::default()
        };
        let seen = options.camera_orientation().size(options.part_size());
        let natural = composer.natural_size(seen);
        composer.options.round = output.is_round();
        composer.compose(&scene, output.size().unwrap_or(natural), picture);
        self.drawn = Instant::now();
        output.redraw(picture)
    }

    pub(super) fn is_over(&self) -> bool {
        if self.tracks.as_ref().is_some_and(Tracks::reader_left) {
            return true;
        }
        match self.options.frames {
            Some(frames) => self.meter.frames >= frames,
            None => {
                self.output.is_preview()
                    && (self.meter.face_frames >= PREVIEW_FACE_FRAMES
                        || self.meter.started.elapsed() >= PREVIEW_TIME)
            }
        }
    }
}
