//! Which pictures there are, where their faces are, and what they are for.
//!
//! | folder | taken as |
//! |---|---|
//! | `img/` and `list_landmarks_celeba.txt` | pictures with five landmarks each |
//! | `img_align_celeba/` | CelebA's official aligned 178x218 pictures |
//! | anything else | a folder of pictures whose faces the default detector finds |
//!
//! `list_eval_partition.txt` (0 train, 1 validation, 2 test) splits them where it exists;
//! otherwise a share is kept apart by name, or by person where there is an `identity_CelebA.txt`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use face8x_core::geometry::{Landmarks, Point};
use face8x_core::{Error, Result};

use crate::dataset::Split;
use crate::files;

/// How a picture's face is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaceFrom {
    /// By five points in the picture.
    Landmarks(Landmarks),
    /// The picture is CelebA's aligned form; the points in it, where a list has them.
    Official(Option<Landmarks>),
    /// The list has no line for it.
    Unknown,
    /// By the default detector.
    Detector,
}

/// One picture of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub name: String,
    pub path: PathBuf,
    pub face: FaceFrom,
    pub split: Split,
}

/// What a list says of a picture's name.
type ByName<T> = Box<dyn Fn(&str) -> T>;

/// The pictures in `folder`, by name. Of those without a partition file, the share `validation`
/// is kept apart.
///
/// # Errors
/// There are no pictures, or a list has lines that cannot be read.
pub fn list(folder: &Path, validation: f64) -> Result<Vec<Item>> {
    let landmarks = folder.join("list_landmarks_celeba.txt");
    let official = folder.join("img_align_celeba");
    let (pictures, faces): (PathBuf, ByName<FaceFrom>) = if landmarks.is_file() {
        let rows = read_landmarks(&landmarks)?;
        let face = move |name: &str| {
            rows.get(name)
                .map_or(FaceFrom::Unknown, |&l| FaceFrom::Landmarks(l))
        };
        (folder.join("img"), Box::new(face))
    } else if official.is_dir() {
        let list = folder.join("list_landmarks_align_celeba.txt");
        let rows = if list.is_file() {
            read_landmarks(&list)?
        } else {
            HashMap::new()
        };
        (
            official,
            Box::new(move |name: &str| FaceFrom::Official(rows.get(name).copied())),
        )
    } else {
        (folder.to_owned(), Box::new(|_: &str| FaceFrom::Detector))
    };
    let split = splitter(folder, validation)?;
    let entries = std::fs::read_dir(&pictures).map_err(|e| files::cannot("read", &pictures, &e))?;
    let mut items: Vec<Item> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| is_picture(path))
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            Some(Item {
                face: faces(&name),
                split: split(&name),
                path,
                name,
            })
        })
        .collect();
    items.sort_by(|a, b| a.name.cmp(&b.name));
    if items.is_empty() {
        return Err(Error::other(format!("there are no pictures in {}", pictures.display()))
            .remedy("name a folder with .jpg, .png or .webp pictures, or with CelebA's `img` folder and lists"));
    }
    Ok(items)
}

fn is_picture(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    ["jpg", "jpeg", "png", "webp"]
        .iter()
        .any(|e| extension.eq_ignore_ascii_case(e))
}

/// Says of a name what the picture is for.
fn splitter(folder: &Path, validation: f64) -> Result<ByName<Split>> {
    let partition = folder.join("list_eval_partition.txt");
    if partition.is_file() {
        let rows = read_pairs(&partition)?;
        if let Some((name, part)) = rows
            .iter()
            .find(|(_, part)| !["0", "1", "2"].contains(&part.as_str()))
        {
            return Err(Error::other(format!(
                "{}: {name} has the partition {part}, not 0, 1 or 2",
                partition.display()
            )));
        }
        return Ok(Box::new(move |name| {
            match rows.get(name).map(String::as_str) {
                Some("1") => Split::Validation,
                Some("2") => Split::Test,
                _ => Split::Train,
            }
        }));
    }
    let identity = folder.join("identity_CelebA.txt");
    let people = if identity.is_file() {
        read_pairs(&identity)?
    } else {
        HashMap::new()
    };
    Ok(Box::new(move |name| {
        let key = people.get(name).map_or(name, String::as_str);
        let lot = f64::from(crc32fast::hash(key.as_bytes())) / f64::from(u32::MAX);
        if lot < validation {
            Split::Validation
        } else {
            Split::Train
        }
    }))
}

/// Lines of a name and a word.
fn read_pairs(path: &Path) -> Result<HashMap<String, String>> {
    let rows = lines(path)?.into_iter().map(|(number, line)| {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(name), Some(word), None) => Ok((name.to_owned(), word.to_owned())),
            _ => Err(bad_line(path, number, "a file name and a number")),
        }
    });
    rows.collect()
}

/// CelebA's list of landmarks: a count, the columns' names, then a name and ten numbers a line.
fn read_landmarks(path: &Path) -> Result<HashMap<String, Landmarks>> {
    let rows = lines(path)?.into_iter().skip(2).map(|(number, line)| {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        let numbers: Option<Vec<f32>> = words.map(|word| word.parse().ok()).collect();
        match numbers {
            Some(n) if n.len() == 10 && n.iter().all(|v| v.is_finite()) => Ok((
                name,
                std::array::from_fn(|k| Point::new(n[2 * k], n[2 * k + 1])),
            )),
            _ => Err(bad_line(path, number, "a file name and ten numbers")),
        }
    });
    rows.collect()
}

fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let text = std::fs::read_to_string(path).map_err(|e| files::cannot("read", path, &e))?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    Ok(lines.map(|(k, line)| (k + 1, line.to_owned())).collect())
}

fn bad_line(path: &Path, number: usize, wanted: &str) -> Error {
    Error::other(format!(
        "{}, line {number}: expected {wanted}",
        path.display()
    ))
    .remedy("copy the list again, or fix the line")
}
