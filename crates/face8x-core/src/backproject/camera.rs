//! The model of the camera: what it sees of a picture of a face, and the transpose of that.
//!
//! A camera pixel sees the picture through a **point spread function**: a square of one camera
//! pixel (the sensor integrates over it) convolved with a Gaussian (the optics). Both are separable
//! along the frame's axes. So the picture is first sampled on a **lattice** along these axes, a
//! whole number of samples to each camera pixel, and then filtered by rows and columns.
//!
//! Of a small face a camera pixel spans many of the picture's. There the picture is halved first, to
//! a **grid** of 64x64 pixels, and what is added to it is computed on that grid: a camera sees nothing
//! so fine.

use super::Canonical;
use super::blocks::{BLOCKS, BlockValues, value_at};
use super::filter::{LONGEST_FILTER, blurred, start_of, weights_within};
use super::grid::{Grid, PITCH};
use super::overlap::Overlap;
use crate::also_for_avx2;
use crate::convert::Region;
use crate::geometry::{HR_SIDE, Point, Similarity};
use crate::resample::{Rgbx, add, dot, sum_rows};

/// Most samples of the lattice to a camera pixel, each way.
const MAX_DENSITY: usize = 8;
/// Most samples of the lattice each way: the diagonal of the canonical face and its border at any
/// density that [`Camera::place`] takes.
const LATTICE_SIDE: usize = 256;
/// Standard deviations of the Gaussian that are taken in.
const REACH: f32 = 3.0;
/// How far what a network gets wrong extends, as the standard deviation of a Gaussian in pixels of
/// the canonical face.
const ERROR_EXTENT: f32 = 0.82;

/// A camera before a face.
#[derive(Default)]
pub(super) struct Camera {
    /// The camera's pixels that see a part of the face.
    pub(super) width: usize,
    pub(super) height: usize,
    /// The picture, or its half.
    grid: Grid,
    /// From the frame to the grid.
    to_grid: Similarity,
    /// The region's first pixel in the frame.
    origin: Point,
    /// Samples of the lattice to a camera pixel, each way.
    density: usize,
    /// The point spread function along one axis, in samples of the lattice; it sums to one.
    spread: Vec<f32>,
    /// What a difference at a pixel causes in the picture: the same, blurred by the extent of what
    /// a network gets wrong.
    response: Vec<f32>,
    pub(super) overlap: Overlap,
    lattice: Vec<Rgbx>,
    rows: Vec<Rgbx>,
    /// Rows of camera pixels, spread across the lattice, and the weights of those that reach one of its rows.
    wide: Vec<Rgbx>,
    weights: Vec<f32>,
}

impl Camera {
    /// Room for every face of up to `side` camera pixels without another allocation, with optics that blur
    /// by up to `optics` camera pixels. `pixels` take part at most.
    pub(super) fn new(optics: f32, side: f32, pixels: usize) -> Camera {
        let mut camera = Camera {
            density: 2,
            spread: Vec::with_capacity(LONGEST_FILTER),
            response: Vec::with_capacity(LONGEST_FILTER),
            lattice: Vec::with_capacity(LATTICE_SIDE * LATTICE_SIDE),
            rows: Vec::with_capacity(LATTICE_SIDE),
            wide: Vec::with_capacity(LATTICE_SIDE * LATTICE_SIDE / 2),
            weights: Vec::with_capacity(LONGEST_FILTER),
            ..Camera::default()
        };
        // The largest face is blurred most, in its camera's pixels.
        camera.set_filters(HR_SIDE as f32 / side, optics, 0.0);
        camera.overlap.reserve(LATTICE_SIDE, pixels);
        camera
    }

    /// Looks at the face through the pixels of `region`, with optics that blur by `optics` camera
    /// pixels (standard deviation). From `halved_from` canonical pixels to a camera pixel on, the picture
    /// is halved.
    pub(super) fn place(
        &mut self,
        region: Region,
        to_canonical: &Similarity,
        optics: f32,
        halved_from: f32,
    ) {
        (self.width, self.height) = (region.width as usize, region.height as usize);
        self.origin = Point::new(region.x as f32, region.y as f32);
        self.grid.set_side(to_canonical.scale() >= halved_from);
        let share = self.grid.side() as f32 / HR_SIDE as f32;
        self.to_grid = Similarity {
            a: share * to_canonical.a,
            b: share * to_canonical.b,
            tx: share * to_canonical.tx,
            ty: share * to_canonical.ty,
        };
        self.density = (self.to_grid.scale().round() as usize).clamp(2, MAX_DENSITY);
        self.set_filters(to_canonical.scale(), optics, self.grid.blur());
        let density = self.density;
        self.lattice
            .resize(self.width * self.height * density * density, [0.0; 4]);
        self.rows.resize(self.width * density, [0.0; 4]);
    }

