//! Runs a detector beside the pictures: on its own thread, at its own rate.

mod warnings;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::thread::StoppableThread;
use crate::{Error, Result};
use face8x_core::contain;
use face8x_core::convert::Converter;
use face8x_core::detect::Detector;
use face8x_core::face::Detections;
use face8x_core::frame::{Frame, MAX_SIDE};

use warnings::RateLimitedWarning;

/// How long the end of the program waits for a search that is under way.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);
/// How long after a failed search none is begun: a detector that fails at once must not fill the log.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// A search that takes longer is reported as stalled.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A detector at work. It is offered pictures and polled for what it found; neither ever waits for it.
///
/// One that [needs no pixels](Detector::needs_pixels) has no thread: it answers an offer at once.
pub(super) struct DetectorThread {
    name: String,
    worker: DetectorWorker,
    latest: Detections,
    failures: u64,
    stalls: u64,
    warnings: [RateLimitedWarning; 2],
    /// No search is begun before.
    pause_until: Option<Instant>,
    /// When the search under way was begun, until it was reported as stalled.
    begun: Option<Instant>,
}

enum DetectorWorker {
    /// The detector, and the outcome that was not polled yet.
    Inline(Box<dyn Detector>, Option<std::result::Result<(), Failure>>),
    /// The thread, and what it shares.
    Thread(StoppableThread, Arc<Mutex<SearchSlot>>),
}

/// What the two threads exchange; it is locked only to look and to swap buffers.
struct SearchSlot {
    search: SearchState,
    /// The frame to search.
    frame: Frame,
    /// What was found, with the frame's luma.
    detections: Detections,
}

#[derive(Default)]
enum SearchState {
    #[default]
    Idle,
    Requested,
    Running,
    Done(std::result::Result<(), Failure>),
}

/// Why a search found nothing.
#[derive(Debug)]
enum Failure {
    Failed(Error),
    Panicked(String),
}

impl DetectorThread {
    /// Starts `detector`, at a lower priority than the calling thread.
    ///
    /// # Errors
    /// The system refuses another thread.
    pub(super) fn start(detector: Box<dyn Detector>) -> Result<Self> {
        let name = detector.name();
        let worker = if !detector.needs_pixels() {
            DetectorWorker::Inline(detector, None)
        } else {
            let slot = Arc::new(Mutex::new(SearchSlot {
                search: SearchState::Idle,
                frame: Frame::empty(),
                detections: Detections::default(),
            }));
            let shared = Arc::clone(&slot);
            let work = move |stop: &AtomicBool| serve(detector, &shared, stop);
            let thread = StoppableThread::spawn("detector", STOP_TIMEOUT, work)
                .map_err(|error| Error::io(format!("cannot start a thread for {name}"), error))?;
            DetectorWorker::Thread(thread, slot)
        };
        Ok(DetectorThread {
            name,
            worker,
            latest: Detections::default(),
            failures: 0,
            stalls: 0,
            warnings: Default::default(),
            pause_until: None,
            begun: None,
        })
    }

    /// The detector's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the detector looks at a frame's pixels.
    pub(super) fn needs_pixels(&self) -> bool {
        matches!(self.worker, DetectorWorker::Thread(..))
    }

    /// How many searches failed (an error or a panic).
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// How many searches took longer than ten seconds.
    pub(super) fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Whether an [`offer`](Self::offer) would be taken now.
    pub(super) fn idle(&self) -> bool {
        if self.pause_until.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        match &self.worker {
            DetectorWorker::Inline(_, outcome) => outcome.is_none(),
            DetectorWorker::Thread(_, slot) => slot
                .try_lock()
                .is_ok_and(|slot| matches!(slot.search, SearchState::Idle)),
        }
    }

