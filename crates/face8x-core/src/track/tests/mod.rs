//! The tracker on scenes whose truth is known.

mod any_input;
mod keeping;
mod walking;
mod with_landmarks;

use super::*;
use crate::downscaled::Downscaled;
use crate::face::Detection;
use crate::frame::Frame;
use crate::geometry::{CANONICAL_LANDMARKS, Point, Rect};
use crate::testing::scene::{SquaresScene, noise};

const FRAME: Duration = Duration::from_millis(33);

fn place(x: f32, y: f32, side: f32) -> FaceSquare {
    FaceSquare {
        centre: Point::new(x, y),
        side,
    }
}

fn detection(place: FaceSquare) -> Detection {
    Detection {
        face_box: Rect::square(place.centre, place.side),
        landmarks: None,
        confidence: 0.9,
    }
}

fn located(picture: &Downscaled, places: &[FaceSquare]) -> Detections {
    let found = places.iter().map(|p| detection(*p)).collect();
    Detections {
        picture: picture.clone(),
        found,
    }
}

/// Detections without pictures.
fn blind(sequence: u64, places: &[FaceSquare]) -> Detections {
    let frame = Downscaled {
        frame_width: 640,
        frame_height: 480,
        sequence,
        ..Downscaled::default()
    };
    located(&frame, places)
}

fn distance(face: &Face, place: FaceSquare) -> f32 {
    let c = face.detection.face_box.centre();
    (c.x - place.centre.x).hypot(c.y - place.centre.y)
}

fn ids(faces: &[Face]) -> Vec<u64> {
    faces.iter().map(|face| face.id).collect()
}

/// A value between -1 and 1 that looks random, with a standard deviation of 0.58.
fn random(i: usize) -> f32 {
    f32::from(noise(i)) / 127.5 - 1.0
}

fn deviation(values: &[f32]) -> f32 {
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt()
}

#[test]
fn a_moving_face_is_tracked_to_half_a_pixel_over_100_frames() {
    // One detection alone, then 100 frames by the template: pixels of the 320x240 plane.
    let mut scene = SquaresScene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let mut worst = 0.0f32;
    for i in 0..=100 {
        let t = i as f32 / 30.0;
        let truth = place(
            300.0 + 90.0 * (1.3 * t).sin(),
            240.0 + 50.0 * (2.1 * t).cos(),
            120.0,
        );
        let plane = scene.draw(i, &[(3, truth)]);
        let first = (i == 0).then(|| located(plane, &[truth]));
        tracker.update(FRAME * i as u32, plane, first.as_ref());
        assert_eq!(tracker.paths.len(), 1, "lost at frame {i}");
        let at = tracker.paths[0].place.centre;
        worst = worst.max((at.x - truth.centre.x).hypot(at.y - truth.centre.y) / 2.0);
    }
    assert!(worst < 0.5, "{worst} pixels");
}

#[test]
fn a_growing_face_is_followed_in_size() {
    let mut scene = SquaresScene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    for i in 0..=40 {
        let truth = place(320.0, 240.0, 90.0 * 1.01f32.powi(i));
        let plane = scene.draw(i as u64, &[(5, truth)]);
        let first = (i == 0).then(|| located(plane, &[truth]));
        let faces = tracker.update(FRAME * i as u32, plane, first.as_ref());
        let ratio = faces[0].detection.face_box.w / truth.side;
        assert!(ratio.ln().abs() < 0.03, "{ratio} at frame {i}");
    }
}

#[test]
fn a_detection_that_is_ten_frames_late_lands_on_the_face_of_now() {
    let mut scene = SquaresScene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let truth = |i: u64| place(200.0 + 6.0 * i as f32, 250.0 - 2.0 * i as f32, 120.0);
    let mut pending: Option<Detections> = None;
    for i in 0..60 {
        let plane = scene.draw(i, &[(7, truth(i))]).clone();
        let arrived = if i % 10 == 0 { pending.take() } else { None };
        if i % 10 == 0 {
            pending = Some(located(&plane, &[truth(i)]));
        }
        let faces = tracker.update(FRAME * i as u32, &plane, arrived.as_ref());
        assert_eq!(faces.len(), usize::from(i >= 10));
        if let Some(face) = faces.first() {
            assert_eq!(face.id, 1);
            // 1.6 sides a second; the first frame is exact, later ones lag by the filter's 2 %.
            assert!(
                distance(face, truth(i)) < 0.02 * 120.0,
                "frame {i}: {face:?}"
            );
        }
    }
}

