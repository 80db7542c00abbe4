//! Small faces that walk across or stand still, seen by a camera of the same size as the frame.

use std::io::Write as _;

use super::*;
use crate::detect::SearchOptions;
use crate::geometry::{Similarity, canonical};
use crate::testing::celeba;
use crate::testing::walk::{Walk, alignment_error, gaussian, jittered};

/// Camera pixels to a side of the crop, the mean error of a detector's landmarks in sides, and how
/// many of a hundred searches find the face (YuNet, enlarged twice).
const SIZES: [Size; 7] = [
    (12.0, 0.06, 55),
    (14.0, 0.055, 75),
    (16.0, 0.05, 85),
    (20.0, 0.028, 95),
    (24.0, 0.023, 97),
    (32.0, 0.023, 99),
    (48.0, 0.018, 100),
];
type Size = (f32, f32, usize);
/// Frames from one search to the next, and until its answer arrives.
const SEARCH: u64 = 4;
const LATE: u64 = 2;
const NOISE: f32 = 3.0;

/// What became of a face in a sequence, from its second second on.
#[derive(Debug, Default)]
struct FaceOutcome {
    /// The frames in which it was followed, by its number.
    counts: Vec<(u64, u32)>,
    last: Option<Point>,
    /// Motion of the crop against the face from frame to frame, in sides.
    motions: Vec<f32>,
    /// How far the crop is off, in sides.
    offs: Vec<Point>,
}

impl FaceOutcome {
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
        self.offs.push(off);
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
        let sum: f32 = self.offs.iter().map(|off| off.x.hypot(off.y)).sum();
        sum / self.offs.len().max(1) as f32
    }

    /// How far it is behind a face that walks to the right, against `still`.
    fn lag(&self, still: &FaceOutcome) -> f32 {
        let mean =
            |offs: &[Point]| offs.iter().map(|off| off.x).sum::<f32>() / offs.len().max(1) as f32;
        mean(&still.offs) - mean(&self.offs)
    }
}

/// The trackers by templates alone, and by landmarks.
fn trackers() -> [Tracker; 2] {
    [Tracker::new(), with_landmarks::tracker()]
}

