//! The whole picture with its small faces replaced.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb, RgbImage};

use crate::{Error, Result};
use face8x_core::RestoredFace;
use face8x_core::frame::{Frame, MAX_PIXELS, MAX_SIDE};
use face8x_core::geometry::canonical;
use face8x_core::geometry::{HR_SIDE, Point, Similarity};
use face8x_core::pixel::unpack_rgb;

/// The most that a picture is enlarged.
const MAX_ZOOM: f64 = 8.0;
/// Width of the border of a restored face, in its own pixels, over which it fades in.
const FEATHER: f32 = 16.0;

/// Whether the face has fewer pixels in the picture than its reconstruction.
pub(super) fn is_small(to_canonical: &Similarity) -> bool {
    to_canonical.scale() > 1.0
}

/// `picture`, which is in RGB without padding, enlarged (bicubic, at most 8 times, at most to the
/// largest frame) until the smallest of `faces` has 128 pixels a side there, with these faces in
/// their places.
///
/// # Errors
/// The frame is not whole.
pub(super) fn paste_back(picture: &Frame, faces: &[RestoredFace]) -> Result<RgbImage> {
    let original: ImageBuffer<Rgb<u8>, &[u8]> =
        ImageBuffer::from_raw(picture.width, picture.height, &*picture.bytes)
            .ok_or_else(|| Error::other("the picture has too few pixels"))?;
    let (width, height) = enlarged_size(picture, faces);
    let mut result = imageops::resize(&original, width, height, FilterType::CatmullRom);
    let (zoom_x, zoom_y) = (
        width as f32 / picture.width as f32,
        height as f32 / picture.height as f32,
    );
    for face in faces {
        let corners = canonical::crop_corners(&face.to_canonical);
        let columns = span(corners.map(|p| p.x * zoom_x), width);
        let rows = span(corners.map(|p| p.y * zoom_y), height);
        // Samples of the face for a pixel of the picture, each way: more than one where the face
        // is shrunk, because the picture could not be enlarged enough.
        let samples = (face.to_canonical.scale() / zoom_x).ceil().clamp(1.0, 8.0) as u32;
        for y in rows {
            for x in columns.clone() {
                let Rgb(pixel) = result.get_pixel_mut(x, y);
                blend(pixel, samples, |dx, dy| {
                    let (x, y) = ((x as f32 + dx) / zoom_x, (y as f32 + dy) / zoom_y);
                    sample(face, face.to_canonical.apply(Point::new(x, y)))
                });
            }
        }
    }
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

/// The whole pixels between the least and the greatest of `ends`, cut to 0..`limit`.
fn span(ends: [f32; 4], limit: u32) -> std::ops::Range<u32> {
    let low = ends.into_iter().fold(f32::INFINITY, f32::min);
    let high = ends.into_iter().fold(f32::NEG_INFINITY, f32::max);
    // The conversion stops at 0 and at the largest number.
    (low.floor() as u32).min(limit)..(high.ceil() as u32).min(limit)
}

/// Lays the mean of `samples` x `samples` samples (colour and opacity) over `pixel`.
fn blend(pixel: &mut [u8; 3], samples: u32, sample: impl Fn(f32, f32) -> ([f32; 3], f32)) {
    let (mut colour, mut opacity) = ([0.0; 3], 0.0);
    for i in 0..samples * samples {
        let at = |k: u32| (k as f32 + 0.5) / samples as f32;
        let (rgb, alpha) = sample(at(i % samples), at(i / samples));
        opacity += alpha;
        for (sum, channel) in colour.iter_mut().zip(rgb) {
            *sum += alpha * channel;
        }
    }
    let count = (samples * samples) as f32;
    for (old, sum) in pixel.iter_mut().zip(colour) {
        *old = (f32::from(*old) * (1.0 - opacity / count) + sum / count + 0.5) as u8;
    }
}

/// Colour (linear between pixels) and opacity of `face` at `p` in its own pixels.
fn sample(face: &RestoredFace, p: Point) -> ([f32; 3], f32) {
    let side = HR_SIDE as f32;
    let opacity = fade(p.x.min(side - p.x)) * fade(p.y.min(side - p.y));
    if opacity == 0.0 {
        return ([0.0; 3], 0.0);
    }
    let (x, y) = (
        (p.x - 0.5).clamp(0.0, side - 1.0),
        (p.y - 0.5).clamp(0.0, side - 1.0),
    );
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(HR_SIDE - 1), (top + 1).min(HR_SIDE - 1));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let at = |x: usize, y: usize| unpack_rgb(face.sr[y * HR_SIDE + x]).map(f32::from);
    let (a, b, c, d) = (
        at(left, top),
        at(right, top),
        at(left, bottom),
        at(right, bottom),
    );
    let colour = std::array::from_fn(|k| {
        (a[k] * (1.0 - fx) + b[k] * fx) * (1.0 - fy) + (c[k] * (1.0 - fx) + d[k] * fx) * fy
    });
    (colour, opacity)
}

/// Opacity at `depth` pixels inside the border: 0 at it, 1 from [`FEATHER`] on, smooth at both.
fn fade(depth: f32) -> f32 {
    let t = (depth / FEATHER).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
