//! The lattice: samples of the face along the frame's own axes, a whole number to each camera pixel.

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

    /// The same for the centre of a sample of the lattice, which has so many columns.
    pub(super) fn of_sample(&self, sample: usize, columns: usize) -> Point {
        let unit = 1.0 / self.density as f32;
        let (x, y) = (sample % columns, sample / columns);
        self.on_grid((x as f32 + 0.5) * unit, (y as f32 + 0.5) * unit)
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
    let inside = fixed(0.5)..=fixed(grid.side() as f32 + 0.5);
    let Similarity { a, b, .. } = place.to_grid;
    let (step_x, step_y) = (fixed(a * unit), fixed(b * unit));
    let pixels = grid.padded();
    for (y, row) in lattice.chunks_exact_mut(columns).enumerate() {
        let first = place.on_grid(0.5 * unit, (y as f32 + 0.5) * unit);
        // In fixed point, from the first pixel of the rim on.
        let (mut u, mut v) = (fixed(first.x + 0.5), fixed(first.y + 0.5));
        for sample in row {
            let inside = inside.contains(&u) && inside.contains(&v);
            *sample = if inside {
                between(pixels, u, v)
            } else {
                [0.0; 4]
            };
            u = u.wrapping_add(step_x);
            v = v.wrapping_add(step_y);
        }
    }
}

also_for_avx2! {
    /// Fills the grid by what the lattice holds at its pixels.
    pub(super) fn spread_over(place: &LatticePlace, grid: &mut Grid, columns: usize, lattice: &[Rgbx]) as spread_over_any
}

#[inline(always)]
fn spread_over_any(place: &LatticePlace, grid: &mut Grid, columns: usize, lattice: &[Rgbx]) {
    let unit = place.density as f32;
    let rows = lattice.len() / columns;
    let back = place.to_grid.invert();
    let (step_x, step_y) = (fixed(back.a * unit), fixed(back.b * unit));
    let (right, bottom) = (fixed(columns as f32), fixed(rows as f32));
    for (y, row) in grid.rows_mut().enumerate() {
        let first = back.apply(Point::new(0.5, y as f32 + 0.5));
        let mut u = fixed((first.x - place.origin.x) * unit);
        let mut v = fixed((first.y - place.origin.y) * unit);
        for pixel in row {
            let inside = (0..=right).contains(&u) && (0..=bottom).contains(&v);
            *pixel = if inside {
                within(lattice, columns, rows, u, v)
            } else {
                [0.0; 4]
            };
            u = u.wrapping_add(step_x);
            v = v.wrapping_add(step_y);
        }
    }
    grid.close();
}

/// Bits of the fraction of a coordinate in fixed point.
const FRACTION: u32 = 18;

#[inline(always)]
fn fixed(coordinate: f32) -> i32 {
    (coordinate * (1 << FRACTION) as f32).round() as i32
}

/// The value between four pixels of the padded grid, in fixed point from (0, 0) at its first pixel's
/// centre.
#[inline(always)]
fn between(pixels: &[Rgbx], u: i32, v: i32) -> Rgbx {
    let (left, above) = ((u >> FRACTION) as usize, (v >> FRACTION) as usize);
    let rest = |at: i32| (at & ((1 << FRACTION) - 1)) as f32 * (1.0 / (1 << FRACTION) as f32);
    let (u, v) = (rest(u), rest(v));
    let at = above * PITCH + left;
    let (upper, lower) = (&pixels[at..at + 2], &pixels[at + PITCH..at + PITCH + 2]);
    mixed(&upper[0], &upper[1], &lower[0], &lower[1], u, v)
}

/// The value at (u, v), 0 to 1 each, between four pixels.
#[inline(always)]
fn mixed(a: &Rgbx, b: &Rgbx, c: &Rgbx, d: &Rgbx, u: f32, v: f32) -> Rgbx {
    let right = u * (1.0 - v);
    let below = v - u * v;
    let (here, both) = (1.0 - v - right, u * v);
    std::array::from_fn(|k| here * a[k] + right * b[k] + below * c[k] + both * d[k])
}

/// The value between four samples of the lattice, in fixed point from its edge; those beyond the outermost
/// are as these.
#[inline(always)]
fn within(lattice: &[Rgbx], columns: usize, rows: usize, u: i32, v: i32) -> Rgbx {
    let place = |at: i32, len: usize| {
        let at = (at - fixed(0.5)).max(0);
        let before = ((at >> FRACTION) as usize).min(len - 2);
        let rest = (at - ((before as i32) << FRACTION)) as f32 * (1.0 / (1 << FRACTION) as f32);
        (before, rest.min(1.0))
    };
    let ((left, u), (above, v)) = (place(u, columns), place(v, rows));
    let at = above * columns + left;
    let (upper, lower) = (
        &lattice[at..at + 2],
        &lattice[at + columns..at + columns + 2],
    );
    mixed(&upper[0], &upper[1], &lower[0], &lower[1], u, v)
}
