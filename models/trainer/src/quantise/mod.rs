//! Static quantisation to 8 bits after training.
//!
//! Weights are symmetric signed bytes with a scale for each output channel; activations are bytes
//! with a scale and a zero point for each tensor, chosen on training pictures. The scales are then
//! moved by a hair so that every order of evaluation that an engine may choose gives the same
//! bytes (see `exact`).

use face8x_core::{Error, Result};
use rayon::prelude::*;

use crate::network::{ConvSpec, NetworkPlan, Op, Weights, tap_is_used};
use crate::onnx::{self, ByteScale, QuantisedAdd, QuantisedConv, QuantisedNetwork};
use crate::runner::{Runner, values};

mod correct;
mod exact;
mod imported;
mod ranges;
#[cfg(test)]
mod tests;

pub use correct::correct_bias;
pub use imported::quantise_imported;

/// Pictures whose activations are kept for the choice of scales.
const RANGE_PICTURES: usize = 96;

/// Grey levels of the network's full scale: float networks take and give level / 255.
const LEVELS: f32 = 255.0;

/// Quantises a network. `pictures` are inputs (interleaved levels) as in use.
///
/// # Errors
/// The weights are not of this network family, or there are no pictures.
pub fn quantise(weights: &Weights, pictures: &[Vec<u8>]) -> Result<QuantisedNetwork> {
    let plan = NetworkPlan::of(weights)?;
    if plan.steps.iter().any(|step| matches!(step.op, Op::Join(_))) {
        return Err(no_integers());
    }
    let scales = choose_scales(weights, &plan, pictures)?;
    let mut network = QuantisedNetwork {
        plan: plan.clone(),
        convs: Vec::new(),
        adds: Vec::new(),
    };
    let mut tensor_scales = vec![ByteScale {
        scale: 1.0,
        zero: 0,
    }];
    for (step, chosen) in plan.steps.iter().zip(scales) {
        let input = tensor_scales[step.inputs[0]];
        let made = match &step.op {
            Op::Conv(conv) => {
                let (factor_in, factor_out) = units(step.name.as_str());
                let w = scaled(
                    &weights.get(&format!("{}.w", step.name))?.values,
                    factor_out / factor_in,
                );
                let b = scaled(
                    &weights.get(&format!("{}.b", step.name))?.values,
                    factor_out,
                );
                let output = ByteScale {
                    scale: chosen.scale * factor_out,
                    ..chosen
                };
                let used = |channel, k| tap_is_used(conv.taps, channel, k % 9 / 3, k % 3);
                network
                    .convs
                    .push(quantise_conv((&w, &b), used, input.scale, output));
                output
            }
            Op::Shuffle => input,
            Op::Join(_) => return Err(no_integers()),
            Op::AddRelu => {
                let other = tensor_scales[step.inputs[1]];
                let output = exact::add_scale(input, other, chosen)?;
                network.adds.push(QuantisedAdd { output });
                output
            }
        };
        tensor_scales.push(made);
    }
    Ok(network)
}

/// By what the float network's input and output of a convolution are multiplied: the integer
/// network counts the picture in levels.
fn units(conv: &str) -> (f32, f32) {
    match conv {
        "stem" => (LEVELS, 1.0),
        "out" => (1.0, LEVELS),
        _ => (1.0, 1.0),
    }
}

fn scaled(values: &[f32], factor: f32) -> Vec<f32> {
    values.iter().map(|v| v * factor).collect()
}

/// The scale of what each step makes, in the float network's units.
fn choose_scales(
    weights: &Weights,
    plan: &NetworkPlan,
    pictures: &[Vec<u8>],
) -> Result<Vec<ByteScale>> {
    if pictures.is_empty() {
        return Err(Error::other("there are no pictures to calibrate with"));
    }
    let step_by = pictures.len().div_ceil(RANGE_PICTURES);
    let chosen: Vec<&Vec<u8>> = pictures.iter().step_by(step_by).collect();
    let names: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    let file = onnx::float_graph(weights, plan)?.into_file("calibration", &[]);
    let runner = Runner::with_outputs(&file, Some(&names))?;
    let runs = chosen.par_iter().map(|picture| -> Result<Vec<Vec<f32>>> {
        runner.run(picture)?.iter().map(values::<f32>).collect()
    });
    let runs = runs.collect::<Result<Vec<_>>>()?;
    Ok((0..names.len())
        .into_par_iter()
        .map(|k| {
            let seen: Vec<&[f32]> = runs.iter().map(|run| run[k].as_slice()).collect();
            match &plan.steps[k].op {
                Op::Conv(ConvSpec { relu: false, .. }) if plan.steps[k].name == "out" => {
                    ranges::residual(&seen, LEVELS)
                }
                Op::Conv(ConvSpec { relu: false, .. }) => ranges::signed(&seen),
                _ => ranges::positive(&seen),
            }
        })
        .collect())
}

/// The paper's network has steps whose 8-bit form differs from engine to engine.
fn no_integers() -> Error {
    Error::usage("the paper's network has no 8-bit form")
        .remedy("quantise a network of this program's own family: nano, default or large")
}

/// Weights (output channels first) and bias of one convolution in integers. Only the weights for
/// whose output channel and place in it `used` holds count.
fn quantise_conv(
    (w, b): (&[f32], &[f32]),
    used: impl Fn(usize, usize) -> bool,
    input: f32,
    output: ByteScale,
) -> QuantisedConv {
    let per_output = w.len() / b.len();
    let mut q = QuantisedConv {
        weights: Vec::new(),
        scales: Vec::new(),
        bias: Vec::new(),
        output,
    };
    for (channel, (w, b)) in w.chunks_exact(per_output).zip(b).enumerate() {
        let largest = (0..per_output)
            .filter(|&k| used(channel, k))
            .fold(0f32, |m, k| m.max(w[k].abs()));
        // A channel of zeros still needs a scale, for its bias.
        let wanted = (largest / 127.0).max(output.scale / input * 1e-6);
        let scale = exact::weight_scale(input, wanted, output.scale);
        let level = |k: usize| match used(channel, k) {
            true => (w[k] / scale).round_ties_even().clamp(-127.0, 127.0) as i8,
            false => 0,
        };
        q.weights.extend((0..per_output).map(level));
        q.bias
            .push((f64::from(*b) / (f64::from(input) * f64::from(scale))).round_ties_even() as i32);
        q.scales.push(scale);
    }
    q
}
