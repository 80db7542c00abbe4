//! YuNet in float, by tract: OpenCV's `face_detection_yunet_*.onnx`, or `yunet_n_*.onnx` of
//! libfacedetection's training repository.
//!
//! Its input is 1x3xHxW, blue, green and red from 0 to 255; for each stride s it gives `cls` and `obj`
//! (1xNx1, 0 to 1), `bbox` (1xNx4) and `kps` (1xNx10), where N is the product of H / s and W / s.

use std::sync::Arc;

use tract_core::internal::DimLike;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

use super::anchor::Anchor;
use super::{CONFIDENCE, STRIDES, YuNetModel};
use crate::contain::contain;
use crate::detect::plan::InputSize;
use crate::network::check_volumes;
use crate::{Error, ErrorKind, Result};

/// Width and height of the input where the file leaves them open.
const SIDE: usize = 320;

/// The network, for one size of input.
pub(super) struct FloatNetwork {
    plan: Arc<TypedRunnableModel>,
    size: (usize, usize),
    outputs: [OutputIndices; 3],
    planes: Vec<f32>,
}

/// The places of a stride's outputs among the network's.
#[derive(Clone, Copy)]
struct OutputIndices {
    stride: usize,
    class: usize,
    object: usize,
    boxes: usize,
    points: usize,
}

/// The network's output for one stride: one number per anchor, but 4 of `boxes` and 10 of `points`.
#[derive(Clone, Copy)]
struct Head<'a> {
    stride: usize,
    columns: usize,
    class: &'a [f32],
    object: &'a [f32],
    boxes: &'a [f32],
    points: &'a [f32],
}

impl FloatNetwork {
    /// The network of the bytes of `file`.
    ///
    /// # Errors
    /// tract cannot read it, or it is another network.
    pub(super) fn load(file: &str, bytes: &[u8]) -> Result<FloatNetwork> {
        // tract panics at some damaged files.
        contain(|| load(bytes))
            .unwrap_or_else(|panic| Err(format!("tract gave up on it: {panic}")))
            .map_err(|what| {
                Error::new(ErrorKind::Model, format!("{file} is not YuNet: {what}")).remedy(
                    "take OpenCV's face_detection_yunet, or a network of the form of models/detector.onnx",
                )
            })
    }
}

fn load(mut bytes: &[u8]) -> std::result::Result<FloatNetwork, String> {
    let failed = |error: TractError| format!("{error:#}");
    // Files of open size describe tensors by names of sizes, which are known here.
    let mut model = int8::onnx()
        .with_ignore_output_shapes(true)
        .with_ignore_value_info(true)
        .model_for_read(&mut bytes)
        .map_err(failed)?;
    let size = input_size(&model)?;
    let fact = InferenceFact::dt_shape(f32::datum_type(), [1, 3, size.1, size.0]);
    model.set_input_fact(0, fact).map_err(failed)?;
    let model = model.into_typed().map_err(failed)?;
    check_volumes(&model).map_err(|error| error.to_string())?;
    let model = model.into_optimized().map_err(failed)?;
    let outputs = outputs(&model, size)?;
    Ok(FloatNetwork {
        plan: model.into_runnable().map_err(failed)?,
        size,
        outputs,
        planes: vec![0.0; 3 * size.0 * size.1],
    })
}

/// Width and height of the input.
fn input_size(model: &InferenceModel) -> std::result::Result<(usize, usize), String> {
    let failed = |error: TractError| format!("{error:#}");
    let fact = model.input_fact(0).map_err(failed)?;
    let kind = fact.datum_type.concretize();
    if model.inputs.len() != 1 || kind.is_some_and(|kind| kind != f32::datum_type()) {
        return Err(format!(
            "it has {} inputs, the first of {kind:?}, where one of F32 belongs",
            model.inputs.len()
        ));
    }
    let dims: Vec<Option<usize>> = fact
        .shape
        .dims()
        .map(|dim| dim.concretize()?.to_usize().ok())
        .collect();
    let whole = |side: Option<usize>| {
        let side = side.unwrap_or(SIDE);
        (side > 0 && side.is_multiple_of(STRIDES[2])).then_some(side)
    };
    match dims[..] {
        [None | Some(1), None | Some(3), rows, columns] => {
            let size = whole(columns).zip(whole(rows));
            size.ok_or_else(|| format!("its input {dims:?} is not of multiples of 32"))
        }
        _ => Err(format!("its input is {dims:?} instead of [1, 3, H, W]")),
    }
}

