//! A face box as the tracker computes with it.

use crate::geometry::canonical::FACE_BOX;
use crate::geometry::{HR_SIDE, Landmarks, Point, Rect};

/// A detection moves a face whose landmarks are found only when it is farther off than this, in
/// sides, or larger or smaller by this factor: a detector's boxes jitter (rustface: 5 % and 7 %).
const FAR: f32 = 0.3;
const UNLIKE: f32 = 1.5;

/// Centre and side of a face box in frame pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct FaceSquare {
    pub(crate) centre: Point,
    pub(crate) side: f32,
}

impl FaceSquare {
    /// That of a face box; its width counts.
    pub(crate) fn of(face_box: &Rect) -> Self {
        FaceSquare {
            centre: face_box.centre(),
            side: face_box.w,
        }
    }

    /// The face box.
    pub(crate) fn rect(&self) -> Rect {
        Rect::square(self.centre, self.side)
    }

    /// The side of the face's crop.
    pub(super) fn crop_side(&self) -> f32 {
        self.side * HR_SIDE as f32 / FACE_BOX.w
    }

    /// Whether a detection at `other` says no more than that the face is still here.
    pub(super) fn is_near(&self, other: FaceSquare) -> bool {
        let (dx, dy) = (
            other.centre.x - self.centre.x,
            other.centre.y - self.centre.y,
        );
        dx.hypot(dy) < FAR * self.side && (other.side / self.side).ln().abs() < UNLIKE.ln()
    }

    /// Points of the frame relative to the centre, in sides.
    pub(super) fn relative(&self, landmarks: &Landmarks) -> Landmarks {
        landmarks.map(|p| {
            Point::new(
                (p.x - self.centre.x) / self.side,
                (p.y - self.centre.y) / self.side,
            )
        })
    }

    /// Points relative to the centre, in sides, in the frame.
    pub(super) fn absolute(&self, landmarks: &Landmarks) -> Landmarks {
        let FaceSquare { centre, side } = *self;
        landmarks.map(|p| Point::new(centre.x + p.x * side, centre.y + p.y * side))
    }
}
