//! Finds in tract's decluttered graph what the fused operators compute.
//!
//! Everything is matched by what the node computes, not by its name. A node that does not fit
//! stays tract's own. Broken quantisation parameters are refused.

use std::collections::{HashMap, HashSet};

use tract_core::internal::{AxisOp, OutletId, Tensor, ToDim, tvec};
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cnn::{Conv as TractConv, KernelFormat, PaddingSpec};
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::{Add, Max};
use tract_core::ops::nn::DataFormat;
use tract_core::ops::quant::{DequantizeLinearF32, QuantizeLinearU8};
use tract_core::prelude::{Datum, DatumType, IntoTValue, TypedModel, TypedNode};

use super::graph::{Conv, Network, Scale, Shape, Sum, TensorId, Then};
use super::skip;
use crate::{Error, Result};

/// A network, and where its tensors stand in tract's graph.
pub struct Recognised {
    pub network: Network,
    /// For each outlet that a fused step makes, or that goes into one: its tensor.
    pub tensors: HashMap<OutletId, TensorId>,
    /// The outlets of the network's entries, in their order.
    pub entries: Vec<OutletId>,
}

/// Bytes of a tensor and what they stand for.
#[derive(Clone, Copy)]
struct Levels {
    tensor: TensorId,
    scale: Scale,
}

/// What is known of an outlet.
#[derive(Clone, Copy)]
enum Value {
    Bytes(TensorId),
    Levels(Levels),
    Sum {
        a: Levels,
        b: Levels,
        relu: bool,
    },
    /// DepthToSpace's four nodes: the tensor that is folded, and how many of them are done.
    Folding(TensorId, usize),
    /// The input, enlarged.
    Base(TensorId),
    Picture {
        residual: Levels,
        base: TensorId,
    },
}

struct Search<'m> {
    model: &'m TypedModel,
    uses: HashMap<OutletId, usize>,
    values: HashMap<OutletId, Value>,
    found: Recognised,
    /// Nodes that stay tract's and depend on what is fused: nothing of them may go back in.
    after: HashSet<usize>,
}

/// Looks through a decluttered graph.
///
/// # Errors
/// Broken quantisation parameters; the message names the node.
pub fn recognise(model: &TypedModel) -> Result<Recognised> {
    let order = model
        .eval_order()
        .map_err(|e| Error::new(format!("the graph has no order: {e}")))?;
    let mut uses = HashMap::new();
    let read = order.iter().flat_map(|&id| &model.node(id).inputs);
    for outlet in read.chain(&model.outputs) {
        *uses.entry(*outlet).or_insert(0) += 1;
    }
    let found = Recognised {
        network: Network::default(),
        tensors: HashMap::new(),
        entries: Vec::new(),
    };
    let mut search = Search {
        model,
        uses,
        values: HashMap::new(),
        found,
        after: HashSet::new(),
    };
    for id in order {
        let node = model.node(id);
        match search.visit(node)? {
            Some(value) => search.keep(id.into(), value),
            None => search.leave(node),
        }
    }
    Ok(search.found)
}

