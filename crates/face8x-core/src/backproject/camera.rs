//! The model of the camera: what it sees of a picture of a face, and the transpose of that.
//!
//! A camera pixel sees the picture through a **point spread function**: a square of one camera
//! pixel (the sensor integrates over it) convolved with a Gaussian (the optics). Both are separable
//! along the frame's axes. So the picture is first sampled on a **lattice** along these axes, a
//! whole number of samples to each camera pixel, and then filtered by rows and columns.

use super::Canonical;
use crate::convert::Region;
use crate::geometry::{HR_SIDE, Point, Similarity};
use crate::resample::{Rgbx, add, dot};

/// Most samples of the lattice to a camera pixel, each way.
const MAX_DENSITY: usize = 8;
/// Most samples of the lattice each way: the diagonal of the canonical face and its border at any
/// density that [`Camera::place`] takes.
const LATTICE_SIDE: usize = 256;
/// Most samples of a point spread function: that of the widest optics, 2 camera pixels.
const LONGEST_FILTER: usize = 128;
/// Standard deviations of the Gaussian that are taken in.
const REACH: f32 = 3.0;
/// How far what a network gets wrong extends, as the standard deviation of a Gaussian in pixels of
/// the canonical face. Measured: 0 is as good for faces of up to 32 camera pixels and 0.8 dB worse
/// at 64 pixels with a noise of 6 levels.
const ERROR_EXTENT: f32 = 1.2;
/// The autocorrelation of the point spread function is cut where it falls below this share.
const TAIL: f32 = 1e-3;

/// A camera before a face.
#[derive(Default)]
pub(super) struct Camera {
    /// The camera's pixels that see a part of the face.
    pub(super) width: usize,
    pub(super) height: usize,
    /// From the frame to the canonical face, and back.
    to_canonical: Similarity,
    /// The region's first pixel in the frame.
    origin: Point,
    /// Samples of the lattice to a camera pixel, each way.
    density: usize,
    /// The point spread function along one axis, in samples of the lattice; it sums to one.
    spread: Vec<f32>,
    /// What a difference at a pixel causes in the picture: the same, blurred by the extent of what
    /// a network gets wrong.
    response: Vec<f32>,
    /// What a pixel sees of the response to another one at a distance of 0, 1, 2 ... camera pixels.
    pub(super) correlation: Vec<f32>,
    lattice: Vec<Rgbx>,
    rows: Vec<Rgbx>,
}

impl Camera {
    /// Room for faces of up to `most` camera pixels each way without another allocation.
    pub(super) fn with_capacity(most: usize) -> Camera {
        Camera {
            spread: Vec::with_capacity(LONGEST_FILTER),
            response: Vec::with_capacity(LONGEST_FILTER),
            correlation: Vec::with_capacity(LONGEST_FILTER),
            lattice: Vec::with_capacity(LATTICE_SIDE * LATTICE_SIDE),
            rows: Vec::with_capacity(LATTICE_SIDE * most),
            ..Camera::default()
        }
    }

    /// Looks at the face through the pixels of `region`, with optics that blur by `optics` camera
    /// pixels (standard deviation).
    pub(super) fn place(&mut self, region: Region, to_canonical: &Similarity, optics: f32) {
        (self.width, self.height) = (region.width as usize, region.height as usize);
        self.origin = Point::new(region.x as f32, region.y as f32);
        self.to_canonical = *to_canonical;
        let density = (to_canonical.scale().round() as usize).clamp(2, MAX_DENSITY);
        self.density = density;
        let unit = density as f32;
        let extent = ERROR_EXTENT / to_canonical.scale();
        spread_of(density, optics * unit, &mut self.spread);
        spread_of(density, optics.hypot(extent) * unit, &mut self.response);
        let margin = (self.response.len() - self.spread.len()) / 2;
        let overlap = |distance: usize| {
            let later = self.response.iter().skip(margin + distance * density);
            self.spread
                .iter()
                .zip(later)
                .map(|(a, b)| a * b)
                .sum::<f32>()
        };
        let reach = (self.response.len() - margin).div_ceil(density);
        self.correlation.clear();
        self.correlation.extend((0..reach).map(overlap));
        let least = TAIL * self.correlation[0];
        let kept = self.correlation.iter().rposition(|&value| value > least);
        self.correlation.truncate(kept.unwrap_or_default() + 1);
        self.lattice
            .resize(self.width * self.height * density * density, [0.0; 4]);
        self.rows
            .resize(self.width * self.height * density, [0.0; 4]);
    }

    /// How many values fit without an allocation.
    #[cfg(test)]
    pub(super) fn capacities(&self) -> [usize; 5] {
        let filters = [&self.spread, &self.response, &self.correlation].map(Vec::capacity);
        let [a, b, c] = filters;
        [a, b, c, self.lattice.capacity(), self.rows.capacity()]
    }

    /// How strongly a pixel sees what it alone has caused, along one axis.
    pub(super) fn gain(&self) -> f32 {
        self.correlation[0]
    }

    /// What the camera would see of `picture`, pixel by pixel, in levels. The fourth number is the
    /// share of the pixel's point spread function that lies within the crop; what lies outside is
    /// black.
    pub(super) fn project(&mut self, picture: &Canonical, out: &mut Vec<Rgbx>) {
        self.sample(picture);
        let columns = self.width * self.density;
        let before = (self.spread.len() - self.density) / 2;
        for (fine, row) in self
            .lattice
            .chunks_exact(columns)
            .zip(self.rows.chunks_exact_mut(self.width))
        {
            for (x, pixel) in row.iter_mut().enumerate() {
                let (from, skipped) = start_of(x * self.density, before);
                *pixel = dot(&self.spread[skipped..], &fine[from..]);
            }
        }
        out.clear();
        out.resize(self.width * self.height, [0.0; 4]);
        for (y, row) in out.chunks_exact_mut(self.width).enumerate() {
            let (from, skipped) = start_of(y * self.density, before);
            let lines = self.rows.chunks_exact(self.width).skip(from);
            for (line, &weight) in lines.zip(&self.spread[skipped..]) {
                add_scaled(row, weight, line);
            }
        }
    }

