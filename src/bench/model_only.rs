//! How long engines take for one face, in one interleaved run on one network.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::bench::{Alone, Engine, Figures, Model, Row};
use face8x_core::geometry::HR_SIDE;
use face8x_core::restore::{Bicubic, Lr, Operators, Restorer, Sr, TractRestorer, read_file};

/// Timed runs of an engine in a row, after one that isn't timed, before the next engine's turn.
const BURST: usize = 5;

/// An engine in the comparison.
struct Contender {
    engine: Engine,
    threads: usize,
    restorer: Box<dyn Restorer>,
    multiplications: Option<usize>,
    load: f64,
    /// In nanoseconds.
    times: Vec<u64>,
}

/// Times these engines, face8x's on each of these numbers of threads and the others on one;
/// `patience` for all together. Engines for quantised networks are left out where `file` is none.
/// The stage of the rows is `restore`: 16x16 pixels in, 128x128 display pixels out.
///
/// # Errors
/// The model cannot be read or run.
pub fn model_only(
    engines: &[Engine],
    file: Option<&Path>,
    threads: &[usize],
    patience: Duration,
) -> Result<Vec<Row>> {
    let bytes = match file {
        Some(path) => read_file(path, "--model")?,
        None => face8x_core::restore::EMBEDDED_MODEL.to_vec(),
    };
    let quantised = TractRestorer::load(&bytes, "model", "bench", Operators::OnlyFused(1)).is_ok();
    let mut contenders = Vec::new();
    for &engine in engines {
        let counts = match engine {
            Engine::Face8x => threads,
            _ => &[1],
        };
        if quantised || !matches!(engine, Engine::Face8x | Engine::TractInt8) {
            for &threads in counts {
                contenders.push(Contender::new(engine, threads, &bytes)?);
            }
        }
    }
    let start = Instant::now();
    let lr: Lr = std::array::from_fn(|k| (k * 37 % 251) as u8);
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    while start.elapsed() < patience || contenders.iter().any(|c| c.times.len() < BURST) {
        for contender in &mut contenders {
            contender.burst(&lr, &mut sr)?;
        }
    }
    let name = Model(file.map(Path::to_path_buf)).name();
    Ok(contenders.iter().filter_map(|c| c.row(&name)).collect())
}

impl Contender {
    fn new(engine: Engine, threads: usize, bytes: &[u8]) -> Result<Contender> {
        let start = Instant::now();
        let load = |operators| TractRestorer::load(bytes, "model", "bench", operators);
        let network = match engine {
            Engine::Face8x => Some(load(Operators::OnlyFused(threads))?),
            Engine::TractInt8 => Some(load(Operators::Stock)?),
            Engine::TractF32 => Some(TractRestorer::load_float_form(bytes, "model", "bench")?),
            Engine::Bicubic => None,
        };
        Ok(Contender {
            engine,
            threads,
            multiplications: network.as_ref().and_then(TractRestorer::multiplications),
            load: start.elapsed().as_secs_f64(),
            restorer: match network {
                Some(network) => Box::new(network),
                None => Box::new(Bicubic::new()),
            },
            times: Vec::new(),
        })
    }

    fn burst(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()> {
        self.restorer.restore(lr, sr)?;
        for _ in 0..BURST {
            let start = Instant::now();
            self.restorer.restore(std::hint::black_box(lr), sr)?;
            self.times.push(start.elapsed().as_nanos() as u64);
        }
        Ok(())
    }

    fn row(&self, model: &str) -> Option<Row> {
        let figures = Figures::of(&self.times)?;
        let from_mean = |&time: &u64| (time as f64 / 1e9 - figures.mean).powi(2);
        let squares: f64 = self.times.iter().map(from_mean).sum();
        Some(Row {
            engine: self.engine.name().to_owned(),
            model: match self.engine {
                Engine::Bicubic => "none".to_owned(),
                _ => model.to_owned(),
            },
            threads: self.threads,
            stage: "restore".to_owned(),
            figures,
            alone: Some(Alone {
                description: self.restorer.describe(),
                stddev: (squares / figures.runs as f64).sqrt(),
                multiplications: self.multiplications,
                load: self.load,
            }),
        })
    }
}
