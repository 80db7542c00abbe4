//! The pictures that the inputs name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::ImageFailure;
use crate::photo::{FolderContents, pictures_in};

/// The pictures of a run.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// Each once, with the subfolder of its results: where it lies below the folder that was named.
    pub pictures: Vec<(PathBuf, PathBuf)>,
    /// Folders without pictures.
    pub failures: Vec<ImageFailure>,
    /// How many files and folders in the folders are not read.
    pub passed_over: usize,
}

/// The pictures of `inputs`: files as they are named, of folders the pictures in them in natural order
/// (`2.jpg` before `10.jpg`; hidden files are skipped), with those of their subfolders where it is
/// `recursive`.
pub(super) fn expand(inputs: &[PathBuf], recursive: bool) -> Inputs {
    let mut found = Inputs::default();
    for input in inputs {
        if !input.is_dir() {
            found.pictures.push((input.clone(), PathBuf::new()));
            continue;
        }
        match pictures_in(input, recursive) {
            Ok(FolderContents {
                pictures,
                passed_over,
            }) => {
                let pictures = pictures.into_iter();
                let below = pictures.map(|picture| {
                    let folder = picture.parent().and_then(|p| p.strip_prefix(input).ok());
                    let folder = folder.unwrap_or(Path::new("")).to_owned();
                    (picture, folder)
                });
                found.pictures.extend(below);
                found.passed_over += passed_over;
            }
            Err(error) => found.failures.push(ImageFailure {
                path: input.clone(),
                error,
            }),
        }
    }
    let mut known = HashSet::new();
    let mut is_new =
        |path: &PathBuf| known.insert(path.canonicalize().unwrap_or_else(|_| path.clone()));
    found.pictures.retain(|(path, _)| is_new(path));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let found = expand(
            &[
                path("b.webp"),
                folder.path().into(),
                path("notes.txt"),
                path("missing.jpg"),
            ],
            false,
        );
        let expected = [
            "b.webp",
            "9.JPEG",
            "10.jpg",
            "a.png",
            "notes.txt",
            "missing.jpg",
        ]
        .map(path);
        let pictures: Vec<_> = found.pictures.iter().map(|(path, _)| path).collect();
        assert_eq!(pictures, expected.each_ref());
        assert!(found.failures.is_empty());
        assert_eq!(found.passed_over, 2, "notes.txt and folder.png");
    }

    #[test]
    fn pictures_of_subfolders_keep_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("2024/may");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join("1.jpg"), "").unwrap();
        std::fs::write(folder.path().join("1.jpg"), "").unwrap();
        let found = expand(&[folder.path().into()], true);
        let places: Vec<_> = found.pictures.iter().map(|(_, place)| place).collect();
        assert_eq!(places, [Path::new(""), Path::new("2024/may")]);
    }

    #[test]
    fn a_folder_without_pictures_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let found = expand(&[folder.path().into()], false);
        assert!(found.pictures.is_empty());
        assert_eq!(found.failures[0].path, folder.path());
        assert!(found.failures[0].error.to_string().contains("no JPEG, PNG"));
    }
}
