//! `face8x bench`: how fast this machine is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::bench::{
    self, Alone, END_TO_END, Engine, Job, Outcome, Plan, Report, Row, Rule, changes, changes_text,
    differences, table,
};
use crate::capture::mask_passwords;
use crate::files::{self, Durability};
use crate::{Error, Result, display};

use super::stop_on_signals;
use crate::cli::BenchArgs;

/// How often the start is measured, and with `--quick`.
const STARTS: (usize, usize) = (5, 1);

/// Measures, prints tables, writes the files that are named and compares with an older one.
pub fn bench(arguments: BenchArgs) -> Result<ExitCode> {
    if let Some(job) = &arguments.worker {
        return worker(job);
    }
    // A minute's work must not end at a file that cannot be written.
    for path in exports(&arguments) {
        files::check_writable(path).map_err(|error| files::cannot_write(path, error))?;
    }
    let old = arguments.compare.as_deref().map(Report::read).transpose()?;
    let outcome = match arguments.model_only {
        true => alone(&arguments)?,
        false => pipeline(&arguments)?,
    };
    let report = &outcome.report;
    let text = match arguments.model_only {
        true => alone_table(&report.results),
        false => table::text(&outcome),
    };
    print!("{text}");
    if let Some(old) = &old {
        println!();
        for difference in differences(old, report) {
            println!("compared with another thing: {difference}");
        }
        print!("{}", changes_text(&changes(old, report)));
    }
    if let Some(path) = &arguments.export_json {
        write(path, &report.to_json())?;
    }
    if let Some(path) = &arguments.export_csv {
        write(path, &bench::csv(report))?;
    }
    if let Some(path) = &arguments.export_markdown {
        write(path, &bench::markdown(report))?;
    }
    if let Some(path) = &arguments.histogram {
        display::save_png(path, &bench::draw(&titled(&outcome)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The measured process: it prints what it measured for the process that started it.
fn worker(job: &str) -> Result<ExitCode> {
    // Where that process is gone nobody waits for the answer.
    let signal = Some(rustix::process::Signal::TERM);
    if let Err(error) = rustix::process::set_parent_process_death_signal(signal) {
        log::debug!("the end of the parent will not be noticed: {error}");
    }
    let job: Job = serde_json::from_str(job)
        .map_err(|e| Error::usage(format!("--worker is for face8x bench itself: {e}")))?;
    let stop = stop_on_signals()?;
    let measured = bench::measure(&job, &stop)?;
    let text = serde_json::to_string(&measured)
        .map_err(|e| Error::other(format!("the measurement cannot be written: {e}")))?;
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

fn pipeline(arguments: &BenchArgs) -> Result<Outcome> {
    let mut rule = if arguments.quick {
        Rule::QUICK
    } else {
        Rule::FULL
    };
    if let Some(seconds) = arguments.seconds {
        rule.seconds = seconds as f64;
    }
    let engines = match arguments.engine.as_slice() {
        [] => &[Engine::Face8x],
        named => named,
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads(arguments);
    let (setup, models) = (&arguments.setup, &arguments.model);
    let (jobs, left_out) = Job::combinations(engines, models, &threads, processors, setup, rule);
    if !left_out.is_empty() {
        log::warn!("the processor runs {processors} threads at once: {left_out:?} are left out");
    }
    if jobs.is_empty() {
        return Err(Error::usage("nothing is left to be measured")
            .remedy(format!("--threads goes up to {processors} here")));
    }
    for job in &jobs {
        job.settings()?;
    }
    let program = std::env::current_exe()
        .map_err(|e| Error::other(format!("face8x does not find its own file: {e}")))?;
    let plan = Plan {
        jobs,
        starts: if arguments.quick { STARTS.1 } else { STARTS.0 },
        command: command(),
    };
    let stop = stop_on_signals()?;
    bench::run(&plan, &program, &stop, &mut |text| log::info!("{text}"))
}

fn alone(arguments: &BenchArgs) -> Result<Outcome> {
    let engines = match arguments.engine.as_slice() {
        [] => &[Engine::Face8x, Engine::TractInt8, Engine::TractF32],
        named => named,
    };
    let patience = Duration::from_secs(arguments.seconds.unwrap_or(5));
    let threads = threads(arguments);
    let report = bench::model_only(engines, &arguments.model, &threads, patience, &command())?;
    Ok(Outcome {
        report,
        latencies: Vec::new(),
    })
}

fn threads(arguments: &BenchArgs) -> Vec<usize> {
    arguments.threads.iter().map(|&n| n.into()).collect()
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

/// The files that are to be written.
fn exports(arguments: &BenchArgs) -> impl Iterator<Item = &PathBuf> {
    let exports = [
        &arguments.export_json,
        &arguments.export_csv,
        &arguments.export_markdown,
        &arguments.histogram,
    ];
    exports.into_iter().flatten()
}

fn write(path: &Path, text: &str) -> Result<()> {
    files::replace(path, Durability::Process, |file| {
        file.write_all(text.as_bytes())
    })
    .map_err(|error| files::cannot_write(path, error))
}

/// The cases by name, each with its latencies.
fn titled(outcome: &Outcome) -> Vec<(String, &[u64])> {
    let cases = outcome.report.cases.iter().zip(&outcome.latencies);
    let titled = cases.map(|(case, latencies)| {
        let mark = if case.complete { "" } else { ", incomplete" };
        let (engine, model, threads) = (&case.engine, &case.model, case.threads);
        let title = format!("{engine}, {model}, threads {threads}: {END_TO_END}{mark}");
        (title, latencies.as_slice())
    });
    titled.collect()
}

/// A row an engine; ratios are of the fastest runs, against tract's floats.
fn alone_table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<12} {:<18} {:>7} {:>11} {:>11} {:>10} {:>9} {:>6}\n",
        "engine", "model", "threads", "median ms", "min ms", "times f32", "GMAC/s", "runs"
    );
    for row in rows {
        let figures = &row.figures;
        let floats = rows
            .iter()
            .find(|r| r.engine == "tract-f32" && r.model == row.model);
        let ratio = floats.map_or(String::new(), |r| {
            format!("{:.2}", r.figures.min / figures.min)
        });
        let multiplications = |alone: &Alone| alone.multiplications;
        let rate = row
            .alone
            .as_ref()
            .and_then(multiplications)
            .map_or(String::new(), |count| {
                format!("{:.0}", count as f64 / figures.min / 1e9)
            });
        text += &format!(
            "{:<12} {:<18} {:>7} {:>11.3} {:>11.3} {:>10} {:>9} {:>6}\n",
            row.engine,
            row.model,
            row.threads,
            figures.median * 1e3,
            figures.min * 1e3,
            ratio,
            rate,
            figures.runs
        );
    }
    text
}
