//! From a raw frame to restored faces: luma, track, align, restore, back-project.

use crate::compose::Restored;
use crate::host::status::{Fault, Faults};
use crate::pipeline::camera_pixels::CameraPixels;
use crate::pipeline::detector_thread::DetectorThread;
use crate::pipeline::search_pace::SearchPace;
use crate::{Result, pipeline::Stage, pipeline::Timings};
use face8x_core::align::Aligner;
use face8x_core::convert::LumaSource;
use face8x_core::detect::Detector;
use face8x_core::face::Face;
use face8x_core::frame::Frame;
use face8x_core::geometry::{HR_SIDE, LR_SIDE, Similarity};
use face8x_core::restore::{Lr, Restorer, Sr};
use face8x_core::track::{MAX_FACES, Tracker};

/// Room for one face.
struct FaceSlot {
    face: Face,
    lr: Box<Lr>,
    sr: Box<Sr>,
    picture: Box<Sr>,
    /// How much of the picture is restored.
    share: f32,
    to_canonical: Similarity,
}

impl FaceSlot {
    fn empty() -> FaceSlot {
        FaceSlot {
            face: Face::default(),
            lr: Box::new([0; LR_SIDE * LR_SIDE * 3]),
            sr: Box::new([0; HR_SIDE * HR_SIDE]),
            picture: Box::new([0; HR_SIDE * HR_SIDE]),
            share: 0.0,
            to_canonical: Similarity::IDENTITY,
        }
    }

    fn view(&self) -> Restored<'_> {
        Restored {
            face: self.face,
            lr: &self.lr,
            sr: &self.sr,
            picture: &self.picture,
            share: self.share,
            to_canonical: self.to_canonical,
        }
    }
}

/// The work thread's part of face finding, and the restorer. Keeps its buffers.
pub struct FaceStage {
    detector: DetectorThread,
    tracker: Tracker,
    pace: SearchPace,
    aligner: Aligner,
    restorer: Box<dyn Restorer>,
    restorer_line: String,
    camera_pixels: CameraPixels,
    /// At least one; more as they are needed.
    slots: Vec<FaceSlot>,
    max_faces: usize,
    found: usize,
    searched: Option<u64>,
    failures: u64,
}

