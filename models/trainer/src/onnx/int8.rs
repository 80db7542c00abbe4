//! The network in 8-bit integers, in operators that both onnxruntime and tract run exactly.
//!
//! Convolutions are QLinearConv; ReLU is what saturation at the zero point 0 does. ai.onnx has no
//! integer addition, so the additive skips are DequantizeLinear, Add, Relu, QuantizeLinear, which
//! an engine may fuse. Channels are folded (DepthToSpace) as bytes. The last convolution gives
//! the residual in whole grey levels around the zero point; the bilinear enlargement of the input
//! has weights in 1/256, so that sum and rounding are exact in floats and integers alike.

use super::float::{conv_node, enlarge_node, shuffle_node};
use super::{OnnxGraph, Port};
use crate::network::{NetworkPlan, Op};

/// What a byte q stands for: `scale` * (q - `zero`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByteScale {
    pub scale: f32,
    pub zero: u8,
}

/// The integers of one convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantisedConv {
    /// Outputs x inputs x 3 x 3.
    pub weights: Vec<i8>,
    /// What a weight of 1 stands for, by output channel.
    pub scales: Vec<f32>,
    /// In units of the input's scale times `scales`.
    pub bias: Vec<i32>,
    /// Of the output.
    pub output: ByteScale,
}

/// The result of an addition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantisedAdd {
    /// Of the output.
    pub output: ByteScale,
}

/// A whole network: what the plan's steps compute in integers.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantisedNetwork {
    pub plan: NetworkPlan,
    /// In the order of the plan's convolutions.
    pub convs: Vec<QuantisedConv>,
    /// In the order of the plan's additions.
    pub adds: Vec<QuantisedAdd>,
}

/// The input's bytes are grey levels, and so are the output's.
const LEVELS: ByteScale = ByteScale {
    scale: 1.0,
    zero: 0,
};

impl QuantisedNetwork {
    /// The scale of every tensor: number 0 is the input, k + 1 what step k makes.
    pub fn scales(&self) -> Vec<ByteScale> {
        let (mut convs, mut adds) = (self.convs.iter(), self.adds.iter());
        let mut scales = vec![LEVELS];
        for step in &self.plan.steps {
            let made = match step.op {
                Op::Conv(_) => convs.next().map(|conv| conv.output),
                Op::AddRelu => adds.next().map(|add| add.output),
                Op::Shuffle | Op::Join(_) => None,
            };
            scales.push(made.unwrap_or(scales[step.inputs[0]]));
        }
        scales
    }
}

/// An ONNX file of the network in integers: levels as bytes, RGB of 1x3x16x16 to 1x3x128x128, or a
/// grey crop to landmarks as floats.
pub fn int8_model(network: &QuantisedNetwork, metadata: &[(&str, String)]) -> Vec<u8> {
    let mut graph = int8_graph(network);
    graph.output(Port::output(&network.plan, true));
    graph.into_file("face8x", metadata)
}

/// The graph of [`int8_model`] without declared outputs. What step k makes bears the step's name.
pub fn int8_graph(network: &QuantisedNetwork) -> OnnxGraph {
    let plan = &network.plan;
    let mut graph = OnnxGraph::default();
    graph.input(Port::input(plan, true));
    let scales = network.scales();
    let zero_weight = graph.signed("weights.zero", &[], &[0]);
    scale_constants(&mut graph, "input", LEVELS);
    let name_of = |tensor: usize| match tensor {
        0 => "input",
        k => plan.steps[k - 1].name.as_str(),
    };
    let mut convs = network.convs.iter();
    for (k, step) in plan.steps.iter().enumerate() {
        let a = name_of(step.inputs[0]);
        match &step.op {
            Op::Conv(conv) => {
                let Some(q) = convs.next() else { continue };
                scale_constants(&mut graph, &step.name, q.output);
                let names = ["w", "w.scale", "b"].map(|part| format!("{}.{part}", step.name));
                let w = graph.signed(&names[0], &[conv.outputs, conv.inputs, 3, 3], &q.weights);
                let ws = graph.floats(&names[1], &[conv.outputs], &q.scales);
                let b = graph.ints(&names[2], &[conv.outputs], &q.bias);
                let (xs, xz) = scale_names(origin(plan, step.inputs[0]));
                let (ys, yz) = scale_names(&step.name);
                let inputs = [a, &xs, &xz, w, ws, zero_weight, &ys, &yz, b];
                conv_node(&mut graph, "QLinearConv", &inputs, &step.name, conv);
            }
            Op::Shuffle => shuffle_node(&mut graph, a, &step.name),
            // Such a network is not quantised.
            Op::Join(_) => {}
            Op::AddRelu => {
                let parts = ["a", "b", "sum", "relu"].map(|part| format!("{}.{part}", step.name));
                for (part, &input) in parts.iter().zip(&step.inputs) {
                    dequantise(&mut graph, name_of(input), origin(plan, input), part);
                }
                graph.node("Add", &[&parts[0], &parts[1]], &parts[2], &[]);
                graph.node("Relu", &[&parts[2]], &parts[3], &[]);
                scale_constants(&mut graph, &step.name, scales[k + 1]);
                quantise(&mut graph, &parts[3], &step.name);
            }
        }
    }
    let last = plan.steps.len();
    if !plan.skip {
        dequantise(&mut graph, name_of(last), origin(plan, last), "output");
        return graph;
    }
    dequantise(&mut graph, name_of(last), origin(plan, last), "residual");
    dequantise(&mut graph, "input", "input", "levels");
    enlarge_node(&mut graph, "levels", "base");
    graph.node("Add", &["residual", "base"], "picture", &[]);
    scale_constants(&mut graph, "output", LEVELS);
    quantise(&mut graph, "picture", "output");
    graph
}

/// The name of the tensor whose scale the tensor of this number has: folding changes no value.
fn origin(plan: &NetworkPlan, tensor: usize) -> &str {
    let mut tensor = tensor;
    while tensor > 0 {
        let step = &plan.steps[tensor - 1];
        if step.op != Op::Shuffle {
            return &step.name;
        }
        tensor = step.inputs[0];
    }
    "input"
}

pub(super) fn scale_names(tensor: &str) -> (String, String) {
    (format!("{tensor}.scale"), format!("{tensor}.zero"))
}

pub(super) fn scale_constants(graph: &mut OnnxGraph, tensor: &str, scale: ByteScale) {
    let (s, z) = scale_names(tensor);
    graph.floats(&s, &[], &[scale.scale]);
    graph.bytes(&z, &[], &[scale.zero]);
}

pub(super) fn dequantise(graph: &mut OnnxGraph, input: &str, scaled_as: &str, output: &str) {
    let (s, z) = scale_names(scaled_as);
    graph.node("DequantizeLinear", &[input, &s, &z], output, &[]);
}

pub(super) fn quantise(graph: &mut OnnxGraph, input: &str, output: &str) {
    let (s, z) = scale_names(output);
    graph.node("QuantizeLinear", &[input, &s, &z], output, &[]);
}
