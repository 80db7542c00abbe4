//! The default detector: YuNet, and a second look by the landmark network at every face that it finds.

use super::yunet::{self, YuNet};
use super::{Detector, SearchOptions, takes_no_value};
use crate::Result;
use crate::convert::LumaSource;
use crate::face::Detection;
use crate::frame::Frame;
use crate::landmarks::LandmarkFinder;

/// Confidence from which the landmarks of a look count.
const SURE: f32 = 0.5;
/// Confidence of the last look below which a detection is no face. YuNet takes animals' faces for
/// people's: `models/MODEL_CARD.md` has how many of them and of people's faces are left.
const LEAST: f32 = 0.3;
/// Looks at a face, each in a crop that the one before has centred and turned upright.
const LOOKS: usize = 3;

/// The detector `auto`: YuNet, whose landmarks the landmark network improves where it is sure, and whose
/// detections it refuses that are no faces.
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
        found.retain_mut(|face| {
            is_face(&mut self.points, &picture, face) && self.detector.is_large_enough(face)
        });
        Ok(())
    }
}

/// Looks at a face that was found, improves its landmarks, and says whether it is one. Where the network
/// cannot look, it is one.
fn is_face(points: &mut LandmarkFinder, picture: &LumaSource, face: &mut Detection) -> bool {
    let mut confidence = 1.0;
    for _ in 0..LOOKS {
        let look = face.to_canonical().and_then(|at| points.find(picture, &at));
        let Some(seen) = look else { break };
        confidence = seen.confidence;
        if confidence <= SURE {
            break;
        }
        face.landmarks = Some(seen.landmarks);
    }
    confidence >= LEAST
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::geometry::{Landmarks, Point, Similarity, canonical};
    use crate::testing::{celeba, scene};

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

    /// In stills and in live pictures.
    #[test]
    fn a_cats_face_that_yunet_takes_for_one_is_refused() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/face/chelsea.jpg");
        let cat = image::open(file).unwrap().into_rgb8();
        let frame = Frame::from_rgb(cat.width(), cat.height(), cat.into_raw()).unwrap();
        for options in [SearchOptions::PHOTO, SearchOptions::LIVE] {
            let mut found = Vec::new();
            let mut first_look = yunet::embedded(&options).unwrap();
            first_look.detect(&frame, &mut found).unwrap();
            assert_eq!(found.len(), 1, "{found:?}");
            open("", &options)
                .unwrap()
                .detect(&frame, &mut found)
                .unwrap();
            assert!(found.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn walls_and_noise_are_no_faces() {
        let mut finder = LandmarkFinder::new().unwrap();
        let mut textures = scene::SquaresScene::new(320, 240, 1);
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
        let mut detector = open("", &SearchOptions::PHOTO).unwrap();
        let (mut errors, mut pictures, mut found) = (Vec::new(), 0, Vec::new());
        for (picture, truth) in celeba::faces(300) {
            let (width, height) = (picture.width(), picture.height());
            let frame = Frame::from_rgb(width, height, picture.into_raw()).unwrap();
            detector.detect(&frame, &mut found).unwrap();
            pictures += 1;
            let off = found.iter().filter_map(|face| face.landmarks);
            let least = off.map(|l| error(&l, &truth)).min_by(f32::total_cmp);
            errors.extend(least);
        }
        if pictures == 0 {
            return;
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
