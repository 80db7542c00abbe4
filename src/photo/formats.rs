//! What files and streams that are not read begin with, so that they can be named.

/// A format that is known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// Its name, such as "H.264".
    pub name: &'static str,
    /// Whether it is a still picture.
    pub is_picture: bool,
}

/// How many bytes [`known_format`] looks at.
pub(crate) const LONGEST_START: usize = 12;

/// Name, whether it is a still picture, offset, and the bytes there. The first that fits counts.
#[rustfmt::skip]
const STARTS: &[(&str, bool, usize, &[u8])] = &[
    ("PNG", true, 0, b"\x89PNG"),
    ("GIF", true, 0, b"GIF8"),
    ("WebP", true, 8, b"WEBP"),
    ("BMP", true, 0, b"BM"),
    ("TIFF", true, 0, b"II*\0"),
    ("TIFF", true, 0, b"MM\0*"),
    ("HEIC", true, 4, b"ftyphei"),
    ("HEIC", true, 4, b"ftyphev"),
    ("HEIC", true, 4, b"ftypmif1"),
    ("AVIF", true, 4, b"ftypavi"),
    ("JPEG XL", true, 4, b"JXL "),
    ("JPEG XL", true, 0, b"\xff\x0a"),
    ("JPEG 2000", true, 4, b"jP  "),
    ("PDF", true, 0, b"%PDF"),
    ("Photoshop", true, 0, b"8BPS"),
    ("SVG", true, 0, b"<svg"),
    ("MP4", false, 4, b"ftyp"),
    ("MP4", false, 4, b"moov"),
    ("MP4", false, 4, b"styp"),
    ("AVI", false, 8, b"AVI "),
    ("Matroska or WebM", false, 0, b"\x1a\x45\xdf\xa3"),
    ("YUV4MPEG2 (y4m)", false, 0, b"YUV4MPEG2"),
    ("FLV", false, 0, b"FLV\x01"),
    ("Ogg", false, 0, b"OggS"),
    ("MPEG", false, 0, b"\0\0\x01\xba"),
    ("MPEG", false, 0, b"\0\0\x01\xb3"),
    ("H.265", false, 0, b"\0\0\0\x01\x40"),
    ("H.265", false, 0, b"\0\0\0\x01\x46"),
    ("H.264", false, 0, b"\0\0\0\x01"),
    ("H.264", false, 0, b"\0\0\x01"),
    ("MPEG-TS", false, 0, b"G\x40"),
    ("MPEG-TS", false, 0, b"G\x41"),
    ("HTML", false, 0, b"<!DOCTYPE"),
    ("HTML", false, 0, b"<!doctype"),
    ("HTML", false, 0, b"<html"),
];

/// The format whose files begin like `bytes`; `None` where no known one does.
pub(crate) fn known_format(bytes: &[u8]) -> Option<Format> {
    let fits = |&&(.., at, start): &&(&str, bool, usize, &[u8])| {
        bytes
            .get(at..)
            .is_some_and(|bytes| bytes.starts_with(start))
    };
    let &(name, is_picture, ..) = STARTS.iter().find(fits)?;
    Some(Format { name, is_picture })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_is_known_and_none_hides_another() {
        for (name, is_picture, at, start) in STARTS {
            let bytes = [&vec![b'?'; *at][..], start].concat();
            assert!(bytes.len() <= LONGEST_START);
            let (name, is_picture) = (*name, *is_picture);
            assert_eq!(known_format(&bytes), Some(Format { name, is_picture }));
        }
        for unknown in [&b""[..], b"\xff\xd8\xff", b"raw pixels here", &[128; 16]] {
            assert_eq!(known_format(unknown), None);
        }
    }
}
