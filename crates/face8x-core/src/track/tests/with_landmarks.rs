//! The tracker with the landmark network, on portraits whose landmarks are known.

use super::*;
use crate::align::Aligner;
use crate::frame::PixelFormat;
use crate::geometry::canonical;
use crate::geometry::{CANONICAL_LANDMARKS, HR_SIDE, LR_SIDE, Landmarks, Point, Similarity};
use crate::restore::{self, Restorer};
use crate::testing::scene::{Portraits, SquaresScene};

const SIZE: (u32, u32) = (320, 240);
/// Frames from one search to the next, and until its answer arrives.
const SEARCH: u64 = 8;

pub(super) fn tracker() -> Tracker {
    Tracker::with_landmarks(LandmarkFinder::new().unwrap())
}

/// What a detector finds: upright boxes that jitter as rustface's do on a still face (1.5 % of the
/// side and 4 % in size).
fn found(picture: &Downscaled, faces: &[Landmarks]) -> Detections {
    let boxed = |(k, landmarks): (usize, &Landmarks)| {
        let truth = canonical::face_box(&canonical::from_landmarks(landmarks).unwrap());
        let seed = 31 * picture.sequence as usize + 7 * k;
        let (centre, side) = (truth.centre(), truth.w * (1.0 + 0.069 * random(seed)));
        let moved = |k: usize| 0.026 * truth.w * random(seed + k);
        Detection {
            face_box: Rect::square(Point::new(centre.x + moved(1), centre.y + moved(2)), side),
            landmarks: None,
            confidence: 0.9,
        }
    };
    Detections {
        picture: picture.clone(),
        found: faces.iter().enumerate().map(boxed).collect(),
    }
}

/// A wandering, nodding face that comes nearer and goes away, in frame `i` at 30 frames a second.
fn wandering(scene: &Portraits, i: u64) -> Similarity {
    let t = i as f32 / 30.0;
    let at = Point::new(
        160.0 + 45.0 * (1.1 * t).sin(),
        110.0 + 25.0 * (1.7 * t).cos(),
    );
    scene.placed(at, 26.0 + 4.0 * (0.7 * t).sin(), 0.15 * (0.9 * t).sin())
}

/// How far `face`'s alignment is off, for each landmark, in pixels of the canonical face.
fn off(face: &Face, truth: &Landmarks) -> [Point; 5] {
    let truth = canonical::from_landmarks(truth).unwrap();
    let shown = face.detection.to_canonical().unwrap().invert();
    CANONICAL_LANDMARKS.map(|p| {
        let at = truth.apply(shown.apply(p));
        Point::new(at.x - p.x, at.y - p.y)
    })
}

fn length(points: &[Point; 5]) -> f32 {
    points.iter().map(|p| p.x.hypot(p.y)).sum::<f32>() / 5.0
}

fn difference(a: &[Point; 5], b: &[Point; 5]) -> [Point; 5] {
    std::array::from_fn(|k| Point::new(a[k].x - b[k].x, a[k].y - b[k].y))
}

/// Restores the face that a detection aligns.
struct FaceStudio {
    aligner: Aligner,
    restorer: Box<dyn Restorer>,
}

impl FaceStudio {
    fn restore(&mut self, plane: &Downscaled, face: &Face) -> Vec<u32> {
        let mut frame = Frame::empty();
        frame.format = PixelFormat::Grey;
        (frame.width, frame.height) = (plane.width, plane.height);
        frame.stride = plane.width as usize;
        frame.bytes.clone_from(&plane.bytes);
        let to_canonical = face.detection.to_canonical().unwrap();
        let mut lr = [0; LR_SIDE * LR_SIDE * 3];
        let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
        self.aligner.lr(&frame, &to_canonical, &mut lr).unwrap();
        self.restorer.restore(&lr, &mut sr).unwrap();
        sr.iter().map(|pixel| pixel >> 8 & 255).collect()
    }
}

