//! Follows faces from frame to frame, on the work thread.
//!
//! Detections are late by the time that the search took, they jitter, and now and then one is
//! missing. So on every frame each face's template is searched near its last place, and a
//! detection only corrects the path at the frame in which it was made:
//! - the detection is compared with where the face *was* in that frame, and the path since then is
//!   shifted by a share of the difference: small differences are the detector's jitter and are
//!   averaged away, large ones are taken over at once. The motion comes from the template, so that
//!   averaging adds no lag;
//! - the new template is taken from the picture that was searched, and found again in the present
//!   frame;
//! - the place that is shown follows the corrected path within a quarter of a second;
//! - last, a one-euro filter removes the rest of the jitter.
//!
//! # What it reads
//! Of each frame only what surrounds the faces, at the resolution that each one's size needs: a face
//! 16 pixels large by the camera's own pixels, one of 200 pixels by means of 4x4. So a small face is
//! followed as well as a large one, and the cost does not grow with the frame.
//!
//! # What it reaches
//! Measured in the tests: where detections jitter by 3.0 % of the side and by 4 % in size (standard
//! deviations), the shown place of a still face jitters by 0.7 % and 0.8 %; a face that moves by one
//! side a second is shown at most 1.1 % of its side behind. By its template alone a face is followed
//! to 0.1 frame pixels over 100 frames of an artificial scene. Faces of 12 to 48 camera pixels that
//! walk across at up to 2.8 pixels a frame, with a camera's noise of 3 levels and detections as a
//! detector gives them at that size, are followed in every frame (`tests/walking.rs`).
//!
//! # With the landmark network
//! A tracker with a [`LandmarkFinder`] also finds each face's five landmarks in every frame, in a crop
//! that the last landmarks, moved by the template, place, size and turn. Where the network is sure,
//! the landmarks place the face: each is smoothed relative to the template's motion, detections move
//! the face only when they are far off, and the template is taken anew in every frame. Where it is
//! not (the face is hidden or turned away), all is as without it. Of two faces that would come to the
//! same place, the one that the template has found keeps it.
//!
//! Of a face below 20 camera pixels the network's answer depends on where its crop lies: of an error of
//! the crop half remains at 12 pixels. So the smaller such a face is, the more a detection pulls its
//! landmarks, and the more the shown place is smoothed like one without landmarks. One that stands
//! still is shown still to 1 % of its side from 12 pixels on (`models/MODEL_CARD.md` has a table).
//!
//! Where more faces are followed than are restored, only the landmarks of those are found in every frame:
//! see [`Tracker::follow_closely`].
//!
//! On a portrait that wanders, nods and comes nearer (`tests/with_landmarks.rs`; detections jitter by
//! 1.5 % and 4 % every eight frames), the alignment is off by 5.6 % of the eye distance on average and
//! changes by 0.27 % from frame to frame; by detections and templates alone it is 7.9 % and 0.31 %.
//!
//! # How long a face is kept
//! A face whose template is not found any more (turned away, hidden) goes on at its speed for half a
//! second, then rests; after one second it is dropped. Its confidence falls to 0 in that time, so
//! that a view can fade it. It is also dropped when the detector has missed it four times in a row
//! and for a second and a half (twice, where it is not small and the landmark network does not see it;
//! twice and for half a second, where the template is not found either or the face is new), when
//! neither the detector nor the landmark network has found it for five seconds, and when its centre
//! leaves the frame.

pub(crate) mod face_square;
mod matching;
mod path;
mod smooth;
mod template;
mod view;

use std::time::Duration;

use crate::Result;
use crate::convert::LumaSource;
use crate::detect::SearchOptions;
use crate::face::{Detections, Face};
use crate::landmarks::LandmarkFinder;
use crate::resample::Pyramid;
use face_square::FaceSquare;
use matching::{nearest, sound};
use path::{Path, Views};
use view::FaceView;

/// Most faces that are followed.
pub const MAX_FACES: usize = 32;

/// Most detections of a search that are used.
const MAX_DETECTIONS: usize = 64;
/// A face goes before another only when it is larger by this factor, so that two of like size do
/// not change places at every frame.
const LARGER: f32 = 1.15;
/// Boxes that overlap by more (intersection over union) are the same face.
const SAME: f32 = 0.4;
/// A lost face whose box is overlapped by more is behind the other.
const COVERED: f32 = 0.1;

