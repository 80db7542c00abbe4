//! The lattice: samples of the face along the frame's own axes, a whole number to each camera pixel.

use wide::f32x4;

use super::grid::{Grid, PITCH};
use crate::also_for_avx2;
use crate::geometry::{Point, Similarity};
use crate::resample::Rgbx;

/// Where a lattice lies, and where the face lies on it.
#[derive(Clone, Copy)]
pub(super) struct LatticePlace {
    /// From the frame to the grid.
    pub(super) to_grid: Similarity,
    /// The region's first pixel in the frame.
    pub(super) origin: Point,
    /// Samples of the lattice to a camera pixel, each way.
    pub(super) density: usize,
}

impl Default for LatticePlace {
    fn default() -> Self {
        LatticePlace {
            to_grid: Similarity::IDENTITY,
            origin: Point::default(),
            density: 2,
        }
    }
}

impl LatticePlace {
    /// What lies on the grid at (x, y), in camera pixels from the region's first one on.
    #[inline(always)]
    pub(super) fn on_grid(&self, x: f32, y: f32) -> Point {
        let Point { x: left, y: above } = self.origin;
        self.to_grid.apply(Point::new(left + x, above + y))
    }

    /// The same for the centre of the first sample in a row of the lattice.
    #[inline(always)]
    pub(super) fn first_of_row(&self, y: usize) -> Point {
        let unit = 1.0 / self.density as f32;
        self.on_grid(0.5 * unit, (y as f32 + 0.5) * unit)
    }

    /// Moves the face by so many camera pixels.
    pub(super) fn move_face(&mut self, (x, y): (f32, f32)) {
        let from = self.to_grid.apply(Point::new(0.0, 0.0));
        let to = self.to_grid.apply(Point::new(x, y));
        self.to_grid.tx -= to.x - from.x;
        self.to_grid.ty -= to.y - from.y;
    }
}

also_for_avx2! {
    /// Samples the grid on the lattice; what lies outside is 0.
    pub(super) fn sample(place: &LatticePlace, grid: &Grid, columns: usize, lattice: &mut [Rgbx]) as sample_any
}

#[inline(always)]
fn sample_any(place: &LatticePlace, grid: &Grid, columns: usize, lattice: &mut [Rgbx]) {
    let unit = 1.0 / place.density as f32;
    let inside = (fixed(0.5), fixed(grid.side() as f32 + 0.5));
    let Similarity { a, b, .. } = place.to_grid;
    let step = [fixed(a * unit), fixed(b * unit)];
    for (y, row) in lattice.chunks_exact_mut(columns).enumerate() {
        let first = place.first_of_row(y);
        // From the first pixel of the rim on.
        let from = [fixed(first.x + 0.5), fixed(first.y + 0.5)];
        interpolate(grid.padded(), PITCH, from, step, [inside; 2], row);
    }
}

also_for_avx2! {
    /// Fills the grid by what the lattice, which has a [rim](add_rim), holds at its pixels.
    pub(super) fn spread_over(place: &LatticePlace, grid: &mut Grid, columns: usize, lattice: &[Rgbx]) as spread_over_any
}

#[inline(always)]
fn spread_over_any(place: &LatticePlace, grid: &mut Grid, columns: usize, lattice: &[Rgbx]) {
    let unit = place.density as f32;
    let pitch = columns + 2;
    let rows = lattice.len() / pitch - 2;
    let back = place.to_grid.invert();
    let step = [fixed(back.a * unit), fixed(back.b * unit)];
    let inside = [columns, rows].map(|side| (fixed(0.5), fixed(side as f32 + 0.5)));
    for (y, row) in grid.rows_mut().enumerate() {
        let first = back.apply(Point::new(0.5, y as f32 + 0.5));
        let from = [
            fixed((first.x - place.origin.x) * unit + 0.5),
            fixed((first.y - place.origin.y) * unit + 0.5),
        ];
        interpolate(lattice, pitch, from, step, inside, row);
    }
    grid.close();
}

