use std::fs;

use image::{Rgb, RgbImage};
use tempfile::TempDir;

use super::super::tests::jpeg;
use super::*;

fn unpaced(looped: bool) -> SourceOptions {
    SourceOptions {
        fps: 0,
        looped,
        ..SourceOptions::default()
    }
}

fn open_at(path: &Path, looped: bool) -> Result<Box<dyn Source>> {
    open(path.to_str().unwrap(), &unpaced(looped))
}

/// Width of each frame that is read, -1 for a damaged one, until the end or `most` of them.
fn widths(source: &mut dyn Source, most: usize) -> Vec<i64> {
    let mut frame = Frame::empty();
    let mut widths = Vec::new();
    while widths.len() < most {
        match source.read(&mut frame, Duration::ZERO) {
            Ok(()) => widths.push(frame.width.into()),
            Err(ReadError::Corrupt(_)) => widths.push(-1),
            Err(_) => break,
        }
    }
    widths
}

/// Writes a picture of `width` x 2 pixels.
fn picture(folder: &TempDir, name: &str, width: u32) -> PathBuf {
    let path = folder.path().join(name);
    RgbImage::from_pixel(width, 2, Rgb([10, 20, 30]))
        .save(&path)
        .unwrap();
    path
}

#[test]
fn one_picture_is_one_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let mut image = RgbImage::new(3, 2);
    image.put_pixel(2, 1, Rgb([1, 2, 3]));
    image.save(&path).unwrap();
    let mut source = open_at(&path, false).unwrap();
    let mut frame = Frame::empty();
    source.read(&mut frame, Duration::ZERO).unwrap();
    assert_eq!(
        (frame.format, frame.width, frame.height, frame.stride),
        (PixelFormat::Rgb3, 3, 2, 9)
    );
    assert_eq!(frame.bytes, *image.as_raw());
    assert!(frame.processed);
    assert_eq!(source.read(&mut frame, Duration::ZERO), Err(ReadError::End));

    let mut looped = open(&format!("//{}", path.display()), &unpaced(true)).unwrap();
    assert_eq!(widths(looped.as_mut(), 5), [3; 5]);
}

#[test]
fn folder_skips_broken_files_once() {
    let folder = tempfile::tempdir().unwrap();
    picture(&folder, "p10.png", 10);
    picture(&folder, "p2.JPG", 2);
    fs::write(folder.path().join("p3.webp"), b"RIFF broken").unwrap();
    fs::write(folder.path().join("p1.png"), b"").unwrap();
    fs::write(folder.path().join("notes.txt"), b"no picture").unwrap();
    picture(&folder, ".hidden.png", 7);
    assert_eq!(
        widths(open_at(folder.path(), false).unwrap().as_mut(), 99),
        [-1, 2, -1, 10]
    );
    let mut looped = open_at(folder.path(), true).unwrap();
    assert_eq!(widths(looped.as_mut(), 8), [-1, 2, -1, 10, 2, 10, 2, 10]);
}

#[test]
fn folder_without_readable_pictures_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = open_at(folder.path(), false).err().unwrap();
    assert!(error.to_string().contains("holds no JPEG, PNG"), "{error}");
    for name in ["a.png", "b.jpg"] {
        fs::write(folder.path().join(name), b"broken").unwrap();
    }
    let error = open_at(folder.path(), false).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("none of the 2 pictures can be read"),
        "{error}"
    );
    assert!(error.to_string().contains("a.png"), "{error}");
}

#[test]
fn missing_and_forbidden_files_are_named() {
    let error = open("/no/such/face.png", &unpaced(false)).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("cannot read /no/such/face.png: No such file"),
        "{error}"
    );
    assert_eq!(open("", &unpaced(false)).err().unwrap().exit_code(), 2);
}

#[test]
fn other_files_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.png");
    fs::write(&path, b"\0\0\0\x20ftypisom").unwrap();
    let error = open_at(&path, false).err().unwrap();
    assert!(
        error.to_string().ends_with("picture (its format is MP4)"),
        "{error}"
    );
    assert!(error.remedy_text().unwrap().contains("ffmpeg"));
    for (name, what, remedy) in [
        ("film.YUV", "holds raw frames", "--format YU12 --size"),
        ("film.mjpg", "no complete JPEG", "-f mjpeg"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, [0; 9000]).unwrap();
        let error = open_at(&path, false).err().unwrap();
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.remedy_text().unwrap().contains(remedy), "{error:?}");
    }
}

