//! One function a command; everything that is printed is printed here.

mod bench;
mod generate;
mod image;
mod look;
mod run;

pub use bench::bench;
pub use generate::{completions, man};
pub use image::image;
pub use look::{doctor, list, test_pattern};
pub use run::run;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::{Error, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// A flag that SIGINT and SIGTERM set; the second of them ends the process at once.
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|e| Error::other(format!("cannot listen to stop signals: {e}")))?;
    }
    Ok(stop)
}

/// Lets SIGHUP set `flag`.
fn flag_on_hangup(flag: &Arc<AtomicBool>) -> Result<()> {
    signal_hook::flag::register(SIGHUP, Arc::clone(flag))
        .map(drop)
        .map_err(|e| Error::other(format!("cannot listen to SIGHUP: {e}")))
}
