//! Where a network's picture is wrong, and how much of that every two camera pixels see alike.
//!
//! What a network gets wrong is taken as white noise whose **variance** follows the length of the
//! picture's gradient, blurred a little: edges are misplaced, plain skin is right. A camera pixel sees it
//! through its point spread function f, so two pixels i and j see alike
//!
//! ```text
//! S_ij = sum over the lattice of f_i f_j variance
//! ```
//!
//! f is separable, and so is f_i f_j for each distance of i and j: S is filtered from the variance by
//! columns and rows. The measured gain over the same variance everywhere is 0.2 dB at 16 to 48 pixels.

use wide::f32x4;

use super::filter::{LONGEST_FILTER, start_of, weights_within};
use crate::also_for_avx2;
use crate::resample::{Rgbx, dot_numbers, sum_rows};

/// The variance where the picture is plain: this share of the mean square of the gradient counts as well.
/// Measured: 0.05 to 0.2 are as good.
const PLAIN: f32 = 0.1;
/// Two camera pixels that see less alike than this share of what one sees are taken as apart.
const TAIL: f32 = 4e-3;

/// The least variance: a picture without any gradient is wrong as well.
const LEAST: f32 = 1e-3;

/// The variance on the lattice, and S.
#[derive(Default)]
pub(super) struct Overlap {
    /// At each sample of the lattice; 0 outside the crop.
    pub(super) variance: Vec<f32>,
    /// For each distance the products of the point spread function with itself so far away.
    products: Vec<Vec<f32>>,
    /// One row of the lattice, filtered down.
    line: Vec<f32>,
    /// (down, across) in camera pixels, for each of the planes.
    distances: Vec<(usize, usize)>,
    /// S. In the plane of (down, across) the value at (y, x) is what the pixels (y, x) and
    /// (y + down, x + across) see alike, and so do (y, x + across) and (y + down, x); 0 where one of them is
    /// beyond the last row or column.
    planes: Vec<f32>,
    /// By how much the mean variance was [raised](Self::raise).
    raised: f32,
}

impl Overlap {
    /// How many values fit without an allocation.
    #[cfg(test)]
    pub(super) fn capacities(&self) -> [usize; 4] {
        [
            self.variance.capacity(),
            self.line.capacity(),
            self.planes.capacity(),
            self.distances.capacity(),
        ]
    }

    /// Room for a lattice of so many columns and rows and for so many camera pixels, with the filter that
    /// was [set](Self::set_filter) or a shorter one.
    pub(super) fn reserve(&mut self, lattice: usize, pixels: usize) {
        self.variance.reserve(lattice * lattice);
        self.line.reserve(lattice);
        self.planes.reserve(self.distances.len() * pixels);
        for products in &mut self.products {
            products.reserve(LONGEST_FILTER);
        }
    }

    /// Takes a point spread function along one axis, `density` samples to a camera pixel. No picture is
    /// loaded then.
    pub(super) fn set_filter(&mut self, filter: &[f32], density: usize) {
        let product = |distance: usize| {
            let later = filter.iter().skip(distance * density);
            later.zip(filter).map(|(a, b)| a * b)
        };
        let alike = |distance: usize| product(distance).sum::<f32>();
        let least = TAIL * alike(0);
        let reach = (0..filter.len().div_ceil(density))
            .take_while(|&d| alike(d) > least)
            .count();
        self.products
            .resize_with(self.products.len().max(reach), Vec::new);
        self.distances.clear();
        for down in 0..reach {
            self.products[down].clear();
            self.products[down].extend(product(down));
            let across = (0..reach).take_while(|&d| alike(d) * alike(down) > least * alike(0));
            self.distances.extend(across.map(|d| (down, d)));
        }
    }

    /// Takes the variance from a picture on the lattice, whose fourth number is 1 within the crop and 0
    /// outside.
    pub(super) fn load(&mut self, lattice: &[Rgbx], columns: usize) {
        self.variance.resize(lattice.len(), 0.0);
        let rows = lattice.len() / columns;
        let row = |y: usize| &lattice[y * columns..][..columns];
        for (y, out) in self.variance.chunks_exact_mut(columns).enumerate() {
            let [above, here, below] = [y.saturating_sub(1), y, (y + 1).min(rows - 1)].map(row);
            square_gradients(above, here, below, out);
        }
        self.raised = 1.0;
        let inside: f32 = lattice.iter().map(|sample| sample[3]).sum();
        let sum: f32 = self.variance.iter().sum();
        let plain = PLAIN * sum / inside.max(1.0) + LEAST;
        for (variance, sample) in self.variance.iter_mut().zip(lattice) {
            *variance = sample[3] * (*variance + plain).sqrt();
        }
    }

