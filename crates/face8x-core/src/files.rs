//! Reading files that users name: regular files only, up to a size.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Reads a regular file of at most `most_mb` times 2^20 bytes.
///
/// # Errors
/// Missing or unreadable, not a regular file (a folder, a pipe, a device), or larger.
pub fn read(path: &Path, most_mb: u64) -> Result<Vec<u8>> {
    // The path is checked first: opening a pipe would wait for its writer.
    let found = fs::metadata(path)?;
    if found.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !found.is_file() {
        let what = "it is not a regular file";
        return Err(Error::new(ErrorKind::InvalidInput, what));
    }
    let most = most_mb << 20;
    let mut bytes = Vec::new();
    // The length is checked first, so that a large file is not read for nothing; it may grow meanwhile.
    if found.len() <= most {
        File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    }
    if found.len().max(bytes.len() as u64) > most {
        let what = format!("it is larger than {most_mb} MB");
        return Err(Error::new(ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

/// Reads text, as [`read`] reads bytes.
///
/// # Errors
/// Those of [`read`], or what was read is not UTF-8.
pub fn read_text(path: &Path, most_mb: u64) -> Result<String> {
    let text = String::from_utf8(read(path, most_mb)?);
    text.map_err(|_| Error::new(ErrorKind::InvalidData, "it is not text (UTF-8)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        read(path, 1).unwrap_err().to_string()
    }

    #[test]
    fn only_files_of_a_bearable_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let whole = vec![7; 1 << 20];
        fs::write(&path, &whole).unwrap();
        assert_eq!(read(&path, 1).unwrap(), whole);
        fs::write(&path, vec![7; (1 << 20) + 1]).unwrap();
        assert_eq!(refusal(&path), "it is larger than 1 MB");
        assert_eq!(refusal(folder.path()), "it is a folder");
        assert_eq!(refusal(Path::new("/dev/zero")), "it is not a regular file");
        let missing = read(&folder.path().join("missing"), 1).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn text_must_be_utf_8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "Gesicht, größer").unwrap();
        assert_eq!(read_text(&path, 1).unwrap(), "Gesicht, größer");
        fs::write(&path, b"\xff\xfe").unwrap();
        let error = read_text(&path, 1).unwrap_err();
        assert_eq!(error.to_string(), "it is not text (UTF-8)");
    }
}
