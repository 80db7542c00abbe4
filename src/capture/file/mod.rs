//! Frames from files: a picture, a folder of pictures, an MJPEG or y4m file, any other video.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mjpeg::Splitter;
use super::pace::Pace;
use super::{ReadError, Source, SourceOptions, ffmpeg, pipe};
use crate::files::has_extension;
use crate::photo::{self, is_picture_name, pictures_in};
use crate::{Error, Result};
use face8x_core::frame::{Frame, PixelFormat, monotonic_now};

const MJPEG_STREAMS: [&str; 2] = ["mjpg", "mjpeg"];
const Y4M_STREAMS: [&str; 1] = ["y4m"];
/// Names of raw frames, whose format and size no file says.
const RAW_STREAMS: [&str; 6] = ["yuv", "raw", "nv12", "yuyv", "i420", "rgb"];
/// Bytes read at once from an MJPEG file.
const CHUNK: usize = 256 << 10;

/// `file:PATH`.
pub(crate) fn open(path: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    if path.as_os_str().is_empty() {
        return Err(Error::usage("file: without a path"));
    }
    let kind = fs::metadata(path).map_err(|e| unreadable(path, e))?;
    if kind.is_file() && has_extension(path, &MJPEG_STREAMS) {
        return Ok(Box::new(MjpegFile::open(path, options)?));
    }
    if kind.is_file() && has_extension(path, &Y4M_STREAMS) {
        let file = File::open(path).map_err(|e| unreadable(path, e))?;
        let options = SourceOptions {
            format: None,
            ..options.clone()
        };
        return pipe::open_file(path, file, &options);
    }
    if kind.is_file() && ffmpeg::is_video_name(path) {
        return ffmpeg::open_file(path, options);
    }
    if kind.is_file() && has_extension(path, &RAW_STREAMS) {
        let error = Error::other(format!("{} holds raw frames", path.display()));
        return Err(error.remedy(
            "say what they are, on standard input: \
             face8x --source - --format YU12 --size 640x480 <FILE",
        ));
    }
    let files = if kind.is_dir() {
        pictures_in(path, false)
            .map_err(|e| named(path, &e))?
            .pictures
    } else {
        vec![path.to_owned()]
    };
    Ok(Box::new(PictureFiles::open(path, files, options)?))
}

/// Whether the name is that of a file that this source reads.
pub(crate) fn is_readable_name(path: &Path) -> bool {
    is_picture_name(path)
        || has_extension(path, &MJPEG_STREAMS)
        || has_extension(path, &Y4M_STREAMS)
        || ffmpeg::is_video_name(path)
}

/// An error that does not name its file, with the name.
fn named(path: &Path, error: &Error) -> Error {
    let named = Error::other(format!("{} {error}", path.display()));
    match error.remedy_text() {
        Some(remedy) => named.remedy(remedy),
        None => named,
    }
}

fn unreadable(path: &Path, e: impl std::fmt::Display) -> Error {
    Error::other(format!("cannot read {}: {e}", path.display()))
        .remedy("check the path and who may read it")
}

/// Decodes a picture file, told by its first bytes, the right way up (EXIF), as `Rgb3`.
///
/// # Errors
/// As [`photo::load`], with the file's name.
pub(crate) fn read_picture(path: &Path, frame: &mut Frame) -> Result<()> {
    let picture = photo::load(path).map_err(|e| named(path, &e))?;
    frame.format = PixelFormat::Rgb3;
    (frame.width, frame.height) = picture.dimensions();
    frame.stride = PixelFormat::Rgb3.min_stride(frame.width);
    frame.bytes = picture.into_raw();
    // A camera has worked on what is stored in a file.
    frame.processed = true;
    Ok(())
}

/// One or more picture files, decoded one after the other.
struct PictureFiles {
    name: String,
    files: Vec<PathBuf>,
    next: usize,
    /// The decoded picture where there is but one, so that a loop decodes once.
    only: Option<Frame>,
    pace: Pace,
    looped: bool,
    frames: u64,
}

impl PictureFiles {
    fn open(path: &Path, files: Vec<PathBuf>, options: &SourceOptions) -> Result<Self> {
        let mut frame = Frame::empty();
        let mut first_error = None;
        let readable = files
            .iter()
            .any(|file| match read_picture(file, &mut frame) {
                Ok(()) => true,
                Err(e) => {
                    first_error.get_or_insert(e);
                    false
                }
            });
        if !readable {
            let error = first_error.unwrap_or_else(|| Error::other("no picture"));
            return Err(match files.len() {
                1 => error,
                n => error.context(format!("none of the {n} pictures can be read; the first")),
            });
        }
        Ok(PictureFiles {
            name: format!("file:{}", path.display()),
            only: (files.len() == 1).then_some(frame),
            files,
            next: 0,
            pace: Pace::new(options.fps),
            looped: options.looped,
            frames: 0,
        })
    }

