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

#[test]
fn pictures_of_every_kind_are_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let picture = RgbImage::from_fn(23, 17, |x, y| Rgb([x as u8 * 10, y as u8 * 14, 0]));
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::Qoi,
        ImageFormat::Gif,
    ] {
        picture.save_with_format(file.path(), format).unwrap();
        let read = load(file.path()).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        assert_eq!(read.dimensions(), (23, 17), "{format:?}");
        let pairs = read.iter().zip(picture.iter());
        let off: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        // A GIF has 256 colours.
        let most = if format == ImageFormat::Gif { 8 } else { 0 };
        assert!(off <= most * 23 * 17 * 3, "{format:?}: {off}");
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

/// TIFF data whose one entry is orientation 6 (turned left: the sensor's top is the right side).
fn tiff(is_big_endian: bool, is_long: bool) -> Vec<u8> {
    let order = |mut bytes: Vec<u8>| {
        if !is_big_endian {
            bytes.reverse();
        }
        bytes
    };
    let short = |value: u16| order(value.to_be_bytes().to_vec());
    let long = |value: u32| order(value.to_be_bytes().to_vec());
    let value = if is_long {
        long(6)
    } else {
        [short(6), short(0)].concat()
    };
    let start: &[u8] = if is_big_endian { b"MM" } else { b"II" };
    let kind = short(if is_long { 4 } else { 3 });
    let entry = [short(0x0112), kind, long(1), value].concat();
    [start, &short(42), &long(8), &short(1), &entry, &long(0)].concat()
}

#[test]
fn exif_is_found_wherever_programs_put_it() {
    let png_chunk = |kind: &[u8], content: &[u8]| {
        let length = (content.len() as u32).to_be_bytes();
        [&length, kind, content, &[0; 4]].concat()
    };
    let riff_chunk = |kind: &[u8], content: &[u8]| {
        let padding = &[0][..content.len() % 2];
        [
            kind,
            &(content.len() as u32).to_le_bytes(),
            content,
            padding,
        ]
        .concat()
    };
    for (is_big_endian, is_long) in [(true, true), (true, false), (false, true), (false, false)] {
        let tiff = tiff(is_big_endian, is_long);
        let prefixed = [b"Exif\0\0", &tiff[..]].concat();
        let jpeg = {
            let length = (2 + prefixed.len() as u16).to_be_bytes();
            [b"\xff\xd8\xff\xe0\0\x04ab\xff\xe1", &length[..], &prefixed].concat()
        };
        let pixels = png_chunk(b"IDAT", b"pixels");
        let exif = png_chunk(b"eXIf", &tiff);
        let png = b"\x89PNG\r\n\x1a\n";
        let webp = b"RIFF\0\0\0\0WEBP";
        let pixels_of_webp = riff_chunk(b"VP8 ", b"odd");
        for file in [
            jpeg,
            [&png[..], &exif, &pixels].concat(),
            [&png[..], &pixels, &exif].concat(),
            [&webp[..], &pixels_of_webp, &riff_chunk(b"EXIF", &tiff)].concat(),
            [&webp[..], &pixels_of_webp, &riff_chunk(b"EXIF", &prefixed)].concat(),
        ] {
            assert_eq!(exif::orientation(&file), Some(Orientation::Rotate90));
            // Cut off anywhere, it is not found or found, and no panic.
            for end in 0..file.len() {
                exif::orientation(&file[..end]);
            }
        }
    }
}

#[test]
fn a_panic_of_a_decoder_is_an_error_of_the_picture() {
    let error = contained::<()>(|| panic!("out of bounds")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the decoder failed: out of bounds")
    );
    assert_eq!(error.remedy_text(), Some(SAVE_AGAIN));
}

#[test]
fn empty_files_and_cameras_raw_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, what, remedy) in [
        ("a.png", &b""[..], "is empty", SAVE_AGAIN),
        (
            "a.NEF",
            b"MM\0*\0\0\0\x08",
            "(its format is raw)",
            "darktable-cli",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = load(&path).unwrap_err();
        assert!(error.to_string().ends_with(what), "{error}");
        assert!(error.remedy_text().unwrap().contains(remedy), "{error:?}");
    }
}

/// As a webcam sends them.
#[test]
fn a_jpeg_without_tables_is_a_photograph() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/jpeg");
    let load = |name| load(&Path::new(folder).join(name)).unwrap();
    assert_eq!(load("without-tables.jpg"), load("baseline-422.jpg"));
}