/// Where the outputs of each stride are, or what differs. `cls` and `obj` have the same shape, and
/// which is which does not matter: only their product counts.
fn outputs(
    model: &TypedModel,
    (width, height): (usize, usize),
) -> std::result::Result<[OutputIndices; 3], String> {
    let shape = |i: usize| {
        let fact = model.output_fact(i).map_err(|error| format!("{error:#}"))?;
        if fact.datum_type != f32::datum_type() {
            return Err(format!("it gives {:?} where F32 belongs", fact.datum_type));
        }
        let shape = fact.shape.as_concrete().map(<[usize]>::to_vec);
        shape.ok_or_else(|| format!("the size {:?} of an output is left open", fact.shape))
    };
    let shapes = (0..model.outputs.len())
        .map(shape)
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let of_stride = |stride: usize| -> std::result::Result<OutputIndices, String> {
        let anchors = (width / stride) * (height / stride);
        let nth = |numbers: usize, nth: usize| -> std::result::Result<usize, String> {
            let mut places = (0..shapes.len()).filter(|&i| shapes[i] == [1, anchors, numbers]);
            places.nth(nth).ok_or_else(|| {
                format!(
                    "of its {} outputs too few are [1, {anchors}, {numbers}]",
                    shapes.len()
                )
            })
        };
        Ok(OutputIndices {
            stride,
            class: nth(1, 0)?,
            object: nth(1, 1)?,
            boxes: nth(4, 0)?,
            points: nth(10, 0)?,
        })
    };
    let [a, b, c] = STRIDES.map(of_stride);
    Ok([a?, b?, c?])
}

impl YuNetModel for FloatNetwork {
    fn input_size(&self) -> InputSize {
        InputSize::Only(self.size.0, self.size.1)
    }

    fn run(&mut self, size: (usize, usize), pixels: &[u32], found: &mut Vec<Anchor>) -> Result<()> {
        let (width, height) = size;
        for (plane, channel) in self.planes.chunks_exact_mut(width * height).zip(0..) {
            // Blue, green and red.
            let levels = pixels.iter().map(|pixel| pixel.to_le_bytes()[channel]);
            plane
                .iter_mut()
                .zip(levels)
                .for_each(|(to, level)| *to = level.into());
        }
        let failed =
            |error: TractError| Error::new(ErrorKind::Engine, format!("YuNet failed: {error:#}"));
        let input = Tensor::from_shape(&[1, 3, height, width], &self.planes).map_err(failed)?;
        let values = self.plan.run(tvec!(input.into_tvalue())).map_err(failed)?;
        let views = values
            .iter()
            .map(|value| value.try_as_plain_ram())
            .collect::<TractResult<Vec<_>>>()
            .map_err(failed)?;
        let slice = |i: usize| views[i].as_slice::<f32>();
        for at in self.outputs {
            let head = Head {
                stride: at.stride,
                columns: width / at.stride,
                class: slice(at.class).map_err(failed)?,
                object: slice(at.object).map_err(failed)?,
                boxes: slice(at.boxes).map_err(failed)?,
                points: slice(at.points).map_err(failed)?,
            };
            head.read(found);
        }
        Ok(())
    }
}

impl Head<'_> {
    /// Adds the anchors that are sure enough.
    fn read(&self, found: &mut Vec<Anchor>) {
        let scores = self.class.iter().zip(self.object);
        let sizes = self.boxes.as_chunks::<4>().0;
        let points = self.points.as_chunks::<10>().0;
        for (i, ((class, object), (size, points))) in
            scores.zip(sizes.iter().zip(points)).enumerate()
        {
            let confidence = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            if confidence >= CONFIDENCE {
                found.push(Anchor {
                    stride: self.stride,
                    column: i % self.columns,
                    row: i / self.columns,
                    confidence,
                    size: *size,
                    points: *points,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unsure_and_what_is_no_number_is_left_out() {
        let head = Head {
            stride: 32,
            columns: 2,
            class: &[0.5, f32::NAN, 0.9, 1.0],
            object: &[0.5, 1.0, 0.9, 5.0],
            boxes: &[0.25; 16],
            points: &[0.5; 40],
        };
        let mut found = Vec::new();
        head.read(&mut found);
        let places: Vec<_> = found
            .iter()
            .map(|a| (a.column, a.row, a.confidence))
            .collect();
        assert_eq!(places, [(0, 1, 0.9), (1, 1, 1.0)]);
        assert_eq!((found[0].size, found[0].points), ([0.25; 4], [0.5; 10]));
    }

    #[test]
    fn another_network_is_told_apart_by_its_shapes() {
        let mut model = TypedModel::default();
        let source = model
            .add_source("input", f32::fact([1, 3, SIDE, SIDE]))
            .unwrap();
        model.select_output_outlets(&[source]).unwrap();
        let what = outputs(&model, (SIDE, SIDE)).err().unwrap();
        assert!(what.contains("[1, 1600, 1]"), "{what}");
    }
}
