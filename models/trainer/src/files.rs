//! Reading files with clear errors, and writing them so that a failure leaves the old ones whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use face8x_core::convert::JpegDecoder;
use face8x_core::{Error, ErrorKind, Result, contain};
use image::{ImageFormat, RgbImage};

/// The whole content of a file.
///
/// # Errors
/// Missing, a folder, or unreadable.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| cannot("read", path, &error))
}

/// The pixels of a picture file, as they are stored.
///
/// # Errors
/// Missing, damaged, cut off, or of a kind that is not read; also where a decoder panics.
pub fn picture(path: &Path) -> Result<RgbImage> {
    let bytes = read(path)?;
    let decoded = match image::guess_format(&bytes) {
        // The app's reader, which refuses what its decoder would get wrong.
        Ok(ImageFormat::Jpeg) => JpegDecoder::decode_photograph(&bytes)
            .map(|frame| RgbImage::from_raw(frame.width, frame.height, frame.bytes)),
        _ => other_picture(&bytes).map(Some),
    };
    decoded
        .and_then(|picture| picture.ok_or_else(|| Error::new(ErrorKind::Picture, "no pixels")))
        .map_err(|error| error.context(path.display()))
}

fn other_picture(bytes: &[u8]) -> Result<RgbImage> {
    let decoded = contain(|| image::load_from_memory(bytes));
    let failed = |why: String| Error::new(ErrorKind::Picture, format!("cannot be decoded: {why}"));
    let picture = decoded
        .map_err(failed)?
        .map_err(|error| failed(error.to_string()))?;
    Ok(picture.into_rgb8())
}

/// Writes a file under a temporary name beside it and renames it when it is whole.
///
/// # Errors
/// The disk is full or the folder cannot be written; what stood at `path` before stays.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = Atomic::create(path)?;
    file.write(bytes)?;
    file.finish()
}

/// Makes a folder and those above it where they are missing.
///
/// # Errors
/// A part of the path is a file or cannot be written.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| cannot("make the folder", path, &error))
}

/// `what` failed on `path`.
pub fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let failed = Error::other(format!("cannot {what} {}: {error}", path.display()));
    match error.kind() {
        std::io::ErrorKind::NotFound => failed.remedy("check the path"),
        std::io::ErrorKind::PermissionDenied => failed.remedy("check the file's owner and mode"),
        std::io::ErrorKind::InvalidData => failed.remedy("save it as text in UTF-8"),
        std::io::ErrorKind::StorageFull => {
            failed.remedy("free some space, or write to another disk")
        }
        _ => failed,
    }
}

/// A file in the making: it appears under its name only when [`Atomic::finish`] succeeds.
pub struct Atomic {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
    is_named: bool,
}

impl Atomic {
    /// Starts the file that shall stand at `path`, which may be as long as names can be.
    ///
    /// # Errors
    /// The folder is missing or cannot be written; there is a folder or a device at `path`, which would
    /// be replaced.
    pub fn create(path: &Path) -> Result<Self> {
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            let message = format!("cannot write {}: it is not a regular file", path.display());
            return Err(Error::other(message).remedy("name a file"));
        }
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!(".face8x-train-{}-{number}.part", std::process::id());
        Atomic::through(path, path.with_file_name(name))
    }

    /// The same, under this temporary name.
    fn through(path: &Path, temporary: PathBuf) -> Result<Self> {
        let file = File::create(&temporary).map_err(|e| cannot("write", path, &e))?;
        let file = Some(BufWriter::with_capacity(1 << 20, file));
        Ok(Atomic {
            path: path.to_owned(),
            temporary,
            file,
            is_named: false,
        })
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// The disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.file {
            Some(file) => file
                .write_all(bytes)
                .map_err(|e| cannot("write", &self.path, &e)),
            None => Ok(()),
        }
    }

    /// Flushes everything to the disk and gives the file its name.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(mut self) -> Result<()> {
        if let Some(file) = self.file.take() {
            let file = file
                .into_inner()
                .map_err(|e| cannot("write", &self.path, e.error()))?;
            file.sync_all()
                .map_err(|e| cannot("write", &self.path, &e))?;
            std::fs::rename(&self.temporary, &self.path)
                .map_err(|e| cannot("write", &self.path, &e))?;
        }
        self.is_named = true;
        Ok(())
    }
}

impl Drop for Atomic {
    fn drop(&mut self) {
        self.file = None;
        if !self.is_named {
            // Nothing more can be done about a leftover that cannot be removed.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_the_old_one_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"old").unwrap();
        let mut file = Atomic::create(&path).unwrap();
        file.write(b"new").unwrap();
        drop(file);
        assert_eq!(read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        write(&path, b"new").unwrap();
        assert_eq!(read(&path).unwrap(), b"new");
    }

    /// 255 bytes are the most that a name can have.
    #[test]
    fn the_longest_name_fits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x".repeat(255));
        write(&path, b"new").unwrap();
        assert_eq!(read(&path).unwrap(), b"new");
    }

    #[test]
    fn devices_and_folders_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        for path in [&*fifo, folder.path()] {
            let error = write(path, b"new").unwrap_err();
            assert!(error.to_string().ends_with("not a regular file"), "{error}");
            assert!(error.remedy_text().is_some());
        }
        assert!(!std::fs::metadata(&fifo).unwrap().is_file());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_leaves_the_old_file_whole_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"old").unwrap();
        // What is small is written in `finish`, what is large before it.
        for len in [10, 3 << 20] {
            let temporary = folder.path().join("temporary");
            std::os::unix::fs::symlink("/dev/full", &temporary).unwrap();
            let mut file = Atomic::through(&path, temporary).unwrap();
            let written = file.write(&vec![1; len]).and_then(|()| file.finish());
            let error = written.unwrap_err();
            assert!(error.to_string().contains("/a: "), "{error}");
            assert!(error.remedy_text().unwrap().contains("free some space"));
            assert_eq!(read(&path).unwrap(), b"old");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_is_no_text_has_its_remedy() {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(file.path(), b"weight = \xff").unwrap();
        let error = std::fs::read_to_string(file.path()).unwrap_err();
        let error = cannot("read", file.path(), &error);
        assert!(error.remedy_text().unwrap().contains("UTF-8"), "{error}");
    }

    /// By the app's reader: right pixels or none, frames of webcams too, and no panic.
    #[test]
    fn pictures_are_read_as_the_app_reads_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |name: &str| picture(&root.join(name));
        let whole = read("tests/data/jpeg/without-tables.jpg").unwrap();
        assert_eq!(whole, read("tests/data/jpeg/baseline-422.jpg").unwrap());
        let error = read("tests/data/jpeg/scans-one-each-420.jpg").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("420.jpg: unsupported kind of JPEG"),
            "{error}"
        );
        assert!(
            read("README.md")
                .unwrap_err()
                .to_string()
                .contains("README.md: cannot")
        );
        let panics = root.join("../shared/cases/panic/v417_s_1x1-2x2-2x2.jpg");
        if panics.exists() {
            assert!(picture(&panics).is_err());
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read(Path::new("/nonexistent/x")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/x") && error.remedy_text().is_some());
    }
}
