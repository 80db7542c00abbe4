//! `face8x run`: camera to display.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use face8x::Result;
use face8x::config::{Options, Settings};
use face8x::pipeline::{Pipeline, Progress};
use face8x::service::Service;

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
    let mut settings = read_settings(arguments)?;
    let stop = stop_on_signals()?;
    let hangup = Arc::new(AtomicBool::new(false));
    flag_on_hangup(match arguments.config {
        Some(_) => &hangup,
        None => &stop,
    })?;
    let mut pipeline = Pipeline::new(&settings)?;
    loop {
        show(&mut pipeline, &settings, service, &stop, &hangup)?;
        match &arguments.config {
            Some(file)
                if hangup.swap(false, Ordering::Relaxed) && !stop.load(Ordering::Relaxed) =>
            {
                service.reloading();
                log::info!("reading {} again", file.display());
                let reloaded = read_settings(arguments);
                pipeline = reload(pipeline, &mut settings, reloaded, file, service)?;
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

/// Runs the pipeline until it is over or SIGHUP comes.
fn show(
    pipeline: &mut Pipeline,
    settings: &Settings,
    service: &mut Service,
    stop: &AtomicBool,
    hangup: &AtomicBool,
) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    let mut silent = false;
    pipeline.run(stop, &mut |progress| {
        let mut heard = true;
        match progress {
            Progress::Picture => service.picture(Instant::now()),
            Progress::Figures(summary) => {
                service.status(summary);
                if settings.json {
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

/// The pipeline of the settings that were read again. Where they are no good, or what they name
/// does not open, it is that of the old settings: a kiosk goes on.
///
/// # Errors
/// The old settings do not open any more.
fn reload(
    pipeline: Pipeline,
    settings: &mut Settings,
    reloaded: Result<Settings>,
    file: &Path,
    service: &mut Service,
) -> Result<Pipeline> {
    let refused = match reloaded {
        Ok(new) if new == *settings => {
            log::info!("{} says what it said before", file.display());
            service.reloaded(&Ok(()));
            return Ok(pipeline);
        }
        Ok(new) => {
            // Cameras and displays can be opened only once.
            drop(pipeline);
            match Pipeline::new(&new) {
                Ok(pipeline) => {
                    *settings = new;
                    service.reloaded(&Ok(()));
                    return Ok(pipeline);
                }
                Err(error) => (None, error),
            }
        }
        Err(error) => (Some(pipeline), error),
    };
    let (kept, error) = refused;
    log::error!("{error}; the old configuration is kept");
    if let Some(remedy) = error.remedy_text() {
        log::error!("  remedy: {remedy}");
    }
    service.reloaded(&Err(error));
    kept.map_or_else(|| Pipeline::new(settings), Ok)
}