#[test]
fn huge_pictures_are_refused_before_they_are_decoded() {
    let folder = tempfile::tempdir().unwrap();
    // Headers alone: PNG of 20000 x 10 and of 16000 x 16000 pixels.
    for (width, height) in [(20_000u32, 10u32), (16_000, 16_000), (0, 5)] {
        let path = folder.path().join("huge.png");
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        png.extend([8, 2, 0, 0, 0]);
        let crc = crc32(&png[12..]);
        png.extend(crc.to_be_bytes());
        png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
        fs::write(&path, png).unwrap();
        let text = open_at(&path, false).err().unwrap().to_string();
        assert!(text.contains("huge.png"), "{text}");
        assert!(width == 0 || text.contains("too large"), "{text}");
    }
}

/// CRC-32 of PNG chunks, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg())
        })
    })
}

/// EXIF orientation 6 (turn right) makes an 8x4 picture 4x8, its top left corner top right.
#[test]
fn exif_orientation_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("turned.jpg");
    let image = RgbImage::from_fn(16, 8, |x, _| Rgb(if x < 8 { [250; 3] } else { [5; 3] }));
    let mut plain = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut plain, 95)
        .encode_image(&image)
        .unwrap();
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1];
    bytes.extend((exif.len() as u16 + 2).to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&plain[2..]);
    fs::write(&path, bytes).unwrap();
    let mut frame = Frame::empty();
    read_picture(&path, &mut frame).unwrap();
    assert_eq!((frame.width, frame.height), (8, 16));
    // The light left half is the upper half now.
    assert!(frame.bytes[0] > 240 && frame.bytes[frame.bytes.len() - 1] < 15);
}

#[test]
fn mjpeg_file_is_read_and_looped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.MJPG");
    let (a, b) = (jpeg(16, 1), jpeg(48, 2));
    fs::write(&path, [&a[..], &b, &a[..a.len() / 2]].concat()).unwrap();
    assert_eq!(
        widths(open_at(&path, false).unwrap().as_mut(), 99),
        [16, 48, -1]
    );
    let mut looped = open_at(&path, true).unwrap();
    assert_eq!(widths(looped.as_mut(), 7), [16, 48, -1, 16, 48, -1, 16]);

    fs::write(&path, &a[..300]).unwrap();
    // Emptied while it is read: an end, not an endless search.
    assert!(widths(looped.as_mut(), 99).len() < 99);
    let error = open_at(&path, true).err().unwrap();
    assert!(
        error.to_string().contains("no complete JPEG picture"),
        "{error}"
    );
}

/// Pictures of a camera that sends no end markers, and what stands between others, are no damage.
#[test]
fn frames_without_end_markers_and_padding_are_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mjpg");
    let (a, b) = (jpeg(16, 1), jpeg(48, 2));
    fs::write(&path, [&a[..a.len() - 2], &b[..b.len() - 2]].concat()).unwrap();
    let read = || widths(open_at(&path, false).unwrap().as_mut(), 99);
    assert_eq!(read(), [16, 48]);
    for padding in [&[0; 99][..], &[0xff; 99], b"\xff\xd9"] {
        fs::write(&path, [&a[..], padding, &b, padding].concat()).unwrap();
        assert_eq!(read(), [16, 48], "{padding:?}");
    }
}

#[test]
fn frames_are_paced() {
    let folder = tempfile::tempdir().unwrap();
    let path = picture(&folder, "a.png", 4);
    let options = SourceOptions {
        fps: 1,
        looped: true,
        ..SourceOptions::default()
    };
    let mut source = open(path.to_str().unwrap(), &options).unwrap();
    let mut frame = Frame::empty();
    assert_eq!(source.read(&mut frame, Duration::ZERO), Ok(()));
    assert_eq!(
        source.read(&mut frame, Duration::ZERO),
        Err(ReadError::Timeout)
    );
}
