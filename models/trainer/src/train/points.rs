//! Training of the landmark network.

use std::path::Path;
use std::time::Instant;

use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use face8x_core::Result;
use rayon::prelude::*;

use super::Config;
use super::checkpoint::{self, TrainingState};
use super::network::{TrainedNetwork, random_weights, to_vec};
use super::optimise::{self, Optimiser};
use crate::dataset::{Dataset, Split, SplitPictures};
use crate::files;
use crate::landmarks::{self, Jitter, Sample, Through};
use crate::network::{NetworkPlan, Points, Weights};

/// Errors are counted in twentieths of the crop, about half an eye distance: beyond it an error
/// weighs linearly.
const UNIT: f32 = 20.0;
/// Weight of the confidence beside the points.
const CONFIDENCE: f32 = 0.5;
/// Where the five points lie in the middle, x and y, and the confidence's middle.
const MIDDLE: [f32; Points::OUTPUTS] = [
    0.375, 0.44, 0.625, 0.44, 0.5, 0.6, 0.39, 0.705, 0.61, 0.705, 0.5,
];

/// The file in the output folder that a training goes on from.
const CHECKPOINT: &str = "checkpoint.safetensors";

/// Side in camera pixels, and noise, of the small faces of a validation.
const SMALL: (f32, f32) = (16.0, 3.0);

/// Through what they are seen.
fn small() -> Through {
    Through::Plain {
        side: SMALL.0,
        noise: SMALL.1,
    }
}

/// Trains the landmark network, or goes on where `output` holds a checkpoint. Of the
/// configuration, network, loss, teacher and degrade have no part in it. With a camera, which
/// gives its share of the crops, half of the validation's faces are small.
///
/// # Errors
/// As for [`train`](super::train).
pub fn train_points(config: &Config, data: &Path, output: &Path, device: &Device) -> Result<()> {
    train_until(config, data, output, device, u64::MAX)
}

/// As [`train_points`], for at most `most` steps before it returns; it can be called again to go on.
pub(super) fn train_until(
    config: &Config,
    data: &Path,
    output: &Path,
    device: &Device,
    most: u64,
) -> Result<()> {
    files::make_folder(output)?;
    let dataset = Dataset::open(data)?;
    let train = dataset.section(Split::Train)?;
    let limit = match config.validate_pictures {
        0 => usize::MAX,
        n => n,
    };
    let section = dataset.section(Split::Validation)?;
    let mut validation =
        landmarks::fixed_samples(&section, Jitter::DETECTOR, &Through::Nothing, limit)?;
    if config.camera.is_some() {
        let (jitter, through) = (Jitter::of_detector(SMALL.0), small());
        validation.extend(landmarks::fixed_samples(&section, jitter, &through, limit)?);
    }
    let path = output.join(CHECKPOINT);
    let mut state = match path.exists() {
        true => checkpoint::read(&path, config, device)?,
        false => TrainingState::fresh(&first_weights(config)?, device)?,
    };
    let optimiser = Optimiser::new(config);
    let total = (config.epochs * train.len() as f64 / config.batch as f64)
        .ceil()
        .max(1.0) as u64;
    let mut started = Instant::now();
    let mut loss = 0.0;
    let last = state.step.saturating_add(most).min(total);
    while state.step < last {
        let network = state.network.tracked();
        let samples = batch(&train, config, state.step)?;
        let value = points_loss(&network, &samples, device);
        let gradients = optimise::gradients(&network, &value)?;
        if let Some(value) = optimiser.update(&mut state, gradients, value.inner(), total)? {
            loss = value;
        }
        if state.step.is_multiple_of(config.validate_every) || state.step == total {
            state.seconds += started.elapsed().as_secs_f64();
            started = Instant::now();
            let mean_error = validate(&state, &validation, total, loss, device)?;
            keep(&mut state, mean_error, config, output)?;
        }
    }
    Ok(())
}

/// Writes to the log how well the averaged weights do; gives the mean error in percent.
fn validate(
    state: &TrainingState,
    validation: &[Sample],
    total: u64,
    loss: f64,
    device: &Device,
) -> Result<f64> {
    let found = answers(&state.average, validation, device)?;
    let f = landmarks::figures(validation, &found);
    log::info!(
        "step {}/{total}: loss {loss:.4}, error mean {:.2} % median {:.2} %, over a tenth {:.1} %, \
         faces seen {:.1} %, others {:.1} %; {:.0} s",
        state.step,
        f.mean,
        f.median,
        f.over_tenth,
        f.faces_seen,
        f.others_seen,
        state.seconds
    );
    Ok(f.mean)
}

