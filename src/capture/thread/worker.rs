//! The thread's own work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{CaptureShared, CaptureState, Opener, lock};
use crate::Error;
use crate::capture::{ReadError, Source};
use crate::losses::Losses;
use face8x_core::frame::{Frame, monotonic_now};

/// The longest wait for a frame before looking whether to stop.
const READ_TIMEOUT: Duration = Duration::from_millis(100);
/// Waits before the source is opened again where it did not open: the first, doubled each time up to
/// the last. A camera that was plugged in again must be detected within two seconds, and looking for it
/// costs next to nothing. One that opens and is lost again is waited for longer: see [`Losses`].
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// A frame that says it was taken this long before it was read, or this long after, tells the time of
/// another clock: UVC cameras and drivers that were reset do.
const CLOCK_BEHIND: Duration = Duration::from_secs(2);
const CLOCK_AHEAD: Duration = Duration::from_millis(100);
/// Says to whoever waits that the thread is over, however it ends.
struct DoneGuard<'a>(&'a CaptureShared);

impl Drop for DoneGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The panic's own message stands in the log.
            let error = Error::other("the capture thread panicked");
            *lock(&self.0.failure) = Some(error.remedy("report it with the lines above"));
        }
        self.0.latest.close();
    }
}

/// Why a source is read no more.
enum Stop {
    Asked,
    End,
    Failed(Error),
    Lost(Error),
}

impl CaptureShared {
    /// Reads `source`, or what `opener` gives, and opens it again when it is lost, until `stop`.
    pub(super) fn work(
        &self,
        stop: &AtomicBool,
        mut source: Option<Box<dyn Source>>,
        mut opener: Opener,
    ) {
        let _done = DoneGuard(self);
        let mut frame = Frame::empty();
        let mut wait = BACKOFF.0;
        let mut losses = Losses::new(self.longest_pause);
        let mut was_open = true;
        loop {
            let opened = match source.take() {
                Some(source) => Ok(source),
                None => opener(),
            };
            match opened {
                Ok(mut source) => {
                    let opened = Instant::now();
                    let reason = self.read_all(source.as_mut(), &mut frame, stop, &losses);
                    // What is dropped may take a while to end.
                    drop(source);
                    losses.add(opened.elapsed());
                    wait = losses.pause();
                    match reason {
                        Stop::Asked | Stop::End => return,
                        Stop::Failed(e) => {
                            log::error!("{e}");
                            *lock(&self.failure) = Some(e);
                            return;
                        }
                        Stop::Lost(e) => self.say_lost(&e, &mut losses, true),
                    }
                    was_open = true;
                }
                Err(e) => {
                    self.say_lost(&e, &mut losses, false);
                    wait = match std::mem::take(&mut was_open) {
                        true => BACKOFF.0,
                        false => (wait * 2).min(BACKOFF.1),
                    };
                }
            }
            if !rest(wait, stop) {
                return;
            }
        }
    }

    /// Reads `source` until it gives no more.
    fn read_all(
        &self,
        source: &mut dyn Source,
        frame: &mut Frame,
        stop: &AtomicBool,
        losses: &Losses,
    ) -> Stop {
        let mut newest = monotonic_now();
        let mut running = false;
        let mut clock_is_off = false;
        loop {
            if stop.load(Ordering::Acquire) {
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
                        self.say_running(source, losses);
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

    fn say_running(&self, source: &dyn Source, losses: &Losses) {
        let description = source.describe();
        match losses.is_worth_a_line() {
            true => log::info!("source: {description}"),
            false => log::debug!("source: {description}"),
        }
        *lock(&self.state) = CaptureState::Running(description.into());
    }

    /// Publishes why there is no source, and counts it if there was one. A reason that lasts is logged
    /// once, and those of a source that is lost or refused again and again ever more rarely.
    fn say_lost(&self, e: &Error, losses: &mut Losses, was_open: bool) {
        let reason = e.to_string();
        let mut state = lock(&self.state);
        match &*state {
            CaptureState::Lost(before) if **before == *reason => return,
            CaptureState::Lost(_) => {}
            CaptureState::Running(_) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        let remedy = e.remedy_text().map(|remedy| format!(" ({remedy})"));
        let remedy = remedy.unwrap_or_default();
        let is_worth_a_line = match was_open {
            true => losses.is_worth_a_line(),
            false => losses.refuse(),
        };
        match losses.count() {
            _ if !is_worth_a_line => log::debug!("{reason}: trying again"),
            count if was_open && count > 1 => log::warn!(
                "lost {count} times in a row, the last: {reason}{remedy}: trying again in {:.1} s",
                losses.pause().as_secs_f64()
            ),
            _ => log::warn!("{reason}{remedy}: trying again"),
        }
        let reason: Arc<str> = reason.into();
        *lock(&self.fault) = Some((Instant::now(), Arc::clone(&reason)));
        *state = CaptureState::Lost(reason);
    }
}

/// Waits for `time`, or until asked to stop; whether to go on.
fn rest(time: Duration, stop: &AtomicBool) -> bool {
    let end = monotonic_now() + time;
    while !stop.load(Ordering::Acquire) {
        match end.checked_sub(monotonic_now()) {
            Some(left) if !left.is_zero() => std::thread::park_timeout(left),
            _ => return true,
        }
    }
    false
}
