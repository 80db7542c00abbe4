//! A training's configuration file.

use std::path::{Path, PathBuf};

use face8x_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::camera::TrainingCamera;
use crate::dataset::Dataset;
use crate::degrade::Degrade;
use crate::heatmap::{self, Heatmaps};
use crate::network;

/// The sizes of the network: by name, or each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Sizes {
    /// "nano", "default", "large" or "paper".
    Named(String),
    Given(network::NetworkConfig),
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// The mean square error.
    Mse,
    /// The mean of sqrt(d^2 + 0.01^2): nearly the absolute error, smooth at 0.
    Charbonnier,
}

/// How the learning rate goes after its rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// It falls as a cosine to a hundredth at the last epoch.
    Cosine,
    /// It is halved after every `plateau` validations without a better one.
    Plateau,
}

/// In what the convolutions compute; weights, sums of the optimiser and the loss are 32-bit floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    Float32,
    /// Half the memory, faster on cards that have it.
    Bfloat16,
}

/// The paper's heatmap term: the mean of sum(w |SR - HR|) / sum(w) of each picture, with
/// w = floor + (1 - floor) heat^gamma.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Heat {
    /// The heatmaps; those in the dataset's folder without it.
    pub file: Option<PathBuf>,
    /// Beside the pixel loss.
    pub weight: f32,
    pub gamma: f32,
    pub floor: f32,
    /// The epoch with which it begins.
    pub from: f64,
    /// Epochs over which its weight grows from 0.
    pub rise: f64,
}

impl Default for Heat {
    /// The paper's values.
    fn default() -> Self {
        Heat {
            file: None,
            weight: 2.0,
            gamma: 1.3,
            floor: 0.1,
            from: 0.0,
            rise: 0.0,
        }
    }
}

impl Heat {
    /// The term's weight at an epoch.
    pub fn weight_at(&self, epoch: f64) -> f32 {
        let risen = match self.rise > 0.0 {
            true => ((epoch - self.from) / self.rise).clamp(0.0, 1.0),
            false => f64::from(u8::from(epoch >= self.from)),
        };
        self.weight * risen as f32
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::usage(format!("heatmap.{what}")));
        if !(0.0..=1000.0).contains(&self.weight) {
            return wrong("weight is at least 0");
        }
        if !(0.1..=10.0).contains(&self.gamma) {
            return wrong("gamma is between 0.1 and 10");
        }
        // A picture without heat would divide by 0.
        if !(self.floor > 0.0 && self.floor <= 1.0) {
            return wrong("floor is above 0 and at most 1");
        }
        if !(self.from >= 0.0 && self.rise >= 0.0) {
            return wrong("from and rise are at least 0");
        }
        Ok(())
    }
}

/// Everything that decides what a training does. A key that is not listed is an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub network: Sizes,
    /// Weights to start from instead of random ones.
    pub init: Option<PathBuf>,
    /// Pictures of a step.
    pub batch: usize,
    /// Passes over the training pictures.
    pub epochs: f64,
    /// The highest learning rate; it rises to it in `warm_up` steps and falls as a cosine.
    pub learning_rate: f64,
    pub warm_up: u64,
    pub schedule: Schedule,
    /// See [`Schedule::Plateau`].
    pub plateau: usize,
    pub weight_decay: f32,
    /// AdamW's second decay rate.
    pub beta_2: f32,
    pub precision: Precision,
    /// Of the moving average of the weights, which is what is kept.
    pub average: f64,
    pub seed: u64,
    pub loss: Loss,
    /// Weight of 1 - SSIM.
    pub ssim: f32,
    /// Leave the pixels that the source pictures do not have out of the loss.
    pub mask: bool,
    /// Weights of a network of this family whose output for the undamaged input is part of the
    /// target.
    pub teacher: Option<PathBuf>,
    /// That part.
    pub teacher_share: f32,
    /// Mirror half of the pictures.
    pub flip: bool,
    /// Shift by up to so many pixels, 2 at most.
    pub shift: u32,
    /// Steps between two validations.
    pub validate_every: u64,
    /// Pictures of a validation; all of them where 0.
    pub validate_pictures: usize,
    /// Stop after so many validations without a better one; never where 0.
    pub patience: usize,
    /// The paper's heatmap term; none without it.
    pub heatmap: Option<Heat>,
    /// Inputs as a camera gives them; none without it.
    pub camera: Option<TrainingCamera>,
    /// Damage to the inputs that do not come from the camera; none without it.
    pub degrade: Option<Degrade>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            network: Sizes::Named("default".into()),
            init: None,
            batch: 64,
            epochs: 100.0,
            learning_rate: 1e-3,
            warm_up: 300,
            schedule: Schedule::Cosine,
            plateau: 5,
            weight_decay: 1e-4,
            beta_2: 0.99,
            precision: Precision::Float32,
            average: 0.999,
            seed: 0,
            loss: Loss::Mse,
            ssim: 0.0,
            mask: false,
            teacher: None,
            teacher_share: 0.5,
            flip: true,
            shift: 2,
            validate_every: 500,
            validate_pictures: 240,
            patience: 0,
            heatmap: None,
            camera: None,
            degrade: None,
        }
    }
}

