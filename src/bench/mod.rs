//! `face8x bench`: how fast this machine is, and with what care its figures should be read.
//!
//! Each case (engine, network, threads) runs the whole pipeline in a process of its own, so that its
//! start, its memory and its processor time are its own; the first process samples the machine
//! meanwhile. The rule is MLPerf Inference's for a single stream: the next frame is requested when the
//! last was shown, for at least 1,024 frames and 60 seconds. Every single time is kept.
//!
//! ```text
//! job -> scheduler -> process -> worker -> time_stats, machine -> report -> export, table, compare
//! ```

mod checks;
mod compare;
mod engine;
mod export;
mod histogram;
mod job;
mod machine;
mod model_only;
mod no_face;
mod outcome;
mod process;
mod report;
mod scheduler;
mod search;
mod send;
mod series;
mod table;
mod time_stats;
mod warning;
mod worker;

#[cfg(test)]
mod tests;

pub use compare::comparison;
pub(crate) use engine::{BenchEngine, Model};
pub use export::{CsvExporter, Exporter, MarkdownExporter};
pub(crate) use export::{Exports, HistogramExporter, JsonExporter};
pub(crate) use job::{Job, Rule, Setup};
pub(crate) use model_only::measure as measure_models;
pub(crate) use outcome::Outcome;
pub use report::BenchReport;
pub(crate) use scheduler::Scheduler;
pub(crate) use send::{how_to_send, result_file};
pub(crate) use table::{model_table, text};
pub(crate) use worker::measure;
