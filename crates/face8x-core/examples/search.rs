//! Searches pictures for faces on command, for scripts that measure: `scripts/peers/detect.py`.
//!
//! Arguments: DETECTOR (as in `--detector`) and the smallest face. Each line of the standard input is
//! a command, each line of the output its answer:
//!
//! ```text
//! find FILE WIDTH HEIGHT   FILE has interleaved RGB bytes; x, y and side of each face's crop
//! time N                   searches the last picture N times; the nanoseconds of each
//! ```

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use face8x_core::detect::{self, Detector, Extent, SearchOptions};
use face8x_core::face::Detection;
use face8x_core::frame::Frame;
use face8x_core::geometry::{HR_SIDE, Point};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, min_face] = arguments.as_slice() else {
        return Err("usage: search DETECTOR MIN_FACE".into());
    };
    let options = SearchOptions {
        min_face: min_face.parse()?,
        extent: Extent::Whole,
    };
    let mut detector = detect::open(name, &options)?;
    let mut frame = Frame::empty();
    let mut answers = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["find", file, width, height] => {
                frame = Frame::from_rgb(width.parse()?, height.parse()?, std::fs::read(file)?)?;
                find(detector.as_mut(), &frame)?
            }
            ["time", runs] => time(detector.as_mut(), &frame, runs.parse()?)?,
            _ => return Err(format!("not a command: {line}").into()),
        };
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

fn find(detector: &mut dyn Detector, frame: &Frame) -> Result<String, Box<dyn Error>> {
    let mut found = Vec::new();
    detector.detect(frame, &mut found)?;
    let face = |face: &Detection| {
        let back = face.to_canonical()?.invert();
        let middle = HR_SIDE as f32 / 2.0;
        let Point { x, y } = back.apply(Point::new(middle, middle));
        Some(format!("{x} {y} {}", face.side()?))
    };
    let faces: Vec<String> = found.iter().filter_map(face).collect();
    Ok(faces.join(" "))
}

/// The nanoseconds of `runs` searches.
fn time(detector: &mut dyn Detector, frame: &Frame, runs: usize) -> Result<String, Box<dyn Error>> {
    let (mut found, mut times) = (Vec::new(), Vec::with_capacity(runs));
    for _ in 0..runs {
        let start = Instant::now();
        detector.detect(frame, &mut found)?;
        times.push(start.elapsed().as_nanos().to_string());
    }
    Ok(times.join(" "))
}
