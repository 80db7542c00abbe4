//! AdamW, the learning rate's course, and the moving average of the weights.

use burn::optim::{AdamW, AdamWConfig, Optimizer};
use burn::tensor::Tensor;
use face8x_core::{Error, Result};

use super::checkpoint::TrainingState;
use super::network::{Layer, TrainedNetwork, to_vec};
use super::{Config, Schedule};

/// The share of the highest learning rate that is left at the end.
const LAST_RATE: f64 = 0.01;

/// Steps between two looks at the loss: reading it back makes the device wait.
const LOOK: u64 = 10;

/// The gradient of a layer's weight and bias.
pub type Gradient = (Tensor<4>, Tensor<1>);

/// Changes the weights by their gradients.
pub struct Optimiser {
    /// For weights, and, without decay, for biases.
    decaying: AdamW,
    plain: AdamW,
    learning_rate: f64,
    warm_up: u64,
    schedule: Schedule,
    average: f64,
}

impl Optimiser {
    pub fn new(config: &Config) -> Self {
        let adam = |decay: f32| {
            let adam = AdamWConfig::new()
                .with_beta_2(config.beta_2)
                .with_epsilon(1e-8);
            adam.with_weight_decay(decay).build()
        };
        Optimiser {
            decaying: adam(config.weight_decay),
            plain: adam(0.0),
            learning_rate: config.learning_rate,
            warm_up: config.warm_up,
            schedule: config.schedule,
            average: config.average,
        }
    }

    /// The learning rate of the state's next step: it rises linearly and falls as a cosine, or
    /// by halves.
    pub fn rate(&self, state: &TrainingState, total: u64) -> f64 {
        let step = state.step as f64;
        let rise = ((step + 1.0) / self.warm_up.max(1) as f64).min(1.0);
        let fall = match self.schedule {
            Schedule::Cosine => {
                let fall = 0.5 * (1.0 + (std::f64::consts::PI * step / total as f64).cos());
                LAST_RATE + (1.0 - LAST_RATE) * fall
            }
            Schedule::Plateau => 0.5f64.powf(f64::from(state.halvings)),
        };
        self.learning_rate * rise * fall
    }

    /// One step of `total` down the gradients of `loss`. Gives the loss every tenth time.
    ///
    /// # Errors
    /// The loss is no number.
    pub fn update(
        &self,
        state: &mut TrainingState,
        gradients: Vec<Gradient>,
        loss: Tensor<1>,
        total: u64,
    ) -> Result<Option<f64>> {
        let rate = self.rate(state, total);
        let done = state.step as f64;
        // At the start the average forgets faster, so that it does not keep the first weights.
        let keep = self.average.min((1.0 + done) / (10.0 + done));
        let (mut layers, mut averaged) = (Vec::new(), Vec::new());
        let network = state.network.clone();
        for (k, (layer, (dw, db))) in network.layers().iter().zip(gradients).enumerate() {
            let (sw, sb) = std::mem::take(&mut state.optimiser[k]);
            let (weight, sw) = self.decaying.step(rate, layer.weight.clone(), dw, sw);
            let (bias, sb) = self.plain.step(rate, layer.bias.clone(), db, sb);
            state.optimiser[k] = (sw, sb);
            let before = &state.average.layers()[k];
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
        state.network = state.network.with_layers(layers);
        state.average = state.average.with_layers(averaged);
        state.step += 1;
        if !state.step.is_multiple_of(LOOK) && state.step > 1 {
            return Ok(None);
        }
        let value = f64::from(to_vec(loss)?[0]);
        if !value.is_finite() {
            return Err(
                Error::other(format!("the loss is {value} at step {}", state.step))
                    .remedy("lower learning_rate; the last checkpoint is good"),
            );
        }
        Ok(Some(value))
    }
}

/// The gradients of a loss that `network`, the tracked form of one, made.
///
/// # Errors
/// The loss does not depend on a layer.
pub fn gradients(network: &TrainedNetwork, loss: &Tensor<1>) -> Result<Vec<Gradient>> {
    let mut all = loss.backward();
    let one = |layer: &Layer| {
        let missing = || Error::other(format!("the loss does not depend on {}", layer.name));
        let weight = layer.weight.grad_remove(&mut all).ok_or_else(missing)?;
        let bias = layer.bias.grad_remove(&mut all).ok_or_else(missing)?;
        Ok((weight, bias))
    };
    network.layers().iter().map(one).collect()
}

fn blend<const D: usize>(before: &Tensor<D>, now: &Tensor<D>, keep: f64) -> Tensor<D> {
    before.clone().mul_scalar(keep) + now.clone().mul_scalar(1.0 - keep)
}
