//! The loop.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use face8x_core::{Error, Result};

use super::checkpoint::{self, TrainingState};
use super::dashboard::Show;
use super::figures::ValidationFigures;
use super::loader::Loader;
use super::network::random_weights;
use super::optimise::Optimiser;
use super::step::Workers;
use super::validate::ValidationInputs;
use super::{Config, Schedule, memory, plot, validate};
use crate::dataset::{Dataset, Split};
use crate::evaluate;
use crate::files;
use crate::network::Weights;

/// Files of a training's folder.
const CHECKPOINT: &str = "checkpoint.safetensors";
const BEST: &str = "best.safetensors";
pub(super) const LAST: &str = "last.safetensors";
const METRICS: &str = "metrics.csv";
const PLOT: &str = "metrics.png";
const SHEET: &str = "sheet.png";

/// Trains, or goes on training where `output` holds a checkpoint. Writes into `output`
/// `checkpoint.safetensors`, the averaged weights as `last.safetensors` and, where a validation
/// was better than all before, `best.safetensors`; `metrics.csv`, `metrics.png` and `sheet.png`.
/// The first of the devices keeps the weights. `show` says how far it is.
///
/// # Errors
/// The dataset, its heatmaps or a file of weights does not fit, the checkpoint is of another
/// configuration, the loss is no number any more, or the memory does not suffice or the disk is full.
pub fn train(
    config: &Config,
    data: &Path,
    output: &Path,
    devices: &[Device],
    show: bool,
) -> Result<()> {
    train_until(config, data, output, devices, show, u64::MAX)
}

/// As [`train`], for at most `most` steps before it returns; it can be called again to go on.
pub(super) fn train_until(
    config: &Config,
    data: &Path,
    output: &Path,
    devices: &[Device],
    show: bool,
    most: u64,
) -> Result<()> {
    memory::check(config)?;
    files::make_folder(output)?;
    let mut trainer = Trainer::new(config, data, output, devices)?;
    let total = (config.epochs * trainer.per_epoch).ceil().max(1.0) as u64;
    let first = trainer.state.step;
    let heatmaps = config.open_heatmaps(data)?;
    let loader = Loader::start(Dataset::open(data)?, heatmaps, config.clone(), first);
    let mut show = Show::new(show, first, total, trainer.per_epoch);
    let mut loss = 0.0;
    let last = first.saturating_add(most).min(total);
    while trainer.state.step < last {
        let batch = loader.next()?;
        let heat = trainer.heat_weight();
        let (gradients, value) = trainer
            .workers
            .gradients(&trainer.state.network, batch, heat)?;
        let report = trainer
            .optimiser
            .update(&mut trainer.state, gradients, value, total)?;
        if let Some(value) = report {
            loss = if loss == 0.0 {
                value
            } else {
                0.9 * loss + 0.1 * value
            };
        }
        let step = trainer.state.step;
        let goes_on = show.step(step, report)?;
        if step.is_multiple_of(config.validate_every) || step == total || !goes_on {
            let figures = trainer.validate(loss, total)?;
            show.figures(&figures, total)?;
            if !goes_on || trainer.is_exhausted() {
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
    /// Steps.
    per_epoch: f64,
    inputs: ValidationInputs,
    workers: Workers,
    optimiser: Optimiser,
    state: TrainingState,
    started: Instant,
}

impl<'a> Trainer<'a> {
    fn new(config: &'a Config, data: &Path, output: &Path, devices: &'a [Device]) -> Result<Self> {
        let device = devices
            .first()
            .ok_or_else(|| Error::usage("there is no device"))?;
        let dataset = Dataset::open(data)?;
        let limit = Some(config.validate_pictures).filter(|&n| n > 0);
        let inputs = ValidationInputs::open(config, data, limit)?;
        let path = output.join(CHECKPOINT);
        let state = match path.exists() {
            true => checkpoint::read(&path, config, device)?,
            false => fresh(config, device)?,
        };
        Ok(Trainer {
            config,
            output: output.to_owned(),
            device,
            per_epoch: dataset.section(Split::Train)?.len() as f64 / config.batch as f64,
            inputs,
            workers: Workers::new(config, devices)?,
            optimiser: Optimiser::new(config),
            state,
            started: Instant::now(),
        })
    }

    /// The heatmap term's weight at the next step.
    fn heat_weight(&self) -> f32 {
        let epoch = self.state.step as f64 / self.per_epoch;
        let heat = self.config.heatmap.as_ref();
        heat.map_or(0.0, |heat| heat.weight_at(epoch))
    }

    /// Whether the training has stopped getting better.
    fn is_exhausted(&self) -> bool {
        let patience = self.config.patience;
        let exhausted = patience > 0 && self.state.since_best >= patience;
        if exhausted {
            log::info!("no better validation for {patience} times: stopped");
        }
        exhausted
    }

    /// Validates the averaged weights and writes everything.
    fn validate(&mut self, loss: f64, total: u64) -> Result<ValidationFigures> {
        let average = &self.state.average;
        let inputs = &self.inputs;
        let scores = validate::scores("average", average, &inputs.clean, self.device)?;
        let damaged = inputs.damaged_scores("damaged", average, self.device)?;
        self.state.seconds += self.started.elapsed().as_secs_f64();
        self.started = Instant::now();
        let figures = ValidationFigures {
            step: self.state.step,
            epoch: self.state.step as f64 / self.per_epoch,
            seconds: self.state.seconds,
            loss,
            learning_rate: self.optimiser.rate(&self.state, total),
            clean: validate::means(&scores),
            damaged: damaged.map_or([f64::NAN; 5], |scores| validate::means(&scores)),
        };
        let averaged = self.state.average.weights()?;
        let note = [
            ("step", figures.step.to_string()),
            ("psnr", format!("{:.4}", figures.clean[0])),
        ];
        if figures.merit() > self.state.best {
            (self.state.best, self.state.since_best) = (figures.merit(), 0);
            averaged.write(&self.output.join(BEST), &note)?;
        } else {
            self.state.since_best += 1;
            let is_plateau = self.state.since_best.is_multiple_of(self.config.plateau);
            if self.config.schedule == Schedule::Plateau && is_plateau {
                self.state.halvings += 1;
            }
        }
        averaged.write(&self.output.join(LAST), &note)?;
        evaluate::first_sheet(&self.output.join(SHEET), &self.inputs.clean, &scores)?;
        let metrics = self.output.join(METRICS);
        figures.append(&metrics)?;
        plot::draw(&self.output.join(PLOT), &metrics)?;
        checkpoint::write(&self.output.join(CHECKPOINT), &self.state, self.config)?;
        Ok(figures)
    }
}

/// The state before the first step.
pub(super) fn fresh(config: &Config, device: &Device) -> Result<TrainingState> {
    let plan = config.plan()?;
    let weights = match &config.init {
        Some(path) => {
            let weights = Weights::read(path)?;
            plan.check(&weights)
                .map_err(|error| error.context(path.display()))?;
            weights
        }
        None => random_weights(&plan, config.seed),
    };
    TrainingState::fresh(&weights, device)
}
