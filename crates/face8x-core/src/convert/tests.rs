use proptest::prelude::*;

use super::*;
use crate::frame::PixelFormat;
use crate::pixel::{pack_rgb, unpack_rgb};
use crate::testing::reference::{self, is_ycc, noise_frame, rgb, samples};

/// Every format but JPEG.
fn any_raw_format() -> impl Strategy<Value = PixelFormat> {
    prop::sample::select(&PixelFormat::ALL[..]).prop_filter("a JPEG has no pixels yet", |format| {
        *format != PixelFormat::Mjpg
    })
}

fn near(got: [u8; 3], exact: [f64; 3], within: f64) -> bool {
    got.iter()
        .zip(exact)
        .all(|(g, e)| (f64::from(*g) - e).abs() <= within)
}

prop_compose! {
    fn any_frame(max: u32)(
        format in any_raw_format(),
        width in 1..max, height in 1..max, padding in 0usize..9, seed in 1u64..1000,
    ) -> Frame {
        noise_frame(format, width, height, padding, seed)
    }
}

proptest! {
    #[test]
    fn regions_match_the_reference(
        frame in any_frame(24), x in 0.0..1.0, y in 0.0..1.0, w in 0.0..=1.0, h in 0.0..=1.0,
    ) {
        let part = |share: f64, of: u32| (share * f64::from(of)) as u32;
        let (x, y) = (part(x, frame.width), part(y, frame.height));
        let region = Region {
            x, y, width: part(w, frame.width - x), height: part(h, frame.height - y),
        };
        let mut converter = Converter::new();
        let (mut bytes, mut pixels) = (vec![7; 5], vec![7; 5]);
        converter.rgb(&frame, region, &mut bytes).unwrap();
        converter.pixels(&frame, region, &mut pixels).unwrap();
        prop_assert_eq!(pixels.len(), (region.width * region.height) as usize);
        prop_assert_eq!(bytes.len(), 3 * pixels.len());
        for (i, (&pixel, &triple)) in pixels.iter().zip(bytes.as_chunks::<3>().0).enumerate() {
            prop_assert_eq!(pixel, pack_rgb(triple[0], triple[1], triple[2]));
            let at = (x as usize + i % region.width as usize, y as usize + i / region.width as usize);
            let exact = rgb(&frame, at.0, at.1);
            prop_assert!(near(triple, exact, 1.0), "{:?} at {:?}: {:?}, not {:?}", frame.format, at, triple, exact);
        }
    }

    #[test]
    fn reduced_pictures_match_plain_averages(
        frame in any_frame(50), max_width in 1u32..40, max_height in 1u32..40,
    ) {
        let mut converter = Converter::new();
        let (mut luma, mut colour) = (Downscaled::default(), Downscaled::default());
        converter.downscale_luma(&frame, max_width, max_height, &mut luma).unwrap();
        converter.downscale_rgb(&frame, max_width, max_height, &mut colour).unwrap();
        let fits = |f: u32| {
            frame.width / f.min(frame.width) <= max_width && frame.height / f.min(frame.height) <= max_height
        };
        let factor = (1..).find(|&f| fits(f)).unwrap();
        for out in [&luma, &colour] {
            prop_assert_eq!(out.factor, factor);
            prop_assert_eq!(out.width, (frame.width / factor).max(1));
            prop_assert_eq!(out.height, (frame.height / factor).max(1));
            prop_assert_eq!((out.frame_width, out.frame_height), (frame.width, frame.height));
            prop_assert_eq!(out.sequence, frame.sequence);
            prop_assert_eq!(out.bytes.len(), (out.width * out.height) as usize * out.channels);
        }
        for y in 0..luma.height {
            for x in 0..luma.width {
                let mean = block_mean(&frame, factor, x, y);
                let i = (y * luma.width + x) as usize;
                let exact = if is_ycc(frame.format) {
                    mean[0]
                } else {
                    0.299 * mean[0] + 0.587 * mean[1] + 0.114 * mean[2]
                };
                prop_assert!((f64::from(luma.bytes[i]) - exact).abs() < 1.3);
                let got = colour.bytes.as_chunks::<3>().0[i];
                let exact = if is_ycc(frame.format) {
                    reference::bt601_of(mean)
                } else {
                    mean
                };
                prop_assert!(near(got, exact, 2.1), "{:?}, not {:?}", got, exact);
            }
        }
    }

    #[test]
    fn a_part_at_its_own_size_is_copied(
        frame in any_frame(40), x in 0u32..40, y in 0u32..40, w in 1u32..40, h in 1u32..40, more in 0usize..5,
    ) {
        let (x, y) = (x % frame.width, y % frame.height);
        let (width, height) = (w.min(frame.width - x), h.min(frame.height - y));
        let region = Region { x, y, width, height };
        let mut converter = Converter::new();
        let mut copied = Vec::new();
        converter.pixels(&frame, region, &mut copied).unwrap();
        let stride = width as usize + more;
        let mut scaled = vec![0; stride * height as usize];
        let part = Rect::new(x as f32, y as f32, width as f32, height as f32);
        converter.scale_to(&frame, part, &mut scaled, stride, width, height).unwrap();
        for (scaled, copied) in scaled.chunks(stride).zip(copied.chunks(width as usize)) {
            prop_assert_eq!(&scaled[..width as usize], copied);
        }
    }

    #[test]
    fn a_picture_of_one_colour_stays_so_at_every_size(
        format in any_raw_format(), width in 1u32..40, height in 1u32..40,
        to_width in 1u32..70, to_height in 1u32..70, level in 0u8..=255,
        x in -5f32..20.0, y in -5f32..20.0, w in 1f32..60.0, h in 1f32..60.0,
    ) {
        prop_assume!(x < width as f32 && y < height as f32 && x + w > 0.0 && y + h > 0.0);
        let mut frame = noise_frame(format, width, height, 0, 1);
        frame.bytes.fill(level);
        let exact = rgb(&frame, 0, 0);
        let stride = to_width as usize + 3;
        let mut canvas = vec![0xffff_ffff; stride * to_height as usize];
        Converter::new()
            .scale_to(&frame, Rect::new(x, y, w, h), &mut canvas, stride, to_width, to_height)
            .unwrap();
        for row in canvas.chunks_exact(stride) {
            prop_assert!(row[..to_width as usize].iter().all(|&p| near(unpack_rgb(p), exact, 1.0)));
            prop_assert!(row[to_width as usize..].iter().all(|&p| p == 0xffff_ffff));
        }
    }
}

