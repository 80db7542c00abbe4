//! Tests of the resampling: against stored references, definitions, and itself.

use crate::align::*;
use crate::frame::{Frame, PixelFormat};
use crate::geometry::LR_SIDE;
use crate::geometry::{HR_SIDE, Point, Similarity};
use crate::resample::Shrinker;
use crate::restore::Lr;
use crate::testing::reference::{is_ycc, noise_frame, places, rgb};

/// A picture of tests/data/align as a frame.
fn stored(name: &str) -> Frame {
    let path = format!("{}/tests/data/align/{name}.png", env!("CARGO_MANIFEST_DIR"));
    let picture = image::open(path).unwrap().into_rgb8();
    let (width, height) = picture.dimensions();
    let stride = 3 * width as usize;
    let format = PixelFormat::Rgb3;
    Frame {
        format,
        width,
        height,
        stride,
        bytes: picture.into_raw(),
        ..Frame::empty()
    }
}

/// The same picture `times` as large, without interpolation.
fn enlarged(frame: &Frame, times: usize) -> Frame {
    let (width, height) = (frame.width as usize * times, frame.height as usize * times);
    let bytes = (0..width * height).flat_map(|i| {
        let at = (i / width / times) * frame.stride + 3 * (i % width / times);
        [frame.bytes[at], frame.bytes[at + 1], frame.bytes[at + 2]]
    });
    Frame {
        width: width as u32,
        height: height as u32,
        stride: 3 * width,
        bytes: bytes.collect(),
        ..frame.clone()
    }
}

/// Waves of all lengths down to two pixels, and hard edges, in a raw format; chroma is weak enough
/// for no colour to be cut off.
fn texture(format: PixelFormat, width: u32, height: u32) -> Frame {
    let mut frame = noise_frame(format, width, height, 4, 1);
    let strength = if is_ycc(format) {
        [1.0, 0.2, -0.2]
    } else {
        [1.0, 0.8, 0.9]
    };
    for i in 0..(width * height) as usize {
        let (u, v) = (i % width as usize, i / width as usize);
        let (x, y) = (u as f32, v as f32);
        // Its waves shorten to two pixels at the right.
        let chirp = x * x * std::f32::consts::FRAC_PI_2 / width as f32;
        let wave = chirp.sin() + (y * 0.8).sin() + ((x + 2.0 * y) * 0.05).sin();
        let edge = if (v / 37 + u / 53).is_multiple_of(2) {
            30.0
        } else {
            -30.0
        };
        for (at, strength) in places(&frame, u, v).into_iter().zip(strength) {
            frame.bytes[at] = (128.0 + strength * (15.0 * wave + edge)) as u8;
        }
    }
    frame
}

/// The alignment whose crop has its centre at (x, y) and this side, turned by so many degrees.
pub(super) fn crop_at(x: f32, y: f32, side: f32, degrees: f32) -> Similarity {
    let middle = Point::new(64.0, 64.0);
    Similarity::about(Point::new(x, y), middle, 128.0 / side, degrees.to_radians())
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.len() as f64
}

fn greatest_difference(a: &[u8], b: &[u8]) -> u8 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// The 16x16 of a face, straight from the frame.
pub(super) fn direct_lr(frame: &Frame, similarity: &Similarity) -> Lr {
    let mut lr = [0; LR_SIDE * LR_SIDE * 3];
    Aligner::new().lr(frame, similarity, &mut lr).unwrap();
    lr
}

fn hr(frame: &Frame, similarity: &Similarity) -> Hr {
    let mut hr = [0; HR_SIDE * HR_SIDE * 3];
    Aligner::new()
        .crop(frame, similarity, HR_SIDE, &mut hr)
        .unwrap();
    hr
}

fn lr_through_hr(frame: &Frame, similarity: &Similarity) -> Lr {
    let mut lr = [0; LR_SIDE * LR_SIDE * 3];
    Aligner::new().shrink(&hr(frame, similarity), &mut lr);
    lr
}

#[test]
fn the_reduction_is_pillows() {
    for name in ["blocks_128", "crop_0", "crop_1", "crop_2"] {
        let hr: Hr = stored(name).bytes.try_into().unwrap();
        let mut lr = [0; LR_SIDE * LR_SIDE * 3];
        Aligner::new().shrink(&hr, &mut lr);
        let expected = stored(&format!("{name}_lr")).bytes;
        assert!(greatest_difference(&lr, &expected) <= 1, "{name}");
        assert!(mean_difference(&lr, &expected) < 0.01, "{name}");
    }
}

#[test]
fn the_reduction_of_the_samples_is_pillows() {
    let picture = stored("blocks_64");
    let mut shrinker = Shrinker::new(64);
    for (y, line) in picture.bytes.chunks_exact(picture.stride).enumerate() {
        let row = line
            .as_chunks::<3>()
            .0
            .iter()
            .map(|p| [p[0], p[1], p[2], 0].map(f32::from));
        shrinker.put_row(y, &row.collect::<Vec<_>>());
    }
    let mut lr = [0; LR_SIDE * LR_SIDE * 3];
    shrinker.finish(&mut lr);
    let expected = stored("blocks_64_lr").bytes;
    assert!(greatest_difference(&lr, &expected) <= 1);
    assert!(mean_difference(&lr, &expected) < 0.01);
}

