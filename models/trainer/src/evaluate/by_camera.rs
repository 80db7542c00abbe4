//! Figures by the size of the face in a camera's picture.

use std::fmt::Write as _;

use face8x_core::Result;
use face8x_core::align::Aligner;
use face8x_core::backproject::{BackProjector, Canonical, FaceHistory};
use face8x_core::geometry::{HR_SIDE, Point, Similarity};
use face8x_core::pixel::{Sr, pack_rgb, unpack_rgb};
use rayon::prelude::*;

use super::{Case, Identity, sharpness};
use crate::camera::{AlignedFrame, Shot, take};
use crate::landmarks;
use crate::metrics::{Planes, mean_and_interval, psnr, ssim};
use crate::prepare::normal;
use crate::runner::Runner;

/// Sides of the face in camera pixels, and noise in levels at middle grey, that are measured.
pub const SIDES: [f32; 9] = [10.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 48.0, 64.0];
pub const NOISES: [f32; 4] = [0.0, 3.0, 6.0, 10.0];

/// The pictures that are compared with the face.
pub const WAYS: [&str; 3] = ["camera enlarged", "network", "final"];

/// Sides and noises of a validation.
const IN_TURN: [(f32, f32); 8] = [
    (12.0, 0.0),
    (16.0, 0.0),
    (16.0, 6.0),
    (20.0, 0.0),
    (24.0, 0.0),
    (24.0, 6.0),
    (32.0, 0.0),
    (48.0, 0.0),
];

/// From one frame to the next a face that is followed is misaligned anew by this share of its side.
const REGISTRATION: f32 = 0.01;

/// How the faces are seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraView {
    /// Side of the face in camera pixels.
    pub side: f32,
    /// Standard deviation of the noise at middle grey, in levels.
    pub noise: f32,
    /// The alignment's error by the detector's: 1 as measured, 0 none.
    pub misalignment: f32,
    /// Frames of which the final picture is made.
    pub frames: u32,
    /// Whether the camera works on its pixels: see [`Shot::worked_on`].
    pub processed: bool,
    /// The blur of the camera's optics in its pixels; `None` is that of [`Shot::plain`] or [`Shot::worked_on`].
    pub blur: Option<f32>,
    /// The blur that the correction takes the optics to have; `None`: each face shows it.
    pub optics: Option<f32>,
}

/// What one way to show the faces comes to, in means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    pub psnr: f64,
    pub ssim: f64,
    /// The contrast of neighbouring pixels by that of the face's own picture.
    pub sharpness: f64,
    /// By how many levels the last picture differs from the one before, on average; `None` of one frame.
    pub flicker: Option<f64>,
    /// Mean distance to the face by the descriptor, and the share of pictures that are nearest to
    /// their own face among all of them; `None` without a descriptor.
    pub identity: Option<(f64, f64)>,
}

/// By what faces are restored and measured.
#[derive(Clone, Copy)]
pub struct By<'a> {
    pub restorer: &'a Runner,
    /// Aligns faces that a detector misaligned.
    pub landmarks: Option<&'a Runner>,
    /// Tells whom a picture looks like.
    pub identity: Option<&'a Identity>,
}

/// The pictures of [`WAYS`], 128x128 RGB, of the last frame and of the one before.
type PicturesByWay = [[Vec<u8>; 2]; 3];

