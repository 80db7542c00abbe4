//! What a camera does to a picture, step by step.

use face8x_core::convert::LUMA_WEIGHTS;
use face8x_core::geometry::HR_SIDE;
use face8x_core::{Error, Result};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::imageops::{self, FilterType};
use image::{DynamicImage, ExtendedColorType, RgbImage};

use crate::prepare::normal;

/// A square picture of RGB levels, which need not be whole numbers.
pub struct Seen {
    pub side: usize,
    pub levels: Vec<f32>,
}

impl Seen {
    /// Rounded and clamped.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.levels
            .iter()
            .map(|v| v.round_ties_even().clamp(0.0, 255.0) as u8)
            .collect()
    }

    /// Makes 8-bit levels of all.
    pub fn round(&mut self) {
        for level in &mut self.levels {
            *level = level.round_ties_even().clamp(0.0, 255.0);
        }
    }

    /// The levels of the pixel at (x, y); beyond the edge those of the edge.
    fn pixel(&self, x: i32, y: i32) -> [f32; 3] {
        let last = self.side as i32 - 1;
        let at = (y.clamp(0, last) * self.side as i32 + x.clamp(0, last)) as usize * 3;
        [self.levels[at], self.levels[at + 1], self.levels[at + 2]]
    }

    /// The same picture with each pixel made anew, from itself and its place.
    fn filter(&mut self, make: impl Fn(&Seen, i32, i32) -> [f32; 3]) {
        let side = self.side as i32;
        self.levels = (0..side * side)
            .flat_map(|k| make(self, k % side, k / side))
            .collect();
    }
}

/// A 128x128 face at `side` x `side` pixels.
pub fn reduce(hr: &[u8], side: usize) -> Seen {
    let picture = RgbImage::from_raw(HR_SIDE as u32, HR_SIDE as u32, hr.to_vec());
    let levels = match picture {
        Some(picture) if side != HR_SIDE => {
            imageops::resize(&picture, side as u32, side as u32, FilterType::CatmullRom).into_raw()
        }
        _ => hr.to_vec(),
    };
    Seen {
        side,
        levels: levels.into_iter().map(f32::from).collect(),
    }
}

/// Sensor noise: its variance grows with the light (shot noise) from a floor (read noise); at
/// middle grey its standard deviation is `sd` levels.
pub fn noise(seen: &mut Seen, sd: f32, rng: &mut fastrand::Rng) {
    for level in &mut seen.levels {
        let light = (level.max(0.0) / 128.0).min(2.0);
        *level += sd * (0.3 + 0.7 * light).sqrt() * normal(rng);
    }
}

/// Gaussian blur of standard deviation `sd` pixels; pixels beyond the edge repeat it.
pub fn blur(seen: &mut Seen, sd: f32) {
    if sd < 0.1 {
        return;
    }
    let reach = (3.0 * sd).ceil() as i32;
    let kernel: Vec<f32> = (-reach..=reach)
        .map(|k| (-(k * k) as f32 / (2.0 * sd * sd)).exp())
        .collect();
    let total: f32 = kernel.iter().sum();
    let side = seen.side as i32;
    let pass = |from: &[f32], dx: i32, dy: i32| -> Vec<f32> {
        (0..from.len() as i32)
            .map(|k| {
                let (x, y, c) = (k / 3 % side, k / 3 / side, k % 3);
                let sum: f32 = (-reach..=reach)
                    .zip(&kernel)
                    .map(|(t, w)| {
                        let (x, y) = (
                            (x + t * dx).clamp(0, side - 1),
                            (y + t * dy).clamp(0, side - 1),
                        );
                        w * from[((y * side + x) * 3 + c) as usize]
                    })
                    .sum();
                sum / total
            })
            .collect()
    };
    let rows = pass(&seen.levels, 1, 0);
    seen.levels = pass(&rows, 0, 1);
}

/// Chroma at half the columns (4:2:2), or at half the rows as well (4:2:0).
pub fn coarse_chroma(seen: &mut Seen, rows_too: bool) {
    let (side, tall) = (seen.side, if rows_too { 2 } else { 1 });
    for y0 in (0..side).step_by(tall) {
        for x0 in (0..side).step_by(2) {
            let block: Vec<usize> = (y0..(y0 + tall).min(side))
                .flat_map(|y| (x0..(x0 + 2).min(side)).map(move |x| (y * side + x) * 3))
                .collect();
            let luma = |l: &[f32], k: usize| luma(&l[k..k + 3]);
            for c in [0, 2] {
                let levels = &seen.levels;
                let sum: f32 = block.iter().map(|&k| levels[k + c] - luma(levels, k)).sum();
                let mean = sum / block.len() as f32;
                for &k in &block {
                    set_difference(&mut seen.levels[k..k + 3], c, mean);
                }
            }
        }
    }
}

