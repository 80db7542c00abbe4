//! Figures of a network on the validation pictures, beside bicubic enlargement.

use std::fmt::Write as _;
use std::path::Path;

use face8x_core::Result;
use face8x_core::align::Aligner;
use face8x_core::geometry::{HR_SIDE, Landmarks};
use rayon::prelude::*;

use crate::bicubic;
use crate::camera::{self, TrainingCamera};
use crate::dataset::{Split, SplitPictures};
use crate::degrade::{Degrade, Degrader};
use crate::files;
use crate::heatmap::Heatmaps;
use crate::metrics::{FEATURES, Score, mean_and_interval};
use crate::prepare::progress;
use crate::runner::{HR_LEN, LR_LEN, Runner};

mod by_camera;
pub mod groups;
mod identity;
mod sheet;
#[cfg(test)]
mod tests;

pub use by_camera::{
    By, CameraView, Means, NOISES, Noisy, SIDES, WAYS, camera_head, camera_means, camera_row,
    corrected, photographed,
};
pub use identity::Identity;
pub use sheet::{first_sheet, worst_sheet};

/// A face to restore, and what should come out.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub name: String,
    /// 16x16 RGB.
    pub lr: Vec<u8>,
    /// 128x128 RGB.
    pub hr: Vec<u8>,
    /// Which pixels of `hr` the source did not have.
    pub outside: Vec<bool>,
    /// Which pixels of `hr` belong to the face's features; empty without heatmaps.
    pub features: Vec<bool>,
    /// Of `hr`.
    pub landmarks: Landmarks,
}

/// The unmoved faces of a section by crop `crop`, with their inputs.
///
/// # Errors
/// A picture is damaged.
pub fn cases(section: &SplitPictures, crop: usize, limit: Option<usize>) -> Result<Vec<Case>> {
    let n = section.len().min(limit.unwrap_or(usize::MAX));
    let make = |aligner: &mut Aligner, k: usize| -> Result<Case> {
        let picture = section.picture(k)?;
        let crop = picture.crop(crop);
        let mut hr = Box::new([0; HR_LEN]);
        let mut outside = vec![false; HR_SIDE * HR_SIDE];
        let mut lr = [0; LR_LEN];
        crop.face(0, 0, hr.as_mut_slice());
        crop.outside(0, 0, &mut outside);
        aligner.shrink(&hr, &mut lr);
        Ok(Case {
            name: picture.name.into(),
            lr: lr.to_vec(),
            hr: hr.to_vec(),
            outside,
            features: Vec::new(),
            landmarks: crop.landmarks(),
        })
    };
    (0..n)
        .into_par_iter()
        .map_init(Aligner::new, |aligner, k| make(aligner, k))
        .collect()
}

/// Marks the features of the faces that [`cases`] made of crop `crop` of a split.
///
/// # Errors
/// The heatmaps are damaged.
pub fn mark_features(
    cases: &mut [Case],
    heatmaps: &Heatmaps,
    split: Split,
    crop: usize,
) -> Result<()> {
    let mut heat = vec![0.0; HR_SIDE * HR_SIDE];
    for (k, case) in cases.iter_mut().enumerate() {
        heatmaps.face((split, k, crop), (0, 0), &mut heat)?;
        case.features = heat.iter().map(|&h| h > FEATURES).collect();
    }
    Ok(())
}

/// The same faces with damaged inputs, at middle strength; the same damage every time.
///
/// # Errors
/// As for [`Degrader::degrade`].
pub fn damaged(cases: &[Case], degrade: &Degrade) -> Result<Vec<Case>> {
    let make = |degrader: &mut Degrader, (k, case): (usize, &Case)| -> Result<Case> {
        let mut rng = fastrand::Rng::with_seed(k as u64);
        let lr = degrader.degrade(&case.hr, degrade, 1.0, &mut rng)?;
        Ok(Case {
            lr: lr.to_vec(),
            ..case.clone()
        })
    };
    cases
        .par_iter()
        .enumerate()
        .map_init(Degrader::new, make)
        .collect()
}

/// The scores of one way to restore all cases.
pub struct Scores {
    pub name: String,
    pub scores: Vec<Score>,
    /// What it made of each case.
    pub restored: Vec<Vec<u8>>,
}

/// Restores all cases by `restore` and compares.
///
/// # Errors
/// `restore` failed.
pub fn score(
    name: &str,
    cases: &[Case],
    restore: impl Fn(&[u8]) -> Result<Vec<u8>> + Sync,
) -> Result<Scores> {
    let bar = progress(cases.len());
    let made = cases.par_iter().map(|case| {
        let restored = restore(&case.lr)?;
        bar.inc(1);
        Ok((
            Score::of(&restored, &case.hr, &case.outside, &case.features),
            restored,
        ))
    });
    let (scores, restored) = made.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    bar.finish_and_clear();
    Ok(Scores {
        name: name.into(),
        scores,
        restored,
    })
}

/// Bicubic enlargement's scores.
///
/// # Errors
/// None.
pub fn score_bicubic(cases: &[Case]) -> Result<Scores> {
    score("bicubic", cases, |lr| Ok(bicubic::enlarge(lr)))
}

/// A network's scores.
///
/// # Errors
/// tract failed.
pub fn score_network(name: &str, cases: &[Case], runner: &Runner) -> Result<Scores> {
    score(name, cases, |lr| runner.restore(lr))
}

