//! A child process that writes frames to its standard output.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::mask_passwords;
use crate::{Error, Result};
use face8x_core::frame::monotonic_now;

/// How long a child may take to end after SIGTERM, or after it closed its output.
const TERM_TIMEOUT: Duration = Duration::from_millis(300);
/// How long a killed child may take to be gone; only a hung driver makes it take longer.
const KILL_TIMEOUT: Duration = Duration::from_millis(400);
/// Bytes of a line of the child's that are kept.
const MAX_LINE: usize = 1000;

/// A running child, the leader of its own process group. Dropping it ends the group and reaps it.
pub(super) struct Producer {
    child: Child,
    stdout: ChildStdout,
    stderr: ChildStderr,
    /// Whether it still writes to standard error.
    has_stderr: bool,
    /// The line of standard error that is being written, and the last whole one.
    line: Vec<u8>,
    last_line: String,
    name: String,
    ended_well: bool,
}

impl Producer {
    /// Starts `program` with its standard input closed; `name` stands for it in messages.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(name: &str, program: &OsStr, args: &[OsString]) -> Result<Self> {
        let name = mask_passwords(name);
        let failed = |e: std::io::Error| Error::io(format!("cannot run {name}"), e);
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(Error::other(format!("cannot run {name}: no pipe to it")));
        };
        let producer = Producer {
            child,
            stdout,
            stderr,
            has_stderr: true,
            line: Vec::new(),
            last_line: String::new(),
            name: name.clone(),
            ended_well: false,
        };
        let flags = fcntl_getfl(&producer.stderr).map_err(|e| failed(e.into()))?;
        fcntl_setfl(&producer.stderr, flags | OFlags::NONBLOCK).map_err(|e| failed(e.into()))?;
        Ok(producer)
    }

    /// Its standard output.
    pub(super) fn stdout(&self) -> BorrowedFd<'_> {
        self.stdout.as_fd()
    }

    /// Its standard error, to be polled together with the output, until it closes it.
    pub(super) fn stderr(&self) -> Option<BorrowedFd<'_>> {
        self.has_stderr.then(|| self.stderr.as_fd())
    }

    /// Logs what it wrote to standard error. Never waits.
    pub(super) fn log_stderr(&mut self) {
        let mut chunk = [0; 1024];
        while self.has_stderr {
            let read = match self.stderr.read(&mut chunk) {
                Ok(n) if n > 0 => n,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
                Ok(_) | Err(_) => {
                    self.has_stderr = false;
                    return;
                }
            };
            for byte in &chunk[..read] {
                match byte {
                    b'\n' | b'\r' => self.end_line(),
                    _ if self.line.len() < MAX_LINE => self.line.push(*byte),
                    _ => {}
                }
            }
        }
    }

    fn end_line(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        let text = text.trim();
        if !text.is_empty() {
            // Programs name the URL that they cannot open.
            self.last_line = mask_passwords(text);
            log::debug!("{}: {}", self.name, self.last_line);
        }
        self.line.clear();
    }

    /// Why it gives no more: its exit status and its last line, for a child that closed its
    /// output. What is left of its group is ended.
    pub(super) fn exit_error(&mut self) -> Error {
        let pid = Pid::from_child(&self.child);
        let ended = until(TERM_TIMEOUT, || {
            (has_ended(pid) == Some(true)).then_some(())
        })
        .is_some();
        let _ = kill_process_group(pid, Signal::KILL);
        self.log_stderr();
        self.end_line();
        let status = self.reap();
        self.ended_well = ended && status.is_some_and(|status| status.success());
        let how = match status {
            Some(status) if ended => format!("{} ended ({status})", self.name),
            _ => format!("{} closed its output", self.name),
        };
        let colon = if self.last_line.is_empty() { "" } else { ": " };
        Error::other(format!("{how}{colon}{}", self.last_line))
    }

    /// Whether [`exit_error`](Self::exit_error) found that it ended by itself, without an error.
    pub(super) fn ended_well(&self) -> bool {
        self.ended_well
    }

    /// Its status, once a killed child is gone.
    fn reap(&mut self) -> Option<ExitStatus> {
        until(KILL_TIMEOUT, || self.child.try_wait().ok().flatten())
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        if has_ended(pid).is_none() {
            return;
        }
        let _ = kill_process_group(pid, Signal::TERM);
        // The output hangs up when the last process of the group that could write to it is gone.
        let mut hang_up = [PollFd::new(&self.stdout, PollFlags::empty())];
        let _ = poll(&mut hang_up, Some(&timespec(TERM_TIMEOUT)));
        let _ = kill_process_group(pid, Signal::KILL);
        if self.reap().is_none() {
            log::warn!("{} (process {}) does not end", self.name, self.child.id());
        }
    }
}

