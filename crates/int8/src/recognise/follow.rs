//! What follows a convolution: DepthToSpace, an addition, the global skip.

use tract_core::internal::{AxisOp, ToDim};
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::quant::{QuantizeLinearI8, QuantizeLinearU8};
use tract_core::prelude::TypedNode;

use super::{Levels, Search, Value};
use crate::Result;
use crate::graph::{Conv, Shape, Step, Sum, TensorId, Then};
use crate::parameters::{byte, positive};
use crate::{plan, skip};

/// QuantizeLinear to bytes.
#[derive(Clone, Copy)]
pub(super) struct Quantise {
    /// 1 / scale.
    reciprocal: f32,
    zero: i32,
    signed: bool,
}

impl Quantise {
    pub(super) fn of(op: &ElementWiseOp) -> Option<Quantise> {
        if let Some(op) = op.0.downcast_ref::<QuantizeLinearU8>() {
            return Some(Quantise {
                reciprocal: op.scale,
                zero: op.zero_point.into(),
                signed: false,
            });
        }
        let op = op.0.downcast_ref::<QuantizeLinearI8>()?;
        Some(Quantise {
            reciprocal: op.scale,
            zero: op.zero_point.into(),
            signed: true,
        })
    }
}

impl Search<'_> {
    /// DepthToSpace as tract writes it: a reshape, two moves of axes, a reshape.
    pub(super) fn fold(&mut self, node: &TypedNode, op: &AxisOp) -> Option<Value> {
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
        let made_by = self.plain_conv(tensor)?;
        if *op != wanted || !shape.channels.is_multiple_of(4) {
            return None;
        }
        if done < 3 {
            return Some(Value::Folding(tensor, done + 1));
        }
        let output = self.found.network.tensor(Shape {
            channels,
            rows: 2 * rows,
            columns: 2 * columns,
            ..shape
        });
        let conv = self.conv_mut(made_by)?;
        (conv.fold, conv.output) = (true, output);
        self.found.tensors.retain(|_, kept| *kept != tensor);
        Some(Value::Bytes(output))
    }

    fn conv_mut(&mut self, step: usize) -> Option<&mut Conv> {
        match self.found.network.steps.get_mut(step) {
            Some(Step::Conv(conv)) => Some(conv),
            _ => None,
        }
    }

    /// The step that makes the tensor, where it is a convolution that nothing follows.
    fn unfinished_conv(&self, tensor: TensorId) -> Option<(usize, &Conv)> {
        let made_by = self.found.network.made_by(tensor)?;
        match &self.found.network.steps[made_by] {
            Step::Conv(conv) if conv.then == Then::Nothing => Some((made_by, conv)),
            _ => None,
        }
    }

    /// The same, where it isn't folded either.
    fn plain_conv(&self, tensor: TensorId) -> Option<usize> {
        let (made_by, conv) = self.unfinished_conv(tensor)?;
        (!conv.fold).then_some(made_by)
    }

    pub(super) fn quantise(&mut self, node: &TypedNode, op: Quantise) -> Result<Option<Value>> {
        let value = self.values.get(&node.inputs[0]).copied();
        match value {
            Some(Value::Sum { a, b, relu }) => {
                let sum = Sum {
                    relu,
                    reciprocal: positive(op.reciprocal, &node.name)?,
                    zero: byte(op.zero, op.signed, &node.name)?,
                };
                let added = self.add(a, b, sum, op.signed);
                Ok(added.or_else(|| self.add(b, a, sum, op.signed)))
            }
            // It comes out as display pixels, which no other node could read.
            Some(Value::Picture { residual, base })
                if (op.reciprocal, op.zero, op.signed) == (1.0, 0, false)
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
        let (made_by, _) = self.unfinished_conv(tensor)?;
        let mut outlets = self.found.tensors.iter();
        let outlet = outlets.find_map(|(o, t)| (*t == tensor).then_some(*o))?;
        self.once(outlet).then_some(made_by)
    }

    fn add(&mut self, own: Levels, other: Levels, sum: Sum, signed: bool) -> Option<Value> {
        let conv = self.last_use(own.tensor)?;
        // tract's floats and ours could part where they are infinite.
        let reach = 255.0 * (own.scale.scale + other.scale.scale);
        if !(reach * sum.reciprocal).is_finite() {
            return None;
        }
        let network = &self.found.network;
        // The other side must be there when the convolution runs, channel by channel.
        let made = network.made_by(other.tensor);
        if own.tensor == other.tensor
            || made.is_some_and(|made| made >= conv)
            || plan::gapped(network, other.tensor)
        {
            return None;
        }
        let then = Then::Add {
            own: own.scale,
            other: other.scale,
            other_id: other.tensor,
            sum,
        };
        self.finish(conv, own.tensor, then, signed)
    }

    fn picture(&mut self, residual: Levels, base: TensorId) -> Option<Value> {
        let conv = self.last_use(residual.tensor)?;
        let folded = self.conv_mut(conv)?.fold;
        let network = &self.found.network;
        let (small, large) = (network.tensors[base], network.tensors[residual.tensor]);
        let fits = folded
            && residual.scale.scale == 1.0
            && (large.channels, small.channels) == (3, 3)
            && large.rows == small.rows * skip::FACTOR
            && large.columns == small.columns * skip::FACTOR
            && !plan::gapped(network, base);
        let then = Then::Picture {
            zero: residual.scale.zero,
            base,
        };
        if !fits {
            return None;
        }
        self.finish(conv, residual.tensor, then, false)
    }

    /// The convolution's output is a new tensor now.
    fn finish(&mut self, conv: usize, tensor: TensorId, then: Then, signed: bool) -> Option<Value> {
        let network = &mut self.found.network;
        let output = network.tensor(Shape {
            signed,
            ..network.tensors[tensor]
        });
        let conv = self.conv_mut(conv)?;
        (conv.then, conv.output) = (then, output);
        self.found.tensors.retain(|_, kept| *kept != tensor);
        Some(Value::Bytes(output))
    }
}
