//! Small faces that walk across or stand still, seen by a camera of the same size as the frame.

use super::*;
use crate::geometry::{Similarity, canonical};
use crate::testing::walk::{Walk, alignment_error, gaussian, jittered};

/// Camera pixels to a side of the crop, the mean error of a detector's landmarks in sides, and how
/// many of a hundred searches find the face (YuNet, enlarged twice).
const SIZES: [(f32, f32, usize); 5] = [
    (12.0, 0.06, 55),
    (16.0, 0.05, 85),
    (24.0, 0.023, 97),
    (32.0, 0.023, 99),
    (48.0, 0.018, 100),
];
/// Frames from one search to the next, and until its answer arrives.
const SEARCH: u64 = 4;
const LATE: u64 = 2;
const NOISE: f32 = 3.0;

/// What became of a face in a sequence, from its second second on.
#[derive(Debug, Default)]
struct Outcome {
    /// The frames in which it was followed, by its number.
    counts: Vec<(u64, u32)>,
    last: Option<Point>,
    /// Motion of the crop against the face from frame to frame, in sides.
    motions: Vec<f32>,
    errors: Vec<f32>,
}

impl Outcome {
    fn add(&mut self, faces: &[Face], truth: &Similarity) {
        let last = self.last.take();
        let shown = |face: &Face| {
            let shown = face.detection.to_canonical()?;
            Some((face.id, alignment_error(&shown, truth)))
        };
        let near = |(_, (off, factor)): &(u64, (Point, f32))| {
            off.x.hypot(off.y) < 0.25 && factor.ln().abs() < 1.4f32.ln()
        };
        let Some((id, (off, _))) = faces.iter().filter_map(shown).find(near) else {
            return;
        };
        match self.counts.iter_mut().find(|(known, _)| *known == id) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((id, 1)),
        }
        self.errors.push(off.x.hypot(off.y));
        self.motions
            .extend(last.map(|last| (off.x - last.x).hypot(off.y - last.y)));
        self.last = Some(off);
    }

    /// The share of the frames in which it was followed under the number that it had most.
    fn followed(&self) -> f32 {
        self.counts.iter().map(|(_, n)| *n).max().unwrap_or(0) as f32 / 60.0
    }

    fn largest_motion(&self) -> f32 {
        self.motions.iter().copied().fold(0.0, f32::max)
    }

    fn error(&self) -> f32 {
        self.errors.iter().sum::<f32>() / self.errors.len().max(1) as f32
    }
}

/// The trackers by templates alone, and by landmarks.
fn trackers() -> [Tracker; 2] {
    [Tracker::new(), with_landmarks::tracker()]
}

/// Follows the portrait through 90 frames that place it by `place` (from the canonical face).
fn follow(
    (side, error, hits): (f32, f32, usize),
    step: Duration,
    place: impl Fn(u64) -> Similarity,
) -> [Outcome; 2] {
    let width = if step > FRAME { 960 } else { 320 };
    let mut walk = Walk::new(width, 240, NOISE);
    let mut pending = None;
    let mut runs = trackers().map(|tracker| (tracker, Outcome::default()));
    for i in 0..90 {
        let placed = place(i);
        let truth = walk.landmarks(&placed);
        let frame = walk.draw(i, &[placed]);
        if i % SEARCH == 0 {
            let seed = 1000 * side as usize + i as usize;
            let hit = usize::from(noise(seed)) * 100 < 256 * hits;
            let landmarks = jittered(&truth, error, seed);
            let found = hit.then(|| Detection {
                face_box: canonical::box_of_landmarks(&landmarks),
                landmarks: Some(landmarks),
                confidence: 0.8,
            });
            pending = Some(searched(frame, found.as_slice()));
        }
        let arrived = pending.take_if(|_| i % SEARCH == LATE);
        let truth = canonical::from_landmarks(&truth).unwrap();
        for (tracker, outcome) in &mut runs {
            let faces = tracker.update(step * i as u32, frame, arrived.as_ref());
            if i >= 30 {
                outcome.add(faces, &truth);
            }
        }
    }
    runs.map(|(_, outcome)| outcome)
}

/// A search of `frame`.
fn searched(frame: &Frame, found: &[Detection]) -> Detections {
    Detections {
        picture: Downscaled {
            width: frame.width,
            height: frame.height,
            channels: 1,
            factor: 1,
            frame_width: frame.width,
            frame_height: frame.height,
            sequence: frame.sequence,
            bytes: frame.bytes.clone(),
        },
        found: found.to_vec(),
    }
}

/// Walks to the right, nodding and swaying, by `speed` pixels a frame.
fn walking(side: f32, speed: f32, i: u64) -> Similarity {
    let t = i as f32 / 30.0;
    let at = Point::new(
        28.37 + speed * i as f32,
        118.0 + 0.12 * side * (9.0 * t).sin(),
    );
    Walk::placed(at, side, 0.08 * (4.5 * t).sin())
}

#[test]
fn small_faces_that_walk_across_are_followed_as_the_same() {
    for size in SIZES {
        for speed in [0.7, 2.8] {
            for outcome in follow(size, FRAME, |i| walking(size.0, speed, i)) {
                let figures = format!("{size:?} at {speed}: {outcome:?}");
                assert!(outcome.followed() >= 0.95, "{figures}");
                assert!(outcome.error() < 0.05, "{figures}");
            }
        }
    }
}

#[test]
fn a_small_face_that_stands_still_is_shown_still() {
    // Of 12 pixels it moves by up to 1.4 %.
    for size in SIZES.into_iter().skip(1) {
        let at = Point::new(150.3 + gaussian(3), 121.6);
        for outcome in follow(size, FRAME, |_| Walk::placed(at, size.0, 0.02)) {
            let motion = outcome.largest_motion();
            assert!(motion < 0.01, "{size:?}: {motion}, {outcome:?}");
        }
    }
}

/// A board that takes ten frames a second: somebody who walks by, at 1.4 metres a second, moves by half
/// the side of the crop from one to the next.
#[test]
fn who_walks_by_is_followed_at_ten_frames_a_second() {
    for size in SIZES
        .into_iter()
        .filter(|size| (16.0..30.0).contains(&size.0))
    {
        let step = Duration::from_millis(100);
        let place = |i: u64| {
            let t = i as f32 / 10.0;
            let x = 480.0 - 430.0 * (0.5 * size.0 / 43.0 * t).cos();
            Walk::placed(
                Point::new(x, 118.0 + 0.08 * size.0 * (9.0 * t).sin()),
                size.0,
                0.0,
            )
        };
        for outcome in follow(size, step, place) {
            assert!(outcome.followed() >= 0.95, "{size:?}: {outcome:?}");
        }
    }
}
