//! A path by the landmark network: what it sees in a frame replaces where the path was.

use std::time::Duration;

use super::{Path, inside};
use crate::geometry::canonical;
use crate::geometry::{Landmarks, Point, Similarity};
use crate::landmarks::Points;
use crate::resample::Pyramid;
use crate::track::smooth::OneEuro;
use crate::track::template::Place;

/// Confidence from which the network sees a face, and from which it sees one again that neither it
/// nor the template had found in the last frame.
const SEEN: f32 = 0.5;
const SEEN_AGAIN: f32 = 0.9;
/// What it sees is believed when it is at most this far from where it was looked for, in sides, and
/// larger or smaller by at most this factor: beyond, a crop holds too little of the face.
const REACH: f32 = 0.35;
const ZOOM: f32 = 1.5;
/// A detection of a face that is seen moves it only when it is farther off than this, in sides, or
/// larger or smaller by this factor: detections tremble (rustface: 5 % and 7 %).
const FAR: f32 = 0.3;
const UNLIKE: f32 = 1.5;

/// Whether a detection at `is` tells no more than that the face is where it `was`.
pub(super) fn near(was: Place, is: Place) -> bool {
    let (dx, dy) = (is.centre.x - was.centre.x, is.centre.y - was.centre.y);
    dx.hypot(dy) < FAR * was.side && (is.side / was.side).ln().abs() < UNLIKE.ln()
}

impl Path {
    /// From the frame to the canonical face, as far as is known; the network looks there.
    pub fn alignment(&self) -> Option<Similarity> {
        let by_landmarks = self.landmarks.map(|l| self.outside(&l));
        by_landmarks
            .and_then(|landmarks| canonical::from_landmarks(&landmarks))
            .or_else(|| {
                canonical::from_box(&crate::face::square(self.place.centre, self.place.side))
            })
    }

    /// Where `points` say that the face is, if they are to be believed.
    pub fn believed(&self, points: &Points) -> Option<Place> {
        let least = if self.tracked || self.seen {
            SEEN
        } else {
            SEEN_AGAIN
        };
        let found = canonical::from_landmarks(&points.landmarks)?;
        let place = place_of(&found);
        let Place { centre, side } = self.place;
        let (dx, dy) = (place.centre.x - centre.x, place.centre.y - centre.y);
        let looks_right = canonical::is_face(&found, &points.landmarks)
            && dx.hypot(dy) < REACH * side
            && (place.side / side).ln().abs() < ZOOM.ln();
        (points.confidence >= least && looks_right).then_some(place)
    }

    /// Goes where the network sees the face.
    ///
    /// The template has told the motion since the last frame, exactly; what the network says trembles.
    /// So each landmark is smoothed relative to the face that moves, which makes nothing late. The
    /// template is taken anew, to tell the motion until the next frame.
    pub fn see(
        &mut self,
        now: Duration,
        dt: f32,
        present: &Pyramid,
        points: &Points,
        place: Place,
    ) {
        let begins = !self.seen;
        let from = if begins { place } else { self.place };
        let mut landmarks = points.landmarks.map(|p| inside(p, from));
        for (point, [x, y]) in landmarks.iter_mut().zip(&mut self.point_filters) {
            if begins {
                (*x, *y) = (OneEuro::steady(point.x), OneEuro::steady(point.y));
            }
            *point = Point::new(x.update(point.x, 1.0, dt), y.update(point.y, 1.0, dt));
        }
        self.place = from;
        let landmarks = self.outside(&landmarks);
        if let Some(found) = canonical::from_landmarks(&landmarks) {
            self.place = place_of(&found);
        }
        let relative = landmarks.map(|p| inside(p, self.place));
        for (point, [x, y]) in relative.iter().zip(&mut self.point_filters) {
            x.rebase(point.x);
            y.rebase(point.y);
        }
        self.landmarks = Some(relative);
        self.confidence = points.confidence;
        self.template.take(present, self.place);
        self.residual = [0.0; 3];
        (self.seen, self.tracked) = (true, true);
        self.last_sure = now;
    }

    /// Landmarks relative to the centre in sides, in the frame.
    fn outside(&self, landmarks: &Landmarks) -> Landmarks {
        let Place { centre, side } = self.place;
        landmarks.map(|p| Point::new(centre.x + p.x * side, centre.y + p.y * side))
    }
}

/// The face box of an alignment.
fn place_of(to_canonical: &Similarity) -> Place {
    let face_box = canonical::face_box(to_canonical);
    Place {
        centre: face_box.centre(),
        side: face_box.w,
    }
}
