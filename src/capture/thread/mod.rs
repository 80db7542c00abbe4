//! The capture thread: it reads a source into the newest-frame mailbox, and opens the source again
//! when it is lost.

mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Source, SourceOptions, kind_of};
use crate::capture::latest::{self, Latest};
use crate::thread::StoppableThread;
use crate::{Error, Result};
use face8x_core::frame::Frame;

/// How long dropping waits for the thread. A driver may hang in an open or a close for longer: the
/// thread is then left to itself.
const DROP_TIMEOUT: Duration = Duration::from_millis(950);

/// The pause before the sources of [`Capture::start_with`] are opened again.
const BRIEF_PAUSE: Duration = Duration::from_millis(100);

/// How the source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureState {
    /// Frames come; the source as it describes itself.
    Running(Arc<str>),
    /// The source is not there, and why; it is tried again and again.
    Lost(Arc<str>),
}

/// What [`Capture::take`] gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A new frame.
    Frame,
    /// No new frame within the time; see [`Capture::state`].
    Timeout,
    /// The source ended and its last frame was taken; see [`Capture::failure`].
    End,
}

/// Opens the source again after it was lost.
type Opener = Box<dyn FnMut() -> Result<Box<dyn Source>> + Send>;

/// A source that is read by a thread of its own. Dropping it ends the thread, within a second.
pub struct Capture {
    shared: Arc<CaptureShared>,
    _thread: StoppableThread,
}

struct CaptureShared {
    latest: Latest<Frame>,
    /// Frames are read only when they are asked for.
    on_demand: bool,
    /// Of the pauses before a source that was lost is opened again, where it is not the usual one.
    longest_pause: Option<Duration>,
    state: Mutex<CaptureState>,
    failure: Mutex<Option<Error>>,
    fault: Mutex<Option<(Instant, Arc<str>)>>,
    captured: AtomicU64,
    corrupt: AtomicU64,
    lost: AtomicU64,
    clock_jumps: AtomicU64,
}

impl Capture {
    /// Opens the source that `uri` names and begins to read it. Where `auto` finds a camera, only
    /// cameras are tried when that one is lost.
    ///
    /// # Errors
    /// The source does not open.
    pub fn start(uri: &str, options: &SourceOptions) -> Result<Self> {
        let source = super::open(uri, options)?;
        Self::spawn(Some(source), opener(uri, options), options.on_demand, None)
    }

    /// As [`start`](Self::start), but a source that does not open is [`CaptureState::Lost`] and tried
    /// again and again, and `auto` waits for a camera: for a board that starts before its camera.
    ///
    /// # Errors
    /// `uri` names no source: trying again would not help.
    pub fn start_retrying(uri: &str, options: &SourceOptions) -> Result<Self> {
        kind_of(uri)?;
        Self::spawn(None, opener(uri, options), options.on_demand, None)
    }

    /// Reads the source that `open` gives, and asks it for another soon after that one is lost: what
    /// is lost on purpose, and often, is not waited for as a real one would be.
    ///
    /// # Errors
    /// The first does not open.
    pub fn start_with(
        mut open: impl FnMut() -> Result<Box<dyn Source>> + Send + 'static,
    ) -> Result<Self> {
        let source = open()?;
        Self::spawn(Some(source), Box::new(open), false, Some(BRIEF_PAUSE))
    }

    fn spawn(
        source: Option<Box<dyn Source>>,
        opener: Opener,
        on_demand: bool,
        longest_pause: Option<Duration>,
    ) -> Result<Self> {
        let state = match &source {
            Some(source) => CaptureState::Running(source.describe().into()),
            None => CaptureState::Lost("not opened yet".into()),
        };
        let shared = Arc::new(CaptureShared {
            latest: Latest::new(Frame::empty()),
            on_demand,
            longest_pause,
            state: Mutex::new(state),
            failure: Mutex::new(None),
            fault: Mutex::new(None),
            captured: AtomicU64::new(0),
            corrupt: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            clock_jumps: AtomicU64::new(0),
        });
        let worker = shared.clone();
        let work = move |stop: &AtomicBool| worker.work(stop, source, opener);
        let _thread = StoppableThread::spawn("capture", DROP_TIMEOUT, work)
            .map_err(|e| Error::io("cannot start the capture thread", e))?;
        Ok(Capture { shared, _thread })
    }

    /// Waits at most `timeout` for a frame newer than the last one taken and swaps it with
    /// `frame`, which is left alone otherwise.
    pub fn take(&mut self, frame: &mut Frame, timeout: Duration) -> Taken {
        match self.shared.latest.take(frame, timeout) {
            latest::TakenItem::Item => Taken::Frame,
            latest::TakenItem::Timeout => Taken::Timeout,
            latest::TakenItem::Closed => Taken::End,
        }
    }

    /// How the source is now. Cheap: nothing is copied.
    pub fn state(&self) -> CaptureState {
        lock(&self.shared.state).clone()
    }

    /// Why the source ended, where that was not as it should be (raw frames of another length on
    /// standard input, a panic in its code).
    pub fn failure(&self) -> Option<Error> {
        lock(&self.shared.failure).clone()
    }

    /// Why the source was lost or would not open the last time, and when. Cheap, as `state`.
    pub fn fault(&self) -> Option<(Instant, Arc<str>)> {
        lock(&self.shared.fault).clone()
    }

    /// Frames that were overwritten before they were taken.
    pub fn skipped(&self) -> u64 {
        self.shared.latest.skipped()
    }

    /// Frames that were read.
    pub fn captured(&self) -> u64 {
        self.shared.captured.load(Ordering::Relaxed)
    }

    /// Damaged frames and files.
    pub fn corrupt(&self) -> u64 {
        self.shared.corrupt.load(Ordering::Relaxed)
    }

    /// How many times a running source was lost.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// How many times the frames' clock left the monotonic one.
    pub fn clock_jumps(&self) -> u64 {
        self.shared.clock_jumps.load(Ordering::Relaxed)
    }
}

/// How `uri` is opened again. An `auto` that lost its camera wants a camera, not the demo scene.
fn opener(uri: &str, options: &SourceOptions) -> Opener {
    let (uri, options) = (uri.to_owned(), options.clone());
    Box::new(move || match uri.as_str() {
        "auto" => super::open_any_camera(&options),
        uri => super::open(uri, &options),
    })
}

/// The value; nothing panics while one of these locks is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