/// Follows the face of `walk` through 90 frames that place it by `place` (from the canonical face).
fn follow(
    walk: &mut Walk,
    (side, error, hits): Size,
    step: Duration,
    place: impl Fn(u64) -> Similarity,
) -> [FaceOutcome; 2] {
    let mut pending = None;
    let mut runs = trackers().map(|tracker| (tracker, FaceOutcome::default()));
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

/// One that stands still; `k` says where the pixels' grid lies.
fn standing(side: f32, k: usize) -> Similarity {
    let at = Point::new(150.3 + gaussian(3 + k), 121.6 + gaussian(30 + k));
    Walk::placed(at, side, 0.02)
}

/// What a face does that stands still, and that walks slowly and quickly: by templates alone and by
/// landmarks.
fn figures(walk: &mut Walk, size: Size, k: usize) -> [[FaceOutcome; 3]; 2] {
    let [still, slow, quick] = [
        follow(walk, size, FRAME, |_| standing(size.0, k)),
        follow(walk, size, FRAME, |i| walking(size.0, 0.7, i)),
        follow(walk, size, FRAME, |i| walking(size.0, 2.8, i)),
    ];
    let runs = still.into_iter().zip(slow).zip(quick);
    let mut runs = runs.map(|((still, slow), quick)| [still, slow, quick]);
    std::array::from_fn(|_| runs.next().unwrap())
}

#[test]
fn small_faces_are_followed_as_the_same_and_stand_still() {
    for size in SIZES {
        let runs = figures(&mut Walk::new(320, 240, NOISE), size, 0);
        for (run, by_landmarks) in runs.iter().zip([false, true]) {
            // By templates alone, faces below 16 pixels move by up to 1.3 %.
            let least = if by_landmarks || size.0 >= 16.0 {
                0.01
            } else {
                0.014
            };
            let figures = format!("{size:?}, landmarks {by_landmarks}: {run:?}");
            assert!(run[0].largest_motion() < least, "{figures}");
            for outcome in run {
                assert!(outcome.followed() >= 0.95, "{figures}");
                assert!(outcome.error() < 0.05, "{figures}");
            }
        }
    }
}

/// The table of `models/MODEL_CARD.md`: means of some faces of CelebA, which are not in this repository.
#[test]
#[ignore = "takes minutes, on pictures that are not in this repository"]
fn celebas_faces_are_followed() {
    let faces: Vec<_> = celeba::faces(613).take(12).collect();
    let mut err = std::io::stderr();
    writeln!(err, "{} faces", faces.len()).ok();
    for size in SIZES.into_iter().filter(|_| !faces.is_empty()) {
        // Followed, error, motion at rest: mean and largest, lag; in per cent.
        let mut sums = [0.0; 5];
        for (k, (picture, landmarks)) in faces.iter().enumerate() {
            let mut walk = Walk::of(picture, *landmarks, (320, 240), NOISE);
            let [_, run] = figures(&mut walk, size, k);
            let [still, slow, quick] = &run;
            let mean = |of: fn(&FaceOutcome) -> f32| run.iter().map(of).sum::<f32>() / 3.0;
            let motion = still.motions.iter().sum::<f32>() / still.motions.len().max(1) as f32;
            let lag = (slow.lag(still) + quick.lag(still)) / 2.0;
            let row = [
                mean(FaceOutcome::followed),
                mean(FaceOutcome::error),
                motion,
                still.largest_motion(),
                lag,
            ];
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, v)| *sum += 100.0 * v / faces.len() as f32);
            assert!(
                still.largest_motion() < 0.01,
                "{size:?}, face {k}: {still:?}"
            );
        }
        let [followed, error, motion, largest, lag] = sums;
        writeln!(
            err,
            "| {} | {followed:.1} % | {error:.1} % | {motion:.2} % | {largest:.2} % | {lag:.1} % |",
            size.0
        )
        .ok();
        assert!(followed > 98.0 && error < 3.0 && lag < 1.0, "{size:?}");
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
        let mut walk = Walk::new(960, 240, NOISE);
        for outcome in follow(&mut walk, size, step, place) {
            assert!(outcome.followed() >= 0.95, "{size:?}: {outcome:?}");
        }
    }
}

/// Who walks away until they are too small to be shown, and comes back at once.
#[test]
fn a_face_is_not_given_while_it_is_smaller_than_the_smallest() {
    let options = SearchOptions {
        min_face: 30,
        ..SearchOptions::LIVE
    };
    let mut tracker = open_tracker("auto", &options).unwrap();
    let mut walk = Walk::new(160, 120, 1.0);
    let mut ids = Vec::new();
    for i in 0..90 {
        let side = 30.0 + 10.0 * (std::f32::consts::TAU * i as f32 / 60.0).cos();
        let placed = Walk::placed(Point::new(80.0, 60.0), side, 0.0);
        let landmarks = walk.landmarks(&placed);
        let frame = walk.draw(i, &[placed]);
        let face = Detection {
            face_box: canonical::box_of_landmarks(&landmarks),
            landmarks: Some(landmarks),
            confidence: 0.9,
        };
        let large = face.side().filter(|side| *side >= options.least_side());
        let found = searched(frame, large.map(|_| face).as_slice());
        let faces = tracker.update(FRAME * i as u32, frame, Some(&found));
        for face in faces {
            let shown = face.detection.side().unwrap();
            assert!(shown >= 27.0, "frame {i}: {shown} of {side}");
        }
        match side {
            ..25.0 => assert!(faces.is_empty(), "frame {i}: {faces:?}"),
            31.0.. => assert_eq!(faces.len(), 1, "frame {i}, {side}"),
            _ => {}
        }
        ids.extend(faces.iter().map(|face| face.id));
    }
    ids.dedup();
    assert_eq!(ids, [1]);
}
