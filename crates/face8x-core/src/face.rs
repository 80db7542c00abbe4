//! A face in a frame: a detection, and one that is followed.

use crate::downscaled::Downscaled;
use crate::geometry::{Landmarks, Rect, Similarity, canonical};

/// A face that a detector found, in frame coordinates (pixels of the camera frame). The default is
/// none: of no size and no confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Detection {
    /// The face box, by the convention of [`canonical`].
    pub face_box: Rect,
    /// Five landmarks, where the detector gives them.
    pub landmarks: Option<Landmarks>,
    /// How sure the detector is, 0 to 1.
    pub confidence: f32,
}

impl Detection {
    /// The similarity from the frame to the canonical face: by the landmarks where there are some
    /// that look like a face and agree with the box, otherwise by the box.
    ///
    /// `None` where neither is usable.
    pub fn to_canonical(&self) -> Option<Similarity> {
        canonical::from_landmarks_or_box(self.landmarks.as_ref(), &self.face_box)
    }

    /// The face's size: frame pixels to a side of its canonical crop. `None` as for
    /// [`to_canonical`](Detection::to_canonical).
    pub fn side(&self) -> Option<f32> {
        self.to_canonical().as_ref().map(canonical::side_of)
    }
}

/// A face that is followed from frame to frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Face {
    /// The same number as long as the same face is followed; never used twice in a run.
    pub id: u64,
    /// Where it is now.
    pub detection: Detection,
}

/// The detections of a search, with the picture that was searched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detections {
    /// The picture that was searched.
    pub picture: Downscaled,
    /// The faces in it, in frame coordinates.
    pub found: Vec<Detection>,
}
