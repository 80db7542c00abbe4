//! Samples for the landmark network: grey crops of a face box that is a little off, and crops in
//! which there is no face.
//!
//! The crop is [`LANDMARK_CROP`] of the canonical face in 48x48 pixels of luma: an alignment by box or
//! by the last frame's landmarks gives it. Small faces are seen through [the camera](crate::camera).

use face8x_core::Result;
use face8x_core::geometry::canonical::{self, LANDMARK_CROP};
use face8x_core::geometry::{HR_SIDE, Landmarks, Point, Similarity};

use rayon::prelude::*;

use crate::camera::{self, AlignedFrame, Shot, TrainingCamera};
use crate::dataset::{SplitPictures, WIDE_SIDE, WIDE_SPAN};
use crate::network::Points;
use crate::prepare::{luma, normal};
use crate::runner::{Runner, values};

pub use figures::{LandmarkFigures, figures};

mod figures;

#[cfg(test)]
mod tests;

/// Side of the crop in pixels of the canonical face, and its centre.
const SPAN: f32 = LANDMARK_CROP.w;
const CENTRE: Point = LANDMARK_CROP.centre();

/// How far off the box is that a crop is cut by, as standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter {
    /// Of its centre, each way, in canonical pixels (the eyes are 28 apart).
    pub shift: f32,
    /// Of the logarithm of its side.
    pub scale: f32,
    /// Of its angle in radians.
    pub angle: f32,
}

impl Jitter {
    /// What the network is trained on: more than it will meet.
    pub const TRAINING: Jitter = Jitter {
        shift: 4.5,
        scale: 0.08,
        angle: 0.12,
    };
    /// A detector's box: 4 % of its side of 84 and 6 % in size.
    pub const DETECTOR: Jitter = Jitter {
        shift: 3.36,
        scale: 0.06,
        angle: 0.0,
    };
    /// A face that is followed, its crop cut by the landmarks of the last frame.
    pub const FOLLOWED: Jitter = Jitter {
        shift: 1.5,
        scale: 0.02,
        angle: 0.02,
    };

    /// YuNet's box of a face of `side` camera pixels.
    pub fn of_detector(side: f32) -> Jitter {
        let [_, shift, scale, angle] = camera::error_at(side);
        Jitter {
            shift: shift * HR_SIDE as f32,
            scale,
            angle,
        }
    }

    /// The larger of both errors.
    fn or_more(self, other: Jitter) -> Jitter {
        Jitter {
            shift: self.shift.max(other.shift),
            scale: self.scale.max(other.scale),
            angle: self.angle.max(other.angle),
        }
    }
}

/// Through what a face is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Through {
    /// Nothing: a face with more pixels than the crop.
    Nothing,
    /// A camera that sees a face of so many pixels a side, with noise of so many levels.
    Plain { side: f32, noise: f32 },
    /// Training: another light, mirrored or not, and for a share of the faces this camera.
    Training(Option<TrainingCamera>),
}

/// One in so many samples shows no face.
const NEGATIVES: usize = 4;

/// A crop and what is to be found in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// 48x48 levels.
    pub levels: Vec<u8>,
    /// The landmarks, 0 to 1 across the crop; none where there is no face.
    pub points: Option<Landmarks>,
}

/// A face in a box that is off by `jitter` (in training by no less than YuNet's of its size), or in
/// one of four cases none, of picture `k`, seen through `through`. Everything random comes from `rng`.
///
/// # Errors
/// The picture is damaged.
pub fn sample(
    section: &SplitPictures,
    k: usize,
    jitter: Jitter,
    through: &Through,
    rng: &mut fastrand::Rng,
) -> Result<Sample> {
    let picture = section.picture(k)?;
    let (levels, landmarks) = picture.wide();
    let train = matches!(through, Through::Training(_));
    let shot = match through {
        Through::Nothing | Through::Training(None) => None,
        Through::Plain { side, noise } => Some(Shot::plain(*side, *noise, 0.0, rng)),
        Through::Training(Some(camera)) => (rng.f32() < camera.share).then(|| camera.draw(rng)),
    };
    let jitter = match &shot {
        Some(shot) if train => jitter.or_more(Jitter::of_detector(shot.side)),
        _ => jitter,
    };
    let is_face = rng.usize(..NEGATIVES) != 0;
    let to_crop = match is_face {
        true => jittered(jitter, rng),
        false => beside(rng),
    };
    let flip = train && rng.bool();
    let mut crop = match &shot {
        None => cut(levels, WIDE_SIDE, &to_crop),
        Some(shot) => {
            let (seen, side, to_wide) = photograph(levels, shot, rng)?;
            cut(&seen, side, &to_wide.then(&to_crop))
        }
    };
    if !is_face && rng.u8(..4) == 0 {
        crop = texture(rng);
    }
    if flip {
        crop.chunks_exact_mut(Points::SIDE)
            .for_each(<[f32]>::reverse);
    }
    if train {
        // The camera has its own noise.
        let noise = if shot.is_none() { rng.f32() * 8.0 } else { 0.0 };
        relight(&mut crop, noise, rng);
    }
    let side = Points::SIDE as f32;
    let points = is_face.then(|| {
        let points = landmarks.map(|p| {
            let p = to_crop.apply(p);
            Point::new(if flip { side - p.x } else { p.x } / side, p.y / side)
        });
        let [a, b, c, d, e] = points;
        if flip { [b, a, c, e, d] } else { points }
    });
    let levels = to_bytes(&crop);
    Ok(Sample { levels, points })
}

