//! Which pictures are meant.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::Error;

/// Extensions of the pictures that are taken from a folder.
const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// The pictures of `inputs`: files as they are named, of folders the pictures directly in them in
/// natural order (`2.jpg` before `10.jpg`; hidden files and other extensions are passed over),
/// each picture once. Folders that give none are failures.
pub(super) fn expand(inputs: &[PathBuf]) -> (Vec<PathBuf>, Vec<Failure>) {
    let (mut pictures, mut failures) = (Vec::new(), Vec::new());
    for input in inputs {
        if !input.is_dir() {
            pictures.push(input.clone());
            continue;
        }
        match list(input) {
            Ok(found) => pictures.extend(found),
            Err(error) => failures.push(Failure {
                path: input.clone(),
                error,
            }),
        }
    }
    let mut seen = HashSet::new();
    pictures.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    (pictures, failures)
}

fn list(folder: &Path) -> crate::Result<Vec<PathBuf>> {
    let unreadable = |error| Error::new(format!("cannot read the folder: {error}"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_picture(&path) && !path.is_dir() {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(Error::new("the folder holds no JPEG, PNG or WebP picture")
            .remedy("folders inside it are not searched: name them, or the files"));
    }
    found.sort_by(|a, b| natural_order(&file_name(a), &file_name(b)));
    Ok(found)
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    !file_name(path).starts_with('.') && extension.is_some_and(|e| EXTENSIONS.contains(&&*e))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Compares names with the numbers in them taken as numbers, and case only where nothing else
/// differs.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    while let (Some(first_a), Some(first_b)) = (rest_a.chars().next(), rest_b.chars().next()) {
        let order = if first_a.is_ascii_digit() && first_b.is_ascii_digit() {
            let (m, n) = (take_number(&mut rest_a), take_number(&mut rest_b));
            m.len().cmp(&n.len()).then_with(|| m.cmp(n))
        } else {
            rest_a = &rest_a[first_a.len_utf8()..];
            rest_b = &rest_b[first_b.len_utf8()..];
            first_a.to_lowercase().cmp(first_b.to_lowercase())
        };
        if order.is_ne() {
            return order;
        }
    }
    rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b))
}

/// Takes the digits at the beginning of `text` off it and gives them without leading zeros.
fn take_number<'a>(text: &mut &'a str) -> &'a str {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
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

    #[test]
    fn a_folder_gives_its_pictures_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [
            "10.jpg",
            "9.JPEG",
            "b.webp",
            "notes.txt",
            ".hidden.png",
            "a.png",
        ] {
            std::fs::write(path(name), "").unwrap();
        }
        std::fs::create_dir(path("folder.png")).unwrap();
        let (pictures, failures) = expand(&[
            path("b.webp"),
            folder.path().into(),
            path("notes.txt"),
            path("missing.jpg"),
        ]);
        let expected = [
            "b.webp",
            "9.JPEG",
            "10.jpg",
            "a.png",
            "notes.txt",
            "missing.jpg",
        ]
        .map(path);
        assert_eq!(pictures, expected);
        assert!(failures.is_empty());
    }

    #[test]
    fn a_folder_without_pictures_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let (pictures, failures) = expand(&[folder.path().into()]);
        assert!(pictures.is_empty());
        assert_eq!(failures[0].path, folder.path());
        assert!(
            failures[0]
                .error
                .to_string()
                .contains("no JPEG, PNG or WebP")
        );
    }
}
