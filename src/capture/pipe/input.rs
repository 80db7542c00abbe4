//! Where the bytes of a pipe come from.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{SeekFrom, seek};
use rustix::io::{Errno, Result};

use crate::capture::child::{Producer, timespec};
use face8x_core::frame::monotonic_now;

/// Something to read bytes from.
pub(in crate::capture) enum Input {
    /// A stream that can only be read once, or a file.
    Stream(OwnedFd),
    /// A command that can be run again.
    Child(Producer),
}

impl Input {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Input::Stream(fd) => fd.as_fd(),
            Input::Child(producer) => producer.stdout(),
        }
    }

    /// Waits until there are bytes to read (or the end); false when `timeout` is over. Meanwhile the
    /// command's messages go to the log.
    pub(super) fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let end = monotonic_now().saturating_add(timeout);
        loop {
            let left = timespec(end.saturating_sub(monotonic_now()));
            let out = self.fd();
            let messages = match &*self {
                Input::Child(producer) => producer.stderr(),
                Input::Stream(_) => None,
            };
            let mut fds = [out, messages.unwrap_or(out)]
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            let watched = 1 + usize::from(messages.is_some());
            match poll(&mut fds[..watched], Some(&left)) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                // A signal says nothing about the bytes: even without time left they are looked for.
                Err(Errno::INTR) => continue,
                Err(e) => return Err(e),
            }
            let [readable, has_messages] = fds.map(|fd| !fd.revents().is_empty());
            if has_messages && let Input::Child(producer) = self {
                producer.log_stderr();
            }
            if readable || monotonic_now() >= end {
                return Ok(readable);
            }
        }
    }

    /// Reads what there is, after [`wait`](Self::wait) said that there is something; 0 at the end.
    /// `None` where it was nothing after all.
    pub(super) fn read(&self, bytes: &mut [u8]) -> Result<Option<usize>> {
        match rustix::io::read(self.fd(), bytes) {
            Ok(read) => Ok(Some(read)),
            Err(Errno::INTR | Errno::AGAIN) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Begins a file again; false where that cannot be.
    pub(super) fn rewind(&mut self) -> bool {
        match self {
            Input::Stream(fd) => seek(fd, SeekFrom::Start(0)).is_ok(),
            Input::Child(_) => false,
        }
    }
}
