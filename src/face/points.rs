//! Five points and a confidence of a face whose place is about known, by the landmark network.

use super::pyramid::Pyramid;
use super::{Detection, Locator, Reduced, Wants};
use crate::align;
use crate::geometry::{Landmarks, Point, Similarity};
use crate::restore::{CROP_SIDE, Crop, PointNetwork};
use crate::{Error, Result};

/// Side of the crop in pixels of the canonical face, and its centre there: as in training
/// (`models/trainer/src/landmarks`).
const SPAN: f32 = 112.0;
const CENTRE: Point = Point::new(64.0, 72.0);
/// How steep the network's confidence is: the probability of a face is
/// 1 / (1 + exp(-STEEPNESS (c - 1/2))).
const STEEPNESS: f32 = 20.0;

/// Confidence from which the landmarks of a detection count.
const SURE: f32 = 0.5;

/// What the network says of a crop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Points {
    /// In frame coordinates.
    pub landmarks: Landmarks,
    /// The probability that the crop shows a face, 0 to 1.
    pub confidence: f32,
}

/// Finds the landmarks of faces whose places are about known. It allocates nothing after
/// [`PointFinder::new`].
pub struct PointFinder {
    network: PointNetwork,
    crop: Box<Crop>,
    failures: u64,
}

impl PointFinder {
    /// Loads the embedded network.
    ///
    /// # Errors
    /// The program file is damaged.
    pub fn new() -> Result<Self> {
        Ok(PointFinder {
            network: PointNetwork::embedded()?,
            crop: Box::new([0; CROP_SIDE * CROP_SIDE]),
            failures: 0,
        })
    }

    /// Which operators run the network.
    pub fn engine(&self) -> &str {
        self.network.engine()
    }

    /// Looks at the face that `to_canonical` (frame to canonical face) is about right for. `None`
    /// where the picture has no pixels, or the network failed; the first failure is logged.
    pub(super) fn look(&mut self, picture: &Pyramid, to_canonical: &Similarity) -> Option<Points> {
        let zoom = CROP_SIDE as f32 / SPAN;
        let middle = CROP_SIDE as f32 / 2.0;
        let to_crop = to_canonical.then(&Similarity::about(
            CENTRE,
            Point::new(middle, middle),
            zoom,
            0.0,
        ));
        let back = to_crop.invert();
        if !back.is_regular() || !picture.crop(&back, CROP_SIDE, self.crop.as_mut_slice()) {
            return None;
        }
        let answer = match self.network.run(&self.crop) {
            Ok(answer) => answer,
            Err(error) => {
                self.report(&error);
                return None;
            }
        };
        let side = CROP_SIDE as f32;
        let point = |k: usize| Point::new(answer[2 * k] * side, answer[2 * k + 1] * side);
        Some(Points {
            landmarks: std::array::from_fn(|k| back.apply(point(k))),
            confidence: 1.0 / (1.0 + (-STEEPNESS * (answer[10] - 0.5)).exp()),
        })
    }

    fn report(&mut self, error: &Error) {
        if self.failures == 0 {
            log::warn!("{error}; faces are followed without landmarks");
        }
        self.failures += 1;
    }
}

/// The locator `auto`: rustface, and the landmarks of every face that it finds.
struct WithLandmarks {
    detector: Box<dyn Locator>,
    points: PointFinder,
    pyramid: Pyramid,
}

/// Opens `auto` or `auto:WIDTHxHEIGHT` (the size for [rustface](super::rustface)).
///
/// # Errors
/// As rustface; or the program file is damaged.
pub(super) fn open(value: &str) -> Result<Box<dyn Locator>> {
    Ok(Box::new(WithLandmarks {
        detector: super::rustface::open(value)?,
        points: PointFinder::new()?,
        pyramid: Pyramid::default(),
    }))
}

impl Locator for WithLandmarks {
    fn name(&self) -> String {
        format!("{} with landmarks", self.detector.name())
    }

    fn wants(&self) -> Wants {
        self.detector.wants()
    }