/// Follows up to [`MAX_FACES`] faces. After the first frames of a size it allocates nothing.
pub struct Tracker {
    /// Largest first, as far as [`LARGER`] lets them.
    paths: Vec<Path>,
    faces: Vec<Face>,
    present: Pyramid,
    past: Pyramid,
    frame_size: (u32, u32),
    last: Duration,
    next_id: u64,
    points: Option<LandmarkFinder>,
    /// Faces whose landmarks are found in every frame; of the others, those of this turn's one.
    closely: usize,
    turn: usize,
    /// Faces whose crop has a smaller side, in frame pixels, are followed but not given.
    least_side: f32,
}

/// The tracker that goes with the detector of `uri` that was opened with the same options: for `auto`,
/// one that finds each face's landmarks in every frame, so that the detector is only needed now and
/// then. Where the detector searches, a face that has become too small for it is not given.
///
/// # Errors
/// The program file is damaged.
pub fn open_tracker(uri: &str, options: &SearchOptions) -> Result<Tracker> {
    let (tracker, least_side) = match uri.split(':').next() {
        Some("auto") => (
            Tracker::with_landmarks(LandmarkFinder::new()?),
            options.least_side(),
        ),
        Some("yunet") => (Tracker::new(), options.least_side()),
        _ => (Tracker::new(), 0.0),
    };
    Ok(Tracker {
        least_side,
        ..tracker
    })
}

impl Default for Tracker {
    fn default() -> Self {
        Tracker::new()
    }
}

impl Tracker {
    /// A tracker without faces.
    pub fn new() -> Self {
        Tracker {
            paths: Vec::with_capacity(MAX_FACES),
            faces: Vec::with_capacity(MAX_FACES),
            present: Pyramid::default(),
            past: Pyramid::default(),
            frame_size: (0, 0),
            last: Duration::ZERO,
            next_id: 1,
            points: None,
            closely: MAX_FACES,
            turn: 0,
            least_side: 0.0,
        }
    }

    /// A tracker that finds each face's landmarks in every frame.
    pub fn with_landmarks(points: LandmarkFinder) -> Self {
        Tracker {
            points: Some(points),
            ..Tracker::new()
        }
    }

    /// Which operators run the landmark network, where it has one.
    pub fn engine(&self) -> Option<&str> {
        self.points.as_ref().map(LandmarkFinder::engine)
    }

    /// Finds the landmarks of only the largest `faces` in every frame, and of the others one face's a frame,
    /// in turns: between them these move with their templates. So the landmark network's cost does not grow
    /// with the number of faces. All are followed closely before.
    pub fn follow_closely(&mut self, faces: usize) {
        self.closely = faces;
    }

    /// The faces of the last update, the largest first.
    pub fn faces(&self) -> &[Face] {
        &self.faces
    }

    /// Whether the detector may rest: at least one face is followed, the landmark network finds all
    /// that are, and the detector's last search missed none of them.
    pub fn settled(&self) -> bool {
        !self.paths.is_empty()
            && self
                .paths
                .iter()
                .all(|path| path.has_landmarks && !path.was_missed())
    }

