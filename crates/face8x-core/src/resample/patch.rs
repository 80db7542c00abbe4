//! The part of a frame that a face needs, and samples of it anywhere.

use super::cubic::{Rgbx, weights};
use crate::Result;
use crate::convert::{Converter, Region};
use crate::frame::Frame;
use crate::geometry::Point;

/// Pixels that the cubic kernel reads before and behind the one below a sample.
const BEFORE: i64 = 1;
const BEHIND: i64 = 2;

/// One axis of a patch.
#[derive(Clone, Copy, Default)]
struct PatchAxis {
    /// Frame pixels along the axis.
    frame: f32,
    /// The patch's first pixel, in reduced pixels; it may lie before the frame.
    first: i64,
    len: usize,
}

impl PatchAxis {
    /// The axis that has every pixel for samples from `low` to `high` (frame pixels).
    fn new(low: f32, high: f32, frame: u32, factor: usize) -> Self {
        let frame = frame as f32;
        let (low, high) = fold_range(low, high, frame);
        let below = |at: f32| (at / factor as f32 - 0.5).floor() as i64;
        let first = below(low) - BEFORE;
        // One more on either side against rounding.
        PatchAxis {
            frame,
            first: first - 1,
            len: (below(high) + BEHIND - first + 3) as usize,
        }
    }

    /// The part of it that lies within the frame: the first of `limit` reduced pixels, and how
    /// many.
    fn inside(&self, limit: usize) -> (usize, usize) {
        let end = self.first + self.len as i64;
        let from = self.first.clamp(0, limit as i64 - 1);
        (
            from as usize,
            (end.clamp(from + 1, limit as i64) - from) as usize,
        )
    }
}

/// A part of a frame, downscaled by a whole factor, with a rim of mirrored pixels where it touches
/// the frame's edges. Columns and rows that make no whole pixel any more, at the right and the
/// bottom, are not read: they are at most a sixtieth of the crop.
#[derive(Default)]
pub(crate) struct Patch {
    /// Row by row.
    pixels: Vec<Rgbx>,
    across: PatchAxis,
    down: PatchAxis,
    /// Its pixels to one of the frame's.
    shrink: f32,
    /// Whether samples can lie outside the frame.
    folds: bool,
}

impl Patch {
    /// Room for patches of `side` x `side` pixels without another allocation.
    pub(crate) fn with_capacity(side: usize) -> Self {
        Patch {
            pixels: Vec::with_capacity(side * side),
            ..Patch::default()
        }
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.pixels.capacity()
    }

