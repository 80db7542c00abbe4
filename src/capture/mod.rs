//! Where frames come from: the [`Source`] trait, the table of [`SOURCES`] and the capture thread.
//!
//! | URI | frames from |
//! |---|---|
//! | `auto` | the first camera that opens, else the demo scene |
//! | `v4l2:///dev/video0`, `/dev/video0`, `/dev/v4l/by-id/...`, `0` | a camera |
//! | `rpicam://0` | a CSI camera of a Raspberry Pi, through `rpicam-vid` |
//! | `argus://0` | a CSI camera of a Jetson, through `nvarguscamerasrc` |
//! | `pipe:COMMAND` | what a command writes to its standard output |
//! | `-` | standard input |
//! | `rtsp://...`, `http://...`, `https://...` | a network camera or a video, through `ffmpeg` |
//! | `file:PATH`, a path | a picture, a folder of pictures, an MJPEG or y4m file, any video through `ffmpeg` |
//! | `demo:` | people in a street, far away, and one who comes near |

pub(crate) mod cameras;
mod child;
mod controls;
pub mod demo;
mod ffmpeg;
pub(crate) mod file;
pub(crate) mod latest;
mod mask;
pub mod mjpeg;
#[cfg(feature = "v4l2")]
pub(crate) mod negotiate;
mod pace;
mod pipe;
mod presets;
mod thread;
#[cfg(feature = "v4l2")]
mod v4l2;

#[cfg(test)]
mod tests;

use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use crate::host::devices::{VideoRole, video_nodes};
use crate::{Error, Result};
use face8x_core::frame::{Frame, PixelFormat, check_size};

pub(crate) use cameras::ASK_DRIVER;
pub(crate) use controls::Controls;
pub(crate) use mask::mask_passwords;
pub use thread::Capture;
pub(crate) use thread::{CaptureState, Taken};
#[cfg(feature = "v4l2")]
pub(crate) use v4l2::device::{Node, contain};

/// What is asked of a camera; the source logs what it got.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceOptions {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames a second; 0 is as fast as frames can be made or read (files, demo).
    pub fps: u32,
    /// The pixel format, where the user insists on one (and the form of raw frames in a pipe).
    pub format: Option<PixelFormat>,
    /// Files begin again after the last one.
    pub looped: bool,
    /// A frame is read when the work thread asks for it, not before: no frame is skipped, and a
    /// source that could give thousands a second takes no processor time from the work. For
    /// measuring, and for what ends where nobody looks; not for cameras, which give frames when they
    /// have them.
    pub on_demand: bool,
    /// Settings of a V4L2 camera.
    pub controls: Controls,
}

impl Default for SourceOptions {
    fn default() -> Self {
        SourceOptions {
            width: 640,
            height: 480,
            fps: 30,
            format: None,
            looped: false,
            on_demand: false,
            controls: Controls::default(),
        }
    }
}

/// Why [`Source::read`] gave no frame.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// Nothing came within the time; ask again.
    #[error("no frame in time")]
    Timeout,
    /// One frame was damaged and is counted as such; the next may be whole.
    #[error("corrupt frame: {0}")]
    Corrupt(String),
    /// The device is gone: the source must be opened again.
    #[error(transparent)]
    Lost(#[from] Error),
    /// The source is of a kind that is not read: opening it again would not help.
    #[error(transparent)]
    Unreadable(Error),
    /// The last frame was read.
    #[error("end of the source")]
    End,
}

/// Something that gives frames.
pub trait Source: Send {
    /// One line for the log and the JSON: URI, name, format, size and rate.
    fn describe(&self) -> String;

    /// Reads the next frame into `frame`, reusing its buffer, waiting at most `timeout`.
    ///
    /// # Errors
    /// See [`ReadError`]. After `Lost`, `Unreadable` or `End` the source is dropped.
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError>;

