//! The pictures that the inputs name.

use std::collections::HashSet;
use std::path::PathBuf;

use super::Failure;
use crate::photo::pictures_in;

/// The pictures of `inputs`: files as they are named, of folders the pictures directly in them in
/// natural order (`2.jpg` before `10.jpg`; hidden files and other extensions are skipped),
/// each picture once. Folders without pictures are failures.
pub(super) fn expand(inputs: &[PathBuf]) -> (Vec<PathBuf>, Vec<Failure>) {
    let (mut pictures, mut failures) = (Vec::new(), Vec::new());
    for input in inputs {
        if !input.is_dir() {
            pictures.push(input.clone());
            continue;
        }
        match pictures_in(input) {
            Ok(found) => pictures.extend(found),
            Err(error) => failures.push(Failure {
                path: input.clone(),
                error,
            }),
        }
    }
    let mut known = HashSet::new();
    pictures.retain(|path| known.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    (pictures, failures)
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
