//! Which files of a folder are photographs, and in which order.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::formats::{LONGEST_START, known_format, raw_format};
use super::{FROM_VIDEO, READ};
use crate::files::{has_extension, natural_order};
use crate::{Error, Result};
use face8x_core::ErrorKind;

/// Names of files that are read.
const EXTENSIONS: [&str; 11] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "qoi",
];

/// What a folder holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FolderContents {
    /// The pictures, each as its path.
    pub pictures: Vec<PathBuf>,
    /// How many files and folders are no pictures, or not read.
    pub passed_over: usize,
}

/// Whether the name is that of a picture: .jpg, .png, .tiff and others, in either case.
pub(crate) fn is_picture_name(path: &Path) -> bool {
    has_extension(path, &EXTENSIONS)
}

/// The pictures of a folder by their names, in natural order; with those of its subfolders where it is
/// `recursive`. Hidden files are left out. Everything else that is passed over is counted and named in
/// the log, with what reads it.
///
/// # Errors
/// The folder cannot be read, or there is no picture in it.
pub(crate) fn pictures_in(folder: &Path, recursive: bool) -> Result<FolderContents> {
    let mut walk = FolderWalk {
        recursive,
        ..FolderWalk::default()
    };
    walk.enter(folder)
        .map_err(|e| Error::io("cannot be read", e).remedy("check the path and who may read it"))?;
    let passed_over = walk.passed_over.values().map(Vec::len).sum();
    for (kind, paths) in &walk.passed_over {
        log::warn!("{}: {}", folder.display(), kind.line(folder, paths));
    }
    if walk.pictures.is_empty() {
        let message = format!("holds no {READ} picture");
        let remedy = format!(
            "files named {} are read",
            EXTENSIONS.map(|e| format!(".{e}")).join(", ")
        );
        return Err(Error::new(ErrorKind::Picture, message).remedy(remedy));
    }
    Ok(FolderContents {
        pictures: walk.pictures,
        passed_over,
    })
}

/// Why something is passed over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum PassedKind {
    /// A picture of this format, and what converts it.
    Picture(&'static str, &'static str),
    /// A video of this format.
    Video(&'static str),
    Other,
    Folder,
    Unreadable(String),
}

impl PassedKind {
    /// That of a file which is not named as a picture.
    fn of(path: &Path) -> PassedKind {
        let mut start = Vec::new();
        let read = File::open(path)
            .and_then(|file| file.take(LONGEST_START as u64).read_to_end(&mut start));
        if let Err(error) = read {
            return PassedKind::Unreadable(error.to_string());
        }
        match raw_format(path).or_else(|| known_format(&start)) {
            Some(format) => match format.converter {
                Some(converter) => PassedKind::Picture(format.name, converter),
                None => PassedKind::Video(format.name),
            },
            None => PassedKind::Other,
        }
    }

    /// How many of this kind there are in `folder`, which, and what to do about it.
    fn line(&self, folder: &Path, paths: &[PathBuf]) -> String {
        let count = paths.len();
        let s = if count == 1 { "" } else { "s" };
        let (what, remedy) = match self {
            PassedKind::Picture(name, converter) => (
                format!("{name} file{s}"),
                format!("; to convert one: {converter}"),
            ),
            PassedKind::Video("HTML") => (format!("HTML file{s}"), String::new()),
            PassedKind::Video(name) => (format!("{name} file{s}"), format!("; {FROM_VIDEO}")),
            PassedKind::Other => (format!("other file{s}"), String::new()),
            PassedKind::Folder => (
                format!("folder{s}"),
                "; `face8x image --recursive` reads folders in folders".into(),
            ),
            PassedKind::Unreadable(why) => (format!("unreadable file{s} ({why})"), String::new()),
        };
        let names = paths.iter().map(|path| {
            let name = path.strip_prefix(folder).unwrap_or(path);
            name.display().to_string()
        });
        let names = names.collect::<Vec<_>>().join(", ");
        format!("passed over {count} {what}: {names}{remedy}")
    }
}

