//! Files that the program writes, and how the names of files are ordered.
//!
//! A regular file is replaced whole or stays as it was: its content goes to a temporary file beside
//! it, which then takes its name. What is not a regular file (`/dev/null`, `/dev/stdout`, a named
//! pipe) is written to and never replaced.

use std::cmp::Ordering;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering as Memory};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::Error;

mod png;

pub(crate) use self::png::encode_png;

/// How long a pipe or device may take nothing before a write to it fails.
const STALL_TIMEOUT: Timespec = Timespec {
    tv_sec: 5,
    tv_nsec: 0,
};

/// What a replaced file has to survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of the program.
    Process,
    /// The end of the power: the content is on the disk before the file has its name.
    Power,
}

/// Lets `write` make the content of `path`, which gets it whole or not at all.
///
/// # Errors
/// Those of `write`; `path` is a folder, or its folder or disk takes no file;
/// [`ErrorKind::NotConnected`] where it is a pipe that no program reads from.
pub(crate) fn replace(
    path: &Path,
    durability: Durability,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    match WriteTarget::of(path)? {
        WriteTarget::Stream(file) => fill(file, write).map(drop),
        WriteTarget::Device => fill(Patient(open_device(path)?), write).map(drop),
        WriteTarget::File(path) => {
            let (mut temporary, file) = Temporary::beside(&path)?;
            let file = fill(file, write)?;
            if durability == Durability::Power {
                file.sync_all()?;
            }
            temporary.rename(&path)
        }
    }
}

/// Opens `path` to write to its end; a pipe that takes nothing for a while fails.
///
/// # Errors
/// Those of [`replace`].
pub(crate) fn append(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    Ok(match WriteTarget::of(path)? {
        WriteTarget::Stream(file) => Box::new(file),
        WriteTarget::Device => Box::new(Patient(open_device(path)?)),
        WriteTarget::File(path) => {
            Box::new(OpenOptions::new().append(true).create(true).open(path)?)
        }
    })
}

/// Whether `path` can be written, tried without a change to it: found out at the start, not after
/// minutes of work.
///
/// # Errors
/// Those of [`replace`].
pub(crate) fn check_writable(path: &Path) -> io::Result<()> {
    match WriteTarget::of(path)? {
        WriteTarget::Stream(_) => Ok(()),
        WriteTarget::Device => open_device(path).map(drop),
        WriteTarget::File(path) => Temporary::beside(&path).map(drop),
    }
}

/// Whether [`replace`] replaces `path`, so that writing it again leaves one copy; a pipe or a device
/// would get a second one.
pub(crate) fn is_replaced(path: &Path) -> bool {
    matches!(WriteTarget::of(path), Ok(WriteTarget::File(_)))
}

/// Whether the name ends in one of these extensions, in either case.
pub(crate) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| extensions.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// The error of a file that was not written.
pub(crate) fn cannot_write(path: &Path, error: io::Error) -> Error {
    let remedy = match error.kind() {
        ErrorKind::NotConnected => "start the program that reads from it first, or name a file",
        _ => "choose a folder that exists, may be written to and has room",
    };
    Error::io(format!("cannot write {}", path.display()), error).remedy(remedy)
}

/// What a path leads to.
enum WriteTarget {
    /// A standard stream of this process.
    Stream(File),
    /// Something that is no regular file.
    Device,
    /// A regular file or nothing yet, with links followed.
    File(PathBuf),
}

impl WriteTarget {
    fn of(path: &Path) -> io::Result<WriteTarget> {
        if let Some(stream) = standard_stream(path)? {
            return Ok(WriteTarget::Stream(stream));
        }
        match fs::metadata(path) {
            Ok(found) if found.is_file() => Ok(WriteTarget::File(fs::canonicalize(path)?)),
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(_) => Ok(WriteTarget::Device),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(WriteTarget::File(path.to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

/// The standard stream that a path names. It is not opened by its name: where it is a file, that
/// would begin again at the file's start.
fn standard_stream(path: &Path) -> io::Result<Option<File>> {
    let names = |number: u8, name: &str| {
        path == Path::new(name)
            || path == Path::new(&format!("/dev/fd/{number}"))
            || path == Path::new(&format!("/proc/self/fd/{number}"))
    };
    let stream = if names(1, "/dev/stdout") {
        // What was printed before comes first.
        io::stdout().flush()?;
        rustix::stdio::stdout().try_clone_to_owned()?
    } else if names(2, "/dev/stderr") {
        rustix::stdio::stderr().try_clone_to_owned()?
    } else {
        return Ok(None);
    };
    Ok(Some(File::from(stream)))
}

/// Opens a device or pipe without waiting for the other end of a pipe.
fn open_device(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let opened = OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(path);
    opened.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::NXIO) => io::Error::new(ErrorKind::NotConnected, "no program reads from it"),
        _ => error,
    })
}

fn fill<W: Write>(
    writer: W,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<W> {
    let mut buffered = BufWriter::new(writer);
    // A buffer that is dropped would be written all the same.
    if let Err(error) = write(&mut buffered) {
        drop(buffered.into_parts());
        return Err(error);
    }
    buffered.into_inner().map_err(|error| error.into_error())
}

/// A device or pipe that does not block, and is waited for a while.
struct Patient(File);

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return written,
            }
            let mut fds = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::OUT)];
            if poll(&mut fds, Some(&STALL_TIMEOUT))? == 0 {
                let message = "nothing was taken from it for 5 seconds";
                return Err(io::Error::new(ErrorKind::TimedOut, message));
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A temporary file, removed unless it got its name.
struct Temporary(Option<PathBuf>);

impl Temporary {
    /// A new one in the folder of `path`. Its name does not hold that of `path`, which may be as
    /// long as names can be.
    fn beside(path: &Path) -> io::Result<(Temporary, File)> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if path.file_name().is_none() {
            return Err(ErrorKind::InvalidFilename.into());
        }
        loop {
            let number = NUMBER.fetch_add(1, Memory::Relaxed);
            let name = format!(".face8x-{}-{number}.tmp", std::process::id());
            let temporary = path.with_file_name(name);
            match File::create_new(&temporary) {
                Ok(file) => return Ok((Temporary(Some(temporary)), file)),
                // That of a program with this number which was killed.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn rename(&mut self, path: &Path) -> io::Result<()> {
        if let Some(temporary) = &self.0 {
            fs::rename(temporary, path)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(temporary) = &self.0
            && let Err(error) = fs::remove_file(temporary)
        {
            log::debug!("{}: {error}", temporary.display());
        }
    }
}

/// The order of names as people count: `face9` before `face10`, whatever the case.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
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

#[cfg(test)]
mod tests;
