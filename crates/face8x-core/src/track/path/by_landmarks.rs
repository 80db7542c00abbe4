//! A path by the landmark network: the landmarks that it finds in a frame place the face.

use std::time::Duration;

use super::{Path, coordinates};
use crate::face::Detection;
use crate::geometry::canonical;
use crate::geometry::{Landmarks, Point, Similarity};
use crate::landmarks::LandmarkEstimate;
use crate::track::face_square::FaceSquare;
use crate::track::smooth::OneEuro;
use crate::track::view::FaceView;

/// Confidence from which the landmarks count, and from which they count for a face that neither the
/// network nor the template had found in the last frame.
const SURE: f32 = 0.5;
const SURE_AGAIN: f32 = 0.9;
/// Landmarks are accepted when they place the face at most this far from where it was expected, in
/// sides, and larger or smaller by at most this factor: beyond, the crop shows too little of it.
const REACH: f32 = 0.35;
const ZOOM: f32 = 1.5;
/// Sides of the crop in frame pixels between which the network's answers become exact. Of a face of 12
/// pixels an answer keeps half of the error that the crop had, so that errors last or even grow; of 20
/// pixels, a fifth.
const DOUBTED: f32 = 12.0;
const EXACT: f32 = 20.0;
/// The share of its difference by which a detection moves landmarks that are doubted.
const PULL: f32 = 0.15;

/// How much the network's answers are doubted of a face of this size: 1 for one of 12 pixels, 0 from 20
/// pixels on.
pub(super) fn doubt(place: &FaceSquare) -> f32 {
    ((EXACT - place.crop_side()) / (EXACT - DOUBTED)).clamp(0.0, 1.0)
}

impl Path {
    /// From the frame to the canonical face, as far as it is known: where the network searches.
    pub(crate) fn alignment(&self) -> Option<Similarity> {
        let by_landmarks = self.landmarks.map(|l| self.place.absolute(&l));
        by_landmarks
            .and_then(|landmarks| canonical::from_landmarks(&landmarks))
            .or_else(|| canonical::from_box(&self.place.rect()))
    }

    /// Where `points` say that the face is, if they can be right.
    pub(crate) fn accepted(&self, points: &LandmarkEstimate) -> Option<FaceSquare> {
        let least = if self.tracked || self.has_landmarks {
            SURE
        } else {
            SURE_AGAIN
        };
        let found = canonical::from_landmarks(&points.landmarks)?;
        let place = FaceSquare::of(&canonical::face_box(&found));
        let FaceSquare { centre, side } = self.place;
        let (dx, dy) = (place.centre.x - centre.x, place.centre.y - centre.y);
        let looks_right = canonical::is_face(&found, &points.landmarks)
            && dx.hypot(dy) < REACH * side
            && (place.side / side).ln().abs() < ZOOM.ln();
        (points.confidence >= least && looks_right).then_some(place)
    }

    /// Moves the path to where the network found the face.
    ///
    /// The template gives the motion since the last frame exactly, the network's landmarks jitter. So
    /// each landmark is smoothed relative to the moving face, which adds no lag. The template is
    /// taken anew, for the motion until the next frame. Where the network had not found the face in the
    /// last frame, what is shown glides to the new place.
    pub(crate) fn place_by(
        &mut self,
        now: Duration,
        dt: f32,
        present: &mut FaceView,
        points: &LandmarkEstimate,
        place: FaceSquare,
    ) {
        let begins = !self.has_landmarks;
        let before = coordinates(self.place);
        if begins {
            self.place = place;
        }
        let mut landmarks = self.place.relative(&points.landmarks);
        for (point, [x, y]) in landmarks.iter_mut().zip(&mut self.point_filters) {
            if begins {
                (*x, *y) = (OneEuro::steady(point.x), OneEuro::steady(point.y));
            }
            *point = Point::new(x.update(point.x, 1.0, dt), y.update(point.y, 1.0, dt));
        }
        self.place_landmarks(&landmarks);
        if begins && self.recorded > 0 {
            self.glide_from(before);
        }
        self.confidence = points.confidence;
        if let Some(present) = present.at(self.place) {
            self.template.take(present, self.place);
        }
        (self.has_landmarks, self.tracked) = (true, true);
        self.last_sure = now;
    }

    /// Moves small landmarks, `was` when the detection was made, a little towards it.
    pub(super) fn pull(&mut self, was: FaceSquare, detection: &Detection) {
        let share = PULL * doubt(&self.place);
        let (Some(old), Some(new)) = (self.landmarks, detection.landmarks) else {
            return;
        };
        if share == 0.0 {
            return;
        }
        let new = was.relative(&new);
        let before = coordinates(self.place);
        self.place_landmarks(&std::array::from_fn(|k| {
            let (dx, dy) = (new[k].x - old[k].x, new[k].y - old[k].y);
            Point::new(old[k].x + share * dx, old[k].y + share * dy)
        }));
        self.glide_from(before);
    }

    /// Places the face by landmarks that are relative to where it is.
    fn place_landmarks(&mut self, relative: &Landmarks) {
        let landmarks = self.place.absolute(relative);
        if let Some(found) = canonical::from_landmarks(&landmarks) {
            self.place = FaceSquare::of(&canonical::face_box(&found));
        }
        let relative = self.place.relative(&landmarks);
        for (point, [x, y]) in relative.iter().zip(&mut self.point_filters) {
            x.rebase(point.x);
            y.rebase(point.y);
        }
        self.landmarks = Some(relative);
    }

    /// What is shown comes slowly from `before`, the coordinates of the last place.
    fn glide_from(&mut self, before: [f32; 3]) {
        let after = coordinates(self.place);
        for (k, left) in self.residual.iter_mut().enumerate() {
            *left += before[k] - after[k];
        }
    }
}
