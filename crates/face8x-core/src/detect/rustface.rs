//! SeetaFace's frontal face detector, by the crate `rustface`.

use std::cell::Cell;
use std::io::Cursor;

use ::rustface::{Detector as Cascade, ImageData, create_detector_with_model, read_model};

use super::{Detector, DetectorInput};
use crate::downscaled::Downscaled;
use crate::face::Detection;
use crate::geometry::{Point, Rect};
use crate::{Error, Result};

/// The frontal cascade of the SeetaFace engine (BSD-2-Clause), as it comes with rustface 0.1.7.
const MODEL: &[u8] = include_bytes!("../../../../models/seeta_fd_frontal_v1.0.bin");

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

/// Luma for the search in two steps: the quick look takes half of it each way.
const FINE_SIZE: (u32, u32) = (640, 480);
/// Quick looks without a face to one close look: a close look takes about four times as long.
const LOOKS: u32 = 4;
/// Faces with a larger box, in pixels of the close look's picture, are found by the quick look too.
const LARGE: f32 = 76.0;

/// The detector `rustface`. The smallest box it finds is about 28 pixels of the searched picture.
///
/// Without a size it searches in two steps: a quick look at half of 640x480, and where that finds
/// nobody, every fourth time a close look at all of it, for faces half as large. While the only
/// faces are small ones, the close look is the only one.
///
/// On a still face with camera noise its box moves by 1.5 % of its side (standard deviation) and
/// changes its size by 4 %, at worst 10 to 12 % from one search to the next, because the search goes
/// over sizes 25 % apart: the tracker smooths that away.
pub(super) struct Rustface {
    width: u32,
    height: u32,
    steps: Option<Steps>,
}

/// Where the search in two steps stands.
#[derive(Default)]
struct Steps {
    /// The last faces were small ones.
    close: bool,
    /// Quick looks without a face.
    missed: u32,
    half: Downscaled,
}