/// The figures of each of [`WAYS`]. The same cases are seen in the same way every time.
///
/// # Errors
/// tract failed.
pub fn camera_means(cases: &[Case], by: &By, view: &CameraView) -> Result<[Means; 3]> {
    let looked = cases.par_iter().enumerate();
    let pictures: Vec<PicturesByWay> = looked
        .map_init(Aligner::new, |aligner, (k, case)| {
            let mut rng = fastrand::Rng::with_seed(k as u64);
            look(&case.hr, by, view, aligner, &mut rng)
        })
        .collect::<Result<_>>()?;
    let mut means = [None; 3];
    for (way, mean) in means.iter_mut().enumerate() {
        let [shown, before] = [0, 1].map(|frame| -> Vec<&[u8]> {
            let pictures = pictures.iter().map(|all| all[way][frame].as_slice());
            pictures.collect()
        });
        let mut found = means_of(cases, &shown, by.identity)?;
        found.flicker = (view.frames > 1).then(|| flicker(&shown, &before));
        *mean = Some(found);
    }
    let [enlarged, network, last] = means;
    match (enlarged, network, last) {
        (Some(a), Some(b), Some(c)) => Ok([a, b, c]),
        _ => Err(face8x_core::Error::other("nothing was measured")),
    }
}

fn means_of(cases: &[Case], shown: &[&[u8]], identity: Option<&Identity>) -> Result<Means> {
    let scores = cases.par_iter().zip(shown);
    let scores: Vec<[f64; 3]> = scores
        .map(|(case, picture)| {
            let [a, b] = [*picture, &case.hr].map(|rgb| Planes::rgb(rgb, HR_SIDE, HR_SIDE));
            let sharper = sharpness(picture) / sharpness(&case.hr);
            [psnr(&a, &b, None), ssim(&a, &b), sharper]
        })
        .collect();
    let mean = |k: usize| {
        let values: Vec<f64> = scores.iter().map(|score| score[k]).collect();
        mean_and_interval(&values).0
    };
    Ok(Means {
        psnr: mean(0),
        ssim: mean(1),
        sharpness: mean(2),
        flicker: None,
        identity: identity.map(|known| known.recognise(shown)).transpose()?,
    })
}

/// What is shown of a face that is seen so.
fn look(
    hr: &[u8],
    by: &By,
    view: &CameraView,
    aligner: &mut Aligner,
    rng: &mut fastrand::Rng,
) -> Result<PicturesByWay> {
    let take_one = if view.processed {
        Shot::worked_on
    } else {
        Shot::plain
    };
    let mut shot = take_one(view.side, view.noise, view.misalignment, rng);
    shot.blur = view.blur.unwrap_or(shot.blur);
    let mut history = FaceHistory::new(view.frames);
    let mut projector = BackProjector::new(view.optics);
    let mut pictures = PicturesByWay::default();
    for frame in 0..view.frames.max(1) {
        let shot = match frame {
            0 => shot,
            _ => next_shot(&shot, view.misalignment, rng),
        };
        let mut capture = take(hr, &shot, rng)?;
        if let Some(network) = by.landmarks.filter(|_| view.misalignment > 0.0) {
            capture.similarity = landmarks::align(&capture, network)?;
        }
        let restored = by.restorer.restore(&capture.lr(aligner)?)?;
        let (sr, mut out) = (packed(&restored), Box::new([0; HR_SIDE * HR_SIDE]));
        let AlignedFrame {
            frame: seen,
            similarity,
        } = &capture;
        if frame == 0 {
            projector.learn_optics(seen, similarity, view.noise, &sr)?;
        }
        history.update(&mut projector, seen, similarity, view.noise, &sr, &mut out)?;
        let shown = [capture.enlarged(aligner)?, restored, unpacked(&out)];
        for ([last, before], shown) in pictures.iter_mut().zip(shown) {
            *before = std::mem::replace(last, shown);
        }
    }
    Ok(pictures)
}

/// The mean distance of pictures to others, in levels.
fn flicker(shown: &[&[u8]], before: &[&[u8]]) -> f64 {
    let apart = |(one, other): (&&[u8], &&[u8])| {
        let pairs = one.iter().zip(*other);
        let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(sum) / one.len() as f64
    };
    let distances: Vec<f64> = shown.iter().zip(before).map(apart).collect();
    mean_and_interval(&distances).0
}

