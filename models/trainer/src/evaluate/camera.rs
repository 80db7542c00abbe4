//! Figures by the size of the face in a camera's picture.

use face8x_core::Result;
use face8x_core::align::Aligner;
use rayon::prelude::*;

use super::Case;
use crate::camera::{Shot, take};
use crate::metrics::{Score, mean_and_interval};
use crate::runner::Runner;

/// Sides of the face in camera pixels, and noise in levels at middle grey, that are measured.
pub const SIDES: [f32; 9] = [10.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 48.0, 64.0];
pub const NOISES: [f32; 4] = [0.0, 3.0, 6.0, 10.0];

/// The head of a table of [`camera_row`]s.
pub const CAMERA_HEAD: &str = concat!(
    "              exact alignment                     the detector's alignment\n",
    "side noise    camera enlarged  network            camera enlarged  network"
);

/// A line with the means of PSNR and SSIM of the camera's pixels, enlarged, and of what the network
/// makes of them: aligned exactly, and with the detector's error. The same cases are seen in the
/// same way every time.
///
/// # Errors
/// tract failed.
pub fn camera_row(cases: &[Case], runner: &Runner, side: f32, noise: f32) -> Result<String> {
    let mut line = format!("{side:4.0} {noise:5.0}");
    for misalignment in [0.0, 1.0] {
        let score = |aligner: &mut Aligner, (k, case): (usize, &Case)| -> Result<[Score; 2]> {
            let mut rng = fastrand::Rng::with_seed(k as u64);
            let shot = Shot::plain(side, noise, misalignment, &mut rng);
            let capture = take(&case.hr, &shot, &mut rng)?;
            let restored = runner.restore(&capture.lr(aligner)?)?;
            let of = |picture: &[u8]| Score::of(picture, &case.hr, &case.outside, &case.features);
            Ok([of(&capture.enlarged(aligner)?), of(&restored)])
        };
        let scores = cases.par_iter().enumerate();
        let scores: Vec<[Score; 2]> = scores
            .map_init(Aligner::new, score)
            .collect::<Result<_>>()?;
        line += "  ";
        for way in [0, 1] {
            let mean = |value: fn(&Score) -> f64| {
                let values: Vec<f64> = scores.iter().map(|pair| value(&pair[way])).collect();
                mean_and_interval(&values).0
            };
            line += &format!("  {:5.2} / {:.3}  ", mean(|s| s.psnr), mean(|s| s.ssim));
        }
    }
    Ok(line.trim_end().to_owned())
}
