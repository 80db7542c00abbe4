//! How fast training is, and whether the loader keeps up.

use std::path::Path;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use face8x_core::Result;

use super::loader::Loader;
use super::optimise::Optimiser;
use super::step::Workers;
use super::{Config, run};
use crate::dataset::Dataset;

/// Steps before the clock starts: devices choose their kernels in the first ones.
const WARM_UP: u64 = 3;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Pictures a second that the loader makes by itself.
    pub loader: f64,
    /// Pictures a second of training, the loader at work beside it.
    pub train: f64,
    /// The share of that time in which the device waited for the loader.
    pub waiting: f64,
}

/// Loads, and then trains, for about `each` of time.
///
/// # Errors
/// As for [`train`](super::train).
pub fn speed(config: &Config, data: &Path, devices: &[Device], each: Duration) -> Result<Speed> {
    let loader = || -> Result<Loader> {
        let heatmaps = config.open_heatmaps(data)?;
        Ok(Loader::start(
            Dataset::open(data)?,
            heatmaps,
            config.clone(),
            0,
        ))
    };
    let mut state = run::fresh(config, &devices[0])?;
    let (optimiser, workers) = (Optimiser::new(config), Workers::new(config, devices)?);
    let batches = loader()?;
    batches.next()?;
    let (started, mut loaded) = (Instant::now(), 0);
    while started.elapsed() < each {
        loaded += batches.next()?.len();
    }
    let alone = loaded as f64 / started.elapsed().as_secs_f64();
    drop(batches);

    let batches = loader()?;
    let heat = config.heatmap.as_ref().map_or(0.0, |heat| heat.weight);
    let (mut started, mut waited, mut trained) = (Instant::now(), Duration::ZERO, 0);
    while state.step <= WARM_UP || started.elapsed() < each {
        if state.step == WARM_UP {
            (started, waited, trained) = (Instant::now(), Duration::ZERO, 0);
        }
        let asked = Instant::now();
        let batch = batches.next()?;
        waited += asked.elapsed();
        trained += batch.len();
        let (gradients, loss) = workers.gradients(&state.network, batch, heat)?;
        optimiser.update(&mut state, gradients, loss, u64::MAX)?;
    }
    // Reading something back makes the device finish what it was given.
    state.network.weights()?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(Speed {
        loader: alone,
        train: trained as f64 / seconds,
        waiting: waited.as_secs_f64() / seconds,
    })
}
