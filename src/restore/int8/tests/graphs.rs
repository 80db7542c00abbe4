//! Small graphs of the known form, of any sizes, and broken ones.

use proptest::prelude::*;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use super::*;

/// A graph of bytes in the making. Tensors are named by numbers, 0 is the input.
struct Sketch {
    graph: GraphProto,
    channels: Vec<usize>,
    random: u32,
}

impl Sketch {
    fn new(channels: usize, rows: usize, columns: usize, random: u32) -> Sketch {
        let mut sketch = Sketch {
            graph: GraphProto::default(),
            channels: vec![channels],
            random,
        };
        let dims = [1, channels, rows, columns];
        sketch.graph.input.push(port("t0", &dims));
        sketch.scale("t0", 1.0 / 128.0, 0);
        sketch
    }

    fn next(&mut self, below: u32) -> u32 {
        self.random = self
            .random
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        ((u64::from(self.random) * u64::from(below)) >> 32) as u32
    }

    fn constant(
        &mut self,
        name: String,
        kind: DataType,
        dims: &[usize],
        raw_data: Vec<u8>,
    ) -> String {
        let dims = dims.iter().map(|&d| d as i64).collect();
        let data_type = kind as i32;
        self.graph.initializer.push(TensorProto {
            name: name.clone(),
            dims,
            data_type,
            raw_data,
            ..TensorProto::default()
        });
        name
    }

    fn scale(&mut self, tensor: &str, scale: f32, zero: u8) {
        self.constant(
            format!("{tensor}.s"),
            DataType::Float,
            &[],
            scale.to_le_bytes().into(),
        );
        self.constant(format!("{tensor}.z"), DataType::Uint8, &[], vec![zero]);
    }

    fn node(&mut self, op: &str, inputs: &[String], output: &str, attribute: Vec<AttributeProto>) {
        self.graph.node.push(NodeProto {
            op_type: op.into(),
            name: output.into(),
            input: inputs.to_vec(),
            output: vec![output.into()],
            attribute,
            ..NodeProto::default()
        });
    }

    /// A convolution of tensor `from`; every third weight is 0.
    fn conv(
        &mut self,
        from: usize,
        scales: usize,
        outputs: usize,
        side: usize,
        stride: usize,
        zero: u8,
    ) -> usize {
        let to = self.channels.len();
        let inputs = self.channels[from];
        let name = format!("t{to}");
        self.scale(&name, 1.0 / 128.0, zero);
        let count = outputs * inputs * side * side;
        let weights: Vec<u8> = (0..count)
            .map(|_| match self.next(3) {
                0 => 0,
                _ => (self.next(255) as i32 - 127) as u8,
            })
            .collect();
        let w = self.constant(
            format!("{name}.w"),
            DataType::Int8,
            &[outputs, inputs, side, side],
            weights,
        );
        // Powers of two: the factor is the same in every order of evaluation.
        let factor = 2f32.powi(-(4 + self.next(5) as i32));
        let ws = self.constant(
            format!("{name}.ws"),
            DataType::Float,
            &[outputs],
            [factor.to_le_bytes()].repeat(outputs).concat(),
        );
        let wz = self.constant(format!("{name}.wz"), DataType::Int8, &[], vec![0]);
        let bias: Vec<u8> = (0..outputs)
            .flat_map(|_| (self.next(4000) as i32 - 2000).to_le_bytes())
            .collect();
        let b = self.constant(format!("{name}.b"), DataType::Int32, &[outputs], bias);
        let own = |end: &str| format!("{name}.{end}");
        let other = |end: &str| format!("t{scales}.{end}");
        let inputs = [
            format!("t{from}"),
            other("s"),
            other("z"),
            w,
            ws,
            wz,
            own("s"),
            own("z"),
            b,
        ];
        let (side, pad) = (side as i64, side as i64 / 2);
        let attributes = vec![
            ints("kernel_shape", &[side, side]),
            ints("strides", &[stride as i64; 2]),
            ints("pads", &[pad; 4]),
        ];
        self.node("QLinearConv", &inputs, &name, attributes);
        self.channels.push(outputs);
        to
    }

    fn fold(&mut self, from: usize) -> usize {
        let to = self.channels.len();
        let block = AttributeProto {
            name: "blocksize".into(),
            i: 2,
            r#type: AttributeType::Int as i32,
            ..AttributeProto::default()
        };
        let mode = AttributeProto {
            name: "mode".into(),
            s: b"CRD".to_vec(),
            r#type: AttributeType::String as i32,
            ..AttributeProto::default()
        };
        self.node(
            "DepthToSpace",
            &[format!("t{from}")],
            &format!("t{to}"),
            vec![block, mode],
        );
        self.channels.push(self.channels[from] / 4);
        to
    }

