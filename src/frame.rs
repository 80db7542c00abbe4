//! A camera picture as the driver gave it.

use std::time::Duration;

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
    Yuyv,
    Uyvy,
    Mjpg,
    Nv12,
    Yu12,
    Grey,
    Rgb3,
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
            bytes: Vec::new(),
        }
    }
}

/// Now on `CLOCK_MONOTONIC`, the clock of [`Frame::timestamp`].
pub fn monotonic_now() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}
