//! The model of the camera: what it sees of a picture of a face, and the transpose of that.
//!
//! A camera pixel sees the picture through a **point spread function**: a square of one camera
//! pixel (the sensor integrates over it) convolved with a Gaussian (the optics). Both are separable
//! along the frame's axes. So the picture is first sampled on a **lattice** along these axes (see
//! `lattice.rs`), and then filtered by rows and columns.
//!
//! Of a small face a camera pixel spans many of the picture's. There the picture is halved first, to
//! a **grid** of 64x64 pixels, and what is added to it is computed on that grid: a camera sees nothing
//! so fine.

use super::Canonical;
use super::blocks::{BLOCKS, BlockValues, value_at};
use super::filter::{LONGEST_FILTER, soften, spread_of, start_of, weights_within};
use super::grid::Grid;
use super::lattice::{LatticePlace, add_rim, sample, spread_over};
use super::overlap::Overlap;
use crate::convert::Region;
use crate::geometry::{HR_SIDE, Point, Similarity};
use crate::resample::{Rgbx, add, dot, sum_rows};

/// Most samples of the lattice to a camera pixel, each way.
const MAX_DENSITY: usize = 8;
/// Most samples of the lattice each way: the diagonal of the canonical face and its border at any
/// density that [`Camera::place`] takes.
const LATTICE_SIDE: usize = 256;
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
    place: LatticePlace,
    /// Pixels of the picture to one of the camera.
    scale: f32,
    /// The point spread function along one axis, in samples of the lattice; it sums to one.
    spread: Vec<f32>,
    /// What a difference at a pixel causes in the picture: the same, blurred by the extent of what
    /// a network gets wrong.
    response: Vec<f32>,
    pub(super) overlap: Overlap,
    lattice: Vec<Rgbx>,
    /// The lattice and a rim that repeats its outermost samples.
    with_rim: Vec<Rgbx>,
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
            spread: Vec::with_capacity(LONGEST_FILTER),
            response: Vec::with_capacity(LONGEST_FILTER),
            lattice: Vec::with_capacity(LATTICE_SIDE * LATTICE_SIDE),
            with_rim: Vec::with_capacity((LATTICE_SIDE + 2) * (LATTICE_SIDE + 2)),
            rows: Vec::with_capacity(LATTICE_SIDE),
            wide: Vec::with_capacity(LATTICE_SIDE * LATTICE_SIDE / 2),
            weights: Vec::with_capacity(LONGEST_FILTER),
            ..Camera::default()
        };
        // The largest face is blurred most, in its camera's pixels.
        camera.scale = HR_SIDE as f32 / side;
        camera.set_optics(optics);
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
        self.grid.set_side(to_canonical.scale() >= halved_from);
        let share = self.grid.side() as f32 / HR_SIDE as f32;
        let to_grid = Similarity {
            a: share * to_canonical.a,
            b: share * to_canonical.b,
            tx: share * to_canonical.tx,
            ty: share * to_canonical.ty,
        };
        let density = (to_grid.scale().round() as usize).clamp(2, MAX_DENSITY);
        self.place = LatticePlace {
            to_grid,
            origin: Point::new(region.x as f32, region.y as f32),
            density,
        };
        self.scale = to_canonical.scale();
        self.set_optics(optics);
        self.lattice
            .resize(self.width * self.height * density * density, [0.0; 4]);
        self.rows.resize(self.width * density, [0.0; 4]);
    }

    /// Takes the optics to blur by so many camera pixels.
    pub(super) fn set_optics(&mut self, optics: f32) {
        let (scale, blurred) = (self.scale, self.grid.blur());
        let density = self.place.density;
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
    pub(super) fn capacities(&self) -> [usize; 7] {
        let [a, b, c] = [&self.spread, &self.response, &self.weights].map(Vec::capacity);
        let [d, e, f, g] =
            [&self.lattice, &self.with_rim, &self.rows, &self.wide].map(Vec::capacity);
        [a, b, c, d, e, f, g]
    }

    /// Fills `overlap` by what the camera's pixels see alike of what is wrong with the picture that was
    /// last [projected](Self::project). `rise` are places where it is wrong more than elsewhere: each from 0, no
    /// more, to 1, by so much, as a ratio of variances.
    pub(super) fn find_overlap(&mut self, rise: Option<(&BlockValues, f32)>) {
        let columns = self.width * self.place.density;
        let before = (self.response.len() - self.place.density) / 2;
        self.overlap.load(&self.lattice, columns);
        if let Some((changes, most)) = rise {
            let share = BLOCKS as f32 / self.grid.side() as f32;
            let (place, most) = (self.place, (most - 1.0).max(0.0));
            let step = share / place.density as f32;
            let (step_x, step_y) = (step * place.to_grid.a, step * place.to_grid.b);
            self.overlap.raise(columns, |y, row| {
                let first = place.first_of_row(y);
                let (x, y) = (share * first.x, share * first.y);
                for (k, variance) in row.iter_mut().enumerate() {
                    let k = k as f32;
                    let change = value_at(changes, x + k * step_x, y + k * step_y);
                    *variance += *variance * change * most;
                }
            });
        }
        self.overlap
            .fill(self.width, self.height, self.place.density, before);
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
        let columns = self.width * self.place.density;
        sample(&self.place, &self.grid, columns, &mut self.lattice);
        let before = (self.spread.len() - self.place.density) / 2;
        out.clear();
        // Down first: whole rows of the lattice, which lie one after the other, are added.
        let wide = &mut self.rows[..columns];
        for y in 0..self.height {
            let (from, skipped) = start_of(y * self.place.density, before);
            let lines = &self.lattice[from * columns..];
            let weights = weights_within(&self.spread[skipped..], lines, columns);
            sum_rows(wide.as_flattened_mut(), weights, lines.as_flattened());
            out.extend((0..self.width).map(|x| {
                let (from, skipped) = start_of(x * self.place.density, before);
                dot(&self.spread[skipped..], &wide[from..])
            }));
        }
    }

    /// Adds to `picture` what `values`, one for each camera pixel, cause backwards through the model, times
    /// `scale`.
    pub(super) fn add_transposed(&mut self, values: &[Rgbx], scale: f32, picture: &mut Canonical) {
        let density = self.place.density;
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
        add_rim(&self.lattice, columns, &mut self.with_rim);
        spread_over(&self.place, &mut self.grid, columns, &self.with_rim);
        self.grid.add_to(picture, scale);
    }

    /// The camera's pixels that take part with those above, left, right and below: the five, in this order, the
    /// pixel itself in the middle.
    pub(super) fn inner_pixels<'a>(
        &self,
        seen: &'a [Rgbx],
    ) -> impl Iterator<Item = [usize; 5]> + use<'a> {
        let width = self.width;
        let rows = (1..self.height.saturating_sub(1)).map(move |y| y * width);
        let inner = rows.flat_map(move |row| row + 1..row + width.max(2) - 1);
        let around = inner.map(move |at| [at - width, at - 1, at, at + 1, at + width]);
        around.filter(|around| around.iter().all(|&k| seen[k][3] > 0.0))
    }

    /// By how many camera pixels what was `seen` is shifted against what is `expected`: one step of
    /// Gauss and Newton on the sum of the three channels.
    pub(super) fn shift(&self, seen: &[Rgbx], expected: &[Rgbx]) -> (f32, f32) {
        let grey = |pixel: &Rgbx| pixel[0] + pixel[1] + pixel[2];
        let (mut xx, mut xy, mut yy, mut rx, mut ry) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for around in self.inner_pixels(seen) {
            let [above, left, here, right, below] = around.map(|k| grey(&expected[k]));
            let (gx, gy) = ((right - left) / 2.0, (below - above) / 2.0);
            let rest = grey(&seen[around[2]]) - here;
            xx += gx * gx;
            xy += gx * gy;
            yy += gy * gy;
            rx += gx * rest;
            ry += gy * rest;
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
        let at = self.place.on_grid(x as f32 + 0.5, y as f32 + 0.5);
        let side = self.grid.side() as f32;
        (at.x / side, at.y / side)
    }

    /// Moves the face by so many camera pixels.
    pub(super) fn move_face(&mut self, by: (f32, f32)) {
        self.place.move_face(by);
    }
}
