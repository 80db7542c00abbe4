//! Frames from files: a picture, a folder of pictures, an MJPEG file.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::mjpeg::{Split, Splitter};
use super::pace::Pace;
use super::{MAX_PIXELS, MAX_SIDE, ReadError, Source, SourceOptions, check_size};
use crate::frame::{Frame, PixelFormat, monotonic_now};
use crate::{Error, Result};

const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
const MJPEG_STREAMS: [&str; 2] = ["mjpg", "mjpeg"];
/// Bytes read at once from an MJPEG file.
const CHUNK: usize = 256 << 10;

/// `file:PATH`.
pub fn open(path: &str, options: &SourceOptions) -> Result<Box<dyn Source>> {
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    if path.as_os_str().is_empty() {
        return Err(Error::usage("file: without a path"));
    }
    let kind = fs::metadata(path).map_err(|e| unreadable(path, e))?;
    if kind.is_file() && has_extension(path, &MJPEG_STREAMS) {
        return Ok(Box::new(MjpegFile::open(path, options)?));
    }
    let files = if kind.is_dir() {
        pictures_in(path)?
    } else {
        vec![path.to_owned()]
    };
    Ok(Box::new(PictureFiles::open(path, files, options)?))
}

/// Whether the name is that of a file that this source reads.
pub fn is_readable_name(path: &Path) -> bool {
    is_picture_name(path) || has_extension(path, &MJPEG_STREAMS)
}

/// Whether the name is that of a picture: .jpg, .jpeg, .png or .webp in either case.
pub fn is_picture_name(path: &Path) -> bool {
    has_extension(path, &PICTURES)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| extensions.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

fn unreadable(path: &Path, e: impl std::fmt::Display) -> Error {
    Error::new(format!("cannot read {}: {e}", path.display()))
        .remedy("check the path and who may read it")
}

/// The pictures of a folder by their names, in natural order; hidden files are left out.
///
/// # Errors
/// The folder cannot be read, or there is no picture in it.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| unreadable(folder, e))?;
    let mut files: Vec<(String, PathBuf)> = entries
        .flatten()
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .filter(|(name, path)| !name.starts_with('.') && is_picture_name(path) && path.is_file())
        .collect();
    if files.is_empty() {
        return Err(
            Error::new(format!("there is no picture in {}", folder.display())).remedy(format!(
                "pictures are files named {}",
                PICTURES.map(|e| format!(".{e}")).join(", ")
            )),
        );
    }
    files.sort_by(|a, b| natural_order(&a.0, &b.0));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// The order of names as people count: `face9` before `face10`, whatever the case.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (n, m) = (leading_number(&mut left), leading_number(&mut right));
            n.len().cmp(&m.len()).then_with(|| n.cmp(m))
        } else {
            left = &left[x.len_utf8()..];
            right = &right[y.len_utf8()..];
            x.to_lowercase().cmp(y.to_lowercase())
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Takes the digits at the start of `text`; without leading zeros.
fn leading_number<'a>(text: &mut &'a str) -> &'a str {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    number.trim_start_matches('0')
}

/// Decodes a JPEG, PNG or WebP file, told by its first bytes, the right way up (EXIF), as `Rgb3`.
///
/// # Errors
/// The file cannot be read, is no such picture, is damaged, or is larger than [`MAX_SIDE`] or
/// [`MAX_PIXELS`].
pub fn read_picture(path: &Path, frame: &mut Frame) -> Result<()> {
    let reader = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|e| unreadable(path, e))?;
    let picture = decode(reader)
        .map_err(|e| e.context(path.display()))?
        .into_rgb8();
    frame.format = PixelFormat::Rgb3;
    (frame.width, frame.height) = picture.dimensions();
    frame.stride = PixelFormat::Rgb3.min_stride(frame.width);
    frame.bytes = picture.into_raw();
    Ok(())
}

fn decode<R: std::io::BufRead + Seek>(mut reader: ImageReader<R>) -> Result<DynamicImage> {
    let failed = |e: image::ImageError| match e {
        image::ImageError::Limits(_) => Error::new(format!(
            "too large: at most {MAX_SIDE} pixels a side and {} million in all",
            MAX_PIXELS / 1_000_000
        )),
        image::ImageError::Unsupported(_) => Error::new("no JPEG, PNG or WebP picture")
            .remedy("a video file: --source \"pipe:ffmpeg -i FILE -f mjpeg -\""),
        other => Error::new(other.to_string()),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // Four channels, and as much again for the decoder itself.
    limits.max_alloc = Some(MAX_PIXELS * 8);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    // A picture whose EXIF data is damaged is shown as it lies.
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    picture.apply_orientation(orientation);
    Ok(picture)
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
            let error = first_error.unwrap_or_else(|| Error::new("no picture"));
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
            (frame.format, frame.stride) = (only.format, only.stride);
            (frame.width, frame.height) = (only.width, only.height);
            frame.bytes.clear();
            frame.bytes.extend_from_slice(&only.bytes);
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
            return Err(ReadError::Lost(Error::new(format!(
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
    fruitful: bool,
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
            fruitful: false,
        };
        let mut frame = Frame::empty();
        loop {
            match source.read(&mut frame, Duration::ZERO) {
                Ok(()) => break,
                Err(ReadError::Lost(e)) => return Err(e),
                Err(ReadError::End) => {
                    let shown = path.display();
                    return Err(Error::new(format!(
                        "there is no whole JPEG picture in {shown}"
                    )));
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
        self.fruitful = false;
        self.file.rewind()
    }

    /// Puts the next picture into `frame`; false at the end of the file.
    fn next(&mut self, frame: &mut Frame) -> std::result::Result<bool, ReadError> {
        loop {
            match self.splitter.split() {
                Split::Picture(bytes, picture) => {
                    frame.format = PixelFormat::Mjpg;
                    frame.stride = 0;
                    (frame.width, frame.height) = (picture.width, picture.height);
                    frame.bytes.clear();
                    frame.bytes.extend_from_slice(bytes);
                    return Ok(true);
                }
                Split::Dropped(n) => {
                    let what = format!("{n} bytes are no whole JPEG picture");
                    return Err(ReadError::Corrupt(what));
                }
                Split::Hungry => {}
            }
            match self.file.read(self.splitter.room(CHUNK)) {
                Ok(0) => return Ok(false),
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
            let cut_off = self.splitter.pending().len();
            if cut_off > 0 {
                self.splitter.clear();
                let what = format!("the last picture is cut off after {cut_off} bytes");
                return Err(ReadError::Corrupt(what));
            }
            if !self.looped || !self.fruitful {
                return Err(ReadError::End);
            }
            self.rewind()
                .map_err(|e| ReadError::Lost(unreadable(&self.path, e)))?;
        }
        self.fruitful = true;
        frame.timestamp = monotonic_now();
        frame.sequence = self.frames;
        self.frames += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
