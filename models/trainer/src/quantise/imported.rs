//! Networks of others in 8 bits: scales from the smallest and largest values on pictures.
//!
//! A 1x1 convolution that only a depthwise one reads, with nothing between, may have each of its
//! channels multiplied by any number that the other one divides by. So all of them are brought to
//! the same reach, and one scale for the tensor is as good as one for each channel (the idea of
//! cross-layer equalisation: Nagel et al., Data-Free Quantization, ICCV 2019).

use face8x_core::{Error, Result};
use rayon::prelude::*;

use super::{exact, quantise_conv, ranges};
use crate::onnx::{ByteScale, Imported, ImportedConv, ImportedOp, QuantisedConv, QuantisedImport};
use crate::runner::{Runner, values};
use crate::scenes::ScenePicture;

/// The sigmoid is within 0.0004 of its limits beyond this, so no more of its input is kept.
const SIGMOID_REACH: f32 = 8.0;

/// The smallest and the largest value of a channel.
type Reach = (f32, f32);

/// Quantises a network, whose file's content is `file`, with scales from `pictures`, whose channels
/// stand in the network's order.
///
/// # Errors
/// There are no pictures, or tract cannot run the network on one of them.
pub fn quantise_imported(
    network: &Imported,
    file: &[u8],
    pictures: &[ScenePicture],
) -> Result<QuantisedImport> {
    let mut network = network.clone();
    let mut reaches = measure(&network, file, pictures)?;
    equalise(&mut network, &mut reaches);
    let mut scales = vec![ByteScale {
        scale: 1.0,
        zero: 0,
    }];
    let mut convs = Vec::new();
    for (k, step) in network.steps.iter().enumerate() {
        let input = scales[step.inputs[0]];
        let mut whole = union(&reaches[k]);
        if network
            .outputs
            .iter()
            .any(|o| o.sigmoid && o.tensor == k + 1)
        {
            whole = (whole.0.max(-SIGMOID_REACH), whole.1.min(SIGMOID_REACH));
        }
        let made = match &step.op {
            ImportedOp::Conv(conv) => {
                let output = match conv.relu {
                    true => ranges::whole(0.0, whole.1),
                    false => ranges::whole(whole.0, whole.1),
                };
                convs.push(quantised(conv, input.scale, output));
                output
            }
            ImportedOp::MaxPool | ImportedOp::Enlarge => input,
            ImportedOp::Add => {
                let wanted = ranges::whole(whole.0, whole.1);
                exact::add_scale(input, scales[step.inputs[1]], wanted)?
            }
        };
        scales.push(made);
    }
    Ok(QuantisedImport {
        network,
        convs,
        scales,
    })
}

fn quantised(conv: &ImportedConv, input: f32, output: ByteScale) -> QuantisedConv {
    quantise_conv((&conv.weights, &conv.bias), |_, _| true, input, output)
}

/// The reach of each channel of what each step makes.
fn measure(network: &Imported, file: &[u8], pictures: &[ScenePicture]) -> Result<Vec<Vec<Reach>>> {
    let names: Vec<&str> = network
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    let mut reaches: Option<Vec<Vec<Reach>>> = None;
    // The pictures of one size share a runner.
    let mut sizes: Vec<(usize, usize)> = pictures.iter().map(ScenePicture::size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        let runner = Runner::sized(file, Some(&names), size)?;
        let of_size = pictures.par_iter().filter(|p| p.size() == size);
        let found = of_size
            .map(|picture| {
                let outputs = runner.run(&picture.pixels)?;
                let steps = outputs.iter().zip(&network.steps);
                steps
                    .map(|(tensor, step)| Ok(by_channel(&values::<f32>(tensor)?, step.channels)))
                    .collect::<Result<Vec<_>>>()
            })
            .try_reduce_with(|a, b| Ok(wider(a, &b)));
        if let Some(found) = found.transpose()? {
            reaches = Some(match reaches {
                Some(before) => wider(before, &found),
                None => found,
            });
        }
    }
    reaches.ok_or_else(|| Error::other("there are no pictures to calibrate with"))
}

fn by_channel(values: &[f32], channels: usize) -> Vec<Reach> {
    let area = (values.len() / channels.max(1)).max(1);
    let reach = |values: &[f32]| {
        let ends = (f32::INFINITY, f32::NEG_INFINITY);
        values.iter().fold(ends, |(l, h), &v| (l.min(v), h.max(v)))
    };
    values.chunks_exact(area).map(reach).collect()
}

fn wider(mut a: Vec<Vec<Reach>>, b: &[Vec<Reach>]) -> Vec<Vec<Reach>> {
    for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
        *a = (a.0.min(b.0), a.1.max(b.1));
    }
    a
}

/// The reach of a whole tensor, with 0 in it.
fn union(channels: &[Reach]) -> Reach {
    let ends = channels.iter();
    ends.fold((0.0, 0.0), |(l, h), r| (r.0.min(l), r.1.max(h)))
}

/// Brings the channels between a 1x1 and a depthwise convolution to the same reach.
fn equalise(network: &mut Imported, reaches: &mut [Vec<Reach>]) {
    let readers = |tensor: usize| {
        let inputs = network.steps.iter().flat_map(|step| &step.inputs);
        let outputs = network.outputs.iter().map(|output| &output.tensor);
        inputs
            .chain(outputs)
            .filter(|&&read| read == tensor)
            .count()
    };
    let is_pointwise = |k: usize| {
        let op = network.steps.get(k).map(|step| &step.op);
        matches!(op, Some(ImportedOp::Conv(conv)) if conv.groups == 1 && !conv.relu)
    };
    let pairs: Vec<(usize, usize)> = network
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| matches!(&step.op, ImportedOp::Conv(conv) if conv.groups > 1))
        .filter_map(|(k, step)| Some((step.inputs[0].checked_sub(1)?, k)))
        .filter(|&(before, _)| is_pointwise(before) && readers(before + 1) == 1)
        .collect();
    for (first, second) in pairs {
        let factors: Vec<f32> = reaches[first]
            .iter()
            .map(|r| r.0.abs().max(r.1.abs()))
            .map(|reach| if reach > 1e-6 { reach.recip() } else { 1.0 })
            .collect();
        for (reach, f) in reaches[first].iter_mut().zip(&factors) {
            *reach = (reach.0 * f, reach.1 * f);
        }
        scale_outputs(&mut network.steps[first].op, &factors);
        let back: Vec<f32> = factors.iter().map(|f| f.recip()).collect();
        if let ImportedOp::Conv(conv) = &mut network.steps[second].op {
            scale_rows(&mut conv.weights, &back);
        }
    }
}

fn scale_outputs(op: &mut ImportedOp, factors: &[f32]) {
    if let ImportedOp::Conv(conv) = op {
        scale_rows(&mut conv.weights, factors);
        scale_rows(&mut conv.bias, factors);
    }
}

/// Multiplies the numbers of each output channel.
fn scale_rows(values: &mut [f32], factors: &[f32]) {
    let row = values.len() / factors.len();
    for (row, f) in values.chunks_exact_mut(row).zip(factors) {
        row.iter_mut().for_each(|v| *v *= f);
    }
}
