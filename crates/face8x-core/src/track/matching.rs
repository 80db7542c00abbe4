//! Which detection belongs to which path.

use super::path::Path;
use super::{MAX_DETECTIONS, MAX_FACES};
use crate::face::Detection;
use crate::geometry::{Rect, canonical};

/// A detection belongs to a path when their centres are at most this far apart, in sides, ...
const NEAR: f32 = 0.6;
/// ... and twice as far when the path had lost its face; their sizes differ at most by this factor.
const LIKE_SIZE: f32 = 1.8;

/// The path and the detection that fit best of those left.
pub(super) fn nearest(
    paths: &[Path],
    corrected: &[bool; MAX_FACES],
    detections: &[Option<Detection>; MAX_DETECTIONS],
    sequence: u64,
) -> Option<(usize, usize)> {
    let mut best = None;
    let mut least = f32::INFINITY;
    for (p, path) in paths.iter().enumerate().filter(|(p, _)| !corrected[*p]) {
        let at = path.at(sequence);
        let near = if path.is_lost() { 2.0 * NEAR } else { NEAR };
        for (d, detection) in detections.iter().enumerate() {
            let Some(detection) = detection else { continue };
            let centre = detection.face_box.centre();
            let distance = (centre.x - at.centre.x).hypot(centre.y - at.centre.y)
                / at.side.max(detection.face_box.w);
            let ratio = (detection.face_box.w / at.side).ln().abs();
            let cost = distance + 0.5 * ratio;
            if distance < near && ratio < LIKE_SIZE.ln() && cost < least {
                (best, least) = (Some((p, d)), cost);
            }
        }
    }
    best
}

/// `detection` as a square in numbers that can be calculated with, or `None`: its centre must lie
/// in the frame, and its side be 4 pixels to four times the frame.
pub(super) fn sound(detection: &Detection, frame_size: (u32, u32)) -> Option<Detection> {
    let (width, height) = (frame_size.0 as f32, frame_size.1 as f32);
    let face_box = detection.face_box;
    let (centre, side) = (face_box.centre(), (face_box.w + face_box.h) / 2.0);
    let inside = (0.0..=width).contains(&centre.x) && (0.0..=height).contains(&centre.y);
    let largest = 4.0 * width.max(height);
    let sized = face_box.w > 0.0 && face_box.h > 0.0 && (4.0..=largest).contains(&side);
    let near = |v: f32| v.abs() <= 2.0 * largest;
    (inside && sized).then(|| Detection {
        face_box: (detection.to_canonical())
            .map_or(Rect::square(centre, side), |at| canonical::face_box(&at)),
        landmarks: detection
            .landmarks
            .filter(|l| l.iter().all(|p| near(p.x) && near(p.y))),
        confidence: if detection.confidence.is_nan() {
            0.0
        } else {
            detection.confidence.clamp(0.0, 1.0)
        },
    })
}
