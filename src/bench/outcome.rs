//! A benchmark's report, and what could not be measured.

use super::checks;
use super::report::BenchReport;
use face8x_core::{Error, Result};

/// A benchmark under way, or one that has ended.
pub(crate) struct Outcome {
    pub(crate) report: BenchReport,
    /// What failed, by its name.
    failed: Vec<(String, Error)>,
}

impl Outcome {
    /// A benchmark that begins with `report`.
    pub(crate) fn new(report: BenchReport) -> Outcome {
        Outcome {
            report,
            failed: Vec::new(),
        }
    }

    /// Something failed; what was measured before and will be after stays.
    pub(crate) fn fail(&mut self, name: String, error: Error) {
        self.failed.push((name, error));
    }

    /// Whether anything failed.
    pub(crate) fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Finds the report's warnings anew.
    pub(crate) fn check(&mut self) {
        self.report.warnings = checks::warnings(&self.report, &self.failed);
    }

    /// The outcome, with what failed in the log.
    ///
    /// # Errors
    /// Nothing was measured because something failed.
    pub(crate) fn finish(mut self) -> Result<Outcome> {
        if self.report.results.is_empty()
            && let Some((_, error)) = self.failed.pop()
        {
            return Err(error);
        }
        for (name, error) in &self.failed {
            log::error!("{name}: {error}");
            if let Some(remedy) = error.remedy_text() {
                log::error!("  remedy: {remedy}");
            }
        }
        Ok(self)
    }
}
