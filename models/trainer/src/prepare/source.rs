//! Which pictures there are, where their faces are, and what they are for.
//!
//! | folder | taken as |
//! |---|---|
//! | `img/` and `list_landmarks_celeba.txt` | pictures with five landmarks each |
//! | `img_align_celeba/` | CelebA's official aligned 178x218 pictures |
//! | anything else | a folder of pictures whose faces the default detector finds |
//!
//! `list_eval_partition.txt` (0 train, 1 validation, 2 test) splits them where it exists and must then
//! name them all; otherwise a share is kept apart by name, or by person where there is an
//! `identity_CelebA.txt`.
//!
//! Each list may be a `.csv` file instead, as Kaggle has them. A list's name means the picture of the
//! same stem, whatever its folder, ending, case and leading zeros: CelebA's lists say `000001.jpg` for
//! `img_align_celeba/000001.png`, too.

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

/// What a list says of each picture, by [`key`].
type Rows<T> = HashMap<String, T>;

/// The pictures in `folder`, by name. Of those without a partition file, the share `validation`
/// is kept apart.
///
/// # Errors
/// There are no pictures, a list has lines that cannot be read, or the partition file does not name
/// every picture.
pub fn list(folder: &Path, validation: f64) -> Result<Vec<Item>> {
    let landmarks = list_file(folder, "list_landmarks_celeba");
    let official = folder.join("img_align_celeba");
    let (pictures, rows, unlisted): (PathBuf, Rows<Landmarks>, FaceFrom) = match landmarks {
        Some(list) => (
            folder.join("img"),
            read_landmarks(&list)?,
            FaceFrom::Unknown,
        ),
        None if official.is_dir() => {
            let list = list_file(folder, "list_landmarks_align_celeba");
            let rows = list.map_or_else(|| Ok(Rows::new()), |list| read_landmarks(&list))?;
            (unnested(official), rows, FaceFrom::Official(None))
        }
        None => (folder.to_owned(), Rows::new(), FaceFrom::Detector),
    };
    let is_official = matches!(unlisted, FaceFrom::Official(_));
    let face = |name: &str| match rows.get(&key(name)) {
        Some(&points) if is_official => FaceFrom::Official(Some(points)),
        Some(&points) => FaceFrom::Landmarks(points),
        None => unlisted,
    };
    let entries = std::fs::read_dir(&pictures).map_err(|e| files::cannot("read", &pictures, &e))?;
    let mut items: Vec<Item> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| is_picture(path))
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            Some(Item {
                face: face(&name),
                split: Split::Train,
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
    match list_file(folder, "list_eval_partition") {
        Some(list) => split_by_list(&mut items, &list)?,
        None => split_by_lot(&mut items, folder, validation)?,
    }
    Ok(items)
}

/// The list of this name, with either ending.
fn list_file(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut files = ["txt", "csv"]
        .map(|ending| folder.join(format!("{name}.{ending}")))
        .into_iter();
    files.find(|file| file.is_file())
}

/// Kaggle's archive has a folder of the same name in the folder.
fn unnested(folder: PathBuf) -> PathBuf {
    let inner = folder.join(folder.file_name().unwrap_or_default());
    if inner.is_dir() { inner } else { folder }
}

/// By what pictures and the lines of lists are matched: see the module's documentation.
fn key(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let number = stem.trim_start_matches('0');
    match !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) {
        true => number.to_owned(),
        false => stem.to_lowercase(),
    }
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

/// Splits the pictures as a partition file says.
fn split_by_list(items: &mut [Item], list: &Path) -> Result<()> {
    let rows = read_words(list)?;
    let mut unnamed = Vec::new();
    for item in items.iter_mut() {
        item.split = match rows.get(&key(&item.name)).map(String::as_str) {
            Some("0") => Split::Train,
            Some("1") => Split::Validation,
            Some("2") => Split::Test,
            Some(part) => {
                return Err(Error::other(format!(
                    "{}: {} has the partition \"{part}\"; valid values: 0, 1, 2",
                    list.display(),
                    item.name
                )));
            }
            None => {
                unnamed.push(item.name.clone());
                continue;
            }
        };
    }
    // A picture of the test that is taken for training would go unnoticed.
    match unnamed.first() {
        None => Ok(()),
        Some(first) => Err(Error::other(format!(
            "{} does not name {} of {} pictures (the first: {first})",
            list.display(),
            unnamed.len(),
            items.len()
        ))
        .remedy(
            "add them to the list with 0 (training), 1 (validation) or 2 (test), or move them away",
        )),
    }
}

/// Keeps a share of the pictures, or of the people, apart.
fn split_by_lot(items: &mut [Item], folder: &Path, validation: f64) -> Result<()> {
    let people = match list_file(folder, "identity_CelebA") {
        Some(list) => read_words(&list)?,
        None => Rows::new(),
    };
    for item in items {
        let key = people.get(&key(&item.name)).unwrap_or(&item.name);
        let lot = f64::from(crc32fast::hash(key.as_bytes())) / f64::from(u32::MAX);
        if lot < validation {
            item.split = Split::Validation;
        }
    }
    Ok(())
}

/// Lines of a name and a word.
fn read_words(path: &Path) -> Result<Rows<String>> {
    let mut rows = Rows::new();
    for (number, words) in lines(path, 0)? {
        let Ok([name, word]) = <[String; 2]>::try_from(words) else {
            return Err(bad_line(path, number, "a file name and a number"));
        };
        // `1.jpg` and `000001.jpg` mean the same picture.
        if rows
            .insert(key(&name), word.clone())
            .is_some_and(|before| before != word)
        {
            let wanted = format!("the number that {name} had before");
            return Err(bad_line(path, number, &wanted));
        }
    }
    Ok(rows)
}

/// CelebA's list of landmarks: a count, the columns' names, then a name and ten numbers a line.
fn read_landmarks(path: &Path) -> Result<Rows<Landmarks>> {
    let rows = lines(path, 2)?.into_iter().map(|(number, words)| {
        let (name, numbers) = words.split_first().unzip();
        let numbers: Option<Vec<f32>> = numbers
            .unwrap_or_default()
            .iter()
            .map(|word| word.parse().ok())
            .collect();
        match (name, numbers) {
            (Some(name), Some(n)) if n.len() == 10 && n.iter().all(|v| v.is_finite()) => Ok((
                key(name),
                std::array::from_fn(|k| Point::new(n[2 * k], n[2 * k + 1])),
            )),
            _ => Err(bad_line(path, number, "a file name and ten numbers")),
        }
    });
    rows.collect()
}

/// The words of each line, with its number. `head` lines of a `.txt` file are left out, and the one of a
/// `.csv` file, which names its columns.
fn lines(path: &Path, head: usize) -> Result<Vec<(usize, Vec<String>)>> {
    let text = std::fs::read_to_string(path).map_err(|e| files::cannot("read", path, &e))?;
    let is_csv = path.extension().is_some_and(|e| e == "csv");
    let words = |line: &str| -> Vec<String> {
        let words: Vec<&str> = match is_csv {
            true => line.split(',').map(str::trim).collect(),
            false => line.split_whitespace().collect(),
        };
        words.into_iter().map(str::to_owned).collect()
    };
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .skip(if is_csv { 1 } else { head });
    Ok(lines.map(|(k, line)| (k + 1, words(line))).collect())
}

fn bad_line(path: &Path, number: usize, wanted: &str) -> Error {
    Error::other(format!(
        "{}, line {number}: expected {wanted}",
        path.display()
    ))
    .remedy("copy the list again, or fix the line")
}
