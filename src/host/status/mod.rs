//! What a running program tells machines about itself: a JSON file, an OpenMetrics page, a file for
//! node_exporter. Only figures; no picture and no name of a source ever leaves by it.
//!
//! ```text
//!  work thread ──once a second──> Monitor <── facts about the board (read by who asks)
//!                                  │    │
//!                   server (thread)┘    └writer (thread): status file, metrics file
//! ```
//!
//! The work thread hands over its counters and never waits for a disk or a network. Neither thread
//! exists unless it was asked for.

mod address;
mod figures;
mod http;
mod metrics;
mod monitor;
mod server;
mod writer;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::Result;

pub use address::address;
pub use figures::{Fault, Faults, Figures, Part};
pub use metrics::{CONTENT_TYPE, Form, render};
pub use monitor::{Identity, Monitor, Status};
pub use server::Server;
pub use writer::{Files, Writer};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusOptions {
    /// Files that are written every second.
    pub files: Files,
    /// Where metrics are served.
    pub address: Option<SocketAddr>,
}

/// A run that reports until this is dropped.
pub struct Reporting {
    monitor: Arc<Monitor>,
    _writer: Option<Writer>,
    _server: Option<Server>,
}

impl Reporting {
    /// Starts what was asked for; `None` where nothing was.
    ///
    /// # Errors
    /// A file cannot be written, or the address not be had.
    pub fn start(options: &StatusOptions, identity: Identity) -> Result<Option<Reporting>> {
        let writes = options.files != Files::default();
        if !writes && options.address.is_none() {
            return Ok(None);
        }
        let restarts = options.files.restarts();
        let monitor = Arc::new(Monitor::new(Identity {
            restarts,
            ..identity
        }));
        let server = options
            .address
            .map(|address| Server::start(address, Arc::clone(&monitor)))
            .transpose()?;
        let writer = writes
            .then(|| Writer::start(options.files.clone(), Arc::clone(&monitor)))
            .transpose()?;
        Ok(Some(Reporting {
            monitor,
            _writer: writer,
            _server: server,
        }))
    }

    /// Where the work thread hands over its figures.
    pub fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.monitor)
    }
}
