//! Reading float networks that others trained: convolutions with ReLU, 2x2 pooling, nearest
//! enlargement by 2 and sums, and what reorders the outputs, as YuNet's files have them.

use std::collections::HashMap;

use face8x_core::{Error, Result};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value::DimValue;
use tract_onnx::pb::type_proto::Value::TensorType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, ValueInfoProto};

use super::decode;

/// A network of others. Tensor 0 is the input, tensor k + 1 what step k makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The input's name, and its channels.
    pub input: (String, usize),
    /// In an order in which they can run.
    pub steps: Vec<ImportedStep>,
    pub outputs: Vec<ImportedOutput>,
}

/// One step of an [`Imported`] network.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedStep {
    /// The name in the file of the tensor that it makes.
    pub name: String,
    pub op: ImportedOp,
    /// The numbers of the tensors that it reads.
    pub inputs: Vec<usize>,
    /// Of the tensor that it makes.
    pub channels: usize,
}

/// What a step of an [`Imported`] network does.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportedOp {
    Conv(ImportedConv),
    /// The largest of each 2x2 pixels.
    MaxPool,
    /// Every pixel becomes 2x2.
    Enlarge,
    Add,
}

/// A convolution of an [`Imported`] network, with half its window's side of zeros around the input.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedConv {
    /// Side of its window: 1 or 3.
    pub kernel: usize,
    /// 1 or 2.
    pub stride: usize,
    /// 1, or as many as channels: each by itself.
    pub groups: usize,
    /// Whether max(0, x) follows.
    pub relu: bool,
    /// Output channels x (input channels / groups) x kernel x kernel.
    pub weights: Vec<f32>,
    /// By output channel.
    pub bias: Vec<f32>,
}

/// An output, without the reordering and the sigmoid that the file ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedOutput {
    pub name: String,
    /// The number of its tensor.
    pub tensor: usize,
    /// Whether 1 / (1 + exp(-x)) followed.
    pub sigmoid: bool,
}

/// What the name of a tensor in the file stands for.
#[derive(Debug, Clone, Copy)]
enum ImportedValue {
    Tensor(usize),
    /// Reordered values of a tensor, and whether the sigmoid has been taken.
    Tail(usize, bool),
    /// Sizes for a Reshape.
    Size,
}

/// The network of an ONNX file.
///
/// # Errors
/// Not an ONNX file, or an operator, a form of one or a shape that is not supported: it is named.
pub fn import(bytes: &[u8]) -> Result<Imported> {
    let graph = decode(bytes)?.graph.unwrap_or_default();
    let mut reader = Reader::new(&graph)?;
    for node in &graph.node {
        reader.node(node).map_err(|what| unsupported(node, &what))?;
    }
    reader.finish(&graph)
}

fn unsupported(node: &NodeProto, what: &str) -> Error {
    let name = node.output.first().map_or("", String::as_str);
    Error::other(format!("{} '{name}': {what}", node.op_type)).remedy(
        "this command quantises networks of 1x1 and 3x3 convolutions, Relu, 2x2 MaxPool, nearest Resize by 2 and Add",
    )
}

/// The state of reading a graph.
struct Reader<'g> {
    constants: HashMap<&'g str, &'g TensorProto>,
    /// How often each tensor is read.
    uses: HashMap<&'g str, usize>,
    values: HashMap<&'g str, ImportedValue>,
    input: (String, usize),
    steps: Vec<ImportedStep>,
}