    /// Gives the detector a copy of `frame` to search, unless it is busy: then it returns `false`.
    /// Never waits, and allocates only for a frame larger than those before.
    pub(super) fn offer(&mut self, frame: &Frame) -> bool {
        self.report_stall();
        if !self.idle() {
            return false;
        }
        match &mut self.worker {
            DetectorWorker::Inline(detector, outcome) => {
                let picture = &mut self.latest.picture;
                (picture.frame_width, picture.frame_height) = (frame.width, frame.height);
                picture.sequence = frame.sequence;
                *outcome = Some(search(detector.as_mut(), frame, &mut self.latest));
            }
            DetectorWorker::Thread(thread, slot) => {
                let Ok(mut slot) = slot.try_lock() else {
                    return false;
                };
                slot.frame.copy_from(frame);
                slot.search = SearchState::Requested;
                drop(slot);
                thread.wake();
                self.begun = Some(Instant::now());
            }
        }
        true
    }

    /// What a search found since the last poll, if one has ended well. Never waits.
    pub(super) fn poll(&mut self) -> Option<&Detections> {
        let outcome = match &mut self.worker {
            DetectorWorker::Inline(_, outcome) => outcome.take()?,
            DetectorWorker::Thread(_, slot) => {
                let mut slot = slot.try_lock().ok()?;
                if !matches!(slot.search, SearchState::Done(_)) {
                    return None;
                }
                let SearchState::Done(outcome) = std::mem::take(&mut slot.search) else {
                    return None;
                };
                std::mem::swap(&mut self.latest, &mut slot.detections);
                self.begun = None;
                outcome
            }
        };
        match outcome {
            Ok(()) => Some(&self.latest),
            Err(failure) => {
                self.count_failure(&failure);
                None
            }
        }
    }

    fn count_failure(&mut self, failure: &Failure) {
        let now = Instant::now();
        self.failures += 1;
        self.pause_until = Some(now + FAILURE_PAUSE);
        let (warning, what) = match failure {
            Failure::Failed(error) => (&mut self.warnings[0], error.to_string()),
            Failure::Panicked(what) => (&mut self.warnings[1], format!("it panicked: {what}")),
        };
        warning.warn(now, format_args!("{} failed: {what}", self.name));
    }

    fn report_stall(&mut self) {
        if self
            .begun
            .is_some_and(|begun| begun.elapsed() > STALL_TIMEOUT)
        {
            log::warn!(
                "{} has been searching one picture for over {STALL_TIMEOUT:?}",
                self.name
            );
            self.begun = None;
            self.stalls += 1;
        }
    }
}

fn lock(slot: &Mutex<SearchSlot>) -> MutexGuard<'_, SearchSlot> {
    // No code that can panic runs under the lock, and a slot is whole at any time.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread: searches what is in the slot whenever a search is requested.
fn serve(mut detector: Box<dyn Detector>, slot: &Mutex<SearchSlot>, stop: &AtomicBool) {
    // On Linux a priority belongs to a thread. Without it the search only disturbs more.
    if let Err(error) = rustix::process::setpriority_process(None, 5) {
        log::debug!("the detector keeps its priority: {error}");
    }
    let mut converter = Converter::new();
    while !stop.load(Ordering::Acquire) {
        let mut shared = lock(slot);
        if !matches!(shared.search, SearchState::Requested) {
            drop(shared);
            std::thread::park();
            continue;
        }
        shared.search = SearchState::Running;
        let frame = std::mem::replace(&mut shared.frame, Frame::empty());
        let mut detections = std::mem::take(&mut shared.detections);
        drop(shared);
        let luma = converter.downscale_luma(&frame, MAX_SIDE, MAX_SIDE, &mut detections.picture);
        let outcome = luma
            .map_err(Failure::Failed)
            .and_then(|()| search(detector.as_mut(), &frame, &mut detections));
        let mut shared = lock(slot);
        (shared.frame, shared.detections) = (frame, detections);
        shared.search = SearchState::Done(outcome);
    }
}

/// Searches `frame`. After a panic the detector goes on as it is: it begins each search anew.
fn search(
    detector: &mut dyn Detector,
    frame: &Frame,
    detections: &mut Detections,
) -> std::result::Result<(), Failure> {
    match contain(|| detector.detect(frame, &mut detections.found)) {
        Ok(outcome) => outcome.map_err(Failure::Failed),
        Err(panic) => Err(Failure::Panicked(panic)),
    }
}

#[cfg(test)]
mod tests;
