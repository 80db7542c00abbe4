//! The crops of one picture.

use face8x_core::align::Aligner;
use face8x_core::detect::{self, Detector, SearchOptions};
use face8x_core::face::Detection;
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::canonical::{self, CELEBA_ALIGNED};
use face8x_core::geometry::{CANONICAL_LANDMARKS, HR_SIDE, Landmarks, Point, Similarity};

use super::{FaceFrom, Item, LeftOut, jitter};
use crate::dataset::{Alignment, CROP_SIDE, PAD, PictureData, WIDE_SIDE, WIDE_SPAN};
use crate::files;

/// Fewer pixels to a side of the canonical face are too few to learn from.
const MIN_FACE: f32 = 48.0;

/// Makes crops, keeping its buffers.
pub struct FaceCropper {
    aligner: Aligner,
    /// Opened for the first picture that needs it.
    detector: Option<Box<dyn Detector>>,
}

impl FaceCropper {
    pub fn new() -> Self {
        FaceCropper {
            aligner: Aligner::new(),
            detector: None,
        }
    }

    /// The crops of one picture, aligned as `crops` says.
    pub fn picture(
        &mut self,
        item: &Item,
        crops: &[Alignment],
        seed: u64,
    ) -> Result<PictureData, LeftOut> {
        let frame = read_frame(item)?;
        let (landmarks, base) = self.find_face(&item.face, &frame)?;
        if canonical::side_of(&base) < MIN_FACE {
            return Err(LeftOut::TooSmall);
        }
        let name_seed = u64::from(crc32fast::hash(item.name.as_bytes()));
        let mut rng = fastrand::Rng::with_seed(seed << 32 | name_seed);
        let mut made = Vec::with_capacity(crops.len());
        for (k, alignment) in crops.iter().enumerate() {
            let similarity = match alignment {
                Alignment::Landmarks if k == 0 => base,
                Alignment::Landmarks => jitter::landmarks(&base, &mut rng),
                Alignment::Box => jitter::by_box(&base, &mut rng).ok_or(LeftOut::NotAligned)?,
            };
            made.push(self.crop(&frame, &similarity, &landmarks)?);
        }
        let wide = self.wide(&frame, &base, &landmarks)?;
        Ok(PictureData {
            name: item.name.clone(),
            crops: made,
            wide,
        })
    }

    /// The landmarks, and the alignment, of the face in a picture.
    fn find_face(
        &mut self,
        face: &FaceFrom,
        frame: &Frame,
    ) -> Result<(Landmarks, Similarity), LeftOut> {
        match face {
            FaceFrom::Unknown => Err(LeftOut::NoLandmarks),
            FaceFrom::Landmarks(landmarks) => {
                let inside = |p: &Point| {
                    (0.0..=frame.width as f32).contains(&p.x)
                        && (0.0..=frame.height as f32).contains(&p.y)
                };
                if !landmarks.iter().all(inside) {
                    return Err(LeftOut::LandmarksOutside);
                }
                let base = canonical::from_landmarks(landmarks).ok_or(LeftOut::NotAligned)?;
                Ok((*landmarks, base))
            }
            FaceFrom::Official(landmarks) => {
                if (frame.width, frame.height) != CELEBA_ALIGNED {
                    return Err(LeftOut::Unreadable);
                }
                let base = official();
                let back = base.invert();
                let canonical = CANONICAL_LANDMARKS.map(|p| back.apply(p));
                Ok((landmarks.unwrap_or(canonical), base))
            }
            FaceFrom::Detector => self.detect(frame),
        }
    }