/// Makes `out` the lattice with a rim that repeats its outermost samples.
pub(super) fn add_rim(lattice: &[Rgbx], columns: usize, out: &mut Vec<Rgbx>) {
    out.clear();
    let rows = lattice.chunks_exact(columns);
    let (first, last) = (rows.clone().next(), rows.clone().next_back());
    for row in first.into_iter().chain(rows).chain(last) {
        out.push(row[0]);
        out.extend_from_slice(row);
        out.push(row[columns - 1]);
    }
}

/// Fills `out` by the values between the pixels of a picture with `pitch` pixels to a row, from (u, v) on by
/// `step`; 0 where these are not `inside`. All in fixed point from the first pixel's centre.
#[inline(always)]
fn interpolate(
    pixels: &[Rgbx],
    pitch: usize,
    [u, v]: [i32; 2],
    step: [i32; 2],
    inside: [(i32, i32); 2],
    out: &mut [Rgbx],
) {
    let across = steps_inside(u, step[0], inside[0]);
    let down = steps_inside(v, step[1], inside[1]);
    let count = out.len();
    let [first, last] =
        [across.0.max(down.0), across.1.min(down.1)].map(|k| k.clamp(0, count as i64));
    let last = last.max(first);
    let (before, rest) = out.split_at_mut(first as usize);
    let (within, after) = rest.split_at_mut((last - first) as usize);
    before.fill([0.0; 4]);
    let [mut u, mut v] = [(u, step[0]), (v, step[1])]
        .map(|(from, step)| (i64::from(from) + first * i64::from(step)) as i32);
    for value in within {
        *value = between(pixels, pitch, u, v);
        u = u.wrapping_add(step[0]);
        v = v.wrapping_add(step[1]);
    }
    after.fill([0.0; 4]);
}

/// The first step at which what goes `from` somewhere lies inside, both ends included, and the first at
/// which it no longer does.
fn steps_inside(from: i32, step: i32, (least, most): (i32, i32)) -> (i64, i64) {
    let [from, step, least, most] = [from, step, least, most].map(i64::from);
    let (near, far) = if step < 0 {
        (from - most, from - least)
    } else {
        (least - from, most - from)
    };
    match step.abs() {
        0 if near <= 0 && far >= 0 => (0, i64::MAX),
        0 => (0, 0),
        step => (-(-near).div_euclid(step), far.div_euclid(step) + 1),
    }
}

/// Bits of the fraction of a coordinate in fixed point.
const FRACTION: u32 = 18;

#[inline(always)]
fn fixed(coordinate: f32) -> i32 {
    (coordinate * (1 << FRACTION) as f32).round() as i32
}

/// The value between four pixels.
#[inline(always)]
fn between(pixels: &[Rgbx], pitch: usize, u: i32, v: i32) -> Rgbx {
    let (left, above) = ((u >> FRACTION) as usize, (v >> FRACTION) as usize);
    let rest = |at: i32| (at & ((1 << FRACTION) - 1)) as f32 * (1.0 / (1 << FRACTION) as f32);
    let around = &pixels[above * pitch + left..][..pitch + 2];
    mixed(
        &around[0],
        &around[1],
        &around[pitch],
        &around[pitch + 1],
        rest(u),
        rest(v),
    )
}

/// The value at (u, v), 0 to 1 each, between four pixels.
#[inline(always)]
fn mixed(a: &Rgbx, b: &Rgbx, c: &Rgbx, d: &Rgbx, u: f32, v: f32) -> Rgbx {
    let right = u * (1.0 - v);
    let below = v - u * v;
    let (here, both) = (1.0 - v - right, u * v);
    let times = |pixel: &Rgbx, weight| f32x4::new(*pixel) * f32x4::splat(weight);
    (times(a, here) + times(b, right) + times(c, below) + times(d, both)).to_array()
}
