//! The status of a running program for other programs: a JSON file, a page of metrics, a file for
//! node_exporter. They hold numbers only; no picture and no name of a source ever leaves by them.
//!
//! ```text
//!  work thread ──once a second──> Monitor <── facts about the board, read when asked for
//!                                  │    │
//!                   server (thread)┘    └writer (thread): status file, metrics file
//! ```
//!
//! The work thread hands over its counters and never waits for a disk or a network. Neither thread
//! exists unless it was asked for.

mod address;
mod counters;
mod metrics;
mod monitor;
mod server;
mod writer;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::Result;

pub(crate) use address::address;
pub(crate) use counters::{CameraFault, Faults, Part};
pub use counters::{Fault, RunCounters};
pub(crate) use metrics::{MetricsFormat, render};
pub use monitor::{Monitor, RunIdentity};
pub(crate) use monitor::{ProgramStart, RunStatus};
pub use server::MetricsServer;
pub(crate) use writer::{StatusFiles, StatusWriter};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusOptions {
    /// Files that are written every second.
    pub files: StatusFiles,
    /// Where metrics are served.
    pub address: Option<SocketAddr>,
}

/// A run that reports until this is dropped.
pub(crate) struct StatusReporter {
    monitor: Arc<Monitor>,
    _writer: Option<StatusWriter>,
    _server: Option<MetricsServer>,
}

impl StatusReporter {
    /// Starts what was asked for; `None` where nothing was.
    ///
    /// # Errors
    /// A file cannot be written, or the address not be had.
    pub(crate) fn start(
        options: &StatusOptions,
        identity: RunIdentity,
        program: &ProgramStart,
    ) -> Result<Option<StatusReporter>> {
        let writes = options.files != StatusFiles::default();
        if !writes && options.address.is_none() {
            return Ok(None);
        }
        let restarts = program.restarts(|| options.files.restarts());
        let identity = RunIdentity {
            restarts,
            ..identity
        };
        let monitor = Arc::new(Monitor::of(identity, program));
        let server = options
            .address
            .map(|address| MetricsServer::start(address, Arc::clone(&monitor)))
            .transpose()?;
        let writer = writes
            .then(|| StatusWriter::start(options.files.clone(), Arc::clone(&monitor)))
            .transpose()?;
        Ok(Some(StatusReporter {
            monitor,
            _writer: writer,
            _server: server,
        }))
    }

    /// Where the work thread hands over its counters.
    pub(crate) fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.monitor)
    }
}
