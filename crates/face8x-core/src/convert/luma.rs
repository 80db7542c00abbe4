//! Luma of a picture, as much of it as is asked for.

use super::blocks::{BlockSize, Blocks, MAX_BLOCK};
use super::layout::FrameLayout;
use crate::downscaled::Downscaled;
use crate::frame::Frame;

/// A picture that luma is read from, region by region: a frame in any raw format, or a downscaled
/// picture of one. Making one costs nothing.
#[derive(Clone, Copy)]
pub struct LumaSource<'a> {
    layout: Option<FrameLayout<'a>>,
    /// Frame pixels to a pixel of the picture.
    factor: u32,
    frame_size: (u32, u32),
    sequence: u64,
}

impl<'a> From<&'a Frame> for LumaSource<'a> {
    /// All of the frame, at its own resolution. One that is not valid, or a JPEG, has no pixels.
    fn from(frame: &'a Frame) -> Self {
        LumaSource {
            layout: FrameLayout::of(frame).ok(),
            ..LumaSource::without_pixels(frame)
        }
    }
}

impl<'a> From<&'a Downscaled> for LumaSource<'a> {
    fn from(picture: &'a Downscaled) -> Self {
        LumaSource {
            layout: FrameLayout::of_downscaled(picture),
            factor: picture.factor,
            frame_size: (picture.frame_width, picture.frame_height),
            sequence: picture.sequence,
        }
    }
}

impl<'a> LumaSource<'a> {
    /// Stands for a frame whose pixels are not to be looked at.
    pub fn without_pixels(frame: &Frame) -> Self {
        LumaSource {
            layout: None,
            factor: 1,
            frame_size: (frame.width, frame.height),
            sequence: frame.sequence,
        }
    }

    /// Width and height of the frame.
    pub(crate) fn frame_size(&self) -> (u32, u32) {
        self.frame_size
    }

    /// Number of the frame.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Frame pixels to a pixel of the picture.
    pub(crate) fn pixel(&self) -> f32 {
        self.factor as f32
    }

    /// The largest power of two that is a side of blocks of the picture at most `most` of its
    /// pixels long, and how many such blocks it has each way. `None` where it has no pixels.
    pub(crate) fn blocks(&self, most: f32) -> Option<(usize, usize, usize)> {
        let layout = self.layout.as_ref()?;
        let limit = layout.width.min(layout.height).min(MAX_BLOCK);
        let most = (most.max(1.0) as usize).min(limit).max(1);
        let block = 1 << most.ilog2();
        Some((block, layout.width / block, layout.height / block))
    }
}

/// Reads luma from a [`LumaSource`]; keeps its buffers.
#[derive(Default)]
pub(crate) struct LumaReader {
    blocks: Blocks,
}

impl LumaReader {
    /// Writes the means of blocks of `block` x `block` pixels, from block (`x`, `y`) on, to `out`,
    /// whose rows are `width` blocks long. All must lie in the picture; without pixels nothing is
    /// written.
    pub(crate) fn read(
        &mut self,
        source: &LumaSource,
        block: usize,
        (x, y): (usize, usize),
        width: usize,
        out: &mut [u8],
    ) {
        let Some(layout) = &source.layout else {
            return;
        };
        for (row, y) in out.chunks_exact_mut(width.max(1)).zip(y..) {
            self.blocks
                .luma_row(layout, BlockSize::square(block), y, x, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::Converter;
    use crate::frame::PixelFormat;
    use crate::testing::reference::noise_frame;

    #[test]
    fn every_region_of_every_format_is_that_part_of_the_whole_picture() {
        let mut reader = LumaReader::default();
        for format in PixelFormat::ALL
            .into_iter()
            .filter(|f| *f != PixelFormat::Mjpg)
        {
            let frame = noise_frame(format, 83, 61, 5, 7);
            for block in [1_usize, 2, 4] {
                let mut whole = Downscaled::default();
                let (most_w, most_h) = (83 / block as u32, 61 / block as u32);
                Converter::new()
                    .downscale_luma(&frame, most_w, most_h, &mut whole)
                    .unwrap();
                let source = LumaSource::from(&frame);
                let blocks = source.blocks(block as f32 + 0.9);
                assert_eq!(blocks, Some((block, 83 / block, 61 / block)));
                for (x, y, width, height) in [(0, 0, 20, 15), (3, 2, 7, 9), (1, 5, 1, 1)] {
                    let mut out = vec![0; width * height];
                    reader.read(&source, block, (x, y), width, &mut out);
                    let rows = whole.bytes.chunks_exact(whole.width as usize);
                    let part = rows.skip(y).take(height);
                    let part: Vec<u8> = part.flat_map(|row| &row[x..x + width]).copied().collect();
                    assert_eq!(out, part, "{format} {block} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn a_downscaled_picture_is_read_as_the_frame_it_stands_for() {
        let frame = noise_frame(PixelFormat::Rgb3, 40, 30, 0, 3);
        let mut picture = Downscaled::default();
        Converter::new()
            .downscale_rgb(&frame, 20, 15, &mut picture)
            .unwrap();
        let source = LumaSource::from(&picture);
        assert_eq!((source.pixel(), source.frame_size()), (2.0, (40, 30)));
        let (mut whole, mut part) = (vec![0; 20 * 15], vec![0; 4]);
        let mut reader = LumaReader::default();
        reader.read(&source, 1, (0, 0), 20, &mut whole);
        reader.read(&source, 1, (18, 13), 2, &mut part);
        assert_eq!(part, [whole[278], whole[279], whole[298], whole[299]]);
    }

    #[test]
    fn what_cannot_be_read_has_no_pixels() {
        let mut frame = noise_frame(PixelFormat::Yuyv, 16, 8, 0, 1);
        assert!(LumaSource::from(&frame).blocks(1.0).is_some());
        assert_eq!(LumaSource::without_pixels(&frame).blocks(1.0), None);
        frame.bytes.truncate(100);
        assert_eq!(LumaSource::from(&frame).blocks(1.0), None);
        frame.format = PixelFormat::Mjpg;
        assert_eq!(LumaSource::from(&frame).blocks(1.0), None);
        assert_eq!(LumaSource::from(&Downscaled::default()).blocks(1.0), None);
        let strip = noise_frame(PixelFormat::Grey, 3, 500, 0, 1);
        let blocks = LumaSource::from(&strip).blocks(1e9);
        assert_eq!(blocks, Some((2, 1, 250)), "blocks wider than the strip");
    }
}
