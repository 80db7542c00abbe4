//! Batches, made on threads of their own.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use face8x_core::align::Aligner;
use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::{Error, Result};
use rayon::prelude::*;

use super::Config;
use crate::camera::correction::Correction;
use crate::dataset::{Dataset, Split};
use crate::degrade::Degrader;
use crate::heatmap::Heatmaps;
use crate::runner::{HR_LEN, LR_LEN};

/// Batches that wait ready.
pub(super) const READY: usize = 3;

/// Inputs and targets of a step, level / 255, picture by picture and plane by plane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// 3 x 16 x 16 each.
    pub lr: Vec<f32>,
    /// The input enlarged bilinearly, 3 x 128 x 128 each.
    pub base: Vec<f32>,
    /// The input before any damage, which the teacher sees, 3 x 16 x 16 each; empty without one.
    pub clean: Vec<f32>,
    /// 3 x 128 x 128 each.
    pub hr: Vec<f32>,
    /// 1 for the pixels that count, 128 x 128 each.
    pub counts: Vec<f32>,
    /// Heat, 0 to 1, 128 x 128 each; empty without heatmaps.
    pub heat: Vec<f32>,
    /// Of each picture; empty where the loss is not taken after back-projection.
    pub corrections: Vec<Correction>,
}

impl Batch {
    fn append(&mut self, other: Batch) {
        self.lr.extend(other.lr);
        self.base.extend(other.base);
        self.clean.extend(other.clean);
        self.hr.extend(other.hr);
        self.counts.extend(other.counts);
        self.heat.extend(other.heat);
        self.corrections.extend(other.corrections);
    }

    /// Its pictures in `n` parts of almost the same size, the larger ones first.
    pub fn split(self, n: usize) -> Vec<Batch> {
        let pictures = self.len();
        let mut rest = self;
        let mut parts = Vec::new();
        for k in (1..n).rev() {
            let keep = pictures * k / n;
            parts.push(rest.split_off(keep));
        }
        parts.push(rest);
        parts
    }

    /// Takes all but the last `keep` pictures out.
    fn split_off(&mut self, keep: usize) -> Batch {
        let first = self.len() - keep;
        let corrections = match self.corrections.is_empty() {
            true => Vec::new(),
            false => self.corrections.drain(..first).collect(),
        };
        let take = |values: &mut Vec<f32>, each: usize| {
            let values_first = first * each * usize::from(!values.is_empty());
            let rest = values.split_off(values_first);
            std::mem::replace(values, rest)
        };
        Batch {
            lr: take(&mut self.lr, LR_LEN),
            base: take(&mut self.base, HR_LEN),
            clean: take(&mut self.clean, LR_LEN),
            hr: take(&mut self.hr, HR_LEN),
            counts: take(&mut self.counts, HR_LEN / 3),
            heat: take(&mut self.heat, HR_LEN / 3),
            corrections,
        }
    }

    /// How many pictures it holds.
    pub fn len(&self) -> usize {
        self.lr.len() / LR_LEN
    }
}

/// Makes the batches of steps `first`, `first` + 1, ... in the background.
pub struct Loader {
    batches: Option<Receiver<Result<Batch>>>,
    worker: Option<JoinHandle<()>>,
}

impl Loader {
    /// Starts at step `first`.
    pub fn start(dataset: Dataset, heatmaps: Option<Heatmaps>, config: Config, first: u64) -> Self {
        let (sender, receiver) = sync_channel(READY);
        let worker = thread::spawn(move || {
            let mut step = first;
            while sender
                .send(batch(&dataset, heatmaps.as_ref(), &config, step))
                .is_ok()
            {
                step += 1;
            }
        });
        Loader {
            batches: Some(receiver),
            worker: Some(worker),
        }
    }

    /// The next step's batch.
    ///
    /// # Errors
    /// A picture is damaged.
    pub fn next(&self) -> Result<Batch> {
        let received = self
            .batches
            .as_ref()
            .and_then(|batches| batches.recv().ok());
        received.unwrap_or_else(|| Err(Error::other("the loader stopped")))
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // Without a receiver the worker's next send fails, and it ends.
        self.batches = None;
        if let Some(worker) = self.worker.take() {
            // A panic of the worker was reported when it happened.
            let _ = worker.join();
        }
    }
}

/// The batch of step `step`, which depends on the configuration's seed and `step` alone.
///
/// # Errors
/// A picture is damaged, or there are none.
pub fn batch(
    dataset: &Dataset,
    heatmaps: Option<&Heatmaps>,
    config: &Config,
    step: u64,
) -> Result<Batch> {
    let section = dataset.section(Split::Train)?;
    let samples: Vec<u64> = (0..config.batch as u64)
        .map(|k| step * config.batch as u64 + k)
        .collect();
    let made = samples.par_iter().map_init(
        || (Aligner::new(), Degrader::new()),
        |tools, &sample| {
            let n = section.len() as u64;
            let number = place(sample % n, n, config.seed ^ (sample / n)) as usize;
            let picture = section.picture(number)?;
            let mut rng = fastrand::Rng::with_seed(config.seed << 40 ^ sample);
            let crop = rng.usize(..section.crops().len());
            let heat = |shift: (i32, i32), heat: &mut [f32]| match heatmaps {
                Some(maps) => maps.face((Split::Train, number, crop), shift, heat),
                None => Ok(()),
            };
            let mut made = one(&picture.crop(crop), heat, config, &mut rng, tools)?;
            if heatmaps.is_none() {
                made.heat.clear();
            }
            Ok(made)
        },
    );
    let mut batch = Batch::default();
    for sample in made.collect::<Result<Vec<_>>>()? {
        batch.append(sample);
    }
    Ok(batch)
}

