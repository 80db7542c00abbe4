//! Results as CSV: a line a stage, times in seconds, the machine and the version in each.

use super::Exporter;
use crate::bench::report::BenchReport;
use face8x_core::{Error, Result};

/// A line a stage, times in seconds.
pub struct CsvExporter;

#[rustfmt::skip]
const COLUMNS: [&str; 18] = [
    "engine", "model", "threads", "stage", "runs", "min", "median", "mean", "p90", "p99", "p999",
    "max", "median_low", "median_high", "machine", "processor", "version", "date",
];

impl Exporter for CsvExporter {
    fn export(&self, report: &BenchReport) -> Result<Vec<u8>> {
        let cannot = |error: csv::Error| {
            Error::other(format!("cannot encode the results: {error}")).caused_by(error)
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS).map_err(cannot)?;
        for result in &report.results {
            let t = &result.times;
            let times = [t.min, t.median, t.mean, t.p90, t.p99, t.p999, t.max];
            let key = [
                &result.engine,
                &result.model,
                &result.threads.to_string(),
                &result.stage,
            ];
            let fields = key.into_iter().cloned();
            let spread = t
                .spread
                .map_or([const { String::new() }; 2], |(low, high)| {
                    [low, high].map(|time| time.to_string())
                });
            let about = [
                report.machine.name().to_owned(),
                report.machine.cpu.clone().unwrap_or_default(),
                report.version.clone(),
                report.date.clone(),
            ];
            let fields = fields
                .chain([t.runs.to_string()])
                .chain(times.map(|time| time.to_string()))
                .chain(spread)
                .chain(about);
            writer.write_record(fields).map_err(cannot)?;
        }
        let bytes = writer.into_inner();
        bytes.map_err(|error| Error::other(format!("cannot encode the results: {error}")))
    }
}