    fn locate(&mut self, picture: &Reduced, found: &mut Vec<Detection>) -> Result<()> {
        self.detector.locate(picture, found)?;
        if found.is_empty() || !self.pyramid.build(picture) {
            return Ok(());
        }
        for detection in found {
            // The second look is through a crop that the first has centred and turned upright.
            for _ in 0..2 {
                let looked = align::from_detection(detection)
                    .and_then(|at| self.points.look(&self.pyramid, &at))
                    .filter(|points| points.confidence > SURE);
                detection.landmarks = looked.map(|points| points.landmarks);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::*;
    use crate::face::{open, scene};

    /// Mean distance of the landmarks from the truth by the eye distance.
    fn error(found: &Landmarks, truth: &Landmarks) -> f32 {
        let apart = |p: &Point, q: &Point| (p.x - q.x).hypot(p.y - q.y);
        let sum: f32 = found.iter().zip(truth).map(|(p, q)| apart(p, q)).sum();
        sum / 5.0 / apart(&truth[0], &truth[1])
    }

    #[test]
    fn turned_faces_have_their_landmarks() {
        let mut portraits = scene::Portraits::new(320, 240);
        let mut finder = PointFinder::new().unwrap();
        let mut pyramid = Pyramid::default();
        for (apart, angle) in [(18.0, 0.0), (28.0, 0.25), (40.0, -0.25), (60.0, 0.1)] {
            let placed = portraits.placed(Point::new(160.0, 100.0), apart, angle);
            let truth = portraits.landmarks(&placed);
            assert!(pyramid.build(portraits.draw(1, &[placed], false)));
            let upright = align::face_box(&align::from_landmarks(&truth).unwrap());
            let mut at = align::from_box(&upright).unwrap();
            let mut found = finder.look(&pyramid, &at).unwrap();
            for _ in 0..3 {
                at = align::from_landmarks(&found.landmarks).unwrap();
                found = finder.look(&pyramid, &at).unwrap();
            }
            let off = error(&found.landmarks, &truth);
            assert!(found.confidence > 0.9, "{apart} {angle}: {found:?}");
            assert!(off < 0.12, "{apart} {angle}: {off}");
        }
    }

    #[test]
    fn walls_and_noise_are_no_faces() {
        let mut finder = PointFinder::new().unwrap();
        let mut pyramid = Pyramid::default();
        let mut textures = scene::Scene::new(320, 240, 1);
        let mut portraits = scene::Portraits::new(320, 240);
        for picture in [
            textures.draw(0, &[]).clone(),
            portraits.draw(0, &[], false).clone(),
        ] {
            pyramid.build(&picture);
            let at = align::from_box(&crate::geometry::Rect::new(100.0, 60.0, 90.0, 90.0));
            let found = finder.look(&pyramid, &at.unwrap()).unwrap();
            assert!(found.confidence < 0.5, "{found:?}");
        }
        let at = Similarity::IDENTITY;
        assert_eq!(finder.look(&Pyramid::default(), &at), None);
    }

    /// On photographs that are not in this repository.
    #[test]
    fn celebas_landmarks_are_found() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/celeba");
        let Ok(list) = std::fs::read_to_string(folder.join("list_landmarks_celeba.txt")) else {
            writeln!(std::io::stderr(), "skipped: no CelebA pictures").unwrap();
            return;
        };
        let mut locator = open("auto:640x480").unwrap();
        let (mut errors, mut pictures, mut found) = (Vec::new(), 0, Vec::new());
        for line in list.lines().skip(2).step_by(300) {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap();
            let numbers: Vec<f32> = words.map(|word| word.parse().unwrap()).collect();
            let truth: Landmarks =
                std::array::from_fn(|k| Point::new(numbers[2 * k], numbers[2 * k + 1]));
            let Ok(picture) = image::open(folder.join("img").join(name)) else {
                continue;
            };
            let (width, height) = (2 * picture.width(), 2 * picture.height());
            let filter = image::imageops::FilterType::Triangle;
            let luma = picture.resize_exact(width, height, filter).into_luma8();
            let reduced = scene::reduced(luma.into_raw(), width, height, 1, 1);
            locator.locate(&reduced, &mut found).unwrap();
            pictures += 1;
            let truth = truth.map(|p| Point::new(2.0 * p.x, 2.0 * p.y));
            let off = found.iter().filter_map(|face| face.landmarks);
            let least = off.map(|l| error(&l, &truth)).min_by(f32::total_cmp);
            errors.extend(least);
        }
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        let found = errors.len();
        writeln!(
            std::io::stderr(),
            "{found} of {pictures} faces, mean error {mean}"
        )
        .unwrap();
        assert!(10 * found >= 8 * pictures, "{found} of {pictures}");
        assert!(mean < 0.08, "{mean}");
    }
}
