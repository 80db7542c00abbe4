//! The canonical picture as the model of the camera sees it: whole, or halved.

use wide::f32x4;

use super::Canonical;
use crate::also_for_avx2;
use crate::geometry::HR_SIDE;
use crate::resample::{Rgbx, add_scaled_numbers};

/// From one row of the padded grid to the next.
pub(super) const PITCH: usize = HR_SIDE + 2;

/// A square of pixels with a rim that repeats its outermost ones.
pub(super) struct Grid {
    side: usize,
    /// `PITCH` to a row.
    pixels: Vec<Rgbx>,
    /// One row between two of the grid.
    line: Vec<Rgbx>,
}

impl Default for Grid {
    fn default() -> Self {
        Grid {
            side: HR_SIDE,
            pixels: vec![[0.0; 4]; PITCH * PITCH],
            line: vec![[0.0; 4]; PITCH],
        }
    }
}

impl Grid {
    /// Makes it half as large as the picture, or as large.
    pub(super) fn set_side(&mut self, halved: bool) {
        self.side = if halved { HR_SIDE / 2 } else { HR_SIDE };
    }

    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// By how much the grid blurs more than the whole picture, as a variance in squared pixels of the
    /// picture: the means of each two pixels (1/4), and the line between two such (1/2).
    pub(super) fn blur(&self) -> f32 {
        if self.side < HR_SIDE { 0.75 } else { 0.0 }
    }

    /// The pixels with their rim, [`PITCH`] to a row.
    pub(super) fn padded(&self) -> &[Rgbx] {
        &self.pixels
    }

    /// The rows without the rim.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [Rgbx]> {
        let side = self.side;
        let rows = self.pixels.chunks_exact_mut(PITCH).skip(1).take(side);
        rows.map(move |row| &mut row[1..=side])
    }

    /// Repeats the outermost pixels in the rim.
    pub(super) fn close(&mut self) {
        let side = self.side;
        for row in self.pixels.chunks_exact_mut(PITCH).skip(1).take(side) {
            row[0] = row[1];
            row[side + 1] = row[side];
        }
        self.pixels.copy_within(PITCH..2 * PITCH, 0);
        let last = side * PITCH;
        self.pixels.copy_within(last..last + PITCH, last + PITCH);
    }

    /// Takes the picture, or the means of each four of its pixels.
    pub(super) fn load(&mut self, picture: &Canonical) {
        let halved = self.side < HR_SIDE;
        for (y, row) in self.rows_mut().enumerate() {
            if !halved {
                row.copy_from_slice(&picture.pixels[y * HR_SIDE..][..HR_SIDE]);
                continue;
            }
            let (upper, lower) = picture.pixels[2 * y * HR_SIDE..][..2 * HR_SIDE].split_at(HR_SIDE);
            let [upper, lower] = [upper, lower].map(|row| row.as_chunks::<2>().0);
            for (pixel, ([a, b], [c, d])) in row.iter_mut().zip(upper.iter().zip(lower)) {
                let [a, b, c, d] = [a, b, c, d].map(|pixel| f32x4::new(*pixel));
                *pixel = (((a + b) + (c + d)) * f32x4::splat(0.25)).to_array();
            }
        }
        self.close();
    }

    /// Adds the grid, enlarged where it is halved, times `scale` to `picture`.
    pub(super) fn add_to(&mut self, picture: &mut Canonical, scale: f32) {
        let halved = self.side < HR_SIDE;
        let rows = picture.pixels.chunks_exact_mut(HR_SIDE);
        for (y, row) in rows.enumerate() {
            if !halved {
                let added = &self.pixels[(y + 1) * PITCH + 1..][..HR_SIDE];
                add_scaled_numbers(row.as_flattened_mut(), scale, added.as_flattened());
                continue;
            }
            // A pixel's centre lies a quarter from that of the nearest of the grid.
            let near = y / 2 + 1;
            let far = if y % 2 == 0 { near - 1 } else { near + 1 };
            let [near, far] = [near, far].map(|row| &self.pixels[row * PITCH..][..PITCH]);
            let sums = self.line.as_flattened_mut().iter_mut();
            for ((sum, near), far) in sums.zip(near.as_flattened()).zip(far.as_flattened()) {
                *sum = scale * (0.75 * near + 0.25 * far);
            }
            add_enlarged(row, &self.line);
        }
    }
}

also_for_avx2! {
    /// Adds a row of the padded grid, enlarged twice, to one of the picture.
    fn add_enlarged(row: &mut [Rgbx], line: &[Rgbx]) as add_enlarged_any
}

#[inline(always)]
fn add_enlarged_any(row: &mut [Rgbx], line: &[Rgbx]) {
    let pairs = row.as_chunks_mut::<2>().0.iter_mut();
    for ([left, right], around) in pairs.zip(line.array_windows::<3>()) {
        let [before, here, after] = around.map(f32x4::new);
        let here = here * f32x4::splat(0.75);
        *left = (f32x4::new(*left) + (here + before * f32x4::splat(0.25))).to_array();
        *right = (f32x4::new(*right) + (here + after * f32x4::splat(0.25))).to_array();
    }
}