    /// Loads what samples within `corners` need of `frame`, downscaled by `factor` (at most the
    /// frame's shorter side, and 256).
    ///
    /// # Errors
    /// The frame is not valid, or is a JPEG.
    pub(crate) fn load(
        &mut self,
        converter: &mut Converter,
        frame: &Frame,
        corners: &[Point; 4],
        factor: usize,
    ) -> Result<()> {
        let range = |of: fn(&Point) -> f32| {
            let values = corners.iter().map(of);
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |r, v| {
                (r.0.min(v), r.1.max(v))
            })
        };
        let ((left, right), (top, bottom)) = (range(|p| p.x), range(|p| p.y));
        let (width, height) = (frame.width as f32, frame.height as f32);
        self.folds = left < 0.5 || top < 0.5 || right > width - 0.5 || bottom > height - 0.5;
        self.shrink = 1.0 / factor as f32;
        self.across = PatchAxis::new(left, right, frame.width, factor);
        self.down = PatchAxis::new(top, bottom, frame.height, factor);
        let limits = (
            frame.width as usize / factor,
            frame.height as usize / factor,
        );
        self.fill(converter, frame, factor, limits)
    }

    fn fill(
        &mut self,
        converter: &mut Converter,
        frame: &Frame,
        factor: usize,
        limits: (usize, usize),
    ) -> Result<()> {
        let (x, width) = self.across.inside(limits.0);
        let (y, height) = self.down.inside(limits.1);
        let stride = self.across.len;
        self.pixels.resize(stride * self.down.len, [0.0; 4]);
        let (left, above) = (x as i64 - self.across.first, y as i64 - self.down.first);
        let (left, above) = (left as usize, above as usize);
        let region = Region {
            x: x as u32,
            y: y as u32,
            width: width as u32,
            height: height as u32,
        };
        let inner = &mut self.pixels[above * stride + left..];
        converter.blocks(frame, region, factor, inner, stride)?;
        for row in self.pixels[above * stride..][..height * stride].chunks_exact_mut(stride) {
            for i in (0..left).rev().chain(left + width..stride) {
                row[i] = row[left + mirror(i as i64 - left as i64, width)];
            }
        }
        for i in (0..above).rev().chain(above + height..self.down.len) {
            let from = (above + mirror(i as i64 - above as i64, height)) * stride;
            self.pixels.copy_within(from..from + stride, i * stride);
        }
        Ok(())
    }

    /// The picture at `at` (frame pixels), 0 to 255 and a little beyond, by cubic convolution.
    #[inline(always)]
    pub(crate) fn sample(&self, at: Point) -> Rgbx {
        let (mut x, mut y) = (at.x, at.y);
        if self.folds {
            (x, y) = (fold(x, self.across.frame), fold(y, self.down.frame));
        }
        let place = |v: f32, axis: &PatchAxis| {
            let v = v * self.shrink - 0.5 - axis.first as f32;
            // A cast to 32 bits is one instruction on most processors.
            let whole = (v as i32).clamp(1, axis.len as i32 - 3);
            let share = (v - whole as f32).clamp(0.0, 1.0);
            (whole as usize - 1, weights(share))
        };
        let (left, across) = place(x, &self.across);
        let (top, down) = place(y, &self.down);
        // Down first: four pixels side by side at once.
        let mut four = [0.0; 16];
        let mut rest = &self.pixels[top * self.across.len + left..];
        for weight in down {
            if let Some(row) = rest.first_chunk::<4>() {
                for (sum, value) in four.iter_mut().zip(row.as_flattened()) {
                    *sum += weight * value;
                }
            }
            rest = rest.get(self.across.len..).unwrap_or_default();
        }
        std::array::from_fn(|k| {
            let along = |pixel: usize| across[pixel] * four[4 * pixel + k];
            (along(0) + along(1)) + (along(2) + along(3))
        })
    }
}

/// Position `v` mirrored into a frame of `side` pixels, at the centres of its outermost pixels.
fn fold(v: f32, side: f32) -> f32 {
    let span = side - 1.0;
    if span < 1.0 {
        return 0.5;
    }
    let v = (v - 0.5).rem_euclid(2.0 * span);
    0.5 + if v > span { 2.0 * span - v } else { v }
}

/// The least and the greatest of [`fold`] between `low` and `high`.
fn fold_range(low: f32, high: f32, side: f32) -> (f32, f32) {
    let (a, b) = (fold(low, side), fold(high, side));
    // The mirrors: even ones at the beginning of the frame, odd ones at its end.
    let mirror = |v: f32| ((v - 0.5) / (side - 1.0).max(1.0)).floor();
    let (first, last) = (mirror(low) + 1.0, mirror(high));
    let crossed = last - first + 1.0;
    let even = |n: f32| n.rem_euclid(2.0) == 0.0;
    let least = crossed >= 2.0 || (crossed == 1.0 && even(first));
    let greatest = crossed >= 2.0 || (crossed == 1.0 && !even(first));
    (
        if least { 0.5 } else { a.min(b) },
        if greatest { side - 0.5 } else { a.max(b) },
    )
}

/// Pixel `i` mirrored at the first and the last of `len` pixels; only a few away from them.
fn mirror(i: i64, len: usize) -> usize {
    let last = len as i64 - 1;
    let i = if i < 0 { -i } else { i };
    let i = if i > last { 2 * last - i } else { i };
    i.clamp(0, last) as usize
}
