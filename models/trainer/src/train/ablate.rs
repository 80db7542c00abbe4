//! The same training with and without a part of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use face8x_core::{Error, Result};

use super::network::TrainedNetwork;
use super::validate::ValidationInputs;
use super::{Config, Heat, run, validate};
use crate::evaluate::{self, Case};
use crate::files;
use crate::metrics::{Score, bootstrap, mean_and_t_interval};
use crate::network::Weights;

/// The figures of the table, by their places in [`Score::NAMES`], and the digits of each.
const COLUMNS: [(usize, usize); 5] = [(0, 3), (3, 4), (5, 4), (6, 3), (8, 4)];
/// Samples of the bootstrap.
const DRAWS: usize = 10_000;

/// One form of the training.
struct Arm {
    name: &'static str,
    /// What the whole training has that this one lacks; empty for the whole one.
    lacks: &'static str,
    config: Config,
}

/// The whole training; where it has a heatmap term, it without that and with an unweighted absolute error
/// in its place; and where it has degradation, it without that.
fn arms(config: &Config) -> Result<Vec<Arm>> {
    let arm = |name, lacks, config| Arm {
        name,
        lacks,
        config,
    };
    let mut arms = vec![arm("whole", "", config.clone())];
    if let Some(heat) = &config.heatmap {
        let without = Config {
            heatmap: None,
            ..config.clone()
        };
        arms.push(arm("without-heatmap", "heatmap term", without));
        let evenly = Heat {
            floor: 1.0,
            ..heat.clone()
        };
        let unweighted = Config {
            heatmap: Some(evenly),
            ..config.clone()
        };
        arms.push(arm("unweighted", "term's weights", unweighted));
    }
    if config.degrade.is_some() {
        let without = Config {
            degrade: None,
            ..config.clone()
        };
        arms.push(arm("without-degradation", "degradation", without));
    }
    if arms.len() == 1 {
        return Err(Error::usage(
            "there is nothing to leave out: the configuration has neither [heatmap] nor [degrade]",
        )
        .remedy("add one of them to the configuration"));
    }
    Ok(arms)
}

/// What was measured of one form.
struct MeasuredForm {
    name: &'static str,
    lacks: &'static str,
    /// By seed: each picture's scores.
    clean: Vec<Vec<Score>>,
    /// The same on damaged inputs or the camera's; empty where the configuration has neither.
    damaged: Vec<Vec<Score>>,
}

/// Trains the configuration, it without its heatmap term, with an unweighted one, and without its
/// degradation, with `seeds` seeds each and the same number of steps, and compares their last weights on
/// the validation pictures: on clean inputs and, where the training has such, on damaged ones or, corrected
/// by back-projection, on a camera's.
/// Writes each training's folder, `pictures.csv` and `table.md` into `output`; gives the table. A
/// second call goes on where the first stopped.
///
/// # Errors
/// As for [`train`](super::train); or the configuration has nothing to leave out.
pub fn ablate(
    config: &Config,
    data: &Path,
    output: &Path,
    devices: &[Device],
    seeds: u64,
) -> Result<String> {
    let arms = arms(config)?;
    let inputs = ValidationInputs::open(config, data, None)?;
    let mut measured = vec![bicubic(&inputs)?];
    for arm in &arms {
        let mut of_arm = MeasuredForm {
            name: arm.name,
            lacks: arm.lacks,
            clean: Vec::new(),
            damaged: Vec::new(),
        };
        for seed in config.seed..config.seed + seeds {
            let folder = output.join(format!("{}-{seed}", arm.name));
            log::info!("{}", folder.display());
            let config = Config {
                seed,
                // Equal budgets: nothing stops early.
                patience: 0,
                ..arm.config.clone()
            };
            let weights = trained(&config, data, folder, devices)?;
            let network = TrainedNetwork::new(&weights, &devices[0])?;
            let device = &devices[0];
            let clean = validate::scores(arm.name, &network, &inputs.clean, device)?;
            of_arm.clean.push(clean.scores);
            if let Some(damaged) = inputs.damaged_scores(arm.name, &network, device)? {
                of_arm.damaged.push(damaged.scores);
            }
        }
        measured.push(of_arm);
    }
    files::write(
        &output.join("pictures.csv"),
        csv(&measured, &inputs.clean).as_bytes(),
    )?;
    let mut text = format!(
        "{} pictures, {seeds} seeds, {} epochs of batch {}\n\n",
        inputs.clean.len(),
        config.epochs,
        config.batch
    );
    text += &table("clean inputs", &measured, |m| &m.clean);
    if !measured[0].damaged.is_empty() {
        let title = match config.camera {
            Some(_) => "camera inputs, corrected",
            None => "damaged inputs",
        };
        text += &table(title, &measured, |m| &m.damaged);
    }
    files::write(&output.join("table.md"), text.as_bytes())?;
    Ok(text)
}

