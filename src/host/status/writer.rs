//! The thread that writes the files, once a second.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::monitor::boot_id;
use super::{MetricsFormat, Monitor, render};
use crate::files::{self, Durability};
use crate::{Error, Result};
use face8x_core::files::read_text;

const EVERY: Duration = Duration::from_secs(1);
/// How long the end of the program waits for a disk.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);
/// A status file has some 2 kB.
const MAX_MB: u64 = 1;

/// The files that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusFiles {
    /// JSON for other programs.
    pub status: Option<PathBuf>,
    /// The text form for node_exporter's textfile collector.
    pub metrics: Option<PathBuf>,
}

impl StatusFiles {
    /// How often the program was started before since the machine booted: what the status file of
    /// the run before holds, and one more. `None` without a status file or where the kernel has no
    /// name for the boot.
    pub fn restarts(&self) -> Option<u64> {
        let (path, boot) = (self.status.as_ref()?, boot_id()?);
        // No file, or a pipe or device that would be waited for: nothing is remembered.
        let text = read_text(path, MAX_MB).unwrap_or_default();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        Some(match file["boot_id"] == boot.as_str() {
            true => 1 + file["restarts"]["program"].as_u64().unwrap_or(0),
            false => 0,
        })
    }

    fn write(&self, monitor: &Monitor, running: bool) -> Result<()> {
        let status = monitor.status();
        let json = self.status.as_ref();
        let metrics = self.metrics.as_ref().filter(|_| running);
        let written = json.map_or(Ok(()), |path| replace(path, &status.to_json(running)?));
        let text = metrics.map_or(Ok(()), |path| {
            replace(path, &render(&status, MetricsFormat::Text))
        });
        written.and(text)
    }

    /// node_exporter gives what lies there for ever, so it goes with the program; a device stays.
    fn remove_metrics(&self) {
        if let Some(path) = &self.metrics
            && fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
            && let Err(error) = fs::remove_file(path)
        {
            log::debug!("{}: {error}", path.display());
        }
    }
}

/// Writes `text` to `path`; a pipe that no program reads from gets nothing until one does.
fn replace(path: &Path, text: &str) -> Result<()> {
    let written = files::replace(path, Durability::Process, |file| {
        file.write_all(text.as_bytes())
    });
    match written {
        Err(error) if error.kind() == ErrorKind::NotConnected => {
            log::trace!("{}: {error}", path.display());
            Ok(())
        }
        written => written.map_err(|error| files::cannot_write(path, error)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Stopping,
    Stopped,
}

/// Writes the files until it is dropped, then once more.
pub(crate) struct StatusWriter {
    shared: Arc<(Mutex<State>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl StatusWriter {
    /// Writes the files once and begins the thread.
    ///
    /// # Errors
    /// A file cannot be written: found at the start, not in the log of a kiosk. A pipe that no
    /// program reads from is no error.
    pub(crate) fn start(files: StatusFiles, monitor: Arc<Monitor>) -> Result<StatusWriter> {
        files.write(&monitor, true)?;
        let shared = Arc::new((Mutex::new(State::Running), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("status".into())
            .spawn(move || work(&theirs, &files, &monitor))
            .map_err(|error| Error::io("cannot start the status thread", error))?;
        Ok(StatusWriter {
            shared,
            thread: Some(thread),
        })
    }
}

fn work(shared: &(Mutex<State>, Condvar), files: &StatusFiles, monitor: &Monitor) {
    let (state, changed) = shared;
    let mut failed = false;
    loop {
        let guard = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, _) = changed
            .wait_timeout_while(guard, EVERY, |state| *state == State::Running)
            .unwrap_or_else(PoisonError::into_inner);
        let running = *guard == State::Running;
        drop(guard);
        let written = files.write(monitor, running);
        match &written {
            // A full disk is reported once, not every second.
            Err(error) if !failed => log::warn!("{error}; trying again every second"),
            Ok(()) if failed => log::info!("the status is written again"),
            _ => {}
        }
        failed = written.is_err();
        if !running {
            break;
        }
    }
    files.remove_metrics();
    *state.lock().unwrap_or_else(PoisonError::into_inner) = State::Stopped;
    changed.notify_all();
}

impl Drop for StatusWriter {
    /// Ends the thread; one whose disk hangs is left behind after half a second.
    fn drop(&mut self) {
        let (state, changed) = &*self.shared;
        let mut guard = state.lock().unwrap_or_else(PoisonError::into_inner);
        if *guard == State::Running {
            *guard = State::Stopping;
        }
        changed.notify_all();
        let (guard, _) = changed
            .wait_timeout_while(guard, STOP_TIMEOUT, |state| *state != State::Stopped)
            .unwrap_or_else(PoisonError::into_inner);
        let stopped = *guard == State::Stopped;
        drop(guard);
        match self.thread.take() {
            Some(thread) if stopped => drop(thread.join()),
            _ => log::warn!("the disk hangs: the last status is not written"),
        }
    }
}
