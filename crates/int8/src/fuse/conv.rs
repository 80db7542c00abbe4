//! Quantised convolutions.

use std::sync::Arc;

use tract_core::internal::{OutletId, Tensor};
use tract_core::ops::cnn::{Conv as TractConv, KernelFormat};
use tract_core::ops::nn::DataFormat;
use tract_core::prelude::{DatumType, TypedNode};

use super::{MAX_CHANNELS, Search, Value};
use crate::Result;
use crate::graph::{Conv, Shape, Step};
use crate::parameters::ConvForm;

/// How far an axis of a convolution goes.
struct ConvAxis {
    /// Zeros before the input.
    padding: usize,
    /// Outputs.
    length: usize,
}

impl Search<'_> {
    pub(super) fn conv(&mut self, node: &TypedNode, op: &TractConv) -> Result<Option<Value>> {
        let input = node.inputs[0];
        let Some(shape) = self.shape_of(input) else {
            return Ok(None);
        };
        let Some(axes) = axes(op, shape) else {
            return Ok(None);
        };
        let Some(form) = self.form(node, op, shape, &axes) else {
            return Ok(None);
        };
        let signed = form.output_signed;
        let Some(conv) = form.checked(&node.name)? else {
            return Ok(None);
        };
        let Some(input) = self.bytes(input) else {
            return Ok(None);
        };
        let output = self.found.graph.tensor(Shape {
            channels: conv.outputs,
            rows: axes[0].length,
            columns: axes[1].length,
            signed,
        });
        let graph = &mut self.found.graph;
        graph.scales[input].get_or_insert(conv.scale_in);
        graph.scales[output] = Some(conv.scale_out);
        graph.steps.push(Step::Conv(Box::new(Conv {
            input,
            output,
            ..conv
        })));
        Ok(Some(Value::Bytes(output)))
    }

    /// The constants and types of a quantised convolution.
    fn form(
        &mut self,
        node: &TypedNode,
        op: &TractConv,
        shape: Shape,
        axes: &[ConvAxis; 2],
    ) -> Option<ConvForm> {
        let (outputs, output) = (op.output_channels(), op.q_params?);
        let depthwise = op.group > 1;
        let grouped_well = op.group == 1 || (op.group == shape.channels && outputs == op.group);
        let bytes = [DatumType::U8, DatumType::I8];
        let fits = node.inputs.len() == 9
            && grouped_well
            && op.input_channels() == shape.channels
            && op.kernel_fmt == KernelFormat::OIHW
            && bytes.contains(&output)
            && outputs <= MAX_CHANNELS;
        if !fits {
            return None;
        }
        let constant = |outlet: &OutletId| self.constant(*outlet);
        let constants: Vec<Arc<Tensor>> = node.inputs[1..]
            .iter()
            .map(constant)
            .collect::<Option<_>>()?;
        (constants[0].datum_type() == DatumType::I8).then_some(ConvForm {
            side: op.pool_spec.kernel_shape[0],
            stride: op.pool_spec.stride(0),
            padding: [axes[0].padding, axes[1].padding],
            inputs: if depthwise { 1 } else { shape.channels },
            outputs,
            depthwise,
            input_signed: shape.signed,
            output_signed: output == DatumType::I8,
            constants,
        })
    }
}

/// The axes of a convolution whose geometry the engine knows: a side of 1 or 3, a stride of 1 or 2,
/// and at most one row and column of zeros around the input, however that is written.
fn axes(op: &TractConv, shape: Shape) -> Option<[ConvAxis; 2]> {
    let spec = &op.pool_spec;
    let side = *spec.kernel_shape.first()?;
    let stride = spec.stride(0);
    let fits = spec.data_format == DataFormat::NCHW
        && spec.kernel_shape[..] == [side, side]
        && (side == 1 || side == 3)
        && spec.dilations().iter().all(|&d| d == 1)
        && spec.stride(1) == stride
        && (stride == 1 || stride == 2);
    if !fits {
        return None;
    }
    let padding = spec.computed_padding(&[shape.rows, shape.columns]);
    let axis = |k: usize, length: usize| {
        let (before, outputs) = (padding[k].pad_before, padding[k].convoluted);
        let last = outputs.checked_sub(1)?.checked_mul(stride)?;
        let inside = before <= side / 2 && last + side <= length + before + side / 2;
        inside.then_some(ConvAxis {
            padding: before,
            length: outputs,
        })
    };
    Some([axis(0, shape.rows)?, axis(1, shape.columns)?])
}
