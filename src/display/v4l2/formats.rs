//! Which format an output device takes, and pictures in it.

use super::Device;
use crate::display::yuv;
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};
use face8x_core::frame::PixelFormat;

/// Formats that are written, the best liked first: browsers and video calls read YUYV everywhere.
pub(super) const FORMATS: [PixelFormat; 5] = [
    PixelFormat::Yuyv,
    PixelFormat::Yu12,
    PixelFormat::Nv12,
    PixelFormat::Rgb3,
    PixelFormat::Bgr3,
];

/// Replaces `out` by the picture, whose sides are even, in one of [`FORMATS`]; by nothing in another.
pub(super) fn write(format: PixelFormat, picture: &Picture, out: &mut Vec<u8>) {
    out.clear();
    match format {
        PixelFormat::Yuyv => yuv::add_pairs(picture, out),
        PixelFormat::Yu12 => yuv::add_planes(picture, out),
        PixelFormat::Nv12 => yuv::add_two_planes(picture, out),
        PixelFormat::Rgb3 => picture.write_rgb(out),
        PixelFormat::Bgr3 => {
            picture.write_rgb(out);
            let (pixels, _) = out.as_chunks_mut::<3>();
            pixels.iter_mut().for_each(|pixel| pixel.swap(0, 2));
        }
        _ => {}
    }
}

/// What a device makes of a format that it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AcceptedFormat {
    pub(super) code: [u8; 4],
    pub(super) size: (u32, u32),
    /// Bytes of a row; 0 where the device does not say.
    pub(super) stride: u32,
}

impl AcceptedFormat {
    /// The format, where pictures can be written in it.
    fn accepted(&self) -> Option<PixelFormat> {
        let (width, height) = self.size;
        let is_fit = |format: &PixelFormat| {
            let stride = format.min_stride(width) as u32;
            format.fourcc() == self.code && [0, stride].contains(&self.stride)
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
) -> Result<(PixelFormat, (u32, u32))> {
    let listed = device.codes();
    let mut answers = Vec::new();
    for format in FORMATS {
        if !listed.is_empty() && !listed.contains(&format.fourcc()) {
            continue;
        }
        let answer = device.set_format(&format.fourcc(), size)?;
        if let Some(format) = answer.accepted() {
            return Ok((format, answer.size));
        }
        answers.push(answer);
    }
    let name = |code: &[u8; 4]| String::from_utf8_lossy(code).into_owned();
    let ours = FORMATS.map(|format| format.to_string());
    let theirs: Vec<String> = match answers.first() {
        Some(AcceptedFormat { code, size, stride }) => {
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