/// The face in the next frame: its place among the pixels is another one, and so is a small part of the
/// alignment's error.
fn next_shot(first: &Shot, misalignment: f32, rng: &mut fastrand::Rng) -> Shot {
    let mut off = || misalignment * REGISTRATION * HR_SIDE as f32 * normal(rng);
    let moved = Point::new(off(), off());
    Shot {
        phase: [rng.f32(), rng.f32()],
        error: first
            .error
            .then(&Similarity::about(Point::default(), moved, 1.0, 0.0)),
        ..*first
    }
}

/// A restored face, corrected by what the camera saw of it, whose noise is known.
///
/// # Errors
/// None for a whole frame.
pub fn corrected(restored: &[u8], capture: &AlignedFrame, noise: f32) -> Result<Vec<u8>> {
    let mut projector = BackProjector::new(None);
    let mut picture = Canonical::default();
    let sr = packed(restored);
    picture.load(&sr);
    projector.learn_optics(&capture.frame, &capture.similarity, noise, &sr)?;
    projector.load(&capture.frame, &capture.similarity)?;
    projector.correct(noise, &mut picture);
    let mut out = Box::new([0; HR_SIDE * HR_SIDE]);
    picture.store(1.0, &mut out);
    Ok(unpacked(&out))
}

fn packed(rgb: &[u8]) -> Box<Sr> {
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    for (pixel, &[r, g, b]) in sr.iter_mut().zip(rgb.as_chunks::<3>().0) {
        *pixel = pack_rgb(r, g, b);
    }
    sr
}

fn unpacked(sr: &Sr) -> Vec<u8> {
    sr.iter().flat_map(|&pixel| unpack_rgb(pixel)).collect()
}

/// What a camera gave, and the noise in it, in levels.
pub type Noisy = (AlignedFrame, f32);

/// Faces as cameras see them, for the validation of a training: the cases with the camera's inputs, and
/// what the camera gave of each. Side and noise go in turn through a fixed list.
///
/// # Errors
/// None for whole faces.
pub fn photographed(cases: &[Case]) -> Result<(Vec<Case>, Vec<Noisy>)> {
    let taken = cases.par_iter().enumerate();
    let taken = taken.map_init(Aligner::new, |aligner, (k, case)| {
        let mut rng = fastrand::Rng::with_seed(k as u64);
        let (side, noise) = IN_TURN[k % IN_TURN.len()];
        let capture = take(&case.hr, &Shot::plain(side, noise, 0.0, &mut rng), &mut rng)?;
        let lr = capture.lr(aligner)?.to_vec();
        let seen = Case { lr, ..case.clone() };
        Ok((seen, (capture, noise)))
    });
    let taken: Vec<_> = taken.collect::<Result<_>>()?;
    Ok(taken.into_iter().unzip())
}

/// The head of a table of [`camera_row`]s.
pub fn camera_head() -> String {
    let ways = WAYS.join(" | ");
    let rule = "|---".repeat(2 * WAYS.len() + 1);
    let others: Vec<String> = WAYS
        .iter()
        .map(|way| format!("{way}, misaligned"))
        .collect();
    format!("| side, noise | {ways} | {} |\n{rule}|", others.join(" | "))
}

/// A row with the figures of [`WAYS`], aligned exactly and with the detector's error, or
/// by the landmark network from there.
///
/// # Errors
/// As for [`camera_means`].
pub fn camera_row(cases: &[Case], by: &By, view: &CameraView) -> Result<String> {
    let mut row = format!("| {}, {} |", view.side, view.noise);
    for misalignment in [0.0, 1.0] {
        let view = CameraView {
            misalignment,
            ..*view
        };
        for means in camera_means(cases, by, &view)? {
            let _ = write!(
                row,
                " {:.2} / {:.3} / {:.2}",
                means.psnr, means.ssim, means.sharpness
            );
            if let Some(flicker) = means.flicker {
                let _ = write!(row, " / {flicker:.2}");
            }
            if let Some((distance, share)) = means.identity {
                let _ = write!(row, " / {distance:.3} / {:.0} %", 100.0 * share);
            }
            row += " |";
        }
    }
    Ok(row)
}
