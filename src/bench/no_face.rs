//! What a frame costs in which nobody is.

use std::time::Duration;

use super::series::{Series, nanoseconds};
use crate::capture::{Capture, ReadError, Source};
use crate::config::RunOptions;
use crate::display::SinkOptions;
use crate::pipeline::{LoopStep, Output, Parts, Pipeline};
use face8x_core::detect::{self, Extent};
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};
use face8x_core::{Result, restore, track};

/// Frames that are timed, after some that are not.
const FRAMES: usize = 200;
const WARM_UP: usize = 20;
/// Time between two of them.
const INTERVAL: Duration = Duration::from_millis(10);
/// The stage's name.
const NO_FACE: &str = "no-face";

/// The times of frames without a face, from their timestamps until the display, which is null, has the
/// picture; searches go on beside them. None where the detector does not look at pixels: it finds a
/// face anywhere.
pub(super) fn series(settings: &RunOptions) -> Result<Option<Series>> {
    let restoration = &settings.restoration;
    let search = settings.detection.search(Extent::InTurn);
    let detector = detect::open(&settings.detection.detector, &search)?;
    if !detector.needs_pixels() {
        return Ok(None);
    }
    let room = EmptyRoom::new(settings.size);
    let parts = Parts {
        restorer: restore::open(
            &restoration.restorer,
            restoration.model.as_deref(),
            restoration.threads,
        )?,
        detector,
        tracker: track::open_tracker(&settings.detection.detector, &search)?,
        output: Output::open("null", &SinkOptions::default())?,
        capture: Capture::start_with(move || Ok(Box::new(room.clone())))?,
    };
    let mut pipeline = Pipeline::from_parts(settings, parts)?;
    let mut times = Vec::with_capacity(FRAMES);
    for frame in 0..WARM_UP + FRAMES {
        while pipeline.step() != LoopStep::Shown {}
        if frame >= WARM_UP {
            times.push(nanoseconds(pipeline.latency()));
        }
    }
    Ok(Some(Series {
        stage: NO_FACE.to_owned(),
        times,
    }))
}

/// A camera that sees noise.
#[derive(Clone)]
struct EmptyRoom {
    frame: Frame,
}

impl EmptyRoom {
    fn new((width, height): (u32, u32)) -> EmptyRoom {
        let format = PixelFormat::Yuyv;
        let stride = format.min_stride(width);
        let noise = |k: usize| 120 + ((k as u32).wrapping_mul(0x9E37_79B9) >> 28) as u8;
        EmptyRoom {
            frame: Frame {
                format,
                width,
                height,
                stride,
                bytes: (0..format.frame_len(stride, height)).map(noise).collect(),
                ..Frame::empty()
            },
        }
    }
}

impl Source for EmptyRoom {
    fn describe(&self) -> String {
        "an empty room".into()
    }

    fn read(&mut self, frame: &mut Frame, _: Duration) -> std::result::Result<(), ReadError> {
        std::thread::sleep(INTERVAL);
        self.frame.sequence += 1;
        self.frame.timestamp = monotonic_now();
        frame.copy_from(&self.frame);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_without_a_face_are_timed_where_faces_are_searched() {
        let settings = |detector| {
            let flags = [
                ("detector", detector),
                ("restorer", "bicubic"),
                ("size", "160x120"),
            ];
            RunOptions::with(&flags).unwrap()
        };
        let timed = series(&settings("auto")).unwrap().unwrap();
        assert_eq!(
            (timed.stage.as_str(), timed.times.len()),
            ("no-face", FRAMES)
        );
        assert_eq!(series(&settings("centre")).unwrap(), None);
    }
}