/// A table of means with 95 % confidence intervals; below it, each row's difference in PSNR to
/// the row `reference`, picture by picture.
pub fn table(rows: &[Scores], reference: Option<usize>) -> String {
    let known = |k: &usize| {
        let mut scores = rows.iter().flat_map(|row| &row.scores);
        scores.any(|score| !score.values()[*k].is_nan())
    };
    let columns: Vec<usize> = (0..Score::NAMES.len()).filter(known).collect();
    let mut text = format!("{:<24}", "");
    for &k in &columns {
        let _ = write!(text, " {:>17}", Score::NAMES[k]);
    }
    for row in rows {
        let _ = write!(text, "\n{:<24}", row.name);
        for &k in &columns {
            let values: Vec<f64> = row.scores.iter().map(|score| score.values()[k]).collect();
            let (mean, half) = mean_and_interval(&values);
            let _ = write!(text, " {:>17}", format!("{mean:.4} ±{half:.4}"));
        }
    }
    if let Some(reference) = reference.and_then(|k| rows.get(k)) {
        for row in rows {
            let pairs = row.scores.iter().zip(&reference.scores);
            let gains: Vec<f64> = pairs.map(|(a, b)| a.psnr - b.psnr).collect();
            let (mean, half) = mean_and_interval(&gains);
            let worst = gains.iter().copied().fold(f64::INFINITY, f64::min);
            let _ = write!(
                text,
                "\n{:<24} {mean:+.4} ±{half:.4} dB against {} (worst picture {worst:+.3})",
                row.name, reference.name
            );
        }
    }
    text + "\n"
}

/// Writes every picture's figures as CSV.
///
/// # Errors
/// The file cannot be written.
pub fn write_csv(path: &Path, cases: &[Case], rows: &[Scores]) -> Result<()> {
    let mut text = format!("picture,restored_by,{}\n", Score::NAMES.join(","));
    for row in rows {
        for (case, score) in cases.iter().zip(&row.scores) {
            let values = csv_values(score);
            let _ = writeln!(text, "{},{},{values}", case.name, row.name);
        }
    }
    files::write(path, text.as_bytes())
}

/// A score's figures with commas between them; nothing where there is no number.
pub fn csv_values(score: &Score) -> String {
    let text = |v: f64| {
        if v.is_nan() {
            String::new()
        } else {
            format!("{v:.5}")
        }
    };
    score.values().map(text).join(",")
}

/// The calibration inputs of a dataset: every so manyth training face, as it is in use. Every second one
/// is a bicubic reduction, the others come from cameras.
///
/// # Errors
/// There are no training pictures, or one is damaged.
pub fn calibration_inputs(section: &SplitPictures, n: usize) -> Result<Vec<Vec<u8>>> {
    debug_assert!(n > 0);
    let step = (section.len() / n.max(1)).max(1);
    let crops = section.crops().len();
    let input = |k: usize| {
        let mut hr = Box::new([0; HR_LEN]);
        let crop = section.picture(k)?.crop(k / step % crops);
        crop.face(0, 0, hr.as_mut_slice());
        let mut aligner = Aligner::new();
        let mut lr = [0; LR_LEN];
        if (k / step).is_multiple_of(2) {
            aligner.shrink(&hr, &mut lr);
        } else {
            let mut rng = fastrand::Rng::with_seed(k as u64);
            let shot = TrainingCamera::default().draw(&mut rng);
            lr = camera::take(hr.as_slice(), &shot, &mut rng)?.lr(&mut aligner)?;
        }
        Ok(lr.to_vec())
    };
    let chosen = (0..section.len()).step_by(step).take(n);
    chosen.map(input).collect()
}

/// The contrast of neighbouring pixels of a 128x128 RGB picture: the root mean square of the levels'
/// differences to the right and down.
pub fn sharpness(rgb: &[u8]) -> f64 {
    let apart = |step: usize, k: usize| {
        let next = rgb.get(k + step).copied().unwrap_or(rgb[k]);
        (f64::from(next) - f64::from(rgb[k])).powi(2)
    };
    let row = 3 * HR_SIDE;
    let across = (0..rgb.len()).filter(|k| k % row < row - 3);
    let sum: f64 = across.map(|k| apart(3, k) + apart(row, k)).sum();
    (sum / (2 * rgb.len().max(1)) as f64).sqrt()
}

/// A 16x16 RGB picture of noise around a random grey; its strength grows with the seed, modulo 8.
pub fn noise(seed: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (centre, reach) = (rng.i32(0..256), 1 << (seed % 8 + 1));
    (0..LR_LEN)
        .map(|_| (centre + rng.i32(-reach..=reach)).clamp(0, 255) as u8)
        .collect()
}

/// Restores pictures on all threads.
///
/// # Errors
/// tract failed.
pub fn restore_all(inputs: &[Vec<u8>], runner: &Runner) -> Result<Vec<Vec<u8>>> {
    inputs.par_iter().map(|lr| runner.restore(lr)).collect()
}

/// The planes of interleaved RGB pictures, one after another.
pub fn planar(pictures: &[Vec<u8>]) -> Vec<u8> {
    let plane = |picture: &'_ Vec<u8>, c: usize| {
        picture
            .iter()
            .skip(c)
            .step_by(3)
            .copied()
            .collect::<Vec<u8>>()
    };
    pictures
        .iter()
        .flat_map(|picture| (0..3).flat_map(move |c| plane(picture, c)))
        .collect()
}
