//! The loop.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use face8x::Result;
use face8x::geometry::{HR_SIDE, LR_SIDE};

use super::checkpoint::{self, State};
use super::loader::{Batch, Loader};
use super::losses::{Ssim, pixel_loss};
use super::network::{Network, random_weights};
use super::optimise::Optimiser;
use super::{Config, validate};
use crate::dataset::{Alignment, Dataset, Split};
use crate::evaluate::{self, Case};
use crate::files;
use crate::network::{Plan, Weights};

/// Files of a training's folder.
const CHECKPOINT: &str = "checkpoint.safetensors";
const BEST: &str = "best.safetensors";
const LAST: &str = "last.safetensors";
const METRICS: &str = "metrics.csv";
const SHEET: &str = "sheet.png";

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
    optimiser: Optimiser,
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
            optimiser: Optimiser::new(config),
            state,
            started: Instant::now(),
        })
    }

    /// One step; gives the loss every tenth time, since reading it back makes the device wait.
    fn step(&mut self, batch: Batch, total: u64) -> Result<Option<f64>> {
        let network = self.state.network.tracked();
        let loss = self.loss(&network, batch)?;
        self.optimiser
            .update(&mut self.state, &network, loss, total)
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
            let taught = teacher.forward(lr.clone()) + base.clone();
            let share = self.config.teacher_share;
            target = target.mul_scalar(1.0 - share) + taught.mul_scalar(share);
        }
        let restored = network.forward(lr.autodiff()) + base.autodiff();
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
            self.optimiser.rate(self.state.step, total),
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
    let plan = Plan::new(&config.sizes()?);
    let weights = match &config.init {
        Some(path) => {
            let weights = Weights::read(path)?;
            plan.check(&weights)
                .map_err(|error| error.context(path.display()))?;
            weights
        }
        None => random_weights(&plan, config.seed),
    };
    State::fresh(&weights, device)
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
