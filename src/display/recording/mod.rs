//! Recordings: AVI or plain MJPEG files, cut into pieces, of which the oldest are deleted.
//!
//! Pictures are compressed and written on a thread of its own. The pipeline copies a picture and goes on:
//! a slow disk misses pictures, a full one stops the recording, and neither holds up the display.

mod avi;
mod names;
mod writer;

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use self::names::RecordingNames;
use self::writer::{Container, FileLimits, RecordingWriter};
use super::{Audience, Sink, SinkOptions};
use crate::picture::Picture;
use crate::thread::StoppableThread;
use crate::{Error, Result};

/// Pictures that wait for the disk at most.
const QUEUE: usize = 4;
/// How long the thread waits for a picture before it makes the file whole.
const IDLE: Duration = Duration::from_millis(250);
/// How long the end waits for the last pictures.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The rate where the source has none.
const DEFAULT_FPS: u32 = 30;
/// The time of a file where only the bytes of all of them are limited.
const DEFAULT_SEGMENT: Duration = Duration::from_secs(600);

/// A picture, and its number at the recording's rate.
type Numbered = (Picture, u64);

struct Recording {
    name: String,
    fps: u32,
    /// Whether every picture counts, because the source is played as fast as possible.
    is_unpaced: bool,
    size: Option<(u32, u32)>,
    begun: Option<Instant>,
    pictures: u64,
    missed: u64,
    /// Buffers that come back.
    spare: Receiver<Picture>,
    /// Dropped before the thread, which ends with it.
    queue: SyncSender<Numbered>,
    _thread: StoppableThread,
}

/// `avi:FILE`.
pub(super) fn open_avi(path: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    open(Container::Avi, "avi", path, options)
}

/// `mjpg:FILE`.
pub(super) fn open_mjpg(path: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    open(Container::Mjpg, "mjpg", path, options)
}

fn open(
    container: Container,
    extension: &'static str,
    path: &str,
    options: &SinkOptions,
) -> Result<Box<dyn Sink>> {
    let fps = if options.fps == 0 {
        DEFAULT_FPS
    } else {
        options.fps
    };
    let segment = options.segment.or(options.keep.map(|_| DEFAULT_SEGMENT));
    let names = RecordingNames::new(path, extension, segment.is_some())?;
    names.check()?;
    let limits = FileLimits {
        pictures: segment.map(|segment| (segment.as_secs_f64() * f64::from(fps)).ceil() as u64),
        keep: options.keep,
    };
    let mut writer = RecordingWriter::new(container, names, fps, limits);
    let (queue, pictures) = sync_channel::<Numbered>(QUEUE);
    let (back, spare) = sync_channel(QUEUE + 1);
    let thread = StoppableThread::spawn("recording", STOP_TIMEOUT, move |_| {
        loop {
            match pictures.recv_timeout(IDLE) {
                Ok((picture, number)) => {
                    writer.take(&picture, number);
                    // Full where the pipeline has buffers enough.
                    let _ = back.try_send(picture);
                }
                Err(RecvTimeoutError::Timeout) => writer.idle(),
                Err(RecvTimeoutError::Disconnected) => return writer.finish(),
            }
        }
    });
    let thread =
        thread.map_err(|error| Error::io("cannot start a thread for the recording", error))?;
    Ok(Box::new(Recording {
        name: format!("{extension}:{path}"),
        fps,
        is_unpaced: options.fps == 0,
        size: options.size,
        begun: None,
        pictures: 0,
        missed: 0,
        spare,
        queue,
        _thread: thread,
    }))
}

impl Recording {
    /// The number of a picture that is shown now.
    fn number(&mut self) -> u64 {
        let now = Instant::now();
        let begun = *self.begun.get_or_insert(now);
        match self.is_unpaced {
            true => self.pictures,
            false => ((now - begun).as_secs_f64() * f64::from(self.fps)).round() as u64,
        }
    }

    /// Counts a picture that the disk had no time for, and says so now and then.
    fn miss(&mut self) {
        self.missed += 1;
        if self.missed.is_power_of_two() {
            let missed = crate::words::counted(self.missed, "picture");
            log::warn!(
                "{}: the disk is too slow, {missed} left out so far",
                self.name
            );
        }
    }
}

impl Sink for Recording {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn audience(&self) -> Audience {
        Audience::Nobody
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        if picture.pixels.is_empty() {
            return Ok(());
        }
        // All pictures have the size of the first, where this is the only sink.
        self.size.get_or_insert((picture.width, picture.height));
        let number = self.number();
        let mut copy = self.spare.try_recv().unwrap_or_default();
        copy.copy_from(picture);
        let sent = match self.is_unpaced {
            true => self.queue.send((copy, number)).map_err(TrySendError::from),
            false => self.queue.try_send((copy, number)),
        };
        match sent {
            Ok(()) => self.pictures += 1,
            Err(TrySendError::Full(_)) => self.miss(),
            // The thread has panicked: it is opened again.
            Err(TrySendError::Disconnected(_)) => {
                return Err(Error::other("the recording's thread has ended"));
            }
        }
        Ok(())
    }

    /// A recording is frames.
    fn redraw(&mut self, _: &Picture) -> Result<()> {
        Ok(())
    }

    fn amend(&mut self, _: &Picture) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
