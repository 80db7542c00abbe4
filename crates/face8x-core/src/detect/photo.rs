//! The search of a photograph, at the scale at which the detector finds its faces.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, RgbImage};

use super::{Detector, DetectorInput};
use crate::convert::Converter;
use crate::downscaled::Downscaled;
use crate::face::Detection;
use crate::frame::{Frame, MAX_SIDE};
use crate::geometry::{Point, Rect};
use crate::{Error, ErrorKind, Result};

// Small pictures are enlarged to fit this, at most so many times, because a detector does not find
// faces below a size of its own: of CelebA pictures reduced to face boxes of 40 pixels rustface
// found 158 of 202, and enlarged all of them.
const SEARCH_SIZE: (f32, f32) = (640.0, 480.0);
const MAX_ENLARGEMENT: f32 = 4.0;

/// Searches photographs with any [`Detector`]: small ones are enlarged for it first, large ones
/// downscaled to the size that it needs.
///
/// [`PHOTO_DETECTOR`](super::PHOTO_DETECTOR) searches finely enough for photographs.
pub struct PhotoSearch {
    detector: Box<dyn Detector>,
    converter: Converter,
}

impl PhotoSearch {
    /// A search with this detector.
    pub fn new(detector: Box<dyn Detector>) -> Self {
        PhotoSearch {
            detector,
            converter: Converter::new(),
        }
    }

    /// The faces of `frame`, the largest first, in frame coordinates.
    ///
    /// # Errors
    /// The frame is not valid (see [`Frame::validate`]), is a JPEG, or the detector failed.
    pub fn faces(&mut self, frame: &Frame) -> Result<Vec<Detection>> {
        let mut all = Downscaled::default();
        let (picture, limit) = match self.detector.input() {
            DetectorInput::None => (None, None),
            DetectorInput::Luma(width, height) => {
                self.converter
                    .downscale_luma(frame, MAX_SIDE, MAX_SIDE, &mut all)?;
                let picture = GrayImage::from_raw(all.width, all.height, all.bytes);
                (picture.map(DynamicImage::from), Some((width, height)))
            }
            DetectorInput::Rgb(width, height) => {
                self.converter
                    .downscale_rgb(frame, MAX_SIDE, MAX_SIDE, &mut all)?;
                let picture = RgbImage::from_raw(all.width, all.height, all.bytes);
                (picture.map(DynamicImage::from), Some((width, height)))
            }
        };
        let mut found = match (picture, limit) {
            (Some(picture), Some(limit)) => self.search(picture, limit)?,
            (None, None) => self.without_pixels(frame)?,
            _ => return Err(Error::new(ErrorKind::Picture, "the picture is too small")),
        };
        found.sort_by(|a, b| b.face_box.area().total_cmp(&a.face_box.area()));
        Ok(found)
    }

    /// What a detector finds that needs no pixels.
    fn without_pixels(&mut self, frame: &Frame) -> Result<Vec<Detection>> {
        let picture = Downscaled {
            frame_width: frame.width,
            frame_height: frame.height,
            factor: 1,
            ..Downscaled::default()
        };
        let mut found = Vec::new();
        self.detector.detect(&picture, &mut found)?;
        Ok(found)
    }

    /// The faces of `picture`, which is resized to fit `limit` and the search size.
    fn search(&mut self, picture: DynamicImage, limit: (u32, u32)) -> Result<Vec<Detection>> {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let fit = |(w, h): (f32, f32)| (w / width).min(h / height);
        let zoom = fit(SEARCH_SIZE)
            .clamp(1.0, MAX_ENLARGEMENT)
            .min(fit((limit.0 as f32, limit.1 as f32)));
        let side = |length: f32| ((length * zoom) as u32).max(1);
        let searched = match (side(width), side(height)) {
            size if size == (picture.width(), picture.height()) => picture,
            (w, h) => picture.resize_exact(w, h, FilterType::Triangle),
        };
        let searched = Downscaled {
            width: searched.width(),
            height: searched.height(),
            channels: usize::from(searched.color().channel_count()),
            factor: 1,
            frame_width: searched.width(),
            frame_height: searched.height(),
            sequence: 0,
            bytes: searched.into_bytes(),
        };
        let mut found = Vec::new();
        self.detector.detect(&searched, &mut found)?;
        let (unit_x, unit_y) = (
            width / searched.width as f32,
            height / searched.height as f32,
        );
        for face in &mut found {
            let Rect { x, y, w, h } = face.face_box;
            face.face_box = Rect::new(x * unit_x, y * unit_y, w * unit_x, h * unit_y);
            let back = |p: Point| Point::new(p.x * unit_x, p.y * unit_y);
            face.landmarks = face.landmarks.map(|points| points.map(back));
        }
        Ok(found)
    }
}