    /// For a face whose camera pixels are `scale` canonical ones each, and a grid that
    /// [blurs](Grid::blur) by so much.
    fn set_filters(&mut self, scale: f32, optics: f32, blurred: f32) {
        let density = self.density;
        let unit = density as f32;
        let response = optics.hypot(ERROR_EXTENT / scale);
        spread_of(density, response * unit, &mut self.response);
        // What the grid blurs, the optics need not.
        let optics = (optics * optics - blurred / scale.powi(2)).max(0.0).sqrt();
        spread_of(density, optics * unit, &mut self.spread);
        self.overlap.set_filter(&self.response, density);
    }

    /// How many values fit without an allocation.
    #[cfg(test)]
    pub(super) fn capacities(&self) -> [usize; 6] {
        let [a, b, c] = [&self.spread, &self.response, &self.weights].map(Vec::capacity);
        let [d, e, f] = [&self.lattice, &self.rows, &self.wide].map(Vec::capacity);
        [a, b, c, d, e, f]
    }

    /// Fills `overlap` by what the camera's pixels see alike of what is wrong with the picture that was
    /// last [projected](Self::project). `rise` are places where it is wrong more than elsewhere: each from 0, no
    /// more, to 1, by so much, as a ratio of variances.
    pub(super) fn find_overlap(&mut self, rise: Option<(&BlockValues, f32)>) {
        let columns = self.width * self.density;
        let before = (self.response.len() - self.density) / 2;
        self.overlap.load(&self.lattice, columns);
        if let Some((changes, most)) = rise {
            let share = BLOCKS as f32 / self.grid.side() as f32;
            let unit = 1.0 / self.density as f32;
            let (origin, to_grid) = (self.origin, self.to_grid);
            self.overlap.raise(|sample| {
                let (x, y) = (sample % columns, sample / columns);
                let at = to_grid.apply(Point::new(
                    origin.x + (x as f32 + 0.5) * unit,
                    origin.y + (y as f32 + 0.5) * unit,
                ));
                let change = value_at(changes, at.x * share, at.y * share);
                1.0 + change * (most - 1.0).max(0.0)
            });
        }
        self.overlap
            .fill(self.width, self.height, self.density, before);
    }

    /// Takes the picture that is [projected](Self::project) from now on, until something is
    /// [added](Self::add_transposed) to one.
    pub(super) fn look_at(&mut self, picture: &Canonical) {
        self.grid.load(picture);
    }

    /// What the camera would see of the picture that it looks at, pixel by pixel, in levels. The fourth
    /// number is the share of the pixel's point spread function that lies within the crop; what lies outside
    /// is black.
    pub(super) fn project(&mut self, out: &mut Vec<Rgbx>) {
        sample(self);
        let columns = self.width * self.density;
        let before = (self.spread.len() - self.density) / 2;
        out.clear();
        // Down first: whole rows of the lattice, which lie one after the other, are added.
        let wide = &mut self.rows[..columns];
        for y in 0..self.height {
            let (from, skipped) = start_of(y * self.density, before);
            let lines = &self.lattice[from * columns..];
            let weights = weights_within(&self.spread[skipped..], lines, columns);
            sum_rows(wide.as_flattened_mut(), weights, lines.as_flattened());
            out.extend((0..self.width).map(|x| {
                let (from, skipped) = start_of(x * self.density, before);
                dot(&self.spread[skipped..], &wide[from..])
            }));
        }
    }

