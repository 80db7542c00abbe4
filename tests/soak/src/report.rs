//! What a soak found, for the terminal, JSON and Markdown.

use std::time::Duration;

use serde::Serialize;

use super::plan::Kind;
use super::watch::{Struck, Watch};
use super::{SoakOptions, WARM_UP};
use face8x::host::board::Board;
use face8x::host::status::Figures;

/// Nothing may be shown for so long at most.
pub const MAX_STALL: Duration = Duration::from_secs(2);
/// Resident memory may grow by less than this after the first 10,000 frames, in bytes.
pub const MAX_GROWTH: i64 = 1_000_000;

/// The faults of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub kind: Kind,
    pub injected: u64,
    pub recovered: u64,
    /// The longest from a fault to the recovery, in milliseconds.
    pub longest_ms: Option<u64>,
}

/// Resident memory over the run, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Memory {
    /// Pictures shown and resident bytes.
    pub samples: Vec<(u64, u64)>,
    /// The median of the last five samples less that of the first five after the warm-up;
    /// `None` where the run was too short for ten.
    pub growth: Option<i64>,
    /// The least-squares line through the samples after the warm-up: bytes in 10,000 pictures.
    pub slope: Option<f64>,
}

/// What a soak found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub version: &'static str,
    pub machine: Board,
    pub seed: u64,
    pub source: String,
    #[serde(rename = "locator")]
    pub detector: String,
    pub restorer: String,
    /// Pictures shown, those with a face, and frames that were skipped.
    pub frames: u64,
    pub face_frames: u64,
    pub skipped: u64,
    pub seconds: f64,
    pub faults: Vec<Row>,
    /// The longest time between two pictures, in milliseconds.
    pub longest_stall_ms: u64,
    pub memory: Memory,
    /// Why it failed; empty where it did not.
    pub failures: Vec<String>,
}

impl Report {
    pub(super) fn new(
        options: &SoakOptions,
        watch: &Watch,
        figures: &Figures,
        parts: [&str; 3],
        took: Duration,
    ) -> Report {
        let [source, detector, restorer] = parts.map(str::to_owned);
        let mut report = Report {
            version: env!("CARGO_PKG_VERSION"),
            machine: Board::read(),
            seed: options.seed,
            source,
            detector,
            restorer,
            frames: watch.frames,
            face_frames: figures.face_frames,
            skipped: figures.skipped,
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            faults: options
                .kinds
                .iter()
                .map(|kind| row(*kind, &watch.struck))
                .collect(),
            longest_stall_ms: watch.longest_stall.as_millis() as u64,
            memory: Memory::new(watch.memory.clone()),
            failures: Vec::new(),
        };
        report.failures = report.judge(options);
        report
    }

    /// Whether everything held.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    fn judge(&self, options: &SoakOptions) -> Vec<String> {
        let wanted = options.frames;
        let mut failures = Vec::new();
        if self.frames < wanted {
            failures.push(format!(
                "only {} of {wanted} frames were shown",
                self.frames
            ));
        }
        for row in &self.faults {
            let name = row.kind.name();
            if row.injected == 0 {
                failures.push(format!("{name} was never injected"));
            }
            if row.recovered < row.injected {
                let lasting = row.injected - row.recovered;
                failures.push(format!(
                    "{name}: {lasting} of {} not recovered",
                    row.injected
                ));
            }
        }
        if u128::from(self.longest_stall_ms) > options.max_stall.as_millis() {
            failures.push(format!(
                "nothing was shown for {} ms",
                self.longest_stall_ms
            ));
        }
        if let Some(growth) = self.memory.growth.filter(|growth| *growth >= MAX_GROWTH) {
            failures.push(format!("resident memory grew by {growth} bytes"));
        }
        failures
    }

    /// The report as a page.
    pub fn to_markdown(&self) -> String {
        let machine = &self.machine;
        let name = [&machine.model, &machine.cpu].map(|name| name.as_deref().unwrap_or("?"));
        let mut text = format!(
            "# Soak: {}\n\nface8x {} on {}, {}; source `{}`, detector {}, restorer {}, seed {}.\n\n",
            if self.passed() { "passed" } else { "FAILED" },
            self.version,
            name[0],
            name[1],
            self.source,
            self.detector,
            self.restorer,
            self.seed
        );
        for failure in &self.failures {
            text += &format!("- {failure}\n");
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
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("numbers and text can be written as JSON") + "\n"
    }
}

fn row(kind: Kind, struck: &[Struck]) -> Row {
    let of_kind = || struck.iter().filter(move |fault| fault.kind == kind);
    Row {
        kind,
        injected: of_kind().count() as u64,
        recovered: of_kind().filter(|fault| fault.took.is_some()).count() as u64,
        longest_ms: of_kind()
            .filter_map(|fault| fault.took)
            .map(|took| took.as_millis() as u64)
            .max(),
    }
}

impl Memory {
    fn new(samples: Vec<(u64, u64)>) -> Memory {
        let warm: Vec<_> = samples
            .iter()
            .filter(|(at, _)| *at >= WARM_UP)
            .copied()
            .collect();
        let enough = warm.len() >= 10;
        Memory {
            growth: enough.then(|| median(&warm[warm.len() - 5..]) - median(&warm[..5])),
            slope: enough.then(|| slope(&warm) * 10_000.0),
            samples,
        }
    }

    fn rows(&self) -> String {
        let (Some(growth), Some(slope)) = (self.growth, self.slope) else {
            return "| resident memory | too few frames to tell |\n".into();
        };
        let (first, last) = (self.samples.first(), self.samples.last());
        let megabytes = |sample: Option<&(u64, u64)>| sample.map_or(0.0, |s| s.1 as f64 / 1e6);
        format!(
            "| resident memory, first and last | {:.1} MB, {:.1} MB |\n\
             | growth after the first {WARM_UP} pictures | {:.3} MB |\n\
             | slope after them, in 10,000 pictures | {:.4} MB |\n",
            megabytes(first),
            megabytes(last),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_and_slope_are_those_of_the_samples_after_the_warm_up() {
        // A large start, then 50 bytes a picture, with one outlier.
        let line = |at: u64| (at * 1000, 2_000_000 + 50_000 * at);
        let mut samples: Vec<_> = (10..60).map(line).collect();
        let memory = Memory::new([&[(1000, 9_000_000)][..], &samples].concat());
        assert_eq!(memory.growth, Some(45 * 50_000));
        assert!((memory.slope.unwrap() - 500_000.0).abs() < 1e-3);
        samples[48].1 = 90_000_000;
        assert_eq!(Memory::new(samples.clone()).growth, Some(45 * 50_000));
        samples.truncate(9);
        assert_eq!(Memory::new(samples).growth, None);
    }
}
