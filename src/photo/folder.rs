//! Which files of a folder are photographs, and in which order.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::natural_order;
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
