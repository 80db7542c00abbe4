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
//! Measured in the tests: where detections jitter by 3.0 % of the side and by 4 % in size (standard
//! deviations), the shown place of a still face jitters by 0.7 % and 0.8 %; a face that moves by one
//! side a second is shown at most 1.1 % of its side behind. By its template alone a face is followed
//! to 0.04 pixels of the downscaled picture over 100 frames of an artificial scene. It costs about
//! 0.05 ms a frame and 0.1 ms a face on an x86-64 core that others share.
//!
//! # With the landmark network
//! A tracker with a [`LandmarkFinder`] also finds each face's five landmarks in every frame, in a crop
//! that the last landmarks, moved by the template, place, size and turn. Where the network is sure,
//! the landmarks place the face: each is smoothed relative to the template's motion, detections move
//! the face only when they are far off, and the template is taken anew in every frame. Where it is
//! not (the face is hidden or turned away), all is as without it. Of two faces that would come to the
//! same place, the one that the template has found keeps it.
//!
//! On a portrait that wanders, nods and comes nearer (`tests/with_landmarks.rs`; detections jitter by
//! 1.5 % and 4 % every eight frames), the alignment is off by 6.8 % of the eye distance on average and
//! changes by 0.25 % from frame to frame; by detections and templates alone it is 8.1 % and 0.31 %.
//!
//! # How long a face is kept
//! A face whose template is not found any more (turned away, hidden) goes on at its speed for half a
//! second, then rests; after one second it is dropped. Its confidence falls to 0 in that time, so
//! that a view can fade it. It is also dropped when the detector has missed it four times in a row
//! (twice, where the template is not found either or the face is new), when the detector has not
//! found it for five seconds, and when its centre leaves the frame.

pub(crate) mod face_square;
mod path;
mod smooth;
mod template;

use std::time::Duration;

use crate::Result;
use crate::downscaled::Downscaled;
use crate::face::{Detection, Detections, Face};
use crate::geometry::Rect;
use crate::landmarks::LandmarkFinder;
use crate::resample::Pyramid;
use face_square::FaceSquare;
use path::{Path, Views};

/// Width and height that the tracker's luma must fit.
pub const TRACK_SIZE: (u32, u32) = (320, 240);

/// Most faces that are followed.
pub const MAX_FACES: usize = 8;

/// Most detections of a search that are used.
const MAX_DETECTIONS: usize = 32;
/// A face goes before another only when it is larger by this factor, so that two of like size do
/// not change places at every frame.
const LARGER: f32 = 1.15;
/// A detection belongs to a path when their centres are at most this far apart, in sides, ...
const NEAR: f32 = 0.6;
/// ... and twice as far when the path had lost its face; their sizes differ at most by this factor.
const LIKE_SIZE: f32 = 1.8;
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
}

