//! What a stream is, by its first bytes.

use super::y4m;
use crate::Error;
use crate::capture::{ReadError, mask_passwords};
use crate::photo::{LONGEST_START, known_format};
use face8x_core::ErrorKind;

/// How other programs' video becomes MJPEG.
const THROUGH_FFMPEG: &str = "put ffmpeg behind it: COMMAND | ffmpeg -i - -f mjpeg -";
/// How raw frames are named.
const RAW: &str = "raw frames: give --format and --size (--format YU12 --size 640x480)";
/// Bytes that are looked at for text.
const TEXT: usize = 64;
/// Bytes before the first picture that may be padding.
const MAX_PADDING: usize = 4096;

/// A form that streams name themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// JPEG pictures one after the other, or the parts of a multipart answer of a network camera.
    Mjpeg,
    /// YUV4MPEG2.
    Y4m,
}

/// What a stream is that begins so; `None` where more bytes are needed.
///
/// # Errors
/// It is something else, or a server's refusal.
pub(super) fn kind(
    start: &[u8],
    ended: bool,
) -> Option<std::result::Result<StreamKind, ReadError>> {
    if start.is_empty() || start.len() < LONGEST_START && !ended {
        return None;
    }
    // A stream may begin with the padding between two pictures; what marks a picture begins with 0xff.
    let padding = start.iter().take_while(|byte| matches!(byte, 0 | 0xff));
    let (padding, rest) = start.split_at(padding.count());
    if rest.len() < 2 && start.len() < MAX_PADDING && !ended {
        return None;
    }
    let is_jpeg = padding.ends_with(&[0xff]) && rest.starts_with(&[0xd8, 0xff]);
    let line = start.trim_ascii_start();
    let begins_with = |text: &str| {
        let start = line.get(..text.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
    };
    // A boundary, or the headers of a part.
    let is_multipart = ["--", "content-"].into_iter().any(begins_with);
    // "HTTP/1.1 200".
    let status = ["http/", "rtsp/"]
        .into_iter()
        .any(begins_with)
        .then(|| line.get(9..12));
    Some(match status {
        Some(Some(b"200")) => Ok(StreamKind::Mjpeg),
        Some(_) => Err(ReadError::Lost(refusal(start))),
        None if is_jpeg || is_multipart => Ok(StreamKind::Mjpeg),
        None if start.starts_with(y4m::START) => Ok(StreamKind::Y4m),
        None => Err(ReadError::Unreadable(other(start))),
    })
}

/// What a server says in place of pictures.
fn refusal(start: &[u8]) -> Error {
    Error::new(
        ErrorKind::Device,
        format!("the camera's server refuses: \"{}\"", first_line(start)),
    )
    .remedy("check the URL, and the user and password in it")
}

fn first_line(start: &[u8]) -> String {
    let text = String::from_utf8_lossy(start);
    mask_passwords(text.lines().next().unwrap_or_default().trim_end())
}

fn other(start: &[u8]) -> Error {
    let error = |message: String| Error::new(ErrorKind::Picture, message);
    match known_format(start) {
        Some(format) if format.converter.is_some() => {
            error(format!("the stream's format is {}, not MJPEG", format.name))
                .remedy("name a picture by its path: --source FILE")
        }
        Some(format) => error(format!("the stream's format is {}, not MJPEG", format.name))
            .remedy(THROUGH_FFMPEG),
        None if is_text(start) => error(format!(
            "the stream is text, not MJPEG: \"{}\"",
            first_line(start)
        ))
        .remedy(format!("run its command alone; {RAW}")),
        None => error("the stream is not MJPEG or y4m".into())
            .remedy(format!("{RAW}; other video: {THROUGH_FFMPEG}")),
    }
}

/// Programs write their errors where pictures should be.
fn is_text(start: &[u8]) -> bool {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    start.iter().take(TEXT).all(printable)
}
