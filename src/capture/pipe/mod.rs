//! Frames from a pipe: standard input, or a command's output.
//!
//! The bytes are an MJPEG stream, plain or as a network camera's multipart answer, or raw frames
//! without padding where [`SourceOptions::format`] says so. Anything else is refused by its name.

mod form;

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::child::{Producer, timespec};
use super::mjpeg::Splitter;
use super::{ReadError, Source, SourceOptions, mask_passwords};
use crate::{Error, Result};
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};

/// Bytes asked of the pipe at once: what a pipe holds by default.
const CHUNK: usize = 64 << 10;
/// Bytes between two pictures that are skipped before a stop is looked for.
const MOST_BETWEEN: usize = 1 << 20;
/// How long a command may take to its first frame; Argus takes some seconds to start a sensor.
const START: Duration = Duration::from_secs(15);
/// How long a command may be silent between frames.
const SILENCE: Duration = Duration::from_secs(2);

/// `pipe:COMMAND`: what a shell command writes.
pub(super) fn open_command(command: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    if command.trim().is_empty() {
        return Err(Error::usage("pipe: without a command")
            .remedy("give one, such as pipe:'ffmpeg -i in.mp4 -f mjpeg -'"));
    }
    let args = [OsString::from("-c"), OsString::from(command)];
    let producer = Producer::start(&format!("`{command}`"), OsStr::new("/bin/sh"), &args)?;
    let name = format!("pipe:{command}");
    Ok(Box::new(PipeSource::new(
        name,
        Input::Child(producer),
        options,
    )?))
}

/// `-`: standard input.
pub(super) fn open_stdin(_: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Error::usage("standard input is a terminal").remedy(
            "pipe frames into face8x, such as `ffmpeg -i in.mp4 -f mjpeg - | face8x --source -`",
        ));
    }
    let fd = stdin
        .as_fd()
        .try_clone_to_owned()
        .map_err(|e| Error::io("cannot read standard input", e))?;
    Ok(Box::new(PipeSource::new(
        "-".into(),
        Input::Stream(fd),
        options,
    )?))
}

/// Where the bytes come from.
pub(super) enum Input {
    /// A stream that can only be read once.
    Stream(OwnedFd),
    /// A command that can be run again.
    Child(Producer),
}

/// What the bytes are.
enum Form {
    /// Not known before the first bytes.
    Unknown,
    Mjpeg,
    /// Raw frames: a partly read one and how much of it there is.
    Raw {
        format: PixelFormat,
        bytes: Vec<u8>,
        filled: usize,
    },
}

/// Frames from a pipe.
pub(super) struct PipeSource {
    name: String,
    input: Input,
    options: SourceOptions,
    form: Form,
    /// An MJPEG stream, and any stream before its form is known.
    splitter: Splitter,
    /// Whether standard error is still open.
    has_stderr: bool,
    ended: bool,
    frames: u64,
    /// Bytes that belong to no picture since the last one.
    between: usize,
}

impl PipeSource {
    /// Reads `input`; `name` is the URI that describes it, shown without its passwords.
    pub(super) fn new(name: String, input: Input, options: &SourceOptions) -> Result<Self> {
        let mut source = PipeSource {
            name: mask_passwords(&name),
            has_stderr: matches!(input, Input::Child(_)),
            input,
            options: options.clone(),
            form: Form::Unknown,
            splitter: Splitter::default(),
            ended: false,
            frames: 0,
            between: 0,
        };
        match options.format {
            None => {}
            Some(PixelFormat::Mjpg) => source.form = Form::Mjpeg,
            Some(format) => source.form = source.raw(format),
        }
        Ok(source)
    }