    /// How long it may give no frame before it counts as hung and is opened again; `None` where
    /// silence means nothing and it cannot be opened again (standard input).
    fn stall_timeout(&self) -> Option<Duration> {
        Some(Duration::from_secs(2))
    }
}

/// One row of the table of sources.
pub(crate) struct SourceKind {
    /// What the URI begins with, such as `v4l2://` or `demo:`.
    pub prefix: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Opens the source; the argument is the URI without the prefix.
    pub open: fn(&str, &SourceOptions) -> Result<Box<dyn Source>>,
}

/// Every source that can be named, in the order of the help. A prefix that ends in neither `:`
/// nor `/` is the whole URI.
pub(crate) const SOURCES: &[SourceKind] = &[
    SourceKind {
        prefix: "auto",
        help: "the first camera that opens, else the demo scene",
        open: open_auto,
    },
    SourceKind {
        prefix: "v4l2://",
        help: "a camera: v4l2:///dev/video0, /dev/video0, /dev/v4l/by-id/... or 0",
        open: open_v4l2,
    },
    SourceKind {
        prefix: "rpicam://",
        help: "a CSI camera of a Raspberry Pi by number, through rpicam-vid",
        open: presets::open_rpicam,
    },
    SourceKind {
        prefix: "argus://",
        help: "a CSI camera of a Jetson by number, through GStreamer",
        open: presets::open_argus,
    },
    SourceKind {
        prefix: "pipe:",
        help: "what a shell command writes: MJPEG, y4m or raw frames; run again when it ends",
        open: pipe::open_command,
    },
    SourceKind {
        prefix: "-",
        help: "MJPEG, y4m or raw frames on standard input",
        open: pipe::open_stdin,
    },
    SourceKind {
        prefix: "rtsp://",
        help: "a network camera, through ffmpeg: rtsp://user:password@host/stream",
        open: ffmpeg::open_rtsp,
    },
    SourceKind {
        prefix: "http://",
        help: "a network camera or a video, through ffmpeg",
        open: ffmpeg::open_http,
    },
    SourceKind {
        prefix: "https://",
        help: "the same, encrypted",
        open: ffmpeg::open_https,
    },
    SourceKind {
        prefix: "file:",
        help: "a picture, a folder of pictures, an .mjpg, .y4m or (through ffmpeg) other video, or just its path",
        open: file::open,
    },
    SourceKind {
        prefix: "demo:",
        help: "people in a street, far away, and one who comes near",
        open: demo::open,
    },
];

/// Opens the source that `uri` names; the prefix may be left out where it is clear.
///
/// # Errors
/// A usage error for a URI that names no source, a size of zero or a huge one, and what the
/// source itself says.
pub fn open(uri: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let (kind, rest) = kind_of(uri)?;
    check_size(options.width, options.height)
        .map_err(|e| Error::usage(e.to_string()).remedy("ask for a size such as 640x480"))?;
    if !options.controls.is_empty() && !["auto", "v4l2://"].contains(&kind.prefix) {
        return Err(Error::usage("--control is for V4L2 cameras alone")
            .remedy("name one, such as --source /dev/video0, or leave --control out"));
    }
    (kind.open)(rest, options)
}

/// Whether `uri` names something that is played (the demo, files) and not something that gives
/// frames at its own time.
///
/// # Errors
/// `uri` names no source.
pub(crate) fn is_played(uri: &str) -> Result<bool> {
    let (kind, _) = kind_of(uri)?;
    Ok(["file:", "demo:"].contains(&kind.prefix))
}

/// Whether `uri` names something that has a last frame, which is worth as much as the first: files and
/// pipes, unless they are played again and again.
///
/// # Errors
/// `uri` names no source.
pub(crate) fn is_finite(uri: &str, looped: bool) -> Result<bool> {
    let (kind, _) = kind_of(uri)?;
    Ok(!looped && ["file:", "-", "pipe:"].contains(&kind.prefix))
}

