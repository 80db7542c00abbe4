//! The tracker on scenes whose truth is known.

mod any_input;
mod with_landmarks;

use super::*;
use crate::geometry::{CANONICAL_LANDMARKS, Point};
use crate::testing::scene::{Scene, noise};

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
    let mut scene = Scene::new(640, 480, 2);
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
    let mut scene = Scene::new(640, 480, 2);
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
    let mut scene = Scene::new(640, 480, 2);
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
fn trembling_detections_of_still_and_moving_faces_are_smoothed() {
    // Detections tremble by 3 % of the side and 4 % in size (standard deviation), four times a second.
    let (side, noise) = (120.0, 1.73);
    let mut scene = Scene::new(640, 480, 2);
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
    let mut scene = Scene::new(640, 480, 2);
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
    let mut scene = Scene::new(640, 480, 2);
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

#[test]
fn two_faces_that_cross_keep_their_identity() {
    let mut scene = Scene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let left = |i: u64| place(120.0 + 8.0 * i as f32, 235.0, 100.0);
    let right = |i: u64| place(520.0 - 8.0 * i as f32, 245.0, 110.0);
    let mut named = None;
    for i in 0..50 {
        let (a, b) = (left(i), right(i));
        // `b` is in front; the detector finds `a` only where it is not covered.
        let plane = scene.draw(i, &[(11, a), (12, b)]);
        let apart = (a.centre.x - b.centre.x).abs() > 90.0;
        let visible = if apart { vec![a, b] } else { vec![b] };
        let found = (i % 5 == 0).then(|| located(plane, &visible));
        let faces = tracker.update(FRAME * i as u32, plane, found.as_ref());
        if apart && faces.len() == 2 {
            let nearest = |p: FaceSquare| {
                faces
                    .iter()
                    .min_by(|x, y| distance(x, p).total_cmp(&distance(y, p)))
                    .unwrap()
                    .id
            };
            let now = (nearest(a), nearest(b));
            assert_eq!(*named.get_or_insert(now), now, "exchanged at frame {i}");
        }
    }
    let faces = tracker.update(
        FRAME * 50,
        scene.draw(50, &[(11, left(50)), (12, right(50))]),
        None,
    );
    assert_eq!(faces.len(), 2);
    assert!(ids(faces).iter().all(|id| *id <= 2), "{faces:?}");
}

#[test]
fn a_face_that_leaves_is_held_faded_and_dropped_and_its_number_is_not_used_again() {
    let mut scene = Scene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let truth = place(320.0, 240.0, 120.0);
    let plane = scene.draw(0, &[(13, truth)]);
    let found = located(plane, &[truth]);
    assert_eq!(
        ids(tracker.update(Duration::ZERO, plane, Some(&found))),
        [1]
    );
    // Nobody there, and no word of the detector.
    let mut confidence = 0.9;
    let mut held = 0;
    for i in 1..60 {
        let faces = tracker.update(FRAME * i, scene.draw(u64::from(i), &[]), None);
        let Some(face) = faces.first() else { break };
        assert!(face.detection.confidence < confidence);
        assert!(distance(face, truth) < 5.0, "it wandered: {face:?}");
        confidence = face.detection.confidence;
        held = i;
    }
    assert_eq!(held, 30, "one second at 33 ms a frame");
    let plane = scene.draw(61, &[(13, truth)]);
    let found = located(plane, &[truth]);
    assert_eq!(ids(tracker.update(FRAME * 61, plane, Some(&found))), [2]);
}

#[test]
fn a_face_the_locator_misses_is_dropped_the_fourth_time() {
    let mut scene = Scene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let truth = place(320.0, 240.0, 120.0);
    for i in 0..7 {
        let plane = scene.draw(i, &[(13, truth)]);
        let found = located(plane, &[truth][..usize::from(i < 3)]);
        let faces = tracker.update(FRAME * i as u32, plane, Some(&found));
        assert_eq!(faces.len(), usize::from(i < 6), "frame {i}");
    }
}

#[test]
fn a_silent_locator_ends_every_path_after_five_seconds() {
    let mut scene = Scene::new(320, 240, 2);
    let mut tracker = Tracker::new();
    let truth = place(160.0, 120.0, 90.0);
    let plane = scene.draw(0, &[(13, truth)]).clone();
    let found = located(&plane, &[truth]);
    tracker.update(Duration::ZERO, &plane, Some(&found));
    assert_eq!(
        tracker
            .update(Duration::from_millis(4900), &plane, None)
            .len(),
        1
    );
    assert!(
        tracker
            .update(Duration::from_millis(5100), &plane, None)
            .is_empty()
    );
}

#[test]
fn the_largest_is_first_but_faces_of_like_size_do_not_change_places() {
    let mut tracker = Tracker::new();
    let empty = blind(0, &[]).picture;
    let at = |k: usize, side: f32| place(100.0 + 200.0 * k as f32, 240.0, side);
    let mut update = |i: u64, sides: [f32; 3]| {
        let found = blind(i, &[at(0, sides[0]), at(1, sides[1]), at(2, sides[2])]);
        let plane = Downscaled {
            sequence: i,
            ..empty.clone()
        };
        ids(tracker.update(FRAME * i as u32, &plane, Some(&found)))
    };
    assert_eq!(update(0, [60.0, 100.0, 80.0]), [2, 3, 1]);
    for i in 1..100 {
        let wobble = 6.0 * random(i as usize);
        let order = update(i, [60.0, 95.0 + wobble, 95.0 - wobble]);
        assert_eq!(order, [2, 3, 1], "frame {i}");
    }
    let mut order = vec![];
    for i in 100..140 {
        order = update(i, [60.0, 80.0, 110.0]);
    }
    assert_eq!(order, [3, 2, 1]);
}

#[test]
fn without_pictures_detections_alone_move_a_face() {
    let mut tracker = Tracker::new();
    for i in 0..40 {
        let truth = place(200.0 + 4.0 * i as f32, 240.0, 100.0);
        let found = blind(i, &[truth]);
        let faces = tracker.update(FRAME * i as u32, &found.picture, Some(&found));
        assert_eq!(ids(faces), [1]);
        assert!(distance(&faces[0], truth) < 25.0, "frame {i}: {faces:?}");
    }
    // A box that stands still is shown as it is.
    let mut tracker = Tracker::new();
    for i in 0..5 {
        let found = blind(i, &[place(320.0, 240.0, 100.0)]);
        let faces = tracker.update(FRAME * i as u32, &found.picture, Some(&found));
        assert!((faces[0].detection.face_box.x - 270.0).abs() < 1e-3);
        assert!((faces[0].detection.face_box.w - 100.0).abs() < 1e-3);
    }
}

#[test]
fn landmarks_go_with_the_face() {
    let mut scene = Scene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let truth = |i: u64| place(200.0 + 3.0 * i as f32, 240.0, 120.0);
    let landmarks = |p: FaceSquare| {
        let unit = p.side / 84.0;
        CANONICAL_LANDMARKS.map(|l| {
            Point::new(
                p.centre.x + (l.x - 64.0) * unit,
                p.centre.y + (l.y - 80.0) * unit,
            )
        })
    };
    for i in 0..30 {
        let plane = scene.draw(i, &[(15, truth(i))]);
        let mut found = located(plane, &[truth(i)]);
        found.found[0].landmarks = Some(landmarks(truth(i)));
        let faces = tracker.update(FRAME * i as u32, plane, (i % 7 == 0).then_some(&found));
        for (a, b) in faces[0]
            .detection
            .landmarks
            .unwrap()
            .iter()
            .zip(landmarks(truth(i)))
        {
            assert!((a.x - b.x).hypot(a.y - b.y) < 3.0, "frame {i}");
        }
    }
}

#[test]
fn a_frame_of_another_size_or_an_earlier_one_begins_anew() {
    let mut tracker = Tracker::new();
    let found = blind(5, &[place(320.0, 240.0, 100.0)]);
    assert_eq!(
        ids(tracker.update(FRAME * 5, &found.picture, Some(&found))),
        [1]
    );
    let small = Downscaled {
        frame_width: 320,
        frame_height: 240,
        ..found.picture.clone()
    };
    assert!(
        tracker.update(FRAME * 6, &small, Some(&found)).is_empty(),
        "a late find of the old size"
    );
    assert_eq!(
        ids(tracker.update(FRAME * 7, &found.picture, Some(&found))),
        [2]
    );
    assert!(tracker.update(FRAME, &found.picture, None).is_empty());
}

#[test]
fn a_template_from_rgb_of_another_size_is_found_in_luma() {
    let mut coarse = Scene::new(640, 480, 2);
    let mut fine = Scene::new(640, 480, 3);
    let (then, now) = (place(300.0, 220.0, 150.0), place(310.0, 225.0, 150.0));
    let mut rgb = fine.draw(0, &[(17, then)]).clone();
    rgb.bytes = rgb.bytes.iter().flat_map(|v| [*v; 3]).collect();
    rgb.channels = 3;
    let found = located(&rgb, &[then]);
    let mut tracker = Tracker::new();
    tracker.update(FRAME, coarse.draw(1, &[(17, now)]), Some(&found));
    let at = tracker.paths[0].place.centre;
    assert!(
        (at.x - now.centre.x).hypot(at.y - now.centre.y) < 1.5,
        "{at:?}"
    );
}

#[test]
fn at_most_eight_faces_are_followed() {
    let mut tracker = Tracker::new();
    let places: Vec<FaceSquare> = (0..40)
        .map(|k| {
            place(
                40.0 + 70.0 * (k % 8) as f32,
                40.0 + 90.0 * (k / 8) as f32,
                50.0,
            )
        })
        .collect();
    let found = blind(0, &places);
    for i in 0..3 {
        assert_eq!(
            tracker
                .update(FRAME * i, &found.picture, Some(&found))
                .len(),
            MAX_FACES
        );
    }
}
