//! `face8x soak`: a long run with faults.

use std::path::Path;
use std::process::ExitCode;

use face8x::soak::{self, Kind, Report, SoakOptions};
use face8x::{Error, Result};

use super::stop_on_signals;
use crate::cli::SoakArgs;

/// Soaks, prints the report and writes it to the files that were named; fails where the pipeline did.
pub fn soak(arguments: SoakArgs) -> Result<ExitCode> {
    for path in &arguments.report {
        form(path)?;
    }
    let kinds = match arguments.only.is_empty() {
        true => Kind::ALL.to_vec(),
        false => arguments.only,
    };
    let options = SoakOptions {
        frames: arguments.frames,
        seed: arguments.seed,
        every: arguments.every,
        // Each kind at least once.
        faults: kinds.len(),
        kinds,
        source: arguments.source,
        size: arguments.size,
        sink: arguments.sink,
        locator: arguments.locator,
        restorer: arguments.restorer,
        model: arguments.model,
        ..SoakOptions::default()
    };
    let stop = stop_on_signals()?;
    let report = soak::run(&options, &stop, &mut |frames| {
        log::info!("{frames} of {} frames", options.frames);
    })?;
    print!("{}", report.to_markdown());
    for path in &arguments.report {
        let text = form(path)?(&report);
        std::fs::write(path, text).map_err(|e| {
            Error::new(format!("cannot write {}: {e}", path.display()))
                .remedy("name a file in a folder that exists and may be written to")
        })?;
    }
    Ok(match report.passed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The report's form by the file's ending.
fn form(path: &Path) -> Result<fn(&Report) -> String> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => Ok(Report::to_json),
        Some("md") => Ok(Report::to_markdown),
        _ => Err(
            Error::usage(format!("the report {} has no known form", path.display()))
                .remedy("name a .json or an .md file"),
        ),
    }
}
