//! What follows a convolution: DepthToSpace, an addition, the global skip.

use tract_core::internal::{AxisOp, ToDim};
use tract_core::ops::quant::QuantizeLinearU8;
use tract_core::prelude::TypedNode;

use super::{Levels, Search, Value};
use crate::Result;
use crate::restore::int8::graph::{Shape, Sum, TensorId, Then};
use crate::restore::int8::parameters::positive;
use crate::restore::int8::skip;

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
        let made_by = self
            .found
            .network
            .convs
            .iter()
            .position(|conv| conv.output == tensor)?;
        if *op != wanted || !shape.channels.is_multiple_of(4) || !self.is_plain(made_by) {
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

    pub(super) fn quantise(
        &mut self,
        node: &TypedNode,
        op: &QuantizeLinearU8,
    ) -> Result<Option<Value>> {
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
}
