//! The thread that writes the lines.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::TrackLine;
use crate::{Result, files};

/// How long after a failure the file is opened again.
const RETRY: Duration = Duration::from_secs(1);

/// What the work thread sees of the writer, and the other way round.
#[derive(Default)]
pub(super) struct Counters {
    dropped: AtomicU64,
    reader_left: AtomicBool,
}

impl Counters {
    pub(super) fn drop_line(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn reader_left(&self) -> bool {
        self.reader_left.load(Ordering::Relaxed)
    }
}

/// A file that is opened again after a failure.
pub(super) struct TracksWriter {
    path: PathBuf,
    /// It is standard output, and not opened again where its reader has left.
    is_stdout: bool,
    file: Option<Box<dyn Write + Send>>,
    retry_at: Instant,
    /// A line was begun and not ended.
    torn: bool,
    /// The failure is logged.
    failing: bool,
    counters: Arc<Counters>,
}

impl TracksWriter {
    /// Opens the file at `path`; `-` is standard output.
    ///
    /// # Errors
    /// It cannot be opened, but not because it is a named pipe without a reader.
    pub(super) fn open(path: &Path, counters: Arc<Counters>) -> Result<TracksWriter> {
        let is_stdout = path == Path::new("-");
        let path = match is_stdout {
            true => Path::new("/dev/stdout"),
            false => path,
        };
        let file = match files::append(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == ErrorKind::NotConnected => None,
            Err(error) => return Err(files::cannot_write(path, error)),
        };
        Ok(TracksWriter {
            path: path.to_owned(),
            is_stdout,
            file,
            retry_at: Instant::now(),
            torn: false,
            failing: false,
            counters,
        })
    }

    /// Writes the lines until the last.
    pub(super) fn serve(mut self, lines: &Receiver<TrackLine>) {
        let mut text = Vec::new();
        for line in lines {
            text.clear();
            let written = line.write_to(&mut text).map_err(io::Error::from);
            match written.and_then(|()| self.write(&text)) {
                Ok(()) => self.failing = false,
                Err(error) => {
                    self.counters.drop_line();
                    self.failed(&error);
                }
            }
        }
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            if self.counters.reader_left() || Instant::now() < self.retry_at {
                return Err(ErrorKind::NotConnected.into());
            }
            self.retry_at = Instant::now() + RETRY;
            self.file = Some(files::append(&self.path)?);
        }
        let Some(file) = &mut self.file else {
            return Err(ErrorKind::NotConnected.into());
        };
        if self.torn {
            file.write_all(b"\n")?;
        }
        self.torn = true;
        file.write_all(text)?;
        self.torn = false;
        Ok(())
    }

    fn failed(&mut self, error: &io::Error) {
        let left = matches!(
            error.kind(),
            ErrorKind::BrokenPipe | ErrorKind::NotConnected
        );
        if left {
            // Another reader begins with a whole line.
            self.torn = false;
        }
        if self.is_stdout && left {
            self.counters.reader_left.store(true, Ordering::Relaxed);
        } else if !self.failing && left {
            log::info!("--tracks: no program reads from {}", self.path.display());
        } else if !self.failing {
            log::error!(
                "the lines of --tracks are lost: {}: {error}",
                self.path.display()
            );
        }
        self.failing = true;
        if self.file.take().is_some() {
            self.retry_at = Instant::now() + RETRY;
        }
    }
}
