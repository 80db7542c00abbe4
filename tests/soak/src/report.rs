//! What a soak found, for the terminal, JSON and Markdown.

use std::time::Duration;

use serde::Serialize;

use face8x::internals::host::Board;
use face8x::internals::host::RunCounters;
use face8x_core::{Error, Result};

use crate::faults::FaultKind;
use crate::recorder::{Injected, Recorder};
use crate::soak::SoakOptions;

/// Rounds of all faults before memory counts: each fault's first times take their memory, once. With one
/// fault in 1,000 pictures, one round later it grew by 0.6 MB on a quiet machine and 1.2 MB on a busy one,
/// and after four not at all for 160,000 pictures.
const WARM_ROUNDS: u64 = 4;
/// After them, resident memory may grow by less than this, in bytes.
const MAX_GROWTH: i64 = 500_000;

/// The faults of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FaultSummary {
    pub(crate) kind: FaultKind,
    pub(crate) injected: u64,
    pub(crate) recovered: u64,
    /// The longest from a fault to the recovery, in milliseconds.
    pub(crate) longest_ms: Option<u64>,
}

/// Resident memory over the run, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Memory {
    /// Pictures shown and resident bytes.
    pub(crate) samples: Vec<(u64, u64)>,
    /// Pictures before memory counts.
    pub(crate) warm_up: u64,
    /// The median of the last five samples less that of the first five after the warm-up;
    /// `None` where the run was too short for ten.
    pub(crate) growth: Option<i64>,
    /// The least-squares line through the samples after the warm-up: bytes in 10,000 pictures.
    pub(crate) slope: Option<f64>,
}

/// What the pipeline was made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PartNames {
    pub(crate) source: String,
    pub(crate) detector: String,
    pub(crate) restorer: String,
}

/// What a soak found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SoakReport {
    pub(crate) version: &'static str,
    pub(crate) machine: Board,
    pub(crate) seed: u64,
    #[serde(flatten)]
    pub(crate) parts: PartNames,
    /// Pictures shown, those with a face, and frames that were skipped.
    pub(crate) frames: u64,
    pub(crate) face_frames: u64,
    pub(crate) skipped: u64,
    pub(crate) seconds: f64,
    pub(crate) faults: Vec<FaultSummary>,
    /// The longest time between two pictures, in milliseconds.
    pub(crate) longest_stall_ms: u64,
    pub(crate) memory: Memory,
    /// Why it failed; empty where it did not.
    pub(crate) failures: Vec<String>,
}

impl SoakReport {
    pub(crate) fn new(
        options: &SoakOptions,
        recorder: &Recorder,
        figures: &RunCounters,
        parts: PartNames,
        took: Duration,
    ) -> SoakReport {
        let summary = |kind: &FaultKind| summary(*kind, &recorder.injected);
        let mut report = SoakReport {
            version: env!("CARGO_PKG_VERSION"),
            machine: Board::read(),
            seed: options.seed,
            parts,
            frames: recorder.frames,
            face_frames: figures.face_frames,
            skipped: figures.skipped,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            faults: options.kinds().iter().map(summary).collect(),
            longest_stall_ms: recorder.longest_stall.as_millis() as u64,
            memory: Memory::new(recorder.memory.clone(), warm_up(options)),
            failures: Vec::new(),
        };
        report.failures = report.checks(options);
        report
    }

    /// Whether every check passed.
    pub(crate) fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    fn checks(&self, options: &SoakOptions) -> Vec<String> {
        let wanted = options.frames;
        let mut failures = Vec::new();
        if self.frames < wanted {
            failures.push(format!(
                "only {} of {wanted} pictures were shown",
                self.frames
            ));
        }
        for row in &self.faults {
            let name = row.kind.name();
            if row.injected == 0 {
                failures.push(format!("{name} was never injected"));
            }
            if row.recovered < row.injected {
                failures.push(format!(
                    "{name}: recovered from only {} of {}",
                    row.recovered, row.injected
                ));
            }
        }
        if self.longest_stall_ms > options.max_stall {
            let stall = self.longest_stall_ms;
            failures.push(format!("no new picture was shown for {stall} ms"));
        }
        if let Some(growth) = self.memory.growth.filter(|growth| *growth >= MAX_GROWTH) {
            failures.push(format!("resident memory grew by {growth} bytes"));
        }
        failures
    }

