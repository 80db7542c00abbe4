//! The network on a burn device.

use burn::tensor::activation::{leaky_relu, relu};
use burn::tensor::module::{conv2d, interpolate};
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use face8x_core::{Error, Result};

use super::Precision;
use crate::network::{self, ConvSpec, Join, NetworkPlan, Op, Weights, tap_is_used};
use crate::prepare::normal;

/// Weights and bias of one convolution.
#[derive(Debug, Clone)]
pub struct Layer {
    pub name: String,
    /// Outputs x inputs x 3 x 3.
    pub weight: Tensor<4>,
    pub bias: Tensor<1>,
}

/// A network's layers and the plan that joins them.
#[derive(Debug, Clone)]
pub struct TrainedNetwork {
    plan: NetworkPlan,
    layers: Vec<Layer>,
    /// 1 where an upsampling convolution has a tap, 0 elsewhere; none where all taps are used.
    masks: Vec<Option<Tensor<4>>>,
    precision: Precision,
}

/// Random weights (He et al. 2015), smaller where a sum follows.
pub fn random_weights(plan: &NetworkPlan, seed: u64) -> Weights {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut weights = Weights::default();
    for (step, conv) in plan.convs() {
        let all = conv.kernel * conv.kernel;
        let taps = (0..all)
            .filter(|t| tap_is_used(conv.taps, 0, t / conv.kernel, t % conv.kernel))
            .count();
        let sd = conv.gain * (2.0 / (conv.inputs * taps) as f32).sqrt();
        let shape = conv.shape().to_vec();
        let values = mask(conv)
            .into_iter()
            .map(|m| m * sd * normal(&mut rng))
            .collect();
        weights.insert(
            format!("{}.w", step.name),
            network::Tensor { shape, values },
        );
        let bias = network::Tensor {
            shape: vec![conv.outputs],
            values: vec![0.0; conv.outputs],
        };
        weights.insert(format!("{}.b", step.name), bias);
    }
    weights
}

/// 1 for each weight that is used, 0 for the others.
fn mask(conv: &ConvSpec) -> Vec<f32> {
    let (side, all) = (conv.kernel, conv.kernel * conv.kernel);
    let per_output = conv.inputs * all;
    let used = |k: usize| tap_is_used(conv.taps, k / per_output, k % all / side, k % side);
    (0..conv.outputs * per_output)
        .map(|k| f32::from(u8::from(used(k))))
        .collect()
}

impl TrainedNetwork {
    /// The network with these weights.
    ///
    /// # Errors
    /// The weights are not those of a network of this family.
    pub fn new(weights: &Weights, device: &Device) -> Result<Self> {
        let plan = NetworkPlan::of(weights)?;
        let (mut layers, mut masks) = (Vec::new(), Vec::new());
        for (step, conv) in plan.convs() {
            let (w, b) = (
                weights.get(&format!("{}.w", step.name))?,
                weights.get(&format!("{}.b", step.name))?,
            );
            let shape = conv.shape();
            let kept = mask(conv);
            let used: Vec<f32> = w.values.iter().zip(&kept).map(|(w, m)| w * m).collect();
            layers.push(Layer {
                name: step.name.clone(),
                weight: Tensor::from_data(TensorData::new(used, shape), device),
                bias: Tensor::from_data(TensorData::new(b.values.clone(), [conv.outputs]), device),
            });
            let partial = conv.taps == network::Taps::Phase;
            masks.push(partial.then(|| Tensor::from_data(TensorData::new(kept, shape), device)));
        }
        Ok(TrainedNetwork {
            plan,
            layers,
            masks,
            precision: Precision::Float32,
        })
    }

    /// The same network, with convolutions of that precision.
    pub fn with_precision(self, precision: Precision) -> Self {
        TrainedNetwork { precision, ..self }
    }

    /// The same network on another device.
    pub fn to_device(&self, device: &Device) -> Self {
        let layers = self.layers.iter().map(|layer| Layer {
            name: layer.name.clone(),
            weight: layer.weight.clone().to_device(device),
            bias: layer.bias.clone().to_device(device),
        });
        let mask = |mask: &Option<Tensor<4>>| mask.clone().map(|mask| mask.to_device(device));
        TrainedNetwork {
            layers: layers.collect(),
            masks: self.masks.iter().map(mask).collect(),
            ..self.clone()
        }
    }

