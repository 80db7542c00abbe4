//! The pixels of a tile.

use super::plan::{Scale, Tile};
use crate::Result;
use crate::convert::{Converter, Region};
use crate::frame::Frame;

/// Red and blue of a display pixel, with room above each.
const RED_BLUE: u32 = 0x00ff_00ff;
/// Bytes of a pixel of the network's input.
const CHANNELS: usize = 3;

/// Reads tiles of frames; keeps its buffers.
#[derive(Default)]
pub(super) struct TileReader {
    converter: Converter,
    /// Display pixels of the part that a tile needs.
    part: Vec<u32>,
    /// Two rows of it, mixed: red and blue, and green.
    mixed: [Vec<u32>; 2],
}

impl TileReader {
    /// Fills `out` with `tile` of `frame`, as interleaved blue, green and red.
    ///
    /// Enlarged, a pixel is interpolated linearly between its neighbours' centres.
    ///
    /// # Errors
    /// The frame is not valid, or is a JPEG.
    pub(super) fn read(&mut self, frame: &Frame, tile: &Tile, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        out.resize(CHANNELS * tile.width * tile.height, 0);
        match tile.scale {
            Scale::Doubled => self.doubled(frame, tile, out),
            Scale::Reduced(factor) => self.reduced(frame, tile, factor, out),
        }
    }

    fn reduced(&mut self, frame: &Frame, tile: &Tile, factor: usize, out: &mut [u8]) -> Result<()> {
        let (width, height) = tile.scale.size(size(frame));
        let across = tile.x..width.min(tile.x + tile.width);
        let down = tile.y..height.min(tile.y + tile.height);
        let columns = across.len();
        self.load(
            frame,
            [across.start, down.start],
            [columns, down.len()],
            factor,
        )?;
        let rows = self.part.chunks_exact(columns.max(1));
        for (row, out) in rows.zip(out.chunks_exact_mut(CHANNELS * tile.width)) {
            for (&pixel, out) in row.iter().zip(out.as_chunks_mut::<CHANNELS>().0) {
                *out = blue_green_red(pixel);
            }
        }
        Ok(())
    }

    fn doubled(&mut self, frame: &Frame, tile: &Tile, out: &mut [u8]) -> Result<()> {
        let (width, height) = size(frame);
        // One pixel more on every side, where there is one: the enlarged ones lie between.
        let span = |first: usize, count: usize, limit: usize| {
            let (first, end) = (first / 2, limit.min((first + count).div_ceil(2)));
            (first.saturating_sub(1), first, end, limit.min(end + 1))
        };
        let (left, x, x_end, right) = span(tile.x, tile.width, width);
        let (top, y, y_end, bottom) = span(tile.y, tile.height, height);
        let columns = right - left;
        self.load(frame, [left, top], [columns, bottom - top], 1)?;
        let row = |y: usize| &self.part[(y.clamp(top, bottom - 1) - top) * columns..][..columns];
        let lines = out.chunks_exact_mut(CHANNELS * tile.width);
        for (line, k) in lines.take(2 * (y_end - y)).zip(0..) {
            let near = y + k / 2;
            let far = if k % 2 == 0 {
                near.max(1) - 1
            } else {
                near + 1
            };
            mix(row(near), row(far), &mut self.mixed);
            let within = x - left..x_end - left;
            stretch(&self.mixed, within, line);
        }
        Ok(())
    }

    /// Fills `part` with `count` columns and rows of blocks from `first` on.
    fn load(
        &mut self,
        frame: &Frame,
        first: [usize; 2],
        count: [usize; 2],
        factor: usize,
    ) -> Result<()> {
        self.part.resize(count[0] * count[1], 0);
        let [x, y, width, height] = [first[0], first[1], count[0], count[1]].map(|v| v as u32);
        let region = Region {
            x,
            y,
            width,
            height,
        };
        self.converter
            .blocks(frame, region, factor, &mut self.part, count[0].max(1))
    }
}

fn size(frame: &Frame) -> (usize, usize) {
    (frame.width as usize, frame.height as usize)
}

/// The bytes of a display pixel without the one above red.
fn blue_green_red(pixel: u32) -> [u8; CHANNELS] {
    let [blue, green, red, _] = pixel.to_le_bytes();
    [blue, green, red]
}

