//! Reading small files of `/proc` and `/sys` that may be missing, strange or endless.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;

use rustix::fs::OFlags;

use crate::files::natural_order;

/// More than `/proc/cpuinfo` of a machine with 64 cores.
const LIMIT: u64 = 256 * 1024;

/// The text of the file `path` below `root` without white space and NULs at its ends; `None` where
/// it is missing, unreadable or empty. Bytes that are not UTF-8 are replaced.
pub(crate) fn text(root: &Path, path: &str) -> Option<String> {
    // Non-blocking, so that a FIFO where a file was expected does not hang the program.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(root.join(path))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// The first line of the file, fit to be printed: control characters are left out.
pub(crate) fn line(root: &Path, path: &str) -> Option<String> {
    let text = text(root, path)?;
    let line: String = text
        .lines()
        .next()?
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    (!line.is_empty()).then_some(line)
}

/// The number that is all there is in the file.
pub(crate) fn number<T: FromStr>(root: &Path, path: &str) -> Option<T> {
    text(root, path)?.parse().ok()
}

/// The number of bytes after `label` in text such as `MemTotal:  3884360 kB`.
pub(super) fn kilobytes(text: &str, label: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The names in a folder that begin with `prefix`, in natural order (`a9` before `a10`); none where
/// the folder cannot be read.
pub(crate) fn names(folder: &Path, prefix: &str) -> Vec<String> {
    let Ok(listing) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = listing
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort_by(|a, b| natural_order(a, b));
    names
}

/// The paths (relative to `root`) of what lies in the folder and is called `prefix` and a number,
/// in the order of the numbers.
pub(crate) fn entries(root: &Path, folder: &str, prefix: &str) -> Vec<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    names(&root.join(folder), prefix)
        .iter()
        .filter(|name| is_number(&name[prefix.len()..]))
        .map(|name| format!("{folder}/{name}"))
        .collect()
}
