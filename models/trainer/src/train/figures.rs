//! The figures of a validation, and the file that they are appended to.

use std::io::Write as _;
use std::path::Path;

use face8x_core::{Error, Result};

use crate::files;

/// The columns of `metrics.csv`, in the order of [`ValidationFigures::values`].
pub const NAMES: [&str; 13] = [
    "step",
    "epoch",
    "seconds",
    "loss",
    "learning_rate",
    "psnr",
    "ssim",
    "ms_ssim",
    "damaged_psnr",
    "damaged_ssim",
    "damaged_ms_ssim",
    "psnr_features",
    "ssim_features",
];

/// One validation's figures; no numbers where nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidationFigures {
    pub step: u64,
    pub epoch: f64,
    pub seconds: f64,
    pub loss: f64,
    pub learning_rate: f64,
    /// PSNR, SSIM, MS-SSIM, and PSNR and SSIM of the features, on clean inputs.
    pub clean: [f64; 5],
    /// The same on damaged inputs.
    pub damaged: [f64; 5],
}

impl ValidationFigures {
    /// The values in the order of [`NAMES`].
    pub fn values(&self) -> [f64; NAMES.len()] {
        let [psnr, ssim, ms_ssim, psnr_features, ssim_features] = self.clean;
        let [damaged_psnr, damaged_ssim, damaged_ms_ssim, ..] = self.damaged;
        [
            self.step as f64,
            self.epoch,
            self.seconds,
            self.loss,
            self.learning_rate,
            psnr,
            ssim,
            ms_ssim,
            damaged_psnr,
            damaged_ssim,
            damaged_ms_ssim,
            psnr_features,
            ssim_features,
        ]
    }

    /// What the best weights are chosen by: PSNR, its mean on clean and on damaged inputs.
    pub fn merit(&self) -> f64 {
        match self.damaged[0].is_nan() {
            true => self.clean[0],
            false => (self.clean[0] + self.damaged[0]) / 2.0,
        }
    }

    /// A line for a terminal, without what was not measured.
    pub fn line(&self) -> String {
        let mut line = format!(
            "epoch {:.2}: loss {:.6}, PSNR {:.3} SSIM {:.4} MS-SSIM {:.4}",
            self.epoch, self.loss, self.clean[0], self.clean[1], self.clean[2]
        );
        for (name, psnr, ssim) in [
            ("features", self.clean[3], self.clean[4]),
            ("damaged", self.damaged[0], self.damaged[1]),
        ] {
            if !psnr.is_nan() {
                line += &format!(", {name} {psnr:.3} {ssim:.4}");
            }
        }
        line + &format!("; {:.0} s", self.seconds)
    }

    /// Appends a line to the file, below the columns' names.
    ///
    /// # Errors
    /// The disk is full.
    pub fn append(&self, path: &Path) -> Result<()> {
        let fails = |error: std::io::Error| files::cannot("write", path, &error);
        let is_new = !path.exists();
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(fails)?;
        if is_new {
            writeln!(file, "{}", NAMES.join(",")).map_err(fails)?;
        }
        let text = self.values().map(|v| v.to_string());
        writeln!(file, "{}", text.join(",")).map_err(fails)
    }
}

/// The rows of a file that [`ValidationFigures::append`] made, with those of its columns that are known.
///
/// # Errors
/// It cannot be read, or is damaged.
pub fn read(path: &Path) -> Result<Vec<[f64; NAMES.len()]>> {
    let text = String::from_utf8_lossy(&files::read(path)?).into_owned();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let places = NAMES.map(|name| head.iter().position(|column| *column == name));
    let row = |(k, line): (usize, &str)| {
        let fields: Vec<&str> = line.split(',').collect();
        let value = |place: &Option<usize>| match place {
            None => Some(f64::NAN),
            Some(place) => fields.get(*place)?.parse().ok(),
        };
        let values: Option<Vec<f64>> = places.iter().map(value).collect();
        let values = values.and_then(|values| values.try_into().ok());
        values.ok_or_else(|| {
            Error::other(format!("{}: line {} is damaged", path.display(), k + 2))
                .remedy("delete the line; nothing but the plot needs it")
        })
    };
    lines.enumerate().map(row).collect()
}
