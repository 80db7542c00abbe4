//! SeetaFace's frontal face detector, by the crate `rustface`.

use std::cell::Cell;
use std::io::Cursor;

use ::rustface::{Detector, ImageData, create_detector_with_model, read_model};

use super::{Detection, Locator, Reduced, TRACK_SIZE, Wants, square};
use crate::geometry::Point;
use crate::{Error, Result};

/// The frontal cascade of the SeetaFace engine (BSD-2-Clause), as it comes with rustface 0.1.7.
const MODEL: &[u8] = include_bytes!("../../models/seeta_fd_frontal_v1.0.bin");

// rustface's box against the face box by landmarks, measured on 600 CelebA pictures at box sides of
// 28 to 125 pixels of a 320x240 picture (564 found, one false): medians of the offset of the centre
// and of the ratio of the sides, by rustface's width. Standard deviation of what remains: centre 5 %
// of the side across (most of it faces that look aside) and 3 % down, size 7 %.
const OFFSET_X: f32 = 0.010;
const OFFSET_Y: f32 = 0.080;
const SCALE: f32 = 1.178;

/// The cascade's last score from which a face counts. On the pictures above, 2.8 finds as many as
/// 2.0 (94 %), 1.0 finds 97 % and 4.5 finds 87 %.
const SCORE: f64 = 2.8;
/// The cascade's window: smaller pictures cannot be searched.
const WINDOW: u32 = 40;
/// Largest side of a picture to search; one of this size takes minutes on a small board.
const MAX_SIDE: u32 = 4096;

/// The locator `rustface`. The smallest box it finds is about 28 pixels of the reduced picture.
///
/// On a still face with camera noise its box moves by 1.5 % of its side (standard deviation) and
/// changes its size by 4 %, at worst 10 to 12 % from one search to the next, because the search goes
/// over sizes 25 % apart: the tracker smooths that away.
pub(super) struct Rustface {
    width: u32,
    height: u32,
}

/// Opens `rustface` or `rustface:WIDTHxHEIGHT` (the size that the luma must fit).
///
/// # Errors
/// A usage error where that is not a size of 40 to 4096 each way.
pub(super) fn open(value: &str) -> Result<Box<dyn Locator>> {
    let size = match value {
        "" => Some(TRACK_SIZE),
        _ => value
            .split_once('x')
            .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?))),
    };
    match size {
        Some((width, height))
            if [width, height]
                .iter()
                .all(|side| (WINDOW..=MAX_SIDE).contains(side)) =>
        {
            Ok(Box::new(Rustface { width, height }))
        }
        _ => Err(
            Error::usage(format!("'{value}' is not a size that rustface can search")).remedy(
                format!("give both sides from {WINDOW} to {MAX_SIDE}: rustface:640x480"),
            ),
        ),
    }
}

thread_local! {
    /// The detector of this thread: `rustface`'s detector is not `Send`, but its answers depend on
    /// the picture alone.
    static DETECTOR: Cell<Option<Box<dyn Detector>>> = const { Cell::new(None) };
}

fn new_detector() -> Result<Box<dyn Detector>> {
    let model = read_model(Cursor::new(MODEL))
        .map_err(|error| Error::new(format!("the built-in face model cannot be read: {error}")))?;
    let mut detector = create_detector_with_model(model);
    detector.set_min_face_size(20);
    detector.set_slide_window_step(4, 4);
    detector.set_pyramid_scale_factor(0.8);
    detector.set_score_thresh(SCORE);
    Ok(detector)
}

impl Locator for Rustface {
    fn name(&self) -> String {
        match (self.width, self.height) {
            TRACK_SIZE => "rustface".into(),
            (width, height) => format!("rustface:{width}x{height}"),
        }
    }

    fn wants(&self) -> Wants {
        Wants::Luma(self.width, self.height)
    }

