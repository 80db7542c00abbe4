//! What a service manager is sent over its notification socket (`NOTIFY_SOCKET`, see
//! `sd_notify(3)`), so that systemd knows whether pictures are shown and not only whether the
//! process lives.
//!
//! | message | when |
//! |---|---|
//! | `READY=1` | the first finished picture is on the display, after the start and after a reload |
//! | `WATCHDOG=1` | finished pictures reach the display; nothing else sends it |
//! | `STATUS=` | what `systemctl status` shows changed: frames a second, faces, source, sink, the last fault |
//! | `RELOADING=1`, `MONOTONIC_USEC=` | SIGHUP came |
//! | `STOPPING=1` | the run is over; the display is about to be given back |
//!
//! A finished picture is a new frame, the frame that a person froze, or the message that the
//! camera is away: what the display should show. A program that only redraws what it had, because
//! frames stopped coming without a reason, is starved and so started again.
//!
//! Without a service manager every call does nothing.

use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::stats::Summary;
use crate::words::counted;
use crate::{Error, Result};

/// The watchdog is fed this often within its time.
const FEEDS: u32 = 4;

type Notify = Box<dyn FnMut(&[NotifyState<'_>]) -> io::Result<()>>;

/// The side of a running program that its service manager sees.
pub(crate) struct Service {
    notify: Notify,
    /// The shortest time between two feeds; `None` without a watchdog.
    feed_every: Option<Duration>,
    fed: Option<Instant>,
    ready: bool,
    /// Why the configuration file was refused.
    refused: Option<String>,
    status: String,
    /// The last message did not reach the manager, which is logged once.
    notify_failed: bool,
}

impl Service {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    pub(crate) fn from_environment() -> Service {
        Service::new(Box::new(sd_notify::notify), sd_notify::watchdog_enabled())
    }

    fn new(notify: Notify, watchdog: Option<Duration>) -> Service {
        Service {
            notify,
            feed_every: watchdog.map(|time| time / FEEDS),
            fed: None,
            ready: false,
            refused: None,
            status: String::new(),
            notify_failed: false,
        }
    }

    /// A finished picture is on the display.
    pub(crate) fn picture(&mut self, now: Instant) {
        if !self.ready {
            self.ready = true;
            self.send(&[NotifyState::Ready]);
        }
        let Some(every) = self.feed_every else { return };
        if self
            .fed
            .is_none_or(|fed| now.saturating_duration_since(fed) >= every)
        {
            self.fed = Some(now);
            self.send(&[NotifyState::Watchdog]);
        }
    }

    /// Once a second: the numbers of the run, sent where the text differs from the last one.
    pub(crate) fn status(&mut self, summary: &Summary<'_>) {
        let line = status_line(summary, self.refused.as_deref());
        if line != self.status {
            self.send(&[NotifyState::Status(&line)]);
            self.status = line;
        }
    }

    /// The configuration file is being read again.
    pub(crate) fn reloading(&mut self) {
        self.ready = false;
        match NotifyState::monotonic_usec_now() {
            Ok(time) => self.send(&[NotifyState::Reloading, time]),
            Err(error) => log::debug!("the monotonic clock: {error}"),
        }
    }

    /// How the reload went; the reason of a refusal stays in the status until one goes well.
    /// `READY=1` follows with the next picture.
    pub(crate) fn reloaded(&mut self, outcome: &Result<()>) {
        self.refused = outcome.as_ref().err().map(Error::to_string);
    }

    /// The run is over.
    pub(crate) fn stopping(&mut self) {
        self.send(&[NotifyState::Stopping]);
    }

    /// The program ends by `error`, which becomes the unit's status.
    pub(crate) fn failed(&mut self, error: &Error) {
        let mut line = error.to_string();
        if let Some(remedy) = error.remedy_text() {
            let _ = write!(line, " (remedy: {remedy})");
        }
        self.send(&[NotifyState::Stopping, NotifyState::Status(&one_line(&line))]);
    }

    fn send(&mut self, states: &[NotifyState<'_>]) {
        match (self.notify)(states) {
            Ok(()) => self.notify_failed = false,
            Err(_) if self.notify_failed => {}
            Err(error) => {
                self.notify_failed = true;
                log::warn!("cannot notify the service manager: {error}");
            }
        }
    }
}

/// What a person reads in `systemctl status`.
fn status_line(summary: &Summary<'_>, refused: Option<&str>) -> String {
    let mut line = format!(
        "{:.0} fps, {}, {} to {}",
        summary.fps,
        counted(summary.faces, "face"),
        summary.source,
        summary.sink,
    );
    // Writing to a string cannot fail.
    let _ = match &summary.fault {
        Some(fault) => write!(
            line,
            "; last fault {}: {}",
            ago(fault.seconds_ago),
            fault.what
        ),
        None => write!(line, "; no fault"),
    };
    if let Some(reason) = refused {
        let _ = write!(line, "; the old configuration is kept: {reason}");
    }
    one_line(&line)
}

/// A line break would begin another message.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// A time that reads the same for a while, so that the status changes seldom.
fn ago(seconds: f64) -> String {
    let minutes = (seconds / 60.0) as u64;
    match minutes {
        0 => "less than a minute ago".to_owned(),
        1..120 => format!("{minutes} min ago"),
        120..2880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

#[cfg(test)]
mod tests;
