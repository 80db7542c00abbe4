//! Steps that multiply nothing: pooling and enlargements.

use tract_core::ops::cnn::MaxPool as TractMaxPool;
use tract_core::ops::nn::DataFormat;
use tract_core::prelude::{DatumType, TypedNode};

use super::{Levels, Search, Value, noise};
use crate::graph::{MaxPool, Scale, Shape, Step, TensorId};
use crate::kernel::global_skip;

impl Search<'_> {
    pub(super) fn max_pool(&mut self, node: &TypedNode, op: &TractMaxPool) -> Option<Value> {
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
        let computed = spec.computed_padding(&[shape.rows, shape.columns]);
        let [rows, columns] = [0, 1].map(|axis| computed[axis].convoluted);
        let padding = [0, 1].map(|axis| computed[axis].pad_before);
        // Every window holds a pixel.
        let holds = |axis: usize, count: usize, length: usize| {
            let last = count.checked_sub(1)?.checked_mul(strides[axis])?;
            (padding[axis] < sides[axis] && last < length + padding[axis]).then_some(())
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
            Step::MaxPool(MaxPool {
                input,
                output,
                sides,
                strides,
                padding,
            })
        }))
    }

    /// A nearest-neighbour enlargement of bytes, or the bilinear one of the global skip.
    pub(super) fn resize(&mut self, node: &TypedNode) -> Option<Value> {
        let input = *node.inputs.first()?;
        if let Some(Value::Levels(levels)) = self.values.get(&input) {
            let levels = *levels;
            return self.enlarge(node, levels);
        }
        let shape = self.shape_of(input)?;
        let factor = match *node.outputs[0].fact.shape.as_concrete()? {
            [1, channels, rows, columns]
                if channels == shape.channels && rows.is_multiple_of(shape.rows) =>
            {
                let factor = rows / shape.rows;
                (factor > 1 && columns == factor * shape.columns).then_some(factor)?
            }
            _ => return None,
        };
        let large = Shape {
            rows: factor * shape.rows,
            columns: factor * shape.columns,
            ..shape
        };
        if !self.is_nearest(node, shape, large) {
            return None;
        }
        let input = self.bytes(input)?;
        Some(self.step(large, |output| Step::Resize {
            input,
            output,
            factor,
        }))
    }

    /// Whether a resize repeats the pixels of tensors of this shape.
    fn is_nearest(&self, node: &TypedNode, small: Shape, large: Shape) -> bool {
        let picture = noise(small.channels * small.rows * small.columns);
        let asked = if small.signed {
            let signed: Vec<i8> = picture.iter().map(|byte| byte.cast_signed()).collect();
            let asked = self.ask(node, small, &signed);
            asked.map(|bytes| bytes.into_iter().map(i8::cast_unsigned).collect())
        } else {
            self.ask::<u8>(node, small, &picture)
        };
        let factor = large.rows / small.rows;
        let plane = large.rows * large.columns;
        let expected = |at: usize| {
            let (channel, y, x) = (at / plane, at % plane / large.columns, at % large.columns);
            let row = channel * small.rows + y / factor;
            picture[row * small.columns + x / factor]
        };
        asked.is_some_and(|asked: Vec<u8>| {
            asked.len() == large.channels * plane
                && asked
                    .iter()
                    .enumerate()
                    .all(|(at, &byte)| byte == expected(at))
        })
    }

    /// The bilinear enlargement by 8 of levels: its result must be that of [`global_skip`] to the
    /// bit.
    fn enlarge(&self, node: &TypedNode, levels: Levels) -> Option<Value> {
        let shape = self.found.graph.tensors[levels.tensor];
        let one = Scale {
            scale: 1.0,
            zero: 0,
        };
        let large = [shape.rows, shape.columns].map(|length| length * global_skip::FACTOR);
        let fact = &node.outputs[0].fact;
        let fits = levels.scale == one
            && shape.channels == 3
            && fact.shape.as_concrete() == Some(&[1, 3, large[0], large[1]])
            && fact.datum_type == DatumType::F32;
        if !self.display || !fits {
            return None;
        }
        let picture = noise(3 * shape.rows * shape.columns);
        let floats: Vec<f32> = picture.iter().map(|&level| f32::from(level)).collect();
        let asked = self.ask(node, shape, &floats)?;
        let expected = global_skip::enlarge_planes(&picture, shape.rows, shape.columns);
        let mut pairs = asked.iter().zip(&expected);
        let same = asked.len() == expected.len() && pairs.all(|(&a, &b)| a * 256.0 == f32::from(b));
        same.then_some(Value::Base(levels.tensor))
    }

    fn step(&mut self, shape: Shape, step: impl FnOnce(TensorId) -> Step) -> Value {
        let output = self.found.graph.tensor(shape);
        self.found.graph.steps.push(step(output));
        Value::Bytes(output)
    }
}