/// What all are compared with; not corrected.
fn bicubic(inputs: &ValidationInputs) -> Result<MeasuredForm> {
    Ok(MeasuredForm {
        name: "bicubic",
        lacks: "",
        clean: vec![evaluate::score_bicubic(&inputs.clean)?.scores],
        damaged: inputs
            .damaged_bicubic()?
            .into_iter()
            .map(|of| of.scores)
            .collect(),
    })
}

/// The last weights of a training, which is done where it is not.
fn trained(config: &Config, data: &Path, folder: PathBuf, devices: &[Device]) -> Result<Weights> {
    run::train(config, data, &folder, devices, false)?;
    Weights::read(&folder.join(run::LAST))
}

/// The paper's Table 1 for this data: means over seeds with 95 % intervals of Student's t; below
/// them what each part gains, by seed, and by picture with a bootstrap interval.
fn table(
    title: &str,
    rows: &[MeasuredForm],
    of: impl Fn(&MeasuredForm) -> &Vec<Vec<Score>>,
) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|&(k, _)| Score::NAMES[k]).collect();
    let mut text = format!("| {title} | {} |\n|---|", names.join(" | "));
    text += &"---|".repeat(COLUMNS.len());
    text.push('\n');
    let mean_of = |scores: &[Score], k: usize| {
        let values = scores.iter().map(|s| s.values()[k]).filter(|v| !v.is_nan());
        let values: Vec<f64> = values.collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    for row in rows {
        let _ = write!(text, "| {} |", row.name);
        for (k, digits) in COLUMNS {
            let seeds: Vec<f64> = of(row).iter().map(|s| mean_of(s, k)).collect();
            let _ = write!(text, " {} |", interval(mean_and_t_interval(&seeds), digits));
        }
        text.push('\n');
    }
    let Some(whole) = rows.iter().find(|row| row.name == "whole") else {
        return text;
    };
    for row in rows.iter().filter(|row| !row.lacks.is_empty()) {
        let part = row.lacks;
        let (mut by_seed, mut by_picture) = (String::new(), String::new());
        for (k, digits) in COLUMNS {
            let pairs = of(whole).iter().zip(of(row));
            let gains: Vec<f64> = pairs.map(|(a, b)| mean_of(a, k) - mean_of(b, k)).collect();
            let _ = write!(
                by_seed,
                " {} |",
                interval(mean_and_t_interval(&gains), digits)
            );
            let (low, high) = bootstrap(&picture_gains(of(whole), of(row), k), DRAWS);
            let _ = match low.is_nan() {
                true => write!(by_picture, " |"),
                false => write!(by_picture, " {low:+.digits$} to {high:+.digits$} |"),
            };
        }
        let _ = writeln!(text, "| gain of the {part}, over seeds |{by_seed}");
        let _ = writeln!(text, "| gain of the {part}, over pictures |{by_picture}");
    }
    text + "\n"
}

/// For each picture the mean over the seeds of what `a` has more than `b`.
fn picture_gains(a: &[Vec<Score>], b: &[Vec<Score>], k: usize) -> Vec<f64> {
    let pictures = a.first().map_or(0, Vec::len);
    let gain = |picture: usize| {
        let pairs = a.iter().zip(b);
        let sum: f64 = pairs
            .map(|(a, b)| a[picture].values()[k] - b[picture].values()[k])
            .sum();
        sum / a.len() as f64
    };
    (0..pictures).map(gain).filter(|v| !v.is_nan()).collect()
}

fn interval((mean, half): (f64, f64), digits: usize) -> String {
    match (mean.is_nan(), half.is_nan()) {
        (true, _) => String::new(),
        (false, true) => format!("{mean:.digits$}"),
        (false, false) => format!("{mean:.digits$} ±{half:.digits$}"),
    }
}

/// Every picture's figures.
fn csv(rows: &[MeasuredForm], cases: &[Case]) -> String {
    let mut text = format!("form,seed,inputs,picture,{}\n", Score::NAMES.join(","));
    for row in rows {
        for (inputs, seeds) in [("clean", &row.clean), ("damaged", &row.damaged)] {
            for (seed, scores) in seeds.iter().enumerate() {
                for (case, score) in cases.iter().zip(scores) {
                    let values = evaluate::csv_values(score);
                    let _ = writeln!(text, "{},{seed},{inputs},{},{values}", row.name, case.name);
                }
            }
        }
    }
    text
}
