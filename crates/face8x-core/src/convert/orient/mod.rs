//! Frames turned and mirrored, in the format that they have: for cameras that hang upside down or on
//! their side.

mod planes;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use crate::frame::{Frame, PixelFormat};
use crate::{Error, ErrorKind, Result};

/// Which way a picture is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flip {
    /// Left and right are exchanged.
    Horizontal,
    /// Top and bottom are exchanged.
    Vertical,
}

impl FromStr for Flip {
    type Err = Error;

    /// `h` or `v`; anything else is a usage error.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "h" => Ok(Flip::Horizontal),
            "v" => Ok(Flip::Vertical),
            _ => Err(Error::usage(format!("invalid direction \"{name}\""))
                .remedy("h flips left and right, v top and bottom")),
        }
    }
}

/// One of the eight ways in which a camera can be mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orientation {
    /// Rows become columns. The next two are of the picture before that.
    transposed: bool,
    /// Columns are counted from the right.
    from_right: bool,
    /// Rows are counted from the bottom.
    from_bottom: bool,
}

impl Orientation {
    /// Turned clockwise by so many quarter turns, then flipped.
    pub fn new(quarter_turns: u8, flip: Option<Flip>) -> Self {
        let (transposed, mut from_right, mut from_bottom) = match quarter_turns % 4 {
            0 => (false, false, false),
            1 => (true, false, true),
            2 => (false, true, true),
            _ => (true, true, false),
        };
        match (flip, transposed) {
            (None, _) => {}
            (Some(Flip::Horizontal), false) | (Some(Flip::Vertical), true) => from_right ^= true,
            (Some(Flip::Vertical), false) | (Some(Flip::Horizontal), true) => from_bottom ^= true,
        }
        Orientation {
            transposed,
            from_right,
            from_bottom,
        }
    }

    /// Width and height of a `width` x `height` picture afterwards.
    pub fn size(&self, (width, height): (u32, u32)) -> (u32, u32) {
        match self.transposed {
            true => (height, width),
            false => (width, height),
        }
    }
}

/// Turns and mirrors frames; keeps its buffer.
pub struct Orienter {
    orientation: Orientation,
    frame: Frame,
}

impl Orienter {
    /// One that brings every frame to this orientation.
    pub fn new(orientation: Orientation) -> Self {
        Orienter {
            orientation,
            frame: Frame::empty(),
        }
    }

    /// `frame` in the new orientation and in its own format, without padding; the frame itself where
    /// nothing is to be done. After the first frame of a size nothing is allocated.
    ///
    /// Pixels that share their chroma do so afterwards. Of two that did not before, in a row of
    /// `Yuyv` or `Uyvy` that was a column, it is the mean; at odd sizes, where pairs begin at the
    /// other end, it is that of the pair's first pixel.
    ///
    /// # Errors
    /// The frame is not valid, or is a JPEG that is not decoded yet.
    pub fn apply<'a>(&'a mut self, frame: &'a Frame) -> Result<&'a Frame> {
        if self.orientation == Orientation::default() {
            return Ok(frame);
        }
        frame.validate()?;
        if frame.format == PixelFormat::Mjpg {
            let message = "the frame is a JPEG: decode it first";
            return Err(Error::new(ErrorKind::Picture, message));
        }
        let out = &mut self.frame;
        let (width, height) = self.orientation.size((frame.width, frame.height));
        out.begin_from(frame, width, height);
        let len = out.format.frame_len(out.stride, out.height);
        out.bytes.resize(len, 0);
        planes::orient(self.orientation, frame, &mut out.bytes);
        Ok(out)
    }
}
