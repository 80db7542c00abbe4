//! Five points and a confidence of a face whose place is roughly known, by the landmark network.

use super::{CROP_SIDE, LandmarkNetwork, LumaCrop};
use crate::convert::LumaSource;
use crate::geometry::canonical::LANDMARK_CROP;
use crate::geometry::{Landmarks, Point, Rect, Similarity};
use crate::resample::Pyramid;
use crate::{Error, Result};

/// How steep the network's confidence is: the probability of a face is
/// 1 / (1 + exp(-STEEPNESS (c - 1/2))).
const STEEPNESS: f32 = 20.0;

/// What the network says of a crop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LandmarkEstimate {
    /// In frame coordinates.
    pub landmarks: Landmarks,
    /// The probability that the crop shows a face, 0 to 1.
    pub confidence: f32,
}

/// Finds the landmarks of faces whose places are roughly known. It allocates nothing after the first.
pub struct LandmarkFinder {
    network: LandmarkNetwork,
    crop: Box<LumaCrop>,
    region: Pyramid,
    failures: u64,
}

impl LandmarkFinder {
    /// Loads the embedded network.
    ///
    /// # Errors
    /// The program file is damaged.
    pub fn new() -> Result<Self> {
        Ok(LandmarkFinder {
            network: LandmarkNetwork::embedded()?,
            crop: Box::new([0; CROP_SIDE * CROP_SIDE]),
            region: Pyramid::default(),
            failures: 0,
        })
    }

    /// Which operators run the network.
    pub fn engine(&self) -> &str {
        self.network.engine()
    }

    /// Finds the landmarks of the face in `picture` for which `to_canonical` (frame to canonical face) is
    /// roughly right. `None` where there are no pixels, or the network failed; the first failure is logged.
    pub fn find(
        &mut self,
        picture: &LumaSource,
        to_canonical: &Similarity,
    ) -> Option<LandmarkEstimate> {
        let back = to_canonical.invert();
        let centre = back.apply(LANDMARK_CROP.centre());
        // However it is turned.
        let across = std::f32::consts::SQRT_2 * LANDMARK_CROP.w * back.scale();
        let pixel = LANDMARK_CROP.w * back.scale() / CROP_SIDE as f32;
        let mut region = std::mem::take(&mut self.region);
        region.clear();
        let loaded = region.load(picture, Rect::square(centre, across), pixel);
        let points = loaded.then(|| self.look(&region, to_canonical)).flatten();
        self.region = region;
        points
    }

    /// The same, in a region of a picture that is loaded already.
    pub(crate) fn look(
        &mut self,
        region: &Pyramid,
        to_canonical: &Similarity,
    ) -> Option<LandmarkEstimate> {
        let zoom = CROP_SIDE as f32 / LANDMARK_CROP.w;
        let middle = CROP_SIDE as f32 / 2.0;
        let to_crop = to_canonical.then(&Similarity::about(
            LANDMARK_CROP.centre(),
            Point::new(middle, middle),
            zoom,
            0.0,
        ));
        let back = to_crop.invert();
        if !back.is_regular() || !region.crop(&back, CROP_SIDE, self.crop.as_mut_slice()) {
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
        Some(LandmarkEstimate {
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