    /// The largest face that the default detector finds. Where it gives a box alone, the landmarks
    /// are those of the canonical face.
    fn detect(&mut self, frame: &Frame) -> Result<(Landmarks, Similarity), LeftOut> {
        let detector = match &mut self.detector {
            Some(detector) => detector,
            none => {
                let opened = detect::open("auto", &SearchOptions::PHOTO);
                none.insert(opened.map_err(|_| LeftOut::NoFace)?)
            }
        };
        let mut found = Vec::new();
        detector
            .detect(frame, &mut found)
            .map_err(|_| LeftOut::NoFace)?;
        let area = |d: &Detection| d.face_box.area();
        let largest = found
            .iter()
            .max_by(|a, b| area(a).total_cmp(&area(b)))
            .ok_or(LeftOut::NoFace)?;
        let base = largest.to_canonical().ok_or(LeftOut::NotAligned)?;
        let back = base.invert();
        let canonical = CANONICAL_LANDMARKS.map(|p| back.apply(p));
        Ok((largest.landmarks.unwrap_or(canonical), base))
    }

    fn crop(
        &mut self,
        frame: &Frame,
        similarity: &Similarity,
        landmarks: &Landmarks,
    ) -> Result<(Vec<u8>, Vec<bool>, Landmarks), LeftOut> {
        let pad = Similarity {
            tx: PAD as f32,
            ty: PAD as f32,
            ..Similarity::IDENTITY
        };
        let padded = similarity.then(&pad);
        let mut pixels = vec![0; CROP_SIDE * CROP_SIDE * 3];
        self.aligner
            .crop(frame, &padded, CROP_SIDE, &mut pixels)
            .map_err(|_| LeftOut::NotAligned)?;
        let points = landmarks.map(|p| similarity.apply(p));
        Ok((pixels, outside(&padded, frame), points))
    }

    fn wide(
        &mut self,
        frame: &Frame,
        base: &Similarity,
        landmarks: &Landmarks,
    ) -> Result<(Vec<u8>, Landmarks), LeftOut> {
        let centre = Point::new(HR_SIDE as f32 / 2.0, HR_SIDE as f32 / 2.0);
        let middle = Point::new(WIDE_SIDE as f32 / 2.0, WIDE_SIDE as f32 / 2.0);
        let wider = Similarity::about(centre, middle, WIDE_SIDE as f32 / WIDE_SPAN, 0.0);
        let similarity = base.then(&wider);
        let mut pixels = vec![0; WIDE_SIDE * WIDE_SIDE * 3];
        self.aligner
            .crop(frame, &similarity, WIDE_SIDE, &mut pixels)
            .map_err(|_| LeftOut::NotAligned)?;
        let grey = pixels
            .as_chunks::<3>()
            .0
            .iter()
            .map(|&rgb| luma(rgb))
            .collect();
        Ok((grey, landmarks.map(|p| similarity.apply(p))))
    }
}

/// Luma of ITU-R BT.601, 0 to 255.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

fn read_frame(item: &Item) -> Result<Frame, LeftOut> {
    let picture = files::picture(&item.path).map_err(|error| {
        log::debug!("{error}");
        LeftOut::Unreadable
    })?;
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 {
        return Err(LeftOut::Unreadable);
    }
    let stride = width as usize * 3;
    let bytes = picture.into_raw();
    Ok(Frame {
        format: PixelFormat::Rgb3,
        width,
        height,
        stride,
        bytes,
        ..Frame::empty()
    })
}

/// From CelebA's aligned picture to the canonical face.
pub(crate) fn official() -> Similarity {
    let side = CELEBA_ALIGNED.0 as f32;
    let scale = HR_SIDE as f32 / side;
    let top = (CELEBA_ALIGNED.1 as f32 - side) / 2.0;
    Similarity::about(Point::new(0.0, top), Point::default(), scale, 0.0)
}

/// Which pixels of a crop lie outside the picture: those whose centre does.
pub fn outside(similarity: &Similarity, frame: &Frame) -> Vec<bool> {
    let back = similarity.invert();
    (0..CROP_SIDE * CROP_SIDE)
        .map(|k| {
            let centre = Point::new((k % CROP_SIDE) as f32 + 0.5, (k / CROP_SIDE) as f32 + 0.5);
            let p = back.apply(centre);
            !((0.0..frame.width as f32).contains(&p.x) && (0.0..frame.height as f32).contains(&p.y))
        })
        .collect()
}
