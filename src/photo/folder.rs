//! Which files of a folder are photographs, and in which order.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::natural_order;
use crate::{Error, Result};
use face8x_core::ErrorKind;

/// Names of files that are read.
const EXTENSIONS: [&str; 6] = ["jpg", "jpeg", "jpe", "jfif", "png", "webp"];
/// Names of what is passed over that stand in the log.
const MOST_NAMES: usize = 8;

/// Whether the name is that of a picture: .jpg, .jpeg, .jpe, .jfif, .png or .webp in either case.
pub(crate) fn is_picture_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

/// The pictures of a folder by their names, in natural order; hidden files are left out. What else
/// is passed over is counted and named in the log.
///
/// # Errors
/// The folder cannot be read, or there is no picture in it.
pub(crate) fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .map_err(|e| Error::io("cannot be read", e).remedy("check the path and who may read it"))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_by(|a, b| natural_order(a, b));
    let is_picture = |name: &String| {
        let path = folder.join(name);
        is_picture_name(&path) && path.is_file()
    };
    let (pictures, others): (Vec<_>, Vec<_>) = names.into_iter().partition(is_picture);
    let others = passed_over(&others);
    if pictures.is_empty() {
        let message = match others {
            Some(others) => format!("holds no JPEG, PNG or WebP picture, only {others}"),
            None => "holds no JPEG, PNG or WebP picture".into(),
        };
        return Err(Error::new(ErrorKind::Picture, message).remedy(remedy()));
    }
    if let Some(others) = others {
        log::warn!("{}: passed over {others}: {}", folder.display(), remedy());
    }
    Ok(pictures.into_iter().map(|name| folder.join(name)).collect())
}

/// How many files and folders are passed over, and the first of their names.
fn passed_over(names: &[String]) -> Option<String> {
    let listed = names.iter().take(MOST_NAMES).map(String::as_str);
    let listed = listed.collect::<Vec<_>>().join(", ");
    let more = if names.len() > MOST_NAMES {
        ", ..."
    } else {
        ""
    };
    match names.len() {
        0 => None,
        1 => Some(format!("1 file or folder ({listed})")),
        n => Some(format!("{n} files and folders ({listed}{more})")),
    }
}

/// What is read of a folder, and what to do about the rest.
fn remedy() -> String {
    format!(
        "files named {} are read; convert others (ImageMagick: convert FILE OUT.png), name subfolders",
        EXTENSIONS.map(|e| format!(".{e}")).join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_over_is_counted_and_named() {
        let names = |n: usize| (1..=n).map(|i| format!("{i}.heic")).collect::<Vec<_>>();
        assert_eq!(passed_over(&names(0)), None);
        assert_eq!(passed_over(&names(1)).unwrap(), "1 file or folder (1.heic)");
        let many = passed_over(&names(9)).unwrap();
        assert!(
            many.starts_with("9 files and folders (1.heic, 2.heic"),
            "{many}"
        );
        assert!(many.ends_with("8.heic, ...)"), "{many}");
    }
}
