//! What files and streams that are not read begin with, so that they can be named.

use std::path::Path;

use crate::files::has_extension;

/// A format that is known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileFormat {
    /// Its name, such as "H.264".
    pub name: &'static str,
    /// The command that makes a picture of it that is read; `None` of what is no still picture.
    pub converter: Option<&'static str>,
}

/// How many bytes [`known_format`] looks at.
pub(crate) const LONGEST_START: usize = 12;

/// What converts most pictures.
pub(super) const MAGICK: &str = "convert FILE OUT.png (Debian: imagemagick)";
const HEIF: &str = "heif-convert FILE OUT.jpg (Debian: libheif-examples)";
const AVIF: &str = "avifdec FILE OUT.png (Debian: libavif-bin)";
const JXL: &str = "djxl FILE OUT.png (Debian: libjxl-tools)";
const J2K: &str = "opj_decompress -i FILE -o OUT.png (Debian: libopenjp2-tools)";
const PDF: &str = "pdftoppm -png FILE OUT (Debian: poppler-utils)";
const SVG: &str = "rsvg-convert -o OUT.png FILE (Debian: librsvg2-bin)";
const RAW: &str = "darktable-cli FILE OUT.jpg (Debian: darktable)";

/// Name, converter of a still picture, offset, and the bytes there. The first that fits counts.
#[rustfmt::skip]
const STARTS: &[(&str, Option<&str>, usize, &[u8])] = &[
    ("PNG", Some(MAGICK), 0, b"\x89PNG"),
    ("GIF", Some(MAGICK), 0, b"GIF8"),
    ("WebP", Some(MAGICK), 8, b"WEBP"),
    ("BMP", Some(MAGICK), 0, b"BM"),
    ("Canon raw", Some(RAW), 0, b"II*\0\x10\0\0\0CR"),
    ("TIFF", Some(MAGICK), 0, b"II*\0"),
    ("TIFF", Some(MAGICK), 0, b"MM\0*"),
    ("QOI", Some(MAGICK), 0, b"qoif"),
    ("HEIC", Some(HEIF), 4, b"ftyphei"),
    ("HEIC", Some(HEIF), 4, b"ftyphev"),
    ("HEIC", Some(HEIF), 4, b"ftypmif1"),
    ("AVIF", Some(AVIF), 4, b"ftypavi"),
    ("JPEG XL", Some(JXL), 4, b"JXL "),
    ("JPEG XL", Some(JXL), 0, b"\xff\x0a"),
    ("JPEG 2000", Some(J2K), 4, b"jP  "),
    ("JPEG 2000", Some(J2K), 0, b"\xff\x4f\xff\x51"),
    ("PDF", Some(PDF), 0, b"%PDF"),
    ("Photoshop", Some(MAGICK), 0, b"8BPS"),
    ("SVG", Some(SVG), 0, b"<svg"),
    ("MP4", None, 4, b"ftyp"),
    ("MP4", None, 4, b"moov"),
    ("MP4", None, 4, b"styp"),
    ("AVI", None, 8, b"AVI "),
    ("Matroska or WebM", None, 0, b"\x1a\x45\xdf\xa3"),
    ("FLV", None, 0, b"FLV\x01"),
    ("Ogg", None, 0, b"OggS"),
    ("MPEG", None, 0, b"\0\0\x01\xba"),
    ("MPEG", None, 0, b"\0\0\x01\xb3"),
    ("MPEG-4 video", None, 0, b"\0\0\x01\xb0"),
    ("H.265", None, 0, b"\0\0\x01\x40"),
    ("H.265", None, 0, b"\0\0\x01\x46"),
    ("H.265", None, 0, b"\0\0\0\x01\x40"),
    ("H.265", None, 0, b"\0\0\0\x01\x46"),
    ("H.264", None, 0, b"\0\0\0\x01"),
    ("H.264", None, 0, b"\0\0\x01"),
    ("MPEG-TS", None, 0, b"G\x40"),
    ("MPEG-TS", None, 0, b"G\x41"),
    ("IVF", None, 0, b"DKIF"),
    ("ASF or WMV", None, 0, b"\x30\x26\xb2\x75"),
    ("NUT", None, 0, b"nut/multimed"),
    ("HTML", None, 0, b"<!DOCTYPE"),
    ("HTML", None, 0, b"<!doctype"),
    ("HTML", None, 0, b"<html"),
];

/// Cameras' own formats, many of which begin as TIFF does.
const RAW_EXTENSIONS: [&str; 8] = ["arw", "cr2", "cr3", "dng", "nef", "orf", "raf", "rw2"];

/// The format whose files begin like `bytes`; `None` where no known one does.
pub(crate) fn known_format(bytes: &[u8]) -> Option<FileFormat> {
    let fits = |&&(.., at, start): &&(&str, Option<&str>, usize, &[u8])| {
        bytes
            .get(at..)
            .is_some_and(|bytes| bytes.starts_with(start))
    };
    let &(name, converter, ..) = STARTS.iter().find(fits)?;
    Some(FileFormat { name, converter })
}

/// The format of a camera's own file, by its name's extension.
pub(super) fn raw_format(path: &Path) -> Option<FileFormat> {
    has_extension(path, &RAW_EXTENSIONS).then_some(FileFormat {
        name: "raw",
        converter: Some(RAW),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_is_known_and_none_hides_another() {
        for (name, converter, at, start) in STARTS {
            let bytes = [&vec![b'?'; *at][..], start].concat();
            assert!(bytes.len() <= LONGEST_START);
            let (name, converter) = (*name, *converter);
            assert_eq!(known_format(&bytes), Some(FileFormat { name, converter }));
        }
        for unknown in [&b""[..], b"\xff\xd8\xff", b"raw pixels here", &[128; 16]] {
            assert_eq!(known_format(unknown), None);
        }
    }
}
