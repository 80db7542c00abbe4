//! Results as CSV: a line a stage, times in seconds.

use super::Exporter;
use crate::bench::report::BenchReport;
use face8x_core::{Error, Result};

/// A line a stage, times in seconds.
pub struct CsvExporter;

const COLUMNS: [&str; 12] = [
    "engine", "model", "threads", "stage", "runs", "min", "median", "mean", "p90", "p99", "p999",
    "max",
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
            let fields = fields
                .chain([t.runs.to_string()])
                .chain(times.map(|time| time.to_string()));
            writer.write_record(fields).map_err(cannot)?;
        }
        let bytes = writer.into_inner();
        bytes.map_err(|error| Error::other(format!("cannot encode the results: {error}")))
    }
}
