//! A whole benchmark: every job one after the other, and what is told of it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::figures::Figures;
use super::job::{Job, Rule};
use super::machine::Machine;
use super::process::{self, Finished};
use super::report::{self, Case, Report, Row, SCHEMA};
use super::trust;
use super::watch::Watch;
use super::worker::{END_TO_END, Measured};
use crate::Result;
use crate::host::board;
use face8x_core::restore;

/// The stage of the start.
const COLD_START: &str = "cold-start";

/// What is to be measured.
pub struct Plan {
    pub jobs: Vec<Job>,
    /// How often the start is measured.
    pub starts: usize,
    /// The command line, for the report.
    pub command: String,
}

/// What was found.
pub struct Outcome {
    pub report: Report,
    /// End-to-end times in nanoseconds, of each of the report's cases.
    pub latencies: Vec<Vec<u64>>,
}

/// Measures every job of the plan, each in a process of `program`, until `stop` is set; `progress`
/// is told what comes next.
///
/// # Errors
/// A measurement fails.
pub fn run(
    plan: &Plan,
    program: &Path,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(&str),
) -> Result<Outcome> {
    let root = Path::new("/");
    let date = report::now();
    let mut machine = Machine::read(root);
    let mut watch = Watch::new(root);
    machine.power_rails = watch.rails();
    let (mut cases, mut results, mut latencies) = (Vec::new(), Vec::new(), Vec::new());
    for (index, job) in plan.jobs.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        progress(&format!(
            "{} of {}: {}, {}, threads {}: at least {} frames and {} seconds",
            index + 1,
            plan.jobs.len(),
            job.engine.name(),
            job.model_name(),
            job.threads,
            job.rule.runs,
            job.rule.seconds
        ));
        let finished = process::run(job, program, &mut watch, stop)?;
        let starts = starts(job, &finished, plan.starts, program, stop)?;
        let case = case(job, &finished.measured, &mut watch)?;
        results.extend(rows(job, &finished.measured, &starts));
        let mut series = finished.measured.series;
        latencies.push(series.pop().map_or(Vec::new(), |last| last.times));
        cases.push(case);
    }
    machine.temperature_after = board::temperature_in(root);
    let complete = cases.len() == plan.jobs.len() && cases.iter().all(|case| case.complete);
    let full =
        |job: &Job| job.rule.runs >= Rule::FULL.runs && job.rule.seconds >= Rule::FULL.seconds;
    let quick = !plan.jobs.iter().all(full);
    let report = Report {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: build().to_owned(),
        command: plan.command.clone(),
        date,
        quick,
        complete,
        warnings: trust::warnings(&machine, &cases, build(), quick),
        machine,
        cases,
        results,
    };
    Ok(Outcome { report, latencies })
}

/// How this program was built.
pub(super) fn build() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}

/// Times from the start of a process to its first restored face, in nanoseconds: that of the
/// measured process, then of others that do no more.
fn starts(
    job: &Job,
    measured: &Finished,
    wanted: usize,
    program: &Path,
    stop: &AtomicBool,
) -> Result<Vec<u64>> {
    let time = |finished: &Finished| {
        let shown = finished.measured.first_restored?;
        Some(((shown - finished.started) * 1e9) as u64)
    };
    let mut times: Vec<u64> = time(measured).into_iter().collect();
    let job = Job {
        rule: Rule::START,
        ..job.clone()
    };
    // Nobody asks what the machine did meanwhile.
    let mut watch = Watch::new(Path::new("/nonexistent"));
    while times.len() < wanted && !times.is_empty() && !stop.load(Ordering::Relaxed) {
        let finished = process::run(&job, program, &mut watch, stop)?;
        match time(&finished) {
            Some(time) => times.push(time),
            None => break,
        }
    }
    Ok(times)
}

fn rows(job: &Job, measured: &Measured, starts: &[u64]) -> Vec<Row> {
    let stages = measured
        .series
        .iter()
        .map(|series| (series.stage.as_str(), series.times.as_slice()));
    let row = |(stage, times): (&str, &[u64])| {
        Some(Row {
            engine: job.engine.name().to_owned(),
            model: job.model_name(),
            threads: job.threads,
            stage: stage.to_owned(),
            figures: Figures::of(times)?,
            alone: None,
        })
    };
    stages
        .chain([(COLD_START, starts)])
        .filter_map(row)
        .collect()
}

fn case(job: &Job, measured: &Measured, watch: &mut Watch) -> Result<Case> {
    let seconds = measured.ended - measured.began;
    let seen = watch.seen(measured.began, measured.ended, measured.cpu);
    let frames = measured
        .series
        .iter()
        .find(|series| series.stage == END_TO_END)
        .map_or(0, |series| series.times.len());
    let all = frames as f64 + measured.faceless as f64;
    let a_frame = |sum: f64| if all > 0.0 { sum / all } else { 0.0 };
    let model_sha256 = restore::checksum(job.engine.restorer(), job.model.0.as_deref())?;
    Ok(Case {
        engine: job.engine.name().to_owned(),
        model: job.model_name(),
        model_sha256,
        threads: job.threads,
        restorer: measured.restorer.clone(),
        source: measured.source.clone(),
        detector: measured.detector.clone(),
        sink: measured.sink.clone(),
        view: measured.view.clone(),
        frames,
        faceless: measured.faceless,
        skipped: measured.skipped,
        corrupt: measured.corrupt,
        lost: measured.lost,
        seconds,
        fps: if seconds > 0.0 { all / seconds } else { 0.0 },
        complete: measured.complete,
        peak_memory: measured.peak_memory,
        cpu_per_frame: a_frame(measured.cpu),
        joules_per_frame: seen.joules.map(a_frame),
        seen,
    })
}