    /// Adds to `picture` what `values`, one for each camera pixel, cause backwards through the model, times
    /// `scale`.
    pub(super) fn add_transposed(&mut self, values: &[Rgbx], scale: f32, picture: &mut Canonical) {
        let density = self.density;
        let columns = self.width * density;
        let before = (self.response.len() - density) / 2;
        // Across first, then down: each row of the lattice is the sum of the few rows that reach it.
        self.wide.clear();
        self.wide.resize(self.height * columns, [0.0; 4]);
        for (wide, line) in
            (self.wide.chunks_exact_mut(columns)).zip(values.chunks_exact(self.width))
        {
            for (x, value) in line.iter().enumerate() {
                let (from, skipped) = start_of(x * density, before);
                for (pixel, weight) in wide[from..].iter_mut().zip(&self.response[skipped..]) {
                    add(pixel, *weight, value);
                }
            }
        }
        let reach = self.response.len().div_ceil(density);
        for (y, row) in self.lattice.chunks_exact_mut(columns).enumerate() {
            // Those whose filter begins at or before it, as far as it has not ended.
            let last = ((y + before) / density).min(self.height - 1);
            let first = (last + 1).saturating_sub(reach);
            self.weights.clear();
            self.weights.extend((first..=last).map(|line| {
                let at = y + before - line * density;
                self.response.get(at).copied().unwrap_or_default()
            }));
            let wide = &self.wide[first * columns..];
            sum_rows(row.as_flattened_mut(), &self.weights, wide.as_flattened());
        }
        for (sample, &variance) in self.lattice.iter_mut().zip(&self.overlap.variance) {
            sample.iter_mut().for_each(|value| *value *= variance);
        }
        if self.grid.side() == HR_SIDE {
            soften(&mut self.lattice, columns, &mut self.rows[..columns]);
        }
        spread_over_grid(self);
        self.grid.add_to(picture, scale);
    }

    /// By how many camera pixels what was `seen` is shifted against what is `expected`: one step of
    /// Gauss and Newton on the sum of the three channels.
    pub(super) fn shift(&self, seen: &[Rgbx], expected: &[Rgbx]) -> (f32, f32) {
        let grey = |pixel: &Rgbx| pixel[0] + pixel[1] + pixel[2];
        let (mut xx, mut xy, mut yy, mut rx, mut ry) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for y in 1..self.height.saturating_sub(1) {
            for x in 1..self.width.saturating_sub(1) {
                let at = y * self.width + x;
                let around = [at - self.width, at - 1, at, at + 1, at + self.width];
                if around.iter().any(|&k| seen[k][3] == 0.0) {
                    continue;
                }
                let [above, left, here, right, below] = around.map(|k| grey(&expected[k]));
                let (gx, gy) = ((right - left) / 2.0, (below - above) / 2.0);
                let rest = grey(&seen[at]) - here;
                xx += gx * gx;
                xy += gx * gy;
                yy += gy * gy;
                rx += gx * rest;
                ry += gy * rest;
            }
        }
        let det = xx * yy - xy * xy;
        if det <= 1e-3 * xx * yy || det <= 0.0 {
            return (0.0, 0.0);
        }
        ((xy * ry - yy * rx) / det, (xy * rx - xx * ry) / det)
    }