impl FaceStage {
    /// Starts the detector's thread, follows what it finds by `tracker`, and restores as many faces
    /// as `camera_pixels` corrects.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn new(
        detector: Box<dyn Detector>,
        tracker: Tracker,
        restorer: Box<dyn Restorer>,
        camera_pixels: CameraPixels,
    ) -> Result<FaceStage> {
        Ok(FaceStage {
            detector: DetectorThread::start(detector)?,
            tracker,
            pace: SearchPace::default(),
            aligner: Aligner::new(),
            restorer_line: restorer.describe(),
            restorer,
            slots: vec![FaceSlot::empty()],
            max_faces: camera_pixels.faces(),
            camera_pixels,
            found: 0,
            searched: None,
            failures: 0,
        })
    }

    /// Finds and restores the faces of `frame` (raw, not MJPG): see [`FaceStage::restored`].
    ///
    /// # Errors
    /// The frame is shorter than its size says.
    // cross/frame.py counts frames by its calls.
    #[inline(never)]
    pub fn process(&mut self, frame: &Frame, timings: &mut Timings) -> Result<()> {
        timings.time(Stage::Convert, || self.search(frame));
        timings.time(Stage::Locate, || self.follow(frame));
        timings.time(Stage::Align, || self.align(frame))?;
        timings.time(Stage::Restore, || self.restore());
        timings.time(Stage::Backproject, || self.backproject(frame))
    }

    /// The faces of the last frame, the largest first, and how many of the array's they are.
    /// (An array, so that nothing is allocated.)
    pub fn restored(&self) -> ([Restored<'_>; MAX_FACES], usize) {
        let views = std::array::from_fn(|index| self.slots[index % self.slots.len()].view());
        (views, self.found)
    }

    /// All faces that are followed in the last frame, the largest first.
    pub(super) fn followed(&self) -> &[Face] {
        self.tracker.faces()
    }

    /// How many faces the last frame had, of those that are restored.
    pub fn found(&self) -> usize {
        self.found
    }

    /// Forgets the faces: the camera was lost.
    pub fn clear(&mut self) {
        self.found = 0;
        self.camera_pixels.clear();
    }

    /// The detector's name.
    pub fn detector(&self) -> &str {
        self.detector.name()
    }

    /// Which model restores by which engine.
    pub fn restorer(&self) -> &str {
        &self.restorer_line
    }

    /// Number of the newest frame that the detector, or for the faces that it follows the landmark
    /// network, has answered for.
    pub fn searched(&self) -> Option<u64> {
        self.searched
    }

    /// What went wrong so far, added to `faults`.
    pub fn faults(&self, faults: Faults) -> Faults {
        faults
            .set(Fault::SearchFailed, self.detector.failures())
            .set(Fault::SearchStalled, self.detector.stalls())
            .set(Fault::RestoreFailed, self.failures)
    }

    /// Gives the detector this frame, where it is idle and a search is due.
    fn search(&mut self, frame: &Frame) {
        let anybody = !self.tracker.faces().is_empty();
        if self.detector.idle() && self.pace.is_due(frame, anybody) {
            self.detector.offer(frame);
        }
    }

    fn follow(&mut self, frame: &Frame) {
        let picture = match self.detector.needs_pixels() {
            true => LumaSource::from(frame),
            false => LumaSource::without_pixels(frame),
        };
        let detections = self.detector.poll();
        if let Some(detections) = detections {
            self.searched = Some(detections.picture.sequence);
        }
        self.tracker.update(frame.timestamp, picture, detections);
        if self.tracker.settled() {
            self.searched = Some(frame.sequence);
        }
        self.found = 0;
        for face in self.tracker.faces().iter().take(self.max_faces) {
            if let Some(to_canonical) = face.detection.to_canonical() {
                if self.found == self.slots.len() {
                    self.slots.push(FaceSlot::empty());
                }
                let slot = &mut self.slots[self.found];
                (slot.face, slot.to_canonical) = (*face, to_canonical);
                self.found += 1;
            }
        }
    }

    fn align(&mut self, frame: &Frame) -> Result<()> {
        for slot in &mut self.slots[..self.found] {
            self.aligner.lr(frame, &slot.to_canonical, &mut slot.lr)?;
        }
        Ok(())
    }

    /// A face that the network fails on is left out of this frame; the first failure is logged.
    fn restore(&mut self) {
        let mut restored = 0;
        for index in 0..self.found {
            let slot = &mut self.slots[index];
            match self.restorer.restore(&slot.lr, &mut slot.sr) {
                Ok(()) => {
                    self.slots.swap(restored, index);
                    restored += 1;
                }
                Err(error) => {
                    if self.failures == 0 {
                        log::warn!("{error}; such faces are left out");
                    }
                    self.failures += 1;
                }
            }
        }
        self.found = restored;
    }

    fn backproject(&mut self, frame: &Frame) -> Result<()> {
        let slots = &mut self.slots[..self.found];
        self.camera_pixels
            .begin_frame(frame, slots.iter().map(|slot| slot.face.id))?;
        for slot in slots {
            let FaceSlot {
                face,
                sr,
                picture,
                share,
                to_canonical,
                ..
            } = slot;
            *share = self
                .camera_pixels
                .correct(frame, face.id, to_canonical, sr, picture)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use face8x_core::frame::PixelFormat;

    use super::*;
    use face8x_core::face::Detection;
    use face8x_core::geometry::Rect;

    /// Boxes side by side.
    struct RowDetector(usize);

    impl Detector for RowDetector {
        fn name(&self) -> String {
            "row".into()
        }

        fn needs_pixels(&self) -> bool {
            false
        }

        fn detect(&mut self, _: &Frame, found: &mut Vec<Detection>) -> Result<()> {
            found.clear();
            found.extend((0..self.0).map(|place| Detection {
                face_box: Rect::new(20.0 + 100.0 * place as f32, 40.0, 60.0, 60.0),
                landmarks: None,
                confidence: 1.0,
            }));
            Ok(())
        }
    }

    /// A network that fails on every second face.
    struct EverySecond(u32);

    impl Restorer for EverySecond {
        fn describe(&self) -> String {
            "every second".into()
        }

        fn restore(&mut self, _: &Lr, sr: &mut Sr) -> Result<()> {
            self.0 += 1;
            sr.fill(self.0);
            match self.0 % 2 {
                0 => Err(crate::Error::other("on purpose")),
                _ => Ok(()),
            }
        }
    }

    #[test]
    fn a_face_that_the_network_fails_on_is_left_out_alone() {
        let (detector, restorer) = (Box::new(RowDetector(4)), Box::new(EverySecond(0)));
        let camera_pixels = CameraPixels::new(4, 8, None);
        let mut stage = FaceStage::new(detector, Tracker::new(), restorer, camera_pixels).unwrap();
        let frame = Frame {
            format: PixelFormat::Grey,
            width: 440,
            height: 140,
            stride: 440,
            bytes: vec![90; 440 * 140],
            ..Frame::empty()
        };
        let mut timings = Timings::new().unwrap();
        stage.process(&frame, &mut timings).unwrap();
        let (faces, count) = stage.restored();
        let restored: Vec<u32> = faces[..count].iter().map(|face| face.sr[0]).collect();
        assert_eq!(restored, [1, 3]);
        assert_eq!(stage.found(), 2);
        let places: Vec<f32> = faces[..count]
            .iter()
            .map(|face| face.face.detection.face_box.x)
            .collect();
        assert_ne!(places[0], places[1]);
        let faults = stage.faults(Faults::default());
        assert_eq!(faults.count(Fault::RestoreFailed), 2);
    }
}
