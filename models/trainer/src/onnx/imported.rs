//! Networks of others in 8-bit integers, by the same operators as our own: for inputs of any size
//! that is a multiple of the network's coarsest step.

use super::import::{Imported, ImportedConv, ImportedOp, ImportedStep};
use super::int8::{ByteScale, QuantisedConv, dequantise, quantise, scale_constants, scale_names};
use super::{Attribute, OnnxGraph, Port};

/// An [`Imported`] network in integers.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantisedImport {
    pub network: Imported,
    /// In the order of the network's convolutions.
    pub convs: Vec<QuantisedConv>,
    /// Of every tensor: number 0 is the input, whose bytes are levels; k + 1 is what step k makes.
    pub scales: Vec<ByteScale>,
}

/// An ONNX file of the network in integers: bytes in, of an open height and width; each output is
/// the dequantised tensor in front of what reordered it, 1 x channels x rows x columns, before the
/// sigmoid.
pub fn imported_model(quantised: &QuantisedImport, metadata: &[(&str, String)]) -> Vec<u8> {
    let network = &quantised.network;
    let mut graph = OnnxGraph::default();
    graph.input(Port {
        name: &network.input.0,
        bytes: true,
        channels: network.input.1,
        side: None,
    });
    let name_of = |tensor: usize| match tensor {
        0 => network.input.0.as_str(),
        k => network.steps[k - 1].name.as_str(),
    };
    let mut writer = GraphWriter {
        quantised,
        zero_weight: graph.signed("weights.zero", &[], &[0]).to_owned(),
        graph,
    };
    scale_constants(&mut writer.graph, name_of(0), quantised.scales[0]);
    let mut convs = quantised.convs.iter();
    for (k, step) in network.steps.iter().enumerate() {
        let inputs: Vec<&str> = step.inputs.iter().map(|&input| name_of(input)).collect();
        match (&step.op, &inputs[..]) {
            (ImportedOp::Conv(conv), [input, ..]) => {
                let Some(q) = convs.next() else { continue };
                writer.conv(step, (conv, q), input);
            }
            (ImportedOp::Add, [a, b, ..]) => writer.add(step, (a, b), quantised.scales[k + 1]),
            (ImportedOp::MaxPool, [input, ..]) => writer.pool(step, input),
            (ImportedOp::Enlarge, [input, ..]) => {
                super::float::resize_node(&mut writer.graph, input, &step.name, 2.0, "nearest");
            }
            // Every step reads something.
            (_, _) => {}
        }
    }
    let mut graph = writer.graph;
    for output in &network.outputs {
        let scaled_as = name_of(origin(network, output.tensor));
        dequantise(&mut graph, name_of(output.tensor), scaled_as, &output.name);
        graph.output(Port {
            name: &output.name,
            bytes: false,
            channels: network.steps[output.tensor - 1].channels,
            side: None,
        });
    }
    graph.into_file("detector", metadata)
}

/// The number of the tensor whose scale this one has: pooling and enlarging change no value.
fn origin(network: &Imported, mut tensor: usize) -> usize {
    while let Some(step) = tensor.checked_sub(1).map(|k| &network.steps[k]) {
        match step.op {
            ImportedOp::MaxPool | ImportedOp::Enlarge => tensor = step.inputs[0],
            ImportedOp::Conv(_) | ImportedOp::Add => break,
        }
    }
    tensor
}

struct GraphWriter<'q> {
    quantised: &'q QuantisedImport,
    zero_weight: String,
    graph: OnnxGraph,
}

impl GraphWriter<'_> {
    /// The names of the scale and zero point of a step's input number `k`.
    fn scale_of(&self, step: &ImportedStep, k: usize) -> (String, String) {
        let network = &self.quantised.network;
        scale_names(match origin(network, step.inputs[k]) {
            0 => &network.input.0,
            tensor => &network.steps[tensor - 1].name,
        })
    }

    fn conv(&mut self, step: &ImportedStep, (conv, q): (&ImportedConv, &QuantisedConv), x: &str) {
        scale_constants(&mut self.graph, &step.name, q.output);
        let (xs, xz) = self.scale_of(step, 0);
        let (ys, yz) = scale_names(&step.name);
        let names = ["w", "w.scale", "b"].map(|part| format!("{}.{part}", step.name));
        let outputs = step.channels;
        let inputs = conv.weights.len() / (outputs * conv.kernel * conv.kernel);
        let shape = [outputs, inputs, conv.kernel, conv.kernel];
        let w = self.graph.signed(&names[0], &shape, &q.weights);
        let ws = self.graph.floats(&names[1], &[outputs], &q.scales);
        let b = self.graph.ints(&names[2], &[outputs], &q.bias);
        let all = [x, &xs, &xz, w, ws, &self.zero_weight, &ys, &yz, b];
        let (kernel, stride) = ([conv.kernel as i64; 2], [conv.stride as i64; 2]);
        let pads = [(conv.kernel / 2) as i64; 4];
        let attributes = [
            ("kernel_shape", Attribute::Ints(&kernel)),
            ("strides", Attribute::Ints(&stride)),
            ("pads", Attribute::Ints(&pads)),
            ("group", Attribute::Int(conv.groups as i64)),
        ];
        self.graph
            .node("QLinearConv", &all, &step.name, &attributes);
    }

    fn add(&mut self, step: &ImportedStep, inputs: (&str, &str), scale: ByteScale) {
        scale_constants(&mut self.graph, &step.name, scale);
        let parts = ["a", "b", "sum"].map(|part| format!("{}.{part}", step.name));
        for (k, (input, part)) in [inputs.0, inputs.1].into_iter().zip(&parts).enumerate() {
            let (s, z) = self.scale_of(step, k);
            self.graph
                .node("DequantizeLinear", &[input, &s, &z], part, &[]);
        }
        self.graph
            .node("Add", &[&parts[0], &parts[1]], &parts[2], &[]);
        quantise(&mut self.graph, &parts[2], &step.name);
    }

    fn pool(&mut self, step: &ImportedStep, input: &str) {
        let attributes = [
            ("kernel_shape", Attribute::Ints(&[2, 2])),
            ("strides", Attribute::Ints(&[2, 2])),
        ];
        self.graph
            .node("MaxPool", &[input], &step.name, &attributes);
    }
}
