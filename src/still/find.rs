//! The faces of a photograph.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, RgbImage};

use crate::{Error, Result};
use face8x_core::convert::Converter;
use face8x_core::detect::{Detector, DetectorInput};
use face8x_core::downscaled::Downscaled;
use face8x_core::face::Detection;
use face8x_core::frame::{Frame, MAX_SIDE};
use face8x_core::geometry::{Point, Rect};

// Small pictures are enlarged to fit this, at most so many times, because a detector does not find
// faces below a size of its own: of CelebA pictures reduced to face boxes of 40 pixels rustface
// found 158 of 202, and enlarged all of them.
const SEARCH_SIZE: (f32, f32) = (640.0, 480.0);
const MAX_ENLARGEMENT: f32 = 4.0;

/// The `count` largest faces of `frame`, the largest first.
///
/// # Errors
/// The frame is not whole, or the detector failed.
pub(super) fn find(
    converter: &mut Converter,
    detector: &mut dyn Detector,
    frame: &Frame,
    count: usize,
) -> Result<Vec<Detection>> {
    let mut found = Vec::new();
    match detector.input() {
        DetectorInput::None => {
            let (frame_width, frame_height) = (frame.width, frame.height);
            let picture = Downscaled {
                frame_width,
                frame_height,
                factor: 1,
                ..Downscaled::default()
            };
            detector.detect(&picture, &mut found)?;
        }
        DetectorInput::Luma(width, height) => {
            let mut all = Downscaled::default();
            converter.downscale_luma(frame, MAX_SIDE, MAX_SIDE, &mut all)?;
            let picture = GrayImage::from_raw(all.width, all.height, all.bytes);
            search(
                detector,
                picture.map(DynamicImage::from),
                (width, height),
                &mut found,
            )?;
        }
        DetectorInput::Rgb(width, height) => {
            let mut all = Downscaled::default();
            converter.downscale_rgb(frame, MAX_SIDE, MAX_SIDE, &mut all)?;
            let picture = RgbImage::from_raw(all.width, all.height, all.bytes);
            search(
                detector,
                picture.map(DynamicImage::from),
                (width, height),
                &mut found,
            )?;
        }
    }
    found.sort_by(|a, b| b.face_box.area().total_cmp(&a.face_box.area()));
    found.truncate(count);
    Ok(found)
}

/// Adds the faces of `picture`, resized to fit `limit` and the search size.
fn search(
    detector: &mut dyn Detector,
    picture: Option<DynamicImage>,
    limit: (u32, u32),
    found: &mut Vec<Detection>,
) -> Result<()> {
    let picture = picture.ok_or_else(|| Error::other("the picture has too few pixels"))?;
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let fit = |(w, h): (f32, f32)| (w / width).min(h / height);
    let zoom = fit(SEARCH_SIZE)
        .clamp(1.0, MAX_ENLARGEMENT)
        .min(fit((limit.0 as f32, limit.1 as f32)));
    let side = |length: f32| ((length * zoom) as u32).max(1);
    let view = match (side(width), side(height)) {
        size if size == (picture.width(), picture.height()) => picture,
        (w, h) => picture.resize_exact(w, h, FilterType::Triangle),
    };
    let reduced = Downscaled {
        width: view.width(),
        height: view.height(),
        channels: usize::from(view.color().channel_count()),
        factor: 1,
        frame_width: view.width(),
        frame_height: view.height(),
        sequence: 0,
        bytes: view.into_bytes(),
    };
    detector.detect(&reduced, found)?;
    let (unit_x, unit_y) = (width / reduced.width as f32, height / reduced.height as f32);
    for face in found {
        let Rect { x, y, w, h } = face.face_box;
        face.face_box = Rect::new(x * unit_x, y * unit_y, w * unit_x, h * unit_y);
        let back = |p: Point| Point::new(p.x * unit_x, p.y * unit_y);
        face.landmarks = face.landmarks.map(|points| points.map(back));
    }
    Ok(())
}
