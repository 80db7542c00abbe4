//! Runs a detector beside the pictures: on its own thread, at its own rate.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::{Error, Result};
use face8x_core::contain;
use face8x_core::detect::{Detector, DetectorInput};
use face8x_core::downscaled::Downscaled;
use face8x_core::face::Detections;

/// How long the end of the program waits for a search that is under way.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long after a failed search none is begun: a detector that fails at once must not fill the log.
const PAUSE: Duration = Duration::from_secs(1);
/// At most one line of the log for failures of a kind in this time.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// A search that takes longer is reported as stalled.
const STALLED: Duration = Duration::from_secs(10);

/// Nothing found yet, with room for the largest picture that a detector needs.
fn with_room(input: DetectorInput) -> Detections {
    let mut detections = Detections::default();
    detections.picture.bytes.reserve_exact(input.max_bytes());
    detections
}

/// A detector at work. It is offered pictures and polled for what it found; neither ever waits for it.
///
/// One that [needs no picture](DetectorInput::None) has no thread: what it is offered it answers at once.
pub struct DetectorThread {
    name: String,
    input: DetectorInput,
    work: Work,
    latest: Detections,
    failures: u64,
    stalls: u64,
    complaints: [Complaint; 2],
    /// No search is begun before.
    pause_until: Option<Instant>,
    /// When the search under way was begun, until it was reported as stalled.
    begun: Option<Instant>,
}

enum Work {
    /// The detector and the outcome that was not polled yet.
    Here(Box<dyn Detector>, Option<std::result::Result<(), Failure>>),
    /// The thread.
    Beside(Arc<Shared>, Option<JoinHandle<()>>),
}

#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

/// What lies between the two threads; it is locked only to look and to exchange buffers.
#[derive(Default)]
struct Desk {
    stage: Stage,
    located: Detections,
    stop: bool,
}

#[derive(Default)]
enum Stage {
    #[default]
    Idle,
    Asked,
    Busy,
    Done(std::result::Result<(), Failure>),
    Left,
}

/// Why a search gave nothing.
#[derive(Debug)]
enum Failure {
    Failed(Error),
    Panicked(String),
}

/// When failures of one kind were last logged, and how many were not.
#[derive(Default)]
struct Complaint {
    last: Option<Instant>,
    unsaid: u64,
}

impl DetectorThread {
    /// Starts `detector`, at a lower priority than the calling thread.
    ///
    /// # Errors
    /// The system refuses another thread.
    pub fn start(detector: Box<dyn Detector>) -> Result<Self> {
        let (name, input) = (detector.name(), detector.input());
        let work = if input == DetectorInput::None {
            Work::Here(detector, None)
        } else {
            let shared = Arc::new(Shared::default());
            shared.lock().located = with_room(input);
            let theirs = Arc::clone(&shared);
            let handle = Builder::new()
                .name("detector".into())
                .spawn(move || theirs.serve(detector))
                .map_err(|e| Error::other(format!("cannot start a thread for {name}: {e}")))?;
            Work::Beside(shared, Some(handle))
        };
        Ok(DetectorThread {
            name,
            input,
            work,
            latest: with_room(input),
            failures: 0,
            stalls: 0,
            complaints: Default::default(),
            pause_until: None,
            begun: None,
        })
    }

    /// The detector's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The picture that the detector needs.
    pub fn input(&self) -> DetectorInput {
        self.input
    }

    /// How many searches failed (an error or a panic).
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// How many searches took longer than ten seconds.
    pub fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Whether an [`offer`](Self::offer) would be taken now.
    pub fn idle(&self) -> bool {
        if self.pause_until.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        match &self.work {
            Work::Here(_, outcome) => outcome.is_none(),
            Work::Beside(shared, _) => shared
                .desk
                .try_lock()
                .is_ok_and(|desk| matches!(desk.stage, Stage::Idle)),
        }
    }

    /// Gives the detector a copy of `picture` to search, unless it is busy: then it returns `false`.
    /// Never waits, and allocates only for a picture larger than the detector needs.
    pub fn offer(&mut self, picture: &Downscaled) -> bool {
        self.report_stall();
        if !self.idle() {
            return false;
        }
        match &mut self.work {
            Work::Here(detector, outcome) => {
                self.latest.picture.copy_from(picture);
                *outcome = Some(search(detector.as_mut(), &mut self.latest));
            }
            Work::Beside(shared, _) => {
                let Ok(mut desk) = shared.desk.try_lock() else {
                    return false;
                };
                desk.located.picture.copy_from(picture);
                desk.stage = Stage::Asked;
                drop(desk);
                shared.changed.notify_all();
                self.begun = Some(Instant::now());
            }
        }
        true
    }