/// Whether child `pid` has ended, without reaping it, so that its number and its group's stay its
/// own; `None` after it was reaped.
fn has_ended(pid: Pid) -> Option<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid), options)
        .ok()
        .map(|status| status.is_some())
}

/// Asks every few milliseconds for an answer, at most for `time`.
fn until<T>(time: Duration, mut answer: impl FnMut() -> Option<T>) -> Option<T> {
    let end = monotonic_now() + time;
    loop {
        match answer() {
            Some(answer) => return Some(answer),
            None if monotonic_now() < end => std::thread::sleep(Duration::from_millis(2)),
            None => return None,
        }
    }
}

/// `time` for poll(2).
pub(super) fn timespec(time: Duration) -> Timespec {
    Timespec::try_from(time).unwrap_or(Timespec {
        tv_sec: 1 << 30,
        tv_nsec: 0,
    })
}

/// The first of `names` that is installed; `what` needs it.
///
/// # Errors
/// None is: the remedy names their `package`.
pub(super) fn find_installed(what: &str, names: &[&str], package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_program(&path, names).ok_or_else(|| {
        Error::other(format!("{what} needs {}, which is not installed", names[0]))
            .remedy(format!("`sudo apt install {package}`"))
    })
}

/// The first of `names` that is an executable file in a folder of `path`, a PATH variable.
fn find_program(path: &OsStr, names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| {
        std::env::split_paths(path)
            .map(|folder| folder.join(name))
            .find(|file| {
                let executable = rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok();
                executable && file.is_file()
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(command: &str) -> Producer {
        let args = ["-c", command].map(OsString::from);
        Producer::start("test", OsStr::new("/bin/sh"), &args).unwrap()
    }

    /// Whether /proc has the process, be it as a zombie.
    fn exists(pid: u32) -> bool {
        std::path::Path::new(&format!("/proc/{pid}")).exists()
    }

    fn read_line(producer: &mut Producer) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while producer.stdout.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn exit_error_has_status_and_last_line() {
        let mut producer = shell("echo first >&2; printf 'no camera\\n\\n' >&2; exit 3");
        let text = producer.exit_error().to_string();
        assert_eq!(text, "test ended (exit status: 3): no camera");
        let pid = producer.child.id();
        drop(producer);
        assert!(!exists(pid));
    }

    #[test]
    fn drop_ends_the_group_and_reaps() {
        let mut producer = shell("sleep 1000 & echo $!; wait");
        let grandchild: u32 = read_line(&mut producer).parse().unwrap();
        let child = producer.child.id();
        assert!(exists(child) && exists(grandchild));
        drop(producer);
        assert!(!exists(child));
        // Its new parent reaps the grandchild, or it stays behind as a zombie that runs no more.
        let over = || match std::fs::read_to_string(format!("/proc/{grandchild}/stat")) {
            Ok(stat) => stat.contains(") Z").then_some(()),
            Err(_) => Some(()),
        };
        assert_eq!(until(Duration::from_secs(20), over), Some(()));
    }

    #[test]
    fn a_child_that_ignores_sigterm_is_killed() {
        let mut producer = shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
        assert_eq!(read_line(&mut producer), "ready");
        let pid = producer.child.id();
        drop(producer);
        assert!(!exists(pid));
    }

    #[test]
    fn long_lines_are_cut() {
        let mut producer = shell("head -c 50000 /dev/zero | tr '\\0' x >&2; exit 1");
        while producer.stderr().is_some() {
            producer.log_stderr();
            std::thread::yield_now();
        }
        let text = producer.exit_error().to_string();
        assert_eq!(
            text.matches('x').count(),
            MAX_LINE + "exit".matches('x').count()
        );
    }

    #[test]
    fn programs_are_found_in_order_of_their_names() {
        let path = OsStr::new("/nowhere:/bin:/usr/bin");
        let found = find_program(path, &["no-such-program", "sh"]).unwrap();
        assert!(found.ends_with("sh"));
        assert_eq!(find_program(path, &["no-such-program"]), None);
    }
}
