//! Pictures from files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};

use crate::frame::check_size;
use crate::{Error, Result};

/// Reads a JPEG, PNG or WebP picture, whatever its name, upright as its EXIF orientation says.
/// Transparency and colour profiles are ignored.
///
/// # Errors
/// Not readable, of another format, damaged, or of a size that [`check_size`] refuses.
pub(super) fn load(path: &Path) -> Result<RgbImage> {
    let unreadable = |error: std::io::Error| Error::new(format!("cannot be read: {error}"));
    // Asked of the path first: opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Error::new("is not a regular file"));
    }
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    let reader = ImageReader::new(file)
        .with_guessed_format()
        .map_err(unreadable)?;
    if !reader
        .format()
        .is_some_and(|format| format.reading_enabled())
    {
        return Err(Error::new("is not a JPEG, PNG or WebP picture"));
    }
    let damaged = |error| Error::new(format!("cannot be decoded: {error}"));
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    // A picture with unreadable EXIF data is still a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}
