//! The numbers of quantisation: checked before anything is computed with them.

use tract_core::internal::Tensor;
use tract_core::prelude::{Datum, DatumType};

use super::graph::{Conv, Then};
use crate::{Error, Result};

/// A quantised convolution's numbers before they are checked: weights, bias, zero point and scale
/// of input, weights and output, in tract's order.
pub struct ConvForm<'m> {
    pub side: usize,
    pub stride: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub input_signed: bool,
    pub output_signed: bool,
    pub constants: Vec<&'m Tensor>,
}

impl ConvForm<'_> {
    /// The convolution, where the fused operators can do it; its tensors are still to be set.
    pub fn checked(&self, name: &str) -> Result<Option<Conv>> {
        let broken = |what: &str| Error::InvalidNode {
            node: name.into(),
            problem: format!("has {what}"),
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
        if zero_w.iter().any(|&zero| zero != 0.0) {
            return Err(broken("a weight zero point that is not 0"));
        }
        if weights.contains(&i8::MIN) {
            return Ok(None);
        }
        let zero_in = byte(zero_in[0] as i32, self.input_signed, name)?;
        let zero_out = byte(zero_out[0] as i32, self.output_signed, name)?;
        let mut conv = Conv {
            name: name.to_owned(),
            input: 0,
            output: 0,
            inputs: self.inputs,
            outputs: self.outputs,
            side: self.side,
            stride: self.stride,
            enlarged: 1,
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

/// A constant's numbers, where they are of this type.
pub fn values<T: Datum>(tensor: &Tensor) -> Option<Vec<T>> {
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
pub fn positive(value: f32, node: &str) -> Result<f32> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(Error::InvalidNode {
        node: node.into(),
        problem: format!("has a scale of {value}"),
    })
}

/// A zero point of bytes, as it stands here: 128 is added to that of signed ones.
pub fn byte(value: i32, signed: bool, node: &str) -> Result<u8> {
    let (low, high) = if signed { (-128, 127) } else { (0, 255) };
    if (low..=high).contains(&value) {
        return Ok((value - low) as u8);
    }
    Err(Error::InvalidNode {
        node: node.into(),
        problem: format!("has a zero point of {value}; its bytes go from {low} to {high}"),
    })
}
