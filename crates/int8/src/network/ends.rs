//! The inputs and outputs of a network that is fused whole.

use tract_core::internal::OutletId;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::quant::DequantizeLinearF32;
use tract_core::prelude::TypedModel;

use super::{Format, TensorInfo};
use crate::fuse::{Fusable, Quantise};
use crate::graph::{Scale, TensorId};

/// A tensor at an end of the network, and what the DequantizeLinear there says that its bytes stand
/// for.
pub(super) type End = (TensorId, Option<Scale>);

/// The scale of the input and the outputs of a network that is fused whole.
pub(super) fn ends(model: &TypedModel, found: &Fusable) -> Option<(Option<Scale>, Vec<End>)> {
    let ([input], [source]) = (&found.inputs[..], &model.inputs[..]) else {
        return None;
    };
    let scale = match input == source {
        true => None,
        false => Some(quantised_source(model, *input, *source)?),
    };
    let outputs = model.outputs.iter().map(|output| {
        if let Some(&tensor) = found.tensors.get(output) {
            return Some((tensor, None));
        }
        let node = model.node(output.node);
        node.op_as::<DequantizeLinearF32>()?;
        let tensor = *found.tensors.get(&node.inputs[0])?;
        Some((tensor, found.graph.scales[tensor]))
    });
    let outputs: Vec<End> = outputs.collect::<Option<_>>()?;
    // What comes in and goes out as it is, is none of the engine's.
    let made = outputs
        .iter()
        .all(|(tensor, _)| !found.graph.inputs.contains(tensor));
    (made && found.graph.convs().next().is_some()).then_some((scale, outputs))
}

/// The scale of a QuantizeLinear that alone reads the model's input.
fn quantised_source(model: &TypedModel, outlet: OutletId, source: OutletId) -> Option<Scale> {
    let node = model.node(outlet.node);
    let op = Quantise::of(node.op_as::<ElementWiseOp>()?)?;
    (node.inputs[..] == [source]).then(|| op.scale(&node.name))?
}

pub(super) fn describe(
    model: &TypedModel,
    found: &Fusable,
    tensor: TensorId,
    scale: Option<Scale>,
    outlet: OutletId,
) -> TensorInfo {
    let shape = found.graph.tensors[tensor];
    let scale = found.graph.scale_of(tensor).or(scale);
    let scale = scale.unwrap_or(Scale {
        scale: 1.0,
        zero: if shape.signed { 128 } else { 0 },
    });
    let is_input = model.inputs.contains(&outlet);
    let label = model.outlet_label(outlet);
    TensorInfo {
        name: label.unwrap_or(&model.node(outlet.node).name).to_owned(),
        rows: shape.rows,
        columns: shape.columns,
        channels: shape.channels,
        format: match found.display && !is_input {
            true => Format::Display,
            false => Format::Quantised {
                signed: shape.signed,
                scale: scale.scale,
                zero_point: scale.zero,
            },
        },
    }
}
