//! What each stage costs, in microseconds: `cargo bench --bench stages`.
//!
//! The picture is a photograph enlarged to the camera's size, with noise as a cheap sensor has.

use std::hint::black_box;
use std::time::{Duration, Instant};

use face8x::internals::compose::{
    ComposeOptions, Composer, InfoValues, Restored, Rotation, Scene, View,
};
use face8x::internals::config::RunOptions;
use face8x::internals::picture::Picture;
use face8x::internals::pipeline::{LoopStep, Pipeline, Stage};
use face8x_core::align::Aligner;
use face8x_core::convert::{Converter, JpegDecoder};
use face8x_core::downscaled::Downscaled;
use face8x_core::face::{Detection, Face};
use face8x_core::frame::{Frame, PixelFormat};
use face8x_core::geometry::Rect;
use face8x_core::geometry::canonical;
use image::codecs::jpeg::JpegEncoder;

const RUNS: usize = 300;

fn main() {
    println!("{:<52} {:>9} {:>9}", "stage", "median us", "min us");
    raw();
    jpeg();
    work_thread();
}

/// All of the work thread on the demo source, as the program runs it: one face, side by side, at
/// 500 frames a second, so that the processor's caches and clock are those of a busy program. The
/// sum leaves out the restorer (bicubic here).
fn work_thread() {
    let options = RunOptions::with(&[
        ("source", "demo:"),
        ("sink", "null"),
        ("restorer", "bicubic"),
        ("fps", "500"),
        ("frames", "3000"),
    ]);
    let pipeline = options.and_then(|options| Pipeline::new(&options));
    let mut pipeline = match pipeline {
        Ok(pipeline) => pipeline,
        Err(e) => return println!("no pipeline: {e}"),
    };
    while pipeline.step() != LoopStep::Over {}
    let micro = |d: Option<Duration>| d.unwrap_or_default().as_secs_f64() * 1e6;
    let (mut median, mut min) = (0.0, 0.0);
    for stage in Stage::ALL {
        let times = pipeline.timings().stage(stage);
        let (m, n) = (micro(times.percentile(50)), micro(times.min()));
        println!(
            "{:<52} {m:>9.0} {n:>9.0}",
            format!("demo 640x480, {}", stage.name())
        );
        if !matches!(stage, Stage::Wait | Stage::Capture | Stage::Restore) {
            (median, min) = (median + m, min + n);
        }
    }
    println!(
        "{:<52} {median:>9.0} {min:>9.0}",
        "demo 640x480, sum without the restorer"
    );
}

/// 640x480 YUYV.
fn raw() {
    let frame = yuyv(640, 480);
    let mut converter = Converter::new();
    let mut downscaled = Downscaled::default();
    time("YUYV 640x480: RGB, downscaled to 320x240", || {
        converter
            .downscale_rgb(black_box(&frame), 320, 320, &mut downscaled)
            .is_ok()
    });
    lr("YUYV 640x480", &frame);
    scale(
        "YUYV 640x480",
        &mut converter,
        &frame,
        &[(640, 480), (320, 240), (800, 600)],
    );
    compose("YUYV 640x480", &frame);
}

/// 1280x720 MJPG.
fn jpeg() {
    let rgb = photograph(1280, 720);
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 80);
    if let Err(e) = encoder.encode(&rgb, 1280, 720, image::ExtendedColorType::Rgb8) {
        println!("no JPEG to decode: {e}");
        return;
    }
    let format = PixelFormat::Mjpg;
    let frame = Frame {
        format,
        width: 1280,
        height: 720,
        bytes,
        ..Frame::empty()
    };
    let mut decoder = JpegDecoder::new();
    let label = format!("MJPG 1280x720 ({} KB): decode", frame.bytes.len() / 1024);
    time(&label, || decoder.decode(black_box(&frame)).is_ok());
    let Ok(frame) = decoder.decode(&frame) else {
        return;
    };
    let mut converter = Converter::new();
    lr("decoded 1280x720", frame);
    scale(
        "decoded 1280x720",
        &mut converter,
        frame,
        &[(1280, 720), (640, 360), (800, 450)],
    );
}

/// LR of faces of three sizes.
fn lr(name: &str, frame: &Frame) {
    let mut aligner = Aligner::new();
    let mut lr = [0; 16 * 16 * 3];
    for side in [40.0, 120.0, 280.0] {
        let (x, y) = (frame.width as f32 / 2.0, frame.height as f32 / 2.0);
        let face = Rect::new(x - side / 2.0, y - side / 2.0, side, side);
        let Some(similarity) = canonical::from_box(&face) else {
            return;
        };
        time(&format!("{name}: LR of a face box of {side} px"), || {
            aligner.lr(black_box(frame), &similarity, &mut lr).is_ok()
        });
    }
}

