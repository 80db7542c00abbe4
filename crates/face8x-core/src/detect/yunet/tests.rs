use std::io::Write as _;
use std::path::PathBuf;

use super::*;
use crate::testing::scene;

/// Outputs of one stride with nothing found.
struct Blank {
    stride: usize,
    class: Vec<f32>,
    object: Vec<f32>,
    boxes: Vec<f32>,
    points: Vec<f32>,
}

impl Blank {
    fn new(stride: usize) -> Self {
        let n = (SIDE / stride).pow(2);
        Blank {
            stride,
            class: vec![0.0; n],
            object: vec![0.0; n],
            boxes: vec![0.0; 4 * n],
            points: vec![0.0; 10 * n],
        }
    }

    fn decode(&self, factor: f32) -> Vec<(Rect, Detection)> {
        let mut candidates = Vec::new();
        let head = Head {
            stride: self.stride,
            class: &self.class,
            object: &self.object,
            boxes: &self.boxes,
            points: &self.points,
        };
        decode(head, factor, &mut candidates);
        candidates
    }
}

#[test]
fn decodes_an_anchor_by_hand() {
    let mut head = Blank::new(16);
    // Anchor at column 3, row 2 of 20 columns.
    let i = 2 * 20 + 3;
    (head.class[i], head.object[i]) = (0.81, 1.0);
    head.boxes[4 * i..][..4].copy_from_slice(&[0.5, 0.25, 2.0f32.ln(), 3.0f32.ln()]);
    head.points[10 * i..][..10]
        .copy_from_slice(&[-1.0, 0.0, 1.0, 0.0, 0.0, 1.0, -0.75, 2.0, 0.75, 2.0]);
    let found = head.decode(2.0);
    assert_eq!(found.len(), 1);
    let (own, detection) = found[0];
    // One unit is a stride of 16 pixels of the reduced picture, 32 of the frame.
    let expected = [3.5 * 32.0 - 32.0, 2.25 * 32.0 - 48.0, 64.0, 96.0];
    for (a, b) in [own.x, own.y, own.w, own.h].into_iter().zip(expected) {
        assert!((a - b).abs() < 1e-3, "{own:?}");
    }
    assert!((detection.confidence - 0.9).abs() < 1e-6);
    let landmarks = detection.landmarks.unwrap();
    assert_eq!(landmarks[0], Point::new(64.0, 64.0));
    assert_eq!(landmarks[1], Point::new(128.0, 64.0));
    assert_eq!(landmarks[2], Point::new(96.0, 96.0));
    assert_eq!(landmarks[4], Point::new(120.0, 128.0));
    // The landmarks span 64 x 64 about (96, 96), and 64 are 30 canonical pixels.
    let side = 64.0 * 84.0 / 30.0;
    assert!((detection.face_box.w - side).abs() < 1e-3);
    assert!((detection.face_box.centre().x - 96.0).abs() < 1e-3);
}

#[test]
fn left_is_left_in_the_picture() {
    let p = |x: f32| Point::new(x, 0.0);
    let turned = in_picture_order([p(5.0), p(1.0), p(3.0), p(6.0), p(2.0)]);
    assert_eq!(turned, [p(1.0), p(5.0), p(3.0), p(2.0), p(6.0)]);
}

#[test]
fn drops_the_unsure_and_what_is_no_number() {
    let mut head = Blank::new(32);
    (head.class[0], head.object[0]) = (0.6, 0.6);
    (head.class[1], head.object[1]) = (f32::NAN, 1.0);
    (head.class[2], head.object[2]) = (1.0, 1.0);
    head.boxes[4 * 2 + 2] = 1e9;
    (head.class[3], head.object[3]) = (1.0, 1.0);
    head.points[10 * 3] = f32::INFINITY;
    assert!(head.decode(1.0).is_empty());
}

#[test]
fn of_overlapping_boxes_the_surest_stays() {
    let detection = |confidence| Detection {
        face_box: Rect::default(),
        landmarks: None,
        confidence,
    };
    let mut candidates = vec![
        (Rect::new(0.0, 0.0, 10.0, 10.0), detection(0.7)),
        (Rect::new(1.0, 0.0, 10.0, 10.0), detection(0.9)),
        (Rect::new(50.0, 0.0, 10.0, 10.0), detection(0.8)),
        (Rect::new(1.0, 0.0, 10.0, 10.0), detection(0.85)),
    ];
    let mut found = Vec::new();
    keep_surest(&mut candidates, &mut found);
    let kept: Vec<f32> = found.iter().map(|d| d.confidence).collect();
    assert_eq!(kept, [0.9, 0.8]);
}

#[test]
fn a_wrong_file_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no.onnx");
    std::fs::write(&file, b"this is no ONNX file").unwrap();
    let error = open(file.to_str().unwrap()).err().unwrap();
    assert!(error.to_string().contains("is not YuNet"), "{error}");
    std::fs::write(&file, b"").unwrap();
    let error = open(file.to_str().unwrap()).err().unwrap();
    assert!(error.to_string().ends_with("is empty"), "{error}");
    let error = open("/dev/zero").err().unwrap();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    let error = open("/no/such/file.onnx").err().unwrap();
    assert!(error.to_string().contains("/no/such/file.onnx"), "{error}");
    assert!(error.remedy_text().unwrap().contains("yunet:"));
}

#[test]
fn another_network_is_told_apart_by_its_shapes() {
    let mut model = TypedModel::default();
    let source = model
        .add_source("input", f32::fact([1, 3, 16, 16]))
        .unwrap();
    model.select_output_outlets(&[source]).unwrap();
    let what = check(&model).err().unwrap();
    assert!(what.contains("[1, 3, 16, 16]"), "{what}");
    let mut model = TypedModel::default();
    let source = model
        .add_source("input", f32::fact([1, 3, SIDE, SIDE]))
        .unwrap();
    model.select_output_outlets(&[source]).unwrap();
    let what = check(&model).err().unwrap();
    assert!(what.contains("[1, 1600, 1]"), "{what}");
}

#[test]
fn refuses_luma_and_large_pictures() {
    let (luma, _) = scene::astronaut_luma(320, 240, 1);
    assert!(input(&luma).is_err());
    let (large, _) = scene::astronaut_rgb(400, 240, 1);
    assert!(input(&large).is_err());
}

#[test]
fn finds_the_astronauts_five_landmarks() {
    // The file belongs to the user: without it, this test has nothing to say.
    let file = std::env::var_os("FACE8X_YUNET")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/models/yunet_n_320_320.onnx")
        });
    if !file.is_file() {
        writeln!(
            std::io::stderr(),
            "skipped: FACE8X_YUNET does not name yunet_n_320_320.onnx"
        )
        .ok();
        return;
    }
    let mut detector = open(file.to_str().unwrap()).unwrap();
    for (width, height, factor) in [(320, 240, 2), (240, 320, 1)] {
        let (picture, truth) = scene::astronaut_rgb(width, height, factor);
        let mut found = Vec::new();
        detector.detect(&picture, &mut found).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        let landmarks = found[0].landmarks.unwrap();
        for (a, b) in landmarks.iter().zip(truth) {
            let distance = (a.x - b.x).hypot(a.y - b.y) / factor as f32;
            // 15 % of the distance between the eyes, which is 48 pixels; OpenCV's own decoding gives the
            // same points to a tenth of a pixel.
            assert!(distance < 7.2, "{landmarks:?} is not {truth:?}");
        }
        let expected = box_of_landmarks(&truth);
        assert!((found[0].face_box.w / expected.w).ln().abs() < 0.1);
    }
}
