//! `demo:` a moving scene with a real face in it, for boards without a camera and for tests.
//!
//! A portrait hangs on a wall, and the camera wanders before it along a Lissajous figure. The
//! whole wall is drawn once; a frame is a window of it, copied row by row. What a frame shows
//! follows from its number alone; only where frames are read on demand, and so at any rate, from the
//! time: the camera wanders as fast as ever.
//!
//! The portrait is NASA's of the astronaut Eileen Collins, which is in the public domain
//! (flic.kr/p/r9qvLn, NASA Great Images), as reduced to 512x512 pixels by scikit-image.

use std::f32::consts::TAU;
use std::time::Duration;

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::pace::Pace;
use super::{ReadError, Source, SourceOptions};
use crate::{Error, Result};
use face8x_core::frame::{Frame, PixelFormat, check_size, monotonic_now};
use face8x_core::geometry::{Landmarks, Point};
use face8x_core::portrait::{PORTRAIT, PORTRAIT_LANDMARKS};

/// Side of the portrait file in pixels.
const PORTRAIT_SIDE: f32 = 512.0;

/// Frames in which the camera goes once to and fro across, and up and down: 8 and 11 seconds at
/// 30 frames a second, so the figure closes only after 88 seconds.
const PERIODS: (u64, u64) = (240, 330);

/// Where things are, in pixels, for frames of one size. Lengths follow from the reference frame of
/// 640x480, in which the eyes are 22 pixels apart, so that the face is smaller than 128 pixels.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Frame size.
    width: u32,
    height: u32,
    /// How far the window moves from its middle position, each way.
    sway: (u32, u32),
    /// Side of the square portrait.
    portrait: u32,
    /// Widths of the white mount and of the wooden frame around it.
    mount: u32,
    wood: u32,
}

impl Layout {
    fn new(width: u32, height: u32) -> Self {
        let scale = (width as f32 / 640.0).min(height as f32 / 480.0);
        let scaled = |length: f32| (length * scale).round() as u32;
        Layout {
            width,
            height,
            sway: (scaled(120.0) / 2 * 2, scaled(56.0)),
            portrait: scaled(258.0).max(1),
            mount: scaled(22.0),
            wood: scaled(14.0),
        }
    }

    /// Size of the wall: what the window sees, wherever it is. The width is even.
    fn wall(&self) -> (u32, u32) {
        (
            self.width.next_multiple_of(2) + 2 * self.sway.0,
            self.height + 2 * self.sway.1,
        )
    }

    /// Top left corner of the portrait on the wall.
    fn hung_at(&self) -> (u32, u32) {
        let (width, height) = self.wall();
        (
            width.saturating_sub(self.portrait) / 2,
            height.saturating_sub(self.portrait) / 2,
        )
    }

    /// Top left corner of the window in frame `sequence`; x is even, as YUYV needs it.
    fn window(&self, sequence: u64) -> (u32, u32) {
        let swing = |period: u64, sway: u32| {
            let turn = (sequence % period) as f32 / period as f32;
            ((1.0 + (turn * TAU).sin()) * sway as f32).round() as u32
        };
        let (x, y) = (swing(PERIODS.0, self.sway.0), swing(PERIODS.1, self.sway.1));
        (x.min(2 * self.sway.0) / 2 * 2, y.min(2 * self.sway.1))
    }
}

/// Where the landmarks of the face are in frame `sequence` of a scene of `width` x `height`, in
/// pixels of that frame.
pub fn landmarks_at(sequence: u64, width: u32, height: u32) -> Landmarks {
    let layout = Layout::new(width, height);
    let (hung, window) = (layout.hung_at(), layout.window(sequence));
    let scale = layout.portrait as f32 / PORTRAIT_SIDE;
    PORTRAIT_LANDMARKS.map(|p| {
        Point::new(
            p.x * scale + hung.0 as f32 - window.0 as f32,
            p.y * scale + hung.1 as f32 - window.1 as f32,
        )
    })
}

/// The scene.
struct Demo {
    layout: Layout,
    /// The wall in YUYV, without padding.
    wall: Vec<u8>,
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
    let layout = Layout::new(options.width, options.height);
    let (width, height) = layout.wall();
    check_size(width, height)?;
    Ok(Box::new(Demo {
        wall: yuyv(&paint(&layout)?),
        layout,
        pace: Pace::new(options.fps),
        fps: options.fps,
        sequence: 0,
        on_demand: options.on_demand,
        started: None,
    }))
}