/// Writes the averaged weights, as the best if they are, and a checkpoint.
fn keep(state: &mut TrainingState, mean_error: f64, config: &Config, output: &Path) -> Result<()> {
    let weights = state.average.weights()?;
    if -mean_error > state.best {
        state.best = -mean_error;
        weights.write(&output.join("best.safetensors"), &[])?;
    }
    weights.write(&output.join("last.safetensors"), &[])?;
    checkpoint::write(&output.join(CHECKPOINT), state, config)
}

/// Weights to start from; random ones begin at the middle of where the points lie.
fn first_weights(config: &Config) -> Result<Weights> {
    let plan = NetworkPlan::points(&Points::STANDARD);
    if let Some(path) = &config.init {
        let weights = Weights::read(path)?;
        plan.check(&weights)
            .map_err(|error| error.context(path.display()))?;
        return Ok(weights);
    }
    let mut weights = random_weights(&plan, config.seed);
    let middle = crate::network::Tensor {
        shape: vec![Points::OUTPUTS],
        values: MIDDLE.to_vec(),
    };
    weights.insert("points.b", middle);
    Ok(weights)
}

/// The samples of a step, which depend on the seed and the step's number alone.
fn batch(section: &SplitPictures, config: &Config, step: u64) -> Result<Vec<Sample>> {
    let first = step * config.batch as u64;
    let through = Through::Training(config.camera);
    (first..first + config.batch as u64)
        .into_par_iter()
        .map(|number| {
            let mut rng = fastrand::Rng::with_seed(config.seed << 40 ^ number);
            let k = rng.usize(..section.len());
            landmarks::sample(section, k, Jitter::TRAINING, &through, &mut rng)
        })
        .collect()
}

fn input(samples: &[Sample], device: &Device) -> Tensor<4> {
    let levels = samples
        .iter()
        .flat_map(|s| s.levels.iter().map(|&v| f32::from(v) / 255.0));
    let shape = [samples.len(), 1, Points::SIDE, Points::SIDE];
    Tensor::from_data(TensorData::new(levels.collect::<Vec<_>>(), shape), device)
}

/// Points: sqrt(1 + d^2) - 1 of each coordinate of faces; confidence: the cross-entropy.
fn points_loss(network: &TrainedNetwork, samples: &[Sample], device: &Device) -> Tensor<1> {
    let n = samples.len();
    let truth: Vec<f32> = samples
        .iter()
        .flat_map(|s| {
            s.points
                .unwrap_or_default()
                .into_iter()
                .flat_map(|p| [p.x, p.y])
        })
        .collect();
    let is_face: Vec<f32> = samples
        .iter()
        .map(|s| f32::from(u8::from(s.points.is_some())))
        .collect();
    let faces = is_face.iter().sum::<f32>().max(1.0);
    let truth: Tensor<2> = Tensor::from_data(TensorData::new(truth, [n, 10]), device);
    let is_face: Tensor<2> = Tensor::from_data(TensorData::new(is_face, [n, 1]), device);
    let (truth, is_face) = (truth.autodiff(), is_face.autodiff());
    let found: Tensor<2> = network
        .forward(input(samples, device).autodiff())
        .reshape([n, Points::OUTPUTS]);
    let off = (found.clone().narrow(1, 0, 10) - truth).mul_scalar(UNIT);
    let far = (off.clone() * off).add_scalar(1.0).sqrt().sub_scalar(1.0);
    let points = (far * is_face.clone()).sum().div_scalar(faces * 10.0);
    let logit = found
        .narrow(1, 10, 1)
        .sub_scalar(0.5)
        .mul_scalar(Points::STEEPNESS);
    let both = logit.clone().abs().neg().exp().add_scalar(1.0).log();
    let cross = (relu(logit.clone()) - logit * is_face + both).mean();
    points + cross.mul_scalar(CONFIDENCE)
}

/// What the network gives for each sample.
fn answers(network: &TrainedNetwork, samples: &[Sample], device: &Device) -> Result<Vec<Vec<f32>>> {
    let mut all = Vec::with_capacity(samples.len());
    for chunk in samples.chunks(256) {
        let values = to_vec(network.forward(input(chunk, device)))?;
        all.extend(values.chunks_exact(Points::OUTPUTS).map(<[f32]>::to_vec));
    }
    Ok(all)
}
