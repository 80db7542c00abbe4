//! How good the averaged weights are, on validation faces.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use face8x_core::Result;
use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use rayon::prelude::*;

use super::Config;
use super::loader::{enlarge, planes};
use super::network::{TrainedNetwork, to_vec};
use crate::dataset::{Alignment, Dataset, Split};
use crate::evaluate::{self, Case, Noisy, Scores};
use crate::metrics::{Score, mean_and_interval};

/// Pictures that go through the network together.
const BATCH: usize = 32;

/// The validation pictures' inputs.
pub(super) struct ValidationInputs {
    pub(super) clean: Vec<Case>,
    /// The same faces as a camera sees them where the configuration has one, or from damaged inputs where
    /// it damages them; else none.
    damaged: Vec<Case>,
    /// What the camera gave of them, and its noise: what is restored is corrected by it.
    captures: Vec<Noisy>,
}

impl ValidationInputs {
    /// The inputs of the dataset in this folder that the configuration asks for: of all validation pictures, or
    /// of the first `limit`.
    ///
    /// # Errors
    /// The dataset or its heatmaps do not fit.
    pub(super) fn open(config: &Config, data: &Path, limit: Option<usize>) -> Result<Self> {
        let dataset = Dataset::open(data)?;
        let validation = dataset.section(Split::Validation)?;
        let crop = validation.crop_by(Alignment::Landmarks)?;
        let mut clean = evaluate::cases(&validation, crop, limit)?;
        if let Some(heatmaps) = config.open_heatmaps(data)? {
            evaluate::mark_features(&mut clean, &heatmaps, Split::Validation, crop)?;
        }
        let (damaged, captures) = match (&config.camera, &config.degrade) {
            (Some(_), _) => evaluate::photographed(&clean)?,
            (None, Some(degrade)) => (evaluate::damaged(&clean, degrade)?, Vec::new()),
            (None, None) => (Vec::new(), Vec::new()),
        };
        Ok(ValidationInputs {
            clean,
            damaged,
            captures,
        })
    }

    /// The damaged inputs' scores, after back-projection where a camera took them; `None` where there are no such
    /// inputs.
    ///
    /// # Errors
    /// As for [`scores`].
    pub(super) fn damaged_scores(
        &self,
        name: &str,
        network: &TrainedNetwork,
        device: &Device,
    ) -> Result<Option<Scores>> {
        if self.damaged.is_empty() {
            return Ok(None);
        }
        let mut scores = scores(name, network, &self.damaged, device)?;
        correct(&mut scores, &self.damaged, &self.captures)?;
        Ok(Some(scores))
    }

    /// Bicubic enlargements of the damaged inputs, which are not corrected.
    ///
    /// # Errors
    /// None for whole pictures.
    pub(super) fn damaged_bicubic(&self) -> Result<Option<Scores>> {
        match self.damaged.is_empty() {
            true => Ok(None),
            false => evaluate::score_bicubic(&self.damaged).map(Some),
        }
    }
}

/// Restores all cases and compares.
///
/// # Errors
/// The device failed.
pub fn scores(
    name: &str,
    network: &TrainedNetwork,
    cases: &[Case],
    device: &Device,
) -> Result<Scores> {
    let mut restored = Vec::with_capacity(cases.len());
    for chunk in cases.chunks(BATCH) {
        let lr: Vec<f32> = chunk.iter().flat_map(|case| planes(&case.lr)).collect();
        let base = enlarge(&lr);
        let shape = [chunk.len(), 3, LR_SIDE, LR_SIDE];
        let input: Tensor<4> = Tensor::from_data(TensorData::new(lr, shape), device);
        let residual = to_vec(network.forward(input))?;
        let area = HR_SIDE * HR_SIDE;
        for (r, b) in residual
            .chunks_exact(3 * area)
            .zip(base.chunks_exact(3 * area))
        {
            let level = |k: usize| {
                let at = k % 3 * area + k / 3;
                ((r[at] + b[at]).clamp(0.0, 1.0) * 255.0).round_ties_even() as u8
            };
            restored.push((0..3 * area).map(level).collect::<Vec<u8>>());
        }
    }
    let scored = cases.par_iter().zip(&restored);
    let scores = scored
        .map(|(case, sr)| Score::of(sr, &case.hr, &case.outside, &case.features))
        .collect();
    Ok(Scores {
        name: name.into(),
        scores,
        restored,
    })
}

/// Corrects what was restored by what the camera gave of each case, if it did, and compares again.
///
/// # Errors
/// None for whole frames.
fn correct(scores: &mut Scores, cases: &[Case], captures: &[Noisy]) -> Result<()> {
    let restored = scores.restored.par_iter().zip(captures).zip(cases);
    let made = restored.map(|((sr, (capture, noise)), case)| {
        let last = evaluate::corrected(sr, capture, *noise)?;
        let score = Score::of(&last, &case.hr, &case.outside, &case.features);
        Ok((score, last))
    });
    let (corrected, last): (Vec<_>, Vec<_>) = made.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    if !captures.is_empty() {
        (scores.scores, scores.restored) = (corrected, last);
    }
    Ok(())
}

/// The means of PSNR, SSIM and MS-SSIM, and of PSNR and SSIM of the features; no numbers of
/// features without heatmaps.
pub fn means(scores: &Scores) -> [f64; 5] {
    let mean = |f: fn(&Score) -> f64| {
        let values: Vec<f64> = scores
            .scores
            .iter()
            .map(f)
            .filter(|v| !v.is_nan())
            .collect();
        match values.is_empty() {
            true => f64::NAN,
            false => mean_and_interval(&values).0,
        }
    };
    [
        mean(|s| s.psnr),
        mean(|s| s.ssim),
        mean(|s| s.ms_ssim),
        mean(|s| s.features[0]),
        mean(|s| s.features[2]),
    ]
}
