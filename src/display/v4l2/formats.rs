//! Which format an output device takes, and pictures in it.

use super::Device;
use crate::display::yuv;
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// Formats that are written, the best liked first: browsers and video calls read YUYV everywhere.
pub(super) const FORMATS: [OutputFormat; 5] = [
    OutputFormat::Yuyv,
    OutputFormat::Yu12,
    OutputFormat::Nv12,
    OutputFormat::Rgb3,
    OutputFormat::Bgr3,
];

/// A form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputFormat {
    Yuyv,
    Yu12,
    Nv12,
    Rgb3,
    Bgr3,
}

impl OutputFormat {
    /// Its code in V4L2.
    pub(super) fn code(self) -> &'static [u8; 4] {
        match self {
            OutputFormat::Yuyv => b"YUYV",
            OutputFormat::Yu12 => b"YU12",
            OutputFormat::Nv12 => b"NV12",
            OutputFormat::Rgb3 => b"RGB3",
            OutputFormat::Bgr3 => b"BGR3",
        }
    }

    /// Bytes of a row of its first plane.
    fn stride(self, width: u32) -> u32 {
        match self {
            OutputFormat::Yuyv => 2 * width,
            OutputFormat::Yu12 | OutputFormat::Nv12 => width,
            OutputFormat::Rgb3 | OutputFormat::Bgr3 => 3 * width,
        }
    }

    /// Replaces `out` by the picture, whose sides are even.
    pub(super) fn write(self, picture: &Picture, out: &mut Vec<u8>) {
        out.clear();
        match self {
            OutputFormat::Yuyv => yuv::add_pairs(picture, out),
            OutputFormat::Yu12 => yuv::add_planes(picture, out),
            OutputFormat::Nv12 => yuv::add_two_planes(picture, out),
            OutputFormat::Rgb3 => picture.write_rgb(out),
            OutputFormat::Bgr3 => {
                picture.write_rgb(out);
                let (pixels, _) = out.as_chunks_mut::<3>();
                pixels.iter_mut().for_each(|pixel| pixel.swap(0, 2));
            }
        }
    }
}

/// What a device makes of a format that it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: [u8; 4],
    pub(super) size: (u32, u32),
    /// Bytes of a row; 0 where the device does not say.
    pub(super) stride: u32,
}

impl Answer {
    /// The format, where pictures can be written in it.
    fn accepted(&self) -> Option<OutputFormat> {
        let (width, height) = self.size;
        let is_fit = |format: &OutputFormat| {
            *format.code() == self.code && [0, format.stride(width)].contains(&self.stride)
        };
        let is_even = width > 0 && height > 0 && width % 2 == 0 && height % 2 == 0;
        FORMATS.into_iter().find(is_fit).filter(|_| is_even)
    }
}

/// Agrees with the device on a format for pictures of nearly this size. A device that has a format
/// already may insist on it, and on its size.
///
/// # Errors
/// It takes none of [`FORMATS`].
pub(super) fn negotiate(
    device: &dyn Device,
    size: (u32, u32),
) -> Result<(OutputFormat, (u32, u32))> {
    let listed = device.codes();
    let mut answers = Vec::new();
    for format in FORMATS {
        if !listed.is_empty() && !listed.contains(format.code()) {
            continue;
        }
        let answer = device.set_format(format.code(), size)?;
        if let Some(format) = answer.accepted() {
            return Ok((format, answer.size));
        }
        answers.push(answer);
    }
    let name = |code: &[u8; 4]| String::from_utf8_lossy(code).into_owned();
    let ours: Vec<String> = FORMATS.map(|format| name(format.code())).into();
    let theirs: Vec<String> = match answers.first() {
        Some(Answer { code, size, stride }) => {
            let (width, height) = size;
            vec![format!(
                "{} {width}x{height} with rows of {stride} bytes",
                name(code)
            )]
        }
        None => listed.iter().map(name).collect(),
    };
    let message = format!("takes no format that is written ({})", ours.join(", "));
    Err(Error::new(ErrorKind::Device, message).remedy(format!(
        "it has {}: end the program that set it, or load v4l2loopback again",
        theirs.join(", ")
    )))
}
