//! Runs one measurement in a process of its own, so that its memory, its processor time and its
//! start are its own, and watches the machine meanwhile.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::job::Job;
use super::watch::{INTERVAL, Watch};
use super::worker::Measured;
use crate::{Error, Result};
use face8x_core::frame::monotonic_now;

/// How often it looks whether the process has ended.
const STEP: Duration = Duration::from_millis(10);

/// A measured process that has ended.
pub struct Finished {
    pub measured: Measured,
    /// When it was started, on the monotonic clock in seconds.
    pub started: f64,
}

/// Runs `program bench --worker JOB`. Where `stop` is set the process is asked to end early.
///
/// # Errors
/// The process cannot be started, or says itself on standard error what failed.
pub fn run(job: &Job, program: &Path, watch: &mut Watch, stop: &AtomicBool) -> Result<Finished> {
    let text = serde_json::to_string(job)
        .map_err(|e| Error::other(format!("the measurement cannot be described: {e}")))?;
    let started = monotonic_now().as_secs_f64();
    let mut child = Command::new(program)
        .args(["--quiet", "bench", "--worker", &text])
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        // The terminal's Ctrl-C reaches this process alone, which passes it on once.
        .process_group(0)
        .spawn()
        .map_err(|e| Error::other(format!("cannot start {}: {e}", program.display())))?;
    let output = read_all(&mut child);
    watch.clear();
    let status = match wait(&mut child, watch, stop) {
        Ok(status) => status,
        Err(error) => {
            // It must not go on unseen.
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
    };
    let text = output.join().unwrap_or_default();
    let what = format!("the measurement of {} failed", job.engine.name());
    match status.code() {
        Some(0) => {}
        Some(2) => return Err(Error::usage(what).remedy("see the message above")),
        _ => return Err(Error::other(what).remedy("see the message above")),
    }
    let measured = serde_json::from_str(&text)
        .map_err(|e| Error::other(format!("{what}: its answer is not understood: {e}")))?;
    Ok(Finished { measured, started })
}

fn wait(
    child: &mut Child,
    watch: &mut Watch,
    stop: &AtomicBool,
) -> Result<std::process::ExitStatus> {
    let mut told = false;
    let mut next = monotonic_now();
    loop {
        let ended = child
            .try_wait()
            .map_err(|e| Error::other(format!("the measuring process is lost: {e}")))?;
        if let Some(status) = ended {
            return Ok(status);
        }
        if stop.load(Ordering::Relaxed) && !told {
            told = true;
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // It may have ended just now.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        if monotonic_now() >= next {
            watch.look();
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
