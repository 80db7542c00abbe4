use image::codecs::jpeg::JpegEncoder;
use proptest::prelude::*;

use super::*;
use crate::testing::reference::noise_frame;

fn mjpg(bytes: Vec<u8>) -> Frame {
    Frame {
        format: PixelFormat::Mjpg,
        width: 640,
        height: 480,
        bytes,
        ..Frame::empty()
    }
}

/// A smooth picture of 37x29 pixels and its JPEG.
fn sample() -> (Vec<u8>, Vec<u8>) {
    let pixel = |i: u32| {
        let (x, y) = (i % 37, i / 37);
        [(6 * x) as u8, (8 * y) as u8, (3 * x + 4 * y) as u8]
    };
    let rgb: Vec<u8> = (0..37 * 29).flat_map(pixel).collect();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 95)
        .encode(&rgb, 37, 29, image::ExtendedColorType::Rgb8)
        .unwrap();
    (rgb, jpeg)
}

/// The JPEG without its Huffman tables, as some webcams send it.
fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    let mut at = 2;
    while jpeg[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] != 0xc4 {
            out.extend_from_slice(&jpeg[at..end]);
        }
        at = end;
    }
    out.extend_from_slice(&jpeg[at..]);
    out
}

#[test]
fn a_picture_comes_back_in_its_own_size() {
    let (rgb, jpeg) = sample();
    let mut decoder = JpegDecoder::new();
    let padded = [&jpeg[..], &[0; 64]].concat();
    let filled = [&jpeg[..2], &[0xff; 3], &jpeg[2..]].concat();
    for bytes in [jpeg.clone(), padded, filled, without_tables(&jpeg)] {
        let frame = Frame {
            sequence: 8,
            ..mjpg(bytes)
        };
        let got = decoder.decode(&frame).unwrap();
        got.validate().unwrap();
        assert_eq!(
            (got.format, got.width, got.height),
            (PixelFormat::Rgb3, 37, 29)
        );
        assert_eq!(got.sequence, 8);
        let off: u32 = got
            .bytes
            .iter()
            .zip(&rgb)
            .map(|(a, b)| u32::from(a.abs_diff(*b)))
            .sum();
        assert!(
            off < 4 * rgb.len() as u32,
            "off by {off} in {} bytes",
            rgb.len()
        );
    }
}

/// The file of tests/data/jpeg/make.py of this name.
fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/jpeg");
    std::fs::read(format!("{folder}/{name}.jpg")).unwrap()
}

/// Every kind of JPEG, against what djpeg makes of it (make.py): decoded to the same picture, or
/// refused with the reason; in a stream and as a photograph alike.
#[test]
fn every_kind_of_jpeg_is_right_or_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/jpeg");
    let sheet = image::open(format!("{folder}/decoded.png"))
        .unwrap()
        .into_rgb8();
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            Some(
                entry
                    .unwrap()
                    .file_name()
                    .to_str()?
                    .strip_suffix(".jpg")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    let mut expected = sheet.as_raw().chunks_exact(3 * 35 * 27);
    let mut refused = Vec::new();
    for name in &names {
        let jpeg = file(name);
        // Not what djpeg decodes, but what it refuses too.
        let expected = if name.starts_with("refused") {
            None
        } else {
            expected.next()
        };
        let frame = mjpg(jpeg.clone());
        let mut decoder = JpegDecoder::new();
        let stream = decoder.decode(&frame);
        let photograph = JpegDecoder::decode_photograph(&jpeg);
        assert_eq!(stream.clone().cloned(), photograph, "{name}");
        match (stream, expected) {
            (Err(error), _) => {
                let reason = error.to_string();
                assert!(
                    reason.starts_with("unsupported kind of JPEG: "),
                    "{name}: {reason}"
                );
                assert!(error.remedy_text().is_some());
                refused.push(name.as_str());
            }
            (Ok(_), None) => panic!("{name} is decoded"),
            (Ok(got), Some(expected)) => {
                assert_eq!((got.width, got.height), (35, 27), "{name}");
                let off = got.bytes.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
                let worst = off.max().unwrap();
                assert!(worst <= 4, "{name}: off by {worst}");
            }
        }
    }
    assert_eq!(refused, REFUSED);
    assert_eq!(expected.next(), None, "decoded.png is of other files");
}

/// What is refused: see [`Headers::unsupported`].
#[rustfmt::skip]
const REFUSED: [&str; 35] = [
    "arithmetic", "arithmetic-progressive", "baseline-1x3", "baseline-3x1", "baseline-fine-chroma",
    "progressive-1x3", "progressive-3x1", "progressive-fine-chroma",
    "refused-12-bit", "refused-hierarchical", "refused-lossless", "refused-no-height",
    "scans-chroma-first-420", "scans-chroma-first-422", "scans-chroma-first-440",
    "scans-chroma-first-444", "scans-chroma-first-fine-chroma",
    "scans-one-each-420", "scans-one-each-440", "scans-one-each-fine-chroma",
    "scans-restart-blocks-422", "scans-restart-blocks-444",
    "scans-restart-rows-422", "scans-restart-rows-444",
    "scans-turned-420", "scans-turned-440", "scans-turned-fine-chroma",
    "scans-two-420", "scans-two-440", "scans-two-fine-chroma",
    "scans-two-one-420", "scans-two-one-422", "scans-two-one-440", "scans-two-one-444",
    "scans-two-one-fine-chroma",
];