impl Config {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// It cannot be read, has unknown keys, or values that make no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).map_err(|e| crate::files::cannot("read", path, &e))?;
        let config: Config = toml::from_str(&text).map_err(|error| {
            Error::usage(format!("{}: {error}", path.display()))
                .remedy("models/trainer/configs has examples")
        })?;
        config
            .check()
            .map_err(|error| error.context(path.display()))?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        if let Some(sizes) = self.sizes()? {
            sizes.check()?;
        }
        if let Some(camera) = &self.camera {
            camera.check()?;
        }
        let wrong = |what: &str| Err(Error::usage(what));
        if self.batch == 0 || self.batch > 65_536 {
            return wrong("batch is between 1 and 65536");
        }
        if !(self.epochs > 0.0 && self.epochs.is_finite()) {
            return wrong("epochs is above 0");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate < 1.0) {
            return wrong("learning_rate is between 0 and 1");
        }
        if !(0.0..1.0).contains(&self.average) {
            return wrong("average is from 0 to below 1");
        }
        if self.shift > crate::dataset::PAD as u32 {
            return wrong("shift is at most 2");
        }
        if !(0.0..1.0).contains(&self.beta_2) {
            return wrong("beta_2 is from 0 to below 1");
        }
        if self.plateau == 0 {
            return wrong("plateau is at least 1");
        }
        if let Some(heat) = &self.heatmap {
            heat.check()?;
        }
        if self.validate_every == 0 {
            return wrong("validate_every is at least 1");
        }
        if !(0.0..=1.0).contains(&self.teacher_share) {
            return wrong("teacher_share is between 0 and 1");
        }
        Ok(())
    }

    /// The heatmaps that it asks for, of the dataset in this folder.
    pub(super) fn open_heatmaps(&self, data: &Path) -> Result<Option<Heatmaps>> {
        let Some(heat) = &self.heatmap else {
            return Ok(None);
        };
        let in_place = || data.join(heatmap::FILE);
        let path = heat.file.clone().unwrap_or_else(in_place);
        Heatmaps::open(&path, &Dataset::open(data)?).map(Some)
    }

    /// The network's steps.
    ///
    /// # Errors
    /// There is no network of that name.
    pub fn plan(&self) -> Result<network::NetworkPlan> {
        let sizes = self.sizes()?;
        Ok(sizes.map_or_else(network::NetworkPlan::paper, |sizes| {
            network::NetworkPlan::new(&sizes)
        }))
    }

    /// The sizes of a network of the family; none of the paper's network.
    fn sizes(&self) -> Result<Option<network::NetworkConfig>> {
        match &self.network {
            Sizes::Given(config) => Ok(Some(*config)),
            Sizes::Named(name) => match name.as_str() {
                "nano" => Ok(Some(network::NetworkConfig::NANO)),
                "default" => Ok(Some(network::NetworkConfig::DEFAULT)),
                "large" => Ok(Some(network::NetworkConfig::LARGE)),
                "paper" => Ok(None),
                _ => Err(Error::usage(format!("unknown network \"{name}\""))
                    .remedy("choose nano, default, large or paper, or give c16, n16 and so on")),
            },
        }
    }
}
