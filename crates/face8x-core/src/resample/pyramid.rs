//! Luma of a part of a picture at several sizes, to sample patches from at any spacing without
//! aliasing.

use super::level::{Level, crop_row, halve};
use crate::convert::{LumaReader, LumaSource};
use crate::geometry::{Point, Rect, Similarity};

/// Most levels; the fourth has an eighth of the first one's width.
const LEVELS: usize = 4;
/// Most pixels of a side of the first level. What a region has more, is left out about its middle.
const MAX_SIDE: usize = 224;
/// The first level begins at a whole number of so many of its pixels, so that all levels show a face
/// that stands still by the same pixels in every frame.
const GRID: usize = 1 << (LEVELS - 1);
/// Most samples of a row of a grid.
pub(crate) const MAX_GRID: usize = 28;

/// The luma of a region of a picture, each level half as wide and high as the one before. Buffers
/// are kept; after the first [`load`](Pyramid::load) nothing is allocated.
#[derive(Default)]
pub(crate) struct Pyramid {
    reader: LumaReader,
    levels: [Level; LEVELS],
    count: usize,
    /// Frame pixels to a pixel of the first level.
    factor: f32,
    /// Where the first level begins, in frame pixels.
    origin: Point,
    /// What was asked for.
    region: Rect,
}

impl Pyramid {
    /// Forgets what was loaded: the picture is another one.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Reads `region` (frame pixels) of `source`, unless it is there already, in pixels at most
    /// `detail` frame pixels large, as far as the source has such. `false` where it has no pixels,
    /// or none there.
    pub(crate) fn load(&mut self, source: &LumaSource, region: Rect, detail: f32) -> bool {
        let Some((block, columns, rows)) = source.blocks(detail / source.pixel() * 1.001) else {
            self.clear();
            return false;
        };
        let factor = block as f32 * source.pixel();
        if self.count > 0 && self.factor <= factor && self.region.contains(&region) {
            return true;
        }
        self.clear();
        let across = span(region.x / factor, region.w / factor, columns);
        let down = span(region.y / factor, region.h / factor, rows);
        let (Some((x, width)), Some((y, height))) = (across, down) else {
            return false;
        };
        (self.factor, self.region) = (factor, region);
        self.origin = Point::new(x as f32 * factor, y as f32 * factor);
        self.reserve();
        let base = &mut self.levels[0];
        (base.width, base.height) = (width, height);
        base.luma.resize(width * height, 0);
        self.reader
            .read(source, block, (x, y), width, &mut base.luma);
        self.count = 1;
        while self.count < LEVELS {
            let (finer, coarser) = self.levels.split_at_mut(self.count);
            if !halve(&finer[self.count - 1], &mut coarser[0]) {
                break;
            }
            self.count += 1;
        }
        true
    }

    /// Makes room for the largest region at once: a face that comes nearer must not make the buffers
    /// grow.
    fn reserve(&mut self) {
        let mut side = MAX_SIDE;
        for level in &mut self.levels {
            level.luma.clear();
            level.luma.reserve(side * side);
            side /= 2;
        }
    }

    /// Samples an `n` x `n` grid about `centre` into `out`, row by row, `spacing` apart, bilinearly
    /// from the coarsest level whose pixels are at most `detail` large, all in frame pixels.
    /// Outside the region and the picture their edges go on. Without levels, and beyond [`MAX_GRID`], nothing is
    /// written.
    pub(crate) fn sample(
        &self,
        centre: Point,
        spacing: f32,
        detail: f32,
        n: usize,
        out: &mut [f32],
    ) {
        if self.count == 0 || n > MAX_GRID {
            return;
        }
        let mut index = 0;
        let mut pixel = self.factor;
        while index + 1 < self.count && pixel * 2.0 <= detail * 1.001 {
            index += 1;
            pixel *= 2.0;
        }
        let level = &self.levels[index];
        let first = (n as f32 - 1.0) / -2.0 * spacing;
        let mut columns = [(0, 0, 0.0); MAX_GRID];
        for (i, column) in columns[..n].iter_mut().enumerate() {
            let x = centre.x - self.origin.x + first + i as f32 * spacing;
            *column = between(x, pixel, level.width);
        }
        for (i, samples) in out.chunks_exact_mut(n).take(n).enumerate() {
            let y = centre.y - self.origin.y + first + i as f32 * spacing;
            let (above, below, fy) = between(y, pixel, level.height);
            let above = &level.luma[above * level.width..][..level.width];
            let below = &level.luma[below * level.width..][..level.width];
            for (sample, &(left, right, fx)) in samples.iter_mut().zip(&columns[..n]) {
                let (a, b) = (f32::from(above[left]), f32::from(above[right]));
                let (c, d) = (f32::from(below[left]), f32::from(below[right]));
                let (top, bottom) = (a + (b - a) * fx, c + (d - c) * fx);
                *sample = top + (bottom - top) * fy;
            }
        }
    }
}

