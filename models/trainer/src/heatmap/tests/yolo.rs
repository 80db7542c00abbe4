use std::io::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;
use serde::Deserialize;

use super::super::yolo::{FeatureDetector, decode, is_transposed, letterbox, suppress};
use super::*;

/// What onnxruntime, OpenCV and numpy make of it; `tests/references/yolo_world.py` wrote it.
#[derive(Deserialize)]
struct YoloReference {
    confidence: f32,
    overlap: f32,
    /// Row, box, value of the network's output.
    raw: Vec<(usize, usize, f32)>,
    /// Class, left, top, right, bottom, score.
    detections: Vec<(usize, f32, f32, f32, f32, f32)>,
    synthetic: Synthetic,
    letterbox: Letterbox,
}

#[derive(Deserialize)]
struct Synthetic {
    raw: Vec<f32>,
    detections: Vec<(usize, f32, f32, f32, f32, f32)>,
}

#[derive(Deserialize)]
struct Letterbox {
    width: usize,
    height: usize,
    side: usize,
    seen: Vec<u8>,
}

fn reference() -> YoloReference {
    serde_json::from_str(include_str!("../../../tests/references/yolo_world.json")).unwrap()
}

/// The picture of the reference's formula.
fn picture(width: usize, height: usize) -> Vec<u8> {
    let level = |k: usize| {
        let (x, y, c) = (k / 3 % width, k / 3 / width, k % 3);
        (3 * x + 2 * y + 40 * c + ((x * y) >> 4)) as u8
    };
    (0..width * height * 3).map(level).collect()
}

/// What a processor's own form of the sigmoid may err: the resolution of floats near 1.
const LEAST: f32 = f32::EPSILON;

fn assert_same(found: &[FeatureDetection], wanted: &[(usize, f32, f32, f32, f32, f32)]) {
    let mut found: Vec<FeatureDetection> = found.to_vec();
    found.sort_by_key(|d| d.region.class);
    assert_eq!(found.len(), wanted.len());
    for (d, &(class, x0, y0, x1, y1, score)) in found.iter().zip(wanted) {
        let b = &d.region.bounds;
        assert_eq!(d.region.class, class);
        for (found, wanted) in [(b.x, x0), (b.y, y0), (b.x + b.w, x1), (b.y + b.h, y1)] {
            assert!((found - wanted).abs() < 1e-2, "{d:?} {x0} {y0} {x1} {y1}");
        }
        assert!(
            (d.score - score).abs() < 1e-5 * score + LEAST,
            "{d:?} {score}"
        );
    }
}

#[test]
fn decoding_and_suppression_are_those_of_the_reference() {
    let wanted = reference().synthetic;
    assert_eq!(wanted.raw.len(), 6 * 40);
    let found = suppress(decode(&wanted.raw, 2, 0.3), 0.47);
    assert_same(&found, &wanted.detections);
}

#[test]
fn the_letterbox_is_that_of_opencv() {
    let Letterbox {
        width,
        height,
        side,
        seen,
    } = reference().letterbox;
    let (found, _) = letterbox(&picture(width, height), width, height, side);
    assert_eq!(found.len(), seen.len());
    let apart = found.iter().zip(&seen).map(|(&a, &b)| a.abs_diff(b));
    assert!(apart.max() <= Some(1));
}

/// The true graph of YOLO-World v2 n with random weights: of no use to find anything, but every
/// operator, shape and row is where a trained one has it.
#[test]
fn the_true_graph_gives_what_it_gives_in_onnxruntime() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models");
    let path = shared.join("yolo-world-v2n-random.onnx");
    if !path.exists() {
        let mut log = std::io::stderr();
        writeln!(
            log,
            "skipped: the true YOLO-World graph: {} is missing",
            path.display()
        )
        .unwrap();
        return;
    }
    let wanted = reference();
    let classes = Classes {
        confidence: wanted.confidence,
        overlap: wanted.overlap,
        ..Classes::default()
    };
    let detector = FeatureDetector::load(&path, &classes).unwrap();
    let picture = picture(320, 320);
    let raw = detector.raw(&picture).unwrap();
    assert_eq!(raw.len(), 13 * 2100);
    for (row, k, value) in wanted.raw {
        let found = raw[row * 2100 + k];
        assert!(
            (found - value).abs() <= 1e-4 * value.abs() + LEAST,
            "{row} {k}: {found} {value}"
        );
    }
    assert_same(
        &detector.detect(&picture, 320, 320).unwrap(),
        &wanted.detections,
    );

    let two = Classes {
        classes: classes.classes[..2].to_vec(),
        ..classes
    };
    let error = FeatureDetector::load(&path, &two)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("13") && error.contains('6'), "{error}");
}

fn detection(class: usize, x: f32, y: f32, w: f32, h: f32, score: f32) -> FeatureDetection {
    let bounds = Rect::new(x, y, w, h);
    FeatureDetection {
        region: FeatureRegion { class, bounds },
        score,
    }
}