/// The row of the table that `uri` belongs to, and what follows the prefix.
pub(crate) fn kind_of(uri: &str) -> Result<(&'static SourceKind, &str)> {
    for kind in SOURCES {
        let stem = kind.prefix.trim_end_matches([':', '/']);
        if uri == stem {
            return Ok((kind, ""));
        }
        if stem != kind.prefix
            && let Some(rest) = uri.strip_prefix(kind.prefix)
        {
            return Ok((kind, rest));
        }
    }
    let prefix = match () {
        () if is_camera(uri) => "v4l2://",
        () if Path::new(uri).exists() || file::is_readable_name(Path::new(uri)) => "file:",
        () => return Err(unknown_source(uri)),
    };
    SOURCES
        .iter()
        .find(|kind| kind.prefix == prefix)
        .map(|kind| (kind, uri))
        .ok_or_else(|| unknown_source(uri))
}

/// Whether `uri` without a prefix can only mean a camera: a number, a node of V4L2's by name, or
/// any other character device.
fn is_camera(uri: &str) -> bool {
    let number = !uri.is_empty() && uri.bytes().all(|b| b.is_ascii_digit());
    number
        || uri.starts_with("/dev/video")
        || uri.starts_with("/dev/v4l/")
        || std::fs::metadata(uri).is_ok_and(|m| m.file_type().is_char_device())
}

/// Names the prefix nearest to what was written, and all of them.
fn unknown_source(uri: &str) -> Error {
    let known: Vec<_> = SOURCES.iter().map(|kind| kind.prefix).collect();
    let written = uri.split_inclusive(':').next().unwrap_or(uri);
    let error = Error::unknown("source or file", written, &known);
    if ["rtsps", "rtmp", "udp", "srt"].contains(&written.trim_end_matches(':')) {
        return error.remedy("read it through ffmpeg: --source \"pipe:ffmpeg -i URL -f mjpeg -\"");
    }
    error
}

/// The first camera that opens, else the demo scene.
fn open_auto(_: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    match open_any_camera(options) {
        Ok(source) => Ok(source),
        Err(reason) => {
            log::info!("{reason}: showing the demo scene");
            // A format that was asked of a camera is none of the scene's.
            demo::open(
                "",
                &SourceOptions {
                    format: None,
                    ..options.clone()
                },
            )
        }
    }
}

/// The first camera that opens: V4L2 nodes in order, then the preset of a board's CSI camera.
fn open_any_camera(options: &SourceOptions) -> Result<Box<dyn Source>> {
    let mut reasons = Vec::new();
    let mut preset = None;
    for camera in video_nodes(ASK_DRIVER) {
        if let VideoRole::Sensor(source) = camera.role {
            preset = preset.or(Some(source));
        }
        if camera.role != VideoRole::Camera || camera.unusable.is_some() {
            let reason = camera.unusable.as_deref().unwrap_or("not a camera");
            log::debug!("{}: {reason}", camera.path.display());
            continue;
        }
        let path = camera
            .by_id
            .as_ref()
            .unwrap_or(&camera.path)
            .to_string_lossy();
        match open_v4l2(&path, options) {
            Ok(source) => return Ok(source),
            Err(e) => reasons.push(e.to_string()),
        }
    }
    if let Some(uri) = preset {
        match open(uri, options) {
            Ok(source) => return Ok(source),
            Err(e) => reasons.push(e.to_string()),
        }
    }
    let why = if reasons.is_empty() {
        "no camera found".into()
    } else {
        reasons.join("; ")
    };
    Err(Error::other(why)
        .remedy("`face8x list` shows the cameras, `face8x doctor` what is wrong with them"))
}

#[cfg(feature = "v4l2")]
fn open_v4l2(path: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    match path {
        "" => open_any_camera(options),
        path => v4l2::open(path, options),
    }
}

#[cfg(not(feature = "v4l2"))]
fn open_v4l2(path: &str, _: &SourceOptions) -> Result<Box<dyn Source>> {
    Err(cameras::without_v4l2().context(path))
}
