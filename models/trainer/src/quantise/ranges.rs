//! The choice of scales: the least mean square error on what was seen.

use crate::onnx::ByteScale;

use super::exact::short;

/// Values that a choice looks at.
const SAMPLES: usize = 200_000;
/// Shares of the full range that are tried.
const SHARES: usize = 24;
const SMALLEST_SHARE: f32 = 0.4;

/// For values of which none is negative: zero point 0, so that saturation is ReLU.
pub fn positive(seen: &[&[f32]]) -> ByteScale {
    let (_, high) = range(seen);
    best(seen, |share| ByteScale {
        scale: short(high * share / 255.0),
        zero: 0,
    })
}

/// For values of both signs.
pub fn signed(seen: &[&[f32]]) -> ByteScale {
    let (low, high) = range(seen);
    best(seen, |share| {
        let scale = short((high - low) * share / 255.0);
        let zero = (-low * share / scale).round_ties_even().clamp(0.0, 255.0) as u8;
        ByteScale { scale, zero }
    })
}

/// For all values from `low` to `high`, which hold 0 between them.
pub fn whole(low: f32, high: f32) -> ByteScale {
    let scale = short((high - low).max(1e-6) / 255.0);
    let zero = (-low / scale).round_ties_even().clamp(0.0, 255.0) as u8;
    ByteScale { scale, zero }
}

/// For the residual, which is added to the enlarged input: a power of two of `levels` around 128.
pub fn residual(seen: &[&[f32]], levels: f32) -> ByteScale {
    let candidates = [0.25, 0.5, 1.0, 2.0].map(|step| ByteScale {
        scale: step / levels,
        zero: 128,
    });
    let sample = sample(seen);
    let mut found = candidates[2];
    for candidate in candidates {
        if error(&sample, candidate) < error(&sample, found) {
            found = candidate;
        }
    }
    found
}

/// The smallest and the largest value, with 0 among them.
fn range(seen: &[&[f32]]) -> (f32, f32) {
    let values = seen.iter().flat_map(|values| values.iter());
    let (low, high) = values.fold((0f32, 0f32), |(l, h), &v| (l.min(v), h.max(v)));
    // A tensor that is always 0 still needs a scale.
    (low, if high - low < 1e-6 { high + 1e-6 } else { high })
}

fn sample(seen: &[&[f32]]) -> Vec<f32> {
    let total: usize = seen.iter().map(|values| values.len()).sum();
    let step = (total / SAMPLES).max(1) | 1;
    let values = seen.iter().flat_map(|values| values.iter());
    values.step_by(step).copied().collect()
}

fn best(seen: &[&[f32]], scale: impl Fn(f32) -> ByteScale) -> ByteScale {
    let sample = sample(seen);
    let mut found = (scale(1.0), f64::INFINITY);
    for k in 0..SHARES {
        let share = 1.0 - (1.0 - SMALLEST_SHARE) * k as f32 / (SHARES - 1) as f32;
        let candidate = scale(share);
        let error = error(&sample, candidate);
        if error < found.1 {
            found = (candidate, error);
        }
    }
    found.0
}

/// The sum of squared errors of `values` as bytes of this scale.
fn error(values: &[f32], scale: ByteScale) -> f64 {
    let zero = f32::from(scale.zero);
    let inverse = 1.0 / scale.scale;
    let square = |&v: &f32| {
        let q = ((v * inverse).round_ties_even() + zero).clamp(0.0, 255.0);
        f64::from((q - zero) * scale.scale - v).powi(2)
    };
    values.iter().map(square).sum()
}
