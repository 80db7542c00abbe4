//! The loop.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::optim::{AdamW, AdamWConfig, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};
use face8x::geometry::{HR_SIDE, LR_SIDE};
use face8x::{Error, Result};

use super::checkpoint::{self, State};
use super::loader::{Batch, Loader};
use super::losses::{Ssim, pixel_loss};
use super::network::{Layer, Network, random_weights, to_vec};
use super::{Config, validate};
use crate::dataset::{Alignment, Dataset, Split};
use crate::evaluate::{self, Case};
use crate::files;
use crate::network::Weights;

/// Files of a training's folder.
const CHECKPOINT: &str = "checkpoint.safetensors";
const BEST: &str = "best.safetensors";
const LAST: &str = "last.safetensors";
const METRICS: &str = "metrics.csv";
const SHEET: &str = "sheet.png";

/// The share of the highest learning rate that is left at the end.
const LAST_RATE: f64 = 0.01;

/// Trains, or goes on training where `output` holds a checkpoint. Writes into `output`
/// `checkpoint.safetensors`, the averaged weights as `last.safetensors` and, where a validation
/// was better than all before, `best.safetensors`; `metrics.csv` and `sheet.png`.
///
/// # Errors
/// The dataset or a file of weights does not fit, the checkpoint is of another configuration, the
/// loss is no number any more, or the disk is full.
pub fn train(config: &Config, data: &Path, output: &Path, device: &Device) -> Result<()> {
    train_until(config, data, output, device, u64::MAX)
}

/// As [`train`], for at most `most` steps before it returns; it can be called again to go on.
pub(super) fn train_until(
    config: &Config,
    data: &Path,
    output: &Path,
    device: &Device,
    most: u64,
) -> Result<()> {
    files::make_folder(output)?;
    let mut trainer = Trainer::new(config, data, output, device)?;
    let per_epoch = trainer.pictures as f64 / config.batch as f64;
    let total = (config.epochs * per_epoch).ceil().max(1.0) as u64;
    log::info!(
        "{} pictures, {total} steps, from step {}",
        trainer.pictures,
        trainer.state.step
    );
    let loader = Loader::start(Dataset::open(data)?, config.clone(), trainer.state.step);
    let mut loss = 0.0;
    let last = trainer.state.step.saturating_add(most).min(total);
    while trainer.state.step < last {
        let batch = loader.next()?;
        let first = loss == 0.0;
        let report = trainer.step(batch, total)?;
        if let Some(value) = report {
            loss = if first {
                value
            } else {
                0.9 * loss + 0.1 * value
            };
        }
        let step = trainer.state.step;
        if step.is_multiple_of(config.validate_every) || step == total {
            trainer.validate(loss, step as f64 / per_epoch, total)?;
            if config.patience > 0 && trainer.state.since_best >= config.patience {
                log::info!(
                    "no better validation for {} times: stopped",
                    config.patience
                );
                break;
            }
        }
    }
    Ok(())
}

struct Trainer<'a> {
    config: &'a Config,
    output: PathBuf,
    device: &'a Device,
    pictures: usize,
    clean: Vec<Case>,
    damaged: Vec<Case>,
    teacher: Option<Network>,
    ssim: Option<Ssim>,
    adam: AdamW,
    state: State,
    started: Instant,
}

impl<'a> Trainer<'a> {
    fn new(config: &'a Config, data: &Path, output: &Path, device: &'a Device) -> Result<Self> {
        let dataset = Dataset::open(data)?;
        let validation = dataset.section(Split::Validation)?;
        let limit = Some(config.validate_pictures).filter(|&n| n > 0);
        let crop = validation.crop_by(Alignment::Landmarks)?;
        let clean = evaluate::cases(&validation, crop, limit)?;
        let damaged = match &config.degrade {
            Some(degrade) => evaluate::damaged(&clean, degrade)?,
            None => Vec::new(),
        };
        let teacher = match &config.teacher {
            Some(path) => Some(Network::new(&Weights::read(path)?, device)?),
            None => None,
        };
        let path = output.join(CHECKPOINT);
        let state = match path.exists() {
            true => checkpoint::read(&path, config, device)?,
            false => fresh(config, device)?,
        };
        Ok(Trainer {
            config,
            output: output.to_owned(),
            device,
            pictures: dataset.section(Split::Train)?.len(),
            clean,
            damaged,
            teacher,
            ssim: (config.ssim > 0.0).then(|| Ssim::new(device)),
            adam: AdamWConfig::new()
                .with_beta_2(0.99)
                .with_epsilon(1e-8)
                .with_weight_decay(config.weight_decay)
                .build(),
            state,
            started: Instant::now(),
        })
    }