/// Means over the frames of a run: the alignment's error and its change from one frame to the next,
/// in per cent of the eye distance, and that of the restored picture in grey levels.
#[derive(Debug)]
struct AlignmentFigures {
    error: f32,
    wobble: f32,
    flicker: f32,
}

fn follow(mut tracker: Tracker, frames: u64) -> AlignmentFigures {
    let mut scene = Portraits::new(SIZE.0, SIZE.1);
    let mut studio = FaceStudio {
        aligner: Aligner::new(),
        restorer: restore::open("auto", None, 1).unwrap(),
    };
    let (mut pending, mut last) = (None, None::<([Point; 5], Vec<u32>)>);
    let mut sums = AlignmentFigures {
        error: 0.0,
        wobble: 0.0,
        flicker: 0.0,
    };
    let mut counted = 0.0;
    for i in 0..frames {
        let placed = wandering(&scene, i);
        let truth = scene.landmarks(&placed);
        let plane = scene.draw(i, &[placed], false);
        let arrived: Option<Detections> = if i % SEARCH == 0 {
            pending.take()
        } else {
            None
        };
        if i % SEARCH == 0 {
            pending = Some(found(plane, &[truth]));
        }
        let faces = tracker.update(FRAME * i as u32, plane, arrived.as_ref());
        let Some(face) = faces.first().filter(|_| i >= 2 * SEARCH) else {
            assert!(i <= SEARCH || !faces.is_empty(), "lost at frame {i}");
            continue;
        };
        let (off, sr) = (off(face, &truth), studio.restore(plane, face));
        if let Some((off_before, sr_before)) = &last {
            let changes = sr.iter().zip(sr_before).map(|(a, b)| a.abs_diff(*b));
            sums.flicker += changes.sum::<u32>() as f32 / sr.len() as f32;
            sums.wobble += length(&difference(&off, off_before)) / 0.28;
            sums.error += length(&off) / 0.28;
            counted += 1.0;
        }
        last = Some((off, sr));
    }
    AlignmentFigures {
        error: sums.error / counted,
        wobble: sums.wobble / counted,
        flicker: sums.flicker / counted,
    }
}

#[test]
fn the_restored_picture_wobbles_less_than_by_detections_alone() {
    let by_detections = follow(Tracker::new(), 200);
    let by_landmarks = follow(tracker(), 200);
    let figures = format!("{by_landmarks:?}, by detections alone {by_detections:?}");
    writeln_err(&figures);
    assert!(by_landmarks.error < by_detections.error, "{figures}");
    assert!(by_landmarks.wobble < by_detections.wobble, "{figures}");
    assert!(by_landmarks.flicker < by_detections.flicker, "{figures}");
}

#[test]
fn the_detector_may_rest_only_while_the_network_finds_the_face() {
    let mut scene = Portraits::new(SIZE.0, SIZE.1);
    let mut tracker = tracker();
    assert!(!tracker.settled(), "no face is followed");
    let placed = [scene.placed(Point::new(150.0, 100.0), 28.0, 0.1)];
    let truth = scene.landmarks(&placed[0]);
    let first = found(scene.draw(0, &placed, false), &[truth]);
    let mut lost = None;
    for i in 0..120_u64 {
        let hide = (30..45).contains(&i);
        let there = if i < 80 { &placed[..] } else { &[] };
        let plane = scene.draw(i, there, hide);
        let arrived = (i == 0).then_some(&first);
        let faces = tracker.update(FRAME * i as u32, plane, arrived);
        let (count, settled) = (faces.len(), tracker.settled());
        match i {
            0..30 | 50..80 => assert!(settled && count == 1, "frame {i}"),
            // Covered by something: it is held, and the detector is asked.
            30..45 => assert!(!settled && count == 1, "frame {i}"),
            45..50 => assert_eq!(count, 1),
            _ => {
                assert!(!settled, "there is no face in frame {i}");
                lost = lost.or((count == 0).then_some(i));
            }
        }
    }
    let lost = lost.expect("a face that has left is not followed for ever");
    assert!((80..=112).contains(&lost), "dropped at frame {lost}");
}

