//! The capture thread: it reads a source into the newest-frame mailbox, and opens the source again
//! when it is lost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{ReadError, Source, SourceOptions, kind_of};
use crate::capture::latest::{self, Latest};
use crate::{Error, Result};
use face8x_core::frame::{Frame, monotonic_now};

/// The longest wait for a frame before looking whether to stop.
const READ_TIMEOUT: Duration = Duration::from_millis(100);
/// Waits before the source is opened again: the first, doubled each time up to the last. A camera
/// that was plugged in again must be detected within two seconds, and looking for it costs next to
/// nothing.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// A frame that says it was taken this long before it was read, or this long after, tells the time of
/// another clock: UVC cameras and drivers that were reset do.
const CLOCK_BEHIND: Duration = Duration::from_secs(2);
const CLOCK_AHEAD: Duration = Duration::from_millis(100);
/// How long dropping waits for the thread. A driver may hang in an open or a close for longer: the
/// thread is then left to itself.
const DROP_TIMEOUT: Duration = Duration::from_millis(950);

/// How the source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
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
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    latest: Latest<Frame>,
    /// Frames are read only when they are asked for.
    on_demand: bool,
    state: Mutex<State>,
    failure: Mutex<Option<Error>>,
    fault: Mutex<Option<(Instant, Arc<str>)>>,
    captured: AtomicU64,
    corrupt: AtomicU64,
    lost: AtomicU64,
    clock_jumps: AtomicU64,
    stage: Mutex<Stage>,
    changed: Condvar,
}

/// How far the thread's life has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Working,
    Stopping,
    Done,
}

impl Capture {
    /// Opens the source that `uri` names and begins to read it. Where `auto` finds a camera, only
    /// cameras are tried when that one is lost.
    ///
    /// # Errors
    /// The source does not open.
    pub fn start(uri: &str, options: &SourceOptions) -> Result<Self> {
        let source = super::open(uri, options)?;
        Self::spawn(Some(source), opener(uri, options), options.on_demand)
    }

    /// As [`start`](Self::start), but a source that does not open is [`State::Lost`] and tried
    /// again and again, and `auto` waits for a camera: for a board that starts before its camera.
    ///
    /// # Errors
    /// `uri` names no source: trying again would not help.
    pub fn start_retrying(uri: &str, options: &SourceOptions) -> Result<Self> {
        kind_of(uri)?;
        Self::spawn(None, opener(uri, options), options.on_demand)
    }

    /// Reads the source that `open` gives, and asks it for another when that one is lost.
    ///
    /// # Errors
    /// The first does not open.
    pub fn start_with(
        mut open: impl FnMut() -> Result<Box<dyn Source>> + Send + 'static,
    ) -> Result<Self> {
        let source = open()?;
        Self::spawn(Some(source), Box::new(open), false)
    }

    fn spawn(source: Option<Box<dyn Source>>, opener: Opener, on_demand: bool) -> Result<Self> {
        let state = match &source {
            Some(source) => State::Running(source.describe().into()),
            None => State::Lost("not opened yet".into()),
        };
        let shared = Arc::new(Shared {
            latest: Latest::new(Frame::empty()),
            on_demand,
            state: Mutex::new(state),
            failure: Mutex::new(None),
            fault: Mutex::new(None),
            captured: AtomicU64::new(0),
            corrupt: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            clock_jumps: AtomicU64::new(0),
            stage: Mutex::new(Stage::Working),
            changed: Condvar::new(),
        });
        let worker = shared.clone();
        let thread = std::thread::Builder::new()
            .name("capture".into())
            .spawn(move || worker.work(source, opener))
            .map_err(|e| Error::other(format!("cannot start the capture thread: {e}")))?;
        Ok(Capture {
            shared,
            thread: Some(thread),
        })
    }

    /// Waits at most `timeout` for a frame newer than the last one taken and swaps it with
    /// `frame`, which is left alone otherwise.
    pub fn take(&mut self, frame: &mut Frame, timeout: Duration) -> Taken {
        match self.shared.latest.take(frame, timeout) {
            latest::Taken::Item => Taken::Frame,
            latest::Taken::Timeout => Taken::Timeout,
            latest::Taken::Closed => Taken::End,
        }
    }

    /// How the source is now. Cheap: nothing is copied.
    pub fn state(&self) -> State {
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

impl Drop for Capture {
    fn drop(&mut self) {
        let mut stage = lock(&self.shared.stage);
        if *stage == Stage::Working {
            *stage = Stage::Stopping;
        }
        self.shared.changed.notify_all();
        let (stage, _) = self
            .shared
            .changed
            .wait_timeout_while(stage, DROP_TIMEOUT, |stage| *stage != Stage::Done)
            .unwrap_or_else(PoisonError::into_inner);
        match self.thread.take() {
            Some(thread) if *stage == Stage::Done => {
                drop(stage);
                if thread.join().is_err() {
                    log::error!("the capture thread panicked");
                }
            }
            _ => log::warn!("the source hangs: its thread is left behind"),
        }
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

/// Says to whoever waits that the thread is over, however it ends.
struct DoneGuard<'a>(&'a Shared);

impl Drop for DoneGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The panic's own message stands in the log.
            let error = Error::other("the capture thread panicked");
            *lock(&self.0.failure) = Some(error.remedy("report it with the lines above"));
        }
        self.0.latest.close();
        *lock(&self.0.stage) = Stage::Done;
        self.0.changed.notify_all();
    }
}

