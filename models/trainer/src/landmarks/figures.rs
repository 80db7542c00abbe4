//! How well landmarks were found.

use face8x_core::geometry::canonical;
use face8x_core::geometry::{HR_SIDE, Landmarks, Point};

use super::Sample;
use crate::metrics::mean_and_interval;
use crate::network::Points;

/// How well landmarks were found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LandmarkFigures {
    /// Mean distance of the five points from the truth by the eye distance: its mean over the
    /// faces, its median, and the share of faces with more than a tenth; in per cent.
    pub mean: f64,
    pub median: f64,
    pub over_tenth: f64,
    /// The mean distance by the side of the canonical face, in per cent.
    pub by_side: f64,
    /// How far the alignment by the points is from that by the truth at the middle of the face, by the
    /// side: root mean square, in per cent.
    pub shift: f64,
    /// The shares of faces and of other crops that are called faces, in per cent.
    pub faces_seen: f64,
    pub others_seen: f64,
}

/// Compares what the network gave (11 numbers each, see [`Points`]) with the truth.
pub fn figures(samples: &[Sample], found: &[Vec<f32>]) -> LandmarkFigures {
    let (mut errors, mut by_side, mut shifts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut seen, mut false_seen, mut others) = (0, 0, 0);
    for (sample, found) in samples.iter().zip(found) {
        let called = found[10] > 0.5;
        match &sample.points {
            Some(points) => {
                let apart = |p: &Point, q: &Point| f64::from((p.x - q.x).hypot(p.y - q.y));
                let eyes = apart(&points[0], &points[1]).max(1e-6);
                let sum: f64 = (0..5)
                    .map(|k| apart(&points[k], &Point::new(found[2 * k], found[2 * k + 1])))
                    .sum();
                errors.push(100.0 * sum / 5.0 / eyes);
                let found: Landmarks =
                    std::array::from_fn(|k| Point::new(found[2 * k], found[2 * k + 1]));
                if let Some((side, shift)) = misaligned(points, &found) {
                    by_side.push(100.0 * sum / 5.0 / side);
                    shifts.push((100.0 * shift).powi(2));
                }
                seen += usize::from(called);
            }
            None => {
                others += 1;
                false_seen += usize::from(called);
            }
        }
    }
    errors.sort_by(f64::total_cmp);
    let share = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
    LandmarkFigures {
        mean: mean_and_interval(&errors).0,
        median: errors.get(errors.len() / 2).copied().unwrap_or(0.0),
        by_side: mean_and_interval(&by_side).0,
        shift: mean_and_interval(&shifts).0.sqrt(),
        over_tenth: share(errors.iter().filter(|&&e| e > 10.0).count(), errors.len()),
        faces_seen: share(seen, errors.len()),
        others_seen: share(false_seen, others),
    }
}

/// The side of the canonical face by the crop's, and how far the middle of the face lies from its place
/// in an alignment by `found`, by the side of the face. `None` where points coincide.
pub(super) fn misaligned(truth: &Landmarks, found: &Landmarks) -> Option<(f64, f64)> {
    let pixels = |points: &Landmarks| {
        points.map(|p| Point::new(p.x * Points::SIDE as f32, p.y * Points::SIDE as f32))
    };
    let (truth, found) = (
        canonical::from_landmarks(&pixels(truth))?,
        canonical::from_landmarks(&pixels(found))?,
    );
    let middle = canonical::FACE_BOX.centre();
    let moved = truth.apply(found.invert().apply(middle));
    let apart = (moved.x - middle.x).hypot(moved.y - middle.y) / HR_SIDE as f32;
    let side = canonical::side_of(&truth) / Points::SIDE as f32;
    Some((f64::from(side), f64::from(apart)))
}