#[test]
fn what_shows_no_face_is_followed_by_its_template_alone() {
    let mut scene = SquaresScene::new(640, 480, 2);
    let mut tracker = tracker();
    let place = FaceSquare {
        centre: Point::new(320.0, 240.0),
        side: 120.0,
    };
    for i in 0..10 {
        let plane = scene.draw(i, &[(3, place)]);
        let found = Detections {
            picture: plane.clone(),
            found: vec![Detection {
                face_box: Rect::square(place.centre, place.side),
                landmarks: None,
                confidence: 0.9,
            }],
        };
        let faces = tracker.update(FRAME * i as u32, plane, Some(&found));
        assert_eq!(faces.len(), 1);
        assert_eq!(faces[0].detection.landmarks, None, "a texture's landmarks");
        assert!(!tracker.settled());
    }
}

#[test]
fn eight_faces_have_their_landmarks() {
    assert_eq!(follow_eight(tracker()), 8);
}

#[test]
fn the_faces_that_are_not_followed_closely_have_theirs_in_turns() {
    let mut tracker = tracker();
    tracker.follow_closely(2);
    assert_eq!(follow_eight(tracker), 3);
}

/// Follows eight portraits that sway from one detection on, and checks each one's landmarks in every frame.
/// Gives the largest number of faces of which the network was asked in a frame: those whose landmarks
/// changed their places within the box.
fn follow_eight(mut tracker: Tracker) -> usize {
    const COUNT: usize = 8;
    let mut scene = Portraits::new(640, 480);
    let mut before: Vec<(u64, Landmarks)> = Vec::new();
    let mut most = 0;
    for i in 0..40 {
        let sway = 12.0 * (i as f32 / 6.0).sin();
        let placed: [Similarity; COUNT] = std::array::from_fn(|k| {
            let column = 80.0 + 160.0 * (k % 4) as f32;
            let at = Point::new(column + sway, 110.0 + 230.0 * (k / 4) as f32);
            scene.placed(at, 24.0, 0.1 * (k as f32 - 3.5) / 3.5)
        });
        let truths = placed.map(|placed| scene.landmarks(&placed));
        let plane = scene.draw(i, &placed, false);
        let first = (i == 0).then(|| found(plane, &truths));
        let faces = tracker.update(FRAME * i as u32, plane, first.as_ref());
        assert_eq!(faces.len(), COUNT, "frame {i}");
        if i < 10 {
            continue;
        }
        assert!(tracker.settled(), "frame {i}");
        let mut now = Vec::new();
        for face in tracker.faces() {
            let nearest = truths
                .iter()
                .map(|truth| length(&off(face, truth)))
                .fold(f32::INFINITY, f32::min);
            assert!(nearest / 0.28 < 12.0, "frame {i}: {nearest} pixels off");
            let at = FaceSquare::of(&face.detection.face_box);
            now.push((face.id, at.relative(&face.detection.landmarks.unwrap())));
        }
        now.sort_by_key(|(id, _)| *id);
        if !before.is_empty() {
            let ids = |faces: &[(u64, Landmarks)]| faces.iter().map(|f| f.0).collect::<Vec<_>>();
            assert_eq!(ids(&now), ids(&before), "frame {i}");
            let moved = |(a, b): &(&(u64, Landmarks), &(u64, Landmarks))| {
                (0..5).any(|k| (a.1[k].x - b.1[k].x).hypot(a.1[k].y - b.1[k].y) > 1e-4)
            };
            most = most.max(now.iter().zip(&before).filter(moved).count());
        }
        before = now;
    }
    most
}

fn writeln_err(line: &str) {
    use std::io::Write;
    // A test's own output is not what it tests.
    let _ = writeln!(std::io::stderr(), "{line}");
}
