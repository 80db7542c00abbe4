//! The thread that writes the files, once a second.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::monitor::boot_id;
use super::{Form, Monitor, render};
use crate::{Error, Result};

const EVERY: Duration = Duration::from_secs(1);
/// How long the end of the program waits for a disk.
const PATIENCE: Duration = Duration::from_millis(500);

/// The files that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    /// JSON for other programs.
    pub status: Option<PathBuf>,
    /// The text form for node_exporter's textfile collector.
    pub metrics: Option<PathBuf>,
}

impl Files {
    /// How often the program was started before since the machine booted: what the status file of
    /// the run before says, and one more. `None` without a status file or where the kernel has no
    /// name for the boot.
    pub fn restarts(&self) -> Option<u64> {
        let (path, boot) = (self.status.as_ref()?, boot_id()?);
        let text = fs::read_to_string(path).unwrap_or_default();
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
        let written = json.map_or(Ok(()), |path| replace(path, &status.to_json(running)));
        let text = metrics.map_or(Ok(()), |path| replace(path, &render(&status, Form::Text)));
        written.and(text)
    }

    /// node_exporter gives what lies there for ever, so it goes with the program.
    fn remove_metrics(&self) {
        if let Some(path) = &self.metrics
            && let Err(error) = fs::remove_file(path)
        {
            log::debug!("{}: {error}", path.display());
        }
    }
}

/// Writes `text` beside `path` and renames it: who reads sees the old file or the new one.
fn replace(path: &Path, text: &str) -> Result<()> {
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(path.file_name().unwrap_or(path.as_os_str()));
    hidden.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(hidden);
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| {
            fs::remove_file(&temporary).ok();
            Error::other(format!("cannot write {}: {error}", path.display()))
                .remedy("name a file in a folder that exists and may be written to")
        })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Working,
    Stopping,
    Done,
}

/// Writes the files until it is dropped, then once more.
pub struct Writer {
    shared: Arc<(Mutex<Stage>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Writes the files once and begins the thread.
    ///
    /// # Errors
    /// A file cannot be written: told at the start, not in the log of a kiosk.
    pub fn start(files: Files, monitor: Arc<Monitor>) -> Result<Writer> {
        files.write(&monitor, true)?;
        let shared = Arc::new((Mutex::new(Stage::Working), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("status".into())
            .spawn(move || work(&theirs, &files, &monitor))
            .map_err(|e| Error::other(format!("cannot start the status thread: {e}")))?;
        Ok(Writer {
            shared,
            thread: Some(thread),
        })
    }
}

fn work(shared: &(Mutex<Stage>, Condvar), files: &Files, monitor: &Monitor) {
    let (stage, changed) = shared;
    let mut failed = false;
    loop {
        let guard = stage.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, _) = changed
            .wait_timeout_while(guard, EVERY, |stage| *stage == Stage::Working)
            .unwrap_or_else(PoisonError::into_inner);
        let running = *guard == Stage::Working;
        drop(guard);
        let written = files.write(monitor, running);
        match &written {
            // A full disk is told once, not every second.
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
    *stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Done;
    changed.notify_all();
}

impl Drop for Writer {
    /// Ends the thread; one whose disk hangs is left behind after half a second.
    fn drop(&mut self) {
        let (stage, changed) = &*self.shared;
        let mut guard = stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *guard == Stage::Working {
            *guard = Stage::Stopping;
        }
        changed.notify_all();
        let (guard, _) = changed
            .wait_timeout_while(guard, PATIENCE, |stage| *stage != Stage::Done)
            .unwrap_or_else(PoisonError::into_inner);
        let done = *guard == Stage::Done;
        drop(guard);
        match self.thread.take() {
            Some(thread) if done => drop(thread.join()),
            _ => log::warn!("the disk hangs: the last status is not written"),
        }
    }
}
