//! A camera picture as the driver gave it.

use std::time::Duration;

use crate::{Error, ErrorKind, Result};

/// The longest side of a frame in pixels.
pub const MAX_SIDE: u32 = 16384;
/// The most pixels of a frame: 64 Mi, 192 MiB as RGB.
pub const MAX_PIXELS: u64 = 1 << 26;
/// The most bytes of a row: eight for each pixel of the longest one.
const MAX_STRIDE: usize = 8 * MAX_SIDE as usize;

/// The camera formats that face8x reads. Names and layouts are V4L2's.
///
/// | format | bytes of a row of luma | layout |
/// |---|---|---|
/// | `Yuyv` | 2w (w rounded up to even) | Y0 U Y1 V, 4:2:2 packed |
/// | `Uyvy` | 2w (w rounded up to even) | U Y0 V Y1, 4:2:2 packed |
/// | `Nv12` | w | Y plane, then an interleaved UV plane of half the height, same stride |
/// | `Yu12` | w | Y plane, then U, then V, each of half the width and height (stride/2) |
/// | `Grey` | w | luma alone |
/// | `Rgb3` / `Bgr3` | 3w | 8 bits a channel |
/// | `Mjpg` | - | one JPEG picture a frame |
///
/// Chroma planes of odd sizes have (w+1)/2 columns and (h+1)/2 rows, and the chroma stride of
/// `Yu12` is (stride+1)/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// 4:2:2 packed, luma first.
    Yuyv,
    /// 4:2:2 packed, chroma first.
    Uyvy,
    /// JPEG pictures.
    Mjpg,
    /// 4:2:0, chroma interleaved.
    Nv12,
    /// 4:2:0 in three planes.
    Yu12,
    /// Luma alone.
    Grey,
    /// Red, green and blue.
    Rgb3,
    /// Blue, green and red.
    Bgr3,
}

impl PixelFormat {
    /// Every format, the cheapest to convert first.
    pub const ALL: [PixelFormat; 8] = [
        PixelFormat::Yuyv,
        PixelFormat::Uyvy,
        PixelFormat::Nv12,
        PixelFormat::Yu12,
        PixelFormat::Grey,
        PixelFormat::Rgb3,
        PixelFormat::Bgr3,
        PixelFormat::Mjpg,
    ];

    /// V4L2's four-character code.
    pub fn fourcc(self) -> [u8; 4] {
        match self {
            PixelFormat::Yuyv => *b"YUYV",
            PixelFormat::Uyvy => *b"UYVY",
            PixelFormat::Mjpg => *b"MJPG",
            PixelFormat::Nv12 => *b"NV12",
            PixelFormat::Yu12 => *b"YU12",
            PixelFormat::Grey => *b"GREY",
            PixelFormat::Rgb3 => *b"RGB3",
            PixelFormat::Bgr3 => *b"BGR3",
        }
    }

    /// The format of a V4L2 code; `JPEG` is the same as `MJPG`. `None` for any other.
    pub fn from_fourcc(code: &[u8; 4]) -> Option<Self> {
        if code == b"JPEG" {
            return Some(PixelFormat::Mjpg);
        }
        PixelFormat::ALL.into_iter().find(|f| &f.fourcc() == code)
    }

    /// Bytes of a row of the first plane without padding; 0 for `Mjpg`.
    pub fn min_stride(self, width: u32) -> usize {
        let w = width as usize;
        match self {
            PixelFormat::Yuyv | PixelFormat::Uyvy => w.next_multiple_of(2) * 2,
            PixelFormat::Nv12 | PixelFormat::Yu12 | PixelFormat::Grey => w,
            PixelFormat::Rgb3 | PixelFormat::Bgr3 => w * 3,
            PixelFormat::Mjpg => 0,
        }
    }

    /// Bytes of a whole frame with rows of `stride` bytes; 0 for `Mjpg`, whose length varies.
    pub fn frame_len(self, stride: usize, height: u32) -> usize {
        let h = height as usize;
        match self {
            PixelFormat::Nv12 => stride * h + stride.next_multiple_of(2) * h.div_ceil(2),
            PixelFormat::Yu12 => stride * h + 2 * stride.div_ceil(2) * h.div_ceil(2),
            PixelFormat::Mjpg => 0,
            _ => stride * h,
        }
    }
}

impl std::fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.fourcc()).unwrap_or("????"))
    }
}

/// One camera picture. Buffers are reused: a source overwrites `bytes` in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// How `bytes` is laid out.
    pub format: PixelFormat,
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row of the first plane to the next; 0 for `Mjpg`.
    pub stride: usize,
    /// When the driver took the picture, on `CLOCK_MONOTONIC`.
    pub timestamp: Duration,
    /// The driver's frame counter.
    pub sequence: u64,
    /// Whether the pixels were compressed or otherwise worked on since the sensor gave them, as those of
    /// JPEG pictures and photographs: single ones then say less.
    pub processed: bool,
    /// The pixels, or one JPEG picture.
    pub bytes: Vec<u8>,
}

impl Frame {
    /// An empty 0x0 `Rgb3` frame, for a source to fill.
    pub fn empty() -> Self {
        Frame {
            format: PixelFormat::Rgb3,
            width: 0,
            height: 0,
            stride: 0,
            timestamp: Duration::ZERO,
            sequence: 0,
            processed: false,
            bytes: Vec::new(),
        }
    }

