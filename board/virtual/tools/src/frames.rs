//! One frame of the app's demo scene in every pixel format, for the virtual cameras.

use std::fs;
use std::path::Path;

use face8x::internals::capture::{self, SourceOptions, demo};
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::canonical::FACE_BOX;
use face8x_core::geometry::{CANONICAL_LANDMARKS, Similarity};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::Result;

/// Size of the frames in pixels.
pub const SIZE: (u32, u32) = (640, 480);
/// High, so that the picture is the same as that of the raw formats but for a little noise.
const JPEG_QUALITY: u8 = 95;

/// Writes `DIR/YUYV`, `DIR/MJPG` and so on, all the same picture, and `DIR/box`: the face box as
/// `--detector` takes it.
pub fn write(folder: &Path, number: u64) -> Result<()> {
    fs::create_dir_all(folder)?;
    let yuyv = demo_frame(number)?;
    for format in PixelFormat::ALL {
        fs::write(folder.join(format.to_string()), convert(&yuyv, format)?)?;
    }
    fs::write(folder.join("box"), face_box(number)?)?;
    Ok(())
}

/// The YUYV bytes of frame `number` of the demo scene.
fn demo_frame(number: u64) -> Result<Vec<u8>> {
    let options = SourceOptions {
        width: SIZE.0,
        height: SIZE.1,
        fps: 0,
        ..SourceOptions::default()
    };
    let mut source = capture::open("demo:", &options)?;
    let mut frame = Frame::empty();
    for _ in 0..=number {
        source.read(&mut frame, std::time::Duration::from_secs(1))?;
    }
    Ok(frame.bytes)
}

fn face_box(number: u64) -> Result<String> {
    let landmarks = demo::landmarks_at(number, SIZE.0, SIZE.1);
    let to_frame =
        Similarity::fit(&CANONICAL_LANDMARKS, &landmarks).ok_or("the landmarks coincide")?;
    let (centre, side) = (
        to_frame.apply(FACE_BOX.centre()),
        FACE_BOX.w * to_frame.scale(),
    );
    let (x, y) = (centre.x - side / 2.0, centre.y - side / 2.0);
    Ok(format!("box:{x:.0},{y:.0},{side:.0},{side:.0}"))
}

/// The picture of `yuyv` in another format.
fn convert(yuyv: &[u8], format: PixelFormat) -> Result<Vec<u8>> {
    let pixels = || yuyv.as_chunks::<4>().0.iter();
    let luma = || yuyv.iter().step_by(2).copied();
    Ok(match format {
        PixelFormat::Yuyv => yuyv.to_vec(),
        PixelFormat::Uyvy => pixels().flat_map(|[y, u, z, v]| [*u, *y, *v, *z]).collect(),
        // Grey cameras use all values from 0 to 255.
        PixelFormat::Grey => luma()
            .map(|y| (light(y).round()).clamp(0.0, 255.0) as u8)
            .collect(),
        PixelFormat::Nv12 => {
            let (blue, red) = (chroma(yuyv, 1), chroma(yuyv, 3));
            let pairs = blue.into_iter().zip(red).flat_map(|(u, v)| [u, v]);
            luma().chain(pairs).collect()
        }
        PixelFormat::Yu12 => luma()
            .chain(chroma(yuyv, 1))
            .chain(chroma(yuyv, 3))
            .collect(),
        PixelFormat::Rgb3 => rgb(yuyv),
        PixelFormat::Bgr3 => rgb(yuyv)
            .as_chunks::<3>()
            .0
            .iter()
            .flat_map(|[r, g, b]| [*b, *g, *r])
            .collect(),
        PixelFormat::Mjpg => {
            let mut jpeg = Vec::new();
            JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).write_image(
                &rgb(yuyv),
                SIZE.0,
                SIZE.1,
                ExtendedColorType::Rgb8,
            )?;
            jpeg
        }
    })
}

