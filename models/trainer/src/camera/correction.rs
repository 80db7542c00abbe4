//! The program's back-projection of an upright face as matrices, so that training can go through it.
//!
//! `face8x_core::backproject` gives z = n + A' u with (A A' + sigma^2 / tau^2) u = c - A n, where n is
//! the network's picture, c what the camera saw and A the model of the camera. For a face that is not
//! turned A is R_d n R_a', one matrix for the rows and one for the columns, and A A' is the product of
//! two small matrices S_d and S_a. With their eigenvectors U and eigenvalues v the equation falls
//! apart into single numbers:
//!
//! ```text
//! z = n + G_d' (W o (C - P_d n P_a')) G_a,    P = U' R,  C = U_d' c U_a,  G = U' A',
//! W = tau^2 / (tau^2 v_d v_a + sigma^2)
//! ```
//!
//! in which everything but n and W, which follows from how much C and P_d n P_a' differ, is known
//! beforehand. What the program leaves out, this leaves out: light from beyond the crop's edges. In the
//! program the network errs more at edges than in plain places; here it errs everywhere alike, since the
//! matrices are small for that reason alone.

use std::sync::OnceLock;

use face8x_core::backproject::Trust;
use face8x_core::geometry::HR_SIDE;

use super::optics::{self, distribution};
use super::{AlignedFrame, BORDER, Shot};

/// Most camera pixels of a row that take part: those of a face of 64 pixels.
pub const MOST: usize = 66;

// As in `face8x_core::backproject`; the test compares both.
/// A pixel takes part where this share of what it sees lies within the face's square.
const COVERAGE: f64 = 0.6;
/// How far what the network gets wrong extends, in pixels of the face: as there, where two pixels that see it
/// alike blur it once each, by 0.82.
const ERROR_EXTENT: f64 = 1.2;
/// The least share of the difference between camera and network that counts as the network's.
pub const LEAST_SHARE: f32 = 0.02;

/// The matrices for one face. Matrices of one axis come twice: for the rows, then for the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// P: [`MOST`] x 128 each.
    pub see: [Vec<f32>; 2],
    /// G: [`MOST`] x 128 each.
    pub show: [Vec<f32>; 2],
    /// v: [`MOST`] each; 0 beyond the pixels that take part, and so are the matrices' rows.
    pub values: [Vec<f32>; 2],
    /// C: 3 x [`MOST`] x [`MOST`], level / 255.
    pub seen: Vec<f32>,
    /// Camera pixels that take part.
    pub pixels: f32,
    /// The variance of the noise, of level / 255.
    pub noise: f32,
    /// [`Trust::model_variance`].
    pub model_error: f32,
    /// The square of [`Trust::colour_noise`], of level / 255.
    pub colour_noise: f32,
}

/// One axis: the pixels that take part, from the first, and their matrices.
struct ErrorAxis {
    first: usize,
    count: usize,
    see: Vec<f32>,
    show: Vec<f32>,
    values: Vec<f32>,
    eigen: &'static Eigen,
}

impl Correction {
    /// Nothing is corrected.
    pub fn none() -> Self {
        let matrix = || vec![0.0; MOST * HR_SIDE];
        Correction {
            see: [matrix(), matrix()],
            show: [matrix(), matrix()],
            values: [vec![0.0; MOST], vec![0.0; MOST]],
            seen: vec![0.0; 3 * MOST * MOST],
            pixels: 1.0,
            noise: 1.0,
            model_error: 0.0,
            colour_noise: 0.0,
        }
    }

    /// That of the picture which a shot without an alignment's error gave.
    pub fn of(shot: &Shot, capture: &AlignedFrame) -> Self {
        let frame_side = capture.frame.width as usize;
        let processed = capture.frame.processed;
        let trust = Trust::of(processed);
        let [across, down] = shot
            .phase
            .map(|phase| axis(shot.side, phase, frame_side, processed));
        let noise = trust.noise_variance(shot.noise, shot.side) / (255.0 * 255.0);
        let seen = (0..3).flat_map(|c| seen(capture, &down, &across, c));
        Correction {
            seen: seen.collect(),
            pixels: (down.count * across.count).max(1) as f32,
            noise,
            model_error: trust.model_variance(shot.side, false),
            colour_noise: (trust.colour_noise / 255.0).powi(2),
            see: [down.see, across.see],
            show: [down.show, across.show],
            values: [down.values, across.values],
        }
    }
}

/// Channel `c` of the camera's pixels, turned to the eigenvectors: [`MOST`] x [`MOST`].
fn seen(capture: &AlignedFrame, down: &ErrorAxis, across: &ErrorAxis, c: usize) -> Vec<f32> {
    let level = |y: usize, x: usize| {
        let at = (down.first + y) * capture.frame.stride + (across.first + x) * 3 + c;
        f32::from(capture.frame.bytes[at]) / 255.0
    };
    let mut rows = vec![0.0; down.count * across.count];
    for (y, row) in rows.chunks_exact_mut(across.count).enumerate() {
        for x in 0..across.count {
            let level = level(y, x);
            let vector = &across.eigen.vectors[x * across.count..];
            row.iter_mut()
                .zip(vector)
                .for_each(|(sum, v)| *sum += level * v);
        }
    }
    let mut out = vec![0.0; MOST * MOST];
    for (y, row) in rows.chunks_exact(across.count).enumerate() {
        for k in 0..down.count {
            let v = down.eigen.vectors[y * down.count + k];
            let sums = &mut out[k * MOST..];
            sums.iter_mut().zip(row).for_each(|(sum, r)| *sum += v * r);
        }
    }
    out
}