    /// A frame of interleaved RGB: `bytes` is 3 x `width` x `height` long, row by row without
    /// padding. Time and sequence are 0.
    ///
    /// # Errors
    /// `bytes` has another length, or [`check_size`] refuses the size.
    pub fn from_rgb(width: u32, height: u32, bytes: Vec<u8>) -> Result<Self> {
        check_size(width, height)?;
        let stride = PixelFormat::Rgb3.min_stride(width);
        let needed = PixelFormat::Rgb3.frame_len(stride, height);
        if bytes.len() != needed {
            return Err(invalid(format!(
                "{} bytes where {width}x{height} RGB pixels are {needed}",
                bytes.len()
            )));
        }
        Ok(Frame {
            width,
            height,
            stride,
            bytes,
            ..Frame::empty()
        })
    }

    /// Makes this a copy of `other`; allocates only if it has never been as large.
    pub fn copy_from(&mut self, other: &Frame) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clone_from(&other.bytes);
        *self = Frame { bytes, ..*other };
    }

    /// Describes this frame as a picture of another size that is made of `other`: its format and all else
    /// that is known of it, rows without padding. [`bytes`](Frame::bytes) are left as they are.
    pub fn begin_from(&mut self, other: &Frame, width: u32, height: u32) {
        let bytes = std::mem::take(&mut self.bytes);
        *self = Frame {
            width,
            height,
            stride: other.format.min_stride(width),
            bytes,
            ..*other
        };
    }

    /// Checks that size, stride and length belong together, so that every pixel of a raw format
    /// lies within [`bytes`](Frame::bytes). Bytes beyond the last row are no error. Of `Mjpg`,
    /// whose size stands in the JPEG, only that there are bytes at all.
    ///
    /// # Errors
    /// The frame has no pixels, more than [`MAX_SIDE`] a side or [`MAX_PIXELS`] in all, rows
    /// shorter than its width needs, or too few bytes.
    pub fn validate(&self) -> Result<()> {
        if self.format == PixelFormat::Mjpg {
            return match self.bytes.len() {
                0 => Err(invalid("MJPG frame of 0 bytes".into())),
                _ => Ok(()),
            };
        }
        check_size(self.width, self.height)?;
        let row = self.format.min_stride(self.width);
        if !(row..=MAX_STRIDE).contains(&self.stride) {
            return Err(invalid(format!(
                "{} rows of {} bytes where {} pixels need {row}",
                self.format, self.stride, self.width
            )));
        }
        let needed = self.format.frame_len(self.stride, self.height);
        if self.bytes.len() < needed {
            return Err(invalid(format!(
                "frame of {} bytes where {needed} are needed ({} {}x{})",
                self.bytes.len(),
                self.format,
                self.width,
                self.height
            )));
        }
        Ok(())
    }
}

/// Checks that a picture has pixels, and not too many.
///
/// # Errors
/// A side is 0 or longer than [`MAX_SIDE`], or there are more than [`MAX_PIXELS`].
pub fn check_size(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(invalid(format!("picture of {width}x{height} pixels"))
            .remedy("the file or the camera's picture is damaged: copy or save the file again"));
    }
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(
            invalid(format!("picture of {width}x{height} pixels is too large")).remedy(format!(
                "at most {MAX_SIDE} pixels a side, {MAX_PIXELS} in all"
            )),
        );
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Picture, message)
}

/// Now on `CLOCK_MONOTONIC`, the clock of [`Frame::timestamp`].
pub fn monotonic_now() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(format: PixelFormat, width: u32, height: u32, stride: usize, len: usize) -> Frame {
        Frame {
            format,
            width,
            height,
            stride,
            bytes: vec![0; len],
            ..Frame::empty()
        }
    }

    #[test]
    fn lengths_are_checked_against_stride_and_size() {
        use PixelFormat::*;
        for (format, width, height, stride, len) in [
            (Yuyv, 5, 3, 12, 36),
            (Uyvy, 6, 3, 16, 48),
            (Nv12, 5, 3, 5, 15 + 12),
            (Nv12, 6, 4, 8, 32 + 16),
            (Yu12, 5, 3, 5, 15 + 2 * 6),
            (Yu12, 6, 4, 8, 32 + 16),
            (Grey, 7, 2, 7, 14),
            (Rgb3, 3, 2, 9, 18),
            (Bgr3, 3, 2, 10, 20),
        ] {
            frame(format, width, height, stride, len)
                .validate()
                .unwrap();
            frame(format, width, height, stride, len + 7)
                .validate()
                .unwrap();
            let short = frame(format, width, height, stride, len - 1)
                .validate()
                .unwrap_err();
            let said = format!("frame of {} bytes where {len} are needed", len - 1);
            assert!(short.to_string().starts_with(&said), "{short}");
            let narrow = format.min_stride(width) - 1;
            frame(format, width, height, narrow, len)
                .validate()
                .unwrap_err();
        }
    }

    #[test]
    fn rgb_bytes_must_fill_the_frame() {
        let frame = Frame::from_rgb(3, 2, vec![7; 18]).unwrap();
        frame.validate().unwrap();
        assert_eq!((frame.width, frame.height, frame.stride), (3, 2, 9));
        for (width, height, len) in [(3, 2, 17), (3, 2, 19), (0, 2, 0), (MAX_SIDE + 1, 1, 3)] {
            let error = Frame::from_rgb(width, height, vec![7; len]).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Picture,
                "{width}x{height}: {error}"
            );
        }
    }

    #[test]
    fn absurd_sizes_are_refused() {
        for (width, height) in [(0, 4), (4, 0), (16385, 1), (1, u32::MAX), (16384, 16384)] {
            frame(PixelFormat::Grey, width, height, width as usize, 64)
                .validate()
                .unwrap_err();
        }
        frame(PixelFormat::Grey, 4, 4, usize::MAX, 64)
            .validate()
            .unwrap_err();
        frame(PixelFormat::Mjpg, 0, 0, 0, 0).validate().unwrap_err();
        frame(PixelFormat::Mjpg, 0, 0, 0, 1).validate().unwrap();
    }
}
