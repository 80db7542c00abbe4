//! Writing ONNX files (opset 17, ai.onnx operators alone) by tract's protobuf types, and reading
//! weights back.

use std::path::Path;

use face8x_core::{Error, Result};
use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use crate::files;
use crate::network::{NetworkPlan, Tensor, Weights};

mod float;
mod import;
mod imported;
mod int8;
#[cfg(test)]
mod tests;

pub use float::{float_graph, float_model};
pub use import::{Imported, ImportedConv, ImportedOp, ImportedOutput, ImportedStep, import};
pub use imported::{QuantisedImport, imported_model};
pub use int8::{ByteScale, QuantisedAdd, QuantisedConv, QuantisedNetwork, int8_graph, int8_model};

/// The operator set of every file: the last that all engines of the comparison read.
const OPSET: i64 = 17;
/// The file format that goes with it.
const IR_VERSION: i64 = 8;

/// An attribute of a node.
pub enum Attribute<'a> {
    Int(i64),
    Float(f32),
    Ints(&'a [i64]),
    Text(&'a str),
}

/// The type and shape of a graph's input or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port<'a> {
    pub name: &'a str,
    /// Bytes (8-bit levels) instead of floats.
    pub bytes: bool,
    /// The batch is one picture.
    pub channels: usize,
    /// Rows and columns; any where there is none.
    pub side: Option<usize>,
}

impl Port<'static> {
    /// The input of a network.
    fn input(plan: &NetworkPlan, bytes: bool) -> Self {
        Port {
            name: "input",
            bytes,
            channels: plan.channels,
            side: Some(plan.side),
        }
    }

    /// The output of a network; landmarks are floats in any case.
    fn output(plan: &NetworkPlan, bytes: bool) -> Self {
        let (channels, side) = match plan.steps.last() {
            Some(step) => (step.channels, step.side),
            None => (plan.channels, plan.side),
        };
        Port {
            name: "output",
            bytes: bytes && plan.skip,
            channels,
            side: Some(side),
        }
    }
}

/// A graph in the making.
#[derive(Default)]
pub struct OnnxGraph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    inputs: Vec<ValueInfoProto>,
    outputs: Vec<ValueInfoProto>,
}

impl OnnxGraph {
    /// Adds a node that makes `output`.
    pub fn node(&mut self, op: &str, inputs: &[&str], output: &str, attrs: &[(&str, Attribute)]) {
        self.nodes.push(NodeProto {
            op_type: op.into(),
            name: format!("{output}.{}", op.to_lowercase()),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attrs
                .iter()
                .map(|(name, value)| attribute(name, value))
                .collect(),
            ..NodeProto::default()
        });
    }

    /// Adds a constant of floats and gives its name back.
    pub fn floats<'n>(&mut self, name: &'n str, shape: &[usize], values: &[f32]) -> &'n str {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, DataType::Float, shape, raw)
    }

    /// Adds a constant of 32-bit integers and gives its name back.
    pub fn ints<'n>(&mut self, name: &'n str, shape: &[usize], values: &[i32]) -> &'n str {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, DataType::Int32, shape, raw)
    }

    /// Adds a constant of signed bytes and gives its name back.
    pub fn signed<'n>(&mut self, name: &'n str, shape: &[usize], values: &[i8]) -> &'n str {
        let raw = values.iter().map(|v| v.cast_unsigned()).collect();
        self.constant(name, DataType::Int8, shape, raw)
    }

    /// Adds a constant of bytes and gives its name back.
    pub fn bytes<'n>(&mut self, name: &'n str, shape: &[usize], values: &[u8]) -> &'n str {
        self.constant(name, DataType::Uint8, shape, values.to_vec())
    }

    fn constant<'n>(
        &mut self,
        name: &'n str,
        kind: DataType,
        shape: &[usize],
        raw_data: Vec<u8>,
    ) -> &'n str {
        self.constants.push(TensorProto {
            name: name.to_owned(),
            dims: shape.iter().map(|&d| d as i64).collect(),
            data_type: kind as i32,
            raw_data,
            ..TensorProto::default()
        });
        name
    }

    /// Declares an input.
    pub fn input(&mut self, port: Port) {
        self.inputs.push(value_info(port));
    }

    /// Declares that a node's output is one of the graph's.
    pub fn output(&mut self, port: Port) {
        self.outputs.push(value_info(port));
    }

    /// The whole file, with `metadata` as its metadata_props.
    pub fn into_file(self, name: &str, metadata: &[(&str, String)]) -> Vec<u8> {
        let graph = GraphProto {
            name: name.into(),
            node: self.nodes,
            initializer: self.constants,
            input: self.inputs,
            output: self.outputs,
            ..GraphProto::default()
        };
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "face8x-train".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            opset_import: vec![OperatorSetIdProto {
                version: OPSET,
                ..Default::default()
            }],
            graph: Some(graph),
            metadata_props: metadata
                .iter()
                .map(|(key, value)| StringStringEntryProto {
                    key: (*key).into(),
                    value: value.clone(),
                })
                .collect(),
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }
}

