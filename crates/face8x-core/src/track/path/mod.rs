//! The path of one face.

use std::time::Duration;

use crate::face::{Detection, Face};
use crate::geometry::{Landmarks, Point};
use crate::track::face_square::FaceSquare;
use crate::track::smooth::OneEuro;
use crate::track::template::Template;
use crate::track::view::FaceView;

mod by_landmarks;

/// Correlation from which a template counts as found, and one of a face that is new or was lost: the
/// detection is recent, and what is behind the face must not be taken for it.
const MATCH: f32 = 0.55;
const NEW_MATCH: f32 = 0.7;
/// Where a face is searched that has walked on since the detection, in sides to the right, the nearest
/// first.
const WALKED: [f32; 5] = [0.0, 1.0, -1.0, 2.0, -2.0];
/// How far a template is searched from one frame to the next, in sides; lost ones and new ones
/// (whose detection may be old), farther; and how far after a correction of a path that was right.
const REACH: f32 = 0.5;
const FAR_REACH: f32 = 0.6;
const CLOSE_REACH: f32 = 0.15;
/// A match does not count when the face has become larger or smaller by more than this factor.
const MAX_ZOOM: f32 = 1.6;
/// How long a face is kept that is neither matched nor detected.
const HOLD: Duration = Duration::from_secs(1);
/// How long such a face goes on at its speed.
const COAST: Duration = Duration::from_millis(500);
/// How long a face is kept that neither the detector nor the landmark network finds.
const SILENCE: Duration = Duration::from_secs(5);
/// Searches without the face that a path survives that the landmark network sees, or that is small;
/// of others a detector misses hardly any, and one is survived.
const MISSES: u32 = 3;
/// Such a small face, in frame pixels to a side of its box: 24 to one of its crop.
const SMALL: f32 = 16.0;
/// It survives any number within this time, and this, where it is new or its template is lost: of a
/// face 12 pixels large a detector that searches every frame misses every other, in any order.
const MISSED_TIME: Duration = Duration::from_millis(1500);
const NEW_MISSED_TIME: Duration = Duration::from_millis(500);
/// Detections from which a path is no longer new.
const ESTABLISHED: u32 = 2;
/// Time over which the speed is averaged, in seconds.
const SPEED_TIME: f32 = 0.15;
/// Time constant in which a correction comes into what is shown, in seconds.
const GLIDE: f32 = 0.25;
/// Frames that are remembered: detections that are older are compared with the oldest.
const HISTORY: usize = 64;

// The share of a difference between detection and path that is taken over: the first number up to
// the second, rising to 1 at the third. The second is about what a still face's detections jitter
// by at the worst (rustface: centre 5 % of the side, size 12 %).
const CENTRE_GAIN: (f32, f32, f32) = (0.2, 0.05, 0.25);
const SIZE_GAIN: (f32, f32, f32) = (0.15, 0.12, 0.35);

/// The pictures at hand when a detection arrives.
pub(super) struct Views<'a, 'b> {
    /// The frame of now.
    pub present: &'a mut FaceView<'b>,
    /// The picture that was searched.
    pub past: FaceView<'a>,
}

/// A face, where it was and what it looks like.
pub(super) struct Path {
    id: u64,
    /// Where it is, unsmoothed.
    pub place: FaceSquare,
    /// Where the template was found in the present picture, and its correlation.
    pub found: Option<(FaceSquare, f32)>,
    /// Another face is before it: it cannot be detected either.
    pub hidden: bool,
    /// Where it is shown: smoothed.
    pub shown: FaceSquare,
    template: Template,
    /// Relative to the centre, in sides.
    landmarks: Option<Landmarks>,
    /// The landmark network finds the face, so that detections need not move it.
    pub has_landmarks: bool,
    confidence: f32,
    velocity: Point,
    /// Frame number and place, the oldest overwritten.
    history: [(u64, FaceSquare); HISTORY],
    recorded: usize,
    first: u64,
    detections: u32,
    misses: u32,
    last_detected: Duration,
    last_sure: Duration,
    tracked: bool,
    /// What of the corrections is not shown yet: centre, and logarithm of the side.
    residual: [f32; 3],
    filters: [OneEuro; 3],
    point_filters: [[OneEuro; 2]; 5],
}

impl Path {
    /// A new path from `detection` in frame `sequence`, followed to the present. `None` where the face
    /// is not there any more.
    pub(super) fn begin(
        id: u64,
        now: Duration,
        detection: &Detection,
        sequence: u64,
        views: &mut Views,
    ) -> Option<Path> {
        let place = FaceSquare::of(&detection.face_box);
        let mut path = Path {
            id,
            place,
            found: None,
            hidden: false,
            shown: place,
            template: Template::new(),
            landmarks: detection.landmarks.map(|l| place.relative(&l)),
            has_landmarks: false,
            confidence: detection.confidence,
            velocity: Point::default(),
            history: [(0, place); HISTORY],
            recorded: 0,
            first: sequence,
            detections: 1,
            misses: 0,
            last_detected: now,
            last_sure: now,
            tracked: true,
            residual: [0.0; 3],
            filters: [OneEuro::new(0.0); 3],
            point_filters: [[OneEuro::steady(0.0); 2]; 5],
        };
        let there = path.renew(place, FAR_REACH, views);
        path.shown = path.place;
        path.filters = coordinates(path.place).map(OneEuro::new);
        there.then_some(path)
    }