impl Search<'_> {
    fn keep(&mut self, outlet: OutletId, value: Value) {
        if let Value::Bytes(tensor) = value {
            self.found.tensors.insert(outlet, tensor);
        }
        self.values.insert(outlet, value);
    }

    fn leave(&mut self, node: &TypedNode) {
        let fused = |outlet: &OutletId| {
            self.after.contains(&outlet.node)
                || self.values.contains_key(outlet) && !self.found.entries.contains(outlet)
        };
        if node.inputs.iter().any(fused) {
            self.after.insert(node.id);
        }
    }

    /// What `node` makes, where it is recognised.
    fn visit(&mut self, node: &TypedNode) -> Result<Option<Value>> {
        if node.outputs.len() != 1 {
            return Ok(None);
        }
        if let Some(op) = node.op_as::<TractConv>() {
            return self.conv(node, op);
        }
        if let Some(op) = node.op_as::<DequantizeLinearF32>() {
            return self.dequantise(node, op);
        }
        if let Some(op) = node.op_as::<TypedBinOp>() {
            return Ok(self.binary(node, op));
        }
        if let Some(op) = node.op_as::<AxisOp>() {
            return Ok(self.fold(node, op));
        }
        let quantise = node
            .op_as::<ElementWiseOp>()
            .and_then(|op| op.0.downcast_ref());
        if let Some(op) = quantise {
            return self.quantise(node, op);
        }
        Ok(self.enlarge(node))
    }

    /// The tensor of an outlet of bytes; one that tract makes becomes an entry.
    fn bytes(&mut self, outlet: OutletId) -> Option<TensorId> {
        match self.values.get(&outlet) {
            Some(Value::Bytes(tensor)) => return Some(*tensor),
            Some(_) => return None,
            None if self.after.contains(&outlet.node) => return None,
            None => {}
        }
        let fact = self.model.outlet_fact(outlet).ok()?;
        let [1, channels, rows, columns] = fact.shape.as_concrete()? else {
            return None;
        };
        let shape = Shape {
            channels: *channels,
            rows: *rows,
            columns: *columns,
        };
        if fact.datum_type != DatumType::U8
            || fact.konst.is_some()
            || shape.channels * shape.rows * shape.columns == 0
        {
            return None;
        }
        let tensor = self.found.network.tensor(shape);
        self.found.network.entries.push(tensor);
        self.found.entries.push(outlet);
        self.keep(outlet, Value::Bytes(tensor));
        Some(tensor)
    }

    fn constant(&self, outlet: OutletId) -> Option<&Tensor> {
        self.model.outlet_fact(outlet).ok()?.konst.as_deref()
    }

    fn once(&self, outlet: OutletId) -> bool {
        self.uses.get(&outlet) == Some(&1)
    }

    fn conv(&mut self, node: &TypedNode, op: &TractConv) -> Result<Option<Value>> {
        let Some(form) = self.conv_form(node, op) else {
            return Ok(None);
        };
        let Some(conv) = form.checked(&node.name)? else {
            return Ok(None);
        };
        let Some(input) = self.bytes(node.inputs[0]) else {
            return Ok(None);
        };
        let shape = self.found.network.tensors[input];
        if shape.channels != conv.inputs {
            return Ok(None);
        }
        let shape = Shape {
            channels: conv.outputs,
            rows: shape.rows.div_ceil(conv.stride),
            columns: shape.columns.div_ceil(conv.stride),
        };
        let output = self.found.network.tensor(shape);
        self.found.network.convs.push(Conv {
            input,
            output,
            ..conv
        });
        Ok(Some(Value::Bytes(output)))
    }

    /// The parts of a quantised convolution whose geometry fits.
    fn conv_form(&self, node: &TypedNode, op: &TractConv) -> Option<ConvForm<'_>> {
        let spec = &op.pool_spec;
        let side = *spec.kernel_shape.first()?;
        let fits = node.inputs.len() == 9
            && op.group == 1
            && op.kernel_fmt == KernelFormat::OIHW
            && op.q_params == Some(DatumType::U8)
            && spec.data_format == DataFormat::NCHW
            && spec.kernel_shape[..] == [side, side]
            && (side == 1 || side == 3)
            && spec.dilations().iter().all(|&d| d == 1)
            && spec.stride(0) == spec.stride(1)
            && (spec.stride(0) == 1 || spec.stride(0) == 2)
            && match &spec.padding {
                PaddingSpec::Explicit(a, b) => [a, b].iter().all(|p| p[..] == [side / 2; 2]),
                PaddingSpec::Valid => side == 1,
                _ => false,
            };
        let form = ConvForm {
            side,
            stride: spec.stride(0),
            constants: node.inputs[1..]
                .iter()
                .map(|&input| self.constant(input))
                .collect::<Option<_>>()?,
            outputs: op.output_channels(),
            inputs: op.input_channels(),
        };
        (fits && form.constants[0].datum_type() == DatumType::I8).then_some(form)
    }

    fn dequantise(&mut self, node: &TypedNode, op: &DequantizeLinearF32) -> Result<Option<Value>> {
        if self
            .model
            .outlet_fact(node.inputs[0])
            .is_ok_and(|fact| fact.datum_type != DatumType::U8)
        {
            return Ok(None);
        }
        let Some(tensor) = self.bytes(node.inputs[0]) else {
            return Ok(None);
        };
        let scale = Scale {
            scale: positive(op.scale, &node.name)?,
            zero: byte(op.zero_point, &node.name)?,
        };
        Ok(Some(Value::Levels(Levels { tensor, scale })))
    }

    fn binary(&self, node: &TypedNode, op: &TypedBinOp) -> Option<Value> {
        let [a, b] = node.inputs[..] else { return None };
        if op.0.is::<Max>() {
            let Some(Value::Sum {
                a: left,
                b: right,
                relu: false,
            }) = self.values.get(&a)
            else {
                return None;
            };
            let low = values::<f32>(self.constant(b)?)?;
            let cut = low.iter().all(|&v| v == 0.0) && self.once(a);
            return cut.then_some(Value::Sum {
                a: *left,
                b: *right,
                relu: true,
            });
        }
        if !op.0.is::<Add>() {
            return None;
        }
        match (self.values.get(&a)?, self.values.get(&b)?) {
            (Value::Levels(a), Value::Levels(b)) => {
                let shapes = [a, b].map(|side| self.found.network.tensors[side.tensor]);
                (shapes[0] == shapes[1]).then_some(Value::Sum {
                    a: *a,
                    b: *b,
                    relu: false,
                })
            }
            (Value::Levels(residual), Value::Base(base))
            | (Value::Base(base), Value::Levels(residual)) => Some(Value::Picture {
                residual: *residual,
                base: *base,
            }),
            _ => None,
        }
    }

    /// DepthToSpace as tract writes it: a reshape, two moves of axes, a reshape.
    fn fold(&mut self, node: &TypedNode, op: &AxisOp) -> Option<Value> {
        let input = node.inputs[0];
        let (tensor, done) = match self.values.get(&input)? {
            Value::Bytes(tensor) => (*tensor, 0),
            Value::Folding(tensor, done) => (*tensor, *done),
            _ => return None,
        };
        if !self.once(input) {
            return None;
        }
        let shape = self.found.network.tensors[tensor];
        let (channels, rows, columns) = (shape.channels / 4, shape.rows, shape.columns);
        let reshape = |at, from: &[usize], to: &[usize]| {
            let dims = |sizes: &[usize]| sizes.iter().map(ToDim::to_dim).collect();
            AxisOp::Reshape(at, dims(from), dims(to))
        };
        let wanted = match done {
            0 => reshape(1, &[shape.channels], &[channels, 2, 2]),
            1 => AxisOp::Move(3, 5),
            2 => AxisOp::Move(2, 3),
            _ => reshape(2, &[rows, 2, columns, 2], &[2 * rows, 2 * columns]),
        };
        let made_by = self
            .found
            .network
            .convs
            .iter()
            .position(|conv| conv.output == tensor)?;
        if *op != wanted || shape.channels % 4 != 0 || !self.is_plain(made_by) {
            return None;
        }
        if done < 3 {
            return Some(Value::Folding(tensor, done + 1));
        }
        let output = self.found.network.tensor(Shape {
            channels,
            rows: 2 * rows,
            columns: 2 * columns,
        });
        let conv = &mut self.found.network.convs[made_by];
        (conv.fold, conv.output) = (true, output);
        self.found.tensors.retain(|_, kept| *kept != tensor);
        Some(Value::Bytes(output))
    }

    fn is_plain(&self, conv: usize) -> bool {
        let conv = &self.found.network.convs[conv];
        !conv.fold && conv.then == Then::Nothing
    }

    fn quantise(&mut self, node: &TypedNode, op: &QuantizeLinearU8) -> Result<Option<Value>> {
        let value = self.values.get(&node.inputs[0]).copied();
        match value {
            Some(Value::Sum { a, b, relu }) => {
                let reciprocal = positive(op.scale, &node.name)?;
                let sum = Sum {
                    relu,
                    reciprocal,
                    zero: op.zero_point,
                };
                Ok(self.add(a, b, sum).or_else(|| self.add(b, a, sum)))
            }
            // It comes out as display pixels, which no other node could read.
            Some(Value::Picture { residual, base })
                if (op.scale, op.zero_point) == (1.0, 0)
                    && self.model.outputs == [node.id.into()]
                    && self.once(node.id.into()) =>
            {
                Ok(self.picture(residual, base))
            }
            _ => Ok(None),
        }
    }

    /// The convolution that makes the tensor and can take one more step, where nothing else reads
    /// the tensor.
    fn last_use(&self, tensor: TensorId) -> Option<usize> {
        let outlet = self
            .found
            .tensors
            .iter()
            .find_map(|(o, t)| (*t == tensor).then_some(*o))?;
        let conv = self
            .found
            .network
            .convs
            .iter()
            .position(|conv| conv.output == tensor)?;
        (self.once(outlet) && self.found.network.convs[conv].then == Then::Nothing).then_some(conv)
    }

    fn add(&mut self, own: Levels, other: Levels, sum: Sum) -> Option<Value> {
        let conv = self.last_use(own.tensor)?;
        // The other side must be there when the convolution runs.
        let other_made = self
            .found
            .network
            .convs
            .iter()
            .position(|c| c.output == other.tensor);
        if own.tensor == other.tensor || other_made.is_some_and(|made| made >= conv) {
            return None;
        }
        let (own_scale, other_scale) = (own.scale, other.scale);
        let then = Then::Add {
            own: own_scale,
            other: other_scale,
            other_id: other.tensor,
            sum,
        };
        Some(self.finish(conv, own.tensor, then))
    }

    fn picture(&mut self, residual: Levels, base: TensorId) -> Option<Value> {
        let conv = self.last_use(residual.tensor)?;
        let network = &self.found.network;
        let (small, large) = (network.tensors[base], network.tensors[residual.tensor]);
        let fits = network.convs[conv].fold
            && residual.scale.scale == 1.0
            && (large.channels, small.channels) == (3, 3)
            && large.rows == small.rows * skip::FACTOR
            && large.columns == small.columns * skip::FACTOR;
        let then = Then::Picture {
            zero: residual.scale.zero,
            base,
        };
        fits.then(|| self.finish(conv, residual.tensor, then))
    }

    /// The convolution's output is a new tensor now.
    fn finish(&mut self, conv: usize, tensor: TensorId, then: Then) -> Value {
        let network = &mut self.found.network;
        let output = network.tensor(network.tensors[tensor]);
        network.convs[conv].then = then;
        network.convs[conv].output = output;
        self.found.tensors.retain(|_, kept| *kept != tensor);
        Value::Bytes(output)
    }

    /// Whether the node is the bilinear enlargement by 8. The node itself is asked: its result on
    /// a picture without regularity must be that of [`skip`] to the bit.
    fn enlarge(&self, node: &TypedNode) -> Option<Value> {
        let (first, rest) = node.inputs.split_first()?;
        let Some(Value::Levels(levels)) = self.values.get(first) else {
            return None;
        };
        let shape = self.found.network.tensors[levels.tensor];
        if levels.scale
            != (Scale {
                scale: 1.0,
                zero: 0,
            })
            || shape.channels != 3
            || rest.is_empty()
        {
            return None;
        }
        let (rows, columns) = (shape.rows * skip::FACTOR, shape.columns * skip::FACTOR);
        let fact = &node.outputs[0].fact;
        if fact.shape.as_concrete() != Some(&[1, 3, rows, columns])
            || fact.datum_type != DatumType::F32
        {
            return None;
        }
        let picture: Vec<u8> = (0..3 * shape.rows * shape.columns)
            .scan(1u32, |state, _| {
                *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Some((*state >> 24) as u8)
            })
            .collect();
        let levels_of: Vec<f32> = picture.iter().map(|&v| f32::from(v)).collect();
        let input = Tensor::from_shape(&[1, 3, shape.rows, shape.columns], &levels_of).ok()?;
        let mut inputs = tvec!(input.into_tvalue());
        for outlet in rest {
            inputs.push(self.constant(*outlet)?.clone().into_tvalue());
        }
        let asked = node.op.eval_out_of_plan(inputs).ok()??;
        let answer = values::<f32>(asked.first()?)?;
        let expected = skip::enlarge_planes(&picture, shape.rows, shape.columns);
        let same = answer.len() == expected.len()
            && answer
                .iter()
                .zip(expected)
                .all(|(&a, b)| a * 256.0 == f32::from(b));
        same.then_some(Value::Base(levels.tensor))
    }
}