    fn locate(&mut self, picture: &Reduced, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        let (width, height) = (picture.width, picture.height);
        if picture.channels != 1 || !picture.has_pixels() || width.max(height) > MAX_SIDE {
            return Err(Error::new(format!(
                "rustface cannot search a {width}x{height} picture of {} channels and {} bytes",
                picture.channels,
                picture.bytes.len()
            )));
        }
        if width.min(height) < WINDOW {
            return Ok(());
        }
        // Taken, not borrowed: should rustface panic, the damaged detector is gone.
        let mut detector = DETECTOR.take().map_or_else(new_detector, Ok)?;
        let boxes = detector.detect(&ImageData::new(&picture.bytes, width, height));
        DETECTOR.set(Some(detector));
        let factor = picture.factor as f32;
        found.extend(boxes.iter().map(|face| {
            let (x, y) = (face.bbox().x() as f32, face.bbox().y() as f32);
            let side = face.bbox().width() as f32;
            let centre = Point::new(x + (0.5 + OFFSET_X) * side, y + (0.5 + OFFSET_Y) * side);
            Detection {
                face_box: square(
                    Point::new(centre.x * factor, centre.y * factor),
                    side * SCALE * factor,
                ),
                landmarks: None,
                confidence: confidence(face.score()),
            }
        }));
        Ok(())
    }
}

/// The cascade's unbounded score as 0 to 1: the threshold is 0.37, the median of found faces (15)
/// 0.92.
fn confidence(score: f64) -> f32 {
    (1.0 - (-score / 6.0).exp()).clamp(0.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::face::{LocatorThread, Tracker, box_of_landmarks, scene};

    #[test]
    fn finds_the_astronaut_where_the_landmarks_say() {
        for (width, height, factor) in [(320, 240, 1), (320, 240, 2), (240, 240, 4)] {
            let (picture, landmarks) = scene::astronaut_luma(width, height, factor);
            let mut found = Vec::new();
            Rustface { width, height }
                .locate(&picture, &mut found)
                .unwrap();
            assert_eq!(found.len(), 1, "{width}x{height}: {found:?}");
            let truth = box_of_landmarks(&landmarks);
            let (a, b) = (found[0].face_box, truth);
            let distance = (a.centre().x - b.centre().x).hypot(a.centre().y - b.centre().y);
            assert!(distance < 0.1 * b.w, "{a:?} is not {b:?}");
            assert!((a.w / b.w).ln().abs() < 0.2, "{a:?} is not {b:?}");
            assert!(found[0].confidence > 0.5 && found[0].confidence <= 1.0);
        }
    }

    #[test]
    fn finds_nothing_in_noise_flat_and_tiny_pictures() {
        let mut locator = Rustface {
            width: 320,
            height: 240,
        };
        let mut found = Vec::new();
        for (width, height) in [(320, 240), (41, 40), (39, 200), (1, 1)] {
            for texture in [scene::noise as fn(usize) -> u8, |_| 128] {
                let picture = Reduced {
                    width,
                    height,
                    channels: 1,
                    factor: 1,
                    frame_width: width,
                    frame_height: height,
                    sequence: 0,
                    bytes: (0..(width * height) as usize).map(texture).collect(),
                };
                locator.locate(&picture, &mut found).unwrap();
                assert!(found.is_empty(), "{width}x{height}: {found:?}");
            }
        }
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let (mut picture, _) = scene::astronaut_luma(320, 240, 1);
        let mut found = Vec::new();
        picture.bytes.pop();
        assert!(
            Rustface {
                width: 320,
                height: 240
            }
            .locate(&picture, &mut found)
            .is_err()
        );
        picture.channels = 3;
        assert!(
            Rustface {
                width: 320,
                height: 240
            }
            .locate(&picture, &mut found)
            .is_err()
        );
    }

    #[test]
    fn searched_beside_the_pictures_and_followed_through_them() {
        let (picture, landmarks) = scene::astronaut_luma(320, 240, 2);
        let mut thread = LocatorThread::start(open("").unwrap()).unwrap();
        let mut tracker = Tracker::new();
        // A frame each millisecond until two searches have ended: more than one frame each.
        let (mut frame, mut searches) = (0, 0);
        while searches < 2 {
            frame += 1;
            let luma = Reduced {
                sequence: frame,
                ..picture.clone()
            };
            thread.offer(&luma);
            let located = thread.poll();
            searches += u32::from(located.is_some());
            let faces = tracker.update(Duration::from_millis(frame), &luma, located);
            assert_eq!(faces.len(), usize::from(searches > 0));
            if let Some(face) = faces.first() {
                assert_eq!(face.id, 1);
                let truth = box_of_landmarks(&landmarks);
                assert!(
                    face.detection.face_box.iou(&truth) > 0.65,
                    "{face:?} is not {truth:?}"
                );
            }
            assert_eq!(thread.failures(), 0);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