    fn load(&mut self, frame: &mut Frame) -> std::result::Result<(), ReadError> {
        if let Some(only) = &self.only {
            frame.copy_from(only);
        } else if let Err(e) = read_picture(&self.files[self.next], frame) {
            // A broken file is reported once, not in every round.
            log::warn!("skipped: {e}");
            self.files.remove(self.next);
            return Err(ReadError::Corrupt(e.to_string()));
        }
        self.next += 1;
        Ok(())
    }
}

impl Source for PictureFiles {
    fn describe(&self) -> String {
        match self.files.len() {
            1 => self.name.clone(),
            n => format!("{} ({n} pictures)", self.name),
        }
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        if self.files.is_empty() {
            return Err(ReadError::Lost(Error::other(format!(
                "{}: no picture is left",
                self.name
            ))));
        }
        if self.next >= self.files.len() {
            if !self.looped {
                return Err(ReadError::End);
            }
            self.next = 0;
        }
        if !self.pace.wait(timeout) {
            return Err(ReadError::Timeout);
        }
        self.load(frame)?;
        frame.timestamp = monotonic_now();
        frame.sequence = self.frames;
        self.frames += 1;
        Ok(())
    }
}

/// JPEG pictures one after the other in a file.
struct MjpegFile {
    path: PathBuf,
    file: File,
    splitter: Splitter,
    pace: Pace,
    looped: bool,
    frames: u64,
    /// Whether this round gave a frame.
    has_frames: bool,
}

impl MjpegFile {
    fn open(path: &Path, options: &SourceOptions) -> Result<Self> {
        let file = File::open(path).map_err(|e| unreadable(path, e))?;
        let mut source = MjpegFile {
            path: path.to_owned(),
            file,
            splitter: Splitter::default(),
            pace: Pace::new(0),
            looped: false,
            frames: 0,
            has_frames: false,
        };
        let mut frame = Frame::empty();
        loop {
            match source.read(&mut frame, Duration::ZERO) {
                Ok(()) => break,
                Err(ReadError::Lost(e) | ReadError::Unreadable(e)) => return Err(e),
                Err(ReadError::End) => {
                    let shown = path.display();
                    let error = Error::other(format!("no complete JPEG picture in {shown}"));
                    return Err(error.remedy("make it of a video: ffmpeg -i VIDEO -f mjpeg FILE"));
                }
                Err(ReadError::Corrupt(_) | ReadError::Timeout) => {}
            }
        }
        source.rewind().map_err(|e| unreadable(path, e))?;
        Ok(MjpegFile {
            pace: Pace::new(options.fps),
            looped: options.looped,
            frames: 0,
            ..source
        })
    }

    fn rewind(&mut self) -> std::io::Result<()> {
        self.splitter.clear();
        self.has_frames = false;
        self.file.rewind()
    }

    /// Puts the next picture into `frame`; false at the end of the file.
    fn next(&mut self, frame: &mut Frame) -> std::result::Result<bool, ReadError> {
        loop {
            if self.splitter.next_frame(frame, &mut 0)? {
                return Ok(true);
            }
            match self.file.read(self.splitter.room(CHUNK)) {
                Ok(0) => return Ok(self.splitter.last_frame(frame)),
                Ok(n) => self.splitter.wrote(n),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(ReadError::Lost(unreadable(&self.path, e))),
            }
        }
    }
}

impl Source for MjpegFile {
    fn describe(&self) -> String {
        format!("file:{} MJPG", self.path.display())
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        if !self.pace.wait(timeout) {
            return Err(ReadError::Timeout);
        }
        while !self.next(frame)? {
            let pending = self.splitter.pending();
            let (begins, cut_off) = (pending.starts_with(&[0xff, 0xd8]), pending.len());
            self.splitter.clear();
            if begins {
                let what = format!("the last picture is incomplete: {cut_off} bytes");
                return Err(ReadError::Corrupt(what));
            }
            if !self.looped || !self.has_frames {
                return Err(ReadError::End);
            }
            self.rewind()
                .map_err(|e| ReadError::Lost(unreadable(&self.path, e)))?;
        }
        self.has_frames = true;
        frame.timestamp = monotonic_now();
        frame.sequence = self.frames;
        self.frames += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