    /// The report in Markdown.
    pub(crate) fn to_markdown(&self) -> String {
        let machine = &self.machine;
        let name = [&machine.model, &machine.cpu].map(|name| name.as_deref().unwrap_or("?"));
        let mut text = format!(
            "# Soak: {}\n\nface8x {} on {}, {}; source `{}`, detector {}, restorer {}, seed {}.\n",
            if self.passed() { "passed" } else { "FAILED" },
            self.version,
            name[0],
            name[1],
            self.parts.source,
            self.parts.detector,
            self.parts.restorer,
            self.seed
        );
        for failure in &self.failures {
            text += &format!("\n- {failure}\n");
        }
        text += &format!(
            "\n| what | figure |\n|---|---|\n| pictures shown | {} |\n| of them with a face | {} |\n\
             | frames skipped | {} |\n| time | {:.1} s |\n\
             | longest time without a new picture | {} ms |\n{}\n\
             | fault | injected | recovered | longest until recovered |\n|---|---|---|---|\n",
            self.frames,
            self.face_frames,
            self.skipped,
            self.seconds,
            self.longest_stall_ms,
            self.memory.rows()
        );
        for row in &self.faults {
            let longest = row.longest_ms.map_or("-".into(), |ms| format!("{ms} ms"));
            let name = row.kind.name();
            text += &format!(
                "| {name} | {} | {} | {longest} |\n",
                row.injected, row.recovered
            );
        }
        text
    }

    /// The report as one JSON object.
    pub(crate) fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::other("cannot write the report as JSON").caused_by(error))?;
        Ok(text + "\n")
    }
}

fn summary(kind: FaultKind, injected: &[Injected]) -> FaultSummary {
    let of_kind = || injected.iter().filter(move |fault| fault.kind == kind);
    FaultSummary {
        kind,
        injected: of_kind().count() as u64,
        recovered: of_kind().filter(|fault| fault.recovery.is_some()).count() as u64,
        longest_ms: of_kind()
            .filter_map(|fault| fault.recovery)
            .map(|recovery| recovery.as_millis() as u64)
            .max(),
    }
}

/// Pictures in which all faults have come [`WARM_ROUNDS`] times, on average.
fn warm_up(options: &SoakOptions) -> u64 {
    WARM_ROUNDS * options.kinds().len() as u64 * options.every
}

impl Memory {
    pub(crate) fn new(samples: Vec<(u64, u64)>, warm_up: u64) -> Memory {
        let warm: Vec<_> = samples
            .iter()
            .filter(|(at, _)| *at >= warm_up)
            .copied()
            .collect();
        let enough = warm.len() >= 10;
        Memory {
            growth: enough.then(|| median(&warm[warm.len() - 5..]) - median(&warm[..5])),
            slope: enough.then(|| slope(&warm) * 10_000.0),
            warm_up,
            samples,
        }
    }

    fn rows(&self) -> String {
        let (Some(growth), Some(slope)) = (self.growth, self.slope) else {
            return "| resident memory | too few pictures for a figure |\n".into();
        };
        let (first, last) = (self.samples.first(), self.samples.last());
        let megabytes = |sample: Option<&(u64, u64)>| sample.map_or(0.0, |s| s.1 as f64 / 1e6);
        format!(
            "| resident memory, first and last | {:.1} MB, {:.1} MB |\n\
             | growth after the first {} pictures | {:.3} MB |\n\
             | slope after them, in 10,000 pictures | {:.4} MB |\n",
            megabytes(first),
            megabytes(last),
            self.warm_up,
            growth as f64 / 1e6,
            slope / 1e6
        )
    }
}

fn median(samples: &[(u64, u64)]) -> i64 {
    let mut bytes: Vec<u64> = samples.iter().map(|(_, bytes)| *bytes).collect();
    bytes.sort_unstable();
    bytes[bytes.len() / 2] as i64
}

/// The least-squares slope: bytes a picture.
fn slope(samples: &[(u64, u64)]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&(u64, u64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|s| s.0 as f64), mean(|s| s.1 as f64));
    let (mut above, mut below) = (0.0, 0.0);
    for (at, bytes) in samples {
        let dx = *at as f64 - x;
        above += dx * (*bytes as f64 - y);
        below += dx * dx;
    }
    above / below.max(f64::MIN_POSITIVE)
}
