//! Conjugate gradients (Hestenes and Stiefel, 1952) on the camera's pixels, with Jacobi's preconditioner.
//!
//! The matrix is weight * S + noise, where S is what each two pixels see alike: see `overlap.rs`.
//! Brightness and colour have different noise, and are solved one after the other.

use super::camera::Camera;
use crate::convert::LUMA_WEIGHTS;
use crate::resample::{Rgbx, add_scaled_numbers};

/// Most steps. Where there is noise, fewer are needed.
const STEPS: usize = 24;
/// The rest of the equation, as a share of its right side in squares, at which it is solved.
const SOLVED: f32 = 1e-4;

/// Solves, and keeps its buffers.
pub(super) struct Solver {
    /// The right side; what is left of it.
    rest: Vec<f32>,
    solved: Vec<f32>,
    /// Those of the matrix's diagonal.
    inverses: Vec<f32>,
    direction: Vec<f32>,
    image: Vec<f32>,
    solution: Vec<Rgbx>,
}

impl Solver {
    /// Room for this many pixels without another allocation.
    pub(super) fn with_capacity(pixels: usize) -> Solver {
        let room = || Vec::with_capacity(pixels);
        Solver {
            rest: room(),
            solved: room(),
            inverses: room(),
            direction: room(),
            image: room(),
            solution: Vec::with_capacity(pixels),
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
        let [red, green, blue] = LUMA_WEIGHTS;
        self.solution.clear();
        self.solution.resize(seen.len(), [0.0; 4]);
        // Brightness, and by how much red and blue differ from it: green follows.
        for (channel, noise) in [(3, noise[0]), (0, noise[1]), (2, noise[1])] {
            let right_side = |(seen, expected): (&Rgbx, &Rgbx)| {
                let [r, g, b, _] = std::array::from_fn(|k| seen[3] * (seen[k] - expected[k]));
                let luma = red * r + green * g + blue * b;
                [r - luma, 0.0, b - luma, luma][channel]
            };
            self.rest.clear();
            self.rest.extend(seen.iter().zip(expected).map(right_side));
            self.solve_plane(camera, seen, weight, noise);
            for (solution, &value) in self.solution.iter_mut().zip(&self.solved) {
                solution[channel] = value;
            }
        }
        for [r, g, b, luma] in &mut self.solution {
            *g = -(red * *r + blue * *b) / green;
            for colour in [r, g, b] {
                *colour += *luma;
            }
            *luma = 0.0;
        }
        &self.solution
    }

    /// Fills `solved` for the right side that `rest` holds.
    fn solve_plane(&mut self, camera: &Camera, seen: &[Rgbx], weight: f32, noise: f32) {
        let own = camera.overlap.own(seen.len()).iter();
        self.inverses.clear();
        self.inverses
            .extend(own.map(|own| (weight * own + noise).max(f32::MIN_POSITIVE).recip()));
        self.solved.clear();
        self.solved.resize(seen.len(), 0.0);
        self.direction.clear();
        let pairs = self.rest.iter().zip(&self.inverses);
        self.direction
            .extend(pairs.map(|(rest, inverse)| rest * inverse));
        let begin = dot(&self.rest, &self.direction);
        let mut length = begin;
        for _ in 0..STEPS {
            if length <= SOLVED * begin {
                break;
            }
            self.image.resize(seen.len(), 0.0);
            let overlap = &camera.overlap;
            overlap.apply(&self.direction, camera.width, &mut self.image);
            let pixels = self.image.iter_mut().zip(&self.direction).zip(seen);
            for ((image, direction), seen) in pixels {
                *image = seen[3] * (weight * *image + noise * direction);
            }
            let step = length / dot(&self.direction, &self.image);
            add_scaled_numbers(&mut self.solved, step, &self.direction);
            add_scaled_numbers(&mut self.rest, -step, &self.image);
            for (image, (rest, inverse)) in
                (self.image.iter_mut()).zip(self.rest.iter().zip(&self.inverses))
            {
                *image = rest * inverse;
            }
            let shorter = dot(&self.rest, &self.image);
            let turn = shorter / length;
            for (direction, image) in self.direction.iter_mut().zip(&self.image) {
                *direction = image + turn * *direction;
            }
            length = shorter;
        }
    }
}

/// The scalar product, in eight sums, which the compiler makes into vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
