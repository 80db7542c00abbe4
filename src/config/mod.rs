//! Options: each is declared once, for the command line and for the configuration file.
//!
//! A configuration file is read as flags: `view = "strip"` is `--view=strip`. So a value is parsed,
//! checked and defaulted in one place, and flags are laid over the file by parsing them later.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgAction;
use clap::builder::RangedU64ValueParser;
use serde::{Deserialize, Serialize};

use crate::capture::{Controls, SourceOptions};
use crate::compose::{InfoText, Rotation, View};
use crate::host::button::ButtonOptions;
use crate::host::cpu_list::CpuList;
use crate::host::status::{self, StatusFiles, StatusOptions};
use crate::{Error, Result};
use face8x_core::convert::orient::{Flip, Orientation};
use face8x_core::detect::{Extent, MIN_FACE, SearchOptions};
use face8x_core::frame::PixelFormat;
use face8x_core::restore::Threads;
use face8x_core::track::MAX_FACES;

mod file;
mod flags;
#[cfg(test)]
mod tests;
pub(crate) mod values;

pub(crate) use flags::{error_of, flags};

/// How long a kiosk's picture may be frozen, in minutes.
const KIOSK_FREEZE_MINUTES: u16 = 5;

/// What finds faces, and how many of them are restored.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
pub struct DetectorOptions {
    /// What finds faces: auto (the embedded network), yunet:FILE, centre or box:X,Y,W,H
    #[arg(long, visible_alias = "locator", value_name = "DETECTOR", default_value = "auto", value_parser = values::detector)]
    pub detector: String,
    /// The smallest face that is looked for: camera pixels to a side of its crop, in which the eyes are 0.22 of the side apart
    #[arg(long, value_name = "PIXELS", default_value_t = MIN_FACE, value_parser = clap::value_parser!(u32).range(1..))]
    pub min_face: u32,
    /// Restore at most this many faces, the largest first (1 to 32)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=MAX_FACES as u64))]
    pub faces: usize,
}

impl DetectorOptions {
    /// How pictures are searched.
    pub fn search(&self, extent: Extent) -> SearchOptions {
        SearchOptions {
            min_face: self.min_face,
            extent,
        }
    }
}

/// What restores faces.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct RestorerOptions {
    /// What restores faces: auto, int8, tract, tract-f32 or bicubic
    #[arg(long, visible_alias = "engine", value_name = "NAME", default_value = "auto", value_parser = values::restorer)]
    pub restorer: String,
    /// An ONNX network (1x3x16x16 to 1x3x128x128, values from 0 to 1) in place of the embedded one
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Threads of the network, 1 to 64; auto takes the number that is fastest here, measured at the start
    #[arg(long, value_name = "N|auto", default_value_t = Threads::Count(1))]
    pub threads: Threads,
    /// Blur of the camera's optics in its pixels (standard deviation, 0 to 2): restored faces are corrected until such a camera would have seen of them what it saw [default: found out from the faces]
    #[arg(long, value_name = "PIXELS", value_parser = values::optics)]
    pub optics: Option<f32>,
}