    /// Searches the template in the present picture, where it has pixels, near where the face should
    /// be `dt` seconds after the last.
    pub(super) fn find_template(&mut self, present: &mut FaceView, dt: f32) {
        self.found = None;
        self.hidden = false;
        if !self.template.usable() {
            return;
        }
        let reach = if self.tracked { REACH } else { FAR_REACH };
        let mut from = self.place;
        if self.tracked {
            from.centre.x += self.velocity.x * dt;
            from.centre.y += self.velocity.y * dt;
        }
        if let Some(present) = present.about(from, reach) {
            let (place, score) = self.template.find(present, from, reach);
            self.found = (score >= MATCH && self.template.zoom(place.side) < MAX_ZOOM)
                .then_some((place, score));
        }
    }

    /// Moves to where the template was found, or on at the last speed for a while.
    pub(super) fn advance(&mut self, now: Duration, dt: f32) {
        self.tracked = self.found.is_some();
        if let Some((place, _)) = self.found {
            if dt > 0.0 {
                let share = dt / (dt + SPEED_TIME);
                let speed = |to: f32, from: f32, v: f32| v + share * ((to - from) / dt - v);
                let (to, from) = (place.centre, self.place.centre);
                self.velocity.x = speed(to.x, from.x, self.velocity.x);
                self.velocity.y = speed(to.y, from.y, self.velocity.y);
            }
            self.place = place;
            self.last_sure = now;
        } else if now.saturating_sub(self.last_sure) < COAST {
            self.place.centre.x += self.velocity.x * dt;
            self.place.centre.y += self.velocity.y * dt;
        }
    }

    /// Takes over a detection of frame `sequence`, and moves on from there to the present.
    pub(super) fn correct(
        &mut self,
        now: Duration,
        detection: &Detection,
        sequence: u64,
        views: &mut Views,
    ) {
        let was = self.at(sequence);
        let is = FaceSquare::of(&detection.face_box);
        if self.has_landmarks && was.is_near(is) {
            self.pull(was, detection);
            self.confirm(now);
            return;
        }
        let (dx, dy) = (is.centre.x - was.centre.x, is.centre.y - was.centre.y);
        let growth = (is.side / was.side).ln();
        // The first detections are averaged evenly; a path that has lost its face begins anew.
        let least = if self.is_lost() {
            1.0
        } else {
            1.0 / (self.detections as f32 + 1.0)
        };
        let move_share = gain(dx.hypot(dy) / was.side, CENTRE_GAIN).max(least);
        let size_share = gain(growth.abs(), SIZE_GAIN).max(least);
        let anchor = FaceSquare {
            centre: Point::new(
                was.centre.x + move_share * dx,
                was.centre.y + move_share * dy,
            ),
            side: was.side * (size_share * growth).exp(),
        };
        self.landmarks = self.blend_landmarks(was, anchor, detection, move_share);
        self.shift(was, anchor, views);
        self.confidence = detection.confidence;
        self.confirm(now);
    }

    /// The landmarks after a correction from `was` to `anchor`: moved by the same share as the centre.
    fn blend_landmarks(
        &self,
        was: FaceSquare,
        anchor: FaceSquare,
        detection: &Detection,
        share: f32,
    ) -> Option<Landmarks> {
        let new = detection.landmarks?;
        let Some(old) = self.landmarks else {
            return Some(anchor.relative(&new));
        };
        let old = was.absolute(&old);
        Some(anchor.relative(&std::array::from_fn(|k| {
            let (dx, dy) = (new[k].x - old[k].x, new[k].y - old[k].y);
            Point::new(old[k].x + share * dx, old[k].y + share * dy)
        })))
    }

    /// Moves the path by the way from `was` to `anchor`, the place in the searched picture, and finds
    /// the face from there in the present one. What is shown follows slowly.
    fn shift(&mut self, was: FaceSquare, anchor: FaceSquare, views: &mut Views) {
        let scale = self.place.side / was.side;
        let from = FaceSquare {
            centre: Point::new(
                self.place.centre.x + (anchor.centre.x - was.centre.x) * scale,
                self.place.centre.y + (anchor.centre.y - was.centre.y) * scale,
            ),
            side: anchor.side * scale,
        };
        let reach = if self.is_lost() {
            FAR_REACH
        } else {
            CLOSE_REACH
        };
        let before = coordinates(self.place);
        let glides = self.found.is_some() && !self.has_landmarks;
        self.place = from;
        self.renew(anchor, reach, views);
        let after = coordinates(self.place);
        for k in 0..3 {
            self.residual[k] = if glides {
                self.residual[k] + before[k] - after[k]
            } else {
                0.0
            };
        }
    }

