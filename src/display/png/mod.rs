//! PNG files: one that each picture replaces, or a numbered series.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use png::Compression;

use super::{Audience, Sink, SinkOptions, sized};
use crate::files::{self, Durability};
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// A single file is replaced at most this often: SD cards wear, and people look no faster.
const INTERVAL: Duration = Duration::from_millis(500);

/// Writes `picture` to the PNG file `path`, which is either replaced whole or left as it was.
///
/// # Errors
/// The picture has no pixels, `path` is something else than a file, or its folder or disk takes no
/// file.
fn save_png(path: &Path, picture: &Picture) -> Result<()> {
    write_png(path, picture, &mut Vec::new())
}

/// Saves under the first free one of face8x-0001.png, face8x-0002.png ... in the working folder, and
/// returns its path.
///
/// # Errors
/// All of them are taken, or [`save_png`] failed.
pub(crate) fn save_numbered(picture: &Picture) -> Result<PathBuf> {
    let free = (1..10_000)
        .map(|number| PathBuf::from(format!("face8x-{number:04}.png")))
        .find(|path| !path.exists())
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Io,
                "face8x-0001.png to face8x-9999.png exist already",
            )
            .remedy("move them to another folder")
        })?;
    save_png(&free, picture)?;
    Ok(free)
}

/// [`save_png`] with a buffer for the bytes of the pixels, to use again.
fn write_png(path: &Path, picture: &Picture, bytes: &mut Vec<u8>) -> Result<()> {
    if picture.pixels.is_empty() {
        let message = format!("{}: the picture has no pixels", path.display());
        return Err(Error::new(ErrorKind::Picture, message));
    }
    picture.write_rgb(bytes);
    let (width, height) = (picture.width, picture.height);
    files::replace(path, Durability::Process, |file| {
        files::encode_png(file, bytes, (width, height), Compression::Fast)
    })
    .map_err(|error| files::cannot_write(path, error))
}

/// The names of the files: one, or one for each picture.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FileNames {
    Single(PathBuf),
    /// Before the number, its least number of digits, and after it.
    Numbered(String, usize, String),
}

impl FileNames {
    /// A path with `%d` or `%05d` in the name of the file is numbered, as ffmpeg does.
    fn parse(path: &str) -> Result<FileNames> {
        if path.is_empty() {
            return Err(Error::usage("the sink png needs a file").remedy("png:face8x.png"));
        }
        let mut numbers = path.match_indices('%').filter_map(|(at, _)| {
            let digits = path[at + 1..].split_once('d')?.0;
            let width = if digits.is_empty() {
                0
            } else {
                digits.strip_prefix('0')?.parse().ok()?
            };
            (digits.len() <= 3 && width <= 20).then_some((at, at + digits.len() + 2, width))
        });
        let Some((start, end, width)) = numbers.next() else {
            return Ok(FileNames::Single(PathBuf::from(path)));
        };
        if numbers.next().is_some() || path[end..].contains('/') {
            return Err(Error::usage(format!(
                "invalid numbering in \"{path}\": only the file's name may be numbered, and once"
            ))
            .remedy("write it like png:pictures/%05d.png"));
        }
        Ok(FileNames::Numbered(
            path[..start].to_owned(),
            width,
            path[end..].to_owned(),
        ))
    }

    /// The file of picture `number`, counted from 1.
    fn path(&self, number: u64) -> PathBuf {
        match self {
            FileNames::Single(path) => path.clone(),
            FileNames::Numbered(before, width, after) => {
                PathBuf::from(format!("{before}{number:0width$}{after}"))
            }
        }
    }
}

struct Files {
    names: FileNames,
    uri: String,
    size: Option<(u32, u32)>,
    /// Number of the next picture.
    number: u64,
    written: Option<Instant>,
    /// The newest form of the last picture, where it is not on the disk yet.
    pending: Picture,
    is_pending: bool,
    bytes: Vec<u8>,
}

pub(super) fn open(argument: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    let (path, size) = sized(argument);
    let names = FileNames::parse(path)?;
    // Proves now that the folder can be written, before the camera and the model are opened.
    let path = names.path(1);
    if path.exists() && !path.is_file() {
        let message = format!("{} exists and is not a file", path.display());
        return Err(
            Error::new(ErrorKind::Io, message).remedy("name a file, such as png:face8x.png")
        );
    }
    files::check_writable(&path).map_err(|error| files::cannot_write(&path, error))?;
    Ok(Box::new(Files {
        names,
        uri: format!("png:{argument}"),
        size: size.or(options.size),
        number: 1,
        written: None,
        pending: Picture::default(),
        is_pending: false,
        bytes: Vec::new(),
    }))
}

impl Sink for Files {
    fn describe(&self) -> String {
        self.uri.clone()
    }

    fn audience(&self) -> Audience {
        Audience::Nobody
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        let single = matches!(self.names, FileNames::Single(_));
        if single
            && self
                .written
                .is_some_and(|written| written.elapsed() < INTERVAL)
        {
            self.keep(picture);
            return Ok(());
        }
        write_png(&self.names.path(self.number), picture, &mut self.bytes)?;
        self.written = Some(Instant::now());
        self.is_pending = false;
        self.number += 1;
        Ok(())
    }

    /// Files of a series are frames.
    fn redraw(&mut self, picture: &Picture) -> Result<()> {
        match self.names {
            FileNames::Single(_) => self.present(picture),
            FileNames::Numbered(..) => Ok(()),
        }
    }

    fn amend(&mut self, picture: &Picture) -> Result<()> {
        match self.names {
            FileNames::Single(_) => self.present(picture),
            FileNames::Numbered(..) => {
                self.keep(picture);
                Ok(())
            }
        }
    }
}

impl Files {
    /// Keeps the picture for the end.
    fn keep(&mut self, picture: &Picture) {
        self.pending.copy_from(picture);
        self.is_pending = true;
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.is_pending {
            let path = self.names.path(self.number.saturating_sub(1).max(1));
            if let Err(error) = write_png(&path, &self.pending, &mut self.bytes) {
                log::error!("the last picture is lost: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests;
