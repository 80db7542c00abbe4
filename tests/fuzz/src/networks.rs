//! Small networks of the forms that the engine knows: some kilobytes where the real ones have some
//! hundred.

use face8x_train::network::{NetworkConfig, NetworkPlan, Op, Tensor, Weights, tap_is_used};
use face8x_train::onnx::{
    Attribute, ByteScale, OnnxGraph, Port, QuantisedAdd, QuantisedConv, QuantisedNetwork,
    float_graph, int8_model,
};
use prost::Message;
use tract_onnx::pb::{ModelProto, TensorProto, tensor_proto::DataType};

/// Networks in integers that give a restored face.
pub const QUANTISED: [fn() -> Vec<u8>; 2] = [family, forms];

/// A stream of numbers that is always the same.
struct NumberStream(u32);

impl NumberStream {
    /// One below `bound`.
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.0) * u64::from(bound)) >> 32) as u32
    }

    fn weights(&mut self, count: usize) -> Vec<i8> {
        (0..count)
            .map(|_| (self.below(255) as i32 - 127) as i8)
            .collect()
    }
}

/// The sizes of a network of the family, with so many channels everywhere.
fn sizes(channels: usize) -> NetworkConfig {
    NetworkConfig {
        c16: channels,
        n16: 1,
        c8: channels,
        n8: 0,
        c4: channels,
        n4: 1,
        m8: 0,
        m16: 0,
        c32: channels,
        n32: 0,
        c64: channels,
        n64: 1,
    }
}

/// A network of the shipped family, in integers.
fn family() -> Vec<u8> {
    let plan = NetworkPlan::new(&sizes(4));
    let mut numbers = NumberStream(1);
    let output = ByteScale {
        scale: 1.0 / 64.0,
        zero: 0,
    };
    let mut convs: Vec<QuantisedConv> = Vec::new();
    for (_, conv) in plan.convs() {
        let (outputs, window) = (conv.outputs, 9 * conv.inputs);
        let mut weights = numbers.weights(outputs * window);
        for (k, weight) in weights.iter_mut().enumerate() {
            if !tap_is_used(conv.taps, k / window, k % 9 / 3, k % 3) {
                *weight = 0;
            }
        }
        convs.push(QuantisedConv {
            weights,
            scales: vec![1.0 / 256.0; outputs],
            bias: (0..outputs)
                .map(|_| numbers.below(900) as i32 - 300)
                .collect(),
            output,
        });
    }
    if let Some(last) = convs.last_mut() {
        last.output = ByteScale {
            scale: 1.0,
            zero: 128,
        };
    }
    let adds = plan.steps.iter().filter(|step| step.op == Op::AddRelu);
    let adds = adds.map(|_| QuantisedAdd { output }).collect();
    int8_model(&QuantisedNetwork { plan, convs, adds }, &[])
}

/// A network of the family in floats.
pub fn float() -> Vec<u8> {
    let plan = NetworkPlan::new(&sizes(2));
    let mut numbers = NumberStream(2);
    let mut weights = Weights::default();
    for (step, conv) in plan.convs() {
        for (part, shape) in [("w", conv.shape().to_vec()), ("b", vec![conv.outputs])] {
            let values = numbers.weights(shape.iter().product());
            let values = values.iter().map(|v| f32::from(*v) / 500.0).collect();
            weights.insert(format!("{}.{part}", step.name), Tensor { shape, values });
        }
    }
    let mut graph = float_graph(&weights, &plan).expect("the weights were made for the plan");
    graph.output(picture(false));
    graph.into_file("float", &[])
}

fn picture(bytes: bool) -> Port<'static> {
    Port {
        name: "output",
        bytes,
        channels: 3,
        side: Some(128),
    }
}

/// A graph of bytes in the making.
struct NetworkSketch {
    graph: OnnxGraph,
    numbers: NumberStream,
}

impl NetworkSketch {
    fn scale(&mut self, tensor: &str, scale: f32) {
        self.graph.floats(&format!("{tensor}.s"), &[], &[scale]);
        self.graph.bytes(&format!("{tensor}.z"), &[], &[3]);
    }

    /// A convolution of the tensor `from`, which has the scale of `scales`.
    fn conv(
        &mut self,
        [from, scales, name]: [&str; 3],
        (inputs, outputs): (usize, usize),
        (side, stride): (usize, i64),
    ) {
        self.scale(name, 1.0 / 128.0);
        let weights = self.numbers.weights(outputs * inputs * side * side);
        let bias: Vec<i32> = (0..outputs)
            .map(|_| self.numbers.below(4000) as i32 - 2000)
            .collect();
        let own = ["w", "ws", "wz", "b"].map(|part| format!("{name}.{part}"));
        let graph = &mut self.graph;
        graph.signed(&own[0], &[outputs, inputs, side, side], &weights);
        graph.floats(&own[1], &[outputs], &vec![1.0 / 64.0; outputs]);
        graph.signed(&own[2], &[], &[0]);
        graph.ints(&own[3], &[outputs], &bias);
        let ports = [scales, name].map(|tensor| [format!("{tensor}.s"), format!("{tensor}.z")]);
        let [[xs, xz], [ys, yz]] = &ports;
        let inputs = [from, xs, xz, &own[0], &own[1], &own[2], ys, yz, &own[3]];
        let pad = side as i64 / 2;
        let attributes = [
            ("kernel_shape", Attribute::Ints(&[side as i64; 2])),
            ("strides", Attribute::Ints(&[stride; 2])),
            ("pads", Attribute::Ints(&[pad; 4])),
        ];
        graph.node("QLinearConv", &inputs, name, &attributes);
    }

