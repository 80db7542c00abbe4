//! Runs the whole pipeline of face8x at full speed for a long time with injected faults, and checks
//! that it recovers from each of them.
//!
//! The source, the detector and the sink are real ones, wrapped so that one of them fails now and
//! then ([`faults::FaultKind`]); everything else is what runs on a board. Which fault comes next follows from
//! the seed. There is one fault at a time, and the next comes some frames after the recovery.
//!
//! Nothing here repairs anything: a camera that is gone, a hung search and a display that refuses
//! are noticed and handled by `face8x::capture`, `face8x::pipeline` and the detector's thread, as on
//! a board. Only the timeout of a silent camera is shorter.

mod faults;
mod injector;
mod jpeg;
mod parts;
mod recorder;
mod report;
mod soak;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use face8x_core::{Error, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

use report::SoakReport;
use soak::SoakOptions;

/// Run the whole pipeline for a long time with injected faults, and check that it recovers from each
#[derive(Parser)]
#[command(name = "face8x-soak", version)]
struct SoakCli {
    #[command(flatten)]
    options: SoakOptions,
    /// Write the report to this .json or .md file (may be given twice)
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let filter = env_logger::Env::default().default_filter_or("warn,face8x=info,face8x_soak=info");
    env_logger::Builder::from_env(filter).init();
    match run(&SoakCli::parse()) {
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

/// Soaks, prints the report and writes it to the named files; the exit code is 1 where a check failed.
fn run(cli: &SoakCli) -> Result<ExitCode> {
    // Hours of work must not end at a file that cannot be written.
    let files: Vec<ReportFile> = cli
        .report
        .iter()
        .map(|path| ReportFile::create(path))
        .collect::<Result<_>>()?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Error::io("cannot install a signal handler", error))?;
    }
    let report = soak::run(&cli.options, &stop, &mut |frames| {
        log::info!("{frames} of {} pictures", cli.options.frames);
    })?;
    for file in files {
        file.write(&report)?;
    }
    print(&report.to_markdown())?;
    Ok(match report.passed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Prints the report. Whoever closed the pipe that it goes to has read enough.
fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("cannot write to standard output", error)
                .remedy("free space on the disk that standard output is redirected to"))
        }
        _ => Ok(()),
    }
}

/// A file for the report, created before the soak starts.
struct ReportFile<'a> {
    path: &'a Path,
    file: File,
    format: fn(&SoakReport) -> Result<String>,
}

impl ReportFile<'_> {
    fn create(path: &Path) -> Result<ReportFile<'_>> {
        let format: fn(&SoakReport) -> Result<String> = match path.extension() {
            Some(extension) if extension == "json" => SoakReport::to_json,
            Some(extension) if extension == "md" => |report| Ok(report.to_markdown()),
            _ => {
                let message = format!("unknown report format '{}'", path.display());
                return Err(Error::usage(message).remedy("name a .json or .md file"));
            }
        };
        let file = File::create(path).map_err(|error| cannot_write(path, error))?;
        Ok(ReportFile { path, file, format })
    }

    fn write(mut self, report: &SoakReport) -> Result<()> {
        let text = (self.format)(report)?;
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| cannot_write(self.path, error))
    }
}

fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    Error::io(format!("cannot write '{}'", path.display()), error)
        .remedy("name a file in a folder that exists and may be written to")
}
