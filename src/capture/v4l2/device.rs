//! A V4L2 node, asked through the `v4l` crate.
//!
//! Version 0.14 of that crate panics where a driver gives something that it does not know; see
//! [`contain`].

use std::io;
use std::path::{Path, PathBuf};

use v4l::capability::Flags;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::v4l_sys::v4l2_capability;
use v4l::v4l2::vidioc::VIDIOC_QUERYCAP;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC, Fraction};

use crate::capture::negotiate::{FrameSizes, Interval, Offer, Rates};
use crate::host::node;
use crate::{Error, Result};
use face8x_core::frame::PixelFormat;

/// The remedy where a camera's node does not exist.
const ABSENT: &str = "is it plugged in? `face8x list` shows the cameras";

/// An open node.
pub(crate) struct Node {
    pub device: Device,
    pub path: PathBuf,
}

impl Node {
    /// Opens `path`; opening disturbs nobody who uses the camera.
    ///
    /// # Errors
    /// As [`node::explain`] says them.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(Error::usage("the path of a camera holds a zero byte"));
        }
        let device = Device::with_path(path).map_err(|e| node::explain(path, &e, ABSENT))?;
        Ok(Node {
            device,
            path: path.to_owned(),
        })
    }

    /// This node's name and abilities. (`v4l` 0.14 would panic where the kernel cut the name
    /// of a webcam in the middle of a character, at 31 bytes.)
    pub(crate) fn caps(&self) -> Result<Caps> {
        // SAFETY: the struct is plain numbers and bytes, for which zeros are valid.
        let mut caps: v4l2_capability = unsafe { std::mem::zeroed() };
        let argument = (&raw mut caps).cast();
        // SAFETY: QUERYCAP writes one v4l2_capability, which `argument` points to.
        unsafe { v4l::v4l2::ioctl(self.device.handle().fd(), VIDIOC_QUERYCAP, argument) }
            .map_err(|e| self.explain(&e))?;
        let own = caps.capabilities & Flags::DEVICE_CAPS.bits() != 0;
        let can = if own {
            caps.device_caps
        } else {
            caps.capabilities
        };
        Ok(Caps {
            driver: text(&caps.driver),
            card: text(&caps.card),
            can: Flags::from(can),
        })
    }

    /// The codes of all formats that it lists.
    pub(crate) fn codes(&self) -> Vec<[u8; 4]> {
        let formats = contain(|| self.device.enum_formats()).unwrap_or_default();
        formats
            .into_iter()
            .map(|format| format.fourcc.repr)
            .collect()
    }

    /// The formats among `codes` that face8x reads, with sizes and rates. Where sizes come in
    /// ranges, the rates are those of the size nearest to `near`.
    pub(crate) fn offers(&self, codes: &[[u8; 4]], near: (u32, u32)) -> Vec<Offer> {
        codes
            .iter()
            .filter_map(|code| Some((PixelFormat::from_fourcc(code)?, FourCC::new(code))))
            .flat_map(|(format, code)| {
                self.sizes(code).into_iter().map(move |sizes| {
                    let rates = self.rates(code, sizes.nearest(near.0, near.1));
                    Offer {
                        format,
                        sizes,
                        rates,
                    }
                })
            })
            .collect()
    }

    fn sizes(&self, code: FourCC) -> Vec<FrameSizes> {
        let listed = self.device.enum_framesizes(code).unwrap_or_default();
        let sizes: Vec<_> = listed
            .into_iter()
            .map(|listed| match listed.size {
                FrameSizeEnum::Discrete(size) => FrameSizes::One(size.width, size.height),
                FrameSizeEnum::Stepwise(range) => FrameSizes::Range {
                    min: (range.min_width, range.min_height),
                    max: (range.max_width, range.max_height),
                    step: (range.step_width, range.step_height),
                },
            })
            .collect();
        if sizes.is_empty() {
            vec![FrameSizes::Unknown]
        } else {
            sizes
        }
    }

    fn rates(&self, code: FourCC, (width, height): (u32, u32)) -> Rates {
        let listed = self
            .device
            .enum_frameintervals(code, width, height)
            .unwrap_or_default();
        let mut list = Vec::new();
        for interval in listed {
            match interval.interval {
                FrameIntervalEnum::Discrete(one) => list.push(from_fraction(one)),
                FrameIntervalEnum::Stepwise(range) => {
                    return Rates::Range {
                        shortest: from_fraction(range.min),
                        longest: from_fraction(range.max),
                    };
                }
            }
        }
        if list.is_empty() {
            Rates::Unknown
        } else {
            Rates::List(list)
        }
    }

    /// Sets the format; what comes back is what the driver made of it. Stride and size are asked
    /// as zero, or a driver might keep those of the last format.
    pub(crate) fn set_format(&self, width: u32, height: u32, code: &[u8; 4]) -> Result<Format> {
        let asked = Format::new(width, height, FourCC::new(code));
        contain(|| self.device.set_format(&asked)).map_err(|e| self.explain(&e))
    }

    /// Sets the rate; `None` where the driver does not let it be set or does not tell.
    pub(crate) fn set_interval(&self, interval: Interval) -> Option<Interval> {
        let fraction = Fraction::new(interval.numerator, interval.denominator);
        match contain(|| self.device.set_params(&Parameters::new(fraction))) {
            Ok(got) => Some(from_fraction(got.interval)).filter(|got| got.fps() > 0.0),
            Err(e) => {
                log::debug!("{}: the rate cannot be set: {e}", self.path.display());
                None
            }
        }
    }

    /// `error` in words that help.
    pub(crate) fn explain(&self, error: &io::Error) -> Error {
        node::explain(&self.path, error, ABSENT)
    }
}

/// What a node says of itself.
#[derive(Debug)]
pub(crate) struct Caps {
    pub driver: String,
    pub card: String,
    /// What this node can do, not the whole device.
    pub can: Flags,
}

/// The text before the first zero byte.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn from_fraction(fraction: Fraction) -> Interval {
    Interval {
        numerator: fraction.numerator,
        denominator: fraction.denominator,
    }
}

/// Runs `call` of the `v4l` library and makes its panics errors: `v4l` 0.14 expects to know every
/// colour space and field order, and panics when dropping a stream whose buffers cannot be given
/// back.
pub(crate) fn contain<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    face8x_core::contain(call).unwrap_or_else(|panic| {
        Err(io::Error::other(format!(
            "the v4l library gave up: {panic}"
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_cut_anywhere() {
        assert_eq!(text(b"uvcvideo\0\0junk"), "uvcvideo");
        assert_eq!(text(b"Cam\xc3"), "Cam\u{fffd}");
    }

    #[test]
    fn other_files_are_no_cameras() {
        let error = Node::open(Path::new("/dev/video-none")).err().unwrap();
        assert!(error.to_string().contains("does not exist"), "{error}");
        let null = Node::open(Path::new("/dev/null")).unwrap();
        let error = null.caps().unwrap_err();
        assert!(
            error.to_string().contains("is not a device of that kind"),
            "{error}"
        );
        assert!(null.codes().is_empty());
        assert_eq!(
            Node::open(Path::new("/dev/vid\0eo"))
                .err()
                .unwrap()
                .exit_code(),
            2
        );
    }
}
