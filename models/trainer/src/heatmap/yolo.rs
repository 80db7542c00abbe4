//! YOLO-World by tract: letterbox, network, decoding, non-maximum suppression.
//!
//! The network has its prompts built in. It takes 1 x 3 x S x S (RGB, level / 255) and gives
//! 1 x (4 + classes) x boxes: centre x, centre y, width and height in pixels of its input, and the
//! score of each class. An export may also be transposed (1 x boxes x (4 + classes)), of half floats,
//! or of open sizes. One that ends in its own suppression of overlapping boxes (1 x boxes x 6) does not
//! say what is needed of it and is refused.

use std::path::Path;

use face8x_core::geometry::Rect;
use face8x_core::{Error, Result};

use super::{Classes, FeatureDetection, FeatureRegion};
use crate::files;
use crate::runner::{Runner, floats};

/// The grey beside a picture that is not square, as the network saw it in its training.
const BESIDE: u8 = 114;

/// Side of the input where the file leaves it open.
const OPEN_SIDE: usize = 320;

/// Finds the features of a face by YOLO-World.
pub struct FeatureDetector {
    runner: Runner,
    /// The network gives boxes x numbers.
    is_transposed: bool,
    classes: usize,
    confidence: f32,
    overlap: f32,
}

impl FeatureDetector {
    /// Loads an ONNX file that was exported with the prompts of `classes`, in their order.
    ///
    /// # Errors
    /// The file is missing or broken, or its input or output has another form.
    pub fn load(path: &Path, classes: &Classes) -> Result<Self> {
        Self::parse(&files::read(path)?, classes).map_err(|error| error.context(path.display()))
    }

    pub(super) fn parse(file: &[u8], classes: &Classes) -> Result<Self> {
        let runner = Runner::of_levels(file, OPEN_SIDE)?;
        let (channels, side) = runner.input();
        if channels != 3 || !(32..=4096).contains(&side) || runner.takes_bytes() {
            return Err(Error::other(format!(
                "the network takes {channels} x {side} x {side} {}, not 3 planes of 32 to 4096 floats a side",
                if runner.takes_bytes() { "bytes" } else { "floats" }
            ))
            .remedy("export a YOLO-World network as models/trainer/README.md says"));
        }
        let mut detector = FeatureDetector {
            runner,
            is_transposed: false,
            classes: classes.classes.len(),
            confidence: classes.confidence,
            overlap: classes.overlap,
        };
        let blank = vec![BESIDE; side * side * 3];
        let shape = detector.runner.run(&blank)?[0].shape().to_vec();
        detector.is_transposed = is_transposed(&shape, 4 + classes.classes.len())?;
        Ok(detector)
    }

    /// The features in an RGB picture (interleaved levels), best first.
    ///
    /// # Errors
    /// tract failed.
    pub fn detect(&self, rgb: &[u8], width: usize, height: usize) -> Result<Vec<FeatureDetection>> {
        let (seen, placed) = letterbox(rgb, width, height, self.runner.input().1);
        let found = decode(&self.raw(&seen)?, self.classes, self.confidence);
        let mut kept = suppress(found, self.overlap);
        for detection in &mut kept {
            detection.region.bounds = placed.back(&detection.region.bounds);
        }
        Ok(kept)
    }

    /// What the network gives for a picture of its input's size, box after box for each number.
    pub(super) fn raw(&self, seen: &[u8]) -> Result<Vec<f32>> {
        let outputs = self.runner.run(seen)?;
        let values = floats(&outputs[0])?;
        if !self.is_transposed {
            return Ok(values);
        }
        let rows = 4 + self.classes;
        let row = |k: usize| values.iter().skip(k).step_by(rows).copied();
        Ok((0..rows).flat_map(row).collect())
    }
}