    fn raw(&self, format: PixelFormat) -> Form {
        let stride = format.min_stride(self.options.width);
        let bytes = vec![0; format.frame_len(stride, self.options.height)];
        Form::Raw {
            format,
            bytes,
            filled: 0,
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.input {
            Input::Stream(fd) => fd.as_fd(),
            Input::Child(producer) => producer.stdout(),
        }
    }

    /// Waits until there are bytes to read (or the end); false when `timeout` is over. Meanwhile
    /// the command's messages go to the log.
    fn wait(&mut self, timeout: Duration) -> std::result::Result<bool, ReadError> {
        let end = monotonic_now().saturating_add(timeout);
        loop {
            let left = timespec(end.saturating_sub(monotonic_now()));
            let (polled, readable, messages) = match &self.input {
                Input::Child(producer) if self.has_stderr => {
                    let (out, err) = (producer.stdout(), producer.stderr());
                    let mut fds = [&out, &err].map(|fd| PollFd::new(fd, PollFlags::IN));
                    let polled = poll(&mut fds, Some(&left));
                    (
                        polled,
                        !fds[0].revents().is_empty(),
                        !fds[1].revents().is_empty(),
                    )
                }
                _ => {
                    let fd = self.fd();
                    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
                    let polled = poll(&mut fds, Some(&left));
                    (polled, !fds[0].revents().is_empty(), false)
                }
            };
            match polled {
                Ok(0) => return Ok(false),
                Ok(_) | Err(Errno::INTR) => {}
                Err(e) => return Err(self.broken(e)),
            }
            if messages && let Input::Child(producer) = &mut self.input {
                self.has_stderr = producer.log_stderr();
            }
            if readable || monotonic_now() >= end {
                return Ok(readable);
            }
        }
    }

    /// Reads what there is, after [`wait`](Self::wait) said that there is something.
    fn fill(&mut self) -> std::result::Result<(), ReadError> {
        let fd = match &self.input {
            Input::Stream(fd) => fd.as_fd(),
            Input::Child(producer) => producer.stdout(),
        };
        let read = match &mut self.form {
            Form::Raw { bytes, filled, .. } => {
                rustix::io::read(fd, &mut bytes[*filled..]).inspect(|n| *filled += n)
            }
            _ => {
                rustix::io::read(fd, self.splitter.room(CHUNK)).inspect(|n| self.splitter.wrote(*n))
            }
        };
        match read {
            Ok(0) => self.ended = true,
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
            Err(e) => return Err(self.broken(e)),
        }
        Ok(())
    }

    fn broken(&self, e: Errno) -> ReadError {
        ReadError::Lost(Error::other(format!(
            "{}: {}",
            self.name,
            std::io::Error::from(e)
        )))
    }

    /// Settles the form by the first bytes, once there are enough of them.
    fn detect(&mut self) -> std::result::Result<(), ReadError> {
        match form::is_mjpeg(self.splitter.pending(), self.ended) {
            None => Ok(()),
            Some(Ok(())) => {
                self.form = Form::Mjpeg;
                log::debug!("{}", self.describe());
                Ok(())
            }
            Some(Err(ReadError::Lost(e))) => Err(ReadError::Lost(e.context(&self.name))),
            Some(Err(ReadError::Unreadable(e))) => {
                Err(ReadError::Unreadable(e.context(&self.name)))
            }
            Some(Err(other)) => Err(other),
        }
    }

    /// The next frame among the bytes that were read; false where more are needed.
    fn cut(&mut self, frame: &mut Frame) -> std::result::Result<bool, ReadError> {
        if matches!(self.form, Form::Unknown) {
            self.detect()?;
        }
        let found = match &self.form {
            Form::Unknown => false,
            Form::Mjpeg => self.cut_mjpeg(frame)?,
            Form::Raw { .. } => self.cut_raw(frame),
        };
        if found {
            frame.timestamp = monotonic_now();
            frame.sequence = self.frames;
            self.frames += 1;
        }
        Ok(found)
    }

    fn cut_mjpeg(&mut self, frame: &mut Frame) -> std::result::Result<bool, ReadError> {
        let mut between = 0;
        if self.splitter.next_frame(frame, &mut between)? {
            return Ok(true);
        }
        self.between += between;
        if self.between > MOST_BETWEEN {
            self.between = 0;
            return Err(ReadError::Timeout);
        }
        Ok(self.ended && self.splitter.last_frame(frame))
    }

    fn cut_raw(&mut self, frame: &mut Frame) -> bool {
        let Form::Raw {
            format,
            bytes,
            filled,
        } = &mut self.form
        else {
            return false;
        };
        if *filled < bytes.len() {
            return false;
        }
        frame.format = *format;
        frame.stride = format.min_stride(self.options.width);
        (frame.width, frame.height) = (self.options.width, self.options.height);
        frame.bytes.resize(bytes.len(), 0);
        std::mem::swap(&mut frame.bytes, bytes);
        *filled = 0;
        true
    }

    /// What to say at the end of the bytes.
    fn exit_error(&mut self) -> ReadError {
        let remains = self.remains();
        match (&mut self.input, remains) {
            (Input::Child(producer), None) => ReadError::Lost(producer.exit_error()),
            (Input::Child(producer), Some(what)) => {
                let error = producer.exit_error();
                let lost = Error::other(format!("{error}; {what}"));
                ReadError::Lost(match what.remedy_text() {
                    Some(remedy) => lost.remedy(remedy),
                    None => lost,
                })
            }
            (Input::Stream(_), Some(what)) => ReadError::Lost(what.context("standard input")),
            (Input::Stream(_), None) => ReadError::End,
        }
    }

    /// What is wrong with the bytes after the last frame. The last picture of an MJPEG stream is
    /// often cut off: that is no error unless it was the only one.
    fn remains(&self) -> Option<Error> {
        let SourceOptions { width, height, .. } = self.options;
        match &self.form {
            Form::Raw {
                format,
                bytes,
                filled,
            } if *filled > 0 => Some(
                Error::other(format!(
                    "{filled} bytes were left of the {} of a {format} frame of {width}x{height}",
                    bytes.len()
                ))
                .remedy(
                    "are --size and --format those of the stream? Programs that use GStreamer pad \
                     rows unless the width is a multiple of 8",
                ),
            ),
            Form::Mjpeg if self.frames == 0 => {
                let error = Error::other("no complete JPEG picture");
                Some(error.remedy("give --format and --size where the frames are raw"))
            }
            _ if self.frames == 0 => Some(Error::other("no data")),
            _ => None,
        }
    }
}

impl Source for PipeSource {
    fn describe(&self) -> String {
        let SourceOptions { width, height, .. } = self.options;
        match &self.form {
            Form::Unknown => self.name.clone(),
            Form::Mjpeg => format!("{} MJPG", self.name),
            Form::Raw { format, .. } => format!("{} {format} {width}x{height}", self.name),
        }
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        let end = monotonic_now().saturating_add(timeout);
        loop {
            if self.cut(frame)? {
                self.between = 0;
                return Ok(());
            }
            if self.ended {
                return Err(self.exit_error());
            }
            if !self.wait(end.saturating_sub(monotonic_now()))? {
                return Err(ReadError::Timeout);
            }
            self.fill()?;
        }
    }

    fn stall_timeout(&self) -> Option<Duration> {
        match self.input {
            Input::Stream(_) => None,
            Input::Child(_) if self.frames == 0 => Some(START),
            Input::Child(_) => Some(SILENCE),
        }
    }
}

#[cfg(test)]
mod tests;
