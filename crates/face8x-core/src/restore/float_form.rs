//! The float form of a quantised network: the same weights, to compare engines with.
//!
//! A QLinearConv becomes a Conv of the dequantised weights, with a ReLU where the output's zero
//! point was 0 and saturation did that; DequantizeLinear and QuantizeLinear fall away. The network
//! then takes and gives levels / 255.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use crate::{Error, Result};

/// Rewrites the file's graph.
///
/// # Errors
/// A QLinearConv lacks a constant or has one of an unexpected length or type; the message names
/// the node.
pub(super) fn dequantise(file: &mut ModelProto) -> Result<()> {
    let graph = file.graph.get_or_insert_default();
    let constants: HashMap<String, TensorProto> = graph
        .initializer
        .iter()
        .map(|c| (c.name.clone(), c.clone()))
        .collect();
    for node in std::mem::take(&mut graph.node) {
        match node.op_type.as_str() {
            "QLinearConv" => {
                let made = conv(&node, &constants).ok_or_else(|| {
                    Error::other(format!("the node {} has no float form", node.name))
                })?;
                graph.initializer.extend(made.constants);
                graph.node.extend(made.nodes);
            }
            "DequantizeLinear" | "QuantizeLinear" => {
                graph
                    .node
                    .push(simple("Identity", &node.input[..1], &node.output[0]));
            }
            _ => graph.node.push(node),
        }
    }
    count_in_ones(graph);
    Ok(())
}

struct FloatGraph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

fn conv(node: &NodeProto, constants: &HashMap<String, TensorProto>) -> Option<FloatGraph> {
    let constant = |k: usize| constants.get(node.input.get(k)?);
    let input_scale = *floats(constant(1)?)?.first()?;
    let weights = constant(3)?;
    let scales = floats(constant(4)?)?;
    let zero = *constant(7)?.raw_data.first()?;
    let bias = constant(8)?.raw_data.as_chunks::<4>().0;
    if scales.len() != bias.len() || scales.is_empty() || weights.raw_data.len() % scales.len() != 0
    {
        return None;
    }
    let per_output = weights.raw_data.len() / scales.len();
    let of = |(k, &w): (usize, &u8)| f32::from(w.cast_signed()) * scales[k / per_output];
    let float_weights: Vec<f32> = weights.raw_data.iter().enumerate().map(of).collect();
    let float_bias: Vec<f32> = bias
        .iter()
        .zip(&scales)
        .map(|(b, scale)| i32::from_le_bytes(*b) as f32 * input_scale * scale)
        .collect();
    let output = node.output.first()?;
    let names = ["weights", "bias", "sum"].map(|part| format!("{output}.float.{part}"));
    let inputs = [node.input[0].clone(), names[0].clone(), names[1].clone()];
    let relu = zero == 0;
    let sum = if relu { &names[2] } else { output };
    let mut nodes = vec![simple("Conv", &inputs, sum)];
    nodes[0].attribute = node.attribute.clone();
    if relu {
        nodes.push(simple("Relu", &names[2..], output));
    }
    let bias_shape = [scales.len() as i64];
    Some(FloatGraph {
        nodes,
        constants: vec![
            tensor(&names[0], &weights.dims, &float_weights),
            tensor(&names[1], &bias_shape, &float_bias),
        ],
    })
}

/// Inputs and outputs in floats from 0 to 1, where the nodes between count levels.
fn count_in_ones(graph: &mut GraphProto) {
    graph.value_info.clear();
    let ends: [(Vec<String>, bool); 2] = [
        (
            graph.input.iter().map(|port| port.name.clone()).collect(),
            true,
        ),
        (
            graph.output.iter().map(|port| port.name.clone()).collect(),
            false,
        ),
    ];
    for port in graph.input.iter_mut().chain(&mut graph.output) {
        if let Some(Value::TensorType(kind)) = port.r#type.as_mut().and_then(|t| t.value.as_mut()) {
            kind.elem_type = DataType::Float as i32;
        }
    }
    for (names, is_input) in ends {
        for name in names {
            let levels = format!("{name}.levels");
            for node in &mut graph.node {
                let ends = if is_input {
                    &mut node.input
                } else {
                    &mut node.output
                };
                ends.iter_mut()
                    .filter(|end| **end == name)
                    .for_each(|end| end.clone_from(&levels));
            }
            let factor = format!("{name}.factor");
            let value = if is_input { 255.0 } else { 1.0 / 255.0 };
            graph.initializer.push(tensor(&factor, &[], &[value]));
            let (from, to) = if is_input {
                (name, levels)
            } else {
                (levels, name)
            };
            let scaling = simple("Mul", &[from, factor], &to);
            let at = if is_input { 0 } else { graph.node.len() };
            graph.node.insert(at, scaling);
        }
    }
}

fn simple(op: &str, inputs: &[String], output: &str) -> NodeProto {
    NodeProto {
        op_type: op.into(),
        name: format!("{output}.{}", op.to_lowercase()),
        input: inputs.to_vec(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn tensor(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn floats(constant: &TensorProto) -> Option<Vec<f32>> {
    let (values, rest) = constant.raw_data.as_chunks::<4>();
    let whole = rest.is_empty() && constant.data_type == DataType::Float as i32;
    whole.then(|| values.iter().map(|v| f32::from_le_bytes(*v)).collect())
}