/// The mean of each stored channel over a block.
fn block_mean(frame: &Frame, factor: u32, x: u32, y: u32) -> [f64; 3] {
    let (w, h) = (factor.min(frame.width), factor.min(frame.height));
    let mut sum = [0.0; 3];
    for v in y * h..(y + 1) * h {
        for u in x * w..(x + 1) * w {
            let pixel = samples(frame, u as usize, v as usize);
            sum.iter_mut()
                .zip(pixel)
                .for_each(|(s, p)| *s += f64::from(p));
        }
    }
    sum.map(|s| s / f64::from(w * h))
}

/// A ramp in both directions, exactly linear in x and y.
fn ramp(width: u32, height: u32) -> Frame {
    let mut frame = noise_frame(PixelFormat::Rgb3, width, height, 0, 1);
    for y in 0..height as usize {
        for x in 0..width as usize {
            let at = y * frame.stride + 3 * x;
            frame.bytes[at..at + 3].copy_from_slice(&[2 * x as u8, 2 * y as u8, (x + y) as u8]);
        }
    }
    frame
}

#[test]
fn a_ramp_stays_a_ramp_at_every_size() {
    let frame = ramp(100, 80);
    for (width, height) in [
        (100, 80),
        (50, 40),
        (40, 32),
        (66, 53),
        (150, 120),
        (31, 97),
    ] {
        let mut pixels = vec![0; (width * height) as usize];
        let all = Rect::new(0.0, 0.0, 100.0, 80.0);
        Converter::new()
            .scale_to(&frame, all, &mut pixels, width as usize, width, height)
            .unwrap();
        for y in 0..height {
            for x in 0..width {
                let u = (f64::from(x) + 0.5) * 100.0 / f64::from(width) - 0.5;
                let v = (f64::from(y) + 0.5) * 80.0 / f64::from(height) - 0.5;
                // Half a block from the edge the outermost block goes on.
                if u < 2.0 || v < 2.0 || u > 97.0 || v > 77.0 {
                    continue;
                }
                let got = unpack_rgb(pixels[(y * width + x) as usize]);
                assert!(
                    near(got, [2.0 * u, 2.0 * v, u + v], 2.0),
                    "{width}x{height} {x} {y}"
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let frame = noise_frame(PixelFormat::Grey, 300, 2, 0, 1);
    let mut converter = Converter::new();
    let (mut bytes, mut reduced, mut pixels) = (Vec::new(), Downscaled::default(), vec![0; 12]);
    for (x, y, width, height) in [
        (0, 0, 301, 1),
        (300, 0, 1, 1),
        (0, 2, 1, 1),
        (u32::MAX, 0, 2, 1),
    ] {
        converter
            .rgb(
                &frame,
                Region {
                    x,
                    y,
                    width,
                    height,
                },
                &mut bytes,
            )
            .unwrap_err();
    }
    converter
        .downscale_luma(&frame, 0, 5, &mut reduced)
        .unwrap_err();
    converter
        .downscale_luma(&frame, 1, 5, &mut reduced)
        .unwrap();
    assert_eq!((reduced.width, reduced.height, reduced.factor), (1, 1, 151));
    let wide = noise_frame(PixelFormat::Grey, 600, 2, 0, 1);
    converter
        .downscale_rgb(&wide, 1, 5, &mut reduced)
        .unwrap_err();
    let all = Rect::new(0.0, 0.0, 300.0, 2.0);
    converter
        .scale_to(&frame, all, &mut pixels, 4, 4, 3)
        .unwrap();
    converter
        .scale_to(&frame, all, &mut pixels, 4, 4, 4)
        .unwrap_err();
    converter
        .scale_to(&frame, all, &mut pixels, 3, 4, 2)
        .unwrap_err();
    converter
        .scale_to(&frame, all, &mut pixels, usize::MAX, 4, 2)
        .unwrap_err();
}

#[test]
fn areas_without_pixels_and_broken_frames_are_errors() {
    let frame = noise_frame(PixelFormat::Grey, 300, 2, 0, 1);
    let mut converter = Converter::new();
    let (mut reduced, mut pixels) = (Downscaled::default(), vec![0; 12]);
    for (x, y, w, h) in [
        (300.0, 0.0, 9.0, 2.0),
        (0.0, 0.0, 0.0, 2.0),
        (f32::NAN, 0.0, 4.0, 2.0),
        (0.0, 0.0, f32::NAN, 2.0),
    ] {
        converter
            .scale_to(&frame, Rect::new(x, y, w, h), &mut pixels, 4, 4, 3)
            .unwrap_err();
    }
    let short = Frame {
        bytes: vec![0; 599],
        ..frame.clone()
    };
    let error = converter
        .pixels(&short, Region::whole(&short), &mut pixels)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("frame of 599 bytes where 600 are needed"),
        "{error}"
    );
    let jpeg = Frame {
        format: PixelFormat::Mjpg,
        ..frame
    };
    converter
        .downscale_luma(&jpeg, 10, 10, &mut reduced)
        .unwrap_err();
}
