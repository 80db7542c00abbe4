//! Loading and running networks by the public functions.

use super::graphs::small_net;
use super::sketch::Sketch;
use super::*;
use prost::Message;

#[test]
fn the_shipped_networks_have_the_model_cards_figures() {
    for ((name, bytes), million) in MODELS.iter().zip([92, 316, 46]) {
        let network = Network::load(bytes, &Options::default()).unwrap();
        assert_eq!(network.multiplications() / 1_000_000, million, "{name}");
        let input = network.input();
        let sizes = |info: &TensorInfo| (info.rows, info.columns, info.channels);
        assert_eq!((&*input.name, sizes(input)), ("input", (16, 16, 3)));
        let levels = Format::Quantised {
            signed: false,
            scale: 1.0,
            zero_point: 0,
        };
        assert_eq!(input.format, levels);
        let [output] = network.outputs() else {
            panic!("one output");
        };
        assert_eq!((&*output.name, sizes(output)), ("output", (128, 128, 3)));
        assert_eq!(output.format, Format::Display);
    }
}

#[test]
fn buffers_of_the_wrong_length_are_refused() {
    let mut network = Network::load(MODELS[0].1, &Options::default()).unwrap();
    let mut display = vec![0; HR_SIDE * HR_SIDE];
    let error = network.run_to_display(&[0; 767], &mut display).unwrap_err();
    assert_eq!(error.to_string(), "the input has 767 elements, not 768");
    let error = network.run(&[0; 768]).unwrap_err();
    assert_eq!(error.to_string(), "the display has 0 elements, not 16384");
    assert!(network.output(0).is_none() && network.output(1).is_none());
    assert!(network.store_output(0, &mut [0]).is_err());
}

#[test]
fn files_that_are_no_networks_are_refused() {
    for bytes in [b"no network", &MODELS[0].1[..5000]] {
        assert!(Network::load(bytes, &Options::default()).is_err());
    }
    let options = Options {
        kernel: Some("portabel".into()),
        ..Options::default()
    };
    let error = Network::load(MODELS[0].1, &options).unwrap_err();
    assert!(error.to_string().ends_with("portable"), "{error}");
}

/// A network of 3x3 convolutions with a stride of 2 whose size the file leaves open.
fn open_size() -> Vec<u8> {
    let mut sketch = Sketch::new([3, 8, 8], 0, false, 3);
    let first = sketch.conv((0, 0), 16, (3, 2), 0);
    let deep = sketch.depthwise((first, first), 1, 0);
    let mut model = sketch.model(&[deep]);
    let graph = model.graph.as_mut().unwrap();
    let Some(tract_onnx::pb::type_proto::Value::TensorType(kind)) = graph.input[0]
        .r#type
        .as_mut()
        .and_then(|kind| kind.value.as_mut())
    else {
        panic!("a tensor");
    };
    for (dim, name) in kind
        .shape
        .as_mut()
        .unwrap()
        .dim
        .iter_mut()
        .zip(["n", "", "h", "w"])
    {
        if !name.is_empty() {
            let name = tract_onnx::pb::tensor_shape_proto::dimension::Value::DimParam(name.into());
            dim.value = Some(name);
        }
    }
    model.encode_to_vec()
}

#[test]
fn the_caller_sets_a_size_that_the_file_leaves_open() {
    let file = open_size();
    let error = Network::load(&file, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::OpenSize), "{error}");
    for size in [[6, 10], [33, 64]] {
        let options = Options {
            input_size: Some(size),
            ..Options::default()
        };
        let mut network = Network::load(&file, &options).unwrap();
        let output = &network.outputs()[0];
        let halves = size.map(|length| length.div_ceil(2));
        assert_eq!(
            [output.rows, output.columns, output.channels],
            [halves[0], halves[1], 16]
        );
        let input: Vec<u8> = (0..3 * size[0] * size[1]).map(|k| (k * 37) as u8).collect();
        let model = load::load(&file, Some(size)).unwrap();
        assert!(run_network(&mut network, &input) == run(&model, &input));
    }
}

#[test]
fn outputs_are_read_where_they_lie() {
    let sketch = small_net(true);
    let last = sketch.shapes.len() - 1;
    let model = sketch::typed(&sketch.model(&[last]));
    let mut network = Network::from_model(&model, &Options::default()).unwrap();
    let info = network.outputs()[0].clone();
    let Format::Quantised {
        signed: true,
        scale,
        zero_point,
    } = info.format
    else {
        panic!("{info:?}");
    };
    // The zero point 3 of signed bytes.
    assert_eq!((scale, zero_point), (1.0 / 128.0, 131));
    let input = network.input();
    let pixels = vec![77; input.rows * input.columns * input.channels];
    network.run(&pixels).unwrap();
    let mut stored = vec![0; info.rows * info.columns * info.channels];
    network.store_output(0, &mut stored).unwrap();
    let output = network.output(0).unwrap();
    for (at, pixel) in stored.chunks_exact(info.channels).enumerate() {
        let (y, x) = (at / info.columns, at % info.columns);
        assert_eq!(output.pixel(y, x), pixel);
        let values = pixel.iter().map(|&q| (f32::from(q) - 131.0) / 128.0);
        assert!(output.values(y, x).eq(values));
    }
}
