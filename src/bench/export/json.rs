//! Results as JSON, with everything that is known.

use super::Exporter;
use crate::bench::report::BenchReport;
use face8x_core::{Error, Result};

pub(crate) struct JsonExporter;

impl Exporter for JsonExporter {
    fn export(&self, report: &BenchReport) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(report)
            .map_err(|error| Error::other("cannot encode the results").caused_by(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