impl Pyramid {
    /// Fills `out` with an `n` x `n` picture: pixel (x, y), counted at pixel edges, shows the frame
    /// at `back` of it. Each is the mean of four bilinear samples from the coarsest level whose
    /// pixels are not larger than its own; outside the region its edge goes on. `false` where there
    /// are no levels or `out` is of another length.
    pub(crate) fn crop(&self, back: &Similarity, n: usize, out: &mut [u8]) -> bool {
        if self.count == 0 || out.len() != n * n {
            return false;
        }
        let (mut index, mut pixel) = (0, self.factor);
        while index + 1 < self.count && pixel * 2.0 <= back.scale() * 1.001 {
            (index, pixel) = (index + 1, pixel * 2.0);
        }
        let level = &self.levels[index];
        let (a, b) = (back.a / pixel, back.b / pixel);
        let (left, top) = (back.tx - self.origin.x, back.ty - self.origin.y);
        for (y, row) in out.chunks_exact_mut(n).enumerate() {
            let first = (
                left / pixel - 0.5 - b * y as f32,
                top / pixel - 0.5 + a * y as f32,
            );
            crop_row(level, first, (a, b), row);
        }
        true
    }
}

/// The two pixels that frame position `at` lies between, of `len` that are `pixel` large, and how
/// far it is from the first to the second.
fn between(at: f32, pixel: f32, len: usize) -> (usize, usize, f32) {
    let at = (at / pixel - 0.5).clamp(0.0, (len - 1) as f32);
    let first = (at as usize).min(len - 1);
    (first, (first + 1).min(len - 1), at - first as f32)
}

/// The blocks that `len` blocks from `start` on touch, beginning at a whole number of [`GRID`], of
/// `count` that there are: the first, and how many. `None` where there are none.
fn span(start: f32, len: f32, count: usize) -> Option<(usize, usize)> {
    let cut = (len - (MAX_SIDE - GRID - 2) as f32).max(0.0) / 2.0;
    let end = ((start + len - cut).ceil().max(0.0) as usize).min(count);
    let first = (start + cut).max(0.0) as usize / GRID * GRID;
    (first < end).then(|| (first, end - first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::downscaled::Downscaled;

    const ALL: Rect = Rect::new(0.0, 0.0, 64.0, 48.0);

    /// A ramp of 2 grey levels a frame pixel across and 1 down, reduced by `factor`.
    fn ramp(width: u32, height: u32, factor: u32, channels: usize) -> Downscaled {
        let grey = |i: usize| {
            let middle = |p: usize| (p as f32 + 0.5) * factor as f32;
            let (x, y) = (i % width as usize, i / width as usize);
            (2.0 * middle(x) + middle(y)).round() as u8
        };
        Downscaled {
            width,
            height,
            channels,
            factor,
            frame_width: width * factor,
            frame_height: height * factor,
            sequence: 0,
            bytes: (0..(width * height) as usize * channels)
                .map(|i| grey(i / channels))
                .collect(),
        }
    }

    #[test]
    fn every_level_samples_the_same_ramp_at_frame_positions() {
        for (factor, channels) in [(1, 1), (2, 1), (2, 3)] {
            let picture = ramp(64 / factor, 48 / factor, factor, channels);
            let mut pyramid = Pyramid::default();
            assert!(pyramid.load(&LumaSource::from(&picture), ALL, factor as f32));
            for detail in [1.0, 2.0, 3.9] {
                let mut out = [0.0; 9];
                pyramid.sample(Point::new(30.3, 22.8), 3.0, detail, 3, &mut out);
                for (i, value) in out.iter().enumerate() {
                    let x = 30.3 + 3.0 * (i % 3) as f32 - 3.0;
                    let y = 22.8 + 3.0 * (i / 3) as f32 - 3.0;
                    assert!(
                        (value - (2.0 * x + y)).abs() < 1.1,
                        "{factor} {detail} {i}: {value}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_turned_crop_shows_the_ramp_where_it_should() {
        for factor in [1, 2] {
            let mut pyramid = Pyramid::default();
            let picture = ramp(64 / factor, 48 / factor, factor, 1);
            assert!(pyramid.load(&LumaSource::from(&picture), ALL, 0.5));
            for (scale, angle) in [(0.7, 0.0), (1.3, 0.4), (2.2, -1.0)] {
                let back =
                    Similarity::about(Point::new(4.0, 4.0), Point::new(30.0, 22.0), scale, angle);
                let mut out = [0; 64];
                assert!(pyramid.crop(&back, 8, &mut out));
                for (i, &value) in out.iter().enumerate() {
                    let p = Point::new((i % 8) as f32 + 0.5, (i / 8) as f32 + 0.5);
                    let p = back.apply(p);
                    let expected = 2.0 * p.x + p.y;
                    assert!(
                        (f32::from(value) - expected).abs() < 1.6,
                        "{i}: {value} {expected}"
                    );
                }
            }
            assert!(!pyramid.crop(&Similarity::IDENTITY, 8, &mut [0; 63]));
        }
        assert!(!Pyramid::default().crop(&Similarity::IDENTITY, 1, &mut [0]));
    }

    #[test]
    fn outside_the_picture_its_edge_goes_on() {
        let mut pyramid = Pyramid::default();
        assert!(pyramid.load(&LumaSource::from(&ramp(20, 20, 1, 1)), ALL, 1.0));
        let mut out = [0.0];
        for (at, grey) in [(-1e9, 2.0), (1e9, 59.0)] {
            pyramid.sample(Point::new(at, at), 1.0, 1.0, 1, &mut out);
            assert_eq!(out[0], grey);
        }
    }

    #[test]
    fn a_picture_without_pixels_has_no_levels() {
        let mut pyramid = Pyramid::default();
        assert!(!pyramid.load(&LumaSource::from(&Downscaled::default()), ALL, 1.0));
        let mut out = [7.0];
        pyramid.sample(Point::new(0.0, 0.0), 1.0, 1.0, 1, &mut out);
        assert_eq!(out[0], 7.0);
    }
}