/// Three quarters of `near` and a quarter of `far`, times four.
fn mix(near: &[u32], far: &[u32], [red_blue, green]: &mut [Vec<u32>; 2]) {
    red_blue.resize(near.len(), 0);
    green.resize(near.len(), 0);
    let pixels = near.iter().zip(far);
    for ((&near, &far), (red_blue, green)) in pixels.zip(red_blue.iter_mut().zip(green)) {
        *red_blue = 3 * (near & RED_BLUE) + (far & RED_BLUE);
        *green = 3 * (near >> 8 & 0xff) + (far >> 8 & 0xff);
    }
}

/// Two pixels for each of those `within` a mixed row, a quarter of a pixel before and behind its
/// centre.
fn stretch([red_blue, green]: &[Vec<u32>; 2], within: std::ops::Range<usize>, line: &mut [u8]) {
    let last = red_blue.len() - 1;
    let pairs = line.as_chunks_mut::<{ 2 * CHANNELS }>().0;
    for (at, out) in within.zip(pairs) {
        let pixel = |beside: usize| {
            let outer = (3 * red_blue[at] + red_blue[beside] + 0x0008_0008) >> 4 & RED_BLUE;
            let middle = (3 * green[at] + green[beside] + 8) >> 4;
            blue_green_red(outer | middle << 8)
        };
        let (before, behind) = (pixel(at.max(1) - 1), pixel((at + 1).min(last)));
        out[..CHANNELS].copy_from_slice(&before);
        out[CHANNELS..].copy_from_slice(&behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::plan::{InputSize, Plan};
    use crate::frame::PixelFormat;
    use crate::testing::reference::{noise_frame, rgb};

    /// The frame at pixel (x, y) of a scale, from the definition.
    fn expected(frame: &Frame, scale: Scale, x: usize, y: usize) -> [f64; 3] {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let at = |x: isize, y: isize| {
            let (x, y) = (
                x.clamp(0, width as isize - 1),
                y.clamp(0, height as isize - 1),
            );
            rgb(frame, x as usize, y as usize)
        };
        let mut sum = [0.0; 3];
        let mut add = |weight: f64, levels: [f64; 3]| {
            sum.iter_mut()
                .zip(levels)
                .for_each(|(s, v)| *s += weight * v);
        };
        match scale {
            Scale::Doubled => {
                let beside = |v: usize| (v / 2) as isize + if v.is_multiple_of(2) { -1 } else { 1 };
                for (wx, x) in [(0.75, (x / 2) as isize), (0.25, beside(x))] {
                    for (wy, y) in [(0.75, (y / 2) as isize), (0.25, beside(y))] {
                        add(wx * wy, at(x, y));
                    }
                }
            }
            Scale::Reduced(n) => {
                let share = 1.0 / (n * n) as f64;
                for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
                    add(share, at((n * x + i) as isize, (n * y + j) as isize));
                }
            }
        }
        sum
    }

    #[test]
    fn tiles_of_every_scale_show_the_frame_and_black_beyond_it() {
        let mut reader = TileReader::default();
        let mut pixels = Vec::new();
        for (width, height) in [(150, 101), (1, 1), (16, 90), (64, 64)] {
            for format in [PixelFormat::Rgb3, PixelFormat::Grey, PixelFormat::Yuyv] {
                let frame = noise_frame(format, width, height, 5, 7);
                let size = (width as usize, height as usize);
                let plan = Plan::new(size, 12, InputSize::UpTo(96, 96));
                for tile in plan.all() {
                    let averaged = matches!(tile.scale, Scale::Reduced(2..));
                    if averaged && format == PixelFormat::Yuyv {
                        // Its blocks are averaged before they become colours.
                        continue;
                    }
                    reader.read(&frame, &tile, &mut pixels).unwrap();
                    assert_eq!(pixels.len(), 3 * tile.width * tile.height);
                    let (w, h) = tile.scale.size(size);
                    for (k, found) in pixels.chunks_exact(3).enumerate() {
                        let (x, y) = (tile.x + k % tile.width, tile.y + k / tile.width);
                        let wanted = match x < w && y < h {
                            true => expected(&frame, tile.scale, x, y),
                            false => [0.0; 3],
                        };
                        for (found, wanted) in found.iter().rev().zip(wanted) {
                            let off = (f64::from(*found) - wanted).abs();
                            assert!(off < 2.6, "{format} {tile:?} {x},{y}: {found} {wanted}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_frame_without_its_bytes_is_an_error() {
        let mut frame = noise_frame(PixelFormat::Rgb3, 64, 64, 0, 1);
        frame.bytes.pop();
        let tile = Plan::new((64, 64), 24, InputSize::UpTo(64, 64))
            .all()
            .next();
        let read = TileReader::default().read(&frame, &tile.unwrap(), &mut Vec::new());
        assert!(read.is_err());
    }
}
