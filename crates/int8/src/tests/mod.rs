//! The fused network against tract's own run of the same file, node by node as it is written.

use std::sync::Arc;

use tract_core::internal::{SimpleState, TractResult};
use tract_core::prelude::{
    DatumType, IntoTValue, IntoTensor, TValue, Tensor, TypedModel, TypedSimplePlan, tvec,
};
use tract_onnx::prelude::{Framework, InferenceModelExt};

use super::kernel::available;
use super::*;

const LR_SIDE: usize = 16;
const HR_SIDE: usize = 128;

mod digests;
pub mod graphs;
mod refusals;
pub mod sketch;

/// The shipped networks, the embedded one first.
pub const MODELS: [(&str, &[u8]); 3] = [
    (
        "face8x.onnx",
        include_bytes!("../../../../models/face8x.onnx"),
    ),
    (
        "face8x-large.onnx",
        include_bytes!("../../../../models/face8x-large.onnx"),
    ),
    (
        "face8x-nano.onnx",
        include_bytes!("../../../../models/face8x-nano.onnx"),
    ),
];

pub fn decluttered(bytes: &[u8]) -> TypedModel {
    let model = tract_onnx::onnx().model_for_read(&mut &bytes[..]).unwrap();
    model.into_typed().unwrap().into_decluttered().unwrap()
}

pub fn run(model: TypedModel, planes: &[u8]) -> Tensor {
    let mut state = SimpleState::new(&TypedSimplePlan::new(model).unwrap()).unwrap();
    let input = Tensor::from_shape(&[1, 3, LR_SIDE, LR_SIDE], planes).unwrap();
    state
        .run(tvec!(input.into_tvalue()))
        .unwrap()
        .remove(0)
        .into_tensor()
}

pub fn bytes_of(tensor: &Tensor) -> Vec<u8> {
    tensor
        .try_as_plain_ram()
        .unwrap()
        .as_slice::<u8>()
        .unwrap()
        .to_vec()
}

/// Display pixels as planes.
pub fn planes_of(tensor: &Tensor) -> Vec<u8> {
    let ram = tensor.try_as_plain_ram().unwrap();
    let pixels = ram.as_slice::<u32>().unwrap();
    [16, 8, 0]
        .iter()
        .flat_map(|shift| pixels.iter().map(move |p| (p >> shift) as u8))
        .collect()
}

pub fn noise(seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    // Every other seed has little contrast, as faces have.
    let (low, shift) = if seed.is_multiple_of(2) {
        (0, 24)
    } else {
        (96, 26)
    };
    (0..3 * LR_SIDE * LR_SIDE)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (low + (state >> shift)) as u8
        })
        .collect()
}

#[test]
fn every_kernel_gives_tracts_bytes() {
    for (name, bytes) in MODELS {
        let model = decluttered(bytes);
        let inputs: Vec<Vec<u8>> = (0..4).map(noise).collect();
        let expected: Vec<Vec<u8>> = inputs
            .iter()
            .map(|input| bytes_of(&run(model.clone(), input)))
            .collect();
        for kernel in available() {
            for threads in [1, 2, 3] {
                let fused = fuse(&model, Arc::clone(&kernel), threads).unwrap().unwrap();
                assert_eq!(fused.left, Vec::<String>::new(), "{name}");
                for (input, expected) in inputs.iter().zip(&expected) {
                    let found = planes_of(&run(fused.model.clone(), input));
                    assert_eq!(found.len(), 3 * HR_SIDE * HR_SIDE);
                    assert!(
                        found == *expected,
                        "{name} by {} on {threads}",
                        kernel.name()
                    );
                }
            }
        }
    }
}

#[test]
fn no_float_convolution_is_left_in_the_shipped_models() {
    for (name, bytes) in MODELS {
        let fused = fuse(&decluttered(bytes), kernel::fastest(), 1)
            .unwrap()
            .unwrap();
        let nodes = fused.model.nodes().iter();
        let names: Vec<_> = nodes.map(|node| node.op.name()).collect();
        assert_eq!(names, ["Source", "Int8Convolutions"], "{name}");
        // The model card's figures.
        let million = match name {
            "face8x.onnx" => 92,
            "face8x-large.onnx" => 316,
            _ => 46,
        };
        assert_eq!(fused.multiplications / 1_000_000, million, "{name}");
    }
}
