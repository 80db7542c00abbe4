//! The pixels of a tile.

use super::plan::{SearchScale, Tile};
use crate::Result;
use crate::also_for_avx2;
use crate::convert::{Converter, Region};
use crate::frame::Frame;

/// Red and blue of a display pixel, with room above each.
const RED_BLUE: u32 = 0x00ff_00ff;

/// Reads tiles of frames; keeps its buffers.
#[derive(Default)]
pub(super) struct TileReader {
    converter: Converter,
    /// Display pixels of the part that a tile needs.
    part: Vec<u32>,
    /// Two rows of it, mixed: red and blue, and green. The first and the last stand there twice.
    mixed: [Vec<u32>; 2],
}

impl TileReader {
    /// Fills `out` with `tile` of `frame`, as display pixels.
    ///
    /// Enlarged, a pixel is interpolated linearly between its neighbours' centres.
    ///
    /// # Errors
    /// The frame is not valid, or is a JPEG.
    pub(super) fn read(&mut self, frame: &Frame, tile: &Tile, out: &mut Vec<u32>) -> Result<()> {
        out.resize(tile.width * tile.height, 0);
        let (width, height) = tile.scale.size(size(frame));
        let (columns, rows) = (width.saturating_sub(tile.x), height.saturating_sub(tile.y));
        blacken_beyond(columns, rows, tile.width, out);
        match tile.scale {
            SearchScale::Doubled => self.doubled(frame, tile, out),
            SearchScale::Reduced(factor) => self.reduced(frame, tile, factor, out),
        }
    }

    fn reduced(
        &mut self,
        frame: &Frame,
        tile: &Tile,
        factor: usize,
        out: &mut [u32],
    ) -> Result<()> {
        let (width, height) = tile.scale.size(size(frame));
        let across = tile.x..width.min(tile.x + tile.width);
        let down = tile.y..height.min(tile.y + tile.height);
        let region = region([across.start, down.start], [across.len(), down.len()]);
        self.converter
            .blocks(frame, region, factor, out, tile.width)
    }

    fn doubled(&mut self, frame: &Frame, tile: &Tile, out: &mut [u32]) -> Result<()> {
        let (width, height) = size(frame);
        // One pixel more on every side, where there is one: the enlarged ones lie between.
        let span = |first: usize, count: usize, limit: usize| {
            let (first, end) = (first / 2, limit.min((first + count).div_ceil(2)));
            (first.saturating_sub(1), first, end, limit.min(end + 1))
        };
        let (left, x, x_end, right) = span(tile.x, tile.width, width);
        let (top, y, y_end, bottom) = span(tile.y, tile.height, height);
        let columns = right - left;
        self.part.resize(columns * (bottom - top), 0);
        let region = region([left, top], [columns, bottom - top]);
        self.converter
            .blocks(frame, region, 1, &mut self.part, columns.max(1))?;
        let row = |y: usize| &self.part[(y.clamp(top, bottom - 1) - top) * columns..][..columns];
        let lines = out.chunks_exact_mut(tile.width);
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
}

/// Makes black what lies beyond so many columns and rows of a tile's pixels.
fn blacken_beyond(columns: usize, rows: usize, width: usize, pixels: &mut [u32]) {
    for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
        let seen = if y < rows { columns.min(width) } else { 0 };
        row[seen..].fill(0);
    }
}

/// So many columns and rows from `first` on.
fn region(first: [usize; 2], count: [usize; 2]) -> Region {
    let [x, y, width, height] = [first[0], first[1], count[0], count[1]].map(|v| v as u32);
    Region {
        x,
        y,
        width,
        height,
    }
}

fn size(frame: &Frame) -> (usize, usize) {
    (frame.width as usize, frame.height as usize)
}

/// Three quarters of `near` and a quarter of `far`, times four.
fn mix(near: &[u32], far: &[u32], [red_blue, green]: &mut [Vec<u32>; 2]) {
    let count = near.len();
    for mixed in [&mut *red_blue, &mut *green] {
        mixed.resize(count + 2, 0);
    }
    mix_pixels(near, far, &mut red_blue[1..], &mut green[1..]);
    for mixed in [red_blue, green] {
        (mixed[0], mixed[count + 1]) = (mixed[1], mixed[count]);
    }
}