/// The options of `face8x run`: flags, and keys of the configuration file.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct RunOptions {
    /// Where frames come from: auto (the first camera, else the demo), demo:, /dev/video0, rpicam://0, argus://0, rtsp://..., http://..., file:PATH, pipe:COMMAND or -
    #[arg(long, value_name = "URI", default_value = "auto", value_parser = values::source)]
    pub source: String,
    /// Where pictures go; may be given several times: auto (the first display that opens), window, drm, fb, spi:PANEL, http:PORT, png:PATH, avi:FILE, mjpg:FILE, v4l2:///dev/video10, pipe:COMMAND, - or null
    #[arg(long = "sink", value_name = "SINK", default_value = "auto", value_parser = values::sink, value_delimiter = '\n')]
    pub sinks: Vec<String>,
    /// Begin a new file of a recording (avi:FILE, mjpg:FILE) after so many minutes; 0 only where it becomes too large [default: 0, or 10 with --keep]
    #[arg(long, value_name = "MINUTES", default_value = "0", hide_default_value = true, value_parser = values::minutes)]
    pub segment: f32,
    /// Delete the oldest files of a recording where all of them are larger than so many gigabytes; 0 keeps all
    #[arg(long, value_name = "GB", default_value = "0", value_parser = values::gigabytes)]
    pub keep: f32,
    /// What finds faces, and how many are restored.
    #[command(flatten)]
    pub detection: DetectorOptions,
    /// What restores faces.
    #[command(flatten)]
    pub restoration: RestorerOptions,
    /// Frames of a face that count for its picture (1 to 64); 1 takes each frame by itself
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub history: u32,
    /// What is shown: restored, side-by-side, strip, in-place or full
    #[arg(long, value_name = "VIEW", default_value_t = View::SideBySide)]
    pub view: View,
    /// Camera size
    #[arg(long, value_name = "WxH", default_value = "640x480", value_parser = values::size)]
    pub size: (u32, u32),
    /// Camera frames a second; 0 plays files and the demo as fast as possible
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub fps: u32,
    /// Pixel format of the camera, and of raw frames from a pipe: YUYV, UYVY, MJPG, NV12, YU12, GREY, RGB3 or BGR3
    #[arg(long, value_name = "FOURCC", value_parser = values::format)]
    pub format: Option<PixelFormat>,
    /// Look at a part of the camera's picture alone: left column, top row, width and height in its pixels, even numbers
    #[arg(long, value_name = "X,Y,W,H", value_parser = values::region)]
    pub roi: Option<face8x_core::convert::Region>,
    /// Controls of a V4L2 camera, such as auto_exposure=manual_mode,exposure_time_absolute=200,power_line_frequency=50hz; `face8x list -v` shows them
    #[arg(
        long,
        value_name = "NAME=VALUE,...",
        default_value = "",
        hide_default_value = true
    )]
    pub control: Controls,
    /// Rotate what the camera sees clockwise by 0, 90, 180 or 270 degrees before anything else, for a camera that is mounted upside down or on its side (any source)
    #[arg(long, value_name = "DEGREES", default_value_t = Rotation::Deg0)]
    pub camera_rotate: Rotation,
    /// Flip it after that: h swaps left and right, v top and bottom
    #[arg(long, value_name = "h|v")]
    pub camera_flip: Option<Flip>,
    /// Wait for a camera that is not there yet instead of giving up: for kiosks
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, value_name = "BOOL")]
    pub wait: bool,
    /// Play files again and again
    #[arg(long = "loop", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, value_name = "BOOL")]
    pub looped: bool,
    /// Rotate the whole display clockwise by 0, 90, 180 or 270 degrees
    #[arg(long, value_name = "DEGREES", default_value_t = Rotation::Deg0)]
    pub rotate: Rotation,
    /// Mirror the pictures, not the text
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, value_name = "BOOL")]
    pub mirror: bool,
    /// Mark restored faces as guesses: on, or off for prints; saved PNG files always say so in their comment
    #[arg(long, value_name = "ON|OFF", action = ArgAction::Set, default_value = "on", value_parser = values::switch)]
    pub mark: bool,
    /// Overlay text, such as "%fps fps %latency ms %skipped skipped"
    #[arg(
        long,
        value_name = "TEMPLATE",
        default_value = "",
        hide_default_value = true
    )]
    pub info_text: InfoText,
    /// Release a frozen picture after this many minutes; 0 never does [default: 5 with --wait, else 0]
    #[arg(long, value_name = "MINUTES")]
    pub freeze_minutes: Option<u16>,
    /// Dim the display when no face was seen for this many minutes, such as 2 or 0.5; 0 never does
    #[arg(long, value_name = "MINUTES", default_value = "0", value_parser = values::minutes)]
    pub dim_after: f32,
    /// Switch the display off when no face was seen for this many minutes, until one is; 0 never does
    #[arg(long, value_name = "MINUTES", default_value = "0", value_parser = values::minutes)]
    pub blank_after: f32,
    /// Run on these processors alone, such as 2,3 or 4-7
    #[arg(long, value_name = "LIST")]
    pub cpu_list: Option<CpuList>,
    /// Skip frames when the processor is hotter than this, in degrees Celsius, before its clock is lowered
    #[arg(long, value_name = "CELSIUS", value_parser = clap::value_parser!(u8).range(30..=120))]
    pub max_temperature: Option<u8>,
    /// Stop after this many frames
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frames: Option<u64>,
    /// A push button between a GPIO line and ground: a short press shows the next view, a long one freezes the picture; also chip=/dev/gpiochip0, action=freeze (the other way round), active=high
    #[arg(long, value_name = "line=17")]
    pub button: Option<ButtonOptions>,
    /// Open no display: the sink is null unless another is named
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, value_name = "BOOL")]
    pub headless: bool,
    /// Print one JSON line a second and a summary line at the end
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, value_name = "BOOL")]
    pub json: bool,
    /// Append a JSON line about the faces of every frame to this file; - is standard output
    #[arg(long, value_name = "FILE|-")]
    pub tracks: Option<PathBuf>,
    /// Write the status as JSON to this file once a second
    #[arg(long, value_name = "FILE")]
    pub status_file: Option<PathBuf>,
    /// Serve OpenMetrics at this port of this machine alone, or at ADDRESS:PORT for others
    #[arg(long, value_name = "PORT", value_parser = status::address)]
    pub metrics: Option<SocketAddr>,
    /// Write the metrics to this .prom file once a second, for node_exporter's textfile collector
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
    /// A frame is read when it is needed: see [`SourceOptions::on_demand`].
    #[arg(skip)]
    pub on_demand: bool,
}

