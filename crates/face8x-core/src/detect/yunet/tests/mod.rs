mod shares;

use std::io::Write as _;
use std::path::PathBuf;

use super::*;
use crate::detect::Extent;
use crate::frame::PixelFormat;
use crate::geometry::{HR_SIDE, Landmarks, canonical};
use crate::testing::reference::noise_frame;
use crate::testing::scene;

const LIVE: SearchOptions = SearchOptions::LIVE;
const PHOTO: SearchOptions = SearchOptions::PHOTO;

fn found(detector: &mut dyn Detector, frame: &Frame) -> Vec<Detection> {
    let mut found = Vec::new();
    detector.detect(frame, &mut found).unwrap();
    found
}

/// How far off the landmarks are, by the side of the crop.
fn error(face: &Detection, truth: &Landmarks) -> f32 {
    let side = HR_SIDE as f32 / canonical::from_landmarks(truth).unwrap().scale();
    let points = face.landmarks.unwrap();
    let apart = points
        .iter()
        .zip(truth)
        .map(|(p, q)| (p.x - q.x).hypot(p.y - q.y));
    apart.sum::<f32>() / 5.0 / side
}

#[test]
fn the_astronauts_landmarks_are_found_at_every_size() {
    let mut detector = embedded(&PHOTO).unwrap();
    for side in [16.0, 24.0, 48.0, 96.0, 200.0] {
        let (frame, truth) = scene::portrait_frame(320, 240, &[(Point::new(150.3, 110.6), side)]);
        let found = found(&mut detector, &frame);
        assert_eq!(found.len(), 1, "{side}: {found:?}");
        // The points read off the portrait span more than those that the network learnt from.
        let off = error(&found[0], &truth[0]);
        assert!(off < if side < 32.0 { 0.12 } else { 0.06 }, "{side}: {off}");
    }
}

#[test]
fn no_face_below_the_smallest_is_reported() {
    let faces = [
        (Point::new(80.0, 60.0), 20.0),
        (Point::new(200.0, 120.0), 60.0),
    ];
    let (frame, _) = scene::portrait_frame(320, 240, &faces);
    for (min_face, count) in [(12, 2), (26, 1), (50, 1), (80, 0), (5000, 0), (u32::MAX, 0)] {
        for extent in [Extent::Whole, Extent::InTurn] {
            let options = SearchOptions { min_face, extent };
            let found = found(&mut embedded(&options).unwrap(), &frame);
            assert_eq!(found.len(), count, "{min_face} {extent:?}: {found:?}");
            assert!(
                found
                    .iter()
                    .all(|face| face.side().unwrap() >= 0.9 * min_face as f32)
            );
        }
    }
}

#[test]
fn a_small_face_is_found_by_turns_and_then_every_time() {
    let at = Point::new(560.0, 400.0);
    let mut detector = embedded(&LIVE).unwrap();
    let counts: Vec<usize> = (0..8)
        .map(|k| {
            let at = Point::new(at.x + 2.0 * k as f32, at.y);
            let (frame, _) = scene::portrait_frame(640, 480, &[(at, 16.0)]);
            found(&mut detector, &frame).len()
        })
        .collect();
    // It lies in the last of four tiles.
    assert_eq!(counts, [0, 0, 0, 1, 1, 1, 1, 1]);
    let (empty, _) = scene::portrait_frame(640, 480, &[]);
    for misses in 1..=MAX_MISSES {
        assert!(found(&mut detector, &empty).is_empty());
        assert_eq!(detector.known.is_empty(), misses == MAX_MISSES);
    }
}

#[test]
fn faces_at_the_borders_of_tiles_are_found_once() {
    let mut detector = embedded(&PHOTO).unwrap();
    let places = [
        (320.0, 100.0, 18.0),
        (316.0, 240.0, 28.0),
        (100.0, 236.0, 22.0),
        (500.0, 380.0, 90.0),
    ];
    let faces = places.map(|(x, y, side)| (Point::new(x, y), side));
    let (frame, truth) = scene::portrait_frame(640, 480, &faces);
    let found = found(&mut detector, &frame);
    assert_eq!(found.len(), faces.len(), "{found:?}");
    for truth in &truth {
        assert!(
            found.iter().any(|face| error(face, truth) < 0.08),
            "{truth:?}"
        );
    }
}