    /// max(0, a + b), each tensor with the scale of another.
    fn add(&mut self, sides: [(usize, usize); 2], relu: bool) -> usize {
        let to = self.channels.len();
        let name = format!("t{to}");
        for (tensor, scales) in sides {
            let inputs = [
                format!("t{tensor}"),
                format!("t{scales}.s"),
                format!("t{scales}.z"),
            ];
            self.node(
                "DequantizeLinear",
                &inputs,
                &format!("{name}.{tensor}"),
                vec![],
            );
        }
        let inputs = sides.map(|(tensor, _)| format!("{name}.{tensor}"));
        self.node("Add", &inputs, &format!("{name}.sum"), vec![]);
        let mut last = format!("{name}.sum");
        if relu {
            self.node(
                "Relu",
                std::slice::from_ref(&last),
                &format!("{name}.relu"),
                vec![],
            );
            last = format!("{name}.relu");
        }
        self.scale(&name, 1.0 / 64.0, 7);
        self.node(
            "QuantizeLinear",
            &[last, format!("{name}.s"), format!("{name}.z")],
            &name,
            vec![],
        );
        self.channels.push(self.channels[sides[0].0]);
        to
    }

    fn model(mut self, output: usize) -> ModelProto {
        let name = format!("t{output}");
        self.graph.output.push(port(&name, &[]));
        ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto {
                version: 17,
                ..Default::default()
            }],
            graph: Some(self.graph),
            ..ModelProto::default()
        }
    }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: values.to_vec(),
        r#type: AttributeType::Ints as i32,
        ..AttributeProto::default()
    }
}

