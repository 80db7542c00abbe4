//! The loss and its gradients, on one device or on several.
//!
//! With several, each has a copy of the network and takes its part of the batch; the gradients
//! come together on the first, which alone changes the weights (burn's `OptimMainDevice`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use burn::tensor::{Device, Tensor, TensorData};
use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::{Error, Result};

use super::Config;
use super::correct::correct;
use super::loader::{Batch, enlarge};
use super::losses::{Ssim, heat_loss, heat_weights, pixel_loss};
use super::network::TrainedNetwork;
use super::optimise::{Gradient, gradients};
use crate::network::Weights;

/// One device and what it needs beside the network.
struct Worker {
    device: Device,
    teacher: Option<TrainedNetwork>,
    ssim: Option<Ssim>,
}

/// Computes losses and gradients.
pub struct Workers {
    workers: Vec<Worker>,
    config: Config,
}

impl Workers {
    /// # Errors
    /// The teacher's weights cannot be read, or a device does not have the precision.
    pub fn new(config: &Config, devices: &[Device]) -> Result<Self> {
        let weights = config.teacher.as_deref().map(Weights::read).transpose()?;
        let worker = |device: &Device| {
            super::device::check_precision(device, config.precision)?;
            let teacher = weights.as_ref().map(|w| TrainedNetwork::new(w, device));
            let teacher = teacher.transpose()?;
            Ok(Worker {
                device: device.clone(),
                teacher: teacher.map(|teacher| teacher.with_precision(config.precision)),
                ssim: (config.ssim > 0.0).then(|| Ssim::new(device)),
            })
        };
        Ok(Workers {
            workers: devices.iter().map(worker).collect::<Result<_>>()?,
            config: config.clone(),
        })
    }

    /// The mean loss of a batch and its gradients, on the first device. `heat` is the weight of
    /// the heatmap term.
    ///
    /// # Errors
    /// The loss does not depend on a layer, or a device failed.
    pub fn gradients(
        &self,
        network: &TrainedNetwork,
        batch: Batch,
        heat: f32,
    ) -> Result<(Vec<Gradient>, Tensor<1>)> {
        let main = &self.workers[0];
        // libtorch panics where its memory does not suffice.
        let failed = || {
            Err(Error::other("a device failed; its message is above")
                .remedy("if it ran out of memory, lower batch"))
        };
        if self.workers.len() == 1 {
            let work = || main.gradients(network, batch, heat, &self.config);
            return catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| failed());
        }
        let pictures = batch.len();
        let parts = batch.split(self.workers.len());
        let made: Result<Vec<_>> = thread::scope(|scope| {
            let mut started = Vec::new();
            for (worker, part) in self.workers.iter().zip(parts) {
                if part.len() == 0 {
                    continue;
                }
                let share = part.len() as f32 / pictures as f32;
                let network = network.to_device(&worker.device);
                let work = move || worker.gradients(&network, part, heat, &self.config);
                started.push((share, scope.spawn(work)));
            }
            let join = started.into_iter().map(|(share, thread)| {
                let made = thread.join().unwrap_or_else(|_| failed());
                Ok((share, made?))
            });
            join.collect()
        });
        Ok(mean(made?, &main.device))
    }
}

/// Gradients and loss of several parts as those of the whole, on `device`.
fn mean(
    parts: Vec<(f32, (Vec<Gradient>, Tensor<1>))>,
    device: &Device,
) -> (Vec<Gradient>, Tensor<1>) {
    let shared = parts.into_iter().map(|(share, (gradients, loss))| {
        let here = |(w, b): Gradient| {
            (
                w.to_device(device).mul_scalar(share),
                b.to_device(device).mul_scalar(share),
            )
        };
        let gradients: Vec<Gradient> = gradients.into_iter().map(here).collect();
        (gradients, loss.to_device(device).mul_scalar(share))
    });
    let add = |(a, p): (Vec<Gradient>, Tensor<1>), (b, q): (Vec<Gradient>, Tensor<1>)| {
        let both = a.into_iter().zip(b);
        (both.map(|((v, c), (w, d))| (v + w, c + d)).collect(), p + q)
    };
    let zero = || (Vec::new(), Tensor::zeros([1], device));
    shared.reduce(add).unwrap_or_else(zero)
}

impl Worker {
    fn gradients(
        &self,
        network: &TrainedNetwork,
        batch: Batch,
        heat: f32,
        config: &Config,
    ) -> Result<(Vec<Gradient>, Tensor<1>)> {
        let tracked = network.clone().with_precision(config.precision).tracked();
        let loss = self.loss(&tracked, batch, heat, config);
        Ok((gradients(&tracked, &loss)?, loss.inner()))
    }

    fn loss(
        &self,
        network: &TrainedNetwork,
        batch: Batch,
        heat: f32,
        config: &Config,
    ) -> Tensor<1> {
        let n = batch.len();
        let tensor = |values: Vec<f32>, channels: usize, side: usize| -> Tensor<4> {
            let data = TensorData::new(values, [n, channels, side, side]);
            Tensor::from_data(data, &self.device)
        };
        let lr = tensor(batch.lr, 3, LR_SIDE);
        let base = tensor(batch.base, 3, HR_SIDE);
        let mut target = tensor(batch.hr, 3, HR_SIDE);
        let counts = tensor(batch.counts, 1, HR_SIDE);
        if let Some(teacher) = &self.teacher {
            let clean_base = tensor(enlarge(&batch.clean), 3, HR_SIDE);
            let taught = teacher.forward(tensor(batch.clean, 3, LR_SIDE)) + clean_base;
            let share = config.teacher_share;
            target = target.mul_scalar(1.0 - share) + taught.mul_scalar(share);
        }
        let mut restored = network.forward(lr.autodiff()) + base.autodiff();
        let target = target.autodiff();
        let apart = |picture: Tensor<4>| {
            let counts = counts.clone().autodiff();
            pixel_loss(config.loss, picture, target.clone(), counts)
        };
        let mut loss = apart(restored.clone());
        if let Some(camera) = config
            .camera
            .as_ref()
            .filter(|_| !batch.corrections.is_empty())
        {
            restored = correct(restored, &batch.corrections, &self.device);
            loss = apart(restored.clone()) + loss.mul_scalar(camera.before);
        }
        if let Some(term) = config.heatmap.as_ref().filter(|_| heat > 0.0) {
            let map = tensor(batch.heat, 1, HR_SIDE);
            let weights = heat_weights(map, counts, term.gamma, term.floor).autodiff();
            let apart = heat_loss(restored.clone(), target.clone(), weights);
            loss = loss + apart.mul_scalar(heat);
        }
        if let Some(ssim) = &self.ssim {
            let unlike = ssim.mean(restored, target).neg().add_scalar(1.0);
            loss = loss + unlike.mul_scalar(config.ssim);
        }
        loss
    }
}
