//! The one reader of JPEG pictures: for MJPG cameras, MJPEG streams and photographs.

mod headers;
mod scan;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use crate::contain::contain;
use crate::frame::{Frame, PixelFormat, check_size};
use crate::{Error, ErrorKind, Result};
use headers::Headers;

pub use scan::{JpegPicture, NoPicture, START, Scan};

/// Start of image.
const SOI: [u8; 2] = [0xff, 0xd8];
/// End of image.
const EOI: [u8; 2] = [0xff, 0xd9];
/// An APP0 segment that says "AVI1", as in AVI files with MJPEG: the picture has no Huffman
/// tables of its own and means those of the JPEG standard's annex K.3.
const AVI1: [u8; 9] = [0xff, 0xe0, 0, 7, b'A', b'V', b'I', b'1', 0];

/// A JPEG has no more pixels than this to a byte: the DC coefficient of each 8x8 block of luma takes
/// at least one bit (T.81, F.1.2 and G.1.2).
const MAX_PIXELS_A_BYTE: usize = 64 * 8;
/// A buffer that is more than so many times too large is given back.
const MOST_SPARE: usize = 4;

/// Decodes JPEG pictures to RGB, into a buffer that it keeps.
///
/// Every kind that is in use is read: baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK, any
/// subsampling of colour, restart intervals; frames without Huffman tables, as some webcams send
/// them, are decoded with the standard's. What the decoder does not know, or would decode to wrong
/// pixels, is an error that names the reason: arithmetic coding, 12 bits, lossless and hierarchical
/// JPEG, colour finer than brightness, and most pictures whose components are not interleaved.
///
/// A picture counts as damaged, and gives an error instead of half a picture, when the decoder, in
/// its strict mode, finds a fault in it or too few pixels. Bytes behind the end marker are ignored:
/// UVC cameras pad. Some cameras send no end marker; without it the last few bytes may be missing
/// unnoticed, and so may bytes in the middle of any picture, since JPEG has no checksum.
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
    /// A decoder with empty buffers.
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
        decode_rgb(jpeg, true, &mut self.decoded)?;
        self.decoded.timestamp = frame.timestamp;
        self.decoded.sequence = frame.sequence;
        Ok(&self.decoded)
    }

    /// A photograph as an `Rgb3` frame, as it is stored (EXIF turns are not applied). Small faults in
    /// one that has its end are passed over, as viewers do: nobody can take it again.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_photograph(jpeg: &[u8]) -> Result<Frame> {
        let (mut completed, mut decoded) = (Vec::new(), Frame::empty());
        // The end marker of a thumbnail is none of the picture's.
        let is_cut = Scan::default().go_on(jpeg) == Err(NoPicture::Incomplete);
        decode_rgb(complete(jpeg, &mut completed)?, is_cut, &mut decoded).map_err(
            |e| match is_cut {
                true => refused(format!("cut off after {} bytes", jpeg.len())).caused_by(e),
                false => e,
            },
        )?;
        Ok(decoded)
    }
}

/// Decodes one whole JPEG that has its tables. `strict` refuses what does not belong there.
fn decode_rgb(jpeg: &[u8], strict: bool, out: &mut Frame) -> Result<()> {
    if let Some(reason) = Headers::read(&jpeg[SOI.len()..]).unsupported() {
        let message = format!("unsupported kind of JPEG: {reason}");
        return Err(Error::new(ErrorKind::Picture, message).remedy(
            "save it as a baseline JPEG (ImageMagick: convert IN.jpg -quality 95 OUT.jpg)",
        ));
    }
    decode_known(jpeg, strict, out)
}

/// Decodes a JPEG of a kind that the decoder knows; at others it may panic.
fn decode_known(jpeg: &[u8], strict: bool, out: &mut Frame) -> Result<()> {
    contained(|| {
        let options = DecoderOptions::default()
            .jpeg_set_out_colorspace(ColorSpace::RGB)
            // `check_size` says it in words.
            .set_max_width(usize::from(u16::MAX))
            .set_max_height(usize::from(u16::MAX))
            .set_strict_mode(strict);
        let cursor = ZCursor::new(jpeg);
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(cursor, options);
        decoder.decode_headers().map_err(|e| damaged(jpeg, e))?;
        let (width, height) = decoder.dimensions().unwrap_or_default();
        resize(out, width, height, jpeg.len())?;
        decoder
            .decode_into(&mut out.bytes)
            .map_err(|e| damaged(jpeg, e))
    })
}

/// Runs the decoder: a panic in it (zune-jpeg 0.5.15 has some) is an error of this picture alone.
fn contained<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    contain(decode)
        .unwrap_or_else(|panic| Err(refused(format!("the JPEG decoder failed: {panic}"))))
}

/// What to do about a damaged picture.
const SAVE_AGAIN: &str = "copy or save the picture again";

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Picture, message).remedy(SAVE_AGAIN)
}

fn damaged(jpeg: &[u8], error: zune_jpeg::errors::DecodeErrors) -> Error {
    refused(format!("damaged JPEG of {} bytes: {error}", jpeg.len())).caused_by(error)
}

/// Makes `out` a frame of this size, if a JPEG of `length` bytes can hold so many pixels.
fn resize(out: &mut Frame, width: usize, height: usize, length: usize) -> Result<()> {
    check_size(width as u32, height as u32)?;
    if width * height > MAX_PIXELS_A_BYTE * length {
        let message = format!("damaged JPEG: {length} bytes cannot hold {width}x{height} pixels");
        return Err(refused(message));
    }
    (out.format, out.processed) = (PixelFormat::Rgb3, true);
    (out.width, out.height, out.stride) = (width as u32, height as u32, 3 * width);
    let size = out.stride * height;
    if out.bytes.capacity() > MOST_SPARE * size {
        // One frame of a damaged size must not keep its memory for months.
        out.bytes = Vec::new();
    }
    out.bytes.resize(size, 0);
    Ok(())
}

/// The JPEG without what follows its end, if it has one; with standard Huffman tables announced in `completed`
/// where it has none (UVC webcams such as older Logitech ones leave them out).
///
/// # Errors
/// It does not begin as a JPEG does.
fn complete<'a>(bytes: &'a [u8], completed: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    let length = bytes.len();
    let Some(body) = bytes.strip_prefix(&SOI) else {
        return Err(refused(format!(
            "{length} bytes that do not begin as a JPEG"
        )));
    };
    let end = bytes.windows(2).rposition(|w| w == EOI);
    let jpeg = end.map_or(bytes, |end| &bytes[..end + 2]);
    if Headers::read(body).has_tables {
        return Ok(jpeg);
    }
    completed.clear();
    completed.extend_from_slice(&SOI);
    completed.extend_from_slice(&AVI1);
    completed.extend_from_slice(&jpeg[SOI.len()..]);
    Ok(completed)
}

#[cfg(test)]
mod tests;
