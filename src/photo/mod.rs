//! Photographs: JPEG, PNG and WebP files, upright and checked.

mod exif;
mod folder;

use std::io::{Cursor, ErrorKind as IoErrorKind};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::capture::mjpeg::{NoPicture, picture_at_start};
use crate::{Error, Result};
use face8x_core::convert::JpegDecoder;
use face8x_core::frame::{MAX_PIXELS, MAX_SIDE, check_size};
use face8x_core::{ErrorKind, contain, files};

pub use folder::{is_picture_name, pictures_in};

/// Of a file at most: as much as an uncompressed picture of the largest size.
const MAX_MB: u64 = (4 * MAX_PIXELS) >> 20;
/// What to do about a damaged picture.
const SAVE_AGAIN: &str = "copy or save the picture again";

/// Reads a JPEG, PNG or WebP picture, whatever its name, upright as its EXIF orientation says.
/// Transparency and colour profiles are ignored.
///
/// # Errors
/// Not readable, of another format, damaged or cut off, or of a size that [`check_size`] refuses.
/// The errors do not name the file.
pub fn load(path: &Path) -> Result<RgbImage> {
    let bytes = files::read(path, MAX_MB).map_err(unreadable)?;
    decode(&bytes)
}

/// Decodes the bytes of a JPEG, PNG or WebP picture: see [`load`].
fn decode(bytes: &[u8]) -> Result<RgbImage> {
    let format = image::guess_format(bytes).ok();
    let Some(format) = format.filter(ImageFormat::reading_enabled) else {
        let message = "is not a JPEG, PNG or WebP picture";
        return Err(Error::new(ErrorKind::Picture, message)
            .remedy("a video file: --source \"pipe:ffmpeg -i FILE -f mjpeg -\""));
    };
    let mut picture = match format {
        ImageFormat::Jpeg => jpeg(bytes)?,
        _ => contained(|| png_or_webp(bytes, format))?,
    };
    picture.apply_orientation(exif::orientation(bytes).unwrap_or(Orientation::NoTransforms));
    Ok(picture.into_rgb8())
}

/// Runs a decoder: a panic in it is an error of this picture alone.
fn contained<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    contain(decode).unwrap_or_else(|panic| {
        let message = format!("cannot be decoded: the decoder failed: {panic}");
        Err(Error::new(ErrorKind::Picture, message).remedy(SAVE_AGAIN))
    })
}

fn jpeg(bytes: &[u8]) -> Result<DynamicImage> {
    // The decoder would fill up what is missing with grey.
    if picture_at_start(bytes) == Err(NoPicture::Incomplete) {
        return Err(Error::new(ErrorKind::Picture, "is cut off").remedy("copy the file again"));
    }
    let frame = JpegDecoder::decode_photograph(bytes).map_err(undecodable)?;
    RgbImage::from_raw(frame.width, frame.height, frame.bytes)
        .map(DynamicImage::from)
        .ok_or_else(|| Error::new(ErrorKind::Picture, "cannot be decoded").remedy(SAVE_AGAIN))
}

/// The decoder's error, as what is wrong with the file.
fn undecodable(error: Error) -> Error {
    let remedy = error.remedy_text().unwrap_or(SAVE_AGAIN).to_owned();
    Error::new(ErrorKind::Picture, format!("cannot be decoded: {error}"))
        .remedy(remedy)
        .caused_by(error)
}

fn png_or_webp(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // Four channels, and as much again for the decoder itself.
    limits.max_alloc = Some(MAX_PIXELS * 8);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height).map_err(undecodable)?;
    DynamicImage::from_decoder(decoder).map_err(damaged)
}

fn unreadable(error: std::io::Error) -> Error {
    let remedy = match error.kind() {
        IoErrorKind::FileTooLarge => "make the picture smaller",
        IoErrorKind::IsADirectory | IoErrorKind::InvalidInput => "name a picture file",
        _ => "check the path and who may read it",
    };
    Error::io("cannot be read", error).remedy(remedy)
}

fn damaged(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::new(
            ErrorKind::Picture,
            format!("is too large: at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all"),
        )
        .remedy("make the picture smaller"),
        error => Error::new(ErrorKind::Picture, format!("cannot be decoded: {error}"))
            .remedy(SAVE_AGAIN)
            .caused_by(error),
    }
}

#[cfg(test)]
mod tests;
