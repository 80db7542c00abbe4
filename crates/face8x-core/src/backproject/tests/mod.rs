//! Back-projection against a camera that is written from its definition, point by point.

mod blocks;
mod faults;
mod optics;
mod overlap;
mod people;
mod quality;

use super::*;
use crate::align::Aligner;
use crate::frame::PixelFormat;
use crate::geometry::{CANONICAL_LANDMARKS, HR_SIDE, LR_SIDE, Point};
use crate::portrait::{PORTRAIT, PORTRAIT_LANDMARKS};
use crate::restore::{self, Restorer};
use crate::testing::scene::noise;

/// The portrait, and the similarity from it to the canonical face.
struct Portrait {
    picture: image::RgbImage,
    to_canonical: Similarity,
}

impl Portrait {
    fn new() -> Self {
        Portrait {
            picture: image::load_from_memory(PORTRAIT).unwrap().into_rgb8(),
            to_canonical: Similarity::fit(&PORTRAIT_LANDMARKS, &CANONICAL_LANDMARKS).unwrap(),
        }
    }

    /// The portrait's colour at a place of the canonical face, in levels.
    fn at(&self, canonical: Point) -> [f32; 3] {
        let p = self.to_canonical.invert().apply(canonical);
        let (width, height) = self.picture.dimensions();
        let (x, y) = (
            (p.x - 0.5).clamp(0.0, (width - 2) as f32),
            (p.y - 0.5).clamp(0.0, (height - 2) as f32),
        );
        let (left, above) = (x as u32, y as u32);
        let (u, v) = (x - left as f32, y - above as f32);
        let mut sum = [0.0; 3];
        for (dx, dy, weight) in [
            (0, 0, (1.0 - u) * (1.0 - v)),
            (1, 0, u * (1.0 - v)),
            (0, 1, (1.0 - u) * v),
            (1, 1, u * v),
        ] {
            let pixel = self.picture.get_pixel(left + dx, above + dy);
            for (sum, &level) in sum.iter_mut().zip(&pixel.0) {
                *sum += weight * f32::from(level);
            }
        }
        sum
    }

    /// The truth, as a camera sees it that sees everything.
    fn truth(&self) -> Vec<[f32; 3]> {
        truth(|canonical| self.at(canonical))
    }

    /// What a camera sees: a frame with the face at `to_canonical`.
    fn frame(&self, size: (u32, u32), to_canonical: &Similarity, optics: f32, sigma: f32) -> Frame {
        shoot(size, optics, sigma, |at| self.at(to_canonical.apply(at)))
    }
}

/// 128x128 pixels of what lies at each place of the canonical face, each the mean of 3x3 points.
fn truth(at: impl Fn(Point) -> [f32; 3]) -> Vec<[f32; 3]> {
    let third = |k: usize| (2 * k + 1) as f32 / 6.0;
    (0..HR_SIDE * HR_SIDE)
        .map(|i| {
            let mut sum = [0.0; 3];
            for k in 0..9 {
                let x = (i % HR_SIDE) as f32 + third(k % 3);
                let y = (i / HR_SIDE) as f32 + third(k / 3);
                let colour = at(Point::new(x, y));
                sum.iter_mut().zip(colour).for_each(|(s, c)| *s += c / 9.0);
            }
            sum
        })
        .collect()
}

/// A frame of a scene of which `at` says the colour at each place, in pixels of the frame. Each pixel is the
/// mean over its square of what Gaussian optics of `optics` pixels make of the scene, with noise of a standard
/// deviation of `sigma` levels.
fn shoot(size: (u32, u32), optics: f32, sigma: f32, at: impl Fn(Point) -> [f32; 3]) -> Frame {
    let points = spread(optics);
    let mut bytes = Vec::new();
    for i in 0..(size.0 * size.1) as usize {
        let centre = Point::new(
            (i % size.0 as usize) as f32 + 0.5,
            (i / size.0 as usize) as f32 + 0.5,
        );
        let mut sum = [0.0; 3];
        for &(dy, wy) in &points {
            for &(dx, wx) in &points {
                let colour = at(Point::new(centre.x + dx, centre.y + dy));
                sum.iter_mut()
                    .zip(colour)
                    .for_each(|(s, c)| *s += wx * wy * c);
            }
        }
        for (k, level) in sum.into_iter().enumerate() {
            let level = level + sigma * normal(3 * i + k);
            bytes.push((level + 0.5) as u8);
        }
    }
    Frame {
        format: PixelFormat::Rgb3,
        width: size.0,
        height: size.1,
        stride: 3 * size.0 as usize,
        bytes,
        ..Frame::empty()
    }
}

