//! Where the samples of each raw format lie.

use crate::downscaled::Downscaled;
use crate::frame::{Frame, PixelFormat};
use crate::{Error, ErrorKind, Result};

/// Rows of samples, one after the other.
#[derive(Clone, Copy, Default)]
pub(super) struct Plane<'a> {
    bytes: &'a [u8],
    stride: usize,
    /// A row of this plane serves 2^v rows of the picture.
    v: u32,
    /// `step` bytes serve 2^h columns of the picture.
    pub h: u32,
    pub step: usize,
}

impl<'a> Plane<'a> {
    /// The bytes that serve columns `x0..x1` of row `y` of the picture.
    pub(super) fn span(&self, y: usize, x0: usize, x1: usize) -> &'a [u8] {
        let row = &self.bytes[(y >> self.v) * self.stride..];
        &row[(x0 >> self.h) * self.step..(((x1 - 1) >> self.h) + 1) * self.step]
    }

    /// The bytes that serve columns `x0..x1` of rows `y0..y1` of the picture, a row of the plane each.
    pub(super) fn spans(
        self,
        (y0, y1): (usize, usize),
        (x0, x1): (usize, usize),
    ) -> impl Iterator<Item = &'a [u8]> {
        let rows = (y0..y1).step_by(1 << self.v);
        rows.map(move |y| self.span(y, x0, x1))
    }
}

/// One channel: of column x it is byte `offset` + (x >> `h`) `step` of a row of its plane.
#[derive(Clone, Copy)]
pub(super) struct Component {
    pub plane: usize,
    pub offset: usize,
    pub step: usize,
    pub h: u32,
}

const fn component(plane: usize, offset: usize, step: usize, h: u32) -> Component {
    Component {
        plane,
        offset,
        step,
        h,
    }
}

/// The three channels of a format: luma, Cb and Cr, or red, green and blue. A JPEG has none.
fn components(format: PixelFormat) -> [Component; 3] {
    let packed = |y, cb, cr| {
        [
            component(0, y, 2, 0),
            component(0, cb, 4, 1),
            component(0, cr, 4, 1),
        ]
    };
    let rgb = |offset| component(0, offset, 3, 0);
    let luma = component(0, 0, 1, 0);
    match format {
        PixelFormat::Yuyv => packed(0, 1, 3),
        PixelFormat::Uyvy => packed(1, 0, 2),
        PixelFormat::Nv12 => [luma, component(1, 0, 2, 1), component(1, 1, 2, 1)],
        PixelFormat::Yu12 => [luma, component(1, 0, 1, 1), component(2, 0, 1, 1)],
        PixelFormat::Rgb3 => [rgb(0), rgb(1), rgb(2)],
        PixelFormat::Bgr3 => [rgb(2), rgb(1), rgb(0)],
        PixelFormat::Grey | PixelFormat::Mjpg => [luma; 3],
    }
}

/// What the three components of a layout are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// Luma, Cb and Cr.
    Ycc,
    /// Red, green and blue.
    Rgb,
    /// Three times the same, so that it reads as RGB too.
    Grey,
}

/// A raw frame as planes and channels.
#[derive(Clone, Copy)]
pub(super) struct FrameLayout<'a> {
    pub format: PixelFormat,
    pub width: usize,
    pub height: usize,
    planes: [Plane<'a>; 3],
    plane_count: usize,
    pub components: [Component; 3],
    pub channels: Channels,
}

impl<'a> FrameLayout<'a> {
    /// Checks `frame` and describes it.
    ///
    /// # Errors
    /// The frame is not valid, or is a JPEG that is not decoded yet.
    pub(super) fn of(frame: &'a Frame) -> Result<Self> {
        frame.validate()?;
        let (stride, height) = (frame.stride, frame.height as usize);
        let first = |step, h| Plane {
            bytes: &frame.bytes,
            stride,
            v: 0,
            h,
            step,
        };
        let chroma = |start: usize, stride, step| Plane {
            bytes: &frame.bytes[start..],
            stride,
            v: 1,
            h: 1,
            step,
        };
        // The stride of a JPEG has no meaning and may be anything.
        let y_len = stride.saturating_mul(height);
        let half = stride.div_ceil(2);
        let none = Plane::default();
        let (planes, plane_count) = match frame.format {
            PixelFormat::Yuyv | PixelFormat::Uyvy => ([first(4, 1), none, none], 1),
            PixelFormat::Nv12 => ([first(1, 0), chroma(y_len, 2 * half, 2), none], 2),
            PixelFormat::Yu12 => {
                let cr = y_len + half * height.div_ceil(2);
                (
                    [first(1, 0), chroma(y_len, half, 1), chroma(cr, half, 1)],
                    3,
                )
            }
            PixelFormat::Grey => ([first(1, 0), none, none], 1),
            PixelFormat::Rgb3 | PixelFormat::Bgr3 => ([first(3, 0), none, none], 1),
            PixelFormat::Mjpg => {
                let message = "the frame is a JPEG: decode it first";
                return Err(Error::new(ErrorKind::Picture, message));
            }
        };
        let channels = match frame.format {
            PixelFormat::Grey => Channels::Grey,
            PixelFormat::Rgb3 | PixelFormat::Bgr3 => Channels::Rgb,
            _ => Channels::Ycc,
        };
        Ok(FrameLayout {
            format: frame.format,
            width: frame.width as usize,
            height,
            planes,
            plane_count,
            components: components(frame.format),
            channels,
        })
    }

    /// Describes a downscaled picture, where it has pixels.
    pub(super) fn of_downscaled(picture: &'a Downscaled) -> Option<Self> {
        if !picture.has_pixels() {
            return None;
        }
        let (format, channels) = match picture.channels {
            1 => (PixelFormat::Grey, Channels::Grey),
            _ => (PixelFormat::Rgb3, Channels::Rgb),
        };
        let width = picture.width as usize;
        let pixels = Plane {
            bytes: &picture.bytes,
            stride: picture.channels * width,
            v: 0,
            h: 0,
            step: picture.channels,
        };
        Some(FrameLayout {
            format,
            width,
            height: picture.height as usize,
            planes: [pixels, Plane::default(), Plane::default()],
            plane_count: 1,
            components: components(format),
            channels,
        })
    }

    /// Which byte of two is luma, where a group of four is two pixels that share their chroma.
    pub(super) fn packed_luma(&self) -> Option<u32> {
        match self.format {
            PixelFormat::Yuyv => Some(0),
            PixelFormat::Uyvy => Some(1),
            _ => None,
        }
    }

    /// The planes, that of luma (or of all channels) first.
    pub(super) fn planes(&self) -> &[Plane<'a>] {
        &self.planes[..self.plane_count]
    }
}
