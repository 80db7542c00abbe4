//! What all of the camera's pixels, of this and the last frames, show of each face.

use face8x_core::Result;
use face8x_core::backproject::{BackProjector, FaceHistory, NoiseEstimator};
use face8x_core::frame::Frame;
use face8x_core::geometry::Similarity;
use face8x_core::restore::Sr;

/// Frames between two estimates of the camera's noise, which changes only with the light.
const NOISE_INTERVAL: u32 = 15;
/// The share of an estimate in the noise that is used.
const NOISE_SHARE: f32 = 0.3;

/// The frames of one face.
struct Followed {
    id: Option<u64>,
    history: FaceHistory,
}

/// Corrects the restored faces by the frames that they were seen in. Keeps its buffers.
pub struct CameraPixels {
    projector: BackProjector,
    followed: Vec<Followed>,
    estimator: NoiseEstimator,
    /// In levels; `None` before the first frame.
    noise: Option<f32>,
    frames: u32,
}

impl CameraPixels {
    /// For this many faces, of which the last `history` frames count (1: each by itself), before a
    /// camera whose optics blur by `optics` pixels (`None`: the faces show it): see [`BackProjector::new`].
    pub fn new(faces: usize, history: u32, optics: Option<f32>) -> CameraPixels {
        let followed = (0..faces).map(|_| Followed {
            id: None,
            history: FaceHistory::new(history),
        });
        CameraPixels {
            projector: BackProjector::new(optics),
            followed: followed.collect(),
            estimator: NoiseEstimator::default(),
            noise: None,
            frames: 0,
        }
    }

    /// How many faces there is room for.
    pub(super) fn faces(&self) -> usize {
        self.followed.len()
    }

    /// Forgets every face, the noise and the optics: another camera may come.
    pub(super) fn clear(&mut self) {
        self.followed.iter_mut().for_each(|face| face.id = None);
        self.noise = None;
        self.projector.forget_optics();
    }

    /// Forgets the faces that are not among `ids`, and estimates the noise when it is time.
    ///
    /// # Errors
    /// The frame is shorter than its size says.
    pub(super) fn begin_frame(
        &mut self,
        frame: &Frame,
        ids: impl Iterator<Item = u64> + Clone,
    ) -> Result<()> {
        for face in &mut self.followed {
            face.id = face.id.filter(|&id| ids.clone().any(|other| other == id));
        }
        if self.noise.is_none() || self.frames.is_multiple_of(NOISE_INTERVAL) {
            let found = self.estimator.estimate(frame)?;
            let before = self.noise.unwrap_or(found);
            self.noise = Some(before + NOISE_SHARE * (found - before));
        }
        self.frames = self.frames.wrapping_add(1);
        Ok(())
    }

    /// Makes the final picture of the face `id`, of which the network made `sr`. Returns how much of
    /// it is restored.
    ///
    /// # Errors
    /// As those of [`FaceHistory::update`].
    pub(super) fn correct(
        &mut self,
        frame: &Frame,
        id: u64,
        to_canonical: &Similarity,
        sr: &Sr,
        out: &mut Sr,
    ) -> Result<f32> {
        let known = self.followed.iter().position(|face| face.id == Some(id));
        let free = || self.followed.iter().position(|face| face.id.is_none());
        let Some(face) = known.or_else(free).map(|at| &mut self.followed[at]) else {
            out.copy_from_slice(sr);
            return Ok(1.0);
        };
        let noise = self.noise.unwrap_or_default();
        if face.id != Some(id) {
            face.id = Some(id);
            face.history.clear();
            self.projector
                .learn_optics(frame, to_canonical, noise, sr)?;
        }
        face.history
            .update(&mut self.projector, frame, to_canonical, noise, sr, out)
    }
}
