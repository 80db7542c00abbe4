//! rustface with the protocol of the example `search` of face8x-core.
//!
//! Arguments: the model's file (SeetaFace's frontal cascade) and how many times pictures are enlarged.
//! A face is given by the middle and the side of rustface's box, which finds no landmarks.

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use image::imageops::{FilterType, grayscale, resize};
use image::{GrayImage, RgbImage};
use rustface::{Detector, ImageData};

// As face8x used it when it was its detector: 2.8 finds as many faces as 2.0, its documentation's.
const SCORE: f64 = 2.8;
const STEP: u32 = 4;
const PYRAMID: f32 = 0.8;
const MIN_FACE: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, zoom] = arguments.as_slice() else {
        return Err("usage: face8x-peers MODEL ZOOM".into());
    };
    let zoom: u32 = zoom.parse()?;
    let mut detector = rustface::create_detector(model)?;
    detector.set_min_face_size(MIN_FACE);
    detector.set_slide_window_step(STEP, STEP);
    detector.set_pyramid_scale_factor(PYRAMID);
    detector.set_score_thresh(SCORE);
    let mut picture = GrayImage::new(1, 1);
    let mut answers = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["find", file, width, height] => {
                let (width, height) = (width.parse()?, height.parse()?);
                let rgb = RgbImage::from_raw(width, height, std::fs::read(file)?)
                    .ok_or_else(|| format!("{file} is not a picture of {width}x{height}"))?;
                let size = (width * zoom, height * zoom);
                picture = resize(&grayscale(&rgb), size.0, size.1, FilterType::Triangle);
                find(detector.as_mut(), &picture, f64::from(zoom))
            }
            ["time", runs] => time(detector.as_mut(), &picture, runs.parse()?),
            _ => return Err(format!("not a command: {line}").into()),
        };
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

fn find(detector: &mut dyn Detector, picture: &GrayImage, zoom: f64) -> String {
    let luma = ImageData::new(picture, picture.width(), picture.height());
    let faces = detector.detect(&luma);
    let numbers = faces.iter().map(|face| {
        let side = f64::from(face.bbox().width());
        let middle = |edge: i32| (f64::from(edge) + side / 2.0) / zoom;
        let (x, y) = (middle(face.bbox().x()), middle(face.bbox().y()));
        format!("{x} {y} {}", side / zoom)
    });
    numbers.collect::<Vec<String>>().join(" ")
}

/// The nanoseconds of `runs` searches.
fn time(detector: &mut dyn Detector, picture: &GrayImage, runs: usize) -> String {
    let luma = ImageData::new(picture, picture.width(), picture.height());
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        detector.detect(&luma);
        start.elapsed().as_nanos().to_string()
    });
    times.collect::<Vec<String>>().join(" ")
}