fn axis(side: f32, phase: f32, frame_side: usize, processed: bool) -> ErrorAxis {
    let pixel = HR_SIDE as f64 / f64::from(side);
    let optics = f64::from(Trust::of(processed).optics);
    let centre = |j: usize| (j as f64 - BORDER as f64 + 0.5 + f64::from(phase)) * pixel;
    let rows: Vec<_> = (0..frame_side)
        .map(|j| optics::within(centre(j), pixel, optics * pixel))
        .collect();
    let takes_part = |row: &[f64; HR_SIDE]| row.iter().sum::<f64>() >= COVERAGE;
    let first = rows.iter().position(takes_part).unwrap_or(0);
    let count = rows.iter().filter(|row| takes_part(row)).count().min(MOST);
    let eigen = eigen(count, processed);
    // The response of a pixel, and what the pixel itself sees of it.
    let response = optics.hypot(ERROR_EXTENT / pixel);
    let gain = overlap(0.0, optics.hypot(response));
    let mut made = ErrorAxis {
        first,
        count,
        see: vec![0.0; MOST * HR_SIDE],
        show: vec![0.0; MOST * HR_SIDE],
        values: vec![0.0; MOST],
        eigen,
    };
    made.values[..count].copy_from_slice(&eigen.values);
    for (j, row) in rows[first..first + count].iter().enumerate() {
        let total: f64 = row.iter().sum();
        let middle = centre(first + j);
        let shown: [f32; HR_SIDE] = std::array::from_fn(|n| {
            let t = (n as f64 + 0.5 - middle) / pixel;
            let edge = |side: f64| distribution((t + side) / response);
            ((edge(0.5) - edge(-0.5)) / gain) as f32
        });
        for (k, &v) in eigen.vectors[j * count..][..count].iter().enumerate() {
            let (see, show) = (&mut made.see[k * HR_SIDE..], &mut made.show[k * HR_SIDE..]);
            for n in 0..HR_SIDE {
                see[n] += v * (row[n] / total) as f32;
                show[n] += v * shown[n];
            }
        }
    }
    made
}

/// What a pixel sees of the response to another one, `apart` pixels away: two boxes and a Gaussian of
/// standard deviation `sd`, all in camera pixels.
fn overlap(apart: f64, sd: f64) -> f64 {
    let ramp = |t: f64| optics::ramp(t, sd);
    ramp(apart + 1.0) - 2.0 * ramp(apart) + ramp(apart - 1.0)
}

/// Eigenvalues and eigenvectors, these as columns.
struct Eigen {
    values: Vec<f32>,
    vectors: Vec<f32>,
}

/// Those of the matrix of what `n` pixels in a row see of each other's responses, 1 on its diagonal. The
/// face's side is taken as `n`, which is within a pixel of it.
fn eigen(n: usize, processed: bool) -> &'static Eigen {
    static KNOWN: [[OnceLock<Eigen>; 2]; MOST + 1] =
        [const { [const { OnceLock::new() }; 2] }; MOST + 1];
    KNOWN[n.min(MOST)][usize::from(processed)].get_or_init(|| {
        let optics = f64::from(Trust::of(processed).optics);
        let extent = ERROR_EXTENT * n as f64 / HR_SIDE as f64;
        let sd = optics.hypot(optics.hypot(extent));
        let near: Vec<f64> = (0..n)
            .map(|d| overlap(d as f64, sd) / overlap(0.0, sd))
            .collect();
        let matrix = (0..n * n).map(|k| near[(k / n).abs_diff(k % n)]).collect();
        decompose(matrix, n)
    })
}

/// The eigenvectors of a symmetric matrix, by Jacobi's rotations (Golub and Van Loan, *Matrix
/// Computations*, section 8.5).
fn decompose(mut a: Vec<f64>, n: usize) -> Eigen {
    let mut v: Vec<f64> = (0..n * n)
        .map(|k| f64::from(u8::from(k / n == k % n)))
        .collect();
    for _ in 0..12 {
        for p in 0..n {
            for q in p + 1..n {
                if a[p * n + q].abs() < 1e-14 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = t.hypot(1.0).recip();
                let s = t * c;
                let turn = |m: &mut [f64], i: usize, j: usize| {
                    (m[i], m[j]) = (c * m[i] - s * m[j], s * m[i] + c * m[j]);
                };
                for k in 0..n {
                    turn(&mut a, k * n + p, k * n + q);
                    turn(&mut v, k * n + p, k * n + q);
                }
                for k in 0..n {
                    turn(&mut a, p * n + k, q * n + k);
                }
            }
        }
    }
    Eigen {
        values: (0..n).map(|k| a[k * n + k] as f32).collect(),
        vectors: v.into_iter().map(|v| v as f32).collect(),
    }
}

