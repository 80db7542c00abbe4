//! What `face8x bench` found, as `--export-json` writes it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::machine::Machine;
use super::trust::Warning;
use super::watch::Seen;
use super::worker::END_TO_END;
use crate::{Error, Result};
use face8x_core::files;

/// Of a report at most: one of all engines, models and thread counts has less than one.
const MAX_MB: u64 = 16;

/// The form of the file. A change that old readers would misread gets another number.
pub const SCHEMA: &str = "face8x-bench/1";

/// Everything that a benchmark found. Times are in seconds, memory is in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program's version.
    pub version: String,
    /// `release` or `debug`.
    pub build: String,
    /// The command line that gave it.
    pub command: String,
    /// When it began, in UTC: `2026-11-22T21:30:00Z`.
    pub date: String,
    /// Less than MLPerf's rule was asked for.
    pub quick: bool,
    /// Everything that was asked for was measured.
    pub complete: bool,
    /// Why the figures cannot be trusted; empty where they can.
    pub warnings: Vec<Warning>,
    pub machine: Machine,
    /// One for each measured process; empty for `--model-only`.
    pub cases: Vec<Case>,
    /// One for each stage of each case.
    pub results: Vec<Row>,
}

/// The figures of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub engine: String,
    /// Name of the network's file.
    pub model: String,
    pub threads: usize,
    /// A stage of the pipeline, `end-to-end`, or `cold-start`: from the start of the process to the
    /// first restored face on the display.
    pub stage: String,
    #[serde(flatten)]
    pub figures: Figures,
    #[serde(flatten)]
    pub alone: Option<Alone>,
}

/// What is told besides where the network was measured alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alone {
    /// The restorer in words.
    pub description: String,
    /// Standard deviation of a run.
    pub stddev: f64,
    /// Multiplications of weights that are not zero by construction.
    pub multiplications: Option<usize>,
    /// From the file's bytes to the end of the first run.
    pub load: f64,
}

impl Row {
    /// What the row is about; two reports are compared by it.
    pub fn key(&self) -> (&str, &str, usize, &str) {
        (&self.engine, &self.model, self.threads, &self.stage)
    }
}

/// One measured process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub engine: String,
    pub model: String,
    /// Of the network's file; `null` without one.
    pub model_sha256: Option<String>,
    pub threads: usize,
    /// What the parts of the pipeline say about themselves.
    pub restorer: String,
    pub source: String,
    #[serde(rename = "locator")]
    pub detector: String,
    pub sink: String,
    pub view: String,
    /// Frames with a face, which were measured, and those without one, which were not.
    pub frames: usize,
    pub faceless: u64,
    /// Frames that a newer one replaced before anybody looked, that were damaged, and how often
    /// the source was lost.
    pub skipped: u64,
    pub corrupt: u64,
    pub lost: u64,
    /// How long it was measured.
    pub seconds: f64,
    /// Frames a second.
    pub fps: f64,
    /// Whether the rule was kept.
    pub complete: bool,
    /// The most memory that was resident, without the benchmark's own times.
    pub peak_memory: Option<u64>,
    /// Processor time of all threads a frame, the search for faces with it.
    pub cpu_per_frame: f64,
    /// Energy of the board a frame in joules, where it has sensors.
    pub joules_per_frame: Option<f64>,
    /// What the machine did meanwhile.
    pub seen: Seen,
}

impl Report {
    /// The rows of a case, in their order.
    pub fn rows_of(&self, case: &Case) -> impl Iterator<Item = &Row> {
        let key = (case.engine.clone(), case.model.clone(), case.threads);
        self.results.iter().filter(move |row| {
            (row.engine.as_str(), row.model.as_str(), row.threads) == (&key.0, &key.1, key.2)
        })
    }

    /// The end-to-end figures of a case.
    pub fn end_to_end(&self, case: &Case) -> Option<&Figures> {
        let mut rows = self.rows_of(case);
        rows.find(|row| row.stage == END_TO_END)
            .map(|row| &row.figures)
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("numbers and text can always be written as JSON") + "\n"
    }

    /// Reads a report that `--export-json` wrote.
    ///
    /// # Errors
    /// The file cannot be read, is none of `face8x bench`'s, or has the form of another version.
    pub fn read(path: &Path) -> Result<Report> {
        let text = files::read_text(path, MAX_MB).map_err(|e| {
            Error::other(format!("cannot read {}: {e}", path.display()))
                .remedy("name a file that `face8x bench --export-json FILE` wrote")
        })?;
        Report::parse(&text).map_err(|e| e.context(path.display()))
    }

    /// Reads a report's text; see [`Report::read`].
    pub fn parse(text: &str) -> Result<Report> {
        let remedy = "name a file that `face8x bench --export-json FILE` of this version wrote";
        let no_report =
            |e: serde_json::Error| Error::other(format!("no benchmark: {e}")).remedy(remedy);
        let value: serde_json::Value = serde_json::from_str(text).map_err(no_report)?;
        match value["schema"].as_str() {
            Some(SCHEMA) => serde_json::from_value(value).map_err(no_report),
            Some(other) => Err(Error::other(format!(
                "the file has the form \"{other}\"; this face8x reads \"{SCHEMA}\""
            ))
            .remedy(remedy)),
            None => Err(Error::other("the file does not say its form (\"schema\")").remedy(remedy)),
        }
    }
}

/// The time now as `2026-11-22T21:30:00Z`.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    utc(since.map_or(0, |time| time.as_secs()))
}

/// Seconds since 1970 as a date and time. The Gregorian calendar repeats every 400 years, which
/// are 146,097 days; a year that begins with March has its leap day at the end.
fn utc(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Days since the first of March of the year 0, of which 1970 began 719,468 later.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + next;
    let (hours, minutes, seconds) = (time / 3600, time / 60 % 60, time % 60);
    format!("{year}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::report;

    #[test]
    fn a_report_survives_its_file() {
        let report = report();
        assert_eq!(Report::parse(&report.to_json()), Ok(report));
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        for (text, reason) in [
            ("", "no benchmark: "),
            ("[]", "does not say its form"),
            ("{\"results\": []}", "does not say its form"),
            (
                "{\"schema\": \"face8x-bench/0\"}",
                "the form \"face8x-bench/0\"",
            ),
            ("{\"schema\": \"face8x-bench/1\"}", "missing field"),
        ] {
            let error = Report::parse(text).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.remedy_text().is_some());
        }
        assert!(Report::read(Path::new("/no/such/file.json")).is_err());
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), date);
        }
        assert!(now().as_str() > "2020");
    }
}
