//! Bias correction: rounding shifts the mean of a channel; its bias takes the shift back.

use face8x_core::Result;
use rayon::prelude::*;

use crate::network::{NetworkPlan, Op, Weights};
use crate::onnx::{self, QuantisedNetwork};
use crate::runner::{Runner, values};

/// Corrects the biases so that each convolution's output has, by channel, the mean that it has in
/// the float network, over `pictures`. One pass corrects all layers at once by half of what is
/// missing, since an earlier layer's correction moves the later ones.
///
/// # Errors
/// tract cannot run one of the networks.
pub fn correct_bias(
    network: &mut QuantisedNetwork,
    weights: &Weights,
    pictures: &[Vec<u8>],
    passes: usize,
) -> Result<()> {
    let plan = network.plan.clone();
    let float = onnx::float_graph(weights, &plan)?.into_file("float", &[]);
    let wanted = means(&float, &plan, pictures)?;
    for _ in 0..passes {
        let file = onnx::int8_graph(network).into_file("int8", &[]);
        let found = means(&file, &plan, pictures)?;
        let scales = network.scales();
        let convs = plan
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(step.op, Op::Conv(_)));
        for ((k, step), conv) in convs.zip(&mut network.convs) {
            let output = conv.output;
            let input = scales[step.inputs[0]];
            let unit = if step.name == "out" {
                f64::from(super::LEVELS)
            } else {
                1.0
            };
            for (channel, bias) in conv.bias.iter_mut().enumerate() {
                let is = (found[k][channel] - f64::from(output.zero)) * f64::from(output.scale);
                let missing = wanted[k][channel] * unit - is;
                let step = f64::from(input.scale) * f64::from(conv.scales[channel]);
                *bias += (0.5 * missing / step).round_ties_even() as i32;
            }
        }
    }
    Ok(())
}

/// The mean of each channel of what each step makes, over all pictures.
fn means(file: &[u8], plan: &NetworkPlan, pictures: &[Vec<u8>]) -> Result<Vec<Vec<f64>>> {
    let names: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    let runner = Runner::with_outputs(file, Some(&names))?;
    let runs = pictures.par_iter().map(|picture| -> Result<Vec<Vec<f64>>> {
        let outputs = runner.run(picture)?;
        let bytes = runner.takes_bytes();
        plan.steps
            .iter()
            .zip(&outputs)
            .map(|(step, tensor)| {
                let values: Vec<f64> = match bytes {
                    true => values::<u8>(tensor)?.into_iter().map(f64::from).collect(),
                    false => values::<f32>(tensor)?.into_iter().map(f64::from).collect(),
                };
                let area = values.len() / step.channels;
                Ok(values
                    .chunks_exact(area)
                    .map(|c| c.iter().sum::<f64>() / area as f64)
                    .collect())
            })
            .collect()
    });
    let zero: Vec<Vec<f64>> = plan
        .steps
        .iter()
        .map(|step| vec![0.0; step.channels])
        .collect();
    let total = runs.try_reduce(
        || zero.clone(),
        |mut sum, run| {
            for (sum, value) in sum.iter_mut().flatten().zip(run.iter().flatten()) {
                *sum += value;
            }
            Ok(sum)
        },
    )?;
    let n = pictures.len().max(1) as f64;
    Ok(total
        .into_iter()
        .map(|channels| channels.iter().map(|v| v / n).collect())
        .collect())
}