/// The similarities of make_reference.py.
const REFERENCE: [(f32, f32, f32, f32); 3] = [
    (104.3, 91.6, 150.0, 0.0),
    (40.0, 150.25, 130.0, 12.0),
    (109.7, 88.1, 61.0, -33.0),
];

#[test]
fn crops_are_those_of_the_training_data() {
    let photo = stored("photo");
    for (i, (x, y, side, degrees)) in REFERENCE.into_iter().enumerate() {
        let similarity = crop_at(x, y, side, degrees);
        let crop = stored(&format!("crop_{i}")).bytes;
        let off = mean_difference(&hr(&photo, &similarity), &crop);
        assert!(off < 0.6, "crop {i} is off by {off}");
        let lr = stored(&format!("crop_{i}_lr")).bytes;
        let off = mean_difference(&direct_lr(&photo, &similarity), &lr);
        assert!(off < 0.6, "LR {i} is off by {off}");
    }
}

/// Compares LR made in both ways, for crops from 24 to 900 pixels a side, in the frame, at its
/// borders and corners, and outside its middle.
fn assert_both_ways_agree(frame: &Frame, within: f64) {
    let (width, height) = (frame.width as f32, frame.height as f32);
    let places = [
        (0.5012, 0.4987, 7.0),
        (0.47, 0.55, -41.0),
        (0.0, 0.5, 3.0),
        (1.0, 1.0, 0.0),
        (0.3, -0.05, 90.0),
    ];
    let sides = [
        24.0, 31.3, 48.0, 90.0, 97.0, 128.0, 191.0, 250.0, 400.0, 613.0, 900.0,
    ];
    for (i, side) in sides.into_iter().enumerate() {
        for (x, y, degrees) in [places[i % 5], places[(i + 2) % 5], places[(i + 3) % 5]] {
            let similarity = crop_at(x * width, y * height, side, degrees);
            let direct = direct_lr(frame, &similarity);
            let off = mean_difference(&direct, &lr_through_hr(frame, &similarity));
            assert!(
                off < within,
                "{side} px at ({x}, {y}), {degrees} degrees: {off}"
            );
        }
    }
}

#[test]
fn lr_of_a_photograph_is_the_same_directly_and_by_way_of_the_crop() {
    let photo = stored("photo");
    assert_both_ways_agree(&photo, 0.9);
    assert_both_ways_agree(&enlarged(&photo, 5), 0.5);
}

#[test]
fn lr_of_a_texture_is_the_same_directly_and_by_way_of_the_crop() {
    for (format, width, height) in [
        (PixelFormat::Yuyv, 1281, 960),
        (PixelFormat::Nv12, 640, 480),
        (PixelFormat::Grey, 333, 257),
        (PixelFormat::Bgr3, 400, 300),
    ] {
        assert_both_ways_agree(&texture(format, width, height), 2.0);
    }
}

/// LR by definition, slowly: the cubic reduction of a dense grid of linear samples, in 64 bits.
fn dense_lr(frame: &Frame, similarity: &Similarity) -> Vec<f64> {
    const DENSE: usize = 400;
    let back = similarity.invert();
    let reflect = |i: i64, n: u32| {
        let last = i64::from(n) - 1;
        let i = i.rem_euclid(2 * last);
        (if i > last { 2 * last - i } else { i }) as usize
    };
    let sample = |x: f64, y: f64| {
        let (u, v) = (x - 0.5, y - 0.5);
        let (i, j) = (u.floor(), v.floor());
        let pixel = |i: f64, j: f64| {
            rgb(
                frame,
                reflect(i as i64, frame.width),
                reflect(j as i64, frame.height),
            )
        };
        let mix = |a: [f64; 3], b: [f64; 3], t: f64| [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * t);
        let above = mix(pixel(i, j), pixel(i + 1.0, j), u - i);
        let below = mix(pixel(i, j + 1.0), pixel(i + 1.0, j + 1.0), u - i);
        mix(above, below, v - j)
    };
    let kernel = |x: f64| match x.abs() {
        x if x < 1.0 => 1.5 * x * x * x - 2.5 * x * x + 1.0,
        x if x < 2.0 => -0.5 * x * x * x + 2.5 * x * x - 4.0 * x + 2.0,
        _ => 0.0,
    };
    let mut sums = vec![[0.0; 4]; LR_SIDE * LR_SIDE];
    for k in 0..DENSE * DENSE {
        let (x, y) = ((k % DENSE) as f64 + 0.5, (k / DENSE) as f64 + 0.5);
        let (x, y) = (x * 16.0 / DENSE as f64, y * 16.0 / DENSE as f64);
        let (a, b) = (f64::from(back.a), f64::from(back.b));
        let at = (
            8.0 * (a * x - b * y) + f64::from(back.tx),
            8.0 * (b * x + a * y) + f64::from(back.ty),
        );
        let pixel = sample(at.0, at.1);
        for row in 0..LR_SIDE {
            let down = kernel(y - row as f64 - 0.5);
            if down == 0.0 {
                continue;
            }
            for column in 0..LR_SIDE {
                let weight = down * kernel(x - column as f64 - 0.5);
                let sum = &mut sums[row * LR_SIDE + column];
                sum.iter_mut()
                    .zip(pixel)
                    .for_each(|(s, p)| *s += weight * p);
                sum[3] += weight;
            }
        }
    }
    sums.iter()
        .flat_map(|s| [0, 1, 2].map(|c| (s[c] / s[3]).clamp(0.0, 255.0)))
        .collect()
}

