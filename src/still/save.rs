//! Where pictures are written, under which names, and how: whole or not at all.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use image::RgbImage;
use png::Compression;

use super::canvas::draw_on;
use crate::compose::{Area, mark_picture};
use crate::files::{self, Durability, has_extension};
use crate::photo::is_picture_name;
use crate::{Error, Result};

/// Bytes of a name at most, on nearly every file system (Linux: NAME_MAX).
const MAX_NAME: usize = 255;
/// Names of pictures that are neither read nor written, and would make odd folders.
const OTHER_PICTURES: [&str; 8] = ["avif", "heic", "heif", "jxl", "jp2", "pdf", "svg", "ppm"];

/// The place for the results of a run.
pub(super) struct Outputs {
    /// The folder for results under their pictures' stems, or the one `.png` file.
    place: PathBuf,
    is_file: bool,
    /// Results of this run and the pictures that they belong to.
    taken: HashMap<PathBuf, PathBuf>,
    /// The pictures of this run, which no result may overwrite.
    inputs: HashSet<PathBuf>,
}

impl Outputs {
    /// Makes the folder and tries whether it can be written to.
    ///
    /// # Errors
    /// A usage error where one file is named for several pictures or with another extension than
    /// `.png`; a failure where the folder cannot be made or written to.
    pub(super) fn open(output: &Path, pictures: &[(PathBuf, PathBuf)]) -> Result<Self> {
        let is_file = !output.is_dir() && has_extension(output, &["png"]);
        let is_picture = is_picture_name(output) || has_extension(output, &OTHER_PICTURES);
        if !output.is_dir() && !is_file && is_picture {
            return Err(
                Error::usage(format!("{}: pictures are written as PNG", output.display()))
                    .remedy("name a folder, or a file that ends in .png"),
            );
        }
        if is_file && pictures.len() > 1 {
            return Err(Error::usage(format!(
                "{} pictures cannot be written to one file, {}",
                pictures.len(),
                output.display()
            ))
            .remedy("name a folder"));
        }
        let folder = if is_file { folder_of(output) } else { output };
        probe(folder)?;
        let inputs = pictures
            .iter()
            .filter_map(|(path, _)| path.canonicalize().ok())
            .collect();
        Ok(Outputs {
            place: output.into(),
            is_file,
            taken: HashMap::new(),
            inputs,
        })
    }

    /// The paths for `count` results of the picture `input`: its stem with `.png`, or the file that
    /// was named, numbered from -1 where there are several, in a `subfolder` that is made where there
    /// is none. They are kept for it from now on.
    ///
    /// # Errors
    /// One of them belongs to another picture already, or is itself one of the pictures; the folder
    /// cannot be made.
    pub(super) fn names(
        &mut self,
        input: &Path,
        subfolder: &Path,
        count: usize,
    ) -> Result<Vec<PathBuf>> {
        let (named, extension) = match self.is_file {
            true => (&*self.place, self.place.extension()),
            false => (input, None),
        };
        let stem = named.file_stem().unwrap_or_default();
        let extension = extension.unwrap_or(OsStr::new("png")).to_string_lossy();
        let folder = if self.is_file {
            folder_of(&self.place).to_owned()
        } else {
            self.place.join(subfolder)
        };
        if !subfolder.as_os_str().is_empty() {
            std::fs::create_dir_all(&folder)
                .map_err(|error| files::cannot_write(&folder, error))?;
        }
        let name = |number: usize| {
            let end = match count {
                1 => format!(".{extension}"),
                _ => format!("-{number}.{extension}"),
            };
            folder.join(fitting(stem, &end))
        };
        let names: Vec<PathBuf> = (1..=count).map(name).collect();
        for name in &names {
            if let Some(other) = self.taken.get(name) {
                return Err(Error::other(format!(
                    "{} is already the result of {}",
                    name.display(),
                    other.display()
                ))
                .remedy("rename one of the two pictures, or write them to different folders"));
            }
            if name
                .canonicalize()
                .is_ok_and(|name| self.inputs.contains(&name))
            {
                return Err(Error::other(format!(
                    "its result would overwrite the picture {}",
                    name.display()
                ))
                .remedy("write the results to another folder"));
            }
        }
        self.taken
            .extend(names.iter().map(|name| (name.clone(), input.to_path_buf())));
        Ok(names)
    }
}

/// `stem` with `end` behind it, shortened by whole characters where the name would be too long.
fn fitting(stem: &OsStr, end: &str) -> OsString {
    let bytes = stem.as_bytes();
    let mut length = bytes.len().min(MAX_NAME.saturating_sub(end.len()));
    let is_inside_a_character = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    while length > 0 && is_inside_a_character(length) {
        length -= 1;
    }
    OsString::from_vec([&bytes[..length], end.as_bytes()].concat())
}

/// The folder of a file's path; `.` for a bare name.
fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Makes `folder` and tries whether it takes a file.
fn probe(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| files::check_writable(&folder.join("face8x.png")))
        .map_err(|error| {
            Error::io(format!("cannot write to {}", folder.display()), error)
                .remedy("choose a folder that this user may write to, on a disk with free space")
        })
}

/// Marks what is restored of `picture`, from column `left` on, as a guess.
pub(super) fn mark(picture: &mut RgbImage, left: usize) {
    let (width, height) = picture.dimensions();
    let area = Area::new(left, 0, width as usize - left, height as usize);
    draw_on(picture, |canvas| mark_picture(canvas, area));
}

/// Writes `picture` as PNG to `path`, whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write_png(path: &Path, picture: &RgbImage) -> Result<()> {
    files::replace(path, Durability::Power, |file| {
        files::encode_png(file, picture, picture.dimensions(), Compression::Balanced)
    })
    .map_err(|error| files::cannot_write(path, error))
}
