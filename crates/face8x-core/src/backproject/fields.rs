//! Interlaced frames: a camera that takes every other row a field later combs what moves.

use super::filter::blurred;
use crate::resample::Rgbx;

/// By what factor neighbouring rows differ more than rows that are two apart, at least, where fields
/// are combed. A picture's neighbours differ less, and noise makes both the same.
const COMBED: f32 = 1.2;
/// How much neighbouring rows differ at least, in levels: what is calmer does no harm.
const LEAST_COMB: f32 = 4.0;

/// Blends rows with their neighbours where they are combed. Both fields then count, and what moved
/// between them is blurred. Returns whether they were.
pub(super) fn blend_combed(pixels: &mut [Rgbx], width: usize) -> bool {
    if width == 0 || pixels.len() < 4 * width {
        return false;
    }
    let mean = |distance: usize| {
        let pairs = pixels.iter().zip(&pixels[distance * width..]);
        let count = pairs.len();
        let apart = |(a, b): (&Rgbx, &Rgbx)| {
            (a[..3].iter().zip(b))
                .map(|(a, b)| (a - b).abs())
                .sum::<f32>()
                / 3.0
        };
        pairs.map(apart).sum::<f32>() / count as f32
    };
    let neighbours = mean(1);
    if neighbours < LEAST_COMB || neighbours < COMBED * mean(2) {
        return false;
    }
    let height = pixels.len() / width;
    for x in 0..width {
        let mut above = pixels[x];
        for y in 0..height {
            let here = pixels[y * width + x];
            let below = pixels[(y + 1).min(height - 1) * width + x];
            pixels[y * width + x] = blurred(&above, &here, &below);
            above = here;
        }
    }
    true
}