proptest! {
    #[test]
    fn what_is_kept_does_not_overlap_and_covers_the_rest(
        boxes in prop::collection::vec((0usize..3, 0f32..50.0, 0f32..50.0, 1f32..30.0, 1f32..30.0, 0f32..1.0), 0..40),
        overlap in 0.1f32..0.9,
    ) {
        let all: Vec<FeatureDetection> =
            boxes.iter().map(|&(c, x, y, w, h, s)| detection(c, x, y, w, h, s)).collect();
        let kept = suppress(all.clone(), overlap);
        let covers = |a: &FeatureDetection, b: &FeatureDetection| {
            a.region.class == b.region.class && a.region.bounds.iou(&b.region.bounds) > overlap
        };
        for (k, a) in kept.iter().enumerate() {
            prop_assert!(kept[k + 1..].iter().all(|b| a.score >= b.score && !covers(a, b)));
        }
        for d in &all {
            prop_assert!(kept.iter().any(|k| k == d || (covers(k, d) && k.score >= d.score)));
        }
    }

    #[test]
    fn a_box_comes_back_to_where_it_was_in_the_picture(width in 20usize..200, height in 20usize..200) {
        let white = vec![255; width * height * 3];
        let (seen, placed) = letterbox(&white, width, height, 64);
        // The white part of the letterbox is the whole picture.
        let is_white = |k: &usize| seen[3 * k] == 255;
        let inside: Vec<usize> = (0..64 * 64).filter(is_white).collect();
        let (first, last) = (inside[0], inside[inside.len() - 1]);
        let (x, y) = ((first % 64) as f32, (first / 64) as f32);
        let (w, h) = ((last % 64) as f32 + 1.0 - x, (last / 64) as f32 + 1.0 - y);
        let back = placed.back(&Rect::new(x, y, w, h));
        let pixel = width.max(height) as f32 / 64.0;
        prop_assert!(back.x.abs() <= pixel && back.y.abs() <= pixel);
        prop_assert!((back.w - width as f32).abs() <= pixel && (back.h - height as f32).abs() <= pixel);
    }
}

#[test]
fn the_form_of_an_export_is_read_from_its_shape() {
    let form = |shape: &[usize]| is_transposed(shape, 13);
    assert!(!form(&[1, 13, 84]).unwrap());
    assert!(form(&[1, 84, 13]).unwrap());
    for (shape, named, remedy) in [
        (&[1, 300, 6][..], "1 x 300 x 6", "nms=False"),
        (&[1, 6, 84], "2 classes, not 9", "--classes"),
        (&[1, 84, 84], "80 classes", "--classes"),
        (&[84, 13], "84 x 13", "README"),
        (&[1, 3, 64, 64], "1 x 3 x 64 x 64", "README"),
    ] {
        let error = form(shape).unwrap_err();
        assert!(error.to_string().contains(named), "{shape:?}: {error}");
        assert!(
            error.remedy_text().unwrap().contains(remedy),
            "{shape:?}: {error}"
        );
    }
}

/// Leaves the rows and columns of a file's input open, as `dynamic=True` does.
fn opened(file: &[u8]) -> Vec<u8> {
    use prost::Message as _;
    use tract_onnx::pb::tensor_shape_proto::dimension::Value;
    let mut model = tract_onnx::pb::ModelProto::decode(file).unwrap();
    let input = &mut model.graph.as_mut().unwrap().input[0];
    let tract_onnx::pb::type_proto::Value::TensorType(tensor) =
        input.r#type.as_mut().unwrap().value.as_mut().unwrap();
    for (dim, name) in tensor.shape.as_mut().unwrap().dim[2..]
        .iter_mut()
        .zip(["height", "width"])
    {
        dim.value = Some(Value::DimParam(name.into()));
    }
    model.encode_to_vec()
}

#[test]
fn exports_of_every_form_are_read_or_named() {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/yolo-forms");
    if !cases.is_dir() {
        let mut log = std::io::stderr();
        writeln!(
            log,
            "skipped: forms of YOLO-World exports: {} is missing",
            cases.display()
        )
        .unwrap();
        return;
    }
    let file = |name: &str| std::fs::read(cases.join(name)).unwrap();
    let classes = Classes::default();
    let seen = picture(64, 64);
    let raw = |file: &[u8]| {
        FeatureDetector::parse(file, &classes)
            .unwrap()
            .raw(&seen)
            .unwrap()
    };
    let (half, transposed) = (raw(&file("fp16.onnx")), raw(&file("transposed.onnx")));
    assert_eq!((half.len(), transposed.len()), (13 * 84, 13 * 84));
    assert!(half.iter().chain(&transposed).all(|v| v.is_finite()));
    let wide = picture(320, 320);
    let open = FeatureDetector::parse(&opened(&file("transposed.onnx")), &classes).unwrap();
    assert_eq!(open.raw(&wide).unwrap().len() % 13, 0);
    let error = FeatureDetector::parse(&file("nms.onnx"), &classes)
        .err()
        .unwrap();
    assert!(error.to_string().contains("1 x 300 x 6"), "{error}");
    assert!(
        error.remedy_text().unwrap().contains("nms=False"),
        "{error}"
    );
}