/// The way through a folder.
#[derive(Default)]
struct FolderWalk {
    recursive: bool,
    pictures: Vec<PathBuf>,
    passed_over: BTreeMap<PassedKind, Vec<PathBuf>>,
}

impl FolderWalk {
    fn enter(&mut self, folder: &Path) -> std::io::Result<()> {
        let mut names: Vec<String> = fs::read_dir(folder)?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort_by(|a, b| natural_order(a, b));
        for name in names {
            self.visit(folder.join(name));
        }
        Ok(())
    }

    fn visit(&mut self, path: PathBuf) {
        let kind = if path.is_dir() {
            // A link may lead back up.
            if self.recursive && !path.is_symlink() {
                match self.enter(&path) {
                    Ok(()) => return,
                    Err(error) => PassedKind::Unreadable(error.to_string()),
                }
            } else {
                PassedKind::Folder
            }
        } else if !path.is_file() {
            PassedKind::Other
        } else if is_picture_name(&path) {
            return self.pictures.push(path);
        } else {
            PassedKind::of(&path)
        };
        self.passed_over.entry(kind).or_default().push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    #[test]
    fn subfolders_are_read_where_they_are_asked_for() {
        let folder = folder(&[
            ("10.jpg", b""),
            ("9.TIFF", b""),
            ("a/2.jfif", b""),
            ("a/3.JPE", b""),
            ("a/b/1.gif", b""),
            ("a/.hidden/1.gif", b""),
            ("notes.txt", b"text"),
        ]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        let names = |recursive| {
            let found = pictures_in(folder.path(), recursive).unwrap();
            let names = found.pictures.iter().map(|path| {
                let path = path.strip_prefix(folder.path()).unwrap();
                path.to_str().unwrap().to_owned()
            });
            (names.collect::<Vec<_>>(), found.passed_over)
        };
        let (flat, deep) = (names(false), names(true));
        assert_eq!((flat.0.join(" "), flat.1), ("9.TIFF 10.jpg".into(), 2));
        // The notes and the link.
        let expected = "9.TIFF 10.jpg a/2.jfif a/3.JPE a/b/1.gif";
        assert_eq!((deep.0.join(" "), deep.1), (expected.into(), 2));
    }

    #[test]
    fn what_is_passed_over_is_counted_named_and_explained() {
        let folder = folder(&[
            ("IMG_2.heic", b"\0\0\0\x18ftypheic\0\0\0\0"),
            ("IMG_10.HEIC", b"\0\0\0\x18ftypmif1\0\0\0\0"),
            ("b.avif", b"\0\0\0\x18ftypavif\0\0\0\0"),
            ("c.nef", b"MM\0*"),
            ("d.mp4", b"\0\0\0\x18ftypisom\0\0\0\0"),
            ("e.txt", b"hello"),
            ("sub/f.png", b""),
        ]);
        let mut walk = FolderWalk::default();
        walk.enter(folder.path()).unwrap();
        let lines = walk.passed_over.iter();
        let lines: Vec<String> = lines
            .map(|(kind, paths)| kind.line(folder.path(), paths))
            .collect();
        let lines = lines.join("\n");
        for line in [
            "passed over 2 HEIC files: IMG_2.heic, IMG_10.HEIC; to convert one: heif-convert FILE",
            "passed over 1 AVIF file: b.avif; to convert one: avifdec FILE",
            "passed over 1 raw file: c.nef; to convert one: darktable-cli FILE",
            "passed over 1 MP4 file: d.mp4; name it as a source: `face8x --source FILE` plays it through ffmpeg",
            "passed over 1 other file: e.txt",
            "passed over 1 folder: sub; `face8x image --recursive`",
        ] {
            assert!(lines.contains(line), "{line}: {lines}");
        }
        let error = pictures_in(folder.path(), false).unwrap_err();
        assert!(error.to_string().contains("holds no JPEG"), "{error}");
        assert!(error.remedy_text().unwrap().contains(".qoi"));
    }
}
