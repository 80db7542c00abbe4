//! Quantised convolutions: tract's own operator, or the matrix product that it makes of one with a
//! kernel of one pixel.

use tract_core::internal::{InOut, OutletId};
use tract_core::ops::cnn::{Conv as TractConv, KernelFormat};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::nn::DataFormat;
use tract_core::prelude::{DatumType, TypedNode};

use super::{MAX_CHANNELS, Search, Value};
use crate::Result;
use crate::graph::{Conv, Shape, Step, TensorId};
use crate::parameters::ConvForm;

impl<'m> Search<'m> {
    pub(super) fn conv(&mut self, node: &TypedNode, op: &TractConv) -> Result<Option<Value>> {
        let Some(form) = self.conv_form(node, op) else {
            return Ok(None);
        };
        let input = node.inputs[0];
        self.convolve(node, form, |search| search.bytes(input))
    }

    /// A matrix product over the channels of each pixel, of every pixel or of every second of
    /// every second row.
    pub(super) fn product(&mut self, node: &TypedNode, op: &EinSum) -> Result<Option<Value>> {
        let input = node.inputs[0];
        let (stride, thinned) = match self.values.get(&input) {
            Some(Value::Thinned(tensor, [2, 2])) => (2, Some(*tensor)),
            _ => (1, None),
        };
        let Some(form) = self.product_form(node, op, stride) else {
            return Ok(None);
        };
        self.convolve(node, form, |search| thinned.or_else(|| search.bytes(input)))
    }

    fn convolve(
        &mut self,
        node: &TypedNode,
        form: ConvForm,
        input: impl FnOnce(&mut Self) -> Option<TensorId>,
    ) -> Result<Option<Value>> {
        let output_signed = form.output_signed;
        let Some(conv) = form.checked(&node.name)? else {
            return Ok(None);
        };
        let Some(input) = input(self) else {
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
            signed: output_signed,
        };
        let output = self.found.network.tensor(shape);
        self.found.network.steps.push(Step::Conv(Box::new(Conv {
            input,
            output,
            ..conv
        })));
        Ok(Some(Value::Bytes(output)))
    }

    /// The parts of a quantised convolution whose geometry fits.
    fn conv_form(&self, node: &TypedNode, op: &TractConv) -> Option<ConvForm<'m>> {
        let spec = &op.pool_spec;
        let side = *spec.kernel_shape.first()?;
        let stride = spec.stride(0);
        let fits = node.inputs.len() == 9
            && op.group == 1
            && op.kernel_fmt == KernelFormat::OIHW
            && spec.data_format == DataFormat::NCHW
            && spec.kernel_shape[..] == [side, side]
            && (side == 1 || side == 3)
            && spec.dilations().iter().all(|&d| d == 1)
            && spec.stride(1) == stride
            && (stride == 1 || stride == 2);
        if !fits {
            return None;
        }
        // However the padding is written: as much as keeps the size at a stride of 1.
        let shape = self
            .model
            .outlet_fact(node.inputs[0])
            .ok()?
            .shape
            .as_concrete()?;
        let [1, _, rows, columns] = *shape else {
            return None;
        };
        let padding = spec.computed_padding(&[rows, columns]);
        let padded = padding.iter().zip([rows, columns]).all(|(axis, length)| {
            axis.pad_before == side / 2 && axis.convoluted == length.div_ceil(stride)
        });
        let (outputs, inputs) = (op.output_channels(), op.input_channels());
        let form = self.form(node, op.q_params?, [outputs, inputs])?;
        padded.then_some(ConvForm {
            side,
            stride,
            ..form
        })
    }

    /// The parts of a quantised product of an `OI` matrix with the channels of `NIHW`.
    fn product_form(&self, node: &TypedNode, op: &EinSum, stride: usize) -> Option<ConvForm<'m>> {
        if node.inputs.len() != 9 {
            return None;
        }
        let axes = &op.axes;
        let ranks = [InOut::In(0), InOut::In(1), InOut::Out(0)].map(|slot| axes.rank(slot));
        // Where each of the input's and the matrix's axes goes.
        let goes = |slot: usize, at: usize| {
            let axis = axes.axis((InOut::In(slot), at)).ok()?;
            let (inputs, outputs) = (&axis.inputs, axis.outputs.first()?);
            Some((inputs[0].to_vec(), inputs[1].to_vec(), outputs.to_vec()))
        };
        let kept = |at: usize| Some((vec![at], vec![], vec![at]));
        let fits = ranks == [4, 2, 4]
            && [0, 2, 3].into_iter().all(|at| goes(0, at) == kept(at))
            && goes(0, 1) == Some((vec![1], vec![1], vec![]))
            && goes(1, 0) == Some((vec![], vec![0], vec![1]));
        let [outputs, inputs] = *self.constant(node.inputs[1])?.shape() else {
            return None;
        };
        let form = self.form(node, op.q_params?, [outputs, inputs])?;
        fits.then_some(ConvForm { stride, ..form })
    }

    /// The constants and types of a quantised convolution of one pixel and stride 1.
    fn form(
        &self,
        node: &TypedNode,
        output: DatumType,
        [outputs, inputs]: [usize; 2],
    ) -> Option<ConvForm<'m>> {
        let input = self.model.outlet_fact(node.inputs[0]).ok()?.datum_type;
        let constant = |outlet: &OutletId| self.constant(*outlet);
        let form = ConvForm {
            side: 1,
            stride: 1,
            inputs,
            outputs,
            input_signed: input == DatumType::I8,
            output_signed: output == DatumType::I8,
            constants: node.inputs[1..]
                .iter()
                .map(constant)
                .collect::<Option<_>>()?,
        };
        let bytes = [DatumType::U8, DatumType::I8];
        let fits = bytes.contains(&input)
            && bytes.contains(&output)
            && form.constants[0].datum_type() == DatumType::I8
            && outputs <= MAX_CHANNELS;
        fits.then_some(form)
    }
}
