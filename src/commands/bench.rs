//! `face8x bench`: how fast this machine is.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::console::{self, Stdout};
use super::stop_on_signals;
use crate::bench::{
    self, BenchEngine, BenchReport, CsvExporter, Exports, HistogramExporter, Job, JsonExporter,
    MarkdownExporter, Outcome, Rule, Scheduler,
};
use crate::capture::mask_passwords;
use crate::cli::BenchArgs;
use crate::words::counted;
use face8x_core::{Error, Result};

/// How often the start is measured, and with `--quick`.
const STARTS: (usize, usize) = (5, 1);

/// Measures, prints tables, writes the named files and compares with an older report, or compares two
/// without measuring. The exit code is 1 where something could not be measured.
pub(crate) fn bench(arguments: BenchArgs) -> Result<ExitCode> {
    if let Some(job) = &arguments.worker {
        return worker(job);
    }
    let mut exports = Exports::default();
    exports.add(arguments.export_json.as_ref(), JsonExporter)?;
    exports.add(arguments.export_csv.as_ref(), CsvExporter)?;
    exports.add(arguments.export_markdown.as_ref(), MarkdownExporter)?;
    exports.add(arguments.histogram.as_ref(), HistogramExporter)?;
    let to_send = arguments.send.then(bench::result_file);
    exports.add(to_send.as_ref(), JsonExporter)?;
    let read = |path: &PathBuf| BenchReport::read(path);
    let files: Vec<BenchReport> = arguments.compare.iter().map(read).collect::<Result<_>>()?;
    let (old, outcome) = match <[_; 2]>::try_from(files) {
        Ok([old, new]) => (Some(old), Outcome::new(new)),
        Err(files) => (files.into_iter().next(), measured(&arguments, &exports)?),
    };
    let report = &outcome.report;
    let mut stdout = Stdout::default();
    if !exports.takes_stdout() {
        if arguments.compare.len() < 2 {
            stdout.print(match arguments.model_only {
                true => bench::model_table(report),
                false => bench::text(report),
            });
            stdout.print(if old.is_some() { "\n" } else { "" });
        }
        if let Some(old) = &old {
            stdout.print(bench::comparison(old, report));
        }
    }
    exports.write(report)?;
    if let Some(path) = &to_send
        && !exports.takes_stdout()
    {
        stdout.print(bench::how_to_send(path, report));
    }
    stdout.finish()?;
    Ok(match outcome.has_failed() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn measured(arguments: &BenchArgs, exports: &Exports) -> Result<Outcome> {
    match arguments.model_only {
        true => model_only(arguments),
        false => pipeline(arguments, exports),
    }
}

/// The measured process: it prints what it measured for the process that started it.
fn worker(job: &str) -> Result<ExitCode> {
    // Without that process nothing reads the result.
    let signal = Some(rustix::process::Signal::TERM);
    if let Err(error) = rustix::process::set_parent_process_death_signal(signal) {
        log::debug!("the end of the parent will not be noticed: {error}");
    }
    let job: Job = serde_json::from_str(job)
        .map_err(|error| Error::usage(format!("--worker is for face8x bench itself: {error}")))?;
    let stop = stop_on_signals()?;
    let measured = bench::measure(&job, &stop)?;
    let text = serde_json::to_string(&measured)
        .map_err(|error| Error::other("cannot encode the measurement").caused_by(error))?;
    console::print(text + "\n")?;
    Ok(ExitCode::SUCCESS)
}

fn pipeline(arguments: &BenchArgs, exports: &Exports) -> Result<Outcome> {
    let jobs = jobs(arguments)?;
    let program = std::env::current_exe()
        .map_err(|error| Error::io("cannot find the file of this program", error))?;
    let stop = stop_on_signals()?;
    let stop: &AtomicBool = &stop;
    let scheduler = Scheduler {
        jobs: &jobs,
        starts: if arguments.quick { STARTS.1 } else { STARTS.0 },
        command: &command(),
        program: &program,
        stop,
    };
    scheduler.run(&mut |report| exports.save(report))
}

fn jobs(arguments: &BenchArgs) -> Result<Vec<Job>> {
    let mut rule = match arguments.quick {
        true => Rule::QUICK,
        false => Rule::FULL,
    };
    if let Some(seconds) = arguments.seconds {
        rule.seconds = seconds as f64;
    }
    let engines = match arguments.engine.as_slice() {
        [] => &[BenchEngine::Face8x],
        named => named,
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = match arguments.threads.is_empty() && arguments.send {
        // One entry where the processor runs but one.
        true => Vec::from_iter(BTreeSet::from([1, processors])),
        false => threads(arguments),
    };
    let (setup, models) = (&arguments.setup, &arguments.model);
    let (jobs, left_out) = Job::combinations(engines, models, &threads, processors, setup, rule);
    for threads in left_out {
        let threads = counted(threads, "thread");
        log::warn!("left out {threads}: the processor runs {processors} at once");
    }
    if jobs.is_empty() {
        return Err(Error::usage("nothing is left to measure")
            .remedy(format!("--threads goes up to {processors} here")));
    }
    for job in &jobs {
        job.settings()?;
    }
    Ok(jobs)
}

fn model_only(arguments: &BenchArgs) -> Result<Outcome> {
    let engines = match arguments.engine.as_slice() {
        [] => &[
            BenchEngine::Face8x,
            BenchEngine::TractInt8,
            BenchEngine::TractF32,
        ],
        named => named,
    };
    let time = Duration::from_secs(arguments.seconds.unwrap_or(5));
    let threads = threads(arguments);
    bench::measure_models(engines, &arguments.model, &threads, time, &command())
}

fn threads(arguments: &BenchArgs) -> Vec<usize> {
    match arguments.threads.as_slice() {
        [] => vec![1],
        named => named.iter().map(|&n| n.into()).collect(),
    }
}

/// The command line as it could be typed again, without passwords: reports are passed on.
fn command() -> String {
    let quoted = |word: String| match word.contains([' ', '\'', '"', '$', '*', ';', '&', '|']) {
        true => format!("'{}'", word.replace('\'', "'\\''")),
        false => word,
    };
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| quoted(word.to_string_lossy().into_owned()));
    let words: Vec<String> = std::iter::once("face8x".to_owned()).chain(words).collect();
    mask_passwords(&words.join(" "))
}