    /// The faces in the frame that was taken at `now` (its timestamp), the largest first.
    ///
    /// `picture` is that frame. Only what surrounds each face is read of it, at the resolution that
    /// the face's size needs; where it has no pixels, only detections move faces. `detected` are those
    /// that arrived since the last update, of any earlier frame. A frame of another size, or from
    /// before the last one (the camera was opened again), ends every path.
    pub fn update<'a>(
        &mut self,
        now: Duration,
        picture: impl Into<LumaSource<'a>>,
        detected: Option<&Detections>,
    ) -> &[Face] {
        let picture = picture.into();
        let (frame_size, sequence) = (picture.frame_size(), picture.sequence());
        if frame_size != self.frame_size || now < self.last {
            self.paths.clear();
        }
        let dt = now.saturating_sub(self.last).as_secs_f32().min(1.0);
        (self.frame_size, self.last) = (frame_size, now);

        let mut region = std::mem::take(&mut self.present);
        let mut present = FaceView::new(picture, &mut region);
        self.follow(now, dt, &mut present);
        if let Some(detected) = detected
            && (detected.picture.frame_width, detected.picture.frame_height) == frame_size
        {
            self.correct(now, &mut present, detected);
        }
        self.place_by_landmarks(now, dt, &mut present);
        self.present = region;
        let (width, height) = (frame_size.0 as f32, frame_size.1 as f32);
        self.paths.retain(|path| {
            let FaceSquare { centre, .. } = path.place;
            (0.0..=width).contains(&centre.x)
                && (0.0..=height).contains(&centre.y)
                && path.is_kept(now)
        });
        for path in &mut self.paths {
            path.record(sequence);
            path.smooth(dt);
        }
        self.order();
        self.faces.clear();
        let large = self
            .paths
            .iter()
            .filter(|path| path.shown.crop_side() >= self.least_side);
        self.faces.extend(large.map(|path| path.face(now)));
        &self.faces
    }

    /// Finds every face's template in the present picture.
    fn follow(&mut self, now: Duration, dt: f32, present: &mut FaceView) {
        for path in &mut self.paths {
            path.find_template(present, dt);
        }
        // Where two paths lead to one face, it belongs to the better match; the other is hidden.
        for i in 0..self.paths.len() {
            for j in 0..i {
                let (Some((a, score_a)), Some((b, score_b))) =
                    (self.paths[i].found, self.paths[j].found)
                else {
                    continue;
                };
                if a.rect().iou(&b.rect()) > SAME {
                    let loser = if score_a < score_b { i } else { j };
                    self.paths[loser].found = None;
                }
            }
        }
        for path in &mut self.paths {
            path.advance(now, dt);
        }
        for i in 0..self.paths.len() {
            let here = self.paths[i].place.rect();
            let covers = |path: &Path| {
                path.found
                    .is_some_and(|(at, _)| at.rect().iou(&here) > COVERED)
            };
            let lost = self.paths[i].found.is_none();
            self.paths[i].hidden = lost && self.paths.iter().any(covers);
        }
    }

    /// Corrects each path by its detection, and begins paths for those that belong to none.
    fn correct(&mut self, now: Duration, present: &mut FaceView, detected: &Detections) {
        let sequence = detected.picture.sequence;
        let mut detections = [None; MAX_DETECTIONS];
        let sound = detected
            .found
            .iter()
            .filter_map(|d| sound(d, self.frame_size));
        for (slot, detection) in detections.iter_mut().zip(sound) {
            *slot = Some(detection);
        }
        let past = FaceView::new(LumaSource::from(&detected.picture), &mut self.past);
        let mut views = Views { present, past };

        let mut corrected = [false; MAX_FACES];
        while let Some((p, d)) = nearest(&self.paths, &corrected, &detections, sequence) {
            corrected[p] = true;
            if let Some(detection) = detections[d].take() {
                self.paths[p].correct(now, &detection, sequence, &mut views);
            }
        }
        for (path, corrected) in self.paths.iter_mut().zip(corrected) {
            if !corrected {
                path.record_miss(sequence);
            }
        }
        for detection in detections.into_iter().flatten() {
            let known = |path: &Path| path.at(sequence).rect().iou(&detection.face_box) > SAME;
            if self.paths.len() < MAX_FACES && !self.paths.iter().any(known) {
                let path = Path::begin(self.next_id, now, &detection, sequence, &mut views);
                self.next_id += u64::from(path.is_some());
                self.paths.extend(path);
            }
        }
    }

    /// Finds the landmarks of every face: first of those that the template has found, so that one
    /// that is hidden does not take over the face before it.
    fn place_by_landmarks(&mut self, now: Duration, dt: f32, present: &mut FaceView) {
        let Some(points) = &mut self.points else {
            return;
        };
        let others = self.paths.len().saturating_sub(self.closely);
        self.turn = (self.turn + 1) % others.max(1);
        let mut taken = [None; MAX_FACES];
        for found in [true, false] {
            for (k, path) in self.paths.iter_mut().enumerate() {
                if path.found.is_some() != found {
                    continue;
                }
                let dt = match k.checked_sub(self.closely) {
                    None => dt,
                    Some(turn) if turn == self.turn => dt * others as f32,
                    Some(_) => {
                        taken[k] = (found && path.has_landmarks).then_some(path.place);
                        continue;
                    }
                };
                let free = |place: FaceSquare| {
                    let here = place.rect();
                    let same = |other: &FaceSquare| other.rect().iou(&here) > SAME;
                    !taken.iter().flatten().any(same)
                };
                let place = path.alignment().and_then(|at| {
                    let points = points.look(present.at(path.place)?, &at)?;
                    let place = path.accepted(&points)?;
                    free(place).then_some((points, place))
                });
                match place {
                    Some((points, place)) => {
                        path.place_by(now, dt, present, &points, place);
                        taken[k] = Some(place);
                    }
                    None => path.has_landmarks = false,
                }
            }
        }
    }

    /// Brings faces forward that are clearly larger than one before them.
    fn order(&mut self) {
        for i in 1..self.paths.len() {
            let side = self.paths[i].shown.side;
            let to = self.paths[..i]
                .iter()
                .position(|path| side > LARGER * path.shown.side);
            if let Some(to) = to {
                self.paths[to..=i].rotate_right(1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
