//! `demo:` a street with people far away, for boards without a camera and for tests.
//!
//! They walk across a square, their faces 14 to 30 pixels large in the reference frame of 640x480; one
//! comes near, and goes away again. The street is drawn once, the people into every frame. What a
//! frame shows follows from its number alone; only where frames are read on demand, and so at any
//! rate, from the time: the people walk as fast as ever.
//!
//! All have the same face: that of NASA's portrait of the astronaut Eileen Collins, which is in the
//! public domain (flic.kr/p/r9qvLn, NASA Great Images), as reduced to 512x512 pixels by scikit-image.

mod draw;
mod head;
mod people;
mod street;

use std::time::Duration;

use super::pace::Pace;
use super::{ReadError, Source, SourceOptions};
use crate::{Error, Result};
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};
use face8x_core::geometry::Landmarks;
use head::PortraitHead;
use people::{StreetScale, people};

/// Where the landmarks of the face that comes near are in frame `sequence` of a scene of `width` x
/// `height`, in pixels of that frame.
pub fn landmarks_at(sequence: u64, width: u32, height: u32) -> Landmarks {
    let stage = StreetScale::new(width, height);
    head::landmarks(&people::visitor(sequence, &stage))
}

/// The scene.
struct Demo {
    stage: StreetScale,
    /// The street in YUYV, without padding.
    street: Vec<u8>,
    head: PortraitHead,
    pace: Pace,
    fps: u32,
    sequence: u64,
    /// Where frames are on demand: when the first was read, once it was.
    on_demand: bool,
    started: Option<Duration>,
}

/// `demo:`; always YUYV, the commonest format of cheap cameras.
///
/// # Errors
/// A usage error for another format.
pub fn open(rest: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    if !rest.is_empty() {
        return Err(Error::usage(format!(
            "demo: takes nothing behind it, not \"{rest}\""
        )));
    }
    if let Some(other) = options.format.filter(|format| *format != PixelFormat::Yuyv) {
        return Err(Error::usage(format!("demo: does not give {other}"))
            .remedy("leave out --format: it gives YUYV"));
    }
    Ok(Box::new(Demo::new(options)?))
}

impl Source for Demo {
    fn describe(&self) -> String {
        let StreetScale { width, height, .. } = self.stage;
        match self.fps {
            _ if self.on_demand => format!("demo: YUYV {width}x{height} on demand"),
            0 => format!("demo: YUYV {width}x{height}, unpaced"),
            fps => format!("demo: YUYV {width}x{height} at {fps} fps"),
        }
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        if !self.pace.wait(timeout) {
            return Err(ReadError::Timeout);
        }
        frame.format = PixelFormat::Yuyv;
        (frame.width, frame.height) = (self.stage.width, self.stage.height);
        frame.stride = PixelFormat::Yuyv.min_stride(self.stage.width);
        frame.timestamp = monotonic_now();
        frame.sequence = self.sequence;
        frame.bytes.clear();
        frame.bytes.extend_from_slice(&self.street);
        let moment = self.moment(frame.timestamp);
        for person in people(moment, &self.stage) {
            draw::person(&person, &self.head, frame.stride, &mut frame.bytes);
        }
        self.sequence += 1;
        Ok(())
    }
}

impl Demo {
    /// The scene from its first frame on.
    ///
    /// # Errors
    /// The program file is damaged.
    fn new(options: &SourceOptions) -> Result<Demo> {
        let stage = StreetScale::new(options.width, options.height);
        Ok(Demo {
            street: street::paint(&stage),
            stage,
            head: PortraitHead::load()?,
            pace: Pace::new(options.fps),
            fps: options.fps,
            sequence: 0,
            on_demand: options.on_demand,
            started: None,
        })
    }

    /// The number of the frame at 30 a second that shows what is to be shown `now`.
    fn moment(&mut self, now: Duration) -> u64 {
        if !self.on_demand {
            return self.sequence;
        }
        let started = *self.started.get_or_insert(now);
        (now.saturating_sub(started).as_secs_f64() * 30.0) as u64
    }
}

/// Luma, Cb and Cr of red, green and blue (0 to 255) by ITU-R BT.601 with its limited range, as USB
/// cameras send it.
fn ycc([r, g, b]: [f32; 3]) -> [f32; 3] {
    [
        16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0,
        128.0 + (-37.797 * r - 74.203 * g + 112.0 * b) / 255.0,
        128.0 + (112.0 * r - 93.786 * g - 18.214 * b) / 255.0,
    ]
}

#[cfg(test)]
mod tests;