also_for_avx2! {
    /// Red and blue, and green, of three quarters of `near` and a quarter of `far`, times four.
    fn mix_pixels(near: &[u32], far: &[u32], red_blue: &mut [u32], green: &mut [u32]) as mix_pixels_any
}

#[inline(always)]
fn mix_pixels_any(near: &[u32], far: &[u32], red_blue: &mut [u32], green: &mut [u32]) {
    let mixed = red_blue.iter_mut().zip(green);
    for ((&near, &far), (red_blue, green)) in near.iter().zip(far).zip(mixed) {
        *red_blue = 3 * (near & RED_BLUE) + (far & RED_BLUE);
        *green = 3 * (near >> 8 & 0xff) + (far >> 8 & 0xff);
    }
}

/// Two pixels for each of those `within` a mixed row, a quarter of a pixel before and behind its
/// centre.
fn stretch([red_blue, green]: &[Vec<u32>; 2], within: std::ops::Range<usize>, line: &mut [u32]) {
    let pairs = line.as_chunks_mut::<2>().0;
    let count = pairs.len().min(within.len());
    // Each with its neighbours on both sides.
    let [red_blue, green] = [red_blue, green]
        .map(|mixed| [0, 1, 2].map(|shift| &mixed[within.start + shift..][..count]));
    stretch_pixels(red_blue, green, &mut pairs[..count]);
}

also_for_avx2! {
    /// Two pixels for each of a row, from it and its neighbours on both sides.
    fn stretch_pixels(red_blue: [&[u32]; 3], green: [&[u32]; 3], pairs: &mut [[u32; 2]]) as stretch_pixels_any
}

#[inline(always)]
fn stretch_pixels_any(red_blue: [&[u32]; 3], green: [&[u32]; 3], pairs: &mut [[u32; 2]]) {
    let count = pairs.len();
    let [red_blue, green] = [red_blue, green].map(|rows| rows.map(|row| &row[..count]));
    for (k, pair) in pairs.iter_mut().enumerate() {
        let beside = |outer: u32, middle: u32| {
            let outer = (3 * red_blue[1][k] + outer + 0x0008_0008) >> 4 & RED_BLUE;
            let middle = (3 * green[1][k] + middle + 8) >> 4;
            outer | middle << 8
        };
        *pair = [
            beside(red_blue[0][k], green[0][k]),
            beside(red_blue[2][k], green[2][k]),
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::plan::{InputSize, SearchPlan};
    use crate::frame::PixelFormat;
    use crate::pixel::unpack_rgb;
    use crate::testing::reference::{noise_frame, rgb};

    /// The frame at pixel (x, y) of a scale, from the definition.
    fn expected(frame: &Frame, scale: SearchScale, x: usize, y: usize) -> [f64; 3] {
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
            SearchScale::Doubled => {
                let beside = |v: usize| (v / 2) as isize + if v.is_multiple_of(2) { -1 } else { 1 };
                for (wx, x) in [(0.75, (x / 2) as isize), (0.25, beside(x))] {
                    for (wy, y) in [(0.75, (y / 2) as isize), (0.25, beside(y))] {
                        add(wx * wy, at(x, y));
                    }
                }
            }
            SearchScale::Reduced(n) => {
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
                let plan = SearchPlan::new(size, 12, InputSize::UpTo(96, 96));
                for tile in plan.all() {
                    let averaged = matches!(tile.scale, SearchScale::Reduced(2..));
                    if averaged && format == PixelFormat::Yuyv {
                        // Its blocks are averaged before they become colours.
                        continue;
                    }
                    reader.read(&frame, &tile, &mut pixels).unwrap();
                    assert_eq!(pixels.len(), tile.width * tile.height);
                    let (w, h) = tile.scale.size(size);
                    for (k, &found) in pixels.iter().enumerate() {
                        let (x, y) = (tile.x + k % tile.width, tile.y + k / tile.width);
                        let wanted = match x < w && y < h {
                            true => expected(&frame, tile.scale, x, y),
                            false => [0.0; 3],
                        };
                        for (found, wanted) in unpack_rgb(found).into_iter().zip(wanted) {
                            let off = (f64::from(found) - wanted).abs();
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
        let tile = SearchPlan::new((64, 64), 24, InputSize::UpTo(64, 64))
            .all()
            .next();
        let read = TileReader::default().read(&frame, &tile.unwrap(), &mut Vec::new());
        assert!(read.is_err());
    }
}
