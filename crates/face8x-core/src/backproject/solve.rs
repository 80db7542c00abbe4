//! Conjugate gradients (Hestenes and Stiefel, 1952) on the camera's pixels.
//!
//! The matrix is weight * S + noise, where S, the point spread functions' overlap of each two
//! pixels, is the same along rows and columns: it is applied as two short filters.

use super::camera::Camera;
use crate::convert::LUMA_WEIGHTS;
use crate::resample::{Rgbx, add_scaled};

/// Most steps. Where there is noise, fewer are needed.
const STEPS: usize = 10;
/// The rest of the equation, as a share of its right side in squares, at which it is solved.
const SOLVED: f32 = 1e-4;

/// Solves, and keeps its buffers.
pub(super) struct Solver {
    solution: Vec<Rgbx>,
    rest: Vec<Rgbx>,
    direction: Vec<Rgbx>,
    image: Vec<Rgbx>,
    across: Vec<Rgbx>,
}

impl Solver {
    /// Room for this many pixels without another allocation.
    pub(super) fn with_capacity(pixels: usize) -> Solver {
        let room = || Vec::with_capacity(pixels);
        Solver {
            solution: room(),
            rest: room(),
            direction: room(),
            image: room(),
            across: room(),
        }
    }

    /// Solves (weight * S + noise) u = seen - expected for the pixels that take part (whose fourth
    /// number in `seen` is 1); u is 0 elsewhere. The noise is that of brightness, then that of colour.
    pub(super) fn solve(
        &mut self,
        camera: &Camera,
        seen: &[Rgbx],
        expected: &[Rgbx],
        weight: f32,
        noise: [f32; 2],
    ) -> &[Rgbx] {
        // Brightness stands by itself, in the fourth number; the others say how a colour differs from it.
        let difference = |(seen, expected): (&Rgbx, &Rgbx)| {
            let [r, g, b, _] = std::array::from_fn(|k| seen[3] * (seen[k] - expected[k]));
            let luma = LUMA_WEIGHTS[0] * r + LUMA_WEIGHTS[1] * g + LUMA_WEIGHTS[2] * b;
            [r - luma, g - luma, b - luma, luma]
        };
        self.rest.clear();
        self.rest.extend(seen.iter().zip(expected).map(difference));
        self.direction.clone_from(&self.rest);
        self.solution.clear();
        self.solution.resize(seen.len(), [0.0; 4]);
        let noise = [noise[1], noise[1], noise[1], noise[0]];
        let begin = dot(&self.rest, &self.rest);
        let mut length = begin;
        for _ in 0..STEPS {
            if length <= SOLVED * begin {
                break;
            }
            self.apply(camera, seen, weight, &noise);
            let step = length / dot(&self.direction, &self.image);
            add_scaled(&mut self.solution, step, &self.direction);
            add_scaled(&mut self.rest, -step, &self.image);
            let shorter = dot(&self.rest, &self.rest);
            let turn = shorter / length;
            let directions = self.direction.as_flattened_mut().iter_mut();
            for (direction, rest) in directions.zip(self.rest.as_flattened()) {
                *direction = rest + turn * *direction;
            }
            length = shorter;
        }
        for [r, g, b, luma] in &mut self.solution {
            for colour in [r, g, b] {
                *colour += *luma;
            }
            *luma = 0.0;
        }
        &self.solution
    }

    /// Fills `image` by the matrix times `direction`.
    fn apply(&mut self, camera: &Camera, seen: &[Rgbx], weight: f32, noise: &Rgbx) {
        let (width, height) = (camera.width, camera.height);
        let taps = &camera.correlation;
        self.across.clear();
        self.across.resize(width * height, [0.0; 4]);
        for (row, line) in self
            .across
            .chunks_exact_mut(width)
            .zip(self.direction.chunks_exact(width))
        {
            add_scaled(row, taps[0], line);
            for (distance, &tap) in taps.iter().enumerate().take(width).skip(1) {
                add_scaled(&mut row[distance..], tap, line);
                add_scaled(row, tap, &line[distance..]);
            }
        }
        self.image.clear();
        self.image.resize(width * height, [0.0; 4]);
        add_scaled(&mut self.image, weight * taps[0], &self.across);
        for (distance, &tap) in taps.iter().enumerate().take(height).skip(1) {
            let offset = distance * width;
            add_scaled(&mut self.image[offset..], weight * tap, &self.across);
            add_scaled(&mut self.image, weight * tap, &self.across[offset..]);
        }
        let pixels = self.image.iter_mut().zip(&self.direction).zip(seen);
        for ((image, direction), seen) in pixels {
            *image = std::array::from_fn(|k| seen[3] * (image[k] + noise[k] * direction[k]));
        }
    }
}

/// The scalar product, over all channels.
fn dot(a: &[Rgbx], b: &[Rgbx]) -> f32 {
    let mut sums = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum()
}