    /// One step; gives the loss every tenth time, since reading it back makes the device wait.
    fn step(&mut self, batch: Batch, total: u64) -> Result<Option<f64>> {
        let network = self.state.network.tracked();
        let loss = self.loss(&network, batch)?;
        let mut gradients = loss.backward();
        let (rate, keep) = (self.rate(total), self.keep());
        let mut layers = Vec::new();
        let mut averaged = Vec::new();
        let plain = AdamWConfig::new()
            .with_beta_2(0.99)
            .with_epsilon(1e-8)
            .with_weight_decay(0.0)
            .build();
        for (k, layer) in network.layers().iter().enumerate() {
            let missing = || Error::new(format!("the loss does not depend on {}", layer.name));
            let weight_gradient = layer
                .weight
                .grad_remove(&mut gradients)
                .ok_or_else(missing)?;
            let bias_gradient = layer.bias.grad_remove(&mut gradients).ok_or_else(missing)?;
            let (weight_state, bias_state) = std::mem::take(&mut self.state.optimiser[k]);
            let (weight, weight_state) = self.adam.step(
                rate,
                layer.weight.clone().inner(),
                weight_gradient,
                weight_state,
            );
            let (bias, bias_state) =
                plain.step(rate, layer.bias.clone().inner(), bias_gradient, bias_state);
            self.state.optimiser[k] = (weight_state, bias_state);
            let before = &self.state.average.layers()[k];
            averaged.push(Layer {
                name: layer.name.clone(),
                weight: blend(&before.weight, &weight, keep),
                bias: blend(&before.bias, &bias, keep),
            });
            layers.push(Layer {
                name: layer.name.clone(),
                weight,
                bias,
            });
        }
        self.state.network = self.state.network.with_layers(layers);
        self.state.average = self.state.average.with_layers(averaged);
        self.state.step += 1;
        if !self.state.step.is_multiple_of(10) && self.state.step > 1 {
            return Ok(None);
        }
        let value = f64::from(to_vec(loss.inner())?[0]);
        if !value.is_finite() {
            return Err(
                Error::new(format!("the loss is {value} at step {}", self.state.step))
                    .remedy("lower learning_rate; the last checkpoint is still whole"),
            );
        }
        Ok(Some(value))
    }

    fn loss(&self, network: &Network, batch: Batch) -> Result<Tensor<1>> {
        let n = self.config.batch;
        let tensor = |values: Vec<f32>, channels: usize, side: usize| -> Tensor<4> {
            Tensor::from_data(
                TensorData::new(values, [n, channels, side, side]),
                self.device,
            )
        };
        let lr = tensor(batch.lr, 3, LR_SIDE);
        let base = tensor(batch.base, 3, HR_SIDE);
        let mut target = tensor(batch.hr, 3, HR_SIDE);
        let counts = tensor(batch.counts, 1, HR_SIDE);
        if let Some(teacher) = &self.teacher {
            let taught = teacher.residual(lr.clone()) + base.clone();
            let share = self.config.teacher_share;
            target = target.mul_scalar(1.0 - share) + taught.mul_scalar(share);
        }
        let restored = network.residual(lr.autodiff()) + base.autodiff();
        let target = target.autodiff();
        let loss = pixel_loss(
            self.config.loss,
            restored.clone(),
            target.clone(),
            counts.autodiff(),
        );
        Ok(match &self.ssim {
            Some(ssim) => {
                let unlike = ssim.mean(restored, target).neg().add_scalar(1.0);
                loss + unlike.mul_scalar(self.config.ssim)
            }
            None => loss,
        })
    }

