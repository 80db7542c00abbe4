//! Restores faces on command, for scripts that measure: `scripts/peers` and `cross/kernels.py`.
//!
//! Arguments: RESTORER and THREADS (as in `--restorer` and `--threads`) and, optionally, a model file. Each line of
//! the standard input is a command, each line of the output its answer:
//!
//! ```text
//! time N           restores a fixed face N times; the nanoseconds of each
//! restore IN OUT   IN has 16x16 RGB bytes a face; writes 128x128 RGB bytes for each to OUT
//! search N         searches a fixed picture of 640x480, as it is, N times; the nanoseconds of each
//! describe         what restores
//! ```

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use face8x_core::detect::{self, Extent, SearchOptions};
use face8x_core::frame::Frame;
use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::pixel::unpack_rgb;
use face8x_core::restore::{self, Lr, Restorer, Threads};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, threads, model @ ..] = arguments.as_slice() else {
        return Err("usage: measure RESTORER THREADS [MODEL]".into());
    };
    let model = model.first().map(Path::new);
    let mut restorer = restore::open(name, model, threads.parse::<Threads>()?)?;
    let mut answers = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["time", runs] => time(restorer.as_mut(), runs.parse()?)?,
            ["restore", from, to] => restore_all(restorer.as_mut(), from, to)?,
            ["search", runs] => search(runs.parse()?)?,
            ["describe"] => restorer.describe(),
            _ => return Err(format!("not a command: {line}").into()),
        };
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

/// The nanoseconds of `runs` restorations.
fn time(restorer: &mut dyn Restorer, runs: usize) -> Result<String, Box<dyn Error>> {
    let lr: Lr = std::array::from_fn(|k| (k * 37 % 251) as u8);
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        restorer.restore(std::hint::black_box(&lr), &mut sr)?;
        times.push(start.elapsed().as_nanos().to_string());
    }
    Ok(times.join(" "))
}

/// The nanoseconds of `runs` searches for faces of 24 pixels and more, which enlarge nothing.
fn search(runs: usize) -> Result<String, Box<dyn Error>> {
    let options = SearchOptions {
        min_face: 24,
        extent: Extent::Whole,
    };
    let mut detector = detect::open("auto", &options)?;
    let noise = |k: usize| (k.wrapping_mul(2_654_435_761) >> 13) as u8;
    let frame = Frame::from_rgb(640, 480, (0..3 * 640 * 480).map(noise).collect())?;
    let (mut found, mut times) = (Vec::new(), Vec::with_capacity(runs));
    for _ in 0..runs {
        let start = Instant::now();
        detector.detect(&frame, &mut found)?;
        times.push(start.elapsed().as_nanos().to_string());
    }
    Ok(times.join(" "))
}

/// Restores the faces of one file to another; gives their number.
fn restore_all(
    restorer: &mut dyn Restorer,
    from: &str,
    to: &str,
) -> Result<String, Box<dyn Error>> {
    let faces = std::fs::read(from)?;
    let (faces, rest) = faces.as_chunks::<{ 3 * LR_SIDE * LR_SIDE }>();
    if !rest.is_empty() {
        return Err(format!("{from} ends within a face").into());
    }
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    let mut pictures = Vec::with_capacity(faces.len() * 3 * HR_SIDE * HR_SIDE);
    for lr in faces {
        restorer.restore(lr, &mut sr)?;
        pictures.extend(sr.iter().flat_map(|&pixel| unpack_rgb(pixel)));
    }
    std::fs::write(to, pictures)?;
    Ok(faces.len().to_string())
}