/// The tracker that goes with the detector of `uri`: for `auto`, one that finds each face's landmarks
/// in every frame, so that the detector is only needed now and then.
///
/// # Errors
/// The program file is damaged.
pub fn open_tracker(uri: &str) -> Result<Tracker> {
    match uri.split(':').next() {
        Some("auto") => Ok(Tracker::with_landmarks(LandmarkFinder::new()?)),
        _ => Ok(Tracker::new()),
    }
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
    /// `plane` is that frame downscaled to luma (at most [`TRACK_SIZE`], to keep it cheap), or has no
    /// bytes, where only detections move faces. `detected` are those that arrived since the last
    /// update, of any earlier frame. A frame of another size, or from before the last one (the camera
    /// was opened again), ends every path.
    pub fn update(
        &mut self,
        now: Duration,
        plane: &Downscaled,
        detected: Option<&Detections>,
    ) -> &[Face] {
        let frame_size = (plane.frame_width, plane.frame_height);
        if frame_size != self.frame_size || now < self.last {
            self.paths.clear();
        }
        let dt = now.saturating_sub(self.last).as_secs_f32().min(1.0);
        (self.frame_size, self.last) = (frame_size, now);

        let wanted = !self.paths.is_empty() || detected.is_some_and(|l| !l.found.is_empty());
        let has_pixels = wanted && self.present.build(plane);
        self.follow(now, dt, has_pixels);
        if let Some(detected) = detected
            && (detected.picture.frame_width, detected.picture.frame_height) == frame_size
        {
            self.correct(now, has_pixels, detected);
        }
        if has_pixels {
            self.place_by_landmarks(now, dt);
        }
        let (width, height) = (frame_size.0 as f32, frame_size.1 as f32);
        self.paths.retain(|path| {
            let FaceSquare { centre, .. } = path.place;
            (0.0..=width).contains(&centre.x)
                && (0.0..=height).contains(&centre.y)
                && path.is_kept(now)
        });
        for path in &mut self.paths {
            path.record(plane.sequence);
            path.smooth(dt);
        }
        self.order();
        self.faces.clear();
        self.faces
            .extend(self.paths.iter().map(|path| path.face(now)));
        &self.faces
    }

    /// Finds every face's template in the present picture.
    fn follow(&mut self, now: Duration, dt: f32, has_pixels: bool) {
        let present = has_pixels.then_some(&self.present);
        for path in &mut self.paths {
            path.find_template(present);
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
    fn correct(&mut self, now: Duration, has_pixels: bool, detected: &Detections) {
        let sequence = detected.picture.sequence;
        let mut detections = [None; MAX_DETECTIONS];
        let sound = detected
            .found
            .iter()
            .filter_map(|d| sound(d, self.frame_size));
        for (slot, detection) in detections.iter_mut().zip(sound) {
            *slot = Some(detection);
        }
        let searched = self.past.build(&detected.picture);
        let views = Views {
            present: has_pixels.then_some(&self.present),
            past: searched.then_some(&self.past),
        };

        let mut corrected = [false; MAX_FACES];
        while let Some((p, d)) = nearest(&self.paths, &corrected, &detections, sequence) {
            corrected[p] = true;
            if let Some(detection) = detections[d].take() {
                self.paths[p].correct(now, &detection, sequence, &views);
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
                self.paths
                    .push(Path::begin(self.next_id, now, &detection, sequence, &views));
                self.next_id += 1;
            }
        }
    }

    /// Finds the landmarks of every face: first of those that the template has found, so that one
    /// that is hidden does not take over the face before it.
    fn place_by_landmarks(&mut self, now: Duration, dt: f32) {
        let Some(points) = &mut self.points else {
            return;
        };
        let mut taken = [None; MAX_FACES];
        for found in [true, false] {
            for (k, path) in self.paths.iter_mut().enumerate() {
                if path.found.is_some() != found {
                    continue;
                }
                let free = |place: FaceSquare| {
                    let here = place.rect();
                    let same = |other: &FaceSquare| other.rect().iou(&here) > SAME;
                    !taken.iter().flatten().any(same)
                };
                let place = path.alignment().and_then(|at| {
                    let points = points.look(&self.present, &at)?;
                    let place = path.accepted(&points)?;
                    free(place).then_some((points, place))
                });
                match place {
                    Some((points, place)) => {
                        path.place_by(now, dt, &self.present, &points, place);
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

/// The path and the detection that fit best of those left.
fn nearest(
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
fn sound(detection: &Detection, frame_size: (u32, u32)) -> Option<Detection> {
    let (width, height) = (frame_size.0 as f32, frame_size.1 as f32);
    let face_box = detection.face_box;
    let (centre, side) = (face_box.centre(), (face_box.w + face_box.h) / 2.0);
    let inside = (0.0..=width).contains(&centre.x) && (0.0..=height).contains(&centre.y);
    let largest = 4.0 * width.max(height);
    let sized = face_box.w > 0.0 && face_box.h > 0.0 && (4.0..=largest).contains(&side);
    let near = |v: f32| v.abs() <= 2.0 * largest;
    (inside && sized).then(|| Detection {
        face_box: Rect::square(centre, side),
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

#[cfg(test)]
mod tests;