/// Minutes as a time; 0 is none.
fn time(minutes: f32) -> Option<Duration> {
    (minutes > 0.0).then(|| Duration::from_secs_f32(60.0 * minutes))
}

impl RunOptions {
    /// The sink that is opened, the first where there are several.
    pub fn sink(&self) -> &str {
        match self.sinks.first().map_or("auto", String::as_str) {
            "auto" if self.headless => "null",
            sink => sink,
        }
    }

    /// Sinks that get the same pictures.
    pub fn more_sinks(&self) -> &[String] {
        self.sinks.get(1..).unwrap_or_default()
    }

    /// How long a picture may be frozen; `None` is for ever.
    pub fn longest_freeze(&self) -> Option<Duration> {
        let kiosk = if self.wait { KIOSK_FREEZE_MINUTES } else { 0 };
        let minutes = self.freeze_minutes.unwrap_or(kiosk);
        (minutes > 0).then(|| Duration::from_secs(60 * u64::from(minutes)))
    }

    /// After how long without a face the display is dimmed, and switched off.
    pub(crate) fn dark_after(&self) -> (Option<Duration>, Option<Duration>) {
        (time(self.dim_after), time(self.blank_after))
    }

    /// The longest time of a recording's file.
    pub(crate) fn segment(&self) -> Option<Duration> {
        time(self.segment)
    }

    /// The most bytes of a recording's files.
    pub(crate) fn keep(&self) -> Option<u64> {
        (self.keep > 0.0).then_some((f64::from(self.keep) * 1e9) as u64)
    }

    /// What is asked of the source.
    pub fn source_options(&self) -> SourceOptions {
        SourceOptions {
            width: self.size.0,
            height: self.size.1,
            fps: self.fps,
            format: self.format,
            looped: self.looped,
            on_demand: self.on_demand,
            controls: self.control.clone(),
        }
    }

    /// The size of the part of the camera's picture that is looked at.
    pub(crate) fn part_size(&self) -> (u32, u32) {
        self.roi.map_or(self.size, |roi| (roi.width, roi.height))
    }

    /// How the source's frames are turned before anything else.
    pub fn camera_orientation(&self) -> Orientation {
        Orientation::new(self.camera_rotate.quarter_turns(), self.camera_flip)
    }

    /// Refuses options that are good alone but not together.
    ///
    /// # Errors
    /// A usage error: two kinds of lines on standard output.
    pub(crate) fn check_together(&self) -> Result<()> {
        match &self.tracks {
            Some(path) if self.json && path.as_os_str() == "-" => Err(Error::usage(
                "--json and --tracks - both print to standard output",
            )
            .remedy("name a file for --tracks, or leave out --json")),
            _ => Ok(()),
        }
    }

    /// What other programs are shown.
    pub fn status_options(&self) -> StatusOptions {
        StatusOptions {
            files: StatusFiles {
                status: self.status_file.clone(),
                metrics: self.metrics_file.clone(),
            },
            address: self.metrics,
        }
    }
}
