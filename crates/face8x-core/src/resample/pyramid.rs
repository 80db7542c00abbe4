//! Luma of a part of a picture at several sizes, to sample patches from at any spacing without
//! aliasing.

use super::cubic::WHOLE;
use crate::also_for_avx2;
use crate::convert::{LumaReader, LumaSource};
use crate::geometry::{Point, Rect, Similarity};

/// Most levels; the fourth has an eighth of the first one's width.
const LEVELS: usize = 4;
/// Levels smaller than this either way are not made.
const MIN_SIDE: usize = 4;
/// Most pixels of a side of the first level. What a region has more, is left out about its middle.
const MAX_SIDE: usize = 224;
/// The first level begins at a whole number of so many of its pixels, so that all levels show a face
/// that stands still by the same pixels in every frame.
const GRID: usize = 1 << (LEVELS - 1);
/// Most samples of a row of a grid.
pub(crate) const MAX_GRID: usize = 28;

#[derive(Default)]
struct Level {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

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
        let half_step = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
        let right = half_step.map(|(u, v): (f32, f32)| a * u - b * v);
        let down = half_step.map(|(u, v): (f32, f32)| b * u + a * v);
        for (y, row) in out.chunks_exact_mut(n).enumerate() {
            let first = (
                left / pixel - 0.5 - b * y as f32,
                top / pixel - 0.5 + a * y as f32,
            );
            crop_row(level, first, (a, b), &[right, down], row);
        }
        true
    }
}

also_for_avx2! {
    /// A row of pixels that begins at `first` of a level and has this step: each the mean of four samples that
    /// lie so beside it.
    fn crop_row(level: &Level, first: (f32, f32), step: (f32, f32), beside: &[[f32; 4]; 2], row: &mut [u8])
        as crop_row_any
}

#[inline(always)]
fn crop_row_any(
    level: &Level,
    first: (f32, f32),
    step: (f32, f32),
    [right, down]: &[[f32; 4]; 2],
    row: &mut [u8],
) {
    for (x, value) in row.iter_mut().enumerate() {
        let at_x = first.0 + step.0 * x as f32;
        let at_y = first.1 + step.1 * x as f32;
        let samples = level.four(right.map(|u| at_x + u), down.map(|v| at_y + v));
        let sum: f32 = samples.iter().sum();
        *value = (sum / 4.0 + 0.5) as u8;
    }
}

impl Level {
    /// The level at four places, bilinearly; pixel centres lie at whole numbers.
    #[inline(always)]
    fn four(&self, x: [f32; 4], y: [f32; 4]) -> [f32; 4] {
        let (last_column, last_row) = ((self.width - 1) as f32, (self.height - 1) as f32);
        // The last column is a whole way from the one before it, where there is one: the next pixel of a
        // row is then always as far away.
        let right = usize::from(self.width > 1);
        let (left, across) = whole_and_part(x, last_column, (last_column - 1.0).max(0.0));
        let (above, down) = whole_and_part(y, last_row, last_row);
        let below = above.map(|row| (row + 1.0).min(last_row));
        let columns = self.width as f32;
        let row = |rows: [f32; 4]| -> [f32; 4] {
            let first: [usize; 4] = std::array::from_fn(|k| index(rows[k] * columns + left[k]));
            let pixels = first.map(|k| f32::from(self.luma[k]));
            between_four(
                pixels,
                first.map(|k| f32::from(self.luma[k + right])),
                across,
            )
        };
        between_four(row(above), row(below), down)
    }
}

/// Shares of the way from some values to others.
#[inline(always)]
fn between_four(from: [f32; 4], to: [f32; 4], share: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|k| from[k] + (to[k] - from[k]) * share[k])
}

/// Places from 0 to `last`, cut to that: the whole number below each, at most `most`, and the rest.
#[inline(always)]
fn whole_and_part(at: [f32; 4], last: f32, most: f32) -> ([f32; 4], [f32; 4]) {
    let at = at.map(|v| v.clamp(0.0, last));
    let whole = at.map(|v| floor(v).min(most));
    (whole, std::array::from_fn(|k| at[k] - whole[k]))
}

/// The whole number at or below `v`, from 0 to 2^22: without a call, and in vectors.
#[inline(always)]
fn floor(v: f32) -> f32 {
    let nearest = (v + WHOLE) - WHOLE;
    if nearest > v { nearest - 1.0 } else { nearest }
}

/// A whole number from 0 to 2^22 as an index.
#[inline(always)]
fn index(whole: f32) -> usize {
    ((whole + WHOLE).to_bits() - WHOLE.to_bits()) as usize
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

/// Means of 2x2 pixels; an odd last column or row is left out. `false` where `to` would be too small.
fn halve(from: &Level, to: &mut Level) -> bool {
    (to.width, to.height) = (from.width / 2, from.height / 2);
    if to.width < MIN_SIDE || to.height < MIN_SIDE {
        return false;
    }
    to.luma.resize(to.width * to.height, 0);
    for (rows, row) in from
        .luma
        .chunks_exact(2 * from.width)
        .zip(to.luma.chunks_exact_mut(to.width))
    {
        let (above, below) = rows.split_at(from.width);
        for ((a, b), pixel) in above.chunks_exact(2).zip(below.chunks_exact(2)).zip(row) {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            *pixel = ((sum + 2) / 4) as u8;
        }
    }
    true
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

    /// A level at (x, y), bilinearly, straight from the definition.
    fn bilinear(level: &Level, x: f32, y: f32) -> f32 {
        let cut = |v: f32, len: usize| v.clamp(0.0, (len - 1) as f32);
        let (x, y) = (cut(x, level.width), cut(y, level.height));
        let at = |x: usize, y: usize| {
            let (x, y) = (x.min(level.width - 1), y.min(level.height - 1));
            f32::from(level.luma[y * level.width + x])
        };
        let (left, above) = (x as usize, y as usize);
        let row = |y: usize| at(left, y) + (at(left + 1, y) - at(left, y)) * x.fract();
        row(above) + (row(above + 1) - row(above)) * y.fract()
    }

    #[test]
    fn four_places_at_once_are_what_each_is_alone() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2), (7, 5), (40, 30)] {
            let luma = (0..width * height).map(|k| (k * 89 % 251) as u8).collect();
            let level = Level {
                width,
                height,
                luma,
            };
            let spread =
                |k: usize, len: usize| (k * 97 % 211) as f32 / 40.0 * len as f32 / 4.0 - 1.5;
            for k in 0..200 {
                let x = std::array::from_fn(|i| spread(k + 7 * i, width).round() + 0.1 * i as f32);
                let y = std::array::from_fn(|i| spread(3 * k + i, height));
                let alone: [f32; 4] = std::array::from_fn(|i| bilinear(&level, x[i], y[i]));
                assert_eq!(level.four(x, y), alone, "{width}x{height} {x:?} {y:?}");
            }
        }
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
