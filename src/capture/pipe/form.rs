//! What a stream is, by its first bytes.

use crate::capture::ReadError;
use crate::photo::{LONGEST_START, known_format};
use crate::{Error, Result};
use face8x_core::ErrorKind;

/// How other programs' video becomes MJPEG.
const THROUGH_FFMPEG: &str = "put ffmpeg behind it: COMMAND | ffmpeg -i - -f mjpeg -";

/// Whether a stream that begins so is MJPEG: pictures one after the other, or the parts of a multipart
/// answer of a network camera. `None` where more bytes are needed.
///
/// # Errors
/// It is something else, or a server's refusal.
pub(super) fn is_mjpeg(start: &[u8], ended: bool) -> Option<std::result::Result<(), ReadError>> {
    if start.is_empty() || start.len() < LONGEST_START && !ended {
        return None;
    }
    let begins_with = |text: &str| {
        let start = start.get(..text.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
    };
    let is_multipart = ["--", "\r\n--", "content-type"]
        .into_iter()
        .any(begins_with);
    // "HTTP/1.1 200".
    let status = ["http/", "rtsp/"]
        .into_iter()
        .any(begins_with)
        .then(|| start.get(9..12));
    Some(match status {
        Some(Some(b"200")) => Ok(()),
        Some(_) => Err(ReadError::Lost(refusal(start))),
        None if start.starts_with(&[0xff, 0xd8, 0xff]) || is_multipart => Ok(()),
        None => other(start).map_err(ReadError::Unreadable),
    })
}

/// What a server says in place of pictures.
fn refusal(start: &[u8]) -> Error {
    let text = String::from_utf8_lossy(start);
    let line = text.lines().next().unwrap_or_default().trim_end();
    Error::new(
        ErrorKind::Device,
        format!("the camera's server refuses: \"{line}\""),
    )
    .remedy("check the URL, and the user and password in it")
}

fn other(start: &[u8]) -> Result<()> {
    let error = |message: String| Error::new(ErrorKind::Picture, message);
    Err(match known_format(start) {
        Some(format) if format.is_picture => {
            error(format!("the stream's format is {}, not MJPEG", format.name))
                .remedy("name a picture by its path: --source FILE")
        }
        Some(format) => error(format!("the stream's format is {}, not MJPEG", format.name))
            .remedy(THROUGH_FFMPEG),
        None => error("the stream is not MJPEG".into()).remedy(format!(
            "raw frames: give --format and --size (--format YU12 --size 640x480); other video: \
             {THROUGH_FFMPEG}"
        )),
    })
}