    /// Lets `raise` change each row of the variance, and takes care that the [gain](Self::gain) is as before.
    pub(super) fn raise(&mut self, columns: usize, raise: impl Fn(usize, &mut [f32])) {
        let sum = |variance: &[f32]| variance.iter().sum::<f32>();
        let before = sum(&self.variance);
        for (y, row) in self.variance.chunks_exact_mut(columns).enumerate() {
            raise(y, row);
        }
        self.raised = sum(&self.variance) / before.max(f32::MIN_POSITIVE);
    }

    /// Fills S for `width` x `height` camera pixels from the variance that was loaded; the filter reaches
    /// `before` samples before a pixel's first.
    pub(super) fn fill(&mut self, width: usize, height: usize, density: usize, before: usize) {
        let columns = width * density;
        let pixels = width * height;
        self.planes.clear();
        self.planes.resize(self.distances.len() * pixels, 0.0);
        self.line.resize(columns, 0.0);
        let mut planes = &mut self.planes[..];
        for distances in self.distances.chunk_by(|a, b| a.0 == b.0) {
            let down = distances[0].0;
            let (group, rest) = planes.split_at_mut(distances.len() * pixels);
            planes = rest;
            for y in 0..height.saturating_sub(down) {
                let (from, skipped) = start_of((y + down) * density, before);
                let samples = &self.variance[from * columns..];
                let weights = weights_within(&self.products[down][skipped..], samples, columns);
                sum_rows(&mut self.line, weights, samples);
                for (plane, &(_, across)) in group.chunks_exact_mut(pixels).zip(distances) {
                    let row = &mut plane[y * width..][..width.saturating_sub(across)];
                    for (x, value) in row.iter_mut().enumerate() {
                        let (from, skipped) = start_of((x + across) * density, before);
                        let weights = &self.products[across][skipped..];
                        *value = dot_numbers(weights, &self.line[from..]);
                    }
                }
            }
        }
    }

    /// What each of so many pixels sees: the diagonal of S.
    pub(super) fn own(&self, pixels: usize) -> &[f32] {
        &self.planes[..pixels]
    }

    /// The mean of what the pixels that take part (whose fourth number in `seen` is 1) see, as it was before the
    /// variance was [raised](Self::raise).
    pub(super) fn gain(&self, seen: &[Rgbx]) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0);
        for (value, seen) in self.own(seen.len()).iter().zip(seen) {
            sum += seen[3] * value;
            count += seen[3];
        }
        sum / (f32::max(count, 1.0) * self.raised)
    }

    /// Fills `out` by S times `values`, one for each camera pixel in rows of `width`.
    #[inline(always)]
    pub(super) fn apply(&self, values: &[f32], width: usize, out: &mut [f32]) {
        out.fill(0.0);
        let planes = self.planes.chunks_exact(values.len());
        for (alike, &(down, across)) in planes.zip(&self.distances) {
            // All rows at once: what two pixels see alike is 0 where a row ends between them.
            let below = down * width;
            if below + across >= values.len() {
                continue;
            }
            add_products(out, alike, &values[below + across..]);
            if below + across > 0 {
                add_products(&mut out[below + across..], alike, values);
            }
            if below > 0 && across > 0 {
                add_products(&mut out[across..], alike, &values[below..]);
                add_products(&mut out[below..], alike, &values[across..]);
            }
        }
    }
}

also_for_avx2! {
    /// Fills `out` by the squares of the length of a row's gradient, within the crop; those at both ends are as
    /// their neighbours.
    fn square_gradients(above: &[Rgbx], here: &[Rgbx], below: &[Rgbx], out: &mut [f32]) as square_gradients_any
}

#[inline(always)]
fn square_gradients_any(above: &[Rgbx], here: &[Rgbx], below: &[Rgbx], out: &mut [f32]) {
    // The fourth numbers are the same where both samples lie within the crop.
    let square = |a: &Rgbx, b: &Rgbx| {
        let difference = f32x4::new(*a) - f32x4::new(*b);
        difference * difference * f32x4::splat(a[3] * b[3])
    };
    let count = out.len();
    let neighbours = here.array_windows().zip(&above[1..]).zip(&below[1..]);
    for (value, (([left, _, right], above), below)) in out[1..count - 1].iter_mut().zip(neighbours)
    {
        let [r, g, b, _] = (square(left, right) + square(above, below)).to_array();
        *value = r + g + b;
    }
    out[0] = out[1];
    out[count - 1] = out[count - 2];
}

#[inline(always)]
fn add_products(sums: &mut [f32], a: &[f32], b: &[f32]) {
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum += a * b;
    }
}
