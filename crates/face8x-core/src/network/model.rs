//! Model files: the embedded one and its checksum, and a careful read of the user's.

use std::io::ErrorKind;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Error, Result, files};

/// The model that comes with the program: `models/face8x.onnx` (see `models/MODEL_CARD.md`).
pub const EMBEDDED_MODEL: &[u8] = include_bytes!("../../../../models/face8x.onnx");

/// `sha256sum -c` lines of every file that is embedded.
pub(crate) const SHA256SUMS: &str = include_str!("../../../../models/SHA256SUMS");

/// Larger files are refused unread: the largest network of this kind has 40 MB.
const MAX_MB: u64 = 64;

/// The SHA-256 of the embedded model, in hexadecimal, after comparison with `models/SHA256SUMS`.
///
/// # Errors
/// They differ: the program file is damaged or was built of mixed parts.
pub fn model_checksum() -> Result<String> {
    verify_checksum("face8x.onnx", EMBEDDED_MODEL, SHA256SUMS)
}

/// The SHA-256 of `bytes` in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
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
        .ok_or_else(|| Error::other(format!("SHA256SUMS has no line for {file}")))?;
    let found = sha256(bytes);
    if found != expected {
        return Err(Error::other(format!(
            "{file} is damaged: its SHA-256 is {found}, it should be {expected}"
        ))
        .remedy("install face8x again"));
    }
    Ok(found)
}

/// Reads the user's model file, of at most 64 MB; `option` is where it was named, such as `--model`.
///
/// # Errors
/// Missing, unreadable, a directory or anything else that is not a file, empty, or too large.
pub fn read_file(path: &Path, option: &str) -> Result<Vec<u8>> {
    let shown = path.display();
    let bytes = files::read(path, MAX_MB).map_err(|error| {
        let failed = Error::other(format!("cannot read the model {shown}: {error}"));
        match error.kind() {
            ErrorKind::NotFound => failed.remedy(format!(
                "check the path after {option}, or leave it out: face8x has a model of its own"
            )),
            ErrorKind::PermissionDenied => {
                failed.remedy(format!("let this user read it: chmod a+r {shown}"))
            }
            ErrorKind::FileTooLarge => {
                failed.remedy("face8x runs networks made for small boards; use a smaller one")
            }
            _ => failed.remedy(format!("name an .onnx file after {option}")),
        }
    })?;
    if bytes.is_empty() {
        return Err(Error::other(format!("the model {shown} is empty"))
            .remedy("copy the file again; its download or copy did not finish"));
    }
    Ok(bytes)
}
