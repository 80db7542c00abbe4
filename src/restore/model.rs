//! Model files: the embedded one and its checksum, and a careful read of the user's.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The model that comes with the program: `models/face8x.onnx` (see `models/MODEL_CARD.md`).
pub const EMBEDDED_MODEL: &[u8] = include_bytes!("../../models/face8x.onnx");

/// `sha256sum -c` lines of every file that is embedded.
pub(super) const SHA256SUMS: &str = include_str!("../../models/SHA256SUMS");

/// Larger files are refused unread: the largest network of this kind has 40 MB.
const MAX_BYTES: u64 = 64 << 20;

/// The SHA-256 of the embedded model, in hexadecimal, after comparison with `models/SHA256SUMS`.
///
/// # Errors
/// They differ: the program file is damaged or was built of mixed parts.
pub fn model_checksum() -> Result<String> {
    verify_checksum("face8x.onnx", EMBEDDED_MODEL, SHA256SUMS)
}

/// The SHA-256 of `bytes` in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares the SHA-256 of `bytes` with the line of `file` in `sums`, which has the form of
/// `sha256sum`'s output, and gives it in hexadecimal.
///
/// # Errors
/// They differ, or `sums` has no line for `file`.
pub fn verify_checksum(file: &str, bytes: &[u8], sums: &str) -> Result<String> {
    let expected = sums
        .lines()
        .filter_map(|line| line.split_once("  "))
        .find_map(|(sum, name)| (name == file).then_some(sum))
        .ok_or_else(|| Error::new(format!("SHA256SUMS has no line for {file}")))?;
    let found = sha256(bytes);
    if found != expected {
        return Err(Error::new(format!(
            "{file} is damaged: its SHA-256 is {found}, it should be {expected}"
        ))
        .remedy("install face8x again"));
    }
    Ok(found)
}

/// Reads a model file of the user's, at most 64 MB.
///
/// # Errors
/// Missing, unreadable, a directory or another thing that is not a file, empty, or too large.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let no_file = |error: std::io::Error| {
        let failed = Error::new(format!("cannot read the model {shown}: {error}"));
        match error.kind() {
            std::io::ErrorKind::NotFound => failed
                .remedy("check the path after --model, or leave it out for the embedded model"),
            std::io::ErrorKind::PermissionDenied => {
                failed.remedy(format!("let this user read it: chmod a+r {shown}"))
            }
            _ => failed,
        }
    };
    // Asked of the path first: opening a pipe would wait for its writer.
    let found = std::fs::metadata(path).map_err(no_file)?;
    if !found.is_file() {
        let kind = if found.is_dir() {
            "a folder"
        } else {
            "not a regular file"
        };
        return Err(Error::new(format!("the model {shown} is {kind}"))
            .remedy("name an .onnx file after --model"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(no_file)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(no_file)?;
    if bytes.is_empty() {
        return Err(Error::new(format!("the model {shown} is empty"))
            .remedy("copy the file again; its download or copy did not finish"));
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(
            Error::new(format!("the model {shown} is larger than 64 MB"))
                .remedy("face8x runs networks made for small boards; use a smaller one"),
        );
    }
    Ok(bytes)
}