/// One chroma channel (the bytes at `offset` of each two pixels), the mean of each two rows.
fn chroma(yuyv: &[u8], offset: usize) -> Vec<u8> {
    let row = SIZE.0 as usize * 2;
    yuyv.chunks_exact(2 * row)
        .flat_map(|rows| {
            let (upper, lower) = rows.split_at(row);
            let values = |row: &[u8]| {
                let values: Vec<u16> = row[offset..]
                    .iter()
                    .step_by(4)
                    .map(|v| u16::from(*v))
                    .collect();
                values
            };
            let means = values(upper)
                .into_iter()
                .zip(values(lower))
                .map(|(a, b)| (a + b).div_ceil(2) as u8);
            means.collect::<Vec<u8>>()
        })
        .collect()
}

/// Luma of the limited range (16 to 235) in the full one.
fn light(luma: u8) -> f32 {
    255.0 / 219.0 * (f32::from(luma) - 16.0)
}

/// RGB of YUYV by ITU-R BT.601 with its limited range, in real numbers.
fn rgb(yuyv: &[u8]) -> Vec<u8> {
    yuyv.as_chunks::<4>()
        .0
        .iter()
        .flat_map(|[y0, u, y1, v]| {
            let (blue, red) = (f32::from(*u) - 128.0, f32::from(*v) - 128.0);
            [y0, y1].map(|y| {
                let grey = light(*y);
                [
                    grey + 1.596_03 * red,
                    grey - 0.391_76 * blue - 0.812_97 * red,
                    grey + 2.017_23 * blue,
                ]
                .map(|value| value.round().clamp(0.0, 255.0) as u8)
            })
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use face8x_core::convert::{Converter, JpegDecoder, Region};

    /// The app's own reading of `bytes`.
    fn read(format: PixelFormat, bytes: Vec<u8>) -> Vec<u8> {
        let frame = Frame {
            format,
            width: SIZE.0,
            height: SIZE.1,
            stride: format.min_stride(SIZE.0),
            bytes,
            ..Frame::empty()
        };
        let mut jpeg = JpegDecoder::new();
        let frame = jpeg.decode(&frame).unwrap();
        let mut rgb = Vec::new();
        Converter::new()
            .rgb(frame, Region::whole(frame), &mut rgb)
            .unwrap();
        rgb
    }

    fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
        let sum: u64 = a
            .iter()
            .zip(b)
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        sum as f64 / a.len() as f64
    }

    #[test]
    fn every_format_shows_the_same_picture() {
        let yuyv = demo_frame(0).unwrap();
        let expected = read(PixelFormat::Yuyv, yuyv.clone());
        for format in PixelFormat::ALL {
            let got = read(format, convert(&yuyv, format).unwrap());
            let expected = match format {
                PixelFormat::Grey => {
                    let grey = |rgb: &[u8; 3]| {
                        let [r, g, b] = rgb.map(f32::from);
                        [(0.299 * r + 0.587 * g + 0.114 * b).round() as u8; 3]
                    };
                    expected.as_chunks().0.iter().flat_map(grey).collect()
                }
                _ => expected.clone(),
            };
            assert_eq!(got.len(), expected.len());
            let difference = mean_difference(&got, &expected);
            assert!(difference < 1.5, "{format} differs by {difference}");
        }
    }

    #[test]
    fn the_box_is_on_the_face() {
        // The box has 84 of the canonical face's 128 pixels, which are 20 of the frame's.
        let text = face_box(0).unwrap();
        let numbers: Vec<f32> = text[4..].split(',').map(|n| n.parse().unwrap()).collect();
        let nose = demo::landmarks_at(0, SIZE.0, SIZE.1)[2];
        assert!((12.0..15.0).contains(&numbers[2]), "{text}");
        assert!(
            (nose.x - (numbers[0] + numbers[2] / 2.0)).abs() < 5.0,
            "{text}"
        );
        assert!(
            (nose.y - (numbers[1] + numbers[3] / 2.0)).abs() < 10.0,
            "{text}"
        );
    }
}
