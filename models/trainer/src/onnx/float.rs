//! The network in floats.

use face8x_core::Result;

use super::{Attribute, OnnxGraph, Port};
use crate::network::{ConvSpec, Join, NetworkPlan, Op, Weights, tap_is_used};

/// An ONNX file of the network in floats: levels / 255 in; RGB of 1x3x16x16 to 1x3x128x128, before
/// clamping, or a grey crop to landmarks.
///
/// # Errors
/// The weights are not those of a network of this family.
pub fn float_model(weights: &Weights, metadata: &[(&str, String)]) -> Result<Vec<u8>> {
    let plan = NetworkPlan::of(weights)?;
    let mut graph = float_graph(weights, &plan)?;
    graph.output(Port::output(&plan, false));
    Ok(graph.into_file("face8x", metadata))
}

/// The graph of [`float_model`] without declared outputs. What step k makes bears the step's name.
///
/// # Errors
/// The weights do not fit the plan.
pub fn float_graph(weights: &Weights, plan: &NetworkPlan) -> Result<OnnxGraph> {
    plan.check(weights)?;
    let mut graph = OnnxGraph::default();
    graph.input(Port::input(plan, false));
    let name_of = |tensor: usize| match tensor {
        0 => "input",
        k => plan.steps[k - 1].name.as_str(),
    };
    for step in &plan.steps {
        let a = name_of(step.inputs[0]);
        match &step.op {
            Op::Conv(conv) => relu_conv(&mut graph, weights, conv, a, &step.name)?,
            Op::Shuffle => shuffle_node(&mut graph, a, &step.name),
            Op::AddRelu => {
                let sum = format!("{}.sum", step.name);
                graph.node("Add", &[a, name_of(step.inputs[1])], &sum, &[]);
                graph.node("Relu", &[&sum], &step.name, &[]);
            }
            Op::Join(join) => {
                let other = step.inputs.get(1).map_or("", |&input| name_of(input));
                join_node(&mut graph, *join, (a, other), &step.name);
            }
        }
    }
    let residual = name_of(plan.steps.len());
    if plan.skip {
        enlarge_node(&mut graph, "input", "base");
        graph.node("Add", &[residual, "base"], "output", &[]);
    } else {
        graph.node("Identity", &[residual], "output", &[]);
    }
    Ok(graph)
}

/// A convolution with its weights, and its ReLU where it has one; `output` is its name and its result.
fn relu_conv(
    graph: &mut OnnxGraph,
    weights: &Weights,
    conv: &ConvSpec,
    input: &str,
    name: &str,
) -> Result<()> {
    let w_name = format!("{name}.w");
    let b_name = format!("{name}.b");
    let (w, b) = (weights.get(&w_name)?, weights.get(&b_name)?);
    let mut values = w.values.clone();
    let (side, all) = (conv.kernel, conv.kernel * conv.kernel);
    for (k, value) in values.iter_mut().enumerate() {
        let channel = k / (all * conv.inputs);
        if !tap_is_used(conv.taps, channel, k % all / side, k % side) {
            *value = 0.0;
        }
    }
    graph.floats(&w_name, &w.shape, &values);
    graph.floats(&b_name, &b.shape, &b.values);
    let raw = format!("{name}.sum");
    let made = if conv.relu { raw.as_str() } else { name };
    conv_node(graph, "Conv", &[input, &w_name, &b_name], made, conv);
    match (conv.relu, conv.leak) {
        (false, _) => {}
        (true, 0.0) => graph.node("Relu", &[&raw], name, &[]),
        (true, leak) => {
            let slope = [("alpha", Attribute::Float(leak))];
            graph.node("LeakyRelu", &[&raw], name, &slope);
        }
    }
    Ok(())
}

/// What joins the convolutions of the paper's network.
fn join_node(graph: &mut OnnxGraph, join: Join, (a, b): (&str, &str), output: &str) {
    match join {
        Join::Add => graph.node("Add", &[a, b], output, &[]),
        Join::Concat => graph.node("Concat", &[a, b], output, &[("axis", Attribute::Int(1))]),
        Join::Nearest => resize_node(graph, a, output, 2.0, "nearest"),
        Join::Bilinear => resize_node(graph, a, output, 2.0, "linear"),
    }
}

/// A convolution.
pub(super) fn conv_node(
    g: &mut OnnxGraph,
    op: &str,
    inputs: &[&str],
    output: &str,
    conv: &ConvSpec,
) {
    let strides = [conv.stride as i64; 2];
    let pads = [conv.border as i64; 4];
    g.node(
        op,
        inputs,
        output,
        &[
            ("kernel_shape", Attribute::Ints(&[conv.kernel as i64; 2])),
            ("strides", Attribute::Ints(&strides)),
            ("pads", Attribute::Ints(&pads)),
        ],
    );
}

/// Four channels to 2x2 pixels.
pub(super) fn shuffle_node(graph: &mut OnnxGraph, input: &str, output: &str) {
    let attributes = [
        ("blocksize", Attribute::Int(2)),
        ("mode", Attribute::Text("CRD")),
    ];
    graph.node("DepthToSpace", &[input], output, &attributes);
}

/// Bilinear enlargement by 8.
pub(super) fn enlarge_node(graph: &mut OnnxGraph, input: &str, output: &str) {
    resize_node(graph, input, output, 8.0, "linear");
}

/// Enlargement by a factor; "nearest" repeats each pixel.
pub(super) fn resize_node(
    graph: &mut OnnxGraph,
    input: &str,
    output: &str,
    factor: f32,
    mode: &str,
) {
    let name = match factor {
        8.0 => "enlarge.scales".to_owned(),
        _ => format!("{output}.scales"),
    };
    let scales = graph.floats(&name, &[4], &[1.0, 1.0, factor, factor]);
    let mut attributes = vec![
        ("mode", Attribute::Text(mode)),
        (
            "coordinate_transformation_mode",
            Attribute::Text("half_pixel"),
        ),
    ];
    if mode == "nearest" {
        attributes[1].1 = Attribute::Text("asymmetric");
        attributes.push(("nearest_mode", Attribute::Text("floor")));
    }
    graph.node("Resize", &[input, "", scales], output, &attributes);
}