    /// Its layers, in the plan's order.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The same network with other layers.
    pub fn with_layers(&self, layers: Vec<Layer>) -> Self {
        TrainedNetwork {
            layers,
            ..self.clone()
        }
    }

    /// The network to differentiate: its weights are the leaves of the graph.
    pub fn tracked(&self) -> Self {
        let layers = self.layers.iter().map(|layer| Layer {
            name: layer.name.clone(),
            weight: layer.weight.clone().inner().autodiff().require_grad(),
            bias: layer.bias.clone().inner().autodiff().require_grad(),
        });
        self.with_layers(layers.collect())
    }

    /// What the last step makes of inputs (level / 255): the residual (N x 3 x 128 x 128) of
    /// N x 3 x 16 x 16, or the landmarks (N x 11 x 1 x 1) of N x 1 x 48 x 48.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let dtype = match self.precision {
            Precision::Float32 => FloatDType::F32,
            Precision::Bfloat16 => FloatDType::BF16,
        };
        let mut made = vec![input.cast(dtype)];
        let mut layers = self.layers.iter().zip(&self.masks);
        for step in &self.plan.steps {
            let x = made[step.inputs[0]].clone();
            let y = match &step.op {
                Op::Conv(conv) => match layers.next() {
                    Some((layer, mask)) => convolve(conv, layer, mask.as_ref(), x, dtype),
                    None => x,
                },
                Op::Shuffle => shuffle(x),
                Op::AddRelu => relu(x + made[step.inputs[1]].clone()),
                Op::Join(Join::Add) => x + made[step.inputs[1]].clone(),
                Op::Join(Join::Concat) => Tensor::cat(vec![x, made[step.inputs[1]].clone()], 1),
                Op::Join(Join::Nearest) => double(x, InterpolateMode::Nearest),
                Op::Join(Join::Bilinear) => double(x, InterpolateMode::Bilinear),
            };
            made.push(y);
        }
        made.swap_remove(made.len() - 1).cast(FloatDType::F32)
    }

    /// Its weights, for a file.
    ///
    /// # Errors
    /// The device does not give them back.
    pub fn weights(&self) -> Result<Weights> {
        let mut weights = Weights::default();
        for layer in &self.layers {
            let w = layer.weight.clone();
            let shape = w.dims().to_vec();
            weights.insert(
                format!("{}.w", layer.name),
                network::Tensor {
                    shape,
                    values: to_vec(w)?,
                },
            );
            let b = layer.bias.clone();
            let shape = b.dims().to_vec();
            weights.insert(
                format!("{}.b", layer.name),
                network::Tensor {
                    shape,
                    values: to_vec(b)?,
                },
            );
        }
        Ok(weights)
    }
}

/// The values of a tensor.
///
/// # Errors
/// The device does not give them back.
pub fn to_vec<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor.into_data().try_to_vec::<f32>().map_err(|error| {
        Error::other(format!(
            "cannot read a tensor back from the device: {error:?}"
        ))
    })
}

fn convolve(
    conv: &ConvSpec,
    layer: &Layer,
    mask: Option<&Tensor<4>>,
    x: Tensor<4>,
    dtype: FloatDType,
) -> Tensor<4> {
    let weight = match mask {
        Some(mask) => layer.weight.clone() * mask.clone(),
        None => layer.weight.clone(),
    };
    let options = ConvOptions::new([conv.stride; 2], [conv.border; 2], [1; 2], 1);
    let (weight, bias) = (weight.cast(dtype), layer.bias.clone().cast(dtype));
    let y = conv2d(x, weight, Some(bias), options);
    match (conv.relu, conv.leak) {
        (false, _) => y,
        (true, 0.0) => relu(y),
        (true, leak) => leaky_relu(y, f64::from(leak)),
    }
}

/// Twice as wide and high.
fn double(x: Tensor<4>, mode: InterpolateMode) -> Tensor<4> {
    let options = InterpolateOptions::new(mode)
        .with_align_corners(false)
        .with_scale_factor([2.0, 2.0]);
    interpolate(x, options)
}

/// Four channels to 2x2 pixels.
fn shuffle(x: Tensor<4>) -> Tensor<4> {
    let [n, c, h, w] = x.dims();
    let split: Tensor<6> = x.reshape([n, c / 4, 2, 2, h, w]);
    split
        .permute([0, 1, 4, 2, 5, 3])
        .reshape([n, c / 4, 2 * h, 2 * w])
}
