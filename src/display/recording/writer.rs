//! What a recording's thread does: compress, write, begin the next file, delete the oldest.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::avi::{Avi, MAX_BYTES, NAME};
use super::names::RecordingNames;
use crate::display::jpeg;
use crate::picture::Picture;

/// After this time at the latest a file is whole.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// How long a disk that took nothing is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// A gap this long begins a new file.
const LONGEST_GAP: u64 = 60;

/// What the files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// JPEG pictures at a constant rate.
    Avi,
    /// JPEG pictures one after the other, without times.
    Mjpg,
}

/// How a recording is cut into files.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileLimits {
    /// The longest time of a file, in pictures of the rate.
    pub(super) pictures: Option<u64>,
    /// The bytes of all files together.
    pub(super) keep: Option<u64>,
}

/// Writes pictures to files, and goes on after a disk was full.
pub(super) struct RecordingWriter {
    container: Container,
    names: RecordingNames,
    fps: u32,
    limits: FileLimits,
    current: Option<Current>,
    retry_at: Option<Instant>,
    rgb: Vec<u8>,
    jpeg: Vec<u8>,
}

/// The file that is being written.
struct Current {
    path: PathBuf,
    size: (u32, u32),
    /// The number of its first picture.
    first: u64,
    synced: Instant,
    target: RecordingFile,
}

enum RecordingFile {
    Avi(Box<Avi>),
    /// The file and its bytes so far.
    Mjpg(File, u64),
}

impl RecordingWriter {
    pub(super) fn new(
        container: Container,
        names: RecordingNames,
        fps: u32,
        limits: FileLimits,
    ) -> RecordingWriter {
        RecordingWriter {
            container,
            names,
            fps,
            limits,
            current: None,
            retry_at: None,
            rgb: Vec::new(),
            jpeg: Vec::new(),
        }
    }

    /// Writes a picture, whose `number` says when it is shown. What fails is logged, and tried again
    /// later with a new file.
    pub(super) fn take(&mut self, picture: &Picture, number: u64) {
        let now = Instant::now();
        if self.retry_at.is_some_and(|retry_at| now < retry_at) {
            return;
        }
        if let Err(error) = jpeg::compress(picture, &mut self.rgb, &mut self.jpeg) {
            return log::debug!("{error}");
        }
        match self.write((picture.width, picture.height), number, now) {
            Ok(()) if self.retry_at.take().is_some() => log::info!("the recording goes on"),
            Ok(()) => {}
            Err(error) => self.failed(&error, now),
        }
    }

    /// Nothing came for a moment: the file is made whole where it is due.
    pub(super) fn idle(&mut self) {
        let now = Instant::now();
        if let Err(error) = self.sync(now, false) {
            self.failed(&error, now);
        }
    }

    /// Ends the file.
    pub(super) fn finish(&mut self) {
        let now = Instant::now();
        if let Err(error) = self.sync(now, true) {
            self.failed(&error, now);
        }
        self.current = None;
    }

    fn failed(&mut self, error: &io::Error, now: Instant) {
        let file = self.current.take().map(|current| {
            if current.is_empty() {
                // Nothing is lost, and the disk has room for what matters more.
                let _ = fs::remove_file(&current.path);
            }
            format!(" {}", current.path.display())
        });
        let file = file.unwrap_or_default();
        let first = self.retry_at.replace(now + RETRY_AFTER).is_none();
        let level = if first {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        log::log!(
            level,
            "the recording{file} has stopped: {error}; the picture goes on, and the disk is tried \
             again every {} s",
            RETRY_AFTER.as_secs()
        );
    }

    fn write(&mut self, size: (u32, u32), number: u64, now: Instant) -> io::Result<()> {
        if self
            .current
            .as_ref()
            .is_some_and(|current| self.ends(current, size, number))
        {
            self.sync(now, true)?;
            self.current = None;
        }
        if self.current.is_none() {
            self.open(size, number)?;
        }
        if let Some(current) = &mut self.current {
            current.add(&self.jpeg, number)?;
        }
        self.sync(now, false)
    }

    /// Whether the next picture belongs into another file.
    fn ends(&self, current: &Current, size: (u32, u32), number: u64) -> bool {
        let most = self
            .limits
            .keep
            .map_or(MAX_BYTES, |keep| MAX_BYTES.min(keep / 4));
        let (bytes, pictures, is_full) = match &current.target {
            RecordingFile::Avi(avi) => (avi.bytes(), current.first + avi.pictures(), avi.is_full()),
            RecordingFile::Mjpg(_, bytes) => (*bytes, number, false),
        };
        let age = number.saturating_sub(current.first);
        current.size != size
            || is_full
            || bytes >= most
            || self.limits.pictures.is_some_and(|limit| age >= limit)
            || number.saturating_sub(pictures) > LONGEST_GAP * u64::from(self.fps)
    }

    fn open(&mut self, size: (u32, u32), first: u64) -> io::Result<()> {
        let (path, file) = self.names.create()?;
        log::info!("recording {}", path.display());
        let target = match self.container {
            Container::Avi => match Avi::begin(file, size, self.fps) {
                Ok(avi) => RecordingFile::Avi(Box::new(avi)),
                Err(error) => {
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
            },
            Container::Mjpg => RecordingFile::Mjpg(file, 0),
        };
        self.current = Some(Current {
            path,
            size,
            first,
            synced: Instant::now(),
            target,
        });
        Ok(())
    }

    /// Makes the file whole, where that is due or it `ends`, and deletes the oldest.
    fn sync(&mut self, now: Instant, ends: bool) -> io::Result<()> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if !ends && now < current.synced + SYNC_INTERVAL {
            return Ok(());
        }
        current.synced = now;
        match &mut current.target {
            RecordingFile::Avi(avi) => avi.sync()?,
            RecordingFile::Mjpg(file, _) => file.sync_data()?,
        }
        match self.limits.keep {
            Some(keep) => self.names.delete_oldest(keep, &current.path),
            None => Ok(()),
        }
    }
}

impl Current {
    /// Whether it has no whole picture that a reader would find.
    fn is_empty(&self) -> bool {
        match &self.target {
            RecordingFile::Avi(avi) => avi.is_empty(),
            RecordingFile::Mjpg(_, bytes) => *bytes == 0,
        }
    }

    fn add(&mut self, jpeg: &[u8], number: u64) -> io::Result<()> {
        match &mut self.target {
            RecordingFile::Avi(avi) => {
                let place = number.saturating_sub(self.first);
                if place < avi.pictures() {
                    // Two pictures within one: the rate of the file is that of the camera.
                    return Ok(());
                }
                while avi.pictures() < place {
                    avi.add(&[])?;
                }
                avi.add(jpeg)
            }
            RecordingFile::Mjpg(file, bytes) => {
                let (start, rest) = jpeg.split_at_checked(2).ok_or(io::ErrorKind::InvalidData)?;
                file.write_all(start)?;
                if *bytes == 0 {
                    // A comment (COM) behind the start of the picture.
                    file.write_all(&[0xff, 0xfe, 0, 2 + NAME.len() as u8])?;
                    file.write_all(NAME)?;
                }
                file.write_all(rest)?;
                *bytes += jpeg.len() as u64;
                Ok(())
            }
        }
    }
}
