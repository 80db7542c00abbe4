//! Which faces are kept, in which order, and when they are dropped.

use super::*;

#[test]
fn two_faces_that_cross_keep_their_identity() {
    let mut scene = SquaresScene::new(640, 480, 2);
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
fn a_face_that_leaves_is_kept_faded_and_dropped_and_its_number_is_not_used_again() {
    let mut scene = SquaresScene::new(640, 480, 2);
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
fn a_face_that_the_detector_misses_is_dropped_but_not_at_once() {
    let truth = place(320.0, 240.0, 120.0);
    // Frames from one search to the next, and the one in which the face is dropped: after a second and
    // a half, but at the second search without it at the earliest.
    for (every, dropped) in [(30, 120), (15, 76), (3, 52)] {
        let mut scene = SquaresScene::new(640, 480, 2);
        let mut tracker = Tracker::new();
        for i in 0..125 {
            let plane = scene.draw(i, &[(13, truth)]);
            let found = located(plane, &[truth][..usize::from(i <= 2 * every)]);
            let arrived = (i % every == 0).then_some(&found);
            let faces = tracker.update(FRAME * i as u32, plane, arrived);
            assert_eq!(
                faces.len(),
                usize::from(i < dropped),
                "frame {i} of {every}"
            );
        }
    }
}

#[test]
fn a_face_that_was_found_once_is_dropped_soon() {
    let mut scene = SquaresScene::new(640, 480, 2);
    let mut tracker = Tracker::new();
    let truth = place(320.0, 240.0, 120.0);
    for i in 0..20 {
        let plane = scene.draw(i, &[(13, truth)]);
        let found = located(plane, &[truth][..usize::from(i == 0)]);
        let faces = tracker.update(FRAME * i as u32, plane, Some(&found));
        assert_eq!(faces.len(), usize::from(i < 16), "frame {i}");
    }
}

#[test]
fn a_detector_without_results_ends_every_path_after_five_seconds() {
    let mut scene = SquaresScene::new(320, 240, 2);
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
    let mut scene = SquaresScene::new(640, 480, 2);
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
    let mut coarse = SquaresScene::new(640, 480, 2);
    let mut fine = SquaresScene::new(640, 480, 3);
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
fn no_more_than_the_most_faces_are_followed() {
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

#[test]
fn a_late_detection_lands_where_the_face_has_gone_and_not_on_what_is_behind_it() {
    // How far it has gone when the detection arrives, in sides; `None` where it has left.
    for way in [Some(0.0), Some(0.9), Some(-1.7), Some(2.2), None] {
        let mut scene = SquaresScene::new(640, 480, 1);
        let mut tracker = Tracker::new();
        let then = place(320.0, 240.0, 40.0);
        let found = located(scene.draw(0, &[(13, then)]), &[then]);
        let now = way.map(|way| (13, place(320.0 + 40.0 * way, 243.0, 40.0)));
        let frame = scene.draw(30, now.as_slice());
        let faces = tracker.update(FRAME * 30, frame, Some(&found));
        assert_eq!(faces.len(), usize::from(now.is_some()), "{way:?}");
        if let (Some(face), Some((_, now))) = (faces.first(), now) {
            assert!(distance(face, now) < 2.0, "{way:?}: {face:?}");
        }
    }
}
