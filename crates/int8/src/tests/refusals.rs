//! What is refused at load, with the node's name, and what stays tract's.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use super::sketch::{Sketch, ints, typed};
use super::*;
use crate::{Error, Result};

/// A good graph of two convolutions, changed by `change`.
fn changed(change: impl Fn(&mut GraphProto)) -> TypedModel {
    let mut sketch = Sketch::new([3, 6, 5], 0, false, 1);
    let first = sketch.conv((0, 0), 16, (3, 1), 0);
    let second = sketch.conv((first, first), 8, (3, 2), 9);
    let mut model = sketch.model(&[second]);
    change(model.graph.as_mut().unwrap());
    typed(&model)
}

fn set(graph: &mut GraphProto, name: &str, dims: &[i64], raw: Vec<u8>) {
    let mut constants = graph.initializer.iter_mut();
    let constant = constants.find(|c| c.name == name).unwrap();
    constant.raw_data = raw;
    if !dims.is_empty() {
        constant.dims = dims.to_vec();
    }
}

fn refusal(model: &TypedModel) -> Error {
    let options = Options::default();
    let error = Network::from_model(model, &options).expect_err("a refusal");
    let by_fuse = op::fuse(model, &options).expect_err("a refusal");
    assert_eq!(error.to_string(), by_fuse.to_string());
    error
}

fn floats(value: f32, count: usize) -> Vec<u8> {
    [value.to_le_bytes()].repeat(count).concat()
}

#[test]
fn broken_scales_are_refused_with_the_nodes_name() {
    for value in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        for (constant, count, node) in [("t1.s", 1, "t1"), ("t2.ws", 8, "t2"), ("t0.s", 1, "t1")] {
            let model = changed(|graph| set(graph, constant, &[], floats(value, count)));
            let error = refusal(&model);
            let expected = format!("the model's node {node} has a scale of {value}");
            assert_eq!(error.to_string(), expected, "{constant}");
        }
    }
    // Good numbers of which the quotient is none.
    let model = changed(|graph| set(graph, "t2.s", &[], floats(1e-45, 1)));
    assert_eq!(
        refusal(&model).to_string(),
        "the model's node t2 has a scale of inf"
    );
}

#[test]
fn sums_that_could_overflow_are_refused_with_the_nodes_name() {
    let expected = "the model's node t2 has weights and a bias that could overflow 32 bits";
    let most = [i32::MAX.to_le_bytes(); 8].concat();
    let model = changed(|graph| set(graph, "t2.b", &[], most.clone()));
    assert_eq!(refusal(&model).to_string(), expected);
    let least = [i32::MIN.to_le_bytes(); 8].concat();
    let model = changed(|graph| set(graph, "t2.b", &[], least.clone()));
    assert_eq!(refusal(&model).to_string(), expected);
}

/// A convolution's numbers as the graph could hand them over, in their order; `change` breaks them.
fn checked(change: impl Fn(&mut Vec<Tensor>)) -> Result<Option<graph::Conv>> {
    let one = |value: f32| Tensor::from_shape(&[], &[value]).unwrap();
    let zero = || Tensor::from_shape(&[], &[0i32]).unwrap();
    let mut constants = vec![
        Tensor::from_shape(&[4, 2, 1, 1], &[1i8; 8]).unwrap(),
        Tensor::from_shape(&[4], &[0i32; 4]).unwrap(),
        zero(),
        one(0.5),
        zero(),
        Tensor::from_shape(&[4], &[0.5f32; 4]).unwrap(),
        zero(),
        one(0.5),
    ];
    change(&mut constants);
    parameters::ConvForm {
        side: 1,
        stride: 1,
        padding: [0, 0],
        inputs: 2,
        outputs: 4,
        depthwise: false,
        input_signed: false,
        output_signed: false,
        constants: constants.into_iter().map(Arc::new).collect(),
    }
    .checked("t7")
}

#[test]
fn wrong_lengths_are_refused_with_the_nodes_name() {
    assert!(checked(|_| ()).unwrap().is_some());
    for (k, what) in [
        (0, "weights of another number than its shape says"),
        (1, "a bias of the wrong length"),
        (2, "an input zero point of the wrong length"),
        (3, "an input scale of the wrong length"),
        (4, "a weight zero point of the wrong length"),
        (5, "weight scales of the wrong length"),
        (6, "an output zero point of the wrong length"),
        (7, "an output scale of the wrong length"),
    ] {
        for count in [0, 3] {
            let broken = checked(|constants| {
                constants[k] = match constants[k].datum_type() {
                    DatumType::F32 => Tensor::from_shape(&[count], &vec![0.5f32; count]),
                    DatumType::I8 => Tensor::from_shape(&[count], &vec![1i8; count]),
                    _ => Tensor::from_shape(&[count], &vec![0i32; count]),
                }
                .unwrap();
            });
            assert_eq!(
                broken.err().unwrap().to_string(),
                format!("the model's node t7 has {what}")
            );
        }
    }
    // As many as outputs is right for the weights' scales alone.
    let broken =
        checked(|constants| constants[3] = Tensor::from_shape(&[4], &[0.5f32; 4]).unwrap());
    let message = broken.err().unwrap().to_string();
    assert_eq!(
        message,
        "the model's node t7 has a scale or zero point of the wrong length"
    );
}