/// Where sample `k` of `n` lies in an order that looks random and differs with `seed`: an affine
/// step through the smallest power of two above `n`, repeated until it falls below `n`.
fn place(k: u64, n: u64, seed: u64) -> u64 {
    let size = n.next_power_of_two();
    let mut rng = fastrand::Rng::with_seed(seed);
    let (odd_a, odd_b, shift) = (rng.u64(..) | 1, rng.u64(..) | 1, rng.u64(..));
    let bits = size.trailing_zeros();
    let mut at = k;
    loop {
        at = at.wrapping_mul(odd_a).wrapping_add(shift) & (size - 1);
        at ^= at >> (bits / 2).max(1);
        at = at.wrapping_mul(odd_b) & (size - 1);
        if at < n {
            return at;
        }
    }
}

fn one(
    crop: &crate::dataset::Crop,
    heat_of: impl Fn((i32, i32), &mut [f32]) -> Result<()>,
    config: &Config,
    rng: &mut fastrand::Rng,
    (aligner, degrader): &mut (Aligner, Degrader),
) -> Result<Batch> {
    let reach = config.shift as i32;
    let (dx, dy) = (rng.i32(-reach..=reach), rng.i32(-reach..=reach));
    let mut hr = Box::new([0; HR_LEN]);
    let mut outside = vec![false; HR_SIDE * HR_SIDE];
    crop.face(dx, dy, hr.as_mut_slice());
    crop.outside(dx, dy, &mut outside);
    let mut heat = vec![0.0; HR_SIDE * HR_SIDE];
    heat_of((dx, dy), &mut heat)?;
    if config.flip && rng.bool() {
        for row in hr.as_chunks_mut::<3>().0.chunks_exact_mut(HR_SIDE) {
            row.reverse();
        }
        outside
            .chunks_exact_mut(HR_SIDE)
            .for_each(<[bool]>::reverse);
        heat.chunks_exact_mut(HR_SIDE).for_each(<[f32]>::reverse);
    }
    let mut lr = [0; LR_LEN];
    aligner.shrink(&hr, &mut lr);
    let clean = match config.teacher.is_some() {
        true => planes(&lr),
        false => Vec::new(),
    };
    let goes_back = config.camera.is_some_and(|camera| camera.back_project);
    let mut correction = goes_back.then(Correction::none);
    if let Some(camera) = &config.camera
        && rng.f32() < camera.share
    {
        let shot = camera.draw(rng);
        let capture = crate::camera::take(hr.as_slice(), &shot, rng)?;
        lr = capture.lr(aligner)?;
        correction = goes_back.then(|| Correction::of(&shot, &capture));
    } else if let Some(degrade) = &config.degrade
        && rng.f32() < degrade.share
    {
        let strength = rng.f32() * degrade.strongest;
        lr = degrader.degrade(hr.as_slice(), degrade, strength, rng)?;
    }
    let counts = outside
        .iter()
        .map(|&o| f32::from(u8::from(!(o && config.mask))))
        .collect();
    let lr = planes(&lr);
    Ok(Batch {
        base: enlarge(&lr),
        lr,
        clean,
        hr: planes(hr.as_slice()),
        counts,
        heat,
        corrections: correction.into_iter().collect(),
    })
}

/// Interleaved levels to planes of level / 255.
pub fn planes(rgb: &[u8]) -> Vec<f32> {
    let plane = |c: usize| rgb.iter().skip(c).step_by(3).map(|&v| f32::from(v) / 255.0);
    (0..3).flat_map(plane).collect()
}

/// Planes of 16x16 to 128x128, bilinearly, as the network's global skip does it.
pub fn enlarge(lr: &[f32]) -> Vec<f32> {
    const ZOOM: usize = HR_SIDE / LR_SIDE;
    let taps: Vec<(usize, usize, f32)> = (0..HR_SIDE)
        .map(|k| {
            let at = ((k as f32 + 0.5) / ZOOM as f32 - 0.5).clamp(0.0, (LR_SIDE - 1) as f32);
            let low = at as usize;
            (low, (low + 1).min(LR_SIDE - 1), at - low as f32)
        })
        .collect();
    let mut enlarged = Vec::with_capacity(lr.len() * ZOOM * ZOOM);
    for plane in lr.chunks_exact(LR_SIDE * LR_SIDE) {
        for &(y0, y1, v) in &taps {
            for &(x0, x1, u) in &taps {
                let row =
                    |y: usize| plane[y * LR_SIDE + x0] * (1.0 - u) + plane[y * LR_SIDE + x1] * u;
                enlarged.push(row(y0) * (1.0 - v) + row(y1) * v);
            }
        }
    }
    enlarged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_shows_each_picture_once_in_an_order_of_its_own() {
        for n in [1u64, 2, 7, 100, 1025] {
            let order = |seed| -> Vec<u64> { (0..n).map(|k| place(k, n, seed)).collect() };
            let mut sorted = order(3);
            sorted.sort_unstable();
            assert_eq!(sorted, (0..n).collect::<Vec<_>>());
            if n > 50 {
                assert_ne!(order(3), order(4));
            }
        }
    }
}
