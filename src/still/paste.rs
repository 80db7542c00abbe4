//! The whole picture with its small faces replaced.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb, RgbImage};

use super::canvas::draw_on;
use crate::compose::{Area, PastedFace, Paster, mark_picture};
use crate::{Error, Result};
use face8x_core::frame::{Frame, MAX_PIXELS, MAX_SIDE};
use face8x_core::{ErrorKind, RestoredFace};

/// The most that a picture is enlarged.
const MAX_ZOOM: f64 = 8.0;

/// `picture`, which is in RGB without padding, enlarged (bicubic, at most 8 times, at most to the
/// largest frame) until the smallest of `faces` has 128 pixels a side there, with these faces
/// painted over theirs, and with `mark` marked as guesses where there are some.
///
/// # Errors
/// The picture has fewer bytes than its size needs.
pub(super) fn paste_back(picture: &Frame, faces: &[RestoredFace], mark: bool) -> Result<RgbImage> {
    let original: ImageBuffer<Rgb<u8>, &[u8]> =
        ImageBuffer::from_raw(picture.width, picture.height, &*picture.bytes)
            .ok_or_else(|| Error::new(ErrorKind::Picture, "the picture has too few pixels"))?;
    let (width, height) = enlarged_size(picture, faces);
    let mut result = imageops::resize(&original, width, height, FilterType::CatmullRom);
    if faces.is_empty() {
        return Ok(result);
    }
    draw_on(&mut result, |canvas| {
        let whole = Area::new(0, 0, width as usize, height as usize);
        let size = (picture.width, picture.height);
        let mut paster = Paster::default();
        // The largest face is painted last, over the others.
        for face in faces.iter().rev() {
            let restored = PastedFace {
                pixels: &face.picture,
                share: face.share,
                to_canonical: &face.to_canonical,
            };
            paster.paint(canvas, whole, size, &restored);
        }
        if mark {
            mark_picture(canvas, whole);
        }
    });
    Ok(result)
}

/// The size of the result.
fn enlarged_size(picture: &Frame, faces: &[RestoredFace]) -> (u32, u32) {
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    let wanted = faces
        .iter()
        .map(|face| f64::from(face.to_canonical.scale()))
        .fold(1.0, f64::max);
    let zoom = wanted
        .min(MAX_ZOOM)
        .min(f64::from(MAX_SIDE) / width.max(height))
        .min((MAX_PIXELS as f64 / (width * height)).sqrt())
        .max(1.0);
    // Rounded down where the limits decide, so that they hold.
    let side = |length: f64| ((length * zoom + 1e-6) as u32).max(1);
    (side(width), side(height))
}