/// Gives a pixel the colour difference `difference` of channel `c` (0 red, 2 blue) and keeps its
/// luma and its other colour difference.
fn set_difference(rgb: &mut [f32], c: usize, difference: f32) {
    let luma = luma(rgb);
    rgb[c] = luma + difference;
    rgb[1] = (luma - LUMA_WEIGHTS[0] * rgb[0] - LUMA_WEIGHTS[2] * rgb[2]) / LUMA_WEIGHTS[1];
}

fn luma(rgb: &[f32]) -> f32 {
    LUMA_WEIGHTS[0] * rgb[0] + LUMA_WEIGHTS[1] * rgb[1] + LUMA_WEIGHTS[2] * rgb[2]
}

/// Multiplies red, green and blue; what is too bright saturates.
pub fn gains(seen: &mut Seen, gains: [f32; 3]) {
    for (k, level) in seen.levels.iter_mut().enumerate() {
        *level = (*level * gains[k % 3]).clamp(0.0, 255.0);
    }
}

/// Smooths noise: each level becomes the mean of those of its 3x3 neighbours that differ by no more
/// than `reach` levels (the sigma filter: Lee 1983).
pub fn denoise(seen: &mut Seen, reach: f32) {
    if reach <= 0.0 {
        return;
    }
    seen.filter(|seen, x, y| {
        let own = seen.pixel(x, y);
        let (mut sums, mut counts) = ([0.0; 3], [0.0f32; 3]);
        for k in 0..9 {
            let other = seen.pixel(x + k % 3 - 1, y + k / 3 - 1);
            for c in 0..3 {
                if (other[c] - own[c]).abs() <= reach {
                    sums[c] += other[c];
                    counts[c] += 1.0;
                }
            }
        }
        std::array::from_fn(|c| sums[c] / counts[c])
    });
}

/// Adds `amount` times what a 3x3 binomial blur takes away (unsharp masking); the result saturates.
pub fn sharpen(seen: &mut Seen, amount: f32) {
    if amount <= 0.0 {
        return;
    }
    seen.filter(|seen, x, y| {
        let own = seen.pixel(x, y);
        let mut blurred = [0.0; 3];
        for k in 0..9i32 {
            let (dx, dy) = (k % 3 - 1, k / 3 - 1);
            let weight = ((2 - dx.abs()) * (2 - dy.abs())) as f32 / 16.0;
            let other = seen.pixel(x + dx, y + dy);
            for c in 0..3 {
                blurred[c] += weight * other[c];
            }
        }
        std::array::from_fn(|c| (own[c] + amount * (own[c] - blurred[c])).clamp(0.0, 255.0))
    });
}

/// Through JPEG and back, as a part of a larger picture: the corner lies at `place` in a block, and
/// the edges' pixels go on around it.
pub fn jpeg_at(seen: &mut Seen, quality: u8, place: [usize; 2]) -> Result<()> {
    let (side, [x0, y0]) = (seen.side, place.map(|p| p as i32));
    let larger = side + place[0].max(place[1]);
    let pixel = |k: usize| seen.pixel((k % larger) as i32 - x0, (k / larger) as i32 - y0);
    let mut padded = Seen {
        side: larger,
        levels: (0..larger * larger).flat_map(pixel).collect(),
    };
    jpeg(&mut padded, quality)?;
    seen.filter(|_, x, y| padded.pixel(x + x0, y + y0));
    Ok(())
}

/// Through JPEG and back.
pub fn jpeg(seen: &mut Seen, quality: u8) -> Result<()> {
    let side = seen.side as u32;
    let failed = |error: image::ImageError| {
        Error::other(format!("cannot pass a face through JPEG: {error}"))
    };
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality)
        .encode(&seen.to_bytes(), side, side, ExtendedColorType::Rgb8)
        .map_err(failed)?;
    let decoder = JpegDecoder::new(std::io::Cursor::new(file)).map_err(failed)?;
    let picture = DynamicImage::from_decoder(decoder)
        .map_err(failed)?
        .into_rgb8();
    seen.levels = picture.into_raw().into_iter().map(f32::from).collect();
    Ok(())
}