/// The camera picture on a canvas.
fn scale(name: &str, converter: &mut Converter, frame: &Frame, sizes: &[(u32, u32)]) {
    let all = Rect::new(0.0, 0.0, frame.width as f32, frame.height as f32);
    for &(width, height) in sizes {
        let mut canvas = vec![0; width as usize * height as usize];
        time(&format!("{name}: pixels at {width}x{height}"), || {
            let stride = width as usize;
            converter
                .scale_to(black_box(frame), all, &mut canvas, stride, width, height)
                .is_ok()
        });
    }
}

/// Every view with one face, and what costs most with more.
fn compose(name: &str, frame: &Frame) {
    let of = |what: &str, options, count, size| {
        view_of(&format!("{name}: {what}"), frame, options, count, size);
    };
    let options = |view| ComposeOptions {
        view,
        ..ComposeOptions::default()
    };
    let size = (960, 540);
    for view in View::ALL {
        of(&view.to_string(), options(view), 1, size);
    }
    let mirror = ComposeOptions {
        mirror: true,
        ..options(View::SideBySide)
    };
    of("side-by-side, mirror", mirror, 1, size);
    let turned = ComposeOptions {
        rotation: Rotation::Deg90,
        ..options(View::SideBySide)
    };
    of("side-by-side, rotate 90", turned, 1, (540, 960));
    for size in [(320, 240), (800, 480), (1920, 1080), (1080, 1920)] {
        of("side-by-side", options(View::SideBySide), 1, size);
    }
    of("strip, 8 faces", options(View::Strip), 8, size);
    of("in-place, 8 faces", options(View::InPlace), 8, size);
    of("restored", options(View::Restored), 1, (480, 480));
}

/// One view of `count` faces of 80 pixels at this size, with an overlay text.
fn view_of(name: &str, frame: &Frame, options: ComposeOptions, count: u64, size: (u32, u32)) {
    let Ok(info) = "%fps %latency %skipped".parse() else {
        return;
    };
    let lr = std::array::from_fn(|i| (i * 83 % 251) as u8);
    let sr = std::array::from_fn(|i| (i as u32 * 2_654_435) & 0xff_ffff);
    let faces = (0..count).filter_map(|id| {
        let face_box = Rect::new(10.0 + 70.0 * id as f32, 150.0, 80.0, 80.0);
        let (landmarks, confidence) = (None, 1.0);
        let detection = Detection {
            face_box,
            landmarks,
            confidence,
        };
        let to_canonical = canonical::from_box(&face_box)?;
        Some(Restored {
            face: Face { id, detection },
            lr: &lr,
            sr: &sr,
            picture: &sr,
            share: 1.0,
            to_canonical,
        })
    });
    let faces: Vec<_> = faces.collect();
    let status = InfoValues {
        restorer: "bicubic",
        ..InfoValues::default()
    };
    let scene = Scene {
        camera: Some(frame),
        faces: &faces,
        followed: faces.len(),
        status,
        ..Scene::default()
    };
    let mut composer = Composer::new(ComposeOptions { info, ..options });
    let mut picture = Picture::default();
    time(&format!("{name}, {}x{}", size.0, size.1), || {
        composer.compose(black_box(&scene), size, &mut picture);
        true
    });
}

/// Runs `stage` many times and prints the median and the shortest time.
fn time(name: &str, mut stage: impl FnMut() -> bool) {
    let mut times: Vec<Duration> = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        if !black_box(stage()) {
            println!("{name:<52} failed");
            return;
        }
        times.push(start.elapsed());
    }
    times.sort();
    let micros = |d: Duration| d.as_secs_f64() * 1e6;
    println!(
        "{name:<52} {:>9.1} {:>9.1}",
        micros(times[RUNS / 2]),
        micros(times[0])
    );
}

/// The test photograph in RGB, enlarged to cover this size, with noise.
fn photograph(width: u32, height: u32) -> Vec<u8> {
    let png = include_bytes!("../crates/face8x-core/tests/data/align/photo.png");
    let photo = image::load_from_memory(png)
        .map(|p| p.into_rgb8())
        .unwrap_or_default();
    let filter = image::imageops::FilterType::CatmullRom;
    let mut rgb = image::imageops::resize(&photo, width, height, filter).into_raw();
    let mut state = 1u32;
    for value in &mut rgb {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = value.saturating_add((state >> 29) as u8);
    }
    rgb
}

/// The photograph as YUYV; the colours only have to be plausible.
fn yuyv(width: u32, height: u32) -> Frame {
    let rgb = photograph(width, height);
    let pairs = rgb.as_chunks::<6>().0.iter().flat_map(|p| {
        let [cb, cr] = [(p[2] - p[2] / 2) / 2 + 64, (p[0] - p[0] / 2) / 2 + 64];
        [p[1], cb, p[4], cr]
    });
    let (format, stride) = (PixelFormat::Yuyv, 2 * width as usize);
    Frame {
        format,
        width,
        height,
        stride,
        bytes: pairs.collect(),
        ..Frame::empty()
    }
}