#[test]
fn a_panic_of_the_decoder_is_an_error_of_the_picture() {
    let error = contained::<()>(|| panic!("index out of bounds")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the JPEG decoder failed: index out of bounds"
    );
    assert!(error.remedy_text().is_some());
    assert_eq!(error.kind(), ErrorKind::Picture);
}

/// A kind that is refused before, because zune-jpeg 0.5.15 panics at it (on x86-64).
#[test]
fn the_decoder_is_contained() {
    for name in [
        "scans-one-each-fine-chroma",
        "scans-chroma-first-fine-chroma",
        "baseline-fine-chroma",
    ] {
        for strict in [true, false] {
            if let Err(error) = decode_known(&file(name), strict, &mut Frame::empty()) {
                assert_eq!(error.kind(), ErrorKind::Picture, "{name}: {error}");
            }
        }
    }
}

#[test]
fn raw_frames_pass_untouched() {
    let frame = noise_frame(PixelFormat::Nv12, 7, 5, 1, 3);
    let mut decoder = JpegDecoder::new();
    assert!(std::ptr::eq(decoder.decode(&frame).unwrap(), &frame));
    let short = Frame {
        bytes: vec![0; 9],
        ..frame
    };
    decoder.decode(&short).unwrap_err();
}

/// Without its end marker a picture is whole; without more it is an error, or has lost but little.
#[test]
fn a_picture_cut_off_is_an_error_but_for_its_end_marker() {
    let (jpeg, sos) = (file("baseline-444"), 0xda);
    let data = jpeg.windows(2).position(|w| w == [0xff, sos]).unwrap() + 14;
    let mut decoder = JpegDecoder::new();
    let whole = decoder.decode(&mjpg(jpeg.clone())).unwrap().bytes.clone();
    for len in 0..jpeg.len() {
        let cut = jpeg[..len].to_vec();
        let photograph = JpegDecoder::decode_photograph(&cut);
        // The same with the end marker put on: the decoder has to notice, or to fill up.
        let closed = [&cut, &EOI[..]].concat();
        let _ = decoder.decode(&mjpg(closed));
        match decoder.decode(&mjpg(cut)) {
            Ok(frame) if len >= jpeg.len() - 2 => assert_eq!(frame.bytes, whole),
            Ok(_) => assert!(
                len > data + (jpeg.len() - data) / 2,
                "cut after {len} bytes"
            ),
            Err(_) => {
                assert!(len < jpeg.len() - 2);
                let error = photograph.unwrap_err().to_string();
                assert!(
                    len < 2 || error.starts_with("cut off after"),
                    "{len}: {error}"
                );
            }
        }
    }
}

/// A lenient decoder would pass over them and give half a picture.
#[test]
fn bytes_that_do_not_belong_there_are_an_error() {
    let (_, jpeg) = sample();
    let find = |marker: u8| jpeg.windows(2).position(|w| w == [0xff, marker]).unwrap();
    // Between two headers, and the marker of a header among the pixels.
    for (at, stray) in [(find(0xdb), &[1; 9][..]), (find(0xda) + 60, &[0xff, 0xc0])] {
        let bytes = [&jpeg[..at], stray, &jpeg[at..]].concat();
        JpegDecoder::new().decode(&mjpg(bytes)).unwrap_err();
    }
}

#[test]
fn a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded() {
    let (_, mut jpeg) = sample();
    let sof = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    for (height, width) in [(16384u16, 16384u16), (29, 16385), (u16::MAX, 37), (0, 37)] {
        jpeg[sof + 5..sof + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[sof + 7..sof + 9].copy_from_slice(&width.to_be_bytes());
        JpegDecoder::new().decode(&mjpg(jpeg.clone())).unwrap_err();
    }
}

/// A size that the bytes cannot hold takes no memory, and one that they could is not kept.
#[test]
fn a_damaged_size_keeps_no_memory() {
    let (_, jpeg) = sample();
    let sized = |width: u16, height: u16| {
        let mut jpeg = jpeg.clone();
        let sof = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        jpeg[sof + 5..sof + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[sof + 7..sof + 9].copy_from_slice(&width.to_be_bytes());
        mjpg(jpeg)
    };
    let mut decoder = JpegDecoder::new();
    let error = decoder.decode(&sized(8000, 8000)).unwrap_err();
    assert!(
        error.to_string().contains("cannot hold 8000x8000"),
        "{error}"
    );
    assert_eq!(decoder.decoded.bytes.capacity(), 0);
    let side = (jpeg.len() as f64 * 400.0).sqrt() as u16;
    let _ = decoder.decode(&sized(side, side));
    assert!(decoder.decoded.bytes.capacity() > 100_000);
    decoder.decode(&mjpg(jpeg)).unwrap();
    assert!(decoder.decoded.bytes.capacity() < 8 * 3 * 37 * 29);
}

/// Kinds whose headers, scans and tables differ.
const DAMAGED: &[&str] = &[
    "baseline-420",
    "cmyk",
    "grey-2x2",
    "progressive-420",
    "progressive-restart-444",
    "restart-blocks",
    "scans-one-each-422",
    "scans-two-444",
    "without-tables",
];

proptest! {
    #[test]
    fn damaged_bytes_never_panic(
        kind in prop::sample::select(DAMAGED),
        hits in prop::collection::vec((0.0..1.0, 0u8..=255), 1..6),
    ) {
        let mut jpeg = file(kind);
        let len = jpeg.len();
        for (at, value) in hits {
            jpeg[(at * len as f64) as usize] = value;
        }
        if let Ok(frame) = JpegDecoder::new().decode(&mjpg(jpeg)) {
            frame.validate().unwrap();
        }
    }
}
