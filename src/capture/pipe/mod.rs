//! Frames from a pipe: standard input, or a command's output.
//!
//! The bytes are an MJPEG stream, plain or as a network camera's multipart answer, YUV4MPEG2, or raw
//! frames without padding where [`SourceOptions::format`] says so. Anything else is refused by its name.

mod end;
mod form;
mod input;
mod rows;
mod y4m;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;

use self::form::StreamKind;
pub(super) use self::input::Input;
use self::rows::Judge;
use self::y4m::Y4m;
use super::child::Producer;
use super::mjpeg::Splitter;
use super::pace::Pace;
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

/// A file that holds a stream.
pub(super) fn open_file(
    path: &Path,
    file: File,
    options: &SourceOptions,
) -> Result<Box<dyn Source>> {
    let name = format!("file:{}", path.display());
    let source = PipeSource::new(name, Input::Stream(file.into()), options)?;
    Ok(Box::new(source))
}

/// What the bytes are.
enum StreamFormat {
    /// Not known before the first bytes.
    Unknown,
    Mjpeg,
    Y4m(Y4m, Pace),
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
    form: StreamFormat,
    /// An MJPEG or y4m stream, and any stream before its form is known.
    splitter: Splitter,
    ended: bool,
    /// Whether the command's end is that of the source, and it is not run again.
    has_end: bool,
    frames: u64,
    judge: Judge,
    /// Bytes that belong to no picture since the last one.
    between: usize,
}

impl PipeSource {
    /// Reads `input`; `name` is the URI that describes it, shown without its passwords.
    pub(super) fn new(name: String, input: Input, options: &SourceOptions) -> Result<Self> {
        let mut source = PipeSource {
            name: mask_passwords(&name),
            input,
            options: options.clone(),
            form: StreamFormat::Unknown,
            splitter: Splitter::default(),
            ended: false,
            has_end: false,
            frames: 0,
            judge: Judge::default(),
            between: 0,
        };
        match options.format {
            None => {}
            Some(PixelFormat::Mjpg) => source.form = StreamFormat::Mjpeg,
            Some(format) => source.form = source.raw(format),
        }
        Ok(source)
    }

    /// This source, whose command ends with the last frame.
    pub(super) fn with_end(self) -> Self {
        PipeSource {
            has_end: true,
            ..self
        }
    }

    fn raw(&self, format: PixelFormat) -> StreamFormat {
        let stride = format.min_stride(self.options.width);
        let bytes = vec![0; format.frame_len(stride, self.options.height)];
        StreamFormat::Raw {
            format,
            bytes,
            filled: 0,
        }
    }

    /// Reads what there is, after a wait said that there is something.
    fn fill(&mut self) -> std::result::Result<(), ReadError> {
        let room = match &mut self.form {
            StreamFormat::Raw { bytes, filled, .. } => &mut bytes[*filled..],
            _ => self.splitter.room(CHUNK),
        };
        let Some(read) = self.input.read(room).map_err(|e| self.broken(e))? else {
            return Ok(());
        };
        self.ended = read == 0;
        match &mut self.form {
            StreamFormat::Raw { filled, .. } => *filled += read,
            _ => self.splitter.wrote(read),
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
        self.form = match form::kind(self.splitter.pending(), self.ended) {
            None => return Ok(()),
            Some(Ok(StreamKind::Mjpeg)) => StreamFormat::Mjpeg,
            Some(Ok(StreamKind::Y4m)) => match self.begin_y4m()? {
                Some(form) => form,
                None => return Ok(()),
            },
            Some(Err(ReadError::Lost(e))) => return Err(ReadError::Lost(e.context(&self.name))),
            Some(Err(ReadError::Unreadable(e))) => return Err(self.unreadable(e)),
            Some(Err(other)) => return Err(other),
        };
        log::debug!("{}", self.describe());
        Ok(())
    }

    fn unreadable(&self, e: Error) -> ReadError {
        ReadError::Unreadable(e.context(&self.name))
    }

    fn begin_y4m(&mut self) -> std::result::Result<Option<StreamFormat>, ReadError> {
        let began = Y4m::begin(self.splitter.pending()).map_err(|e| self.unreadable(e))?;
        let Some((stream, used)) = began else {
            return Ok(None);
        };
        self.splitter.skip(used);
        let pace = stream.pace(self.options.fps);
        Ok(Some(StreamFormat::Y4m(stream, pace)))
    }

    /// The next frame among the bytes that were read; false where more are needed. One that is not
    /// due before `end` is a timeout.
    fn cut(&mut self, frame: &mut Frame, end: Duration) -> std::result::Result<bool, ReadError> {
        if matches!(self.form, StreamFormat::Unknown) {
            self.detect()?;
        }
        let found = match &self.form {
            StreamFormat::Unknown => false,
            StreamFormat::Mjpeg => self.cut_mjpeg(frame)?,
            StreamFormat::Y4m(..) => self.cut_y4m(frame, end)?,
            StreamFormat::Raw { .. } => self.cut_raw(frame),
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

    fn cut_y4m(
        &mut self,
        frame: &mut Frame,
        end: Duration,
    ) -> std::result::Result<bool, ReadError> {
        let StreamFormat::Y4m(stream, pace) = &mut self.form else {
            return Ok(false);
        };
        let pending = self.splitter.pending();
        let next = stream.next(pending);
        let y4m::Next::Frame(start, len) =
            next.map_err(|e| ReadError::Unreadable(e.context(&self.name)))?
        else {
            return Ok(false);
        };
        if !pace.wait(end.saturating_sub(monotonic_now())) {
            return Err(ReadError::Timeout);
        }
        stream.fill(&pending[start..start + len], frame);
        self.splitter.skip(start + len);
        Ok(true)
    }

    fn cut_raw(&mut self, frame: &mut Frame) -> bool {
        let StreamFormat::Raw {
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
        self.judge.look(frame, &self.name);
        true
    }

    /// Begins a file again that is to be played in a loop.
    fn rewind(&mut self) -> bool {
        let again = self.options.looped && self.frames > 0 && self.input.rewind();
        if again {
            self.splitter.clear();
            self.ended = false;
            if !matches!(self.form, StreamFormat::Raw { .. }) {
                self.form = StreamFormat::Unknown;
            }
        }
        again
    }
}

impl Source for PipeSource {
    fn describe(&self) -> String {
        let SourceOptions { width, height, .. } = self.options;
        match &self.form {
            StreamFormat::Unknown => self.name.clone(),
            StreamFormat::Mjpeg => format!("{} MJPG", self.name),
            StreamFormat::Y4m(stream, _) => format!("{} {stream}", self.name),
            StreamFormat::Raw { format, .. } => format!("{} {format} {width}x{height}", self.name),
        }
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        let end = monotonic_now().saturating_add(timeout);
        loop {
            if self.cut(frame, end)? {
                self.between = 0;
                return Ok(());
            }
            if self.ended {
                match self.exit_error() {
                    ReadError::End if self.rewind() => continue,
                    error => return Err(error),
                }
            }
            let left = end.saturating_sub(monotonic_now());
            if !self.input.wait(left).map_err(|e| self.broken(e))? {
                return Err(ReadError::Timeout);
            }
            self.fill()?;
        }
    }

    fn stall_timeout(&self) -> Option<Duration> {
        match self.input {
            Input::Stream(_) => None,
            Input::Child(_) if self.has_end => None,
            Input::Child(_) if self.frames == 0 => Some(START),
            Input::Child(_) => Some(SILENCE),
        }
    }
}

#[cfg(test)]
mod tests;
