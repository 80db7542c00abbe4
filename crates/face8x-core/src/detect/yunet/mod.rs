//! OpenCV's YuNet, with five landmarks, by tract.
//!
//! The file is `face_detection_yunet_*.onnx` of OpenCV's model zoo or `yunet_n_320_320.onnx` of
//! libfacedetection's training repository: 1x3x320x320 BGR in 0 to 255 as float, and for the strides
//! 8, 16 and 32 the outputs `cls`, `obj` (1xNx1), `bbox` (1xNx4) and `kps` (1xNx10), where N is
//! (320 / stride) squared.

use std::path::Path;
use std::sync::Arc;

use tract_onnx::prelude::*;

use super::{Detector, DetectorInput};
use crate::contain::contain;
use crate::downscaled::Downscaled;
use crate::face::Detection;
use crate::geometry::canonical::box_of_landmarks;
use crate::geometry::{Landmarks, Point, Rect};
use crate::network::{check_volumes, read_file};
use crate::{Error, ErrorKind, Result};

/// Side of the network's input in pixels.
const SIDE: usize = 320;
/// Distances of the anchor points.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Confidence from which a face counts (OpenCV's sample uses 0.6 to 0.9).
const CONFIDENCE: f32 = 0.65;
/// Of two boxes that overlap by more, the less sure one is dropped.
const OVERLAP: f32 = 0.3;
/// Most faces that are considered before overlapping ones are dropped: the surest.
const MOST: usize = 200;

/// The network's output for one stride: one number per anchor, but 4 of `boxes` and 10 of `points`.
#[derive(Clone, Copy)]
struct Head<'a> {
    stride: usize,
    class: &'a [f32],
    object: &'a [f32],
    boxes: &'a [f32],
    points: &'a [f32],
}

/// The places of a stride's outputs among the network's.
#[derive(Clone, Copy)]
struct Outputs {
    class: usize,
    object: usize,
    boxes: usize,
    points: usize,
}

/// The detector `yunet:FILE`. Downscaled pictures lie in the top left of its input, the rest is black.
struct YuNet {
    uri: String,
    plan: Arc<TypedRunnableModel>,
    outputs: [Outputs; 3],
    candidates: Vec<(Rect, Detection)>,
}

/// Opens `yunet:FILE`.
///
/// # Errors
/// A usage error without a file; otherwise the file is missing, not ONNX, or another network.
pub(super) fn open(file: &str) -> Result<Box<dyn Detector>> {
    if file.is_empty() {
        return Err(
            Error::usage("the detector 'yunet' needs its model file").remedy(
                "write yunet:FILE, with yunet_n_320_320.onnx or OpenCV's face_detection_yunet",
            ),
        );
    }
    let path = Path::new(file);
    let bytes = read_file(path, "yunet:")?;
    let wrong = |what: String| {
        let message = format!("{file} is not YuNet for {SIDE}x{SIDE} pictures: {what}");
        Error::new(ErrorKind::Model, message)
            .remedy("take yunet_n_320_320.onnx, or OpenCV's face_detection_yunet of that size")
    };
    // tract panics at some damaged files.
    let (plan, outputs) = contain(|| load(&bytes))
        .unwrap_or_else(|panic| Err(format!("tract gave up on it: {panic}")))
        .map_err(wrong)?;
    Ok(Box::new(YuNet {
        uri: format!("yunet:{file}"),
        plan,
        outputs,
        candidates: Vec::new(),
    }))
}

/// The network of a file's bytes and where its outputs are, or what is wrong with it.
fn load(mut bytes: &[u8]) -> std::result::Result<(Arc<TypedRunnableModel>, [Outputs; 3]), String> {
    let failed = |error: TractError| format!("{error:#}");
    let model = tract_onnx::onnx().model_for_read(&mut bytes);
    let model = model.and_then(|model| model.into_typed()).map_err(failed)?;
    check_volumes(&model).map_err(|error| error.to_string())?;
    let model = model.into_optimized().map_err(failed)?;
    let outputs = check(&model)?;
    let plan = model.into_runnable().map_err(failed)?;
    Ok((plan, outputs))
}

/// Where the outputs of each stride are, or what differs. `cls` and `obj` have the same shape, and
/// which is which does not matter: only their product counts.
fn check(model: &TypedModel) -> std::result::Result<[Outputs; 3], String> {
    let shape = |fact: TractResult<&TypedFact>| {
        let fact = fact.map_err(|error| format!("{error:#}"))?;
        if fact.datum_type != f32::datum_type() {
            return Err(format!("it has {:?} where f32 belongs", fact.datum_type));
        }
        let shape = fact.shape.as_concrete().map(<[usize]>::to_vec);
        shape.ok_or_else(|| format!("its size {:?} is left open", fact.shape))
    };
    let input = shape(model.input_fact(0))?;
    if model.inputs.len() != 1 || input != [1, 3, SIDE, SIDE] {
        return Err(format!(
            "its input is {input:?} instead of [1, 3, {SIDE}, {SIDE}]"
        ));
    }
    let shapes = (0..model.outputs.len())
        .map(|i| shape(model.output_fact(i)))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let mut heads = [Outputs {
        class: 0,
        object: 0,
        boxes: 0,
        points: 0,
    }; 3];
    for (head, stride) in heads.iter_mut().zip(STRIDES) {
        let anchors = (SIDE / stride).pow(2);
        let of = |width: usize, nth: usize| {
            let places = shapes
                .iter()
                .enumerate()
                .filter(|(_, s)| s[..] == [1, anchors, width]);
            places.map(|(i, _)| i).nth(nth).ok_or_else(|| {
                format!(
                    "of its {} outputs too few are [1, {anchors}, {width}]",
                    shapes.len()
                )
            })
        };
        *head = Outputs {
            class: of(1, 0)?,
            object: of(1, 1)?,
            boxes: of(4, 0)?,
            points: of(10, 0)?,
        };
    }
    Ok(heads)
}