#[test]
fn jittering_detections_of_still_and_moving_faces_are_smoothed() {
    // Detections jitter by 3 % of the side and 4 % in size (standard deviation), four times a second.
    let (side, noise) = (120.0, 1.73);
    let mut scene = SquaresScene::new(640, 480, 2);
    for speed in [0.0, 120.0] {
        let truth = |i: u64| place(180.0 + speed * i as f32 / 30.0, 240.0, side);
        let mut tracker = Tracker::new();
        let (mut raw, mut shown, mut sizes, mut lag) = (vec![], vec![], vec![], 0.0f32);
        let mut pending: Option<Detections> = None;
        let frames = if speed > 0.0 { 75 } else { 300 };
        for i in 0..frames {
            let plane = scene.draw(i, &[(9, truth(i))]).clone();
            let mut arrived = None;
            if i % 8 == 0 {
                arrived = pending.take();
                let mut trembling = truth(i);
                let k = 5 * i as usize;
                trembling.centre.x += 0.03 * noise * side * random(k);
                trembling.centre.y += 0.03 * noise * side * random(k + 1);
                trembling.side *= 1.0 + 0.04 * noise * random(k + 2);
                raw.push(trembling.centre.x - truth(i).centre.x);
                pending = Some(located(&plane, &[trembling]));
            }
            let faces = tracker.update(FRAME * i as u32, &plane, arrived.as_ref());
            if i > 60 {
                let face_box = faces[0].detection.face_box;
                shown.push(face_box.centre().x - truth(i).centre.x);
                sizes.push(face_box.w);
                lag = lag.max((truth(i).centre.x - face_box.centre().x) / side);
            }
        }
        assert!(
            deviation(&shown) < 0.5 * deviation(&raw),
            "at {speed}: {}",
            deviation(&shown)
        );
        assert!(
            deviation(&sizes) < 0.5 * 0.04 * side,
            "at {speed}: {}",
            deviation(&sizes)
        );
        assert!(lag < 0.03, "at {speed}: {lag}");
    }
}

#[test]
fn a_face_that_moves_by_one_side_a_second_is_hardly_late() {
    let mut scene = SquaresScene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let mut lag = 0.0f32;
    for i in 0..60 {
        let truth = place(150.0 + 120.0 * i as f32 / 30.0, 240.0, 120.0);
        let plane = scene.draw(i, &[(9, truth)]);
        let exact = (i % 8 == 0).then(|| located(plane, &[truth]));
        let faces = tracker.update(FRAME * i as u32, plane, exact.as_ref());
        lag = lag.max(distance(&faces[0], truth) / 120.0);
    }
    assert!(lag < 0.02, "{lag}");
}

#[test]
fn a_jump_of_the_detected_size_is_taken_over_smoothly() {
    let mut scene = SquaresScene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let truth = place(320.0, 240.0, 120.0);
    let mut last = 120.0;
    for i in 0..40 {
        let plane = scene.draw(i, &[(9, truth)]);
        // rustface's pyramid: the same face, now 12 % larger, now 12 % smaller.
        let jumping = place(320.0, 240.0, if i % 8 < 4 { 134.0 } else { 106.0 });
        let found = (i % 4 == 0).then(|| located(plane, &[jumping]));
        let faces = tracker.update(FRAME * i as u32, plane, found.as_ref());
        let side = faces[0].detection.face_box.w;
        if i > 0 {
            assert!(
                (side / last).ln().abs() < 0.02,
                "{last} to {side} at frame {i}"
            );
        }
        if i > 20 {
            assert!((side / 120.0).ln().abs() < 0.07, "{side} at frame {i}");
        }
        last = side;
    }
}
