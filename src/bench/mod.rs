//! `face8x bench`: how fast this machine is, and whether the figures can be trusted.
//!
//! Each case (engine, network, threads) runs the whole pipeline in a process of its own, so that
//! its start, its memory and its processor time are its own; the first process watches the machine
//! meanwhile. The rule is MLPerf Inference's for a single stream: the next frame is asked for when
//! the last was shown, for at least 1,024 frames and 60 seconds. Every single time is kept.

mod chart;
mod compare;
mod export;
mod figures;
mod histogram;
mod job;
mod load;
mod machine;
mod model_only;
mod power;
mod process;
mod report;
mod session;
pub mod table;
mod trust;
mod watch;
mod worker;

#[cfg(test)]
mod tests;

pub use chart::draw;
pub use compare::{changes, differences, text as changes_text};
pub use export::{csv, markdown};
pub use figures::Figures;
pub use job::{Engine, Job, Model, Rule, Setup};
pub use machine::Machine;
pub use report::{Alone, Report, Row, SCHEMA};
pub use session::{Outcome, Plan, run};
pub use worker::{END_TO_END, measure};

use crate::Result;
use std::path::Path;
use std::time::Duration;

/// Measures networks alone, without the pipeline and in this process: see
/// [`face8x_core::restore::bench`]. `patience` is for each network's engines together.
///
/// # Errors
/// A model cannot be read or run.
pub fn model_only(
    engines: &[Engine],
    models: &[Model],
    threads: &[usize],
    patience: Duration,
    command: &str,
) -> Result<Report> {
    let root = Path::new("/");
    let mut machine = Machine::read(root);
    let date = report::now();
    let mut results = Vec::new();
    for model in models {
        let file = model.0.as_deref();
        results.extend(model_only::model_only(engines, file, threads, patience)?);
    }
    machine.temperature_after = crate::host::board::temperature_in(root);
    let enough = |row: &Row| row.figures.runs as u64 >= Rule::FULL.runs;
    let quick = !results.iter().all(enough) || patience.as_secs_f64() < Rule::FULL.seconds;
    let build = session::build();
    Ok(Report {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: build.to_owned(),
        command: command.to_owned(),
        date,
        quick,
        complete: true,
        warnings: trust::warnings(&machine, &[], build, quick),
        machine,
        cases: Vec::new(),
        results,
    })
}
