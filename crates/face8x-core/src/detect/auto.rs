//! The default detector: YuNet, and the landmarks of every face that it finds.

use super::yunet::{self, YuNet};
use super::{Detector, SearchOptions, takes_no_value};
use crate::Result;
use crate::convert::LumaSource;
use crate::face::Detection;
use crate::frame::Frame;
use crate::landmarks::LandmarkFinder;

/// Confidence from which the landmarks of a detection count.
const SURE: f32 = 0.5;

/// The detector `auto`: YuNet, whose landmarks the landmark network improves where it is sure.
struct WithLandmarks {
    detector: YuNet,
    points: LandmarkFinder,
}

/// Opens `auto`.
///
/// # Errors
/// A usage error where a value follows; the program file is damaged.
pub(super) fn open(value: &str, options: &SearchOptions) -> Result<Box<dyn Detector>> {
    if !value.is_empty() {
        return Err(takes_no_value("auto", value)
            .remedy("write auto; --min-face sets how small the faces are that it looks for"));
    }
    Ok(Box::new(WithLandmarks {
        detector: yunet::embedded(options)?,
        points: LandmarkFinder::new()?,
    }))
}

impl Detector for WithLandmarks {
    fn name(&self) -> String {
        format!("{} with landmarks", self.detector.name())
    }

    fn needs_pixels(&self) -> bool {
        true
    }

    fn detect(&mut self, picture: &Frame, found: &mut Vec<Detection>) -> Result<()> {
        self.detector.detect(picture, found)?;
        let picture = LumaSource::from(picture);
        for detection in found.iter_mut() {
            // The second search is in a crop that the first has centred and turned upright.
            for _ in 0..2 {
                let points = detection
                    .to_canonical()
                    .and_then(|at| self.points.find(&picture, &at))
                    .filter(|points| points.confidence > SURE);
                let landmarks = points.map(|points| points.landmarks);
                detection.landmarks = landmarks.or(detection.landmarks);
            }
        }
        found.retain(|face| self.detector.is_large_enough(face));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::*;
    use crate::geometry::{Landmarks, Point, Similarity, canonical};
    use crate::testing::scene;

    /// Mean distance of the landmarks from the truth by the eye distance.
    fn error(found: &Landmarks, truth: &Landmarks) -> f32 {
        let apart = |p: &Point, q: &Point| (p.x - q.x).hypot(p.y - q.y);
        let sum: f32 = found.iter().zip(truth).map(|(p, q)| apart(p, q)).sum();
        sum / 5.0 / apart(&truth[0], &truth[1])
    }

    #[test]
    fn turned_faces_have_their_landmarks() {
        let mut portraits = scene::Portraits::new(320, 240);
        let mut finder = LandmarkFinder::new().unwrap();
        for (apart, angle) in [(18.0, 0.0), (28.0, 0.25), (40.0, -0.25), (60.0, 0.1)] {
            let placed = portraits.placed(Point::new(160.0, 100.0), apart, angle);
            let truth = portraits.landmarks(&placed);
            let picture = LumaSource::from(portraits.draw(1, &[placed], false));
            let upright = canonical::face_box(&canonical::from_landmarks(&truth).unwrap());
            let mut at = canonical::from_box(&upright).unwrap();
            let mut found = finder.find(&picture, &at).unwrap();
            for _ in 0..3 {
                at = canonical::from_landmarks(&found.landmarks).unwrap();
                found = finder.find(&picture, &at).unwrap();
            }
            let off = error(&found.landmarks, &truth);
            assert!(found.confidence > 0.9, "{apart} {angle}: {found:?}");
            assert!(off < 0.12, "{apart} {angle}: {off}");
        }
    }

    #[test]
    fn walls_and_noise_are_no_faces() {
        let mut finder = LandmarkFinder::new().unwrap();
        let mut textures = scene::Scene::new(320, 240, 1);
        let mut portraits = scene::Portraits::new(320, 240);
        for picture in [
            textures.draw(0, &[]).clone(),
            portraits.draw(0, &[], false).clone(),
        ] {
            let picture = LumaSource::from(&picture);
            let at = canonical::from_box(&crate::geometry::Rect::new(100.0, 60.0, 90.0, 90.0));
            let found = finder.find(&picture, &at.unwrap()).unwrap();
            assert!(found.confidence < 0.5, "{found:?}");
        }
        let at = Similarity::IDENTITY;
        assert_eq!(
            finder.find(
                &LumaSource::from(&crate::downscaled::Downscaled::default()),
                &at
            ),
            None
        );
    }

    /// On photographs that are not in this repository.
    #[test]
    fn celebas_landmarks_are_found() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/celeba");
        let Ok(list) = std::fs::read_to_string(folder.join("list_landmarks_celeba.txt")) else {
            writeln!(std::io::stderr(), "skipped: no CelebA pictures").unwrap();
            return;
        };
        let mut detector = open("", &SearchOptions::PHOTO).unwrap();
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
            let (width, height) = (picture.width(), picture.height());
            let frame = Frame::from_rgb(width, height, picture.into_rgb8().into_raw()).unwrap();
            detector.detect(&frame, &mut found).unwrap();
            pictures += 1;
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
        assert!(100 * found >= 98 * pictures, "{found} of {pictures}");
        assert!(mean < 0.08, "{mean}");
    }
}
