//! The face detector: a network with several outputs, of any size, that the engine runs whole.

use std::sync::Arc;

use tract_core::internal::SimpleState;
use tract_core::prelude::{IntoTValue, Tensor, TypedSimplePlan, tvec};

use super::*;

const DETECTOR: &[u8] = include_bytes!("../../../../models/detector.onnx");

/// What tract computes of a picture of interleaved bytes, output by output, as planes.
fn reference(size: [usize; 2], pixels: &[u8]) -> Vec<Vec<f32>> {
    let model = load::load(DETECTOR, Some(size)).unwrap();
    let planes: Vec<u8> = (0..3)
        .flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied())
        .collect();
    let input = Tensor::from_shape(&[1, 3, size[0], size[1]], &planes).unwrap();
    let mut state = SimpleState::new(&TypedSimplePlan::new(model).unwrap()).unwrap();
    let outputs = state.run(tvec!(input.into_tvalue())).unwrap();
    let values = |output: &TValue| {
        let view = output.try_as_plain_ram().unwrap();
        view.as_slice::<f32>().unwrap().to_vec()
    };
    outputs.iter().map(values).collect()
}

/// What the engine computes of it, in the same order.
fn found(network: &mut Network, pixels: &[u8]) -> Vec<Vec<f32>> {
    network.run(pixels).unwrap();
    read(network)
}

/// What the last run gave.
fn read(network: &Network) -> Vec<Vec<f32>> {
    let of = |(number, info): (usize, &TensorInfo)| {
        let output = network.output(number).unwrap();
        let mut planes = vec![0.0; info.channels * info.rows * info.columns];
        for y in 0..info.rows {
            for x in 0..info.columns {
                for (channel, value) in output.values(y, x).enumerate() {
                    planes[(channel * info.rows + y) * info.columns + x] = value;
                }
            }
        }
        planes
    };
    network.outputs().iter().enumerate().map(of).collect()
}

#[test]
fn the_detectors_outputs_are_tracts_at_every_size_and_by_every_kernel() {
    for size in [[32, 32], [64, 96], [160, 64]] {
        let model = load::load(DETECTOR, Some(size)).unwrap();
        let [pixels, other] = [1, 2].map(|seed| {
            let noise = (0..).flat_map(|part| noise(seed + 2 * part));
            noise.take(3 * size[0] * size[1]).collect::<Vec<u8>>()
        });
        let expected = reference(size, &pixels);
        assert_eq!(expected.len(), 12);
        for kernel in available() {
            let by = format!("{size:?} by {}", kernel.name());
            let mut network = Network::build(&model, Arc::clone(&kernel), 1).unwrap();
            assert!(found(&mut network, &pixels) == expected, "{by}");
            found(&mut network, &other);
            assert!(found(&mut network, &pixels) == expected, "{by}, again");
            found(&mut network, &other);
            // The byte above red does not count.
            let display = pixels.as_chunks::<3>().0.iter();
            let display: Vec<u32> = display
                .map(|&[b, g, r]| u32::from_le_bytes([b, g, r, 0xa5]))
                .collect();
            network.run_on_display(&display).unwrap();
            assert!(read(&network) == expected, "{by}, display pixels");
            assert!(network.run_on_display(&display[1..]).is_err());
        }
    }
}

#[test]
fn a_network_of_another_size_computes_what_the_file_does() {
    let load = |input_size| {
        Network::load(
            DETECTOR,
            &Options {
                input_size,
                ..Options::default()
            },
        )
    };
    let mut network = load(Some([32, 32])).unwrap();
    // More sizes than are kept; larger and smaller ones follow each other in the same memory.
    let sizes = [
        [96, 64],
        [32, 32],
        [160, 224],
        [64, 64],
        [96, 64],
        [32, 96],
        [160, 224],
        [32, 32],
    ];
    for size in sizes {
        let pixels: Vec<u8> = (0..).flat_map(noise).take(3 * size[0] * size[1]).collect();
        network.resize(size[0], size[1]).unwrap();
        let mut loaded = load(Some(size)).unwrap();
        assert_eq!(network.input(), loaded.input());
        assert_eq!(network.outputs(), loaded.outputs());
        assert_eq!(network.multiplications(), loaded.multiplications());
        assert!(
            found(&mut network, &pixels) == found(&mut loaded, &pixels),
            "{size:?}"
        );
    }
    for [rows, columns] in [[48, 64], [0, 32], [32, 33], [usize::MAX, 32]] {
        let error = network.resize(rows, columns).unwrap_err();
        assert!(
            matches!(error, Error::FixedSize { .. } | Error::TooLarge { .. }),
            "{error}"
        );
    }
    assert_eq!((network.input().rows, network.input().columns), (32, 32));
    // The restorer ends in the global skip.
    let mut restorer = Network::load(MODELS[0].1, &Options::default()).unwrap();
    assert!(restorer.resize(32, 32).is_err());
}

#[test]
fn the_detectors_outputs_are_named() {
    let options = Options {
        input_size: Some([64, 96]),
        ..Options::default()
    };
    let network = Network::load(DETECTOR, &options).unwrap();
    for (info, (kind, channels, stride)) in network.outputs().iter().zip(heads()) {
        assert_eq!(info.name, format!("{kind}_{stride}"));
        let size = (info.rows, info.columns, info.channels);
        assert_eq!(size, (64 / stride, 96 / stride, channels));
    }
}

fn heads() -> impl Iterator<Item = (&'static str, usize, usize)> {
    let kinds = [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)];
    let at = |(kind, channels)| [8, 16, 32].map(|stride| (kind, channels, stride));
    kinds.into_iter().flat_map(at)
}