/// The wide picture as a camera takes it: its luma, the side of that picture, and from it to the wide
/// picture.
fn photograph(
    wide: &[u8],
    shot: &Shot,
    rng: &mut fastrand::Rng,
) -> Result<(Vec<u8>, usize, Similarity)> {
    const { assert!(WIDE_SIDE == HR_SIDE) };
    let rgb: Vec<u8> = wide.iter().flat_map(|&level| [level; 3]).collect();
    let wider = Shot {
        side: shot.side * WIDE_SPAN / HR_SIDE as f32,
        error: Similarity::IDENTITY,
        ..*shot
    };
    let capture = camera::take(&rgb, &wider, rng)?;
    let pixels = capture.frame.bytes.as_chunks::<3>().0;
    let seen = pixels.iter().map(|&rgb| luma(rgb)).collect();
    Ok((seen, capture.frame.width as usize, capture.similarity))
}

/// Looks for the landmarks of a face in a camera's picture by a landmark network, and aligns by them. Where
/// they are no face's, or the network calls it none, the face stays as it was aligned.
///
/// # Errors
/// tract failed.
pub fn align(capture: &AlignedFrame, network: &Runner) -> Result<Similarity> {
    let side = Points::SIDE as f32;
    let middle = Point::new(side / 2.0, side / 2.0);
    let to_crop = Similarity::about(CENTRE, middle, side / SPAN, 0.0);
    let to_crop = capture.similarity.then(&to_crop);
    let pixels = capture.frame.bytes.as_chunks::<3>().0;
    let seen: Vec<u8> = pixels.iter().map(|&rgb| luma(rgb)).collect();
    let crop = to_bytes(&cut(&seen, capture.frame.width as usize, &to_crop));
    let found = values::<f32>(&network.run(&crop)?[0])?;
    let back = to_crop.invert();
    let point = |k: usize| Point::new(found[2 * k] * side, found[2 * k + 1] * side);
    let points: Landmarks = std::array::from_fn(|k| back.apply(point(k)));
    let aligned = canonical::from_landmarks(&points);
    let aligned = aligned.filter(|to| found[10] > 0.5 && canonical::is_face(to, &points));
    Ok(aligned.unwrap_or(capture.similarity))
}

fn to_bytes(levels: &[f32]) -> Vec<u8> {
    let byte = |v: &f32| v.round().clamp(0.0, 255.0) as u8;
    levels.iter().map(byte).collect()
}

/// From the wide picture to the canonical face.
fn to_canonical() -> Similarity {
    let middle = Point::new(WIDE_SIDE as f32 / 2.0, WIDE_SIDE as f32 / 2.0);
    let centre = Point::new(HR_SIDE as f32 / 2.0, HR_SIDE as f32 / 2.0);
    Similarity::about(middle, centre, WIDE_SPAN / WIDE_SIDE as f32, 0.0)
}

/// From the wide picture to a crop of `span` canonical pixels around `centre`, turned by `angle`.
fn crop_of(centre: Point, span: f32, angle: f32) -> Similarity {
    let middle = Point::new(Points::SIDE as f32 / 2.0, Points::SIDE as f32 / 2.0);
    let zoom = Points::SIDE as f32 / span;
    to_canonical().then(&Similarity::about(centre, middle, zoom, angle))
}

