//! Photographs: JPEG, PNG, WebP and other picture files, upright and checked.

mod exif;
mod folder;
mod formats;

use std::io::{Cursor, ErrorKind as IoErrorKind};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::{Error, Result};
use face8x_core::convert::JpegDecoder;
use face8x_core::frame::{MAX_PIXELS, MAX_SIDE, check_size};
use face8x_core::{ErrorKind, contain, files};

pub(crate) use folder::{FolderContents, is_picture_name, pictures_in};
use formats::{FileFormat, MAGICK};
pub(crate) use formats::{LONGEST_START, known_format};

/// Of a file at most: as much as an uncompressed picture of the largest size.
const MAX_MB: u64 = (4 * MAX_PIXELS) >> 20;
/// The formats that are read.
const READ: &str = "JPEG, PNG, WebP, GIF, BMP, TIFF or QOI";
/// How a video is read.
const FROM_VIDEO: &str = "name it as a source: `face8x --source FILE` plays it through ffmpeg";
/// What to do about a damaged picture.
const SAVE_AGAIN: &str = "copy or save the picture again";

/// Reads a JPEG, PNG, WebP, GIF (its first picture), BMP, TIFF or QOI file, whatever its name, upright
/// as its EXIF orientation says. Transparency and colour profiles are ignored.
///
/// # Errors
/// Not readable, of another format, damaged or cut off, or of a size that [`check_size`] refuses.
/// The errors do not name the file.
pub fn load(path: &Path) -> Result<RgbImage> {
    let bytes = files::read(path, MAX_MB).map_err(unreadable)?;
    match formats::raw_format(path) {
        // Many of them begin as a TIFF does, and end otherwise.
        Some(format) => Err(other_format(Some(format))),
        None => decode(&bytes),
    }
}

/// Decodes the bytes of a picture file: see [`load`].
fn decode(bytes: &[u8]) -> Result<RgbImage> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::Picture, "is empty").remedy(SAVE_AGAIN));
    }
    let format = image::guess_format(bytes).ok();
    let Some(format) = format.filter(ImageFormat::reading_enabled) else {
        return Err(other_format(known_format(bytes)));
    };
    let mut picture = match format {
        ImageFormat::Jpeg => jpeg(bytes)?,
        _ => contained(|| other_than_jpeg(bytes, format))?,
    };
    picture.apply_orientation(exif::orientation(bytes).unwrap_or(Orientation::NoTransforms));
    Ok(picture.into_rgb8())
}

/// Names what is not read, and a program that converts it.
fn other_format(known: Option<FileFormat>) -> Error {
    let what = known.map_or(String::new(), |format| {
        format!(" (its format is {})", format.name)
    });
    let error = Error::new(ErrorKind::Picture, format!("is not a {READ} picture{what}"));
    match known.map(|format| format.converter) {
        Some(None) => error.remedy(FROM_VIDEO),
        Some(Some(converter)) => error.remedy(format!("convert it: {converter}")),
        None => error.remedy(format!("convert it: {MAGICK}")),
    }
}

/// Runs a decoder: a panic in it is an error of this picture alone.
fn contained<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    contain(decode).unwrap_or_else(|panic| {
        let message = format!("cannot be decoded: the decoder failed: {panic}");
        Err(Error::new(ErrorKind::Picture, message).remedy(SAVE_AGAIN))
    })
}

fn jpeg(bytes: &[u8]) -> Result<DynamicImage> {
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

fn other_than_jpeg(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage> {
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
