//! What back-projection and registration cost a face and frame, by the face's size:
//! `cargo bench -p face8x-core --bench backproject`. With the arguments SIDE RUNS it runs so often and
//! prints nothing, to count instructions: `valgrind --tool=callgrind BENCH 16 100`.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use face8x_core::backproject::{BackProjector, FaceHistory};
use face8x_core::frame::Frame;
use face8x_core::geometry::{HR_SIDE, Point, Similarity};
use face8x_core::portrait::PORTRAIT;

const RUNS: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let mut scene = BenchScene::new()?;
    if let [side, runs] = numbers[..] {
        return scene.run(side as f32, runs).map(drop);
    }
    println!("{:>4} {:>9} {:>9}", "side", "median us", "min us");
    for side in [8.0, 16.0, 24.0, 32.0, 48.0, 64.0] {
        let mut times = scene.run(side, RUNS)?;
        times.sort_by(f64::total_cmp);
        println!("{side:>4} {:>9.1} {:>9.1}", times[RUNS / 2], times[0]);
    }
    Ok(())
}

/// The portrait as a frame, and what a network would make of it: a blurred one.
struct BenchScene {
    frame: Frame,
    projector: BackProjector,
    sr: Box<[u32; HR_SIDE * HR_SIDE]>,
    out: Box<[u32; HR_SIDE * HR_SIDE]>,
}

impl BenchScene {
    fn new() -> Result<BenchScene, Box<dyn Error>> {
        let picture = image::load_from_memory(PORTRAIT)?.into_rgb8();
        let (width, height) = picture.dimensions();
        let sr = |k: usize| (100 + (k % HR_SIDE) as u32) * 0x01_01_01;
        Ok(BenchScene {
            frame: Frame::from_rgb(width, height, picture.into_raw())?,
            projector: BackProjector::new(None),
            sr: Box::new(std::array::from_fn(sr)),
            out: Box::new([0; HR_SIDE * HR_SIDE]),
        })
    }

    /// The times of `runs` frames, in microseconds; the face is found a little beside its place.
    fn run(&mut self, side: f32, runs: usize) -> Result<Vec<f64>, Box<dyn Error>> {
        let mut history = FaceHistory::new(16);
        let middle = HR_SIDE as f32 / 2.0;
        let mut times = Vec::with_capacity(runs);
        for k in 0..runs {
            let to_canonical = Similarity::about(
                Point::new(100.0 + 0.3 * (0.7 * k as f32).sin(), 90.0),
                Point::new(middle, middle),
                HR_SIDE as f32 / side,
                0.05,
            );
            let start = Instant::now();
            history.update(
                &mut self.projector,
                black_box(&self.frame),
                &to_canonical,
                3.0,
                &self.sr,
                &mut self.out,
            )?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        black_box(&self.out);
        Ok(times)
    }
}
