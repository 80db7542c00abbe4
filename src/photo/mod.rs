//! Photographs: JPEG, PNG and WebP files, upright and checked.

mod folder;

use std::io::{Cursor, ErrorKind};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::capture::mjpeg::{NoPicture, picture_at_start};
use crate::{Error, Result};
use face8x_core::files;
use face8x_core::frame::{MAX_PIXELS, MAX_SIDE, check_size};

pub use folder::{is_picture_name, pictures_in};

/// Of a file at most: as much as an uncompressed picture of the largest size.
const MAX_MB: u64 = (4 * MAX_PIXELS) >> 20;

/// Reads a JPEG, PNG or WebP picture, whatever its name, upright as its EXIF orientation says.
/// Transparency and colour profiles are ignored.
///
/// # Errors
/// Not readable, of another format, damaged or cut off, or of a size that [`check_size`] refuses.
/// The errors do not name the file.
pub fn load(path: &Path) -> Result<RgbImage> {
    let bytes = files::read(path, MAX_MB).map_err(unreadable)?;
    let mut reader = ImageReader::new(Cursor::new(&bytes[..]))
        .with_guessed_format()
        .map_err(unreadable)?;
    let format = reader.format().filter(ImageFormat::reading_enabled);
    let Some(format) = format else {
        return Err(Error::other("is not a JPEG, PNG or WebP picture")
            .remedy("a video file: --source \"pipe:ffmpeg -i FILE -f mjpeg -\""));
    };
    // The decoder would fill up what is missing with grey.
    if format == ImageFormat::Jpeg && picture_at_start(&bytes) == Err(NoPicture::Incomplete) {
        return Err(Error::other("is cut off").remedy("copy the file again"));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // Four channels, and as much again for the decoder itself.
    limits.max_alloc = Some(MAX_PIXELS * 8);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    // A picture with unreadable EXIF data is still a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

fn unreadable(error: std::io::Error) -> Error {
    let remedy = match error.kind() {
        ErrorKind::FileTooLarge => "make the picture smaller",
        ErrorKind::IsADirectory | ErrorKind::InvalidInput => "name a picture file",
        _ => "check the path and who may read it",
    };
    Error::other(format!("cannot be read: {error}")).remedy(remedy)
}

fn damaged(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::other(format!(
            "is too large: at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all"
        ))
        .remedy("make the picture smaller"),
        error => Error::other(format!("cannot be decoded: {error}"))
            .remedy("copy or save the picture again"),
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder, ImageFormat, Rgb, imageops};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pictures_are_turned_upright() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let portrait = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/still/portrait.jpg");
        let upright = load(Path::new(portrait)).unwrap();
        // What a camera stores for each orientation (EXIF 2.3, tag 274): the picture as the
        // sensor saw it.
        type AsStored = fn(&RgbImage) -> RgbImage;
        let orientations: [(u8, AsStored); 5] = [
            (1, RgbImage::clone),
            (2, imageops::flip_horizontal),
            (3, imageops::rotate180),
            (6, imageops::rotate270),
            (8, imageops::rotate90),
        ];
        for (orientation, as_stored) in orientations {
            let stored = as_stored(&upright);
            // TIFF, little-endian, one tag.
            let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
            exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
            let mut bytes = Vec::new();
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
            encoder.set_exif_metadata(exif).unwrap();
            encoder
                .write_image(
                    &stored,
                    stored.width(),
                    stored.height(),
                    ExtendedColorType::Rgb8,
                )
                .unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            let loaded = load(file.path()).unwrap();
            assert_eq!(loaded.dimensions(), upright.dimensions());
            let differences = loaded.iter().zip(upright.iter());
            let sum: u64 = differences.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            assert!(
                sum < 4 * upright.len() as u64,
                "orientation {orientation}: {sum}"
            );
        }
    }

    /// Found by the fuzz target `photo`.
    #[test]
    fn a_picture_without_pixels_has_its_remedy() {
        let mut bytes = encoded(ImageFormat::Jpeg);
        let header = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        bytes[header + 7..header + 9].fill(0);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let error = load(file.path()).unwrap_err();
        assert!(error.remedy_text().is_some(), "{error}");
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(20, 14, |x, y| Rgb([(x * y) as u8, 9 * x as u8, y as u8]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    proptest! {
        #[test]
        fn damaged_pictures_never_panic(
            format in prop::sample::select(&[ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP]),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            end in any::<prop::sample::Index>(),
            cut: bool,
        ) {
            let mut bytes = encoded(format);
            for (at, value) in damage {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            if let Ok(picture) = load(file.path()) {
                prop_assert!(picture.width() > 0 && picture.height() > 0);
            }
        }
    }
}