/// The crop of a box that is off by `jitter`.
fn jittered(jitter: Jitter, rng: &mut fastrand::Rng) -> Similarity {
    let Jitter {
        shift,
        scale,
        angle,
    } = jitter;
    let centre = Point::new(
        CENTRE.x + shift * normal(rng),
        CENTRE.y + shift * normal(rng),
    );
    crop_of(
        centre,
        SPAN * (scale * normal(rng)).exp(),
        angle * normal(rng),
    )
}

/// A crop that shows no face, a small part of one, or one that is much too small.
fn beside(rng: &mut fastrand::Rng) -> Similarity {
    let angle = rng.f32() * std::f32::consts::TAU;
    match rng.u8(..3) {
        0 => {
            let far = SPAN * (0.55 + 0.35 * rng.f32());
            let centre = Point::new(CENTRE.x + far * angle.cos(), CENTRE.y + far * angle.sin());
            crop_of(centre, SPAN * (0.8 + 0.4 * rng.f32()), 0.0)
        }
        1 => {
            let near = 25.0 * rng.f32();
            let centre = Point::new(CENTRE.x + near * angle.cos(), CENTRE.y + near * angle.sin());
            crop_of(centre, SPAN * (0.2 + 0.25 * rng.f32()), 0.0)
        }
        _ => {
            let corner = |rng: &mut fastrand::Rng| if rng.bool() { -28.0 } else { 156.0 };
            let centre = Point::new(corner(rng), corner(rng));
            crop_of(centre, SPAN * (0.25 + 0.3 * rng.f32()), angle)
        }
    }
}

/// The crop's levels, from a square picture: four bilinear samples for each pixel; beyond the edge its
/// pixels repeat.
fn cut(picture: &[u8], picture_side: usize, to_crop: &Similarity) -> Vec<f32> {
    let back = to_crop.invert();
    let last = picture_side as f32 - 1.0;
    let at = |p: Point| {
        let (x, y) = ((p.x - 0.5).clamp(0.0, last), (p.y - 0.5).clamp(0.0, last));
        let (x0, y0) = (x as usize, y as usize);
        let edge = picture_side - 1;
        let (x1, y1) = ((x0 + 1).min(edge), (y0 + 1).min(edge));
        let (u, v) = (x - x0 as f32, y - y0 as f32);
        let level = |x: usize, y: usize| f32::from(picture[y * picture_side + x]);
        let row = |y: usize| level(x0, y) * (1.0 - u) + level(x1, y) * u;
        row(y0) * (1.0 - v) + row(y1) * v
    };
    (0..Points::SIDE * Points::SIDE)
        .map(|k| {
            let (x, y) = ((k % Points::SIDE) as f32, (k / Points::SIDE) as f32);
            let samples = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
            samples
                .map(|(u, v)| at(back.apply(Point::new(x + u, y + v))))
                .iter()
                .sum::<f32>()
                / 4.0
        })
        .collect()
}

/// Waves and noise.
fn texture(rng: &mut fastrand::Rng) -> Vec<f32> {
    let (fx, fy, phase) = (rng.f32() * 1.5, rng.f32() * 1.5, rng.f32() * 6.0);
    let (mean, reach, noise) = (rng.f32() * 255.0, rng.f32() * 100.0, rng.f32() * 40.0);
    (0..Points::SIDE * Points::SIDE)
        .map(|k| {
            let (x, y) = ((k % Points::SIDE) as f32, (k / Points::SIDE) as f32);
            mean + reach * (fx * x + fy * y + phase).sin() + noise * normal(rng)
        })
        .collect()
}

/// Another light, and noise of so many levels.
fn relight(crop: &mut [f32], noise: f32, rng: &mut fastrand::Rng) {
    let (gain, offset) = ((0.25 * normal(rng)).exp(), 20.0 * normal(rng));
    for level in crop {
        *level = (*level - 128.0) * gain + 128.0 + offset + noise * normal(rng);
    }
}

/// The samples of a section, one of each picture, the same every time.
///
/// # Errors
/// A picture is damaged.
pub fn fixed_samples(
    section: &SplitPictures,
    jitter: Jitter,
    through: &Through,
    limit: usize,
) -> Result<Vec<Sample>> {
    (0..section.len().min(limit))
        .into_par_iter()
        .map(|k| {
            let mut rng = fastrand::Rng::with_seed(k as u64);
            sample(section, k, jitter, through, &mut rng)
        })
        .collect()
}