    /// Where the centre of the camera's pixel of this index lies on the face, whose sides are 1.
    pub(super) fn place_of(&self, pixel: usize) -> (f32, f32) {
        let (x, y) = (pixel % self.width, pixel / self.width);
        let at = self.to_grid.apply(Point::new(
            self.origin.x + x as f32 + 0.5,
            self.origin.y + y as f32 + 0.5,
        ));
        let side = self.grid.side() as f32;
        (at.x / side, at.y / side)
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
    /// Samples the grid on the lattice; the fourth number is 1 within the crop and 0 outside.
    fn sample(camera: &mut Camera) as sample_any
}

#[inline(always)]
fn sample_any(camera: &mut Camera) {
    let unit = 1.0 / camera.density as f32;
    let columns = camera.width * camera.density;
    let inside = fixed(0.5)..=fixed(camera.grid.side() as f32 + 0.5);
    let Similarity { a, b, .. } = camera.to_grid;
    let (step_x, step_y) = (fixed(a * unit), fixed(b * unit));
    let pixels = camera.grid.padded();
    for (y, row) in camera.lattice.chunks_exact_mut(columns).enumerate() {
        let first = camera.to_grid.apply(Point::new(
            camera.origin.x + 0.5 * unit,
            camera.origin.y + (y as f32 + 0.5) * unit,
        ));
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
    fn spread_over_grid(camera: &mut Camera) as spread_over_grid_any
}

#[inline(always)]
fn spread_over_grid_any(camera: &mut Camera) {
    let unit = camera.density as f32;
    let (columns, rows) = (
        camera.width * camera.density,
        camera.height * camera.density,
    );
    let back = camera.to_grid.invert();
    let (step_x, step_y) = (back.a * unit, back.b * unit);
    let (right, bottom) = (fixed(columns as f32), fixed(rows as f32));
    let (step_x, step_y) = (fixed(step_x), fixed(step_y));
    for (y, row) in camera.grid.rows_mut().enumerate() {
        let first = back.apply(Point::new(0.5, y as f32 + 0.5));
        let mut u = fixed((first.x - camera.origin.x) * unit);
        let mut v = fixed((first.y - camera.origin.y) * unit);
        for pixel in row {
            let inside = (0..=right).contains(&u) && (0..=bottom).contains(&v);
            *pixel = if inside {
                within(&camera.lattice, columns, rows, u, v)
            } else {
                [0.0; 4]
            };
            u = u.wrapping_add(step_x);
            v = v.wrapping_add(step_y);
        }
    }
    camera.grid.close();
}

/// Bits of the fraction of a coordinate in fixed point.
const FRACTION: u32 = 18;

#[inline(always)]
fn fixed(coordinate: f32) -> i32 {
    (coordinate * (1 << FRACTION) as f32).round() as i32
}

/// The value between four pixels of the padded grid, in fixed point from (0, 0) at its first pixel's
/// centre. The fourth number is 1.
#[inline(always)]
fn between(pixels: &[Rgbx], u: i32, v: i32) -> Rgbx {
    let (left, above) = ((u >> FRACTION) as usize, (v >> FRACTION) as usize);
    let rest = |at: i32| (at & ((1 << FRACTION) - 1)) as f32 * (1.0 / (1 << FRACTION) as f32);
    let (u, v) = (rest(u), rest(v));
    let at = above * PITCH + left;
    let (upper, lower) = (&pixels[at..at + 2], &pixels[at + PITCH..at + PITCH + 2]);
    let mut sum = mixed(&upper[0], &upper[1], &lower[0], &lower[1], u, v);
    sum[3] = 1.0;
    sum
}

/// The value at (u, v), 0 to 1 each, between four pixels.
#[inline(always)]
fn mixed(a: &Rgbx, b: &Rgbx, c: &Rgbx, d: &Rgbx, u: f32, v: f32) -> Rgbx {
    let right = u * (1.0 - v);
    let below = v - u * v;
    let (here, both) = (1.0 - v - right, u * v);
    std::array::from_fn(|k| here * a[k] + right * b[k] + below * c[k] + both * d[k])
}

/// A box of `density` samples convolved with a Gaussian of `sigma` samples, which sums to one.
fn spread_of(density: usize, sigma: f32, spread: &mut Vec<f32>) {
    let reach = (REACH * sigma).ceil() as usize;
    spread.clear();
    spread.resize(density + 2 * reach, 0.0);
    // In f64, so that every processor's mathematical library gives the same f32.
    let twice = f64::from(2.0 * sigma * sigma).max(f64::MIN_POSITIVE);
    let gauss = |i: usize| {
        let distance = i as f64 - reach as f64;
        (-distance * distance / twice).exp() as f32
    };
    for i in 0..=2 * reach {
        for value in &mut spread[i..i + density] {
            *value += gauss(i);
        }
    }
    let sum: f32 = spread.iter().sum();
    spread.iter_mut().for_each(|value| *value /= sum);
}

/// Blurs by 1/4, 1/2, 1/4 both ways. `above` has room for a row.
fn soften(pixels: &mut [Rgbx], columns: usize, above: &mut [Rgbx]) {
    for row in pixels.chunks_exact_mut(columns) {
        let mut before = row[0];
        for x in 1..columns {
            let here = row[x - 1];
            row[x - 1] = blurred(&before, &here, &row[x]);
            before = here;
        }
    }
    above.copy_from_slice(&pixels[..columns]);
    let mut rows = pixels;
    while rows.len() > columns {
        let (row, below) = rows.split_at_mut(columns);
        for ((pixel, above), below) in row.iter_mut().zip(above.iter_mut()).zip(&*below) {
            let here = *pixel;
            *pixel = blurred(above, &here, below);
            *above = here;
        }
        rows = below;
    }
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