fn port(name: &str, dims: &[usize]) -> ValueInfoProto {
    let dim = |&d: &usize| Dimension {
        value: Some(dimension::Value::DimValue(d as i64)),
        ..Dimension::default()
    };
    let shape = (!dims.is_empty()).then(|| TensorShapeProto {
        dim: dims.iter().map(dim).collect(),
    });
    let kind = type_proto::Tensor {
        elem_type: DataType::Uint8 as i32,
        shape,
    };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(kind)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

fn typed(model: &ModelProto) -> TypedModel {
    let model = tract_onnx::onnx().model_for_proto_model(model).unwrap();
    model.into_typed().unwrap().into_decluttered().unwrap()
}

fn run_on(model: TypedModel, shape: &[usize], input: &[u8]) -> Vec<u8> {
    let mut state = SimpleState::new(&TypedSimplePlan::new(model).unwrap()).unwrap();
    let input = Tensor::from_shape(shape, input).unwrap();
    bytes_of(
        &state
            .run(tvec!(input.into_tvalue()))
            .unwrap()
            .remove(0)
            .into_tensor(),
    )
}

/// conv (stride 1 or 2), then a residual block, then a folded convolution added to a wide skip.
#[derive(Debug, Clone)]
struct Sizes {
    channels: [usize; 3],
    rows: usize,
    columns: usize,
    sides: [usize; 4],
    stride: usize,
    relu: bool,
    zero: u8,
    seed: u32,
}

fn sizes() -> impl Strategy<Value = Sizes> {
    let side = prop_oneof![1 => Just(1usize), 6 => Just(3)];
    (
        [1usize..40, 1..40, 1..20],
        (1usize..12, 1usize..12),
        prop::array::uniform4(side),
        1usize..=2,
        any::<bool>(),
        any::<u8>(),
        any::<u32>(),
    )
        .prop_map(
            |(channels, (rows, columns), sides, stride, relu, zero, seed)| Sizes {
                channels,
                rows,
                columns,
                sides,
                stride,
                relu,
                zero,
                seed,
            },
        )
}

impl Sizes {
    fn model(&self) -> ModelProto {
        let mut sketch = Sketch::new(self.channels[0], self.rows, self.columns, self.seed);
        let [a, b, c, d] = self.sides;
        let (wide, thin) = (self.channels[1], self.channels[2]);
        let first = sketch.conv(0, 0, wide, a, self.stride, 0);
        let second = sketch.conv(first, first, thin, b, 1, 0);
        let third = sketch.conv(second, second, wide, c, 1, self.zero);
        let sum = sketch.add([(first, first), (third, third)], self.relu);
        let folded = sketch.conv(sum, sum, 4 * wide, d, 1, self.zero);
        let large = sketch.fold(folded);
        sketch.model(large)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn small_graphs_of_any_size_give_tracts_bytes(sizes in sizes(), threads in 1usize..4) {
        let model = typed(&sizes.model());
        let shape = [1, sizes.channels[0], sizes.rows, sizes.columns];
        let input: Vec<u8> = (0..shape.iter().product::<usize>()).map(|k| (k * 89 + sizes.seed as usize) as u8).collect();
        let expected = run_on(model.clone(), &shape, &input);
        // Of a kernel of one pixel, or one as large as its input, tract makes a matrix product.
        let all = sizes.sides == [3; 4] && sizes.rows.min(sizes.columns) > 2 * sizes.stride && sizes.channels.iter().all(|&c| c > 1);
        for kernel in available() {
            let Some(fused) = fuse(&model, Arc::clone(&kernel), threads).unwrap() else {
                prop_assert!(!all);
                continue;
            };
            prop_assert!(!all || fused.left.is_empty(), "{:?}", fused.left);
            let found = run_on(fused.model, &shape, &input);
            prop_assert_eq!(&found, &expected, "{} on {}", kernel.name(), threads);
        }
    }
}

/// A good graph of two convolutions, changed by `change`.
fn changed(change: impl Fn(&mut GraphProto)) -> TypedModel {
    let mut sketch = Sketch::new(3, 6, 5, 1);
    let first = sketch.conv(0, 0, 16, 3, 1, 0);
    let second = sketch.conv(first, first, 8, 3, 2, 9);
    let mut model = sketch.model(second);
    change(model.graph.as_mut().unwrap());
    typed(&model)
}

fn set(graph: &mut GraphProto, name: &str, raw: Vec<u8>) {
    let constant = graph
        .initializer
        .iter_mut()
        .find(|c| c.name == name)
        .unwrap();
    constant.raw_data = raw;
}

#[test]
fn broken_quantisation_is_refused_with_the_nodes_name() {
    for (constant, raw, reason) in [
        ("t1.s", 0f32.to_le_bytes().to_vec(), "t1 has a scale of"),
        ("t1.s", f32::NAN.to_le_bytes().to_vec(), "t1 has a scale of"),
        (
            "t1.s",
            f32::INFINITY.to_le_bytes().to_vec(),
            "t1 has a scale of",
        ),
        (
            "t2.ws",
            [(-1f32).to_le_bytes(); 8].concat(),
            "t2 has a scale of",
        ),
        (
            "t2.b",
            [i32::MAX.to_le_bytes(); 8].concat(),
            "t2 has weights and a bias that could overflow",
        ),
    ] {
        let model = changed(|graph| set(graph, constant, raw.clone()));
        let error = fuse(&model, kernel::fastest(), 1).err().expect(constant);
        assert!(error.to_string().contains(reason), "{constant}: {error}");
        assert!(error.remedy_text().is_some());
    }
}

#[test]
fn two_zero_points_for_one_border_are_refused() {
    let mut sketch = Sketch::new(3, 6, 5, 1);
    let first = sketch.conv(0, 0, 16, 3, 1, 0);
    let second = sketch.conv(first, first, 16, 3, 1, 0);
    sketch.scale("t99", 1.0, 5);
    let third = sketch.conv(first, 99, 16, 3, 1, 0);
    let sum = sketch.add([(second, second), (third, third)], true);
    let error = fuse(&typed(&sketch.model(sum)), kernel::fastest(), 1)
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("t3 takes another zero point"),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_stays_with_tract() {
    let shape = [1, 3, 6, 5];
    let input: Vec<u8> = (0..90).map(|k| (k * 37) as u8).collect();
    // A weight of -128 in the second convolution; a pooling behind it.
    let least = changed(|graph| set(graph, "t2.w", vec![128; 8 * 16 * 9]));
    let pooled = changed(|graph| {
        let attributes = vec![ints("kernel_shape", &[2, 2])];
        graph.node.push(NodeProto {
            op_type: "MaxPool".into(),
            name: "pool".into(),
            input: vec!["t2".into()],
            output: vec!["pooled".into()],
            attribute: attributes,
            ..NodeProto::default()
        });
        graph.output = vec![port("pooled", &[])];
    });
    for (model, left) in [(least, "t2"), (pooled, "pool")] {
        let fused = fuse(&model, kernel::fastest(), 2).unwrap().unwrap();
        assert_eq!(fused.left, [left]);
        assert_eq!(
            run_on(fused.model, &shape, &input),
            run_on(model, &shape, &input)
        );
    }
}