#[cfg(test)]
mod tests {
    use face8x_core::backproject::COLOUR_CALM;
    use face8x_core::convert::LUMA_WEIGHTS;

    use super::*;
    use crate::camera::take;
    use crate::evaluate::corrected;
    use crate::runner::HR_LEN;

    /// The correction of a picture, level by level, by the matrices.
    fn by_matrices(picture: &[u8], correction: &Correction) -> Vec<f32> {
        let Correction {
            see,
            show,
            values,
            seen,
            pixels,
            noise,
            model_error,
            colour_noise,
        } = correction;
        let n = HR_SIDE;
        let mut rests = Vec::new();
        for c in 0..3 {
            let level = |y: usize, x: usize| f32::from(picture[(y * n + x) * 3 + c]) / 255.0;
            let rest = |k: usize| {
                let (i, j) = (k / MOST, k % MOST);
                let row = |y: usize| (0..n).map(|x| level(y, x) * see[1][j * n + x]).sum::<f32>();
                let expected: f32 = (0..n).map(|y| see[0][i * n + y] * row(y)).sum();
                seen[c * MOST * MOST + k] - expected
            };
            rests.push((0..MOST * MOST).map(rest).collect::<Vec<f32>>());
        }
        let power = rests.iter().flatten().map(|r| r * r).sum::<f32>() / (3.0 * pixels);
        let noise = noise + model_error * power;
        let error = (power - noise).max(LEAST_SHARE * power);
        // Brightness stands by itself; a colour is how it differs from that.
        let luma: Vec<f32> = (0..MOST * MOST)
            .map(|k| (0..3).map(|c| LUMA_WEIGHTS[c] * rests[c][k]).sum())
            .collect();
        let colour_noise = COLOUR_CALM * noise + colour_noise;
        let mut out = vec![0.0; HR_LEN];
        for (c, rests) in rests.iter().enumerate() {
            for y in 0..n {
                let mut columns = [0.0; MOST];
                for (k, rest) in rests.iter().enumerate() {
                    let (i, j) = (k / MOST, k % MOST);
                    let weight = |noise: f32| error / (error * values[0][i] * values[1][j] + noise);
                    let solved = weight(noise) * luma[k] + weight(colour_noise) * (rest - luma[k]);
                    columns[j] += show[0][i * n + y] * solved;
                }
                for x in 0..n {
                    let sum: f32 = (0..MOST).map(|j| columns[j] * show[1][j * n + x]).sum();
                    let at = (y * n + x) * 3 + c;
                    out[at] = f32::from(picture[at]) + 255.0 * sum;
                }
            }
        }
        out
    }

    #[test]
    fn the_matrices_correct_as_the_program_does() {
        let level = |k: usize| {
            let (x, y, c) = ((k / 3 % HR_SIDE) as f32, (k / 3 / HR_SIDE) as f32, k % 3);
            (125.0 + 45.0 * ((x * 0.17).sin() + (y * 0.11 + c as f32).cos())) as u8
        };
        let hr: Vec<u8> = (0..HR_LEN).map(level).collect();
        // A network that knows the low tones only.
        let network: Vec<u8> = hr.iter().map(|&v| 90 + v / 4).collect();
        let mut rng = fastrand::Rng::with_seed(5);
        // The program's network errs more at edges than in plain places.
        for (side, noise, most) in [(12.4, 0.0, 0.25), (24.0, 6.0, 0.15), (47.3, 3.0, 0.07)] {
            let shot = Shot::plain(side, noise, 0.0, &mut rng);
            let capture = take(&hr, &shot, &mut rng).unwrap();
            let wanted = corrected(&network, &capture, noise).unwrap();
            let found = by_matrices(&network, &Correction::of(&shot, &capture));
            let apart = |other: &[f32]| {
                let sum: f32 = wanted
                    .iter()
                    .zip(other)
                    .map(|(&a, b)| (f32::from(a) - b).abs())
                    .sum();
                sum / HR_LEN as f32
            };
            let before: Vec<f32> = network.iter().map(|&v| f32::from(v)).collect();
            let (left, moved) = (apart(&found), apart(&before));
            println!("side {side}, noise {noise}: {left} of {moved}");
            assert!(left < most * moved, "side {side}: {left} of {moved}");
        }
    }

    #[test]
    fn eigenvectors_make_the_matrix() {
        let matrix = vec![2.0, 1.0, 0.0, 1.0, 3.0, 1.0, 0.0, 1.0, 4.0];
        let found = decompose(matrix.clone(), 3);
        for (k, wanted) in matrix.into_iter().enumerate() {
            let (i, j) = (k / 3, k % 3);
            let vectors = &found.vectors;
            let sum: f32 = (0..3)
                .map(|e| vectors[i * 3 + e] * found.values[e] * vectors[j * 3 + e])
                .sum();
            assert!(
                (f64::from(sum) - wanted).abs() < 1e-5,
                "{i} {j}: {sum} {wanted}"
            );
        }
    }
}
