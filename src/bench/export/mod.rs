//! The files that results are written to: one file here for each format.

mod csv;
mod histogram;
mod json;
mod markdown;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::report::BenchReport;
use crate::files::{self, Durability};
use face8x_core::{Error, Result};

pub use self::csv::CsvExporter;
pub(crate) use histogram::HistogramExporter;
pub(crate) use json::JsonExporter;
pub use markdown::MarkdownExporter;

/// A format of results.
pub trait Exporter {
    /// The bytes of the file.
    ///
    /// # Errors
    /// The results cannot be encoded.
    fn export(&self, report: &BenchReport) -> Result<Vec<u8>>;
}

/// Where standard output is a file.
const STDOUT: &str = "/dev/stdout";

/// The files to write, each with its format.
#[derive(Default)]
pub(crate) struct Exports(Vec<(PathBuf, Box<dyn Exporter>)>);

impl Exports {
    /// Adds a file, where one is named; `-` is standard output.
    ///
    /// # Errors
    /// It cannot be written: minutes of work must not end there. Two are for standard output.
    pub(crate) fn add(
        &mut self,
        path: Option<&PathBuf>,
        exporter: impl Exporter + 'static,
    ) -> Result<()> {
        if let Some(path) = path {
            let stdout = Path::new(STDOUT);
            let path = if path == Path::new("-") { stdout } else { path };
            if path == stdout && self.takes_stdout() {
                return Err(Error::usage("two formats for standard output")
                    .remedy("write one of them to a file"));
            }
            files::check_writable(path).map_err(|error| files::cannot_write(path, error))?;
            self.0.push((path.to_owned(), Box::new(exporter)));
        }
        Ok(())
    }

    /// Whether one goes to standard output, where nothing else may stand then.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.0.iter().any(|(path, _)| path == Path::new(STDOUT))
    }

    /// Writes the files that are replaced as a whole: what was measured so far is kept, whatever
    /// happens to the rest. Pipes and devices get the results once, at the end.
    pub(crate) fn save(&self, report: &BenchReport) {
        for (path, exporter) in &self.0 {
            if files::is_replaced(path)
                && let Err(error) = write(path, exporter.as_ref(), report)
            {
                log::warn!("{error}");
            }
        }
    }

    /// Writes every file.
    ///
    /// # Errors
    /// One of them cannot be written. The others are.
    pub(crate) fn write(&self, report: &BenchReport) -> Result<()> {
        let write = |(path, exporter): &(PathBuf, Box<dyn Exporter>)| {
            write(path, exporter.as_ref(), report)
        };
        self.0.iter().map(write).fold(Ok(()), Result::and)
    }
}

fn write(path: &Path, exporter: &dyn Exporter, report: &BenchReport) -> Result<()> {
    let bytes = exporter.export(report)?;
    files::replace(path, Durability::Process, |file| file.write_all(&bytes))
        .map_err(|error| files::cannot_write(path, error))
}