/// A quantised convolution's numbers before they are checked: weights, bias, zero point and scale
/// of input, weights and output, in tract's order.
struct ConvForm<'m> {
    side: usize,
    stride: usize,
    inputs: usize,
    outputs: usize,
    constants: Vec<&'m Tensor>,
}

impl ConvForm<'_> {
    /// The convolution, where the fused operators can do it; its tensors are still to be set.
    fn checked(&self, name: &str) -> Result<Option<Conv>> {
        let broken = |what: &str| {
            Error::new(format!("the model's node {name} has {what}"))
                .remedy("quantise the network again, or use the embedded model")
        };
        let Some(weights) = values::<i8>(self.constants[0]) else {
            return Ok(None);
        };
        let per_output = self.inputs * self.side * self.side;
        if per_output == 0 || weights.len() != self.outputs * per_output {
            return Err(broken("weights of another number than its shape says"));
        }
        let number = |k: usize, what: &str| {
            numbers(self.constants[k], self.outputs).ok_or_else(|| broken(what))
        };
        let bias = number(1, "a bias of the wrong length")?;
        let zero_in = number(2, "an input zero point of the wrong length")?;
        let scale_in = number(3, "an input scale of the wrong length")?;
        let zero_w = number(4, "a weight zero point of the wrong length")?;
        let scale_w = number(5, "weight scales of the wrong length")?;
        let zero_out = number(6, "an output zero point of the wrong length")?;
        let scale_out = number(7, "an output scale of the wrong length")?;
        if [2, 3, 6, 7].iter().any(|&k| self.constants[k].len() != 1) {
            return Err(broken("a scale or zero point of the wrong length"));
        }
        if weights.contains(&i8::MIN) || zero_w.iter().any(|&zero| zero != 0.0) {
            return Ok(None);
        }
        let (zero_in, zero_out) = (
            byte(zero_in[0] as i32, name)?,
            byte(zero_out[0] as i32, name)?,
        );
        let mut conv = Conv {
            name: name.to_owned(),
            input: 0,
            output: 0,
            inputs: self.inputs,
            outputs: self.outputs,
            side: self.side,
            stride: self.stride,
            weights,
            bias: Vec::new(),
            factor: Vec::new(),
            zero_in,
            zero_out,
            fold: false,
            then: Then::Nothing,
        };
        for (k, output) in conv.weights.chunks_exact(per_output).enumerate() {
            let reach: i64 = output.iter().map(|&w| 255 * i64::from(w).abs()).sum();
            // Twice: the zero point times the weights goes into the bias.
            if 2 * reach + (bias[k] as i64).abs() > i64::from(i32::MAX) {
                return Err(broken("weights and a bias that could overflow 32 bits"));
            }
            let factor = positive(scale_in[0] as f32, name)? * positive(scale_w[k] as f32, name)?
                / positive(scale_out[0] as f32, name)?;
            conv.factor.push(positive(factor, name)?);
            conv.bias.push(bias[k] as i32);
        }
        Ok(Some(conv))
    }
}

