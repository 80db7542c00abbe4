//! What `face8x bench` found, as `--export-json` writes it.

use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::machine::{Activity, Machine};
use super::time_stats::TimeStats;
use super::warning::Warning;
use face8x_core::{Error, ErrorKind, Result, files};

/// Of a report at most: a case has some hundred kilobytes of times a minute.
const MAX_MB: u64 = 64;

/// The format of the file. A change that old readers would misread gets another number.
pub(crate) const SCHEMA: &str = "face8x-bench/1";

/// Everything that a benchmark found. Times are in seconds, memory is in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// [`SCHEMA`].
    pub(crate) schema: String,
    /// The program's version.
    pub(crate) version: String,
    /// `release` or `debug`.
    pub(crate) build: String,
    /// The command line that produced it.
    pub(crate) command: String,
    /// When it began, in UTC: `2026-11-22T21:30:00Z`.
    pub(crate) date: String,
    /// Less than MLPerf's rule was requested.
    pub(crate) quick: bool,
    /// Everything that was requested was measured.
    pub(crate) complete: bool,
    /// Why the figures should be read with care. They are for people and other programs: a report
    /// that is read from a file has none.
    #[serde(skip_deserializing)]
    pub(crate) warnings: Vec<Warning>,
    pub(crate) machine: Machine,
    /// One for each measured process; empty for `--model-only`.
    pub(crate) cases: Vec<BenchCase>,
    /// One for each stage of each case.
    pub(crate) results: Vec<StageResult>,
}

/// The times of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageResult {
    pub(crate) engine: String,
    /// Name of the network's file.
    pub(crate) model: String,
    pub(crate) threads: usize,
    /// A stage of the pipeline, `end-to-end`, or `cold-start`: from the start of the process to the
    /// first restored face on the display. `search-live`, `search-whole` and `search-enlarged` are the
    /// detector's, which searches beside the stages. `no-face` is end to end, of frames without a face.
    pub(crate) stage: String,
    #[serde(flatten)]
    pub(crate) times: TimeStats,
    #[serde(flatten)]
    pub(crate) network: Option<NetworkFacts>,
}

/// What else is known where the network was measured without the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NetworkFacts {
    /// The restorer in words.
    pub(crate) description: String,
    /// Standard deviation of a run.
    pub(crate) stddev: f64,
    /// Multiplications of weights that are not zero by construction.
    pub(crate) multiplications: Option<usize>,
    /// From the file's bytes to the end of the first run.
    pub(crate) load: f64,
}

impl StageResult {
    /// What it is about; two reports are compared by it.
    pub(crate) fn key(&self) -> (&str, &str, usize, &str) {
        (&self.engine, &self.model, self.threads, &self.stage)
    }
}

/// One measured process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BenchCase {
    pub(crate) engine: String,
    pub(crate) model: String,
    /// Of the network's file; `null` without one.
    pub(crate) model_sha256: Option<String>,
    pub(crate) threads: usize,
    /// How the parts of the pipeline describe themselves.
    pub(crate) restorer: String,
    pub(crate) source: String,
    #[serde(rename = "locator")]
    pub(crate) detector: String,
    pub(crate) sink: String,
    pub(crate) view: String,
    /// Frames with a face, which were measured, and those without one, which were not.
    pub(crate) frames: usize,
    pub(crate) faceless: u64,
    /// Frames that were replaced by a newer one before they were processed, that were damaged, and
    /// how often the source was lost.
    pub(crate) skipped: u64,
    pub(crate) corrupt: u64,
    pub(crate) lost: u64,
    /// How long it was measured.
    pub(crate) seconds: f64,
    /// Frames a second.
    pub(crate) fps: f64,
    /// Whether the rule was kept.
    pub(crate) complete: bool,
    /// The most memory that was resident, without the benchmark's own times.
    pub(crate) peak_memory: Option<u64>,
    /// Processor time of all threads a frame, the search for faces included.
    pub(crate) cpu_per_frame: f64,
    /// Energy of the board a frame in joules, where it has sensors.
    pub(crate) joules_per_frame: Option<f64>,
    /// What the machine did meanwhile.
    #[serde(rename = "seen")]
    pub(crate) activity: Activity,
    /// Every end-to-end time in nanoseconds, in its order; none in files of older versions.
    #[serde(default, rename = "end_to_end_ns")]
    pub(crate) latencies: Vec<u64>,
}

impl BenchCase {
    /// Its name in messages.
    pub(crate) fn name(&self) -> String {
        format!("{}, {}, threads {}", self.engine, self.model, self.threads)
    }
}

impl BenchReport {
    /// A report of `machine` without any result yet, by the command line `command`.
    pub(crate) fn new(machine: Machine, command: &str, quick: bool) -> BenchReport {
        let release = !cfg!(debug_assertions);
        BenchReport {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: if release { "release" } else { "debug" }.to_owned(),
            command: command.to_owned(),
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            quick,
            complete: false,
            warnings: Vec::new(),
            machine,
            cases: Vec::new(),
            results: Vec::new(),
        }
    }

    /// The results of a case, in their order.
    pub(crate) fn results_of(&self, case: &BenchCase) -> impl Iterator<Item = &StageResult> {
        let key = (case.engine.clone(), case.model.clone(), case.threads);
        self.results.iter().filter(move |result| {
            (
                result.engine.as_str(),
                result.model.as_str(),
                result.threads,
            ) == (&key.0, &key.1, key.2)
        })
    }

    /// Reads a report that `--export-json` wrote.
    ///
    /// # Errors
    /// The file cannot be read, is no report of `face8x bench`, or has the format of another version.
    pub(crate) fn read(path: &Path) -> Result<BenchReport> {
        let text = files::read_text(path, MAX_MB).map_err(|error| {
            Error::io(format!("cannot read '{}'", path.display()), error)
                .remedy("name a file that `face8x bench --export-json FILE` wrote")
        })?;
        BenchReport::parse(&text).map_err(|error| error.context(path.display()))
    }

    /// Reads a report's text; see [`BenchReport::read`].
    ///
    /// # Errors
    /// The text is no report of `face8x bench`, or has the format of another version.
    pub fn parse(text: &str) -> Result<BenchReport> {
        let remedy = "name a file that `face8x bench --export-json FILE` of this version wrote";
        let invalid = |message: String| Error::new(ErrorKind::Io, message).remedy(remedy);
        let broken = |error: serde_json::Error| {
            invalid(format!("invalid benchmark results: {error}")).caused_by(error)
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(broken)?;
        match value["schema"].as_str() {
            Some(SCHEMA) => serde_json::from_value(value).map_err(broken),
            Some(other) => Err(invalid(format!(
                "unknown format '{other}'; this face8x reads '{SCHEMA}'"
            ))),
            None => Err(invalid(
                "the file does not name its format (\"schema\")".into(),
            )),
        }
    }
}
