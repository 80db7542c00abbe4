//! Runs the whole pipeline of face8x for a long time with injected faults and judges whether it
//! survives them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use face8x_core::{Error, Result};
use face8x_soak::{Kind, Report, SoakOptions};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Run the whole pipeline for a long time with faults, and judge whether it survives them
#[derive(Parser)]
#[command(name = "face8x-soak")]
struct SoakArgs {
    /// Pictures to be shown
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    frames: u64,
    /// Which faults come when follows from this number
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// One fault in so many pictures, on average
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(2..))]
    every: u64,
    /// Only these kinds of faults: camera_lost, display_lost ...
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',')]
    only: Vec<Kind>,
    /// Where frames come from: the demo, or a recording (file:PATH), again and again
    #[arg(long, value_name = "URI", default_value = "demo:")]
    source: String,
    /// Size of the demo's frames
    #[arg(long, value_name = "WxH", default_value = "360x270")]
    size: String,
    /// Where pictures go
    #[arg(long, value_name = "SINK", default_value = "null")]
    sink: String,
    /// What finds faces
    #[arg(long, value_name = "DETECTOR", default_value = "auto")]
    detector: String,
    /// What restores faces
    #[arg(
        long,
        visible_alias = "engine",
        value_name = "NAME",
        default_value = "auto"
    )]
    restorer: String,
    /// An ONNX network in place of the embedded one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Write the report to this .json or .md file (may be given twice)
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let environment =
        env_logger::Env::default().default_filter_or("warn,face8x=info,face8x_soak=info");
    env_logger::Builder::from_env(environment).init();
    match soak(SoakArgs::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("face8x-soak: {error}");
            if let Some(remedy) = error.remedy_text() {
                eprintln!("  remedy: {remedy}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Soaks, prints the report and writes it to the files that were named; fails where the pipeline did.
fn soak(arguments: SoakArgs) -> Result<ExitCode> {
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
        detector: arguments.detector,
        restorer: arguments.restorer,
        model: arguments.model,
        ..SoakOptions::default()
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Error::other(format!("cannot listen to signals: {error}")))?;
    }
    let report = face8x_soak::run(&options, &stop, &mut |frames| {
        log::info!("{frames} of {} frames", options.frames);
    })?;
    print!("{}", report.to_markdown());
    for path in &arguments.report {
        let text = form(path)?(&report);
        std::fs::write(path, text).map_err(|e| {
            Error::other(format!("cannot write {}: {e}", path.display()))
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
