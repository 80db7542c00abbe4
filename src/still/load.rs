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
