//! What cameras and programs in a pipe give.

use std::io::Write;
use std::time::Duration;

use face8x::internals::capture::mjpeg::{JpegSplit, Splitter};
use face8x::internals::capture::{self, ReadError, Source, SourceOptions};
use face8x_core::convert::{Converter, JpegDecoder, Region};
use face8x_core::downscaled::Downscaled;
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::Rect;

/// An MJPEG stream is cut into the same pictures whatever pieces it comes in.
pub fn mjpeg(data: &[u8]) {
    if let Some((step, stream)) = data.split_first() {
        let whole = pictures(stream, stream.len().max(1));
        let pieces = pictures(stream, 1 + usize::from(*step));
        assert!(
            whole == pieces,
            "{} pictures or {}",
            whole.len(),
            pieces.len()
        );
    }
}

fn pictures(stream: &[u8], step: usize) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::default();
    let (mut found, mut used) = (Vec::new(), 0);
    for piece in stream.chunks(step) {
        splitter.room(piece.len())[..piece.len()].copy_from_slice(piece);
        splitter.wrote(piece.len());
        loop {
            match splitter.split() {
                JpegSplit::Picture(bytes, picture) => {
                    assert_eq!(picture.len, bytes.len());
                    used += bytes.len();
                    found.push(bytes.to_vec());
                }
                JpegSplit::Damaged(count) | JpegSplit::Between(count) => {
                    assert!(count > 0);
                    used += count;
                }
                JpegSplit::NeedMoreData => break,
            }
        }
    }
    assert_eq!(used + splitter.pending().len(), stream.len());
    found
}

/// A JPEG is refused, or becomes a whole frame.
pub fn jpeg(data: &[u8]) {
    let frame = Frame {
        format: PixelFormat::Mjpg,
        width: 640,
        height: 480,
        bytes: data.to_vec(),
        ..Frame::empty()
    };
    if let Ok(decoded) = JpegDecoder::new().decode(&frame) {
        assert_eq!(decoded.format, PixelFormat::Rgb3);
        convert(decoded);
    }
}

/// Every conversion of a whole frame.
fn convert(frame: &Frame) {
    frame.validate().expect("a source gives whole frames");
    let mut converter = Converter::new();
    let mut reduced = Downscaled::default();
    let reducible = frame.width.max(frame.height) < 1000;
    let luma = converter.downscale_luma(frame, 20, 20, &mut reduced);
    let rgb = converter.downscale_rgb(frame, 20, 20, &mut reduced);
    assert!(!reducible || luma.is_ok() && rgb.is_ok());
    let region = Region {
        x: frame.width / 2,
        y: frame.height / 3,
        width: (frame.width - frame.width / 2).min(50),
        height: (frame.height - frame.height / 3).min(50),
    };
    let mut bytes = Vec::new();
    converter
        .rgb(frame, region, &mut bytes)
        .expect("the region lies inside");
    let (width, height) = (frame.width as f32, frame.height as f32);
    let beyond = Rect::new(-0.3 * width, 0.4 * height, width, height);
    let mut picture = [0; 24 * 10];
    converter
        .scale_to(frame, beyond, &mut picture, 24, 20, 10)
        .expect("the rectangle overlaps the frame");
}

/// What a program writes into standard input becomes whole frames, none of its bytes twice.
pub fn pipe(data: &[u8]) {
    let Some((head, stream)) = data.split_first_chunk::<4>() else {
        return;
    };
    let [form, width, height, step] = head.map(usize::from);
    // A ninth form leaves it to the first bytes.
    let format = PixelFormat::ALL.get(form % 9).copied();
    let options = SourceOptions {
        width: 1 + width as u32 % 40,
        height: 1 + height as u32 % 40,
        format,
        // A y4m stream would be kept to its rate.
        fps: 0,
        ..SourceOptions::default()
    };
    let (reader, mut writer) = std::io::pipe().expect("a pipe can be had");
    rustix::stdio::dup2_stdin(&reader).expect("standard input can be replaced");
    drop(reader);
    let mut source = capture::open("-", &options).expect("a pipe is no terminal");
    let mut raw = Vec::new();
    let mut frame = Frame::empty();
    for piece in stream.chunks(16 * (1 + step)) {
        writer.write_all(piece).expect("the reader is there");
        while let Some(()) = read(source.as_mut(), &mut frame, &mut raw, false) {}
    }
    drop(writer);
    while let Some(()) = read(source.as_mut(), &mut frame, &mut raw, true) {}
    if let Some(format) = format.filter(|format| *format != PixelFormat::Mjpg) {
        let len = format.frame_len(format.min_stride(options.width), options.height);
        assert!(raw == stream[..stream.len() / len * len]);
    }
}

/// Reads one frame, and adds its bytes to `raw` where it is a raw one; `None` where more bytes are
/// needed, or after the end.
fn read(source: &mut dyn Source, frame: &mut Frame, raw: &mut Vec<u8>, ended: bool) -> Option<()> {
    match source.read(frame, Duration::ZERO) {
        Ok(()) if frame.format == PixelFormat::Mjpg => frame.validate().ok(),
        Ok(()) => {
            raw.extend(&frame.bytes);
            convert(frame);
            Some(())
        }
        Err(ReadError::Corrupt(_)) => Some(()),
        Err(ReadError::Timeout) => {
            assert!(!ended, "the end of the pipe is no timeout");
            None
        }
        // What is not MJPEG, or a server's refusal.
        Err(ReadError::Lost(_)) => None,
        Err(ReadError::Unreadable(error)) => {
            crate::explained(&error);
            None
        }
        Err(ReadError::End) => {
            assert!(ended, "the pipe is still open");
            None
        }
    }
}