impl Detector for YuNet {
    fn name(&self) -> String {
        self.uri.clone()
    }

    fn input(&self) -> DetectorInput {
        DetectorInput::Rgb(SIDE as u32, SIDE as u32)
    }

    fn detect(&mut self, picture: &Downscaled, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        let failed = |error: TractError| {
            Error::new(ErrorKind::Engine, format!("{} failed: {error:#}", self.uri))
        };
        let input = input(picture)?;
        let values = self.plan.run(tvec!(input.into_tvalue())).map_err(failed)?;
        let views = values
            .iter()
            .map(|value| value.try_as_plain_ram())
            .collect::<TractResult<Vec<_>>>()
            .map_err(failed)?;
        let slice = |i: usize| views[i].as_slice::<f32>();
        self.candidates.clear();
        for (stride, at) in STRIDES.into_iter().zip(self.outputs) {
            let head = Head {
                stride,
                class: slice(at.class).map_err(failed)?,
                object: slice(at.object).map_err(failed)?,
                boxes: slice(at.boxes).map_err(failed)?,
                points: slice(at.points).map_err(failed)?,
            };
            decode(head, picture.factor as f32, &mut self.candidates);
        }
        keep_surest(&mut self.candidates, found);
        Ok(())
    }
}

/// The network's input: the planes B, G and R.
fn input(picture: &Downscaled) -> Result<Tensor> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    if picture.channels != 3 || !picture.has_pixels() || width > SIDE || height > SIDE {
        let message = format!(
            "YuNet cannot search a {width}x{height} picture of {} channels and {} bytes",
            picture.channels,
            picture.bytes.len()
        );
        return Err(Error::new(ErrorKind::Picture, message));
    }
    let mut planes = vec![0.0f32; 3 * SIDE * SIDE];
    let (blue, rest) = planes.split_at_mut(SIDE * SIDE);
    let (green, red) = rest.split_at_mut(SIDE * SIDE);
    for (y, row) in picture.bytes.chunks_exact(3 * width).enumerate() {
        for (x, rgb) in row.chunks_exact(3).enumerate() {
            let i = y * SIDE + x;
            (red[i], green[i], blue[i]) = (rgb[0].into(), rgb[1].into(), rgb[2].into());
        }
    }
    Tensor::from_shape(&[1, 3, SIDE, SIDE], &planes).map_err(|error| {
        Error::new(
            ErrorKind::Engine,
            format!("cannot make YuNet's input: {error:#}"),
        )
    })
}

/// Adds the faces of one stride to `candidates`: the network's own box, to find overlaps by, and
/// the detection, both in frame pixels.
///
/// At anchor (column, row), the box's centre is (column + dx, row + dy) and its size (exp w, exp h),
/// the points are (column + x, row + y), all times the stride; the confidence is the root of class
/// times object.
fn decode(head: Head, factor: f32, candidates: &mut Vec<(Rect, Detection)>) {
    let columns = SIDE / head.stride;
    let unit = head.stride as f32 * factor;
    let scores = head.class.iter().zip(head.object);
    let places = head.boxes.chunks_exact(4).zip(head.points.chunks_exact(10));
    for (i, ((class, object), (size, points))) in scores.zip(places).enumerate() {
        let confidence = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
        if confidence.is_nan() || confidence < CONFIDENCE {
            continue;
        }
        let (column, row) = ((i % columns) as f32, (i / columns) as f32);
        let point = |x: f32, y: f32| Point::new((column + x) * unit, (row + y) * unit);
        let centre = point(size[0], size[1]);
        let (w, h) = (size[2].exp() * unit, size[3].exp() * unit);
        // YuNet begins with the person's right eye, which lies left in the picture, and so do we.
        let landmarks: Landmarks = std::array::from_fn(|k| point(points[2 * k], points[2 * k + 1]));
        let face_box = box_of_landmarks(&landmarks);
        if ![centre.x, centre.y, w, h, face_box.x, face_box.y, face_box.w]
            .iter()
            .all(|v| v.is_finite())
        {
            continue;
        }
        candidates.push((
            Rect::new(centre.x - w / 2.0, centre.y - h / 2.0, w, h),
            Detection {
                face_box,
                landmarks: Some(in_picture_order(landmarks)),
                confidence,
            },
        ));
    }
}

/// Left eye and mouth corner are those further left in the picture: a face upside down has them
/// exchanged.
fn in_picture_order(mut landmarks: Landmarks) -> Landmarks {
    if landmarks[0].x > landmarks[1].x {
        landmarks.swap(0, 1);
        landmarks.swap(3, 4);
    }
    landmarks
}

/// Non-maximum suppression: adds the surest of those that overlap to `found`.
fn keep_surest(candidates: &mut Vec<(Rect, Detection)>, found: &mut Vec<Detection>) {
    candidates.sort_unstable_by(|(_, a), (_, b)| b.confidence.total_cmp(&a.confidence));
    candidates.truncate(MOST);
    while !candidates.is_empty() {
        let (surest, detection) = candidates[0];
        found.push(detection);
        candidates.retain(|(other, _)| other != &surest && surest.iou(other) <= OVERLAP);
    }
}

#[cfg(test)]
mod tests;