    /// What a search found since the last poll, if one has ended well. Never waits.
    pub fn poll(&mut self) -> Option<&Detections> {
        let outcome = match &mut self.work {
            Work::Here(_, outcome) => outcome.take()?,
            Work::Beside(shared, _) => {
                let mut desk = shared.desk.try_lock().ok()?;
                if !matches!(desk.stage, Stage::Done(_)) {
                    return None;
                }
                let Stage::Done(outcome) = std::mem::take(&mut desk.stage) else {
                    return None;
                };
                std::mem::swap(&mut self.latest, &mut desk.located);
                self.begun = None;
                outcome
            }
        };
        match outcome {
            Ok(()) => Some(&self.latest),
            Err(failure) => {
                self.complain(&failure);
                None
            }
        }
    }

    fn complain(&mut self, failure: &Failure) {
        let now = Instant::now();
        self.failures += 1;
        self.pause_until = Some(now + PAUSE);
        let (kind, what) = match failure {
            Failure::Failed(error) => (0, error.to_string()),
            Failure::Panicked(what) => (1, format!("it panicked: {what}")),
        };
        let complaint = &mut self.complaints[kind];
        if complaint
            .last
            .is_some_and(|last| now - last < COMPLAIN_EVERY)
        {
            complaint.unsaid += 1;
            return;
        }
        log::warn!(
            "{} failed: {what} ({} more since the last message)",
            self.name,
            complaint.unsaid
        );
        *complaint = Complaint {
            last: Some(now),
            unsaid: 0,
        };
    }

    fn report_stall(&mut self) {
        if self.begun.is_some_and(|begun| begun.elapsed() > STALLED) {
            log::warn!(
                "{} has been searching one picture for over {STALLED:?}",
                self.name
            );
            self.begun = None;
            self.stalls += 1;
        }
    }
}

impl Drop for DetectorThread {
    /// Ends the thread. One that does not end its search within half a second is left behind.
    fn drop(&mut self) {
        let Work::Beside(shared, handle) = &mut self.work else {
            return;
        };
        let mut desk = shared.lock();
        desk.stop = true;
        shared.changed.notify_all();
        let (desk, wait) = shared
            .changed
            .wait_timeout_while(desk, PATIENCE, |desk| !matches!(desk.stage, Stage::Left))
            .unwrap_or_else(PoisonError::into_inner);
        drop(desk);
        if wait.timed_out() {
            log::warn!("{} is left in the middle of a search", self.name);
        } else if let Some(handle) = handle.take() {
            // The thread's last act was to say that it leaves; a panic cannot come after it.
            let _ = handle.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        // No code that can panic runs under the lock, and a stage is whole at any time.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: searches what lies on the desk until it is told to stop.
    fn serve(&self, mut detector: Box<dyn Detector>) {
        // On Linux a priority belongs to a thread; without it the search is only less polite.
        if let Err(error) = rustix::process::setpriority_process(None, 5) {
            log::debug!("the detector keeps its priority: {error}");
        }
        let mut desk = self.lock();
        while !desk.stop {
            if !matches!(desk.stage, Stage::Asked) {
                desk = self
                    .changed
                    .wait(desk)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            desk.stage = Stage::Busy;
            let mut located = std::mem::take(&mut desk.located);
            drop(desk);
            let outcome = search(detector.as_mut(), &mut located);
            desk = self.lock();
            desk.located = located;
            desk.stage = Stage::Done(outcome);
        }
        desk.stage = Stage::Left;
        drop(desk);
        self.changed.notify_all();
    }
}

/// Searches `located.picture`. After a panic the detector goes on as it is: it begins each search
/// anew.
fn search(
    detector: &mut dyn Detector,
    located: &mut Detections,
) -> std::result::Result<(), Failure> {
    let Detections { picture, found } = located;
    let outcome = contain(|| detector.detect(picture, found));
    match outcome {
        Ok(outcome) => outcome.map_err(Failure::Failed),
        Err(panic) => Err(Failure::Panicked(panic)),
    }
}

#[cfg(test)]
mod tests;
