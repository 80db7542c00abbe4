//! `face8x run`: camera to display.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::config::RunOptions;
use crate::host::cpu_list::CpuList;
use crate::host::service::Service;
use crate::host::status::{ProgramStart, RunIdentity, StatusReporter};
use crate::pipeline::{Pipeline, Progress};
use crate::{Error, Result};
use face8x_core::restore;

use super::console::Stdout;
use super::{flag_on_hangup, stop_on_signals};
use crate::cli::RunArgs;

/// Runs until the source ends, `--frames` are shown, somebody leaves or a signal comes. SIGHUP
/// reads the configuration file again; without one it ends the run as SIGTERM does.
pub(super) fn run(arguments: RunArgs) -> Result<ExitCode> {
    let mut service = Service::from_environment();
    let result = run_as(&mut service, &arguments);
    if let Err(error) = &result {
        service.failed(error);
    }
    result
}

fn run_as(service: &mut Service, arguments: &RunArgs) -> Result<ExitCode> {
    let options = arguments.options()?;
    if options.json && options.sinks.iter().any(|sink| sink == "-") {
        return Err(
            Error::usage("--json and --sink - both write to standard output")
                .remedy("write the pictures to a command: --sink pipe:COMMAND"),
        );
    }
    let stop = stop_on_signals()?;
    let hangup = Arc::new(AtomicBool::new(false));
    flag_on_hangup(match arguments.config {
        Some(_) => &hangup,
        None => &stop,
    })?;
    let program = ProgramStart::now();
    let mut running = Running::start(options, &program)?;
    loop {
        running.show(service, &stop, &hangup)?;
        match &arguments.config {
            Some(file)
                if hangup.swap(false, Ordering::Relaxed) && !stop.load(Ordering::Relaxed) =>
            {
                service.reloading();
                log::info!("reading {} again", file.display());
                running = running.reload(arguments.options(), &program, file, service)?;
            }
            _ => break,
        }
    }
    service.stopping();
    Ok(ExitCode::SUCCESS)
}

/// The pipeline of some options, and those who watch it from outside.
struct Running {
    options: RunOptions,
    pipeline: Pipeline,
    _reporting: Option<StatusReporter>,
}

impl Running {
    fn start(options: RunOptions, program: &ProgramStart) -> Result<Running> {
        // Before any thread is started.
        options.cpu_list.as_ref().map_or(Ok(()), CpuList::apply)?;
        let mut pipeline = Pipeline::new(&options)?;
        let restoration = &options.restoration;
        let identity = RunIdentity {
            restorer: pipeline.faces().restorer().to_owned(),
            model_sha256: restore::checksum(&restoration.restorer, restoration.model.as_deref())?,
            restarts: None,
        };
        let reporting = StatusReporter::start(&options.status_options(), identity, program)?;
        if let Some(reporting) = &reporting {
            pipeline.report_to(reporting.monitor());
        }
        Ok(Running {
            options,
            pipeline,
            _reporting: reporting,
        })
    }

    /// Runs until it is over or SIGHUP comes.
    fn show(
        &mut self,
        service: &mut Service,
        stop: &AtomicBool,
        hangup: &AtomicBool,
    ) -> Result<()> {
        let json = self.options.json;
        let mut lines = JsonLines::default();
        self.pipeline.run(stop, &mut |progress| {
            let mut keep_going = true;
            match progress {
                Progress::Picture => service.picture(Instant::now()),
                Progress::Figures(summary) => {
                    service.status(summary);
                    match json {
                        true => keep_going = lines.print(&summary.to_json()),
                        false => log::debug!("{}", summary.to_json()),
                    }
                }
            }
            keep_going && !hangup.load(Ordering::Relaxed)
        })
    }

    /// Takes over the options that were read again. Where they are no good, or what they name
    /// does not open, the old ones stay: a kiosk goes on.
    ///
    /// # Errors
    /// The old options do not open any more.
    fn reload(
        self,
        options: Result<RunOptions>,
        program: &ProgramStart,
        file: &Path,
        service: &mut Service,
    ) -> Result<Running> {
        let (kept, error) = match options {
            Ok(new) if new == self.options => {
                log::info!("{} says what it said before", file.display());
                service.reloaded(&Ok(()));
                return Ok(self);
            }
            Ok(new) => {
                // Cameras, displays and ports can be opened only once.
                let old = self.options.clone();
                drop(self);
                match Running::start(new, program) {
                    Ok(running) => {
                        service.reloaded(&Ok(()));
                        return Ok(running);
                    }
                    Err(error) => (Err(old), error),
                }
            }
            Err(error) => (Ok(self), error),
        };
        log::error!("{error}; the old configuration is kept");
        if let Some(remedy) = error.remedy_text() {
            log::error!("  remedy: {remedy}");
        }
        service.reloaded(&Err(error));
        kept.or_else(|old| Running::start(old, program))
    }
}

/// The lines of `--json`.
#[derive(Default)]
struct JsonLines {
    /// Standard output failed the last time.
    failing: bool,
}

impl JsonLines {
    /// Prints a line; whether to keep going: not when the reader of the lines has left. A full disk
    /// is no reason to show nothing; it is logged when it begins.
    fn print(&mut self, line: &str) -> bool {
        let mut stdout = Stdout::default();
        stdout.print(format_args!("{line}\n"));
        if stdout.reader_left() {
            return false;
        }
        let result = stdout.finish();
        if let (Err(error), false) = (&result, self.failing) {
            log::error!("the JSON lines are lost: {error}");
        }
        self.failing = result.is_err();
        true
    }
}
