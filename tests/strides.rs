//! What holds for frames of any size, stride and bytes, from the conversion to the picture.

use face8x::internals::compose::{ComposeOptions, Composer, Scene, View};
use face8x::internals::picture::Picture;
use face8x_core::align::Aligner;
use face8x_core::convert::{Converter, Region};
use face8x_core::downscaled::Downscaled;
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::{HR_SIDE, LR_SIDE, Point, Rect, Similarity};
use proptest::prelude::*;

/// The planes of a format as the documentation of [`PixelFormat`] gives them: rows, bytes of a row
/// that mean something, and the stride, where the first plane has the stride `stride`.
fn planes(format: PixelFormat, width: u32, height: u32, stride: usize) -> Vec<[usize; 3]> {
    let (w, h) = (width as usize, height as usize);
    let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
    let luma = [h, format.min_stride(width), stride];
    match format {
        PixelFormat::Nv12 => vec![luma, [ch, 2 * cw, stride + stride % 2]],
        PixelFormat::Yu12 => vec![
            luma,
            [ch, cw, stride.div_ceil(2)],
            [ch, cw, stride.div_ceil(2)],
        ],
        _ => vec![luma],
    }
}

/// The same picture with rows of `stride` bytes; what pads them has the value `padding`.
fn padded(tight: &Frame, stride: usize, padding: u8) -> Frame {
    let Frame {
        format,
        width,
        height,
        ..
    } = *tight;
    let mut bytes = Vec::new();
    let mut from = 0;
    let wide = planes(format, width, height, stride);
    for (narrow, wide) in planes(format, width, height, tight.stride)
        .into_iter()
        .zip(wide)
    {
        let [rows, used, step] = narrow;
        for row in 0..rows {
            let start = from + row * step;
            bytes.extend_from_slice(&tight.bytes[start..start + used]);
            bytes.resize(bytes.len() + wide[2] - used, padding);
        }
        from += rows * step;
    }
    Frame {
        stride,
        bytes,
        ..tight.clone()
    }
}

prop_compose! {
    /// A frame without padding, of noise, in any format but JPEG.
    fn tight()(
        format in prop::sample::select(&PixelFormat::ALL[..])
            .prop_filter("a JPEG has no rows", |format| *format != PixelFormat::Mjpg),
        width in 1u32..50, height in 1u32..40, seed in any::<u32>(),
    ) -> Frame {
        let stride = format.min_stride(width);
        let mut state = seed | 1;
        let noise = |_| {
            // Xorshift (Marsaglia, 2003).
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        };
        let bytes = (0..format.frame_len(stride, height)).map(noise).collect();
        Frame { format, width, height, stride, bytes, ..Frame::empty() }
    }
}

/// What is made of a frame: reduced and aligned pixels, and display pixels.
fn made_of(frame: &Frame) -> ([Vec<u8>; 3], [Vec<u32>; 2]) {
    let mut converter = Converter::new();
    let (mut luma, mut colour) = (Downscaled::default(), Downscaled::default());
    converter.downscale_luma(frame, 20, 15, &mut luma).unwrap();
    converter.downscale_rgb(frame, 20, 15, &mut colour).unwrap();
    let whole = Rect::new(0.0, 0.0, frame.width as f32, frame.height as f32);
    let mut scaled = vec![0; 24 * 18];
    converter
        .scale_to(frame, whole, &mut scaled, 24, 24, 18)
        .unwrap();
    let middle = Point::new(frame.width as f32 / 2.0, frame.height as f32 / 2.0);
    let canonical = Point::new(64.0, 64.0);
    let turned = Similarity::about(middle, canonical, HR_SIDE as f32 / 30.0, 0.3);
    let mut lr = [0; LR_SIDE * LR_SIDE * 3];
    Aligner::new().lr(frame, &turned, &mut lr).unwrap();
    let mut picture = Picture::default();
    let scene = Scene {
        camera: Some(frame),
        ..Scene::default()
    };
    let options = ComposeOptions {
        view: View::Full,
        ..ComposeOptions::default()
    };
    Composer::new(options).compose(&scene, (61, 47), &mut picture);
    let bytes = [luma.bytes, colour.bytes, lr.to_vec()];
    (bytes, [scaled, picture.pixels])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Padding is never looked at.
    #[test]
    fn the_stride_changes_nothing(frame in tight(), more in 0usize..30, padding in any::<u8>()) {
        let wide = padded(&frame, frame.stride + more, padding);
        wide.validate().unwrap();
        prop_assert_eq!(made_of(&wide), made_of(&frame));
    }

    /// Any region is cut out or refused; its edges decide.
    #[test]
    fn a_region_is_inside_or_refused(
        frame in tight(),
        x in prop_oneof![0u32..60, any::<u32>()], y in prop_oneof![0u32..50, any::<u32>()],
        width in prop_oneof![0u32..60, any::<u32>()], height in prop_oneof![0u32..50, any::<u32>()],
    ) {
        let inside = |from: u32, length: u32, of: u32| u64::from(from) + u64::from(length) <= u64::from(of);
        let region = Region { x, y, width, height };
        let fits = inside(x, width, frame.width) && inside(y, height, frame.height);
        let mut converter = Converter::new();
        let (mut bytes, mut pixels) = (Vec::new(), Vec::new());
        prop_assert_eq!(converter.rgb(&frame, region, &mut bytes).is_ok(), fits);
        prop_assert_eq!(converter.pixels(&frame, region, &mut pixels).is_ok(), fits);
        if fits {
            prop_assert_eq!(pixels.len(), (width * height) as usize);
            prop_assert_eq!(bytes.len(), 3 * pixels.len());
        }
    }

    /// Frames whose numbers do not belong together are refused by all, without a panic.
    #[test]
    fn impossible_frames_are_refused(
        format in prop::sample::select(&PixelFormat::ALL[..]),
        width in prop_oneof![0u32..20, any::<u32>()], height in prop_oneof![0u32..20, any::<u32>()],
        stride in prop_oneof![0usize..70, any::<usize>()], length in 0usize..3000,
    ) {
        let frame = Frame { format, width, height, stride, bytes: vec![7; length], ..Frame::empty() };
        let usable = format != PixelFormat::Mjpg && frame.validate().is_ok();
        let mut converter = Converter::new();
        let mut luma = Downscaled::default();
        prop_assert_eq!(converter.downscale_luma(&frame, 200, 200, &mut luma).is_ok(), usable);
        let mut lr = [0; LR_SIDE * LR_SIDE * 3];
        // A whole frame may still be too small for the alignment.
        let aligned = Aligner::new().lr(&frame, &Similarity::IDENTITY, &mut lr).is_ok();
        prop_assert!(usable || !aligned);
        let mut picture = Picture::default();
        let scene = Scene { camera: Some(&frame), ..Scene::default() };
        Composer::new(ComposeOptions::default()).compose(&scene, (40, 30), &mut picture);
        prop_assert_eq!(picture.pixels.len(), 40 * 30);
    }
}
