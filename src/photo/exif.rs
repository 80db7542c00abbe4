//! Which way up a picture is, as its EXIF data says.
//!
//! `image` 0.25 looks for it before the pixels alone, where ImageMagick's PNGs do not have it, and
//! does not know the prefix that some programs leave in a WebP's.

use image::metadata::Orientation;

/// What a JPEG's EXIF segment begins with.
const PREFIX: &[u8] = b"Exif\0\0";
/// The tag of the orientation (EXIF 2.3, 4.6.4).
const ORIENTATION: u16 = 0x0112;
/// Types of its value: a number of two bytes, or of four.
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// The orientation of a JPEG, PNG, WebP or TIFF file; `None` where it says nothing of it that can be read.
pub(super) fn orientation(file: &[u8]) -> Option<Orientation> {
    let exif = match file {
        [0xff, 0xd8, ..] => in_jpeg(&file[2..]),
        [0x89, b'P', b'N', b'G', ..] => in_png(file.get(8..)?),
        [b'R', b'I', b'F', b'F', ..] => in_webp(file.get(12..)?),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(file),
        _ => None,
    }?;
    in_tiff(exif.strip_prefix(PREFIX).unwrap_or(exif))
}

/// The EXIF data of a JPEG's segments: marker, length (with itself), content.
fn in_jpeg(mut segments: &[u8]) -> Option<&[u8]> {
    while let [0xff, marker, rest @ ..] = segments {
        match *marker {
            0xff => segments = &segments[1..],
            0xda => return None,
            marker => {
                let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
                let content = rest.get(2..length)?;
                if marker == 0xe1 && content.starts_with(PREFIX) {
                    return Some(content);
                }
                segments = &rest[length..];
            }
        }
    }
    None
}

/// The EXIF data of a PNG's chunks: length, type, content, checksum.
fn in_png(mut chunks: &[u8]) -> Option<&[u8]> {
    loop {
        let length = u32::from_be_bytes(*chunks.first_chunk()?) as usize;
        let content = chunks.get(8..)?.get(..length)?;
        if chunks[4..8] == *b"eXIf" {
            return Some(content);
        }
        chunks = chunks[8 + length..].get(4..)?;
    }
}

/// The EXIF data of a WebP's chunks: type, length, content, filled up to an even length.
fn in_webp(mut chunks: &[u8]) -> Option<&[u8]> {
    loop {
        let length = u32::from_le_bytes(*chunks.get(4..)?.first_chunk()?) as usize;
        let content = chunks.get(8..)?.get(..length)?;
        if chunks[..4] == *b"EXIF" {
            return Some(content);
        }
        chunks = chunks.get(8 + length + length % 2..)?;
    }
}

/// The orientation in the first directory of TIFF data.
fn in_tiff(tiff: &[u8]) -> Option<Orientation> {
    let is_big_endian = match tiff {
        [b'M', b'M', 0, 42, ..] => true,
        [b'I', b'I', 42, 0, ..] => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk()?;
        Some(if is_big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    };
    let long = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk()?;
        Some(if is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    };
    let directory = long(4)? as usize;
    let entries = usize::from(short(directory)?);
    // An entry: tag, type, number of values, value.
    let mut entries = (0..entries).map(|i| directory + 2 + 12 * i);
    let entry = entries.find(|&at| short(at) == Some(ORIENTATION))?;
    let value = match short(entry + 2)? {
        SHORT => u32::from(short(entry + 8)?),
        LONG => long(entry + 8)?,
        _ => return None,
    };
    Orientation::from_exif(u8::try_from(value).ok()?)
}
