//! Small ONNX graphs of bytes, made for the tests.

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use super::*;

/// A graph of bytes in the making. Tensors are named by numbers, 0 is the input.
pub(crate) struct Sketch {
    pub graph: GraphProto,
    /// Channels, rows and columns of each tensor.
    pub shapes: Vec<[usize; 3]>,
    signed: bool,
    random: u32,
}

impl Sketch {
    pub(crate) fn new(shape: [usize; 3], zero: u8, signed: bool, random: u32) -> Sketch {
        let mut sketch = Sketch {
            graph: GraphProto::default(),
            shapes: vec![shape],
            signed,
            random,
        };
        let [channels, rows, columns] = shape;
        let input = sketch.port("t0", &[1, channels, rows, columns]);
        sketch.graph.input.push(input);
        sketch.scale("t0", 1.0 / 128.0, zero);
        sketch
    }

    fn bytes(&self) -> DataType {
        if self.signed {
            DataType::Int8
        } else {
            DataType::Uint8
        }
    }

    /// A number below a bound.
    pub(crate) fn next(&mut self, below: u32) -> u32 {
        self.random = self
            .random
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        ((u64::from(self.random) * u64::from(below)) >> 32) as u32
    }

    pub(crate) fn constant(
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

    /// Scale and zero point of a tensor: `NAME.s` and `NAME.z`.
    pub(crate) fn scale(&mut self, tensor: &str, scale: f32, zero: u8) {
        self.constant(
            format!("{tensor}.s"),
            DataType::Float,
            &[],
            scale.to_le_bytes().into(),
        );
        self.constant(format!("{tensor}.z"), self.bytes(), &[], vec![zero]);
    }

    pub(crate) fn node(
        &mut self,
        op: &str,
        inputs: &[String],
        output: &str,
        attribute: Vec<AttributeProto>,
    ) {
        self.graph.node.push(NodeProto {
            op_type: op.into(),
            name: output.into(),
            input: inputs.to_vec(),
            output: vec![output.into()],
            attribute,
            ..NodeProto::default()
        });
    }

    /// A convolution of tensor `from`, which has the scale of `scales`; every third weight is 0.
    pub(crate) fn conv(
        &mut self,
        (from, scales): (usize, usize),
        outputs: usize,
        window: (usize, usize),
        zero: u8,
    ) -> usize {
        let pad = window.0 / 2;
        self.padded_conv((from, scales), [outputs, 1], window, pad, zero)
    }

    /// A depthwise convolution with a side of 3.
    pub(crate) fn depthwise(&mut self, from: (usize, usize), stride: usize, zero: u8) -> usize {
        let channels = self.shapes[from.0][0];
        self.padded_conv(from, [channels, channels], (3, stride), 1, zero)
    }

    pub(crate) fn padded_conv(
        &mut self,
        (from, scales): (usize, usize),
        [outputs, groups]: [usize; 2],
        (side, stride): (usize, usize),
        pad: usize,
        zero: u8,
    ) -> usize {
        let to = self.shapes.len();
        let [inputs, rows, columns] = self.shapes[from];
        let inputs = inputs / groups;
        let name = format!("t{to}");
        self.scale(&name, 1.0 / 128.0, zero);
        let [w, ws, wz, b] = self.conv_constants(&name, [outputs, inputs, side, side]);
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
        let group = AttributeProto {
            name: "group".into(),
            i: groups as i64,
            r#type: AttributeType::Int as i32,
            ..AttributeProto::default()
        };
        let attributes = vec![
            ints("kernel_shape", &[side as i64; 2]),
            ints("strides", &[stride as i64; 2]),
            ints("pads", &[pad as i64; 4]),
            group,
        ];
        self.node("QLinearConv", &inputs, &name, attributes);
        let length = |length: usize| (length + 2 * pad - side) / stride + 1;
        self.made([outputs, length(rows), length(columns)])
    }

    /// Weights, their scales and zero point, and the bias of a convolution with weights of this
    /// shape; every third weight is 0.
    fn conv_constants(&mut self, name: &str, shape: [usize; 4]) -> [String; 4] {
        let outputs = shape[0];
        let count = shape.iter().product();
        let weights: Vec<u8> = (0..count)
            .map(|_| match self.next(3) {
                0 => 0,
                _ => (self.next(255) as i32 - 127) as u8,
            })
            .collect();
        let w = self.constant(format!("{name}.w"), DataType::Int8, &shape, weights);
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
        [w, ws, wz, b]
    }

    fn made(&mut self, shape: [usize; 3]) -> usize {
        self.shapes.push(shape);
        self.shapes.len() - 1
    }

    /// DepthToSpace by 2.
    pub(crate) fn depth_to_space(&mut self, from: usize) -> usize {
        let to = self.shapes.len();
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
        let [channels, rows, columns] = self.shapes[from];
        self.made([channels / 4, 2 * rows, 2 * columns])
    }

    /// MaxPool with windows of `side`, padded so that a stride of 1 keeps the size of odd sides.
    pub(crate) fn pool(&mut self, from: usize, side: usize, stride: usize) -> usize {
        let (to, pad) = (self.shapes.len(), (side - 1) / 2);
        let attributes = vec![
            ints("kernel_shape", &[side as i64; 2]),
            ints("strides", &[stride as i64; 2]),
            ints("pads", &[pad as i64; 4]),
        ];
        self.node(
            "MaxPool",
            &[format!("t{from}")],
            &format!("t{to}"),
            attributes,
        );
        let [channels, rows, columns] = self.shapes[from];
        let length = |length: usize| (length + 2 * pad - side) / stride + 1;
        self.made([channels, length(rows), length(columns)])
    }

    /// Resize by nearest neighbour.
    pub(crate) fn enlarge(&mut self, from: usize, factor: usize) -> usize {
        let to = self.shapes.len();
        let scales: Vec<u8> = [1.0, 1.0, factor as f32, factor as f32]
            .iter()
            .flat_map(|scale| f32::to_le_bytes(*scale))
            .collect();
        let scales = self.constant(format!("t{to}.scales"), DataType::Float, &[4], scales);
        let words = |name: &str, value: &str| AttributeProto {
            name: name.into(),
            s: value.as_bytes().to_vec(),
            r#type: AttributeType::String as i32,
            ..AttributeProto::default()
        };
        let attributes = vec![
            words("mode", "nearest"),
            words("coordinate_transformation_mode", "asymmetric"),
            words("nearest_mode", "floor"),
        ];
        let inputs = [format!("t{from}"), String::new(), scales];
        self.node("Resize", &inputs, &format!("t{to}"), attributes);
        let [channels, rows, columns] = self.shapes[from];
        self.made([channels, factor * rows, factor * columns])
    }

    /// a + b, cut at 0 where `relu`; each tensor with the scale of another.
    pub(crate) fn add(&mut self, sides: [(usize, usize); 2], relu: bool, zero: u8) -> usize {
        let to = self.shapes.len();
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
        self.scale(&name, 1.0 / 64.0, zero);
        self.node(
            "QuantizeLinear",
            &[last, format!("{name}.s"), format!("{name}.z")],
            &name,
            vec![],
        );
        self.made(self.shapes[sides[0].0])
    }

    /// The model that gives out these tensors.
    pub(crate) fn model(mut self, outputs: &[usize]) -> ModelProto {
        for output in outputs {
            let port = self.port(&format!("t{output}"), &[]);
            self.graph.output.push(port);
        }
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

    /// An input or output of the graph.
    pub(crate) fn port(&self, name: &str, dims: &[usize]) -> ValueInfoProto {
        let dim = |&d: &usize| Dimension {
            value: Some(dimension::Value::DimValue(d as i64)),
            ..Dimension::default()
        };
        let shape = (!dims.is_empty()).then(|| TensorShapeProto {
            dim: dims.iter().map(dim).collect(),
        });
        let kind = type_proto::Tensor {
            elem_type: self.bytes() as i32,
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
}

pub(crate) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: values.to_vec(),
        r#type: AttributeType::Ints as i32,
        ..AttributeProto::default()
    }
}

/// tract's graph, as it is written.
pub(crate) fn typed(model: &ModelProto) -> TypedModel {
    let model = crate::onnx().model_for_proto_model(model).unwrap();
    model.into_typed().unwrap()
}
