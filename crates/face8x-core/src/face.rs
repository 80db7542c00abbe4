//! A face in a frame: a detection, and one that is followed.

use crate::downscaled::Downscaled;
use crate::geometry::canonical::FACE_BOX;
use crate::geometry::{Landmarks, Point, Rect};

/// A face that a detector found, in frame coordinates (pixels of the camera frame).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The face box as [`crate::align`] understands it.
    pub face_box: Rect,
    /// Five landmarks, where the detector gives them.
    pub landmarks: Option<Landmarks>,
    /// How sure the detector is, 0 to 1.
    pub confidence: f32,
}

/// A face that is followed from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// The same number as long as the same face is followed; never used twice in a run.
    pub id: u64,
    /// Where it is now.
    pub detection: Detection,
}

/// The face box of five landmarks: the square about their bounding box, measured along the face's
/// own axes, whose larger side is 30 of the canonical face's pixels.
///
/// For an upright face this is the box that the training crops are cut by.
pub fn box_of_landmarks(landmarks: &Landmarks) -> Rect {
    let [left_eye, right_eye, _, left_mouth, right_mouth] = landmarks;
    let across = Point::new(
        right_eye.x - left_eye.x + right_mouth.x - left_mouth.x,
        right_eye.y - left_eye.y + right_mouth.y - left_mouth.y,
    );
    let length = across.x.hypot(across.y).max(f32::MIN_POSITIVE);
    let (cos, sin) = (across.x / length, across.y / length);
    let mut low = Point::new(f32::INFINITY, f32::INFINITY);
    let mut high = Point::new(f32::NEG_INFINITY, f32::NEG_INFINITY);
    for p in landmarks {
        let (u, v) = (cos * p.x + sin * p.y, cos * p.y - sin * p.x);
        low = Point::new(low.x.min(u), low.y.min(v));
        high = Point::new(high.x.max(u), high.y.max(v));
    }
    let (u, v) = ((low.x + high.x) / 2.0, (low.y + high.y) / 2.0);
    let side = (high.x - low.x).max(high.y - low.y) * (FACE_BOX.w / 30.0);
    square(Point::new(cos * u - sin * v, sin * u + cos * v), side)
}

/// The square with this centre and side.
pub fn square(centre: Point, side: f32) -> Rect {
    Rect::new(centre.x - side / 2.0, centre.y - side / 2.0, side, side)
}

/// What a search found, with the picture that it searched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detections {
    /// The picture that was searched, as it was.
    pub picture: Downscaled,
    /// The faces in it, in frame coordinates.
    pub found: Vec<Detection>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::CANONICAL_LANDMARKS;

    #[test]
    fn the_canonical_landmarks_have_the_canonical_box() {
        let face_box = box_of_landmarks(&CANONICAL_LANDMARKS);
        assert_eq!(face_box, Rect::new(22.0, 38.0, 84.0, 84.0));
    }

    #[test]
    fn a_turned_face_has_a_box_of_the_same_size() {
        let (sin, cos) = 0.5f32.sin_cos();
        let turned = CANONICAL_LANDMARKS
            .map(|p| Point::new(10.0 + cos * p.x - sin * p.y, 5.0 + sin * p.x + cos * p.y));
        let face_box = box_of_landmarks(&turned);
        let centre = face_box.centre();
        assert!((face_box.w - 84.0).abs() < 1e-3);
        assert!((centre.x - (10.0 + cos * 64.0 - sin * 80.0)).abs() < 1e-3);
        assert!((centre.y - (5.0 + sin * 64.0 + cos * 80.0)).abs() < 1e-3);
    }
}
