//! Runs one measurement in a process of its own, so that its memory, its processor time and its
//! start are its own, and samples the machine meanwhile.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::job::Job;
use super::machine::{INTERVAL, Sampler};
use super::worker::Measured;
use face8x_core::frame::monotonic_now;
use face8x_core::{Error, Result};

/// How often it checks whether the process has ended.
const STEP: Duration = Duration::from_millis(10);

/// A measured process that has ended.
pub(crate) struct FinishedJob {
    pub(crate) measured: Measured,
    /// When it was started, on the monotonic clock in seconds.
    started: f64,
}

impl FinishedJob {
    /// From its start to its first restored face, in nanoseconds; `None` where it was stopped before.
    pub(crate) fn start(&self) -> Option<u64> {
        let shown = self.measured.first_restored?;
        Some(((shown - self.started) * 1e9) as u64)
    }
}

/// Runs `program bench --worker JOB`. Where `stop` is set the process is asked to end early.
///
/// # Errors
/// The process cannot be started, or fails; it prints the reason on standard error itself.
pub(crate) fn run(
    job: &Job,
    program: &Path,
    sampler: &mut Sampler,
    stop: &AtomicBool,
) -> Result<FinishedJob> {
    let text = serde_json::to_string(job).map_err(|error| {
        Error::other(format!("cannot describe the job: {error}")).caused_by(error)
    })?;
    let started = monotonic_now().as_secs_f64();
    let mut child = Command::new(program)
        .args(["--quiet", "bench", "--worker", &text])
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        // The terminal's Ctrl-C reaches this process alone, which passes it on once.
        .process_group(0)
        .spawn()
        .map_err(|error| Error::io(format!("cannot run '{}'", program.display()), error))?;
    let output = read_all(&mut child);
    sampler.clear();
    let status = match wait(&mut child, sampler, stop) {
        Ok(status) => status,
        Err(error) => {
            // It must not go on unnoticed.
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
    };
    let text = output.join().unwrap_or_default();
    let failed = || format!("the measuring process failed ({status})");
    match status.code() {
        Some(0) => {}
        Some(2) => return Err(Error::usage(failed()).remedy("see the message above")),
        _ => return Err(Error::other(failed()).remedy("see the message above")),
    }
    let measured = serde_json::from_str(&text).map_err(|error| {
        let message = format!("invalid output of the measuring process: {error}");
        Error::other(message).caused_by(error)
    })?;
    Ok(FinishedJob { measured, started })
}

fn wait(child: &mut Child, sampler: &mut Sampler, stop: &AtomicBool) -> Result<ExitStatus> {
    let mut signalled = false;
    let mut next = monotonic_now();
    loop {
        let ended = child
            .try_wait()
            .map_err(|error| Error::io("cannot wait for the measuring process", error))?;
        if let Some(status) = ended {
            return Ok(status);
        }
        if stop.load(Ordering::Relaxed) && !signalled {
            signalled = true;
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // It may have ended just now.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        if monotonic_now() >= next {
            sampler.sample();
            next = monotonic_now() + INTERVAL;
        }
        std::thread::sleep(STEP);
    }
}

/// Reads what the process prints on a thread: a pipe that is full would stop it.
fn read_all(child: &mut Child) -> JoinHandle<String> {
    let pipe = child.stdout.take();
    std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut pipe) = pipe {
            // What is missing is found out when it is parsed.
            let _ = pipe.read_to_string(&mut text);
        }
        text
    })
}
