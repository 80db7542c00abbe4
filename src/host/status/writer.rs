//! The thread that writes the files, once a second.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use super::monitor::boot_id;
use super::{MetricsFormat, Monitor, render};
use crate::files::{self, Durability};
use crate::thread::StoppableThread;
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

/// Writes the files until it is dropped, then once more; a thread whose disk hangs is left behind.
pub(crate) struct StatusWriter {
    _thread: StoppableThread,
}

impl StatusWriter {
    /// Writes the files once and begins the thread.
    ///
    /// # Errors
    /// A file cannot be written: found at the start, not in the log of a kiosk. A pipe that no
    /// program reads from is no error.
    pub(crate) fn start(files: StatusFiles, monitor: Arc<Monitor>) -> Result<StatusWriter> {
        files.write(&monitor, true)?;
        let thread = StoppableThread::spawn("status", STOP_TIMEOUT, move |stop| {
            work(stop, &files, &monitor);
        })
        .map_err(|error| Error::io("cannot start the status thread", error))?;
        Ok(StatusWriter { _thread: thread })
    }
}

fn work(stop: &AtomicBool, files: &StatusFiles, monitor: &Monitor) {
    let mut failed = false;
    loop {
        let running = wait(stop);
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
}

/// Waits until the next writing; gives whether the program still runs.
fn wait(stop: &AtomicBool) -> bool {
    let end = Instant::now() + EVERY;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if stop.load(Ordering::Acquire) {
            return false;
        }
        if left.is_zero() {
            return true;
        }
        park_timeout(left);
    }
}
