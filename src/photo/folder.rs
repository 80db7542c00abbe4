//! Which files of a folder are photographs, and in which order.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Whether the name is that of a picture: .jpg, .jpeg, .png or .webp in either case.
pub fn is_picture_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// The pictures of a folder by their names, in natural order; hidden files are left out.
///
/// # Errors
/// The folder cannot be read, or there is no picture in it.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| {
        Error::other(format!("cannot be read: {e}")).remedy("check the path and who may read it")
    })?;
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
            Error::other("holds no JPEG, PNG or WebP picture").remedy(format!(
                "pictures are files named {}",
                EXTENSIONS.map(|e| format!(".{e}")).join(", ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let sorted = [
            "a.png",
            "a1.png",
            "A2.png",
            "a02b.png",
            "a10.0.png",
            "a10.png",
            "b.png",
            "b99999999999999999999.png",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(natural_order(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }
}