#[test]
fn lr_agrees_with_its_definition() {
    for (frame, x, y, side, degrees) in [
        (
            texture(PixelFormat::Yuyv, 640, 480),
            300.2,
            241.7,
            300.0,
            20.0,
        ),
        (
            texture(PixelFormat::Yu12, 321, 241),
            20.0,
            230.0,
            150.0,
            -8.0,
        ),
        (
            texture(PixelFormat::Uyvy, 1280, 720),
            700.0,
            300.0,
            700.0,
            0.0,
        ),
    ] {
        let similarity = crop_at(x, y, side, degrees);
        let lr = direct_lr(&frame, &similarity);
        let exact = dense_lr(&frame, &similarity);
        let sum: f64 = lr
            .iter()
            .zip(&exact)
            .map(|(a, b)| (f64::from(*a) - b).abs())
            .sum();
        let off = sum / exact.len() as f64;
        assert!(off < 1.0, "{} {side}: {off}", frame.format);
    }
}

#[test]
fn the_identity_crops_the_frame_itself() {
    let photo = stored("photo");
    let crop = hr(&photo, &Similarity::IDENTITY);
    // 2x2 samples of a cubic blur a little; on average the picture stays where it is.
    let same = crop
        .chunks_exact(3 * HR_SIDE)
        .zip(photo.bytes.chunks_exact(photo.stride));
    let off: f64 = same.map(|(a, b)| mean_difference(a, &b[..a.len()])).sum();
    assert!(off / (HR_SIDE as f64) < 2.0);
}

#[test]
fn the_mask_marks_what_lies_outside() {
    let mut outside = [false; HR_SIDE * HR_SIDE];
    hr_mask(&Similarity::IDENTITY, 100, 64, &mut outside);
    for (i, &o) in outside.iter().enumerate() {
        assert_eq!(o, i % HR_SIDE >= 100 || i / HR_SIDE >= 64);
    }
    hr_mask(&crop_at(0.0, 50.0, 20.0, 0.0), 100, 100, &mut outside);
    assert_eq!(
        outside.iter().filter(|&&o| o).count(),
        HR_SIDE * HR_SIDE / 2
    );
    hr_mask(
        &Similarity {
            a: f32::NAN,
            ..Similarity::IDENTITY
        },
        9,
        9,
        &mut outside,
    );
    assert!(outside.iter().all(|&o| o));
}

#[test]
fn buffers_do_not_grow_with_the_face() {
    let frame = texture(PixelFormat::Yuyv, 1280, 720);
    let mut aligner = Aligner::new();
    let mut lr = [0; LR_SIDE * LR_SIDE * 3];
    let before = aligner.patch_capacity();
    for side in 1..300 {
        let similarity = crop_at(600.0, 300.0, 6.0 * side as f32, side as f32);
        aligner.lr(&frame, &similarity, &mut lr).unwrap();
    }
    assert_eq!(aligner.patch_capacity(), before);
}

#[test]
fn what_cannot_be_aligned_is_an_error() {
    let frame = noise_frame(PixelFormat::Grey, 20, 10, 0, 1);
    let mut aligner = Aligner::new();
    let mut lr = [0; LR_SIDE * LR_SIDE * 3];
    let upright = crop_at(10.0, 5.0, 10.0, 0.0);
    aligner.lr(&frame, &upright, &mut lr).unwrap();
    aligner
        .lr(&frame, &crop_at(10.0, 5.0, 950.0, 0.0), &mut lr)
        .unwrap();
    aligner
        .lr(&frame, &crop_at(10.0, 5.0, 970.0, 0.0), &mut lr)
        .unwrap_err();
    for a in [0.0, f32::NAN, f32::INFINITY] {
        aligner
            .lr(&frame, &Similarity { a, ..upright }, &mut lr)
            .unwrap_err();
    }
    let short = Frame {
        bytes: vec![0; 199],
        ..frame.clone()
    };
    aligner.lr(&short, &upright, &mut lr).unwrap_err();
    aligner.crop(&frame, &upright, 16, &mut lr).unwrap();
    aligner.crop(&frame, &upright, 17, &mut lr).unwrap_err();
    aligner
        .crop(&frame, &upright, usize::MAX, &mut lr)
        .unwrap_err();
}