fn attribute(name: &str, value: &Attribute) -> AttributeProto {
    let mut proto = AttributeProto {
        name: name.into(),
        ..AttributeProto::default()
    };
    let kind = match value {
        Attribute::Int(i) => {
            proto.i = *i;
            AttributeType::Int
        }
        Attribute::Float(f) => {
            proto.f = *f;
            AttributeType::Float
        }
        Attribute::Ints(ints) => {
            proto.ints = ints.to_vec();
            AttributeType::Ints
        }
        Attribute::Text(text) => {
            proto.s = text.as_bytes().to_vec();
            AttributeType::String
        }
    };
    proto.r#type = kind as i32;
    proto
}

fn value_info(port: Port) -> ValueInfoProto {
    let fixed = |size: usize| dimension::Value::DimValue(size as i64);
    let side = |axis: &str| match port.side {
        Some(side) => fixed(side),
        None => dimension::Value::DimParam(format!("{}.{axis}", port.name)),
    };
    let sizes = [
        fixed(1),
        fixed(port.channels),
        side("height"),
        side("width"),
    ];
    let dim = sizes.map(|value| Dimension {
        value: Some(value),
        ..Dimension::default()
    });
    let kind = if port.bytes {
        DataType::Uint8
    } else {
        DataType::Float
    };
    let tensor = type_proto::Tensor {
        elem_type: kind as i32,
        shape: Some(TensorShapeProto { dim: dim.to_vec() }),
    };
    ValueInfoProto {
        name: port.name.into(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// The content of an ONNX file.
fn decode(bytes: &[u8]) -> Result<ModelProto> {
    ModelProto::decode(bytes)
        .ok()
        .filter(|model| {
            model
                .graph
                .as_ref()
                .is_some_and(|graph| !graph.node.is_empty())
        })
        .ok_or_else(|| Error::other("not an ONNX file, or an incomplete one"))
}

/// The metadata_props of an ONNX file.
///
/// # Errors
/// Not an ONNX file.
pub fn read_metadata(bytes: &[u8]) -> Result<Vec<(String, String)>> {
    let props = decode(bytes)?.metadata_props;
    Ok(props
        .into_iter()
        .map(|prop| (prop.key, prop.value))
        .collect())
}

impl Weights {
    /// Reads a .safetensors file, or the float tensors of an .onnx file that this crate wrote.
    ///
    /// # Errors
    /// Missing, unreadable, of another format, or with values that are not finite.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path)?;
        let is_onnx = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
        let weights = match is_onnx {
            true => read_weights(&bytes),
            false => Self::from_safetensors(&bytes),
        };
        weights
            .and_then(|weights| weights.finite())
            .map_err(|error| error.context(path.display()))
    }
}

/// The weights that [`float_model`] wrote.
///
/// # Errors
/// Not an ONNX file, or one without float weights under the names of this network family.
pub fn read_weights(bytes: &[u8]) -> Result<Weights> {
    let graph = decode(bytes)?.graph.unwrap_or_default();
    let mut weights = Weights::default();
    for tensor in graph.initializer {
        let is_weight = tensor.name.ends_with(".w") || tensor.name.ends_with(".b");
        if tensor.data_type != DataType::Float as i32 || !is_weight {
            continue;
        }
        let shape: Vec<usize> = tensor
            .dims
            .iter()
            .map(|&d| usize::try_from(d).unwrap_or(0))
            .collect();
        let (bytes, rest) = tensor.raw_data.as_chunks::<4>();
        let values: Vec<f32> = bytes.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let wanted = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if wanted != Some(values.len()) || !rest.is_empty() {
            return Err(Error::other(format!(
                "the tensor {} is incomplete",
                tensor.name
            )));
        }
        weights.insert(tensor.name, Tensor { shape, values });
    }
    if !OWN_WEIGHTS.iter().any(|name| weights.contains(name)) {
        return Err(
            Error::other("the ONNX file holds no float weights of this network family")
                .remedy("use the float file that `face8x-train export` wrote, not an int8 one"),
        );
    }
    Ok(weights)
}

/// Weights of which one is in every network of this program's own family.
const OWN_WEIGHTS: [&str; 2] = ["stem.w", "merge.w"];

/// Whether an ONNX file holds a network of this program's own family, in floats or integers.
///
/// # Errors
/// Not an ONNX file.
pub fn is_own(bytes: &[u8]) -> Result<bool> {
    let graph = decode(bytes)?.graph.unwrap_or_default();
    let mut names = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    Ok(names.any(|name| OWN_WEIGHTS.contains(&name)))
}

/// The names of the outputs of a network whose input may have any height and width; nothing where
/// the input's size is fixed.
///
/// # Errors
/// Not an ONNX file.
pub fn open_outputs(bytes: &[u8]) -> Result<Option<Vec<String>>> {
    let graph = decode(bytes)?.graph.unwrap_or_default();
    let is_open = |info: &ValueInfoProto| {
        let kind = info.r#type.as_ref().and_then(|kind| kind.value.as_ref());
        let Some(type_proto::Value::TensorType(tensor)) = kind else {
            return false;
        };
        let dims = tensor.shape.as_ref().map_or(&[][..], |shape| &shape.dim);
        let is_fixed = |dim: &Dimension| matches!(dim.value, Some(dimension::Value::DimValue(_)));
        dims.len() == 4 && !dims[2..].iter().any(is_fixed)
    };
    let names = graph.output.iter().map(|output| output.name.clone());
    Ok(graph
        .input
        .first()
        .is_some_and(is_open)
        .then(|| names.collect()))
}
