//! Where pictures are written, under which names, and how: whole or not at all.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use image::RgbImage;
use png::Compression;

use super::canvas::draw_on;
use crate::compose::{Area, mark_picture};
use crate::files::{self, Durability};
use crate::photo::is_picture_name;
use crate::{Error, Result};

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
        let extension = output
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let is_file = !output.is_dir() && extension == "png";
        if !output.is_dir() && !is_file && is_picture_name(output) {
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

    /// The paths for `count` results of the picture `input`: its stem with `.png`, numbered from
    /// -1 where there are several, in a `subfolder` that is made where there is none. They are kept
    /// for it from now on.
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
        let stem = if self.is_file {
            self.place.file_stem()
        } else {
            input.file_stem()
        };
        let stem = stem.unwrap_or_default();
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
            let mut name = stem.to_os_string();
            if count > 1 {
                name.push(format!("-{number}"));
            }
            name.push(".png");
            folder.join(name)
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