impl<'g> Reader<'g> {
    fn new(graph: &'g GraphProto) -> Result<Self> {
        let constants: HashMap<&str, &TensorProto> = graph
            .initializer
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor))
            .collect();
        let mut uses = HashMap::new();
        for input in graph.node.iter().flat_map(|node| &node.input) {
            *uses.entry(input.as_str()).or_insert(0) += 1;
        }
        // Old files list their constants among the inputs.
        let is_constant = |info: &&ValueInfoProto| constants.contains_key(info.name.as_str());
        let mut inputs = graph.input.iter().filter(|info| !is_constant(info));
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            return Err(Error::other("the network does not have one input"));
        };
        let channels = channels_of(input).ok_or_else(|| {
            let name = &input.name;
            Error::other(format!(
                "input '{name}' is not a picture: 1 x channels x height x width"
            ))
        })?;
        Ok(Reader {
            constants,
            uses,
            values: HashMap::from([(input.name.as_str(), ImportedValue::Tensor(0))]),
            input: (input.name.clone(), channels),
            steps: Vec::new(),
        })
    }

    fn node(&mut self, node: &'g NodeProto) -> std::result::Result<(), String> {
        let [output] = &node.output[..] else {
            return Err("has several outputs".into());
        };
        let value = match (node.domain.as_str(), node.op_type.as_str()) {
            ("" | "ai.onnx", "Conv") => self.conv(node)?,
            ("" | "ai.onnx", "Relu") => self.relu(node)?,
            ("" | "ai.onnx", "MaxPool") => self.pool(node)?,
            ("" | "ai.onnx", "Resize") => self.resize(node)?,
            ("" | "ai.onnx", "Add") => self.add(node)?,
            ("" | "ai.onnx", "Transpose" | "Reshape") => self.tail(node, false)?,
            ("" | "ai.onnx", "Sigmoid") => self.tail(node, true)?,
            ("" | "ai.onnx", "Shape" | "Gather" | "Unsqueeze" | "Concat" | "Constant") => {
                ImportedValue::Size
            }
            _ => return Err("unsupported operator".into()),
        };
        self.values.insert(output, value);
        Ok(())
    }

    /// The tensor that is a node's input number `k`.
    fn tensor(&self, node: &NodeProto, k: usize) -> std::result::Result<usize, String> {
        let name = node.input.get(k).map_or("", String::as_str);
        match self.values.get(name) {
            Some(ImportedValue::Tensor(tensor)) => Ok(*tensor),
            _ => Err(format!("input '{name}' is not a tensor of channels")),
        }
    }

    fn channels(&self, tensor: usize) -> usize {
        match tensor {
            0 => self.input.1,
            k => self.steps[k - 1].channels,
        }
    }

    fn step(
        &mut self,
        node: &NodeProto,
        op: ImportedOp,
        inputs: Vec<usize>,
        channels: usize,
    ) -> ImportedValue {
        self.steps.push(ImportedStep {
            name: node.output[0].clone(),
            op,
            inputs,
            channels,
        });
        ImportedValue::Tensor(self.steps.len())
    }

    fn conv(&mut self, node: &'g NodeProto) -> std::result::Result<ImportedValue, String> {
        let input = self.tensor(node, 0)?;
        let channels = self.channels(input);
        let (shape, weights) = self.floats(node, 1)?;
        let [outputs, inputs, kernel, width] = shape[..] else {
            return Err(format!("the weights have {} dimensions", shape.len()));
        };
        let groups = usize::try_from(int(node, "group").unwrap_or(1)).unwrap_or(0);
        let bias = match node.input.len() {
            3 => self.floats(node, 2)?.1,
            _ => vec![0.0; outputs],
        };
        let stride = ints(node, "strides").unwrap_or(&[1, 1]);
        let border = (kernel / 2) as i64;
        let fits = [1, 3].contains(&kernel)
            && width == kernel
            && [&[1, 1], &[2, 2]].iter().any(|s| stride == s.as_slice())
            && ints(node, "pads").unwrap_or(&[0; 4]) == [border; 4]
            && ints(node, "dilations").unwrap_or(&[1, 1]) == [1, 1]
            && (groups == 1 || (groups == channels && groups == outputs))
            && inputs * groups == channels
            && bias.len() == outputs;
        if !fits {
            return Err("unsupported window, stride, padding or groups".into());
        }
        let conv = ImportedConv {
            kernel,
            stride: stride[0] as usize,
            groups,
            relu: false,
            weights,
            bias,
        };
        Ok(self.step(node, ImportedOp::Conv(conv), vec![input], outputs))
    }

    /// Joins a ReLU to its convolution.
    fn relu(&mut self, node: &NodeProto) -> std::result::Result<ImportedValue, String> {
        let tensor = self.tensor(node, 0)?;
        let once = self.uses.get(node.input[0].as_str()) == Some(&1);
        match tensor.checked_sub(1).and_then(|k| self.steps.get_mut(k)) {
            Some(ImportedStep {
                name,
                op: ImportedOp::Conv(conv),
                ..
            }) if once && !conv.relu => {
                conv.relu = true;
                name.clone_from(&node.output[0]);
                Ok(ImportedValue::Tensor(tensor))
            }
            _ => Err("does not follow a convolution that it alone reads".into()),
        }
    }

    fn pool(&mut self, node: &NodeProto) -> std::result::Result<ImportedValue, String> {
        let input = self.tensor(node, 0)?;
        let fits = ints(node, "kernel_shape") == Some(&[2, 2])
            && ints(node, "strides") == Some(&[2, 2])
            && ints(node, "pads").is_none_or(|pads| pads == [0; 4])
            && ints(node, "dilations").is_none_or(|dilations| dilations == [1, 1])
            && int(node, "ceil_mode").unwrap_or(0) == 0;
        if !fits {
            return Err("unsupported window, stride or padding".into());
        }
        let channels = self.channels(input);
        Ok(self.step(node, ImportedOp::MaxPool, vec![input], channels))
    }

    fn resize(&mut self, node: &'g NodeProto) -> std::result::Result<ImportedValue, String> {
        let input = self.tensor(node, 0)?;
        let fits = text(node, "mode") == Some("nearest")
            && text(node, "coordinate_transformation_mode") == Some("asymmetric")
            && text(node, "nearest_mode") == Some("floor")
            && node.input.len() == 3
            && self.floats(node, 2)?.1 == [1.0, 1.0, 2.0, 2.0];
        if !fits {
            return Err("not an enlargement by 2 (nearest, asymmetric, floor)".into());
        }
        let channels = self.channels(input);
        Ok(self.step(node, ImportedOp::Enlarge, vec![input], channels))
    }

    fn add(&mut self, node: &NodeProto) -> std::result::Result<ImportedValue, String> {
        let inputs = vec![self.tensor(node, 0)?, self.tensor(node, 1)?];
        let channels = self.channels(inputs[0]);
        if channels != self.channels(inputs[1]) || inputs[0] == inputs[1] {
            return Err("its inputs are not two tensors of the same channels".into());
        }
        Ok(self.step(node, ImportedOp::Add, inputs, channels))
    }

    /// What stands between a tensor and an output.
    fn tail(&self, node: &NodeProto, sigmoid: bool) -> std::result::Result<ImportedValue, String> {
        let name = node.input.first().map_or("", String::as_str);
        match self.values.get(name) {
            Some(&ImportedValue::Tensor(tensor)) if tensor > 0 => {
                Ok(ImportedValue::Tail(tensor, sigmoid))
            }
            Some(&ImportedValue::Tail(tensor, before)) if !(before && sigmoid) => {
                Ok(ImportedValue::Tail(tensor, before || sigmoid))
            }
            _ => Err(format!("input '{name}' is not a tensor of channels")),
        }
    }

    /// Shape and values of the constant that is a node's input number `k`.
    fn floats(
        &self,
        node: &NodeProto,
        k: usize,
    ) -> std::result::Result<(Vec<usize>, Vec<f32>), String> {
        let name = node.input.get(k).map_or("", String::as_str);
        let tensor = self
            .constants
            .get(name)
            .filter(|tensor| tensor.data_type == DataType::Float as i32)
            .ok_or_else(|| format!("input '{name}' is not a constant of floats"))?;
        let (raw, rest) = tensor.raw_data.as_chunks::<4>();
        let values: Vec<f32> = match tensor.float_data.is_empty() {
            true => raw.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            false => tensor.float_data.clone(),
        };
        let sizes = tensor.dims.iter().map(|&d| usize::try_from(d).ok());
        let shape: Option<Vec<usize>> = sizes.collect();
        let wanted = |shape: &Vec<usize>| {
            shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)) == Some(values.len())
        };
        match shape.filter(wanted) {
            Some(shape) if rest.is_empty() && values.iter().all(|v| v.is_finite()) => {
                Ok((shape, values))
            }
            _ => Err(format!("constant '{name}' is incomplete or not finite")),
        }
    }

    fn finish(self, graph: &GraphProto) -> Result<Imported> {
        let output = |info: &ValueInfoProto| {
            let (tensor, sigmoid) = match self.values.get(info.name.as_str()) {
                Some(&ImportedValue::Tensor(tensor)) if tensor > 0 => (tensor, false),
                Some(&ImportedValue::Tail(tensor, sigmoid)) => (tensor, sigmoid),
                _ => {
                    let name = &info.name;
                    return Err(Error::other(format!("no step makes the output '{name}'")));
                }
            };
            Ok(ImportedOutput {
                name: info.name.clone(),
                tensor,
                sigmoid,
            })
        };
        let outputs = graph
            .output
            .iter()
            .map(output)
            .collect::<Result<Vec<_>>>()?;
        if outputs.is_empty() {
            return Err(Error::other("the network has no outputs"));
        }
        Ok(Imported {
            input: self.input,
            steps: self.steps,
            outputs,
        })
    }
}

/// The channels of a picture of the type 1 (or any) x channels x height x width of floats.
fn channels_of(info: &ValueInfoProto) -> Option<usize> {
    let TensorType(tensor) = info.r#type.as_ref()?.value.as_ref()?;
    let dims = &tensor.shape.as_ref()?.dim;
    let is_float = tensor.elem_type == DataType::Float as i32;
    match (is_float && dims.len() == 4, dims.get(1)?.value.as_ref()?) {
        (true, DimValue(channels)) => usize::try_from(*channels).ok().filter(|&c| c > 0),
        _ => None,
    }
}

fn int(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|a| a.name == name).map(|a| a.i)
}

fn ints<'n>(node: &'n NodeProto, name: &str) -> Option<&'n [i64]> {
    let found = node.attribute.iter().find(|a| a.name == name);
    found.map(|a| a.ints.as_slice())
}

fn text<'n>(node: &'n NodeProto, name: &str) -> Option<&'n str> {
    let found = node.attribute.iter().find(|a| a.name == name)?;
    std::str::from_utf8(&found.s).ok()
}
