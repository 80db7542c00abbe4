//! From camera formats to what the stages read: RGB, display pixels, luma.
//!
//! A JPEG is decoded once ([`JpegDecoder`]) into a frame in RGB; every other format is read as it
//! is, and only as much of it as is asked for ([`Converter`]).
//!
//! | format | range | matrix |
//! |---|---|---|
//! | YUYV, UYVY, NV12, YU12 | limited: luma 16 to 235, chroma 16 to 240 | ITU-R BT.601 |
//! | MJPG | full: 0 to 255 (JFIF) | ITU-R BT.601 |
//! | GREY, RGB3, BGR3 | full | none |
//!
//! The limited range and BT.601 are V4L2's default for the colour space of webcams
//! (`V4L2_MAP_QUANTIZATION_DEFAULT`, `V4L2_MAP_YCBCR_ENC_DEFAULT`). Pixels that share their chroma
//! all take it as it is. Luma is never stretched: that of the first four formats is the camera's.
//!
//! Buffers are kept from call to call; after the first frames of a size nothing is allocated,
//! except by the JPEG decoder, whose library allocates a few rows for every picture.

mod blocks;
mod colour;
pub mod jpeg;
mod layout;
mod luma;
pub mod orient;
mod rows;
mod scale;
#[cfg(test)]
mod tests;

use blocks::{BlockSize, Blocks, MAX_BLOCK};
use colour::Texel;
use layout::FrameLayout;
use scale::{PixelTarget, Scaler};

use crate::downscaled::Downscaled;
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::{Error, ErrorKind, Result};

pub use colour::LUMA_WEIGHTS;
pub use jpeg::JpegDecoder;
pub(crate) use luma::LumaReader;
pub use luma::LumaSource;

/// A rectangle of whole pixels of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Its first column.
    pub x: u32,
    /// Its first row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Region {
    /// All of `frame`.
    pub fn whole(frame: &Frame) -> Self {
        Region {
            x: 0,
            y: 0,
            width: frame.width,
            height: frame.height,
        }
    }
}

/// Copies the `region` of `frame` to `out`, in its format and without padding. Column, row, width and height of
/// the region are even, so that pixels that share their chroma stay together.
///
/// # Errors
/// The frame is not valid, is a JPEG, or the region reaches outside.
pub fn crop(frame: &Frame, region: Region, out: &mut Frame) -> Result<()> {
    let layout = FrameLayout::of(frame)?;
    check_region(&layout, region)?;
    out.begin_from(frame, region.width, region.height);
    out.bytes.clear();
    let range = |start: u32, length: u32| (start as usize, (start + length) as usize);
    let (rows, columns) = (
        range(region.y, region.height),
        range(region.x, region.width),
    );
    for row in layout
        .planes()
        .iter()
        .flat_map(|plane| plane.spans(rows, columns))
    {
        out.bytes.extend_from_slice(row);
    }
    Ok(())
}

/// Reads frames of every raw format.
#[derive(Default)]
pub struct Converter {
    blocks: Blocks,
    scaler: Scaler,
}

impl Converter {
    /// A converter with empty buffers.
    pub fn new() -> Self {
        Converter::default()
    }

    /// Makes room for frames like `frame` at once.
    ///
    /// # Errors
    /// The frame is not valid, or is a JPEG.
    pub(crate) fn reserve(&mut self, frame: &Frame) -> Result<()> {
        self.blocks.reserve(&FrameLayout::of(frame)?);
        Ok(())
    }

    /// Fills `out` with `region` of `frame`: three bytes a pixel, row by row without padding.
    ///
    /// # Errors
    /// The frame is not valid, is a JPEG, or the region reaches outside.
    pub fn rgb(&mut self, frame: &Frame, region: Region, out: &mut Vec<u8>) -> Result<()> {
        let layout = FrameLayout::of(frame)?;
        check_region(&layout, region)?;
        let width = region.width as usize;
        out.resize(3 * width * region.height as usize, 0);
        let rows = out.chunks_exact_mut(3 * width.max(1));
        for (row, y) in rows.zip(region.y as usize..) {
            rows::row(&layout, y, region.x as usize, row.as_chunks_mut::<3>().0);
        }
        Ok(())
    }

    /// Fills `out` with `region` of `frame` as display pixels (`0x00RRGGBB`), row by row.
    ///
    /// # Errors
    /// The frame is not valid, is a JPEG, or the region reaches outside.
    pub fn pixels(&mut self, frame: &Frame, region: Region, out: &mut Vec<u32>) -> Result<()> {
        let layout = FrameLayout::of(frame)?;
        check_region(&layout, region)?;
        let width = region.width as usize;
        out.resize(width * region.height as usize, 0);
        let rows = out.chunks_exact_mut(width.max(1));
        for (row, y) in rows.zip(region.y as usize..) {
            rows::row(&layout, y, region.x as usize, row);
        }
        Ok(())
    }

    /// Fills `out` with the luma of `frame`, each pixel the mean of a square block of the smallest
    /// whole side with which the picture fits `max_width` x `max_height`. Frame columns and rows
    /// that make no whole block, at the right and the bottom, are left out; a frame narrower or
    /// lower than one block gives one column or row.
    ///
    /// # Errors
    /// The frame is not valid, is a JPEG, or is more than 256 times too large.
    pub fn downscale_luma(
        &mut self,
        frame: &Frame,
        max_width: u32,
        max_height: u32,
        out: &mut Downscaled,
    ) -> Result<()> {
        let layout = FrameLayout::of(frame)?;
        let block = start_downscaled(frame, (max_width, max_height), 1, out)?;
        for (y, row) in out.bytes.chunks_exact_mut(out.width as usize).enumerate() {
            self.blocks.luma_row(&layout, block, y, 0, row);
        }
        Ok(())
    }

