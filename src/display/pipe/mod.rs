//! Pictures for another program: to a shell command (`pipe:COMMAND`) or to standard output (`-`).
//!
//! They are y4m, or raw RGB where the command says how large they are (`{width}`, `{height}`). All have
//! the size of the first.

mod y4m;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process_group};

use super::raster::Centred;
use super::{Audience, Sink, SinkOptions, UserEvent, no_argument};
use crate::capture::mask_passwords;
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// Bytes that a pipe takes at once where it takes any (pipe(7), PIPE_BUF): standard output blocks.
const PIECE: usize = 4096;
/// How long the other side may read nothing.
const STALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a command may take to end after its input has: a video is finished then.
const END_TIMEOUT: Duration = Duration::from_secs(5);
/// And how long after SIGTERM.
const TERM_TIMEOUT: Duration = Duration::from_millis(300);

/// Where the bytes go.
enum PipeTarget {
    Stdout,
    /// A command, which runs from the first picture on.
    Command(String, Option<Child>),
}

struct Pipe {
    target: PipeTarget,
    fps: u32,
    size: Option<(u32, u32)>,
    /// Whether the pictures are y4m.
    is_y4m: bool,
    began: bool,
    /// Buffers, to use again.
    canvas: Picture,
    bytes: Vec<u8>,
    /// The reader of standard output has left.
    left: bool,
}

/// `pipe:COMMAND`.
pub(super) fn open_command(command: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    if command.trim().is_empty() {
        return Err(Error::usage("the sink pipe needs a command")
            .remedy("write one, such as pipe:'ffmpeg -i - out.mp4'"));
    }
    let is_y4m = !command.contains("{width}");
    Ok(Box::new(Pipe::new(
        PipeTarget::Command(command.to_owned(), None),
        is_y4m,
        options,
    )))
}

/// `-`.
pub(super) fn open_stdout(argument: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    no_argument("-", argument)?;
    let stdout = io::stdout();
    if io::IsTerminal::is_terminal(&stdout) {
        return Err(Error::usage("standard output is a terminal")
            .remedy("pipe it into a program, such as `face8x --sink - | mpv -`"));
    }
    Ok(Box::new(Pipe::new(PipeTarget::Stdout, true, options)))
}

impl Pipe {
    fn new(target: PipeTarget, is_y4m: bool, options: &SinkOptions) -> Pipe {
        Pipe {
            target,
            fps: if options.fps == 0 { 30 } else { options.fps },
            size: options.size,
            is_y4m,
            began: false,
            canvas: Picture::default(),
            bytes: Vec::new(),
            left: false,
        }
    }

    /// Starts the command for pictures of this size; the stream's first bytes.
    fn begin(&mut self, size: (u32, u32)) -> Result<()> {
        if let PipeTarget::Command(command, child) = &mut self.target {
            let text = command
                .replace("{width}", &size.0.to_string())
                .replace("{height}", &size.1.to_string())
                .replace("{fps}", &self.fps.to_string());
            *child = Some(start(&text)?);
        }
        (self.size, self.began) = (Some(size), true);
        if self.is_y4m {
            self.bytes = y4m::header(size, self.fps);
            self.send()?;
        }
        Ok(())
    }

    /// Writes the bytes, waiting for the reader.
    fn send(&mut self) -> Result<()> {
        let written = match &mut self.target {
            PipeTarget::Stdout => write_patiently(rustix::stdio::stdout(), &self.bytes),
            PipeTarget::Command(_, child) => {
                let stdin = child.as_ref().and_then(|child| child.stdin.as_ref());
                stdin.map_or(Ok(()), |stdin| write_patiently(stdin.as_fd(), &self.bytes))
            }
        };
        match (&self.target, written) {
            // The reader has seen enough.
            (PipeTarget::Stdout, Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.left = true;
                Ok(())
            }
            (_, written) => written.map_err(|error| self.failed(error)),
        }
    }

    fn failed(&mut self, error: io::Error) -> Error {
        match &mut self.target {
            PipeTarget::Stdout => Error::io("standard output", error),
            PipeTarget::Command(command, child) => {
                let status = child.take().and_then(|child| end(child, TERM_TIMEOUT));
                let how = match (error.kind(), status) {
                    (io::ErrorKind::BrokenPipe, Some(status)) => format!("ended ({status})"),
                    _ => format!("takes no pictures: {error}"),
                };
                let shown = mask_passwords(command);
                Error::new(ErrorKind::Device, format!("`{shown}` {how}"))
                    .remedy("run the command alone to see what is wrong")
                    .caused_by(error)
            }
        }
    }
}

impl Sink for Pipe {
    fn describe(&self) -> String {
        match &self.target {
            PipeTarget::Stdout => "-".into(),
            PipeTarget::Command(command, _) => format!("pipe:{}", mask_passwords(command)),
        }
    }

    fn audience(&self) -> Audience {
        Audience::Nobody
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        if picture.pixels.is_empty() || self.left {
            return Ok(());
        }
        if !self.began {
            self.begin((picture.width, picture.height))?;
        }
        let (width, height) = self.size.unwrap_or((picture.width, picture.height));
        self.canvas.resize(width, height);
        Centred::new(picture, width, height).copy_to(&mut self.canvas);
        match self.is_y4m {
            true => y4m::frame(&self.canvas, &mut self.bytes),
            false => self.canvas.write_rgb(&mut self.bytes),
        }
        self.send()
    }

    /// The stream is frames.
    fn redraw(&mut self, _: &Picture) -> Result<()> {
        Ok(())
    }

    fn amend(&mut self, _: &Picture) -> Result<()> {
        Ok(())
    }

    fn poll_event(&mut self) -> Option<UserEvent> {
        self.left.then_some(UserEvent::Quit)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if let PipeTarget::Command(command, child) = &mut self.target
            && let Some(child) = child.take()
            && end(child, END_TIMEOUT).is_none()
        {
            log::warn!("`{}` was killed: it did not end", mask_passwords(command));
        }
    }
}

/// Runs the command in a group of its own: a Ctrl-C ends face8x, and the end of its input the command.
fn start(command: &str) -> Result<Child> {
    let failed =
        |error: io::Error| Error::io(format!("cannot run `{}`", mask_passwords(command)), error);
    let child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    if let Some(stdin) = &child.stdin {
        let flags = fcntl_getfl(stdin).map_err(|error| failed(error.into()))?;
        fcntl_setfl(stdin, flags | OFlags::NONBLOCK).map_err(|error| failed(error.into()))?;
    }
    Ok(child)
}

/// Ends a command by the end of its input, and by signals where that does not help; its status, unless
/// it had to be killed.
fn end(mut child: Child, time: Duration) -> Option<std::process::ExitStatus> {
    drop(child.stdin.take());
    let group = Pid::from_child(&child);
    for (signal, time) in [(Signal::TERM, time), (Signal::KILL, TERM_TIMEOUT)] {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Where it has just ended there is nothing to signal.
        let _ = kill_process_group(group, signal);
    }
    let _ = child.wait();
    None
}

/// Writes all of `bytes`, waiting at most [`STALL_TIMEOUT`] for the reader to take some.
fn write_patiently(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let mut fds = [PollFd::from_borrowed_fd(to, PollFlags::OUT)];
        let timeout = rustix::event::Timespec {
            tv_sec: STALL_TIMEOUT.as_secs().cast_signed(),
            tv_nsec: 0,
        };
        if poll(&mut fds, Some(&timeout))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match rustix::io::write(to, &bytes[..bytes.len().min(PIECE)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
