//! What follows a convolution: DepthToSpace, an addition, the global skip.

use tract_core::internal::{AxisOp, ToDim};
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::quant::{QuantizeLinearI8, QuantizeLinearU8};
use tract_core::prelude::TypedNode;

use super::{Levels, Search, Value};
use crate::Result;
use crate::graph::{Add, Conv, Epilogue, Scale, Shape, Side, Step, Sum, TensorId};
use crate::kernel::global_skip;
use crate::parameters::{byte, positive};

/// QuantizeLinear to bytes.
#[derive(Clone, Copy)]
pub(crate) struct Quantise {
    /// 1 / scale.
    reciprocal: f32,
    zero: i32,
    signed: bool,
}

impl Quantise {
    pub(crate) fn of(op: &ElementWiseOp) -> Option<Quantise> {
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

    /// What the bytes stand for.
    pub(crate) fn scale(self, node: &str) -> Option<Scale> {
        Some(Scale {
            scale: positive(self.reciprocal.recip(), node).ok()?,
            zero: byte(self.zero, self.signed, node).ok()?,
        })
    }
}

impl Search<'_> {
    /// DepthToSpace as tract writes it: a reshape, two moves of axes, a reshape.
    pub(super) fn depth_to_space(&mut self, node: &TypedNode, op: &AxisOp) -> Option<Value> {
        let input = node.inputs[0];
        let (tensor, done) = match self.values.get(&input)? {
            Value::Bytes(tensor) => (*tensor, 0),
            Value::Shuffling(tensor, done) => (*tensor, *done),
            _ => return None,
        };
        if !self.once(input) {
            return None;
        }
        let shape = self.found.graph.tensors[tensor];
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
            return Some(Value::Shuffling(tensor, done + 1));
        }
        let output = self.found.graph.tensor(Shape {
            channels,
            rows: 2 * rows,
            columns: 2 * columns,
            ..shape
        });
        self.found.graph.scales[output] = self.found.graph.scales[tensor];
        let conv = self.conv_mut(made_by)?;
        (conv.depth_to_space, conv.output) = (true, output);
        self.found.tensors.retain(|_, kept| *kept != tensor);
        Some(Value::Bytes(output))
    }

    fn conv_mut(&mut self, step: usize) -> Option<&mut Conv> {
        match self.found.graph.steps.get_mut(step) {
            Some(Step::Conv(conv)) => Some(conv),
            _ => None,
        }
    }

    /// The step that makes the tensor, where it is a convolution that nothing follows.
    fn unfinished_conv(&self, tensor: TensorId) -> Option<(usize, &Conv)> {
        let made_by = self.found.graph.made_by(tensor)?;
        match &self.found.graph.steps[made_by] {
            Step::Conv(conv) if conv.epilogue == Epilogue::None => Some((made_by, conv)),
            _ => None,
        }
    }

    /// The same, where DepthToSpace can still follow.
    fn plain_conv(&self, tensor: TensorId) -> Option<usize> {
        let (made_by, conv) = self.unfinished_conv(tensor)?;
        (!conv.depth_to_space && !conv.depthwise).then_some(made_by)
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
                Ok(self.add(node, a, b, sum, op.signed))
            }
            // It comes out as display pixels, which no other node could read.
            Some(Value::Display { residual, base })
                if (op.reciprocal, op.zero, op.signed) == (1.0, 0, false)
                    && self.model.outputs == [node.id.into()]
                    && self.once(node.id.into()) =>
            {
                Ok(self.global_skip(residual, base))
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

    /// An addition: after a convolution where one of the sides is its output and nothing else reads
    /// it, else as a step of its own.
    fn add(
        &mut self,
        node: &TypedNode,
        a: Levels,
        b: Levels,
        sum: Sum,
        signed: bool,
    ) -> Option<Value> {
        // tract's floats and ours could part where they are infinite.
        let reach = 255.0 * (a.scale.scale + b.scale.scale);
        if !(reach * sum.reciprocal).is_finite() {
            return None;
        }
        let fused = self.add_to_conv(a, b, sum, signed);
        let fused = fused.or_else(|| self.add_to_conv(b, a, sum, signed));
        let output = fused.unwrap_or_else(|| {
            let graph = &mut self.found.graph;
            let shape = graph.tensors[a.tensor];
            let output = graph.tensor(Shape { signed, ..shape });
            let side = |levels: Levels| Side {
                tensor: levels.tensor,
                scale: levels.scale,
                factor: 1,
            };
            let sides = [side(a), side(b)];
            graph.steps.push(Step::Add(Add { sides, sum, output }));
            output
        });
        self.found.graph.scales[output] = Some(Scale {
            scale: positive(sum.reciprocal.recip(), &node.name).ok()?,
            zero: sum.zero,
        });
        Some(Value::Bytes(output))
    }

    fn add_to_conv(
        &mut self,
        own: Levels,
        other: Levels,
        sum: Sum,
        signed: bool,
    ) -> Option<TensorId> {
        let conv = self.last_use(own.tensor)?;
        // The other side must be there when the convolution runs.
        let made = self.found.graph.made_by(other.tensor);
        if own.tensor == other.tensor || made.is_some_and(|made| made >= conv) {
            return None;
        }
        let epilogue = Epilogue::Add {
            own: own.scale,
            other: other.scale,
            other_id: other.tensor,
            sum,
        };
        self.finish(conv, own.tensor, epilogue, signed)
    }

    fn global_skip(&mut self, residual: Levels, base: TensorId) -> Option<Value> {
        let conv = self.last_use(residual.tensor)?;
        let shuffled = self.conv_mut(conv)?.depth_to_space;
        let graph = &self.found.graph;
        let (small, large) = (graph.tensors[base], graph.tensors[residual.tensor]);
        let fits = shuffled
            && residual.scale.scale == 1.0
            && (large.channels, small.channels) == (3, 3)
            && large.rows == small.rows * global_skip::FACTOR
            && large.columns == small.columns * global_skip::FACTOR;
        let epilogue = Epilogue::GlobalSkip {
            zero: residual.scale.zero,
            base,
        };
        if !fits {
            return None;
        }
        let output = self.finish(conv, residual.tensor, epilogue, false)?;
        self.found.display = true;
        Some(Value::Bytes(output))
    }

    /// The convolution's output is a new tensor now.
    fn finish(
        &mut self,
        conv: usize,
        tensor: TensorId,
        epilogue: Epilogue,
        signed: bool,
    ) -> Option<TensorId> {
        let graph = &mut self.found.graph;
        let output = graph.tensor(Shape {
            signed,
            ..graph.tensors[tensor]
        });
        let conv = self.conv_mut(conv)?;
        (conv.epilogue, conv.output) = (epilogue, output);
        self.found.tensors.retain(|_, kept| *kept != tensor);
        Some(output)
    }
}
