//! How long engines take for one face, without the pipeline: interleaved runs on one network.

use std::path::Path;
use std::time::{Duration, Instant};

use super::engine::{BenchEngine, Model};
use super::job::Rule;
use super::machine::Machine;
use super::outcome::Outcome;
use super::report::{BenchReport, NetworkFacts, StageResult};
use super::time_stats::TimeStats;
use crate::host::board;
use face8x_core::Result;
use face8x_core::geometry::HR_SIDE;
use face8x_core::restore::{
    Bicubic, EMBEDDED_MODEL, Lr, Operators, Restorer, Sr, TractRestorer, read_file,
};

/// Timed runs of an engine in a row, after one that isn't timed, before the next engine's turn.
const BURST: usize = 5;

/// Measures these engines on each network, face8x's on each of these numbers of threads and the
/// others on one; `time` is for all engines of a network together. A network that fails does not
/// stop the others.
///
/// # Errors
/// Every network failed.
pub(crate) fn measure(
    engines: &[BenchEngine],
    models: &[Model],
    threads: &[usize],
    time: Duration,
    command: &str,
) -> Result<Outcome> {
    let root = Path::new("/");
    let mut outcome = Outcome::new(BenchReport::new(Machine::read(root), command, false));
    for model in models {
        match of_model(engines, model, threads, time) {
            Ok(results) => outcome.report.results.extend(results),
            Err(error) => outcome.fail(BenchEngine::Face8x.model_name(model), error),
        }
    }
    let failed = outcome.has_failed();
    let report = &mut outcome.report;
    report.machine.temperature_after = board::temperature_in(root);
    let enough = |result: &StageResult| result.times.runs as u64 >= Rule::FULL.runs;
    report.quick = !report.results.iter().all(enough) || time.as_secs_f64() < Rule::FULL.seconds;
    report.complete = !failed;
    outcome.check();
    outcome.finish()
}

/// The results of one network. Engines for quantised networks are left out where it is none. Their
/// stage is `restore`: 16x16 pixels in, 128x128 display pixels out.
fn of_model(
    engines: &[BenchEngine],
    model: &Model,
    threads: &[usize],
    time: Duration,
) -> Result<Vec<StageResult>> {
    let bytes = match &model.0 {
        Some(path) => read_file(path, "--model")?,
        None => EMBEDDED_MODEL.to_vec(),
    };
    let quantised = TractRestorer::load(&bytes, "model", "bench", Operators::OnlyFused(1)).is_ok();
    let mut contenders = Vec::new();
    for &engine in engines {
        if quantised || !matches!(engine, BenchEngine::Face8x | BenchEngine::TractInt8) {
            for &threads in engine.thread_counts(threads) {
                contenders.push(ComparedEngine::new(engine, threads, &bytes)?);
            }
        }
    }
    let start = Instant::now();
    let lr: Lr = std::array::from_fn(|k| (k * 37 % 251) as u8);
    let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
    while start.elapsed() < time || contenders.iter().any(|c| c.times.len() < BURST) {
        for contender in &mut contenders {
            contender.burst(&lr, &mut sr)?;
        }
    }
    Ok(contenders.iter().filter_map(|c| c.result(model)).collect())
}

/// An engine in the comparison.
struct ComparedEngine {
    engine: BenchEngine,
    threads: usize,
    restorer: Box<dyn Restorer>,
    multiplications: Option<usize>,
    load: f64,
    /// In nanoseconds.
    times: Vec<u64>,
}

impl ComparedEngine {
    fn new(engine: BenchEngine, threads: usize, bytes: &[u8]) -> Result<ComparedEngine> {
        let start = Instant::now();
        let load = |operators| TractRestorer::load(bytes, "model", "bench", operators);
        let network = match engine {
            BenchEngine::Face8x => Some(load(Operators::OnlyFused(threads))?),
            BenchEngine::TractInt8 => Some(load(Operators::Stock)?),
            BenchEngine::TractF32 => Some(TractRestorer::load_float_form(bytes, "model", "bench")?),
            BenchEngine::Bicubic => None,
        };
        Ok(ComparedEngine {
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

    fn result(&self, model: &Model) -> Option<StageResult> {
        let times = TimeStats::new(&self.times)?;
        let from_mean = |&time: &u64| (time as f64 / 1e9 - times.mean).powi(2);
        let squares: f64 = self.times.iter().map(from_mean).sum();
        Some(StageResult {
            engine: self.engine.name().to_owned(),
            model: self.engine.model_name(model),
            threads: self.threads,
            stage: "restore".to_owned(),
            times,
            network: Some(NetworkFacts {
                description: self.restorer.describe(),
                stddev: (squares / times.runs as f64).sqrt(),
                multiplications: self.multiplications,
                load: self.load,
            }),
        })
    }
}