/// Whether an output of this shape has its boxes before the numbers of each, of which there are `rows`.
pub(super) fn is_transposed(shape: &[usize], rows: usize) -> Result<bool> {
    let given = || {
        shape
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join(" x ")
    };
    match *shape {
        [1, found, boxes] if found == rows && boxes != rows => Ok(false),
        [1, boxes, found] if found == rows && boxes != rows => Ok(true),
        [1, _, 6] => Err(Error::other(format!(
            "the network gives {}: its boxes are chosen already, and it keeps one class of each",
            given()
        ))
        .remedy("export it without its own suppression of boxes: nms=False, end2end=False")),
        [1, found, boxes] if found.min(boxes) > 4 => Err(Error::other(format!(
            "the network gives {} instead of 1 x {rows} x boxes: it has {} classes, not {}",
            given(),
            found.min(boxes) - 4,
            rows - 4
        ))
        .remedy("name its prompts, in their order, in a file for --classes")),
        _ => Err(Error::other(format!(
            "the network gives {} instead of 1 x {rows} x boxes",
            given()
        ))
        .remedy("export a YOLO-World network as models/trainer/README.md says")),
    }
}

/// Where a picture lies in the network's input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    scale: f32,
    left: usize,
    top: usize,
}

impl Placed {
    /// A box in the network's input as one in the picture.
    pub(super) fn back(&self, b: &Rect) -> Rect {
        Rect::new(
            (b.x - self.left as f32) / self.scale,
            (b.y - self.top as f32) / self.scale,
            b.w / self.scale,
            b.h / self.scale,
        )
    }
}

/// Resizes a picture bilinearly so that it fits into a square of `side` pixels, and puts it into
/// the middle of a grey one.
pub fn letterbox(rgb: &[u8], width: usize, height: usize, side: usize) -> (Vec<u8>, Placed) {
    let scale = (side as f32 / width as f32).min(side as f32 / height as f32);
    let fit = |n: usize| ((n as f32 * scale).round() as usize).clamp(1, side);
    let (w, h) = (fit(width), fit(height));
    // A pixel that is too many goes to the right or to the bottom.
    let (left, top) = ((side - w) / 2, (side - h) / 2);
    let taps = |n: usize, from: usize| -> Vec<(usize, usize, f32)> {
        let ratio = from as f32 / n as f32;
        let tap = |k: usize| {
            let at = ((k as f32 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f32);
            (at as usize, (at as usize + 1).min(from - 1), at.fract())
        };
        (0..n).map(tap).collect()
    };
    let (columns, rows) = (taps(w, width), taps(h, height));
    let mut seen = vec![BESIDE; side * side * 3];
    for (y, &(y0, y1, v)) in rows.iter().enumerate() {
        for (x, &(x0, x1, u)) in columns.iter().enumerate() {
            for c in 0..3 {
                let level = |x: usize, y: usize| f32::from(rgb[(y * width + x) * 3 + c]);
                let across = |y: usize| level(x0, y) * (1.0 - u) + level(x1, y) * u;
                let value = across(y0) * (1.0 - v) + across(y1) * v;
                seen[((top + y) * side + left + x) * 3 + c] = value.round() as u8;
            }
        }
    }
    (seen, Placed { scale, left, top })
}

/// The boxes of a network's output whose best class has a score above `confidence`.
pub fn decode(values: &[f32], classes: usize, confidence: f32) -> Vec<FeatureDetection> {
    let boxes = values.len() / (4 + classes);
    let at = |row: usize, k: usize| values[row * boxes + k];
    let best = |k: usize| {
        let scores = (0..classes).map(|class| (class, at(4 + class, k)));
        scores.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    };
    let detection = |k: usize| {
        let (class, score) = best(k)?;
        let (x, y, w, h) = (at(0, k), at(1, k), at(2, k), at(3, k));
        let bounds = Rect::new(x - w / 2.0, y - h / 2.0, w, h);
        let sound = [x, y, w, h].iter().all(|v| v.is_finite()) && w > 0.0 && h > 0.0;
        (sound && score > confidence).then_some(FeatureDetection {
            region: FeatureRegion { class, bounds },
            score,
        })
    };
    (0..boxes).filter_map(detection).collect()
}

/// Leaves out boxes that overlap a better one of their class by more than `overlap` (intersection
/// over union); the best first.
pub fn suppress(mut found: Vec<FeatureDetection>, overlap: f32) -> Vec<FeatureDetection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<FeatureDetection> = Vec::new();
    for detection in found {
        let covers = |better: &FeatureDetection| {
            better.region.class == detection.region.class
                && better.region.bounds.iou(&detection.region.bounds) > overlap
        };
        if !kept.iter().any(covers) {
            kept.push(detection);
        }
    }
    kept
}