    /// The learning rate of this step.
    fn rate(&self, total: u64) -> f64 {
        let step = self.state.step as f64;
        let rise = ((step + 1.0) / self.config.warm_up.max(1) as f64).min(1.0);
        let fall = 0.5 * (1.0 + (std::f64::consts::PI * step / total as f64).cos());
        self.config.learning_rate * rise * (LAST_RATE + (1.0 - LAST_RATE) * fall)
    }

    /// The share of the average that is kept; less at the start, so that it forgets the beginning.
    fn keep(&self) -> f64 {
        let step = self.state.step as f64;
        self.config.average.min((1.0 + step) / (10.0 + step))
    }

    /// Validates the averaged weights and writes everything.
    fn validate(&mut self, loss: f64, epoch: f64, total: u64) -> Result<()> {
        let scores = validate::scores("average", &self.state.average, &self.clean, self.device)?;
        let [psnr, ssim, ms_ssim] = validate::means(&scores);
        let damaged = match self.damaged.is_empty() {
            true => [f64::NAN; 3],
            false => {
                let scores =
                    validate::scores("damaged", &self.state.average, &self.damaged, self.device)?;
                validate::means(&scores)
            }
        };
        self.state.seconds += self.started.elapsed().as_secs_f64();
        self.started = Instant::now();
        let seconds = self.state.seconds;
        let speed = (self.state.step * self.config.batch as u64) as f64 / seconds;
        log::info!(
            "step {}/{total} epoch {epoch:.2}: loss {loss:.6}, PSNR {psnr:.3} SSIM {ssim:.4} \
             MS-SSIM {ms_ssim:.4}, damaged {:.3} {:.4}; {seconds:.0} s, {speed:.0} pictures/s",
            self.state.step,
            damaged[0],
            damaged[1]
        );
        let merit = if self.damaged.is_empty() {
            psnr
        } else {
            (psnr + damaged[0]) / 2.0
        };
        let averaged = self.state.average.weights()?;
        let note = [
            ("step", self.state.step.to_string()),
            ("psnr", format!("{psnr:.4}")),
        ];
        if merit > self.state.best {
            (self.state.best, self.state.since_best) = (merit, 0);
            averaged.write(&self.output.join(BEST), &note)?;
        } else {
            self.state.since_best += 1;
        }
        averaged.write(&self.output.join(LAST), &note)?;
        evaluate::first_sheet(&self.output.join(SHEET), &self.clean, &scores)?;
        let row = [
            self.state.step as f64,
            epoch,
            seconds,
            loss,
            self.rate(total),
            psnr,
            ssim,
            ms_ssim,
            damaged[0],
            damaged[1],
            damaged[2],
        ];
        append(&self.output.join(METRICS), &row)?;
        checkpoint::write(&self.output.join(CHECKPOINT), &self.state, self.config)
    }
}

/// The state before the first step.
fn fresh(config: &Config, device: &Device) -> Result<State> {
    let sizes = config.sizes()?;
    let weights = match &config.init {
        Some(path) => {
            let weights = Weights::read(path)?;
            crate::network::Plan::new(&sizes)
                .check(&weights)
                .map_err(|error| error.context(path.display()))?;
            weights
        }
        None => random_weights(&sizes, config.seed),
    };
    let network = Network::new(&weights, device)?;
    let average = network.clone();
    let optimiser = network.layers().iter().map(|_| (None, None)).collect();
    Ok(State {
        step: 0,
        network,
        average,
        optimiser,
        best: f64::NEG_INFINITY,
        since_best: 0,
        seconds: 0.0,
    })
}

fn blend<const D: usize>(before: &Tensor<D>, now: &Tensor<D>, keep: f64) -> Tensor<D> {
    before.clone().mul_scalar(keep) + now.clone().mul_scalar(1.0 - keep)
}

/// Appends a line of figures, below the columns' names.
fn append(path: &Path, row: &[f64]) -> Result<()> {
    let fails = |error: std::io::Error| files::cannot("write", path, &error);
    let is_new = !path.exists();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(fails)?;
    if is_new {
        let names = "step,epoch,seconds,loss,learning_rate,psnr,ssim,ms_ssim,damaged_psnr,damaged_ssim,damaged_ms_ssim";
        writeln!(file, "{names}").map_err(fails)?;
    }
    let text: Vec<String> = row.iter().map(f64::to_string).collect();
    writeln!(file, "{}", text.join(",")).map_err(fails)
}