impl Source for Demo {
    fn describe(&self) -> String {
        let Layout { width, height, .. } = self.layout;
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
        let Layout { width, height, .. } = self.layout;
        frame.format = PixelFormat::Yuyv;
        (frame.width, frame.height) = (width, height);
        frame.stride = PixelFormat::Yuyv.min_stride(width);
        frame.timestamp = monotonic_now();
        frame.sequence = self.sequence;
        let moment = self.moment(frame.timestamp);
        let (x, y) = self.layout.window(moment);
        let pitch = self.layout.wall().0 as usize * 2;
        frame.bytes.clear();
        for row in self
            .wall
            .chunks_exact(pitch)
            .skip(y as usize)
            .take(height as usize)
        {
            frame
                .bytes
                .extend_from_slice(&row[x as usize * 2..][..frame.stride]);
        }
        self.sequence += 1;
        Ok(())
    }
}

impl Demo {
    /// The number of the frame at 30 a second that shows what is to be shown `now`.
    fn moment(&mut self, now: Duration) -> u64 {
        if !self.on_demand {
            return self.sequence;
        }
        let started = *self.started.get_or_insert(now);
        (now.saturating_sub(started).as_secs_f64() * 30.0) as u64
    }
}

/// Draws the wall with the portrait on it.
fn paint(layout: &Layout) -> Result<RgbImage> {
    let failed = |e: image::ImageError| Error::other(format!("the demo portrait: {e}"));
    let portrait = image::load_from_memory(PORTRAIT)
        .map_err(failed)?
        .into_rgb8();
    let side = layout.portrait;
    let portrait = imageops::resize(&portrait, side, side, FilterType::CatmullRom);
    let (width, height) = layout.wall();
    let (x, y) = layout.hung_at();
    let (x1, y1) = (x + side, y + side);
    let mut wall = RgbImage::from_fn(width, height, |px, py| {
        // How far outside the portrait, by the larger of the two distances, as frames are mitred.
        let dx = x.saturating_sub(px).max((px + 1).saturating_sub(x1));
        let dy = y.saturating_sub(py).max((py + 1).saturating_sub(y1));
        let out = dx.max(dy);
        if out <= layout.mount {
            Rgb([238, 234, 226])
        } else if out <= layout.mount + layout.wood {
            wood(out - layout.mount, layout.wood, dx > dy)
        } else {
            let depth = (layout.mount + layout.wood) as f32;
            plaster(layout, px, py, (dx as f32).hypot(dy as f32) - depth)
        }
    });
    imageops::replace(&mut wall, &portrait, x.into(), y.into());
    Ok(wall)
}

/// The wooden frame, rounded: lightest in its middle, its upright sides darker.
fn wood(at: u32, width: u32, upright: bool) -> Rgb<u8> {
    let across = (at as f32 - 0.5) / width as f32;
    let light = 0.55 + 0.45 * (across * TAU / 2.0).sin() - if upright { 0.08 } else { 0.0 };
    Rgb([132.0, 92.0, 56.0].map(|c: f32| (c * light) as u8))
}

/// The wall: a soft light from above, and the picture's shadow where it is `near` (pixels).
fn plaster(layout: &Layout, x: u32, y: u32, near: f32) -> Rgb<u8> {
    let (width, height) = layout.wall();
    let (u, v) = (
        x as f32 / width as f32 - 0.5,
        y as f32 / height as f32 - 0.25,
    );
    let light = 1.0 - 0.55 * (u * u + v * v);
    let reach = 0.04 * height as f32;
    let shadow = 1.0 - 0.35 * (-near.max(0.0) / reach.max(1.0)).exp();
    Rgb([176.0, 190.0, 194.0].map(|c: f32| (c * light * shadow) as u8))
}

/// RGB to YUYV by ITU-R BT.601 with its limited range, as USB cameras send it. The width is even.
fn yuyv(picture: &RgbImage) -> Vec<u8> {
    let luma = |[r, g, b]: [f32; 3]| 16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0;
    let blue = |[r, g, b]: [f32; 3]| 128.0 + (-37.797 * r - 74.203 * g + 112.0 * b) / 255.0;
    let red = |[r, g, b]: [f32; 3]| 128.0 + (112.0 * r - 93.786 * g - 18.214 * b) / 255.0;
    picture
        .as_raw()
        .chunks_exact(6)
        .flat_map(|pair| {
            let left = [pair[0], pair[1], pair[2]].map(f32::from);
            let right = [pair[3], pair[4], pair[5]].map(f32::from);
            let mean = [0, 1, 2].map(|i| (left[i] + right[i]) / 2.0);
            [luma(left), blue(mean), luma(right), red(mean)].map(|v| v.round() as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests;
