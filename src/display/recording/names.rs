//! The names of a recording's files, and which of them are deleted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::avi;
use crate::{Error, Result, files};

/// Digits of a number, at least.
const DIGITS: usize = 5;
/// Where in a file of ours its sign lies.
const SIGN_WITHIN: u64 = 1024;

/// FILE, or FILE with a number before its extension: `door-00001.avi`.
#[derive(Debug)]
pub(super) struct RecordingNames {
    path: PathBuf,
    folder: PathBuf,
    stem: String,
    extension: String,
    /// Whether the first file has a number too.
    is_numbered: bool,
}

impl RecordingNames {
    /// Those of `path`, whose extension is `extension` where it has none.
    ///
    /// # Errors
    /// A usage error where it names no file.
    pub(super) fn new(path: &str, extension: &str, is_numbered: bool) -> Result<RecordingNames> {
        let given = Path::new(path);
        let stem = given.file_stem().and_then(|stem| stem.to_str());
        let Some(stem) = stem.filter(|_| !path.ends_with('/')) else {
            let what = format!("the sink {extension} needs a file");
            return Err(Error::usage(what)
                .remedy(format!("name one, such as {extension}:door.{extension}")));
        };
        let own = given.extension().and_then(|own| own.to_str());
        let folder = given.parent().filter(|folder| *folder != Path::new(""));
        Ok(RecordingNames {
            path: given.with_extension(own.unwrap_or(extension)),
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            stem: stem.to_owned(),
            extension: own.unwrap_or(extension).to_owned(),
            is_numbered,
        })
    }

    /// Whether the folder takes files, found out at the start.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn check(&self) -> Result<()> {
        files::check_writable(&self.path).map_err(|error| files::cannot_write(&self.path, error))
    }

    /// Makes the next file; none is ever replaced.
    ///
    /// # Errors
    /// The folder takes no file.
    pub(super) fn create(&self) -> io::Result<(PathBuf, File)> {
        let create = |path: PathBuf| {
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)?;
            Ok((path, file))
        };
        let exists = |made: &io::Result<_>| matches!(made, Err(error) if error.kind() == io::ErrorKind::AlreadyExists);
        if !self.is_numbered {
            let made = create(self.path.clone());
            if !exists(&made) {
                return made;
            }
        }
        let mut number = self.numbered()?.last().map_or(0, |(number, _)| *number);
        loop {
            number += 1;
            let name = format!("{}-{number:0DIGITS$}.{}", self.stem, self.extension);
            let made = create(self.folder.join(name));
            if !exists(&made) {
                return made;
            }
        }
    }

    /// Deletes the oldest files of this recording, but not `current`, until all of them together are
    /// no larger than `keep` bytes. What another program wrote stays, whatever its name.
    ///
    /// # Errors
    /// The folder cannot be read, or one of them not be deleted.
    pub(super) fn delete_oldest(&self, keep: u64, current: &Path) -> io::Result<()> {
        let files = self.numbered()?;
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |found| found.len());
        let mut total: u64 = files.iter().map(|(_, path)| size(path)).sum();
        for (_, path) in files.iter().filter(|(_, path)| path != current) {
            if total <= keep {
                break;
            }
            if is_ours(path) {
                let bytes = size(path);
                fs::remove_file(path)?;
                log::debug!("deleted {}", path.display());
                total -= bytes;
            }
        }
        Ok(())
    }

    /// The numbered files in their order.
    fn numbered(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| self.number(name));
            if let Some(number) = number.filter(|_| entry.file_type().is_ok_and(|t| t.is_file())) {
                found.push((number, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The number in a name that this recording would give.
    fn number(&self, name: &str) -> Option<u64> {
        let digits = name
            .strip_prefix(&self.stem)?
            .strip_prefix('-')?
            .strip_suffix(&self.extension)?
            .strip_suffix('.')?;
        let is_number = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    }
}

/// Whether the file has our sign.
fn is_ours(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SIGN_WITHIN).read_to_end(&mut start));
    read.is_ok() && start.windows(avi::NAME.len()).any(|part| part == avi::NAME)
}
