//! A whole benchmark: one job after the other, each in a process of its own.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::job::{Job, Rule};
use super::machine::{Machine, Sampler};
use super::outcome::Outcome;
use super::process::{self, FinishedJob};
use super::report::{BenchCase, BenchReport, StageResult};
use super::series::Series;
use super::time_stats::TimeStats;
use super::worker::{END_TO_END, Measured};
use crate::host::board;
use face8x_core::{Result, restore};

/// The stage of the start.
const COLD_START: &str = "cold-start";

/// A benchmark of several jobs.
pub(crate) struct Scheduler<'a> {
    pub(crate) jobs: &'a [Job],
    /// How often the start is measured.
    pub(crate) starts: usize,
    /// The command line, for the report.
    pub(crate) command: &'a str,
    /// The file of this program, which is run for each job.
    pub(crate) program: &'a Path,
    /// Ends the benchmark early when it is set.
    pub(crate) stop: &'a AtomicBool,
}

impl Scheduler<'_> {
    /// Measures every job. A job that fails does not stop the others, and its reason is a warning of
    /// the report. `measured` gets the report after each job.
    ///
    /// # Errors
    /// Every job failed.
    pub(crate) fn run(&self, measured: &mut dyn FnMut(&BenchReport)) -> Result<Outcome> {
        let root = Path::new("/");
        let mut sampler = Sampler::new(root);
        let mut machine = Machine::read(root);
        machine.power_rails = sampler.rails();
        let full =
            |job: &Job| job.rule.runs >= Rule::FULL.runs && job.rule.seconds >= Rule::FULL.seconds;
        let quick = !self.jobs.iter().all(full);
        let mut outcome = Outcome::new(BenchReport::new(machine, self.command, quick));
        for (index, job) in self.jobs.iter().enumerate() {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let (number, count) = (index + 1, self.jobs.len());
            let (runs, seconds) = (job.rule.runs, job.rule.seconds);
            let name = job.name();
            log::info!("{number} of {count}: {name}: at least {runs} frames and {seconds} s");
            match self.measure(job, &mut sampler) {
                Ok((case, results)) => {
                    outcome.report.cases.push(case);
                    outcome.report.results.extend(results);
                }
                Err(error) => outcome.fail(name, error),
            }
            let report = &mut outcome.report;
            report.machine.temperature_after = board::temperature_in(root);
            report.complete =
                report.cases.len() == count && report.cases.iter().all(|case| case.complete);
            outcome.check();
            measured(&outcome.report);
        }
        outcome.finish()
    }

    fn measure(&self, job: &Job, sampler: &mut Sampler) -> Result<(BenchCase, Vec<StageResult>)> {
        // The file may be gone by the end.
        let checksum = restore::checksum(job.engine.restorer(), job.model.0.as_deref())?;
        let finished = process::run(job, self.program, sampler, self.stop)?;
        let starts = self.starts(job, &finished);
        let results = results(job, &finished.measured, &starts);
        let case = case(job, finished.measured, checksum, sampler);
        Ok((case, results))
    }

    /// Times from the start of a process to its first restored face, in nanoseconds: that of the
    /// measured process, then of others that do no more.
    fn starts(&self, job: &Job, measured: &FinishedJob) -> Vec<u64> {
        let mut times: Vec<u64> = measured.start().into_iter().collect();
        let job = Job {
            rule: Rule::START,
            ..job.clone()
        };
        // What the machine does meanwhile does not matter.
        let mut sampler = Sampler::new(Path::new("/nonexistent"));
        while times.len() < self.starts && !times.is_empty() && !self.stop.load(Ordering::Relaxed) {
            match process::run(&job, self.program, &mut sampler, self.stop) {
                Ok(finished) => match finished.start() {
                    Some(time) => times.push(time),
                    None => break,
                },
                Err(error) => {
                    log::warn!(
                        "{}: {error}; {} starts were measured",
                        job.name(),
                        times.len()
                    );
                    break;
                }
            }
        }
        times
    }
}

fn results(job: &Job, measured: &Measured, starts: &[u64]) -> Vec<StageResult> {
    fn named(series: &Series) -> (&str, &[u64]) {
        (&series.stage, &series.times)
    }
    let result = |(stage, times): (&str, &[u64])| {
        Some(StageResult {
            engine: job.engine.name().to_owned(),
            model: job.model_name(),
            threads: job.threads,
            stage: stage.to_owned(),
            times: TimeStats::new(times)?,
            network: None,
        })
    };
    let stages = measured.series.iter().map(named);
    stages
        .chain([(COLD_START, starts)])
        .chain(measured.searches.iter().map(named))
        .filter_map(result)
        .collect()
}

fn case(
    job: &Job,
    mut measured: Measured,
    model_sha256: Option<String>,
    sampler: &mut Sampler,
) -> BenchCase {
    let seconds = measured.ended - measured.began;
    let activity = sampler.activity(measured.began, measured.ended, measured.cpu);
    let end_to_end = measured.series.pop_if(|series| series.stage == END_TO_END);
    let latencies = end_to_end.map_or(Vec::new(), |series| series.times);
    let all = latencies.len() as f64 + measured.faceless as f64;
    let per_frame = |sum: f64| if all > 0.0 { sum / all } else { 0.0 };
    BenchCase {
        engine: job.engine.name().to_owned(),
        model: job.model_name(),
        model_sha256,
        threads: job.threads,
        restorer: measured.restorer,
        source: measured.source,
        detector: measured.detector,
        sink: measured.sink,
        view: measured.view,
        frames: latencies.len(),
        faceless: measured.faceless,
        skipped: measured.skipped,
        corrupt: measured.corrupt,
        lost: measured.lost,
        seconds,
        fps: if seconds > 0.0 { all / seconds } else { 0.0 },
        complete: measured.complete,
        peak_memory: measured.peak_memory,
        cpu_per_frame: per_frame(measured.cpu),
        joules_per_frame: activity.joules.map(per_frame),
        activity,
        latencies,
    }
}
