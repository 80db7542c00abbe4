//! Scales with which every engine computes the same bytes.
//!
//! ONNX says what a quantised operator computes, but not in which order, and floats round. So the
//! scales are chosen such that the order does not matter:
//!
//! - Activation scales have 12 bits, so that a byte times a scale is exact in 32-bit floats, and
//!   with it a sum of two such products rounds only once, fused or not.
//! - The scale of a sum is moved until dividing by it and multiplying by its reciprocal round to
//!   the same byte for each of the 256 x 256 pairs of inputs.
//! - A weight scale is moved by units in the last place until the factor of the requantisation,
//!   input x weight / output, is the same in each order of evaluation.

use face8x_core::{Error, Result};

use crate::onnx::ByteScale;

/// Bits of an activation scale's significand.
const BITS: u32 = 12;
/// Steps that are tried before giving up; about one in eight succeeds.
const TRIES: usize = 4096;

/// The nearest number above `value` (positive) with a significand of [`BITS`] bits.
pub fn short(value: f32) -> f32 {
    let dropped = f32::MANTISSA_DIGITS - BITS;
    let bits = value.to_bits();
    f32::from_bits((bits.div_ceil(1 << dropped)) << dropped)
}

/// `wanted`, a 12-bit scale for max(0, a + b), moved up until it is exact.
pub fn add_scale(a: ByteScale, b: ByteScale, wanted: ByteScale) -> Result<ByteScale> {
    let step = 1u32 << (f32::MANTISSA_DIGITS - BITS);
    let mut scale = wanted.scale;
    for _ in 0..TRIES {
        let candidate = ByteScale { scale, ..wanted };
        if add_is_exact(a, b, candidate) {
            return Ok(candidate);
        }
        scale = f32::from_bits(scale.to_bits() + step);
    }
    Err(Error::other("no exact scale was found for a sum"))
}

/// Whether each pair of bytes gives the same byte by division and by the reciprocal.
pub fn add_is_exact(a: ByteScale, b: ByteScale, output: ByteScale) -> bool {
    let value = |s: ByteScale, q: u8| f32::from(i16::from(q) - i16::from(s.zero)) * s.scale;
    let reciprocal = output.scale.recip();
    (0..=255).all(|p| {
        let x = value(a, p);
        (0..=255).all(|q| {
            let sum = x + value(b, q);
            (sum / output.scale).round_ties_even() == (sum * reciprocal).round_ties_even()
        })
    })
}

/// `wanted`, a weight scale, moved up until the requantisation's factor is the same in each order.
pub fn weight_scale(input: f32, wanted: f32, output: f32) -> f32 {
    let agrees = |w: f32| {
        let factor = input * w / output;
        factor == input * (w / output) && factor == w * (input / output)
    };
    let mut scale = wanted;
    for _ in 0..TRIES {
        if agrees(scale) {
            return scale;
        }
        scale = scale.next_up();
    }
    wanted
}