#[test]
fn zero_points_out_of_range_are_refused_with_the_nodes_name() {
    let scalar = |value: i32| Tensor::from_shape(&[], &[value]).unwrap();
    for k in [2, 6] {
        for value in [-1, 256] {
            let broken = checked(|constants| constants[k] = scalar(value));
            assert_eq!(
                broken.err().unwrap().to_string(),
                format!(
                    "the model's node t7 has a zero point of {value}; its bytes go from 0 to 255"
                )
            );
        }
    }
    let broken = checked(|constants| constants[4] = scalar(1));
    assert_eq!(
        broken.err().unwrap().to_string(),
        "the model's node t7 has a weight zero point that is not 0"
    );
    assert_eq!(parameters::byte(-128, true, "n").unwrap(), 0);
    assert_eq!(parameters::byte(127, true, "n").unwrap(), 255);
    assert!(parameters::byte(128, true, "n").is_err());
}

#[test]
fn a_weight_zero_point_in_the_file_is_refused_with_the_nodes_name() {
    let model = changed(|graph| set(graph, "t2.wz", &[], vec![3]));
    let error = refusal(&model);
    assert!(
        error
            .to_string()
            .contains("node t2 has a weight zero point"),
        "{error}"
    );
}

#[test]
fn wrong_lengths_in_the_file_are_refused_with_the_nodes_name() {
    // The whole way, whoever notices it first. tract's own messages name the node too.
    for (constant, dims, raw) in [
        ("t2.ws", vec![3], floats(0.5, 3)),
        ("t2.b", vec![3], vec![0; 12]),
        ("t1.s", vec![5], floats(0.5, 5)),
        ("t2.z", vec![2], vec![1, 1]),
    ] {
        let mut sketch = Sketch::new([3, 6, 5], 0, false, 1);
        let first = sketch.conv((0, 0), 16, (3, 1), 0);
        let second = sketch.conv((first, first), 8, (3, 2), 9);
        let mut model = sketch.model(&[second]);
        set(model.graph.as_mut().unwrap(), constant, &dims, raw);
        let loaded = crate::onnx()
            .model_for_proto_model(&model)
            .and_then(|model| model.into_typed());
        let message = match loaded {
            Ok(model) => refusal(&model).to_string(),
            Err(error) => format!("{error:#}"),
        };
        assert!(
            message.contains("t1") || message.contains("t2"),
            "{constant}: {message}"
        );
    }
}

#[test]
fn two_zero_points_for_one_border_are_refused() {
    let mut sketch = Sketch::new([3, 6, 5], 0, false, 1);
    let first = sketch.conv((0, 0), 16, (3, 1), 0);
    let second = sketch.conv((first, first), 16, (3, 1), 0);
    sketch.scale("t99", 1.0, 5);
    let third = sketch.conv((first, 99), 16, (3, 1), 0);
    let sum = sketch.add([(second, second), (third, third)], true, 7);
    let error = refusal(&typed(&sketch.model(&[sum])));
    assert!(
        error.to_string().contains("t3 takes another zero point"),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_stays_with_tract() {
    let input: Vec<u8> = (0..90).map(|k| (k * 37) as u8).collect();
    // A weight of -128 in the second convolution; a pooling with gaps behind it.
    let least = changed(|graph| set(graph, "t2.w", &[], vec![128; 8 * 16 * 9]));
    let pooled = changed(|graph| {
        let attributes = vec![ints("kernel_shape", &[2, 2]), ints("dilations", &[2, 2])];
        graph.node.push(NodeProto {
            op_type: "MaxPool".into(),
            name: "pool".into(),
            input: vec!["t2".into()],
            output: vec!["pooled".into()],
            attribute: attributes,
            ..NodeProto::default()
        });
        let mut output = graph.output[0].clone();
        output.name = "pooled".into();
        graph.output = vec![output];
    });
    for (model, unknown) in [(least, "t2"), (pooled, "pool")] {
        assert_eq!(left(&model), [unknown]);
        assert_equal(&model, &input);
        let fused = op::fuse(&model, &Options::default()).unwrap().unwrap();
        assert_eq!(fused.left, [unknown]);
    }
}

#[test]
fn constants_that_are_no_numbers_stay_with_tract() {
    let model = changed(|graph| {
        let mut constants = graph.initializer.iter_mut();
        let weights = constants.find(|c| c.name == "t2.w").unwrap();
        weights.data_type = DataType::Uint8 as i32;
        let zero = constants.find(|c| c.name == "t2.wz").unwrap();
        zero.data_type = DataType::Uint8 as i32;
    });
    assert_eq!(left(&model), ["t2"]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn tract_has_no_kernels_for_amx() {
    use tract_core::tract_linalg::isa::{Isa, native};
    use tract_core::tract_linalg::knobs::TRACT_CPU_ISA;
    if std::env::var_os("TRACT_CPU_ISA").is_some() {
        return;
    }
    crate::onnx();
    assert_eq!(TRACT_CPU_ISA.get().as_deref(), Some("-amx-int8"));
    assert!(!native().has(Isa::X86_64AmxInt8));
}