/// `count` numbers of a constant of i32 or f32, both exact in f64; one number stands for all.
fn numbers(constant: &Tensor, count: usize) -> Option<Vec<f64>> {
    let found: Vec<f64> = match constant.datum_type() {
        DatumType::F32 => values::<f32>(constant)?
            .into_iter()
            .map(f64::from)
            .collect(),
        _ => values::<i32>(constant.cast_to::<i32>().ok()?.as_ref())?
            .into_iter()
            .map(f64::from)
            .collect(),
    };
    match found[..] {
        [one] => Some(vec![one; count]),
        _ => (found.len() == count).then_some(found),
    }
}

fn values<T: Datum>(tensor: &Tensor) -> Option<Vec<T>> {
    Some(
        tensor
            .try_as_plain_ram()
            .ok()?
            .as_slice::<T>()
            .ok()?
            .to_vec(),
    )
}

/// A scale or a factor, which must be a finite number above 0.
fn positive(value: f32, node: &str) -> Result<f32> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(
        Error::new(format!("the model's node {node} has a scale of {value}"))
            .remedy("quantise the network again, or use the embedded model"),
    )
}

/// A zero point of bytes.
fn byte(value: i32, node: &str) -> Result<u8> {
    u8::try_from(value).map_err(|_| {
        Error::new(format!(
            "the model's node {node} has a zero point of {value}; bytes go from 0 to 255"
        ))
        .remedy("quantise the network again, or use the embedded model")
    })
}
