//! The state of a training in one file, so that it can go on exactly where it was.

use std::collections::BTreeMap;
use std::path::Path;

use burn::optim::{AdamWState, AdaptiveMomentumState};
use burn::tensor::{Device, Tensor, TensorData};
use face8x_core::{Error, Result};

use super::Config;
use super::network::{Layer, TrainedNetwork, to_vec};
use crate::network::{Tensor as Values, Weights};

/// AdamW's state of one layer's weight and bias.
pub type LayerState = (Option<AdamWState<4>>, Option<AdamWState<1>>);

/// Everything that changes while training.
pub struct TrainingState {
    /// Steps done.
    pub step: u64,
    pub network: TrainedNetwork,
    /// The moving average of the weights.
    pub average: TrainedNetwork,
    /// AdamW's state, by layer.
    pub optimiser: Vec<LayerState>,
    /// The best validation PSNR so far, and the validations since.
    pub best: f64,
    pub since_best: usize,
    /// How often a plateau halved the learning rate.
    pub halvings: u32,
    /// Seconds spent so far.
    pub seconds: f64,
}

impl TrainingState {
    /// The state before the first step.
    ///
    /// # Errors
    /// The weights are of no network of this program.
    pub fn fresh(weights: &Weights, device: &Device) -> Result<Self> {
        let network = TrainedNetwork::new(weights, device)?;
        Ok(TrainingState {
            step: 0,
            average: network.clone(),
            optimiser: network.layers().iter().map(|_| (None, None)).collect(),
            network,
            best: f64::NEG_INFINITY,
            since_best: 0,
            halvings: 0,
            seconds: 0.0,
        })
    }
}

/// Writes the state.
///
/// # Errors
/// The disk is full; the earlier checkpoint stays.
pub fn write(path: &Path, state: &TrainingState, config: &Config) -> Result<()> {
    let mut file = Weights::default();
    for (prefix, network) in [("now", &state.network), ("average", &state.average)] {
        for (name, tensor) in network.weights()?.iter() {
            file.insert(format!("{prefix}/{name}"), tensor.clone());
        }
    }
    let mut times = BTreeMap::new();
    for (layer, (weight, bias)) in state.network.layers().iter().zip(&state.optimiser) {
        if let Some(weight) = weight {
            times.insert(format!("{}.w", layer.name), weight.momentum.time);
            put(&mut file, &format!("{}.w", layer.name), &weight.momentum)?;
        }
        if let Some(bias) = bias {
            times.insert(format!("{}.b", layer.name), bias.momentum.time);
            put(&mut file, &format!("{}.b", layer.name), &bias.momentum)?;
        }
    }
    file.write(
        path,
        &[
            ("step", state.step.to_string()),
            ("best", state.best.to_string()),
            ("since_best", state.since_best.to_string()),
            ("halvings", state.halvings.to_string()),
            ("seconds", state.seconds.to_string()),
            ("times", json(&times)),
            ("config", json(config)),
        ],
    )
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn put<const D: usize>(
    file: &mut Weights,
    name: &str,
    state: &AdaptiveMomentumState<D>,
) -> Result<()> {
    for (prefix, moment) in [("first", &state.moment_1), ("second", &state.moment_2)] {
        let shape = moment.dims().to_vec();
        let values = to_vec(moment.clone())?;
        file.insert(format!("{prefix}/{name}"), Values { shape, values });
    }
    Ok(())
}

/// Reads the state that [`write`] wrote.
///
/// # Errors
/// The file is damaged, or of a training with another configuration.
pub fn read(path: &Path, config: &Config, device: &Device) -> Result<TrainingState> {
    let (file, metadata) = Weights::read_with_metadata(path)?;
    let damaged = |what: &str| {
        Error::other(format!("the checkpoint {} has no {what}", path.display()))
            .remedy("delete it to start over, or put the earlier one back")
    };
    let entry = |key: &str| metadata.get(key).ok_or_else(|| damaged(key));
    // Keys that the program that wrote it did not know have their defaults there.
    let written: Option<Config> = serde_json::from_str(entry("config")?).ok();
    if written.as_ref() != Some(config) {
        return Err(Error::other(format!(
            "the checkpoint {} is of a training with another configuration",
            path.display()
        ))
        .remedy(
            "go on with the configuration that it was made with, or train into another folder",
        ));
    }
    let number = |key: &str| -> Result<f64> { entry(key)?.parse().map_err(|_| damaged(key)) };
    let times: BTreeMap<String, usize> =
        serde_json::from_str(entry("times")?).map_err(|_| damaged("times"))?;
    let part = |prefix: &str| -> Weights {
        let mut part = Weights::default();
        for (name, tensor) in file.iter() {
            if let Some(name) = name.strip_prefix(prefix) {
                part.insert(name, tensor.clone());
            }
        }
        part
    };
    let network = TrainedNetwork::new(&part("now/"), device)?;
    let average = TrainedNetwork::new(&part("average/"), device)?;
    let (first, second) = (part("first/"), part("second/"));
    let mut optimiser = Vec::new();
    for layer in network.layers() {
        optimiser.push(layer_state(layer, &times, &first, &second, device)?);
    }
    Ok(TrainingState {
        step: number("step")? as u64,
        network,
        average,
        optimiser,
        best: number("best")?,
        since_best: number("since_best")? as usize,
        halvings: metadata
            .get("halvings")
            .and_then(|n| n.parse().ok())
            .unwrap_or(0),
        seconds: number("seconds")?,
    })
}

fn layer_state(
    layer: &Layer,
    times: &BTreeMap<String, usize>,
    first: &Weights,
    second: &Weights,
    device: &Device,
) -> Result<LayerState> {
    let (w, b) = (format!("{}.w", layer.name), format!("{}.b", layer.name));
    let weight = match times.get(&w) {
        Some(&time) => {
            let state = momentum(
                time,
                first.get(&w)?,
                second.get(&w)?,
                layer.weight.dims(),
                device,
            )?;
            Some(AdamWState::new(state))
        }
        None => None,
    };
    let bias = match times.get(&b) {
        Some(&time) => {
            let state = momentum(
                time,
                first.get(&b)?,
                second.get(&b)?,
                layer.bias.dims(),
                device,
            )?;
            Some(AdamWState::new(state))
        }
        None => None,
    };
    Ok((weight, bias))
}

fn momentum<const D: usize>(
    time: usize,
    first: &Values,
    second: &Values,
    shape: [usize; D],
    device: &Device,
) -> Result<AdaptiveMomentumState<D>> {
    if first.shape != shape || second.shape != shape {
        return Err(Error::other(
            "the optimiser's state in the checkpoint has other shapes",
        ));
    }
    let tensor = |values: &Values| -> Tensor<D> {
        Tensor::from_data(TensorData::new(values.values.clone(), shape), device)
    };
    Ok(AdaptiveMomentumState::new(
        time,
        tensor(first),
        tensor(second),
    ))
}
