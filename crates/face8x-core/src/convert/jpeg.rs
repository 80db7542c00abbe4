//! JPEG pictures of MJPG cameras.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use crate::frame::{Frame, MAX_SIDE, PixelFormat, check_size};
use crate::{Error, Result};

/// Start of image.
const SOI: [u8; 2] = [0xff, 0xd8];
/// End of image.
const EOI: [u8; 2] = [0xff, 0xd9];
/// Define Huffman tables.
const DHT: u8 = 0xc4;
/// Start of scan: the end of the headers.
const SOS: u8 = 0xda;
/// An APP0 segment that says "AVI1", as in AVI files with MJPEG: the picture has no Huffman
/// tables of its own and means those of the JPEG standard's annex K.3.
const AVI1: [u8; 9] = [0xff, 0xe0, 0, 7, b'A', b'V', b'I', b'1', 0];

/// A JPEG has no more pixels than this to a byte: the DC coefficient of each 8x8 block of luma takes
/// at least one bit (T.81, F.1.2 and G.1.2).
const MAX_PIXELS_A_BYTE: usize = 64 * 8;
/// A buffer that is more than so many times too large is given back.
const MOST_SPARE: usize = 4;

/// Decodes JPEG frames to RGB, into a buffer that it keeps.
///
/// A picture counts as damaged, and gives an error instead of half a picture, when its end marker
/// is missing (cut off) or the decoder, in its strict mode, finds a fault in it. Bytes behind the
/// end marker are ignored: UVC cameras pad. A picture that lacks bytes in its middle but has its
/// end marker can escape notice, since JPEG has no checksum.
pub struct JpegDecoder {
    decoded: Frame,
    /// The JPEG with standard tables announced, where it came without.
    completed: Vec<u8>,
}

impl Default for JpegDecoder {
    fn default() -> Self {
        JpegDecoder {
            decoded: Frame::empty(),
            completed: Vec::new(),
        }
    }
}

impl JpegDecoder {
    /// One with empty buffers.
    pub fn new() -> Self {
        JpegDecoder::default()
    }

    /// The frame in a raw format: `frame` itself where it is one already, or the decoded picture
    /// as `Rgb3`, with the JPEG's own size whatever was negotiated, valid until the next call.
    ///
    /// # Errors
    /// The frame is not whole ([`Frame::validate`]); the JPEG is cut off, damaged, of a kind that
    /// is not supported, or too large. The next frame may be whole.
    pub fn decode<'a>(&'a mut self, frame: &'a Frame) -> Result<&'a Frame> {
        frame.validate()?;
        if frame.format != PixelFormat::Mjpg {
            return Ok(frame);
        }
        let jpeg = complete(&frame.bytes, &mut self.completed)?;
        decode_rgb(jpeg, &mut self.decoded)?;
        self.decoded.timestamp = frame.timestamp;
        self.decoded.sequence = frame.sequence;
        Ok(&self.decoded)
    }
}

fn decode_rgb(jpeg: &[u8], out: &mut Frame) -> Result<()> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(MAX_SIDE as usize)
        .set_max_height(MAX_SIDE as usize)
        .set_strict_mode(true);
    let damaged = |e| Error::other(format!("damaged JPEG of {} bytes: {e}", jpeg.len()));
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    check_size(width as u32, height as u32)?;
    if width * height > MAX_PIXELS_A_BYTE * jpeg.len() {
        let length = jpeg.len();
        return Err(Error::other(format!(
            "damaged JPEG: {length} bytes cannot hold {width}x{height} pixels"
        )));
    }
    out.format = PixelFormat::Rgb3;
    (out.width, out.height, out.stride) = (width as u32, height as u32, 3 * width);
    let length = out.stride * height;
    if out.bytes.capacity() > MOST_SPARE * length {
        // One frame of a damaged size must not keep its memory for months.
        out.bytes = Vec::new();
    }
    out.bytes.resize(length, 0);
    decoder.decode_into(&mut out.bytes).map_err(damaged)
}

/// The JPEG without what follows its end; with standard Huffman tables announced in `completed`
/// where it has none (UVC webcams such as older Logitech ones leave them out).
///
/// # Errors
/// It does not begin or end as a JPEG does.
fn complete<'a>(bytes: &'a [u8], completed: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    let Some(body) = bytes.strip_prefix(&SOI) else {
        return Err(Error::other(format!(
            "{} bytes that do not begin as a JPEG",
            bytes.len()
        )));
    };
    let Some(end) = bytes.windows(2).rposition(|w| w == EOI) else {
        return Err(Error::other(format!(
            "JPEG cut off after {} bytes",
            bytes.len()
        )));
    };
    let jpeg = &bytes[..end + 2];
    if has_tables(body) {
        return Ok(jpeg);
    }
    completed.clear();
    completed.extend_from_slice(&SOI);
    completed.extend_from_slice(&AVI1);
    completed.extend_from_slice(&jpeg[SOI.len()..]);
    Ok(completed)
}

/// Whether the headers (what follows the start of the image) define a Huffman table.
fn has_tables(mut headers: &[u8]) -> bool {
    // A segment: 0xff, its kind, and its length with these two bytes.
    while let [0xff, kind, high, low, ..] = *headers {
        if kind == DHT {
            return true;
        }
        if kind == 0xff {
            // A fill byte.
            headers = &headers[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        match headers.get(2 + length..) {
            Some(rest) if kind != SOS => headers = rest,
            _ => return false,
        }
    }
    // Not a sequence of segments: the decoder says what is wrong with it.
    true
}

#[cfg(test)]
mod tests {
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
        while jpeg[at + 1] != SOS {
            let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
            if jpeg[at + 1] != DHT {
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

    #[test]
    fn a_picture_cut_off_anywhere_is_an_error() {
        let (_, jpeg) = sample();
        let mut decoder = JpegDecoder::new();
        for len in 0..jpeg.len() {
            decoder.decode(&mjpg(jpeg[..len].to_vec())).unwrap_err();
            // The same with the end marker put on: the decoder has to notice, or to fill up.
            let closed = [&jpeg[..len], &EOI].concat();
            let _ = decoder.decode(&mjpg(closed));
        }
        decoder.decode(&mjpg(jpeg)).unwrap();
    }

    /// A lenient decoder would pass over them and give half a picture.
    #[test]
    fn bytes_that_do_not_belong_there_are_an_error() {
        let (_, jpeg) = sample();
        let find = |marker: u8| jpeg.windows(2).position(|w| w == [0xff, marker]).unwrap();
        // Between two headers, and the marker of a header among the pixels.
        for (at, stray) in [(find(0xdb), &[1; 9][..]), (find(SOS) + 60, &[0xff, 0xc0])] {
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

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(
            hits in prop::collection::vec((0.0..1.0, 0u8..=255), 1..6),
        ) {
            let (_, mut jpeg) = sample();
            let len = jpeg.len();
            for (at, value) in hits {
                jpeg[(at * len as f64) as usize] = value;
            }
            if let Ok(frame) = JpegDecoder::new().decode(&mjpg(jpeg)) {
                frame.validate().unwrap();
            }
        }
    }
}
