//! Conjugate gradients (Hestenes and Stiefel, 1952) on the camera's pixels, with Jacobi's preconditioner.
//!
//! The matrix is weight * S + noise, where S is what each two pixels see alike: see `overlap.rs`.
//! Brightness and colour have different noise, and are solved one after the other.

use super::camera::Camera;
use crate::also_for_avx2;
use crate::convert::LUMA_WEIGHTS;
use crate::resample::{Rgbx, add_scaled_numbers, dot_numbers as dot};

/// Most steps. Where there is noise, fewer are needed.
const STEPS: usize = 24;
/// The rest of the equation, as a share of its right side in squares, at which it is solved.
const SOLVED: f32 = 1e-3;

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
            solve_plane(self, camera, seen, weight, noise);
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

    /// The same for one number a pixel, which is taken as 0 at pixels that take no part.
    pub(super) fn solve_numbers(
        &mut self,
        camera: &Camera,
        seen: &[Rgbx],
        right_side: &[f32],
        weight: f32,
        noise: f32,
    ) -> &[f32] {
        self.rest.clear();
        let pixels = right_side.iter().zip(seen);
        self.rest
            .extend(pixels.map(|(value, seen)| seen[3] * value));
        solve_plane(self, camera, seen, weight, noise);
        &self.solved
    }
}

also_for_avx2! {
    /// Fills `solved` for the right side that `rest` holds.
    fn solve_plane(solver: &mut Solver, camera: &Camera, seen: &[Rgbx], weight: f32, noise: f32) as solve_plane_any
}

#[inline(always)]
fn solve_plane_any(solver: &mut Solver, camera: &Camera, seen: &[Rgbx], weight: f32, noise: f32) {
    let own = camera.overlap.own(seen.len()).iter();
    solver.inverses.clear();
    solver
        .inverses
        .extend(own.map(|own| (weight * own + noise).max(f32::MIN_POSITIVE).recip()));
    solver.solved.clear();
    solver.solved.resize(seen.len(), 0.0);
    solver.direction.clear();
    let pairs = solver.rest.iter().zip(&solver.inverses);
    solver
        .direction
        .extend(pairs.map(|(rest, inverse)| rest * inverse));
    let begin = dot(&solver.rest, &solver.direction);
    let mut length = begin;
    for _ in 0..STEPS {
        if length <= SOLVED * begin {
            break;
        }
        solver.image.resize(seen.len(), 0.0);
        let overlap = &camera.overlap;
        overlap.apply(&solver.direction, camera.width, &mut solver.image);
        let pixels = solver.image.iter_mut().zip(&solver.direction).zip(seen);
        for ((image, direction), seen) in pixels {
            *image = seen[3] * (weight * *image + noise * direction);
        }
        let step = length / dot(&solver.direction, &solver.image);
        add_scaled_numbers(&mut solver.solved, step, &solver.direction);
        add_scaled_numbers(&mut solver.rest, -step, &solver.image);
        for (image, (rest, inverse)) in
            (solver.image.iter_mut()).zip(solver.rest.iter().zip(&solver.inverses))
        {
            *image = rest * inverse;
        }
        let shorter = dot(&solver.rest, &solver.image);
        let turn = shorter / length;
        for (direction, image) in solver.direction.iter_mut().zip(&solver.image) {
            *direction = image + turn * *direction;
        }
        length = shorter;
    }
}