    /// Enlargement by 2 to the nearest pixel.
    fn enlarge(&mut self, from: &str, to: &str) {
        let scales = format!("{to}.scales");
        self.graph.floats(&scales, &[4], &[1.0, 1.0, 2.0, 2.0]);
        let attributes = [
            ("mode", Attribute::Text("nearest")),
            (
                "coordinate_transformation_mode",
                Attribute::Text("asymmetric"),
            ),
            ("nearest_mode", Attribute::Text("floor")),
        ];
        self.graph
            .node("Resize", &[from, "", &scales], to, &attributes);
    }

    fn fold(&mut self, from: &str, to: &str) {
        let attributes = [
            ("blocksize", Attribute::Int(2)),
            ("mode", Attribute::Text("CRD")),
        ];
        self.graph.node("DepthToSpace", &[from], to, &attributes);
    }

    fn concat(&mut self, parts: &[&str], to: &str) {
        self.graph
            .node("Concat", parts, to, &[("axis", Attribute::Int(1))]);
    }
}

/// A network of every other form: 1x1 windows, strides, pooling, enlargement, concatenation.
fn forms() -> Vec<u8> {
    let mut sketch = NetworkSketch {
        graph: OnnxGraph::default(),
        numbers: NumberStream(3),
    };
    sketch.graph.input(Port {
        name: "input",
        bytes: true,
        channels: 3,
        side: Some(16),
    });
    sketch.scale("input", 1.0 / 128.0);
    sketch.conv(["input", "input", "a"], (3, 5), (3, 1));
    let window = [
        ("kernel_shape", Attribute::Ints(&[2, 2])),
        ("strides", Attribute::Ints(&[2, 2])),
    ];
    sketch.graph.node("MaxPool", &["a"], "pooled", &window);
    sketch.conv(["pooled", "a", "b"], (5, 6), (1, 2));
    sketch.enlarge("b", "larger");
    sketch.concat(&["larger", "pooled"], "both");
    sketch.conv(["both", "b", "c"], (11, 8), (1, 1));
    sketch.enlarge("c", "large");
    sketch.conv(["large", "c", "d"], (8, 16), (3, 1));
    sketch.fold("d", "e");
    sketch.enlarge("e", "f");
    sketch.conv(["f", "d", "g"], (4, 12), (1, 1));
    sketch.fold("g", "output");
    sketch.graph.output(picture(true));
    sketch.graph.into_file("forms", &[])
}

/// A network with YuNet's input and outputs: one convolution for each.
pub fn yunet() -> Vec<u8> {
    let mut numbers = NumberStream(4);
    let mut graph = OnnxGraph::default();
    graph.input(Port {
        name: "input",
        bytes: false,
        channels: 3,
        side: Some(320),
    });
    let mut names = Vec::new();
    for stride in [8, 16, 32] {
        for (what, width) in [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)] {
            let name = format!("{what}_{stride}");
            let values = numbers.weights(3 * width);
            let values: Vec<f32> = values.iter().map(|v| f32::from(*v) / 30_000.0).collect();
            graph.floats(&format!("{name}.w"), &[width, 3, 1, 1], &values);
            let strides = [("strides", Attribute::Ints(&[stride; 2]))];
            let raw = format!("{name}.raw");
            graph.node("Conv", &["input", &format!("{name}.w")], &raw, &strides);
            let turned = format!("{name}.turned");
            let order = [("perm", Attribute::Ints(&[0, 2, 3, 1]))];
            graph.node("Transpose", &[&raw], &turned, &order);
            graph.node("Reshape", &[&turned, &format!("shape.{width}")], &name, &[]);
            names.push(name);
        }
    }
    let file = graph.into_file("yunet", &[]);
    let mut model = ModelProto::decode(&file[..]).expect("it was encoded just now");
    if let Some(graph) = &mut model.graph {
        for width in [1, 4, 10] {
            graph.initializer.push(TensorProto {
                name: format!("shape.{width}"),
                dims: vec![3],
                data_type: DataType::Int64 as i32,
                raw_data: [1, -1, width]
                    .iter()
                    .flat_map(|n: &i64| n.to_le_bytes())
                    .collect(),
                ..TensorProto::default()
            });
        }
        graph.output = names
            .into_iter()
            .map(|name| tract_onnx::pb::ValueInfoProto {
                name,
                ..Default::default()
            })
            .collect();
    }
    model.encode_to_vec()
}