    /// The detector has found it.
    fn confirm(&mut self, now: Duration) {
        self.detections = self.detections.saturating_add(1);
        self.misses = 0;
        self.tracked = true;
        (self.last_detected, self.last_sure) = (now, now);
    }

    /// Takes a new template from `anchor` in the searched picture and finds it in the present one.
    /// Returns whether it is there, as far as can be seen.
    fn renew(&mut self, anchor: FaceSquare, reach: f32, views: &mut Views) -> bool {
        match views.past.at(anchor) {
            Some(past) => self.template.take(past, anchor),
            None => self.template.forget(),
        }
        if !self.template.usable() {
            return true;
        }
        let (least, ways) = match reach < FAR_REACH {
            true => (MATCH, &WALKED[..1]),
            false => (NEW_MATCH, &WALKED[..]),
        };
        for way in ways {
            let mut from = self.place;
            from.centre.x += way * from.side;
            let Some(present) = views.present.about(from, reach) else {
                return *way == 0.0;
            };
            let (place, score) = self.template.find(present, from, reach);
            if score >= least {
                self.place = place;
                return true;
            }
        }
        false
    }

    /// A search of frame `sequence` did not find this face.
    pub(super) fn record_miss(&mut self, sequence: u64) {
        if sequence > self.first && !self.hidden {
            self.misses += 1;
        }
    }

    /// Whether neither the template nor the detector has shown it lately.
    pub(super) fn is_lost(&self) -> bool {
        !self.tracked
    }

    /// Whether the detector's last search did not find it.
    pub(super) fn was_missed(&self) -> bool {
        self.misses > 0
    }

    /// Whether it is kept.
    pub(super) fn is_kept(&self, now: Duration) -> bool {
        let sure = self.tracked && self.detections >= ESTABLISHED;
        let (misses, time) = match sure {
            true if self.has_landmarks || self.place.side < SMALL => (MISSES, MISSED_TIME),
            true => (1, MISSED_TIME),
            false => (1, NEW_MISSED_TIME),
        };
        let unseen = now.saturating_sub(self.last_detected);
        (self.misses <= misses || unseen < time)
            && now.saturating_sub(self.last_sure) < HOLD
            && (self.has_landmarks || unseen < SILENCE)
    }

    /// Remembers where it is in frame `sequence`.
    pub(super) fn record(&mut self, sequence: u64) {
        self.history[self.recorded % HISTORY] = (sequence, self.place);
        self.recorded += 1;
    }

    /// Where it was in frame `sequence`, or in the last one before that is remembered.
    pub(super) fn at(&self, sequence: u64) -> FaceSquare {
        let kept = &self.history[..self.recorded.min(HISTORY)];
        let last = kept.iter().map(|(s, _)| *s).max();
        if last.is_none_or(|last| sequence > last) {
            return self.place;
        }
        let before = kept
            .iter()
            .filter(|(s, _)| *s <= sequence)
            .max_by_key(|(s, _)| *s);
        let oldest = kept.iter().min_by_key(|(s, _)| *s);
        before.or(oldest).map_or(self.place, |(_, place)| *place)
    }

    /// Smooths the place that is shown: that of landmarks, which are smooth themselves, only as far as
    /// the face is small.
    pub(super) fn smooth(&mut self, dt: f32) {
        let side = self.place.side;
        let left = (-dt / GLIDE).exp();
        let weight = if self.has_landmarks {
            by_landmarks::doubt(&self.place)
        } else {
            1.0
        };
        let mut at = coordinates(self.place);
        for (k, unit) in [side, side, 1.0].into_iter().enumerate() {
            self.residual[k] *= left;
            at[k] += self.residual[k];
            at[k] += weight * (self.filters[k].update(at[k], unit, dt) - at[k]);
        }
        self.shown = FaceSquare {
            centre: Point::new(at[0], at[1]),
            side: at[2].exp(),
        };
    }

    /// The face as it is shown.
    pub(super) fn face(&self, now: Duration) -> Face {
        let held = now.saturating_sub(self.last_sure).as_secs_f32() / HOLD.as_secs_f32();
        Face {
            id: self.id,
            detection: Detection {
                face_box: self.shown.rect(),
                landmarks: self.landmarks.map(|l| self.shown.absolute(&l)),
                confidence: self.confidence * (1.0 - held).max(0.0),
            },
        }
    }
}

fn gain(difference: f32, (least, until, whole): (f32, f32, f32)) -> f32 {
    least + (1.0 - least) * ((difference - until) / (whole - until)).clamp(0.0, 1.0)
}

/// Centre and logarithm of the side.
fn coordinates(place: FaceSquare) -> [f32; 3] {
    [place.centre.x, place.centre.y, place.side.ln()]
}
