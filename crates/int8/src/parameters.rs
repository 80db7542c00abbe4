//! The numbers of quantisation: checked before anything is computed with them.

use std::sync::Arc;

use tract_core::internal::Tensor;
use tract_core::prelude::{Datum, DatumType};

use super::graph::{Conv, Epilogue, Scale};
use crate::{Error, Result};

/// A quantised convolution's numbers before they are checked: weights, bias, zero point and scale
/// of input, weights and output, in tract's order.
pub(crate) struct ConvForm {
    pub side: usize,
    pub stride: usize,
    pub padding: [usize; 2],
    /// Input channels of an output channel: 1 where `depthwise`.
    pub inputs: usize,
    pub outputs: usize,
    pub depthwise: bool,
    pub input_signed: bool,
    pub output_signed: bool,
    pub(crate) constants: Vec<Arc<Tensor>>,
}

/// The numbers of a [`ConvForm`], each of the right length: one an output, or one.
struct Numbers {
    bias: Vec<f64>,
    scale_in: f32,
    zero_in: i32,
    scale_w: Vec<f64>,
    scale_out: f32,
    zero_out: i32,
}

impl ConvForm {
    /// The convolution, where the engine can run it; its tensors are still to be set.
    pub(crate) fn checked(&self, name: &str) -> Result<Option<Conv>> {
        let Some(weights) = values::<i8>(&self.constants[0]) else {
            return Ok(None);
        };
        let per_output = self.inputs * self.side * self.side;
        if per_output == 0 || weights.len() != self.outputs * per_output {
            return Err(broken(
                name,
                "weights of another number than its shape says",
            ));
        }
        let numbers = self.numbers(name)?;
        if weights.contains(&i8::MIN) {
            return Ok(None);
        }
        let scale = |scale: f32, zero: i32, signed: bool| -> Result<Scale> {
            Ok(Scale {
                zero: byte(zero, signed, name)?,
                scale: positive(scale, name)?,
            })
        };
        let mut conv = Conv {
            name: name.to_owned(),
            input: 0,
            output: 0,
            inputs: self.inputs,
            outputs: self.outputs,
            depthwise: self.depthwise,
            side: self.side,
            stride: self.stride,
            padding: self.padding,
            weights,
            bias: Vec::new(),
            factor: Vec::new(),
            scale_in: scale(numbers.scale_in, numbers.zero_in, self.input_signed)?,
            scale_out: scale(numbers.scale_out, numbers.zero_out, self.output_signed)?,
            depth_to_space: false,
            epilogue: Epilogue::None,
        };
        for output in 0..self.outputs {
            let (bias, scale_w) = (numbers.bias[output], numbers.scale_w[output] as f32);
            let weights = conv.weights_of(output).iter();
            let reach: i64 = weights.map(|&w| 255 * i64::from(w).abs()).sum();
            // Twice: the zero point times the weights goes into the bias.
            if 2 * reach + (bias as i64).abs() > i64::from(i32::MAX) {
                let what = "weights and a bias that could overflow 32 bits";
                return Err(broken(name, what));
            }
            let factor = conv.scale_in.scale * positive(scale_w, name)? / conv.scale_out.scale;
            conv.factor.push(positive(factor, name)?);
            conv.bias.push(bias as i32);
        }
        Ok(Some(conv))
    }

    fn numbers(&self, name: &str) -> Result<Numbers> {
        let several = |k: usize, what: &str| {
            numbers(&self.constants[k], self.outputs).ok_or_else(|| broken(name, what))
        };
        let bias = several(1, "a bias of the wrong length")?;
        let zero_in = several(2, "an input zero point of the wrong length")?;
        let scale_in = several(3, "an input scale of the wrong length")?;
        let zero_w = several(4, "a weight zero point of the wrong length")?;
        let scale_w = several(5, "weight scales of the wrong length")?;
        let zero_out = several(6, "an output zero point of the wrong length")?;
        let scale_out = several(7, "an output scale of the wrong length")?;
        if [2, 3, 6, 7].iter().any(|&k| self.constants[k].len() != 1) {
            return Err(broken(name, "a scale or zero point of the wrong length"));
        }
        if zero_w.iter().any(|&zero| zero != 0.0) {
            return Err(broken(name, "a weight zero point that is not 0"));
        }
        Ok(Numbers {
            bias,
            scale_in: scale_in[0] as f32,
            zero_in: zero_in[0] as i32,
            scale_w,
            scale_out: scale_out[0] as f32,
            zero_out: zero_out[0] as i32,
        })
    }
}

fn broken(node: &str, what: &str) -> Error {
    Error::InvalidNode {
        node: node.into(),
        problem: format!("has {what}"),
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

/// A constant's numbers, where they are of this type.
pub(crate) fn values<T: Datum>(tensor: &Tensor) -> Option<Vec<T>> {
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
pub(crate) fn positive(value: f32, node: &str) -> Result<f32> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(Error::InvalidNode {
        node: node.into(),
        problem: format!("has a scale of {value}"),
    })
}

/// A zero point of bytes, as it stands here: 128 is added to that of signed ones.
pub(crate) fn byte(value: i32, signed: bool, node: &str) -> Result<u8> {
    let (low, high) = if signed { (-128, 127) } else { (0, 255) };
    if (low..=high).contains(&value) {
        return Ok((value - low) as u8);
    }
    Err(Error::InvalidNode {
        node: node.into(),
        problem: format!("has a zero point of {value}; its bytes go from {low} to {high}"),
    })
}
