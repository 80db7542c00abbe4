//! The engine against tract's own run of the same file, node by node as it is written.

use std::sync::Arc;

use tract_core::internal::{SimpleState, TractResult};
use tract_core::prelude::{
    DatumType, IntoTValue, TValue, Tensor, TypedModel, TypedSimplePlan, tvec,
};
use tract_onnx::prelude::{Framework, InferenceModelExt};

use super::kernel::available;
use super::*;

const LR_SIDE: usize = 16;
const HR_SIDE: usize = 128;

mod detector;
mod digests;
pub(crate) mod graphs;
mod mutations;
mod network;
mod refusals;
pub(crate) mod sketch;

/// The shipped networks, the embedded one first.
pub(crate) const MODELS: [(&str, &[u8]); 3] = [
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

/// tract's graph of a file, as it is written.
pub(crate) fn typed(bytes: &[u8]) -> TypedModel {
    load::load(bytes, None).unwrap()
}

/// Every output of tract's run of a graph, as planes of bytes. Fails where tract does.
pub(crate) fn try_run(model: TypedModel, planes: &[u8]) -> TractResult<Vec<Vec<u8>>> {
    let fact = model.input_fact(0)?.clone();
    let shape = fact.shape.as_concrete().unwrap_or_default();
    let input = if fact.datum_type == DatumType::I8 {
        let signed: Vec<i8> = planes.iter().map(|byte| byte.cast_signed()).collect();
        Tensor::from_shape(shape, &signed)?
    } else {
        Tensor::from_shape(shape, planes)?
    };
    let mut state = SimpleState::new(&TypedSimplePlan::new(model)?)?;
    let outputs = state.run(tvec!(input.into_tvalue()))?;
    let bytes = |output: TValue| Ok(output.try_as_plain_ram()?.as_bytes().to_vec());
    outputs.into_iter().map(bytes).collect()
}

pub(crate) fn run(model: &TypedModel, planes: &[u8]) -> Vec<Vec<u8>> {
    try_run(model.clone(), planes).unwrap()
}

/// Every output of a network's run, as planes of bytes as they stand in the file.
pub(crate) fn run_network(network: &mut Network, planes: &[u8]) -> Vec<Vec<u8>> {
    let input = network.input().clone();
    let area = input.rows * input.columns;
    let sign = sign(&input);
    let pixel = |at: usize| {
        let channels = 0..input.channels;
        channels.map(move |channel| planes[channel * area + at] ^ sign)
    };
    let interleaved: Vec<u8> = (0..area).flat_map(pixel).collect();
    let outputs = network.outputs().to_vec();
    if outputs[0].format == Format::Display {
        let mut display = vec![0; outputs[0].rows * outputs[0].columns];
        network.run_to_display(&interleaved, &mut display).unwrap();
        return vec![planes_of(&display)];
    }
    network.run(&interleaved).unwrap();
    let planes = outputs.iter().enumerate().map(|(number, info)| {
        let area = info.rows * info.columns;
        let mut stored = vec![0; area * info.channels];
        network.store_output(number, &mut stored).unwrap();
        let plane = |channel| stored.iter().skip(channel).step_by(info.channels);
        let bytes = (0..info.channels).flat_map(plane);
        bytes.map(|byte| byte ^ self::sign(info)).collect()
    });
    planes.collect()
}

fn sign(info: &TensorInfo) -> u8 {
    match info.format {
        Format::Quantised { signed: true, .. } => 0x80,
        _ => 0,
    }
}

/// Display pixels as planes.
pub(crate) fn planes_of(pixels: &[u32]) -> Vec<u8> {
    [16, 8, 0]
        .iter()
        .flat_map(|shift| pixels.iter().map(move |p| (p >> shift) as u8))
        .collect()
}

/// Compares a run on every kernel and number of threads with tract's, as a network of its own (where
/// all of it is known) and in tract's graph.
pub(crate) fn assert_equal(model: &TypedModel, planes: &[u8]) {
    let expected = run(model, planes);
    for kernel in available() {
        for threads in 1..4 {
            let by = format!("by {} on {threads}", kernel.name());
            match Network::build(model, Arc::clone(&kernel), threads) {
                Ok(mut network) => {
                    assert!(run_network(&mut network, planes) == expected, "{by}");
                    // Nothing of the first run may stay for the second.
                    assert!(run_network(&mut network, planes) == expected, "{by}, again");
                }
                Err(Error::NotFused { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        if let Some(fused) = op::build(model, Arc::clone(&kernel), 2).unwrap() {
            let by = kernel.name();
            assert!(run(&fused.model, planes) == expected, "{by} in tract");
        }
    }
}

/// The names of the nodes that the engine does not know.
pub(crate) fn left(model: &TypedModel) -> Vec<String> {
    match Network::from_model(model, &Options::default()) {
        Ok(_) => Vec::new(),
        Err(Error::NotFused { nodes }) => nodes,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn noise(seed: u32) -> Vec<u8> {
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
        let model = typed(bytes);
        let inputs: Vec<Vec<u8>> = (0..4).map(noise).collect();
        let expected: Vec<Vec<Vec<u8>>> = inputs.iter().map(|input| run(&model, input)).collect();
        for kernel in available() {
            // Threads share rows in the same way whatever computes them, and the portable kernel is slow.
            let most = if kernel.name() == "portable" { 1 } else { 3 };
            for threads in 1..=most {
                let mut network = Network::build(&model, Arc::clone(&kernel), threads).unwrap();
                for (input, expected) in inputs.iter().zip(&expected) {
                    let found = run_network(&mut network, input);
                    assert_eq!(found[0].len(), 3 * HR_SIDE * HR_SIDE);
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
