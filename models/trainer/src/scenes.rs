//! Pictures as a face detector will be given them: a few small faces before something else.

use std::path::Path;

use face8x_core::geometry::canonical;
use face8x_core::{Error, Result};
use image::RgbImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;

use crate::prepare::{FaceFrom, Item, normal, official};
use crate::runner::{Runner, values};
use crate::{evaluate, files};

/// Size of every scene, in pixels.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
/// Sides of the canonical face in pixels of the scene, before it is enlarged.
const SMALLEST: f32 = 12.0;
const LARGEST: f32 = 96.0;
/// Faces that are pasted into a scene, where there is room.
const FACES: usize = 10;
/// Places that are tried for each.
const TRIES: usize = 20;
/// Standard deviations of the logarithm of the exposure's error, and largest one of the noise, in
/// levels.
const EXPOSURE: f32 = 0.25;
const NOISE: f32 = 4.0;

/// A picture of interleaved levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenePicture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

impl ScenePicture {
    /// Rows and columns.
    pub fn size(&self) -> (usize, usize) {
        (self.height, self.width)
    }

    /// The same picture with the first and the last of its three channels exchanged.
    pub fn reversed(mut self) -> Self {
        self.pixels
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .for_each(|pixel| pixel.reverse());
        self
    }
}

/// `n` scenes (RGB) of faces of 12 to 96 pixels, each second one enlarged twice. The same items and
/// seed make the same scenes.
///
/// # Errors
/// There are too few pictures whose face is known, or one cannot be read.
pub fn compose(items: &[Item], n: usize, seed: u64) -> Result<Vec<ScenePicture>> {
    let known: Vec<(&Item, f32)> = items
        .iter()
        .filter_map(|item| Some((item, side(&item.face)?)))
        .collect();
    if known.len() < 2 {
        return Err(
            Error::other("scenes need two pictures at least whose face is known")
                .remedy("name CelebA's folder, with a list of landmarks or the aligned pictures"),
        );
    }
    (0..n)
        .into_par_iter()
        .map(|k| {
            let mut rng = fastrand::Rng::with_seed(seed << 32 | k as u64);
            scene(&known, k % 2 == 1, &mut rng)
        })
        .collect()
}

/// `n` small pictures of noise around a random grey; its strength grows with the number, modulo 8.
pub fn noise(n: usize) -> Vec<ScenePicture> {
    let (width, height) = (128, 96);
    let picture = |k: usize| {
        let mut rng = fastrand::Rng::with_seed(k as u64);
        let (centre, reach) = (rng.i32(0..256), 1 << (k % 8 + 1));
        let levels =
            (0..width * height * 3).map(|_| (centre + rng.i32(-reach..=reach)).clamp(0, 255) as u8);
        ScenePicture {
            width,
            height,
            pixels: levels.collect(),
        }
    };
    (0..n).map(picture).collect()
}

/// Writes pictures of one size, with their first and last channels exchanged, and what a network
/// makes of them, as raw tensors: inputs-HEIGHTxWIDTH.u8, and floats in a file for each output.
///
/// # Errors
/// There are no pictures, tract cannot run the network, or a file cannot be written.
pub fn dump(
    network: &[u8],
    outputs: &[String],
    pictures: &[ScenePicture],
    folder: &Path,
) -> Result<()> {
    let Some((height, width)) = pictures.first().map(ScenePicture::size) else {
        return Err(Error::usage("there are no pictures to write"));
    };
    let runner = Runner::sized(network, None, (height, width))?;
    files::make_folder(folder)?;
    let reversed = pictures.iter().cloned().map(ScenePicture::reversed);
    let inputs: Vec<Vec<u8>> = reversed.map(|picture| picture.pixels).collect();
    let name = format!("inputs-{height}x{width}.u8");
    files::write(&folder.join(name), &evaluate::planar(&inputs))?;
    let made = inputs.par_iter().map(|input| runner.run(input));
    let made = made.collect::<Result<Vec<_>>>()?;
    for (k, name) in outputs.iter().enumerate() {
        let mut bytes = Vec::new();
        for tensors in &made {
            let floats = values::<f32>(&tensors[k])?;
            bytes.extend(floats.iter().flat_map(|v| v.to_le_bytes()));
        }
        files::write(&folder.join(format!("{name}.f32")), &bytes)?;
    }
    Ok(())
}

/// The canonical face's side in pixels of the picture.
fn side(face: &FaceFrom) -> Option<f32> {
    let base = match face {
        FaceFrom::Landmarks(landmarks) => canonical::from_landmarks(landmarks)?,
        FaceFrom::Official(_) => official(),
        FaceFrom::Unknown | FaceFrom::Detector => return None,
    };
    Some(canonical::side_of(&base))
}

fn scene(known: &[(&Item, f32)], enlarged: bool, rng: &mut fastrand::Rng) -> Result<ScenePicture> {
    let zoom = if enlarged { 2 } else { 1 };
    let (width, height) = (WIDTH / zoom, HEIGHT / zoom);
    let mut canvas = fill(&open(known[rng.usize(..known.len())].0)?, width, height);
    let mut taken: Vec<[u32; 4]> = Vec::new();
    for _ in 0..FACES {
        let (item, own) = known[rng.usize(..known.len())];
        let wanted = SMALLEST * (LARGEST / SMALLEST).powf(rng.f32());
        let picture = open(item)?;
        let size = |pixels: u32| ((pixels as f32 * wanted / own).round() as u32).max(1);
        let (w, h) = (size(picture.width()), size(picture.height()));
        if w >= width || h >= height {
            continue;
        }
        let free = |[x, y, w, h]: [u32; 4]| {
            taken
                .iter()
                .all(|t| x + w <= t[0] || t[0] + t[2] <= x || y + h <= t[1] || t[1] + t[3] <= y)
        };
        let place = (0..TRIES)
            .map(|_| [rng.u32(..width - w), rng.u32(..height - h), w, h])
            .find(|&place| free(place));
        if let Some(place) = place {
            let small = imageops::resize(&picture, w, h, FilterType::Triangle);
            imageops::replace(&mut canvas, &small, place[0].into(), place[1].into());
            taken.push(place);
        }
    }
    expose(&mut canvas, rng);
    if enlarged {
        canvas = imageops::resize(&canvas, WIDTH, HEIGHT, FilterType::Triangle);
    }
    Ok(ScenePicture {
        width: WIDTH as usize,
        height: HEIGHT as usize,
        pixels: canvas.into_raw(),
    })
}

/// The middle of a picture, large enough to fill a whole scene.
fn fill(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (w, h) = picture.dimensions();
    let kept = (w, (w * height / width).clamp(1, h));
    let top = (h - kept.1) / 2;
    let middle = imageops::crop_imm(picture, 0, top, kept.0, kept.1);
    imageops::resize(&middle.to_image(), width, height, FilterType::Triangle)
}

/// Another exposure, and noise.
fn expose(canvas: &mut RgbImage, rng: &mut fastrand::Rng) {
    let (gain, noise) = ((EXPOSURE * normal(rng)).exp(), NOISE * rng.f32());
    for level in canvas.iter_mut() {
        let seen = f32::from(*level) * gain + noise * normal(rng);
        *level = seen.round_ties_even().clamp(0.0, 255.0) as u8;
    }
}

fn open(item: &Item) -> Result<RgbImage> {
    files::picture(&item.path)
}
