//! `face8x run`: camera to display.

use std::io::Write;
use std::process::ExitCode;

use face8x::Result;
use face8x::config::Options;
use face8x::pipeline::Pipeline;
use face8x::restore;
use face8x::status::{Identity, Reporting};

use super::stop_on_signals;
use crate::cli::RunArgs;

/// Runs until the source ends, `--frames` are shown, somebody leaves or a signal comes.
pub fn run(arguments: RunArgs) -> Result<ExitCode> {
    let options = match &arguments.config {
        Some(path) => arguments.options.or(Options::from_file(path)?),
        None => arguments.options,
    };
    let settings = options.resolve()?;
    let stop = stop_on_signals()?;
    let mut pipeline = Pipeline::new(&settings)?;
    let identity = Identity {
        restorer: pipeline.faces().restorer().to_owned(),
        model_sha256: restore::checksum(&settings.restorer, settings.model.as_deref())?,
        restarts: None,
    };
    let reporting = Reporting::start(&settings.status, identity)?;
    if let Some(reporting) = &reporting {
        pipeline.report_to(reporting.monitor());
    }
    let mut stdout = std::io::stdout().lock();
    pipeline.run(&stop, &mut |summary| {
        if settings.json {
            // Whoever read the lines has left: so do we.
            return writeln!(stdout, "{}", summary.to_json())
                .and_then(|()| stdout.flush())
                .is_ok();
        }
        log::debug!("{}", summary.to_json());
        true
    })?;
    Ok(ExitCode::SUCCESS)
}