/// Opens `rustface` or `rustface:WIDTHxHEIGHT` (the size that the luma must fit).
///
/// # Errors
/// A usage error where that is not a size of 40 to 4096 each way.
pub(super) fn open(value: &str) -> Result<Box<dyn Detector>> {
    if value.is_empty() {
        let (width, height) = FINE_SIZE;
        let steps = Some(Steps::default());
        return Ok(Box::new(Rustface {
            width,
            height,
            steps,
        }));
    }
    let size = value
        .split_once('x')
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match size {
        Some((width, height))
            if [width, height]
                .iter()
                .all(|side| (WINDOW..=MAX_SIDE).contains(side)) =>
        {
            Ok(Box::new(Rustface {
                width,
                height,
                steps: None,
            }))
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
    static DETECTOR: Cell<Option<Box<dyn Cascade>>> = const { Cell::new(None) };
}

fn new_detector() -> Result<Box<dyn Cascade>> {
    let model = read_model(Cursor::new(MODEL)).map_err(|error| {
        Error::other(format!("the built-in face model cannot be read: {error}"))
    })?;
    let mut detector = create_detector_with_model(model);
    detector.set_min_face_size(20);
    detector.set_slide_window_step(4, 4);
    detector.set_pyramid_scale_factor(0.8);
    detector.set_score_thresh(SCORE);
    Ok(detector)
}

impl Detector for Rustface {
    fn name(&self) -> String {
        match self.steps {
            Some(_) => "rustface".into(),
            None => format!("rustface:{}x{}", self.width, self.height),
        }
    }

    fn input(&self) -> DetectorInput {
        DetectorInput::Luma(self.width, self.height)
    }

    fn detect(&mut self, picture: &Downscaled, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        let (width, height) = (picture.width, picture.height);
        if picture.channels != 1 || !picture.has_pixels() || width.max(height) > MAX_SIDE {
            return Err(Error::other(format!(
                "rustface cannot search a {width}x{height} picture of {} channels and {} bytes",
                picture.channels,
                picture.bytes.len()
            )));
        }
        match &mut self.steps {
            Some(steps) => steps.search(picture, found),
            None => search(picture, found),
        }
    }
}

impl Steps {
    fn search(&mut self, picture: &Downscaled, found: &mut Vec<Detection>) -> Result<()> {
        if !self.close {
            halve(picture, &mut self.half);
            search(&self.half, found)?;
            let look_closely = found.is_empty() && self.missed.is_multiple_of(LOOKS);
            self.missed = if found.is_empty() { self.missed + 1 } else { 0 };
            if !look_closely {
                return Ok(());
            }
        }
        search(picture, found)?;
        let large = LARGE * picture.factor as f32;
        self.close = !found.is_empty() && found.iter().all(|face| face.face_box.w < large);
        Ok(())
    }
}

/// Adds the faces of a luma picture.
fn search(picture: &Downscaled, found: &mut Vec<Detection>) -> Result<()> {
    if picture.width.min(picture.height) < WINDOW {
        return Ok(());
    }
    // Taken, not borrowed: should rustface panic, the damaged detector is gone.
    let mut detector = DETECTOR.take().map_or_else(new_detector, Ok)?;
    let image = ImageData::new(&picture.bytes, picture.width, picture.height);
    let boxes = detector.detect(&image);
    DETECTOR.set(Some(detector));
    let factor = picture.factor as f32;
    found.extend(boxes.iter().map(|face| {
        let (x, y) = (face.bbox().x() as f32, face.bbox().y() as f32);
        let side = face.bbox().width() as f32;
        let centre = Point::new(x + (0.5 + OFFSET_X) * side, y + (0.5 + OFFSET_Y) * side);
        Detection {
            face_box: Rect::square(
                Point::new(centre.x * factor, centre.y * factor),
                side * SCALE * factor,
            ),
            landmarks: None,
            confidence: confidence(face.score()),
        }
    }));
    Ok(())
}

/// Fills `half` with the means of the 2x2 blocks of `picture`'s luma.
fn halve(picture: &Downscaled, half: &mut Downscaled) {
    let mut bytes = std::mem::take(&mut half.bytes);
    bytes.clear();
    let width = picture.width as usize;
    for rows in picture.bytes.chunks_exact(2 * width) {
        let (upper, lower) = rows.split_at(width);
        let pairs = upper
            .as_chunks::<2>()
            .0
            .iter()
            .zip(lower.as_chunks::<2>().0);
        bytes.extend(pairs.map(|(&[a, b], &[c, d])| {
            ((u16::from(a) + u16::from(b) + u16::from(c) + u16::from(d) + 2) / 4) as u8
        }));
    }
    *half = Downscaled {
        width: picture.width / 2,
        height: picture.height / 2,
        factor: picture.factor * 2,
        bytes,
        ..*picture
    };
}

/// The cascade's unbounded score as 0 to 1: the threshold is 0.37, the median of found faces (15)
/// 0.92.
fn confidence(score: f64) -> f32 {
    (1.0 - (-score / 6.0).exp()).clamp(0.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::canonical::box_of_landmarks;
    use crate::testing::scene;

    fn one_scale(width: u32, height: u32) -> Rustface {
        Rustface {
            width,
            height,
            steps: None,
        }
    }

    #[test]
    fn finds_the_astronaut_where_the_landmarks_say() {
        for (width, height, factor) in [(320, 240, 1), (320, 240, 2), (240, 240, 4)] {
            let (picture, landmarks) = scene::astronaut_luma(width, height, factor);
            let mut found = Vec::new();
            one_scale(width, height)
                .detect(&picture, &mut found)
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
    fn a_small_face_is_found_by_a_close_look_and_a_large_one_by_a_quick_look() {
        // The portrait so small on a grey wall that its face box has 44 of 640 columns.
        let (large, landmarks) = scene::astronaut_luma(320, 240, 2);
        let scale = 44.0 / (box_of_landmarks(&landmarks).w / 2.0);
        let size = |side: u32| (side as f32 * scale) as u32;
        let portrait = image::GrayImage::from_raw(320, 240, large.bytes.clone()).unwrap();
        let portrait = image::imageops::thumbnail(&portrait, size(320), size(240));
        let mut wall = image::GrayImage::from_pixel(640, 480, image::Luma([128]));
        image::imageops::replace(&mut wall, &portrait, 200, 150);
        let small = Downscaled {
            width: 640,
            height: 480,
            factor: 1,
            bytes: wall.into_raw(),
            ..large.clone()
        };
        let truth =
            landmarks.map(|p| Point::new(200.0 + p.x / 2.0 * scale, 150.0 + p.y / 2.0 * scale));
        let truth = box_of_landmarks(&truth);

        let (mut half, mut quick, mut found) = (Downscaled::default(), Vec::new(), Vec::new());
        halve(&small, &mut half);
        search(&half, &mut quick).unwrap();
        assert!(quick.is_empty(), "too small for the quick look: {quick:?}");
        let mut detector = open("").unwrap();
        for turn in 0..3 {
            detector.detect(&small, &mut found).unwrap();
            assert_eq!(found.len(), 1, "turn {turn}");
            assert!(
                found[0].face_box.iou(&truth) > 0.6,
                "{found:?} is not {truth:?}"
            );
        }
        let empty = Downscaled {
            bytes: vec![90; small.bytes.len()],
            ..small.clone()
        };
        detector.detect(&empty, &mut found).unwrap();
        assert!(found.is_empty());
        detector.detect(&large, &mut found).unwrap();
        assert_eq!(found.len(), 1);
        // The close look is rare while the quick one finds nobody: now the second of four.
        detector.detect(&empty, &mut found).unwrap();
        detector.detect(&small, &mut found).unwrap();
        assert!(found.is_empty());
    }

    #[test]
    fn halves_are_means_of_four() {
        let picture = Downscaled {
            width: 5,
            height: 3,
            channels: 1,
            factor: 2,
            bytes: vec![1, 2, 3, 4, 9, 3, 2, 5, 8, 9, 9, 9, 9, 9, 9],
            ..Downscaled::default()
        };
        let mut half = Downscaled::default();
        halve(&picture, &mut half);
        assert_eq!((half.width, half.height, half.factor), (2, 1, 4));
        assert_eq!(half.bytes, [2, 5]);
    }

    #[test]
    fn finds_nothing_in_noise_flat_and_tiny_pictures() {
        let mut detector = one_scale(320, 240);
        let mut found = Vec::new();
        for (width, height) in [(320, 240), (41, 40), (39, 200), (1, 1)] {
            for texture in [scene::noise as fn(usize) -> u8, |_| 128] {
                let bytes = (0..(width * height) as usize).map(texture).collect();
                let picture = scene::reduced(bytes, width, height, 1, 1);
                detector.detect(&picture, &mut found).unwrap();
                assert!(found.is_empty(), "{width}x{height}: {found:?}");
            }
        }
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let (mut picture, _) = scene::astronaut_luma(320, 240, 1);
        let mut found = Vec::new();
        picture.bytes.pop();
        assert!(one_scale(320, 240).detect(&picture, &mut found).is_err());
        picture.channels = 3;
        assert!(one_scale(320, 240).detect(&picture, &mut found).is_err());
    }
}
