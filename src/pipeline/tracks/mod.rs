//! `--tracks`: where the faces are in every frame, as JSON lines for other programs.
//!
//! The work thread puts what it has found into a bounded queue and goes on; a thread of its own
//! writes the lines. Where the reader is too slow, or the disk is full, lines are dropped and counted.

#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use serde::Serialize;

use crate::records::FaceRecord;
use crate::thread::StoppableThread;
use crate::words::counted;
use crate::{Error, Result};
use face8x_core::face::Face;
use face8x_core::frame::Frame;
use face8x_core::track::MAX_FACES;
use writer::{Counters, TracksWriter};

/// Lines that wait to be written: four seconds of a camera.
const QUEUE: usize = 120;
/// How long the end of the program waits for lines that are not written yet.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The faces of one frame. It is copied into the queue, so that nothing is allocated.
#[derive(Clone, Copy)]
struct TrackLine {
    frame: u64,
    time: Duration,
    size: (u32, u32),
    faces: [Face; MAX_FACES],
    count: usize,
}

impl TrackLine {
    fn new(frame: &Frame, found: &[Face]) -> TrackLine {
        let mut faces = [Face::default(); MAX_FACES];
        let count = found.len().min(MAX_FACES);
        faces[..count].copy_from_slice(&found[..count]);
        TrackLine {
            frame: frame.sequence,
            time: frame.timestamp,
            size: (frame.width, frame.height),
            faces,
            count,
        }
    }

    fn write_to(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        let faces = self.faces[..self.count].iter();
        let record = TrackRecord {
            frame: self.frame,
            time: self.time.as_secs_f64(),
            width: self.size.0,
            height: self.size.1,
            faces: faces.filter_map(TrackedFace::new).collect(),
        };
        serde_json::to_writer(&mut *text, &record)?;
        text.push(b'\n');
        Ok(())
    }
}

/// A line as it is written.
#[derive(Serialize)]
struct TrackRecord {
    /// The camera's number of the frame: it leaves out those that were skipped.
    frame: u64,
    /// When the frame was taken, in seconds of the monotonic clock.
    time: f64,
    width: u32,
    height: u32,
    faces: Vec<TrackedFace>,
}

#[derive(Serialize)]
struct TrackedFace {
    id: u64,
    #[serde(flatten)]
    face: FaceRecord,
}

impl TrackedFace {
    fn new(face: &Face) -> Option<TrackedFace> {
        let to_canonical = face.detection.to_canonical()?;
        Some(TrackedFace {
            id: face.id,
            face: FaceRecord::new(&face.detection, &to_canonical),
        })
    }
}

/// Writes the lines of a run. Dropping it writes those that wait, and logs how many were dropped.
pub(super) struct Tracks {
    /// Taken by the drop, so that the thread finds its end.
    queue: Option<SyncSender<TrackLine>>,
    thread: Option<StoppableThread>,
    counters: Arc<Counters>,
}

impl Tracks {
    /// Appends to the file at `path`; `-` is standard output.
    ///
    /// # Errors
    /// The file cannot be opened. (A named pipe that no program reads from is tried again.)
    pub(super) fn start(path: &Path) -> Result<Tracks> {
        let (queue, lines) = sync_channel(QUEUE);
        let counters = Arc::new(Counters::default());
        let writer = TracksWriter::open(path, Arc::clone(&counters))?;
        let thread = StoppableThread::spawn("tracks", STOP_TIMEOUT, move |_| writer.serve(&lines))
            .map_err(|error| Error::io("cannot start the thread of --tracks", error))?;
        Ok(Tracks {
            queue: Some(queue),
            thread: Some(thread),
            counters,
        })
    }

    /// Queues a line about the faces of `frame`. Never waits, and allocates nothing.
    pub(super) fn add(&self, frame: &Frame, faces: &[Face]) {
        if let Some(queue) = &self.queue
            && queue.try_send(TrackLine::new(frame, faces)).is_err()
        {
            self.counters.drop_line();
        }
    }

    /// Whether the lines go to standard output and its reader has left.
    pub(super) fn reader_left(&self) -> bool {
        self.counters.reader_left()
    }
}

impl Drop for Tracks {
    fn drop(&mut self) {
        self.queue = None;
        self.thread = None;
        let dropped = self.counters.dropped();
        if dropped > 0 && !self.reader_left() {
            let lines = counted(dropped, "line");
            log::warn!("--tracks: dropped {lines} that could not be written in time");
        }
    }
}
