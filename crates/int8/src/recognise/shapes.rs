//! Steps that multiply nothing: concatenation, pooling, nearest-neighbour enlargement, and leaving
//! out every second row and column.

use tract_core::ops::Downsample;
use tract_core::ops::array::TypedConcat;
use tract_core::ops::cnn::MaxPool;
use tract_core::ops::nn::{DataFormat, NearestUpsample};
use tract_core::prelude::TypedNode;

use super::{MAX_CHANNELS, Search, Value};
use crate::graph::{Pool, Shape, Step, TensorId};

impl Search<'_> {
    pub(super) fn concat(&mut self, node: &TypedNode, op: &TypedConcat) -> Option<Value> {
        // All of them or none: an input that tract makes becomes an entry.
        let shapes: Vec<Shape> = node
            .inputs
            .iter()
            .map(|&input| self.shape_of(input))
            .collect::<Option<_>>()?;
        let first = *shapes.first()?;
        let channels = shapes.iter().map(|shape| shape.channels).sum();
        let alike = |shape: &Shape| {
            *shape
                == Shape {
                    channels: shape.channels,
                    ..first
                }
        };
        if op.axis != 1 || !shapes.iter().all(alike) || channels > MAX_CHANNELS {
            return None;
        }
        let inputs: Vec<TensorId> = node
            .inputs
            .iter()
            .map(|&input| self.bytes(input))
            .collect::<Option<_>>()?;
        Some(
            self.step(Shape { channels, ..first }, |output| Step::Concat {
                inputs,
                output,
            }),
        )
    }

    pub(super) fn pool(&mut self, node: &TypedNode, op: &MaxPool) -> Option<Value> {
        let spec = &op.pool_spec;
        let [high, wide] = spec.kernel_shape[..] else {
            return None;
        };
        let fits = op.with_index_outputs.is_none()
            && spec.data_format == DataFormat::NCHW
            && spec.dilations().iter().all(|&dilation| dilation == 1);
        let shape = self.shape_of(node.inputs[0]).filter(|_| fits)?;
        let sides = [high, wide];
        let strides = [spec.stride(0), spec.stride(1)];
        let padding = spec.computed_padding(&[shape.rows, shape.columns]);
        let [rows, columns] = [0, 1].map(|axis| padding[axis].convoluted);
        let before = [0, 1].map(|axis| padding[axis].pad_before);
        // Every window holds a pixel.
        let holds = |axis: usize, count: usize, length: usize| {
            let last = count.checked_sub(1)?.checked_mul(strides[axis])?;
            (before[axis] < sides[axis] && last < length + before[axis]).then_some(())
        };
        holds(0, rows, shape.rows)?;
        holds(1, columns, shape.columns)?;
        let small = Shape {
            rows,
            columns,
            ..shape
        };
        let input = self.bytes(node.inputs[0])?;
        Some(self.step(small, |output| {
            Step::Pool(Pool {
                input,
                output,
                sides,
                strides,
                before,
            })
        }))
    }

    pub(super) fn nearest(&mut self, node: &TypedNode, op: &NearestUpsample) -> Option<Value> {
        let [1, 1, factor, columns] = op.scales[..] else {
            return None;
        };
        let shape = self.shape_of(node.inputs[0])?;
        if columns != factor {
            return None;
        }
        let large = Shape {
            rows: shape.rows * factor,
            columns: shape.columns * factor,
            ..shape
        };
        let input = self.bytes(node.inputs[0])?;
        Some(self.step(large, |output| Step::Enlarge {
            input,
            output,
            factor,
        }))
    }

    /// Every second row or column: what tract makes of the stride of a kernel of one pixel.
    pub(super) fn thin(&mut self, node: &TypedNode, op: &Downsample) -> Option<Value> {
        let input = node.inputs[0];
        let (tensor, mut by) = match self.values.get(&input) {
            Some(Value::Thinned(tensor, by)) => (*tensor, *by),
            _ => (self.bytes(input)?, [1, 1]),
        };
        let axis = by.get_mut(op.axis.checked_sub(2)?)?;
        if op.stride != 2 || op.modulo != 0 || *axis != 1 {
            return None;
        }
        *axis = 2;
        Some(Value::Thinned(tensor, by))
    }

    fn step(&mut self, shape: Shape, step: impl FnOnce(TensorId) -> Step) -> Value {
        let output = self.found.network.tensor(shape);
        self.found.network.steps.push(step(output));
        Value::Bytes(output)
    }
}
