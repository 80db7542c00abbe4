//! Where pictures go: the [`Sink`] trait and the table of sinks.
//!
//! | URI                                        | shows pictures                                   |
//! |--------------------------------------------|--------------------------------------------------|
//! | `auto`                                     | in the first of window, drm, fb, png that works  |
//! | `window`, `window:fullscreen`              | in a window on Wayland or X11                    |
//! | `drm`, `drm:/dev/dri/card1`, `drm:HDMI-A-1`| on a whole display, without a desktop            |
//! | `fb`, `fb:/dev/fb1`                        | in a Linux framebuffer                           |
//! | `spi:MODEL,dc=24,rst=25`                   | on a small panel wired to SPI and GPIO           |
//! | `test:PATH`                                | nowhere: records what such a panel would be sent |
//! | `png:PATH`, `png:PATH-%05d.png`            | in a file, or a numbered series of files         |
//! | `http:8080`, `http:0.0.0.0:8080`           | in browsers                                      |
//! | `v4l2:///dev/video10`                      | to other programs, as a camera                   |
//! | `avi:FILE`, `mjpg:FILE`                    | later: a recording                               |
//! | `pipe:COMMAND`, `-`                        | to a command or standard output                  |
//! | `null`                                     | nowhere                                          |

mod backlight;
mod brightness;
#[cfg(feature = "drm")]
mod drm;
mod fb;
mod http;
mod jpeg;
mod keys;
mod null;
pub(crate) mod pattern;
mod pipe;
mod png;
mod raster;
mod recording;
#[cfg(feature = "spi")]
mod spi;
#[cfg(feature = "v4l2")]
mod v4l2;
#[cfg(feature = "window")]
mod window;
mod yuv;

#[cfg(test)]
mod tests;

pub(crate) use brightness::{Brightness, Dimming};
pub(crate) use keys::KEYS;
pub(crate) use png::save_numbered;

use std::time::Duration;

use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};
use face8x_core::frame::check_size;

/// What a person asks of the program by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserEvent {
    /// Leave the program.
    Quit,
    /// Show the next view.
    NextView,
    /// Freeze the picture, or release it.
    Freeze,
    /// Mirror the picture, or not.
    Mirror,
    /// Save the picture to a file.
    Save,
    /// Show the keys over the picture, or not.
    Help,
    /// The window fills the screen now, or not any more.
    Fullscreen(bool),
}

/// Who looks at a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person with a keyboard, who quits when they want to.
    Operator,
    /// Whoever passes a display.
    Public,
    /// Nobody while the program runs: pictures go to a file, or nowhere.
    Nobody,
}

/// Something that shows pictures.
pub trait Sink {
    /// One line for the log and the JSON: which sink, which device, which size.
    fn describe(&self) -> String;

    /// Width and height that pictures must have, asked before every frame (a window changes);
    /// `None` where any size will do.
    fn size(&self) -> Option<(u32, u32)>;

    /// Whether its corners show nothing.
    fn is_round(&self) -> bool {
        false
    }

    /// Shows `picture`. A picture of another size than [`size`](Sink::size) is centred and cropped.
    ///
    /// # Errors
    /// The display is gone or refuses: it must be opened again.
    fn present(&mut self, picture: &Picture) -> Result<()>;

    /// Shows a picture of no new frame: the last one again, or a message. A sink that keeps every
    /// picture leaves it out.
    ///
    /// # Errors
    /// Those of [`present`](Sink::present).
    fn redraw(&mut self, picture: &Picture) -> Result<()> {
        self.present(picture)
    }

    /// Shows the frame that was shown last with what was found in it since.
    ///
    /// # Errors
    /// Those of [`present`](Sink::present).
    fn amend(&mut self, picture: &Picture) -> Result<()> {
        self.present(picture)
    }

    /// Makes a display darker, or bright again; the caller does what the answer leaves to do.
    ///
    /// # Errors
    /// The display is gone or refuses: it must be opened again.
    fn set_brightness(&mut self, _: Brightness) -> Result<Dimming> {
        Ok(match self.audience() {
            // A window.
            Audience::Operator => Dimming::Pictures,
            Audience::Public | Audience::Nobody => Dimming::Never,
        })
    }