/// Why a source is read no more.
enum Stop {
    Asked,
    End,
    Failed(Error),
    Lost(Error),
}

impl Shared {
    fn work(&self, mut source: Option<Box<dyn Source>>, mut opener: Opener) {
        let _done = DoneGuard(self);
        let mut frame = Frame::empty();
        let mut wait = BACKOFF.0;
        loop {
            let opened = match source.take() {
                Some(source) => Ok(source),
                None => opener(),
            };
            match opened {
                Ok(mut source) => {
                    let before = self.captured.load(Ordering::Relaxed);
                    let stop = self.read_all(source.as_mut(), &mut frame);
                    if self.captured.load(Ordering::Relaxed) > before {
                        wait = BACKOFF.0;
                    }
                    match stop {
                        Stop::Asked | Stop::End => return,
                        Stop::Failed(e) => {
                            log::error!("{e}");
                            *lock(&self.failure) = Some(e);
                            return;
                        }
                        Stop::Lost(e) => self.say_lost(&e),
                    }
                }
                Err(e) => self.say_lost(&e),
            }
            if !self.rest(wait) {
                return;
            }
            wait = (wait * 2).min(BACKOFF.1);
        }
    }

    /// Reads `source` until it gives no more.
    fn read_all(&self, source: &mut dyn Source, frame: &mut Frame) -> Stop {
        let mut newest = monotonic_now();
        let mut running = false;
        let mut clock_is_off = false;
        loop {
            if *lock(&self.stage) != Stage::Working {
                return Stop::Asked;
            }
            if self.on_demand && !self.latest.wait_wanted(READ_TIMEOUT) {
                newest = monotonic_now();
                continue;
            }
            match source.read(frame, READ_TIMEOUT) {
                Ok(()) => {
                    newest = monotonic_now();
                    self.captured.fetch_add(1, Ordering::Relaxed);
                    if !running {
                        running = true;
                        self.say_running(source);
                    }
                    clock_is_off = self.fix_timestamp(frame, newest, clock_is_off);
                    self.latest.publish(frame);
                    continue;
                }
                Err(ReadError::Timeout) => {}
                Err(ReadError::Corrupt(what)) => {
                    let count = self.corrupt.fetch_add(1, Ordering::Relaxed) + 1;
                    // A bad cable damages frames for months: warn ever more rarely.
                    if count.is_power_of_two() {
                        log::warn!("{count} damaged so far, the last: {what}");
                    } else {
                        log::debug!("damaged: {what}");
                    }
                }
                Err(ReadError::End) => return Stop::End,
                Err(ReadError::Unreadable(e)) => return Stop::Failed(e),
                Err(ReadError::Lost(e)) => {
                    return match source.stall_timeout() {
                        Some(_) => Stop::Lost(e),
                        None => Stop::Failed(e),
                    };
                }
            }
            let silence = monotonic_now().saturating_sub(newest);
            if source.stall_timeout().is_some_and(|limit| silence > limit) {
                let what = format!(
                    "{}: no frame for {:.1} s",
                    source.describe(),
                    silence.as_secs_f32()
                );
                return Stop::Lost(Error::other(what));
            }
        }
    }

    /// Gives a frame of another clock the time at which it was read, so that latencies and the
    /// tracker's motion stay what they are. Says whether it was such a frame.
    fn fix_timestamp(&self, frame: &mut Frame, read: Duration, was_off: bool) -> bool {
        let earliest = read.saturating_sub(CLOCK_BEHIND);
        let is_off = !(earliest..=read + CLOCK_AHEAD).contains(&frame.timestamp);
        if is_off && !was_off {
            let count = self.clock_jumps.fetch_add(1, Ordering::Relaxed) + 1;
            if count.is_power_of_two() {
                log::warn!(
                    "a frame of {:.1} s was read at {:.1} s: its time is not used ({count} so far)",
                    frame.timestamp.as_secs_f64(),
                    read.as_secs_f64()
                );
            }
        }
        if is_off {
            frame.timestamp = read;
        }
        is_off
    }

    fn say_running(&self, source: &dyn Source) {
        let description = source.describe();
        log::info!("source: {description}");
        *lock(&self.state) = State::Running(description.into());
    }

    /// Publishes why there is no source, and counts it if there was one; a reason that lasts is
    /// logged once.
    fn say_lost(&self, e: &Error) {
        let reason = e.to_string();
        let mut state = lock(&self.state);
        match &*state {
            State::Lost(before) if **before == *reason => return,
            State::Lost(_) => {}
            State::Running(_) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        match e.remedy_text() {
            Some(remedy) => log::warn!("{reason} ({remedy}): trying again"),
            None => log::warn!("{reason}: trying again"),
        }
        let reason: Arc<str> = reason.into();
        *lock(&self.fault) = Some((Instant::now(), Arc::clone(&reason)));
        *state = State::Lost(reason);
    }

    /// Waits for `time`, or until asked to stop; whether to go on.
    fn rest(&self, time: Duration) -> bool {
        let working = |stage: &mut Stage| *stage == Stage::Working;
        let (stage, _) = self
            .changed
            .wait_timeout_while(lock(&self.stage), time, working)
            .unwrap_or_else(PoisonError::into_inner);
        *stage == Stage::Working
    }
}

#[cfg(test)]
mod tests;