    /// Adds to `base` the picture that `values`, one for each camera pixel, cause backwards through
    /// the model, times `scale`; the sum goes to `out`.
    pub(super) fn add_transposed(
        &mut self,
        values: &[Rgbx],
        scale: f32,
        base: &Canonical,
        out: &mut Canonical,
    ) {
        let density = self.density;
        let columns = self.width * density;
        let before = (self.response.len() - density) / 2;
        self.lattice.fill([0.0; 4]);
        // The rows' buffer has `density` rows of camera pixels for each; one of the lattice fits.
        let wide = &mut self.rows[..columns];
        for (y, line) in values.chunks_exact(self.width).enumerate() {
            wide.fill([0.0; 4]);
            for (x, value) in line.iter().enumerate() {
                let (from, skipped) = start_of(x * density, before);
                for (pixel, weight) in wide[from..].iter_mut().zip(&self.response[skipped..]) {
                    add(pixel, *weight, value);
                }
            }
            let (from, skipped) = start_of(y * density, before);
            let fine = self.lattice.chunks_exact_mut(columns).skip(from);
            for (row, &weight) in fine.zip(&self.response[skipped..]) {
                add_scaled(row, weight, wide);
            }
        }
        let (rows, back) = (self.height * density, self.to_canonical.invert());
        let unit = density as f32;
        for (k, (pixel, old)) in out.pixels.iter_mut().zip(&base.pixels).enumerate() {
            let (x, y) = ((k % HR_SIDE) as f32 + 0.5, (k / HR_SIDE) as f32 + 0.5);
            let at = back.apply(Point::new(x, y));
            let (x, y) = ((at.x - self.origin.x) * unit, (at.y - self.origin.y) * unit);
            *pixel = *old;
            if x >= 0.0 && y >= 0.0 && x <= columns as f32 && y <= rows as f32 {
                add(pixel, scale, &bilinear(&self.lattice, columns, rows, x, y));
            }
        }
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

    /// Moves the face by so many camera pixels.
    pub(super) fn move_face(&mut self, (x, y): (f32, f32)) {
        let from = self.to_canonical.apply(Point::new(0.0, 0.0));
        let to = self.to_canonical.apply(Point::new(x, y));
        self.to_canonical.tx -= to.x - from.x;
        self.to_canonical.ty -= to.y - from.y;
    }

    /// Samples `picture` on the lattice; the fourth number is 1 within the crop and 0 outside.
    fn sample(&mut self, picture: &Canonical) {
        let unit = 1.0 / self.density as f32;
        let columns = self.width * self.density;
        let side = HR_SIDE as f32;
        let Similarity { a, b, .. } = self.to_canonical;
        let (step_x, step_y) = (a * unit, b * unit);
        for (y, row) in self.lattice.chunks_exact_mut(columns).enumerate() {
            let first = self.to_canonical.apply(Point::new(
                self.origin.x + 0.5 * unit,
                self.origin.y + (y as f32 + 0.5) * unit,
            ));
            for (x, sample) in row.iter_mut().enumerate() {
                let (u, v) = (first.x + x as f32 * step_x, first.y + x as f32 * step_y);
                *sample = if u >= 0.0 && v >= 0.0 && u <= side && v <= side {
                    let mut pixel = bilinear(&picture.pixels, HR_SIDE, HR_SIDE, u, v);
                    pixel[3] = 1.0;
                    pixel
                } else {
                    [0.0; 4]
                };
            }
        }
    }
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

/// Where a filter that reaches `before` samples before `at` begins, and how many of its weights
/// lie before the first sample.
fn start_of(at: usize, before: usize) -> (usize, usize) {
    (at.saturating_sub(before), before.saturating_sub(at))
}

/// The value between four pixels at (x, y), in pixel-edge coordinates; pixels beyond the edge are
/// those at the edge.
#[inline(always)]
fn bilinear(pixels: &[Rgbx], columns: usize, rows: usize, x: f32, y: f32) -> Rgbx {
    let (x, y) = ((x - 0.5).max(0.0), (y - 0.5).max(0.0));
    let (left, above) = ((x as usize).min(columns - 1), (y as usize).min(rows - 1));
    let (right, below) = ((left + 1).min(columns - 1), (above + 1).min(rows - 1));
    let (u, v) = (x - left as f32, y - above as f32);
    let (upper, lower) = (above * columns, below * columns);
    let mut sum = [0.0; 4];
    add(&mut sum, (1.0 - u) * (1.0 - v), &pixels[upper + left]);
    add(&mut sum, u * (1.0 - v), &pixels[upper + right]);
    add(&mut sum, (1.0 - u) * v, &pixels[lower + left]);
    add(&mut sum, u * v, &pixels[lower + right]);
    sum
}

/// Adds a row times a weight.
#[inline(always)]
pub(super) fn add_scaled(row: &mut [Rgbx], weight: f32, other: &[Rgbx]) {
    for (pixel, value) in row.iter_mut().zip(other) {
        add(pixel, weight, value);
    }
}