    /// When the picture before the one that was presented last appeared on the screen, on
    /// `CLOCK_MONOTONIC`, by the display's own report. `None` where it reports nothing.
    fn previous_scan_out(&self) -> Option<Duration> {
        None
    }

    /// Who looks at it.
    fn audience(&self) -> Audience {
        Audience::Public
    }

    /// The next key that a person pressed, if any. Never waits.
    fn poll_event(&mut self) -> Option<UserEvent> {
        None
    }
}

/// What is asked of a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkOptions {
    /// The title of a window.
    pub title: String,
    /// Width and height in pixels for the sinks that are free to choose: a window when it opens,
    /// files, and nowhere. Displays have their own.
    pub size: Option<(u32, u32)>,
    /// Pictures a second, for what is written as a video; 0 where the source is played as fast as
    /// possible.
    pub fps: u32,
    /// The longest time of a recording's file.
    pub segment: Option<Duration>,
    /// The most bytes that a recording's files take, beyond which the oldest are deleted.
    pub keep: Option<u64>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        SinkOptions {
            title: "face8x".to_owned(),
            size: None,
            fps: 30,
            segment: None,
            keep: None,
        }
    }
}

/// One row of the table of sinks.
pub(crate) struct SinkKind {
    /// What the URI is, or begins with before a colon.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Opens the sink; the argument is what follows the colon, empty where nothing does.
    pub open: fn(&str, &SinkOptions) -> Result<Box<dyn Sink>>,
}

/// Every sink that a URI can name.
pub(crate) const SINKS: &[SinkKind] = &[
    SinkKind {
        name: "auto",
        help: "the first of window, drm, fb and png:face8x.png that works",
        open: |argument, options| {
            no_argument("auto", argument)?;
            open_auto(options).map(|opened| opened.sink)
        },
    },
    SinkKind {
        name: "window",
        help: "a window on Wayland or X11; window:fullscreen, or window:1280x720 for a size",
        open: window::open,
    },
    SinkKind {
        name: "drm",
        help: "a whole display without a desktop; drm:/dev/dri/card1 or drm:HDMI-A-1 picks one",
        open: drm::open,
    },
    SinkKind {
        name: "fb",
        help: "a Linux framebuffer, /dev/fb0 or fb:/dev/fb1",
        open: fb::open,
    },
    SinkKind {
        name: "spi",
        help: "an SPI panel, spi:ili9341,dc=24,rst=25 (also dev, chip, bl, speed, mode, width, \
               height, offset=x:y, invert, bgr)",
        open: spi::open,
    },
    SinkKind {
        name: "test",
        help: "records what an SPI panel would be sent, test:PATH or test:MODEL,path=PATH",
        open: spi::open_test,
    },
    SinkKind {
        name: "png",
        help: "a PNG file, replaced by each picture; png:DIR/%05d.png numbers them, png:FILE@800x480 sets the size",
        open: png::open,
    },
    SinkKind {
        name: "http",
        help: "a page with the live picture for browsers, http:8080 for this machine alone, \
               http:0.0.0.0:8080 for others, who need the token that the log shows",
        open: http::open,
    },
    SinkKind {
        name: "avi",
        help: "a recording that a power cut does not damage, avi:FILE; --segment and --keep make \
               several files of it",
        open: recording::open_avi,
    },
    SinkKind {
        name: "mjpg",
        help: "the same as JPEG pictures one after the other, mjpg:FILE",
        open: recording::open_mjpg,
    },
    SinkKind {
        name: "v4l2",
        help: "a virtual camera of v4l2loopback, v4l2:///dev/video10; @800x480 sets the size",
        open: v4l2::open,
    },
    SinkKind {
        name: "pipe",
        help: "a shell command that reads y4m, or raw RGB where it names {width}, {height}, {fps}: \
               pipe:'ffmpeg -i - out.mp4'",
        open: pipe::open_command,
    },
    SinkKind {
        name: "-",
        help: "y4m on standard output",
        open: pipe::open_stdout,
    },
    SinkKind {
        name: "null",
        help: "shows nothing",
        open: null::open,
    },
];

/// Opens the sink that `uri` names: see the table of this module.
///
/// # Errors
/// An unknown name or a malformed URI is a usage error; a display that is not there, is busy or
/// may not be opened is an error with its remedy.
pub fn open(uri: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    let (kind, argument) = kind_of(uri)?;
    (kind.open)(argument, options)
}

