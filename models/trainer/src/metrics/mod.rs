//! How alike two pictures are: PSNR, SSIM and MS-SSIM on 8-bit levels.

use face8x_core::geometry::HR_SIDE;

mod ssim;
mod statistics;
#[cfg(test)]
mod tests;

pub use ssim::{ms_ssim, ssim, ssim_map, ssim_where};
pub use statistics::{bootstrap, mean_and_t_interval};

/// Heat above which a pixel belongs to the face's features.
pub const FEATURES: f32 = 0.3;

/// A picture's planes of levels, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    pub width: usize,
    pub height: usize,
    pub planes: Vec<Vec<f64>>,
}

impl Planes {
    /// The three planes of interleaved RGB levels. `rgb` has `width * height * 3` of them.
    pub fn rgb(rgb: &[u8], width: usize, height: usize) -> Self {
        let plane = |c: usize| {
            rgb.iter()
                .skip(c)
                .step_by(3)
                .map(|&v| f64::from(v))
                .collect()
        };
        Planes {
            width,
            height,
            planes: (0..3).map(plane).collect(),
        }
    }

    /// Luma of ITU-R BT.601 in 16 to 235, as super-resolution papers measure it, not rounded.
    pub fn luma(&self) -> Self {
        let [r, g, b] = [0, 1, 2].map(|c| &self.planes[c]);
        let y = |k: usize| 16.0 + (65.481 * r[k] + 128.553 * g[k] + 24.966 * b[k]) / 255.0;
        Planes {
            planes: vec![(0..r.len()).map(y).collect()],
            ..*self
        }
    }
}

/// Peak signal-to-noise ratio in dB of levels with the peak 255, over the pixels where `counts`
/// says so (all of them without one); 100 dB where nothing differs.
pub fn psnr(a: &Planes, b: &Planes, counts: Option<&[bool]>) -> f64 {
    let counted = |k: usize| counts.is_none_or(|counts| counts[k]);
    let (mut sum, mut n) = (0.0, 0usize);
    for (p, q) in a.planes.iter().zip(&b.planes) {
        for (k, (x, y)) in p.iter().zip(q).enumerate() {
            if counted(k) {
                sum += (x - y) * (x - y);
                n += 1;
            }
        }
    }
    if n == 0 || sum == 0.0 {
        return 100.0;
    }
    (10.0 * (255.0 * 255.0 * n as f64 / sum).log10()).min(100.0)
}

/// The figures of one restored picture beside its target.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// RGB PSNR in dB.
    pub psnr: f64,
    /// The same over the pixels that the source picture has.
    pub psnr_inside: f64,
    /// PSNR of luma in dB.
    pub psnr_y: f64,
    /// SSIM, mean of the three channels.
    pub ssim: f64,
    /// SSIM of luma.
    pub ssim_y: f64,
    /// MS-SSIM, mean of the three channels.
    pub ms_ssim: f64,
    /// RGB PSNR, luma's, SSIM and luma's SSIM over the face's features alone (the pixels whose heat
    /// is above [`FEATURES`]); no number without a heatmap, or where it is 0. SSIM counts where its
    /// window is centred on such a pixel. MS-SSIM's coarse scales know no features.
    pub features: [f64; 4],
}

impl Score {
    /// The figures' names, in the order of [`Score::values`].
    pub const NAMES: [&str; 10] = [
        "psnr",
        "psnr_inside",
        "psnr_y",
        "ssim",
        "ssim_y",
        "ms_ssim",
        "psnr_features",
        "psnr_y_features",
        "ssim_features",
        "ssim_y_features",
    ];

    /// Compares two 128x128 RGB pictures; `outside` says which pixels were mirrored, `features`
    /// which belong to the face's features (empty without a heatmap).
    pub fn of(restored: &[u8], target: &[u8], outside: &[bool], features: &[bool]) -> Self {
        let a = Planes::rgb(restored, HR_SIDE, HR_SIDE);
        let b = Planes::rgb(target, HR_SIDE, HR_SIDE);
        let (ya, yb) = (a.luma(), b.luma());
        let inside: Vec<bool> = outside.iter().map(|o| !o).collect();
        let features = if features.contains(&true) {
            [
                psnr(&a, &b, Some(features)),
                psnr(&ya, &yb, Some(features)),
                ssim_where(&a, &b, features),
                ssim_where(&ya, &yb, features),
            ]
        } else {
            [f64::NAN; 4]
        };
        Score {
            features,
            psnr: psnr(&a, &b, None),
            psnr_inside: psnr(&a, &b, Some(&inside)),
            psnr_y: psnr(&ya, &yb, None),
            ssim: ssim(&a, &b),
            ssim_y: ssim(&ya, &yb),
            ms_ssim: ms_ssim(&a, &b),
        }
    }

    /// The figures in the order of [`Score::NAMES`].
    pub fn values(&self) -> [f64; 10] {
        let [psnr_f, psnr_y_f, ssim_f, ssim_y_f] = self.features;
        [
            self.psnr,
            self.psnr_inside,
            self.psnr_y,
            self.ssim,
            self.ssim_y,
            self.ms_ssim,
            psnr_f,
            psnr_y_f,
            ssim_f,
            ssim_y_f,
        ]
    }
}

/// Mean and half the width of its 95 % confidence interval (1.96 standard errors), of the values
/// that are numbers.
pub fn mean_and_interval(values: &[f64]) -> (f64, f64) {
    let values: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, 1.96 * (variance / n).sqrt())
}