#[test]
fn pictures_of_any_size_and_format_are_searched() {
    let mut detector = embedded(&SearchOptions {
        min_face: 24,
        ..PHOTO
    })
    .unwrap();
    for (width, height) in [(1, 1), (2, 31), (16, 1500), (33, 700), (1500, 17)] {
        for format in [PixelFormat::Rgb3, PixelFormat::Yuyv, PixelFormat::Grey] {
            let frame = noise_frame(format, width, height, 3, 5);
            let found = found(&mut detector, &frame);
            assert!(found.is_empty(), "{width}x{height}: {found:?}");
        }
    }
    let mut short = noise_frame(PixelFormat::Rgb3, 64, 64, 0, 1);
    short.bytes.truncate(1000);
    let mut all = vec![];
    assert!(detector.detect(&short, &mut all).is_err());
}

#[test]
fn a_camera_that_comes_back_with_another_size_is_searched_anew() {
    let mut detector = embedded(&LIVE).unwrap();
    let face = [(Point::new(100.0, 80.0), 60.0)];
    for (width, height) in [(320, 240), (200, 180), (640, 480)] {
        let (frame, _) = scene::portrait_frame(width, height, &face);
        assert_eq!(found(&mut detector, &frame).len(), 1, "{width}x{height}");
    }
}

#[test]
fn a_wrong_file_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no.onnx");
    std::fs::write(&file, b"this is no ONNX file").unwrap();
    let refused = |file: &str| open(file, &LIVE).err().unwrap();
    let error = refused(file.to_str().unwrap());
    assert!(error.to_string().contains("is not YuNet"), "{error}");
    std::fs::write(&file, b"").unwrap();
    let error = refused(file.to_str().unwrap());
    assert!(error.to_string().ends_with("is empty"), "{error}");
    std::fs::write(&file, crate::network::EMBEDDED_MODEL).unwrap();
    let error = refused(file.to_str().unwrap());
    assert!(error.to_string().contains("is not YuNet"), "{error}");
    let error = refused("/dev/zero");
    assert!(error.to_string().contains("not a regular file"), "{error}");
    let error = refused("/no/such/file.onnx");
    assert!(error.to_string().contains("/no/such/file.onnx"), "{error}");
    assert!(error.remedy_text().unwrap().contains("yunet:"));
}

#[test]
fn a_file_of_the_embedded_form_finds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.onnx");
    std::fs::write(&file, DETECTOR_MODEL).unwrap();
    let mut own = open(file.to_str().unwrap(), &PHOTO).unwrap();
    let (frame, _) = scene::portrait_frame(320, 240, &[(Point::new(150.0, 110.0), 70.0)]);
    let expected = found(&mut embedded(&PHOTO).unwrap(), &frame);
    assert_eq!(expected.len(), 1);
    assert_eq!(found(own.as_mut(), &frame), expected);
}

/// On networks in float that are not in this repository.
#[test]
fn float_networks_of_fixed_and_open_size_find_the_same_faces() {
    for name in ["yunet_n_320_320.onnx", "yunet_n_dynamic.onnx"] {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/models")
            .join(name);
        if !file.is_file() {
            writeln!(std::io::stderr(), "skipped: there is no {}", file.display()).ok();
            continue;
        }
        let mut detector = open(
            file.to_str().unwrap(),
            &SearchOptions {
                min_face: 24,
                ..PHOTO
            },
        )
        .unwrap();
        let faces = [
            (Point::new(80.0, 60.0), 40.0),
            (Point::new(300.0, 180.0), 90.0),
        ];
        let (frame, truth) = scene::portrait_frame(400, 300, &faces);
        let found = found(detector.as_mut(), &frame);
        assert_eq!(found.len(), 2, "{name}: {found:?}");
        for truth in &truth {
            assert!(
                found.iter().any(|face| error(face, truth) < 0.08),
                "{name}: {found:?}"
            );
        }
    }
}