/// The sink that `uri` names, and what follows its colon.
pub(crate) fn kind_of(uri: &str) -> Result<(&'static SinkKind, &str)> {
    let (name, argument) = uri.split_once(':').unwrap_or((uri, ""));
    match SINKS.iter().find(|kind| kind.name == name) {
        Some(kind) => Ok((kind, argument)),
        None => {
            let names: Vec<&str> = SINKS.iter().map(|kind| kind.name).collect();
            Err(Error::unknown("sink", name, &names))
        }
    }
}

/// The sink that `auto` has chosen.
pub struct Opened {
    /// What opens it again.
    pub uri: &'static str,
    /// The open sink.
    pub sink: Box<dyn Sink>,
}

/// Opens the first of window, drm, fb and `png:face8x.png` (in the working folder) that works, and
/// logs which, and why not the ones before it, in one line.
///
/// # Errors
/// Not even the file can be written.
pub fn open_auto(options: &SinkOptions) -> Result<Opened> {
    let order = ["window", "drm", "fb", "png:face8x.png"];
    first_that_opens(&order, |uri| open(uri, options))
}

/// The first of `uris` that opens.
fn first_that_opens(
    uris: &[&'static str],
    open: impl Fn(&str) -> Result<Box<dyn Sink>>,
) -> Result<Opened> {
    let mut reasons = Vec::new();
    for &uri in uris {
        match open(uri) {
            Ok(sink) => {
                let before = reasons.iter().map(|reason| format!("; no {reason}"));
                log::info!("sink: {}{}", sink.describe(), before.collect::<String>());
                return Ok(Opened { uri, sink });
            }
            Err(error) => reasons.push(format!("{uri}: {error}")),
        }
    }
    let message = format!("no display: {}", reasons.join("; "));
    Err(Error::new(ErrorKind::Device, message)
        .remedy("name one with --sink; `face8x doctor` says what each needs"))
}

/// The path of "PATH@800x480", and the size of the display that it stands for.
fn sized(argument: &str) -> (&str, Option<(u32, u32)>) {
    let split = argument.rsplit_once('@').and_then(|(path, size)| {
        let (width, height) = size.split_once('x')?;
        let size = (width.parse().ok()?, height.parse().ok()?);
        // Anything else is a part of the file's name.
        check_size(size.0, size.1).is_ok().then_some((path, size))
    });
    match split {
        Some((path, size)) => (path, Some(size)),
        None => (argument, None),
    }
}

/// The error of a device that has failed: "`what`: `cause`".
fn device_error(
    what: impl std::fmt::Display,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::new(ErrorKind::Device, format!("{what}: {cause}")).caused_by(cause)
}

/// A usage error if something follows the colon of a sink without an argument.
fn no_argument(name: &str, argument: &str) -> Result<()> {
    if argument.is_empty() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "unexpected argument {argument:?} of the sink {name}"
    ))
    .remedy(format!("write --sink {name}")))
}

/// Sinks whose Cargo feature is off.
#[cfg(not(feature = "drm"))]
mod drm {
    pub(super) fn open(_: &str, _: &super::SinkOptions) -> crate::Result<Box<dyn super::Sink>> {
        super::not_built("drm")
    }
}
#[cfg(not(feature = "spi"))]
mod spi {
    pub(super) use self::open as open_test;
    pub(super) fn open(_: &str, _: &super::SinkOptions) -> crate::Result<Box<dyn super::Sink>> {
        super::not_built("spi")
    }
}
#[cfg(not(feature = "v4l2"))]
mod v4l2 {
    pub(super) fn open(_: &str, _: &super::SinkOptions) -> crate::Result<Box<dyn super::Sink>> {
        super::not_built("v4l2")
    }
}
#[cfg(not(feature = "window"))]
mod window {
    pub(super) fn open(_: &str, _: &super::SinkOptions) -> crate::Result<Box<dyn super::Sink>> {
        super::not_built("window")
    }
}

/// The error of a sink whose Cargo feature is off.
#[cfg(not(all(feature = "drm", feature = "spi", feature = "v4l2", feature = "window")))]
fn not_built(feature: &str) -> Result<Box<dyn Sink>> {
    Err(Error::other(format!(
        "this face8x was built without the feature {feature}"
    ))
    .remedy(format!("build it with `--features {feature}`")))
}
