//! `face8x run`: camera to display.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::Result;
use crate::config::{Options, Settings};
use crate::host::service::Service;
use crate::host::status::{RunIdentity, StatusReporter};
use crate::pipeline::{Pipeline, Progress};
use face8x_core::restore;

use super::{flag_on_hangup, stop_on_signals};
use crate::cli::RunArgs;

/// Runs until the source ends, `--frames` are shown, somebody leaves or a signal comes. SIGHUP
/// reads the configuration file again; without one it ends the run as SIGTERM does.
pub fn run(arguments: RunArgs) -> Result<ExitCode> {
    let mut service = Service::from_environment();
    let result = run_as(&mut service, &arguments);
    if let Err(error) = &result {
        service.failed(error);
    }
    result
}

fn run_as(service: &mut Service, arguments: &RunArgs) -> Result<ExitCode> {
    let settings = read_settings(arguments)?;
    let stop = stop_on_signals()?;
    let hangup = Arc::new(AtomicBool::new(false));
    flag_on_hangup(match arguments.config {
        Some(_) => &hangup,
        None => &stop,
    })?;
    let mut running = Running::start(settings)?;
    loop {
        running.show(service, &stop, &hangup)?;
        match &arguments.config {
            Some(file)
                if hangup.swap(false, Ordering::Relaxed) && !stop.load(Ordering::Relaxed) =>
            {
                service.reloading();
                log::info!("reading {} again", file.display());
                running = running.reload(read_settings(arguments), file, service)?;
            }
            _ => break,
        }
    }
    service.stopping();
    Ok(ExitCode::SUCCESS)
}

fn read_settings(arguments: &RunArgs) -> Result<Settings> {
    let options = match &arguments.config {
        Some(path) => arguments.options.clone().or(Options::from_file(path)?),
        None => arguments.options.clone(),
    };
    options.resolve()
}

/// The pipeline of some settings, and those who watch it from outside.
struct Running {
    settings: Settings,
    pipeline: Pipeline,
    _reporting: Option<StatusReporter>,
}

impl Running {
    fn start(settings: Settings) -> Result<Running> {
        let mut pipeline = Pipeline::new(&settings)?;
        let identity = RunIdentity {
            restorer: pipeline.faces().restorer().to_owned(),
            model_sha256: restore::checksum(&settings.restorer, settings.model.as_deref())?,
            restarts: None,
        };
        let reporting = StatusReporter::start(&settings.status, identity)?;
        if let Some(reporting) = &reporting {
            pipeline.report_to(reporting.monitor());
        }
        Ok(Running {
            settings,
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
        let json = self.settings.json;
        let mut stdout = std::io::stdout().lock();
        let mut silent = false;
        self.pipeline.run(stop, &mut |progress| {
            let mut heard = true;
            match progress {
                Progress::Picture => service.picture(Instant::now()),
                Progress::Figures(summary) => {
                    service.status(summary);
                    if json {
                        let written = writeln!(stdout, "{}", summary.to_json());
                        heard = is_heard(written.and_then(|()| stdout.flush()), &mut silent);
                    } else {
                        log::debug!("{}", summary.to_json());
                    }
                }
            }
            heard && !hangup.load(Ordering::Relaxed)
        })
    }

    /// Takes over the settings that were read again. Where they are no good, or what they name
    /// does not open, the old ones stay: a kiosk goes on.
    ///
    /// # Errors
    /// The old settings do not open any more.
    fn reload(
        self,
        settings: Result<Settings>,
        file: &Path,
        service: &mut Service,
    ) -> Result<Running> {
        let (kept, error) = match settings {
            Ok(new) if new == self.settings => {
                log::info!("{} says what it said before", file.display());
                service.reloaded(&Ok(()));
                return Ok(self);
            }
            Ok(new) => {
                // Cameras, displays and ports can be opened only once.
                let old = self.settings.clone();
                drop(self);
                match Running::start(new) {
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
        kept.or_else(Running::start)
    }
}

/// Whether to go on after a line was written so. Whoever read the lines may have left: so do we.
/// A full disk is no reason to show nothing; it is told when it begins.
fn is_heard(written: std::io::Result<()>, silent: &mut bool) -> bool {
    match written {
        Ok(()) => *silent = false,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return false,
        Err(_) if *silent => {}
        Err(error) => {
            log::error!("the JSON lines are lost: standard output: {error}");
            *silent = true;
        }
    }
    true
}
