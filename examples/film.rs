//! Writes the first frames of the demo scene to the standard output as a camera of 640x480 sends
//! them: for `cross/frame.py`. Arguments: `YUYV` or `MJPG`, and how many frames.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use face8x::internals::capture::{self, SourceOptions};
use face8x_core::convert::{Converter, Region};
use face8x_core::frame::Frame;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// As a webcam's: some 50 kB a frame.
const JPEG_QUALITY: u8 = 85;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [format, count] = arguments.as_slice() else {
        return Err("usage: film YUYV|MJPG COUNT".into());
    };
    let is_jpeg = match format.as_str() {
        "YUYV" => false,
        "MJPG" => true,
        other => return Err(format!("\"{other}\" is neither YUYV nor MJPG").into()),
    };
    let unpaced = SourceOptions {
        fps: 0,
        ..SourceOptions::default()
    };
    let mut demo = capture::open("demo:", &unpaced)?;
    let mut frame = Frame::empty();
    let mut film = std::io::stdout().lock();
    for _ in 0..count.parse::<u32>()? {
        demo.read(&mut frame, Duration::from_secs(1))?;
        match is_jpeg {
            false => film.write_all(&frame.bytes)?,
            true => film.write_all(&jpeg(&frame)?)?,
        }
    }
    Ok(())
}

/// The frame as a JPEG with half the columns of chroma, as webcams have it.
fn jpeg(frame: &Frame) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut rgb = Vec::new();
    Converter::new().rgb(frame, Region::whole(frame), &mut rgb)?;
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_1);
    let (width, height) = (u16::try_from(frame.width)?, u16::try_from(frame.height)?);
    encoder.encode(&rgb, width, height, ColorType::Rgb)?;
    Ok(jpeg)
}