    /// The same as [`downscale_luma`](Converter::downscale_luma), in RGB.
    ///
    /// # Errors
    /// As for [`downscale_luma`](Converter::downscale_luma).
    pub fn downscale_rgb(
        &mut self,
        frame: &Frame,
        max_width: u32,
        max_height: u32,
        out: &mut Downscaled,
    ) -> Result<()> {
        let layout = FrameLayout::of(frame)?;
        let block = start_downscaled(frame, (max_width, max_height), 3, out)?;
        for (y, row) in out
            .bytes
            .chunks_exact_mut(3 * out.width as usize)
            .enumerate()
        {
            self.blocks
                .row(&layout, block, y, 0, row.as_chunks_mut::<3>().0);
        }
        Ok(())
    }

    /// Scales the part `src` of `frame` to `width` x `height` display pixels (`0x00RRGGBB`) at the
    /// beginning of `dst`, whose rows lie `stride` pixels apart: part of a larger canvas, or with
    /// `stride` = `width` a picture of its own.
    ///
    /// Shrinking averages blocks of the nearest whole factor, then all sizes are reached linearly.
    /// What of `src` lies outside the frame is cut off before.
    ///
    /// # Errors
    /// The frame is not valid, is a JPEG, or lies outside `src`; `dst` is too small.
    pub fn scale_to(
        &mut self,
        frame: &Frame,
        src: Rect,
        dst: &mut [u32],
        stride: usize,
        width: u32,
        height: u32,
    ) -> Result<()> {
        let layout = FrameLayout::of(frame)?;
        let (width, height) = (width as usize, height as usize);
        if width == 0 || height == 0 {
            return Ok(());
        }
        let needed = stride
            .checked_mul(height - 1)
            .and_then(|n| n.checked_add(width));
        if stride < width || needed.is_none_or(|n| n > dst.len()) {
            return Err(invalid(format!(
                "{width}x{height} pixels do not fit {} in rows of {stride}",
                dst.len()
            )));
        }
        let Some(src) = cut(src, frame) else {
            return Err(invalid(format!(
                "{src:?} lies outside the {}x{} frame",
                frame.width, frame.height
            )));
        };
        let target = PixelTarget {
            pixels: dst,
            stride,
            width,
            height,
        };
        self.scaler.scale(&mut self.blocks, &layout, src, target);
        Ok(())
    }

    /// Writes `region`, in blocks of `factor` x `factor` frame pixels, to `out`, whose rows lie
    /// `stride` apart; each pixel is the mean of a block. [`crate::align`] reads frames so.
    ///
    /// # Errors
    /// The frame is not valid, is a JPEG, or the blocks reach outside.
    pub(crate) fn blocks<P: Texel>(
        &mut self,
        frame: &Frame,
        region: Region,
        factor: usize,
        out: &mut [P],
        stride: usize,
    ) -> Result<()> {
        let layout = FrameLayout::of(frame)?;
        check_inside((layout.width / factor, layout.height / factor), region)?;
        let rows = out.chunks_mut(stride).take(region.height as usize);
        for (row, y) in rows.zip(region.y as usize..) {
            let row = &mut row[..region.width as usize];
            self.blocks.row(
                &layout,
                BlockSize::square(factor),
                y,
                region.x as usize,
                row,
            );
        }
        Ok(())
    }
}

/// The part of `rect` within `frame`; `None` where there is none, or it is not finite.
fn cut(rect: Rect, frame: &Frame) -> Option<Rect> {
    let (right, bottom) = (rect.x + rect.w, rect.y + rect.h);
    if right.is_nan() || bottom.is_nan() {
        return None;
    }
    let (x, y) = (rect.x.max(0.0), rect.y.max(0.0));
    let cut = Rect::new(
        x,
        y,
        right.min(frame.width as f32) - x,
        bottom.min(frame.height as f32) - y,
    );
    (cut.w > 0.0 && cut.h > 0.0).then_some(cut)
}

fn check_region(layout: &FrameLayout, region: Region) -> Result<()> {
    check_inside((layout.width, layout.height), region)
}

fn check_inside((width, height): (usize, usize), region: Region) -> Result<()> {
    let inside = |start: u32, len: u32, limit: usize| {
        start
            .checked_add(len)
            .is_some_and(|end| end as usize <= limit)
    };
    if inside(region.x, region.width, width) && inside(region.y, region.height, height) {
        return Ok(());
    }
    Err(invalid(format!(
        "{region:?} lies outside the {width}x{height} frame"
    )))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Picture, message)
}

/// Gives `out` its size and header and returns the block.
fn start_downscaled(
    frame: &Frame,
    (max_width, max_height): (u32, u32),
    channels: usize,
    out: &mut Downscaled,
) -> Result<BlockSize> {
    let too_large = || {
        invalid(format!(
            "a frame of {}x{} cannot be downscaled to {max_width}x{max_height}",
            frame.width, frame.height
        ))
    };
    if max_width == 0 || max_height == 0 {
        return Err(too_large());
    }
    // The smallest factor with size / factor <= max.
    let factor = (frame.width / (max_width + 1)).max(frame.height / (max_height + 1)) + 1;
    if factor as usize > MAX_BLOCK {
        return Err(too_large());
    }
    let block = BlockSize {
        w: factor.min(frame.width) as usize,
        h: factor.min(frame.height) as usize,
    };
    out.width = frame.width / block.w as u32;
    out.height = frame.height / block.h as u32;
    out.channels = channels;
    out.factor = factor;
    out.frame_width = frame.width;
    out.frame_height = frame.height;
    out.sequence = frame.sequence;
    out.bytes
        .resize(out.width as usize * out.height as usize * channels, 0);
    Ok(block)
}
