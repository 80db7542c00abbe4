//! How long engines take for one face, in one interleaved run on one network.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Lr, Operators, Restorer, Sr, TractRestorer, model};
use crate::Result;
use crate::geometry::HR_SIDE;

/// Timed runs of an engine in a row, after one that isn't timed, before the next engine's turn.
const BURST: usize = 5;

/// What an engine took; times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timing {
    /// `face8x`, `tract-int8` or `tract-f32`.
    pub engine: &'static str,
    pub threads: usize,
    /// `restore`: 16x16 pixels in, 128x128 display pixels out.
    pub stage: &'static str,
    /// The restorer in words.
    pub description: String,
    pub runs: usize,
    pub min: f64,
    pub median: f64,
    pub mean: f64,
    pub max: f64,
    /// Standard deviation of a run.
    pub stddev: f64,
    /// Multiplications of weights that are not zero by construction.
    pub multiplications: Option<usize>,
    /// From the file's bytes to the end of the first run.
    pub load: f64,
}

/// An engine in the comparison.
struct Contender {
    timing: Timing,
    restorer: TractRestorer,
    times: Vec<f64>,
}

/// Times the fused operators on each of these numbers of threads and tract's own on one, on the
/// network as it is and, where it is quantised, on its float form; `patience` for all together.
///
/// # Errors
/// The model cannot be read or run.
pub fn model_only(
    file: Option<&Path>,
    threads: &[usize],
    patience: Duration,
) -> Result<Vec<Timing>> {
    let bytes = match file {
        Some(path) => model::read_file(path)?,
        None => super::EMBEDDED_MODEL.to_vec(),
    };
    let mut contenders = Vec::new();
    let quantised = TractRestorer::load(&bytes, "model", "bench", Operators::OnlyFused(1)).is_ok();
    if quantised {
        for &threads in threads {
            contenders.push(Contender::new("face8x", threads, || {
                TractRestorer::load(&bytes, "model", "bench", Operators::OnlyFused(threads))
            })?);
        }
        contenders.push(Contender::new("tract-int8", 1, || {
            TractRestorer::load(&bytes, "model", "bench", Operators::Stock)
        })?);
    }
    contenders.push(Contender::new("tract-f32", 1, || {
        TractRestorer::load_float_form(&bytes, "model", "bench")
    })?);
    let start = Instant::now();
    let lr: Lr = std::array::from_fn(|k| (k * 37 % 251) as u8);
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    while start.elapsed() < patience || contenders[0].times.len() < BURST {
        for contender in &mut contenders {
            contender.burst(&lr, &mut sr)?;
        }
    }
    Ok(contenders.into_iter().map(Contender::finish).collect())
}

impl Contender {
    fn new(
        engine: &'static str,
        threads: usize,
        load: impl FnOnce() -> Result<TractRestorer>,
    ) -> Result<Contender> {
        let start = Instant::now();
        let restorer = load()?;
        let timing = Timing {
            engine,
            threads,
            stage: "restore",
            description: restorer.describe(),
            runs: 0,
            min: 0.0,
            median: 0.0,
            mean: 0.0,
            max: 0.0,
            stddev: 0.0,
            multiplications: restorer.multiplications(),
            load: start.elapsed().as_secs_f64(),
        };
        Ok(Contender {
            timing,
            restorer,
            times: Vec::new(),
        })
    }

    fn burst(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()> {
        self.restorer.restore(lr, sr)?;
        for _ in 0..BURST {
            let start = Instant::now();
            self.restorer.restore(std::hint::black_box(lr), sr)?;
            self.times.push(start.elapsed().as_secs_f64());
        }
        Ok(())
    }

    fn finish(mut self) -> Timing {
        self.times.sort_by(f64::total_cmp);
        let runs = self.times.len();
        let mean = self.times.iter().sum::<f64>() / runs as f64;
        let squares: f64 = self.times.iter().map(|t| (t - mean).powi(2)).sum();
        Timing {
            runs,
            min: self.times[0],
            median: (self.times[(runs - 1) / 2] + self.times[runs / 2]) / 2.0,
            mean,
            max: self.times[runs - 1],
            stddev: (squares / runs as f64).sqrt(),
            ..self.timing
        }
    }
}