/// The frame with noise of a standard deviation of `sigma` levels, another one for each `seed`.
fn noisy(frame: &Frame, sigma: f32, seed: usize) -> Frame {
    let level =
        |(k, &level): (usize, &u8)| (f32::from(level) + sigma * normal(seed + k) + 0.5) as u8;
    Frame {
        bytes: frame.bytes.iter().enumerate().map(level).collect(),
        ..frame.clone()
    }
}

/// The final picture of one frame, whose optics the face itself shows.
fn single(frame: &Frame, to_canonical: &Similarity, noise: f32, sr: &Sr) -> Box<Sr> {
    let mut projector = BackProjector::new(None);
    projector
        .learn_optics(frame, to_canonical, noise, sr)
        .unwrap();
    let mut out = Box::new([0; HR_SIDE * HR_SIDE]);
    FaceHistory::new(1)
        .update(&mut projector, frame, to_canonical, noise, sr, &mut out)
        .unwrap();
    out
}

/// Offsets and weights along one axis: every eighth of a pixel, the box convolved with the
/// Gaussian by its definition.
fn spread(optics: f32) -> Vec<(f32, f32)> {
    let gauss = |d: f32| (-d * d / (2.0 * optics * optics).max(1e-9)).exp();
    let steps = 5 + (32.0 * optics) as i32;
    let mut points: Vec<(f32, f32)> = (-steps..=steps)
        .map(|k| {
            let at = (k as f32) / 8.0;
            let weight = (-32..=32)
                .map(|j| j as f32 / 64.0)
                .map(|d| gauss(at - d))
                .sum::<f32>();
            (at, weight)
        })
        .filter(|(_, weight)| *weight > 1e-6)
        .collect();
    let sum: f32 = points.iter().map(|(_, weight)| weight).sum();
    points.iter_mut().for_each(|(_, weight)| *weight /= sum);
    points
}

/// A normal number for each `seed`: the sum of twelve even ones.
fn normal(seed: usize) -> f32 {
    let even = |k: usize| (f32::from(noise(12 * seed + k)) + 0.5) / 256.0;
    (0..12).map(even).sum::<f32>() - 6.0
}

/// A face of `side` camera pixels whose centre is at (x, y), turned by `angle`.
fn placed(x: f32, y: f32, side: f32, angle: f32) -> Similarity {
    let middle = HR_SIDE as f32 / 2.0;
    Similarity::about(
        Point::new(x, y),
        Point::new(middle, middle),
        HR_SIDE as f32 / side,
        angle,
    )
}

fn psnr(picture: impl Iterator<Item = [f32; 3]>, truth: &[[f32; 3]]) -> f32 {
    let squares = picture
        .zip(truth)
        .flat_map(|(a, b)| (0..3).map(move |k| (a[k].clamp(0.0, 255.0) - b[k]).powi(2)));
    let mean = squares.sum::<f32>() / (3 * truth.len()) as f32;
    20.0 * 255f32.log10() - 10.0 * mean.log10()
}

fn levels(sr: &Sr) -> impl Iterator<Item = [f32; 3]> {
    sr.iter()
        .map(|&pixel| crate::pixel::unpack_rgb(pixel).map(f32::from))
}

/// The network, and the camera's own pixels enlarged.
struct Studio {
    aligner: Aligner,
    restorer: Box<dyn Restorer>,
}

impl Studio {
    fn new() -> Self {
        Studio {
            aligner: Aligner::new(),
            restorer: restore::open("auto", None, 1).unwrap(),
        }
    }

    fn network(&mut self, frame: &Frame, to_canonical: &Similarity) -> Box<Sr> {
        let mut lr = [0; 3 * LR_SIDE * LR_SIDE];
        self.aligner.lr(frame, to_canonical, &mut lr).unwrap();
        let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
        self.restorer.restore(&lr, &mut sr).unwrap();
        sr
    }

    /// How near to the truth the camera's own pixels are, enlarged.
    fn camera_psnr(&mut self, frame: &Frame, to_canonical: &Similarity, truth: &[[f32; 3]]) -> f32 {
        psnr(self.enlarged(frame, to_canonical).into_iter(), truth)
    }

    fn enlarged(&mut self, frame: &Frame, to_canonical: &Similarity) -> Vec<[f32; 3]> {
        let mut face = Box::new([0; HR_SIDE * HR_SIDE]);
        self.aligner.face(frame, to_canonical, &mut face).unwrap();
        levels(&face).collect()
    }
}
