//! Cuts a stream of bytes into JPEG pictures.

use face8x_core::convert::jpeg::{JpegPicture, NoPicture, START, Scan};
use face8x_core::frame::{Frame, PixelFormat};

use super::ReadError;

/// Bytes that one picture has at most; a longer one is dropped as junk.
pub const MAX_PICTURE: usize = 32 << 20;

/// Puts a picture into `frame`, but for its time and number.
fn fill(frame: &mut Frame, bytes: &[u8], picture: JpegPicture) {
    frame.format = PixelFormat::Mjpg;
    frame.stride = 0;
    (frame.width, frame.height) = (picture.width, picture.height);
    frame.bytes.clear();
    frame.bytes.extend_from_slice(bytes);
}

/// What [`Splitter::split`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum JpegSplit<'a> {
    /// A whole picture, to be read before the next call.
    Picture(&'a [u8], JpegPicture),
    /// A damaged or incomplete picture was skipped; it had this many bytes.
    Damaged(usize),
    /// This many bytes that belong to no picture were skipped: padding, a second end marker, the
    /// headers of a multipart stream.
    Between(usize),
    /// More bytes are needed.
    NeedMoreData,
}

/// Cuts a stream of bytes into JPEG pictures, finding the next one behind junk and damage.
///
/// Some cameras send no end markers: up to the first one in the stream, a picture also ends where the
/// next begins.
#[derive(Debug, Default)]
pub struct Splitter {
    bytes: Vec<u8>,
    /// Bytes of the buffer that are used up.
    start: usize,
    /// Bytes of the buffer that hold data; those behind are room to read into.
    filled: usize,
    scan: Scan,
    /// Whether a picture had an end marker.
    has_ends: bool,
}

impl Splitter {
    /// Room for at least `len` more bytes: write some there, then call [`wrote`](Self::wrote).
    pub fn room(&mut self, len: usize) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.bytes.len() < self.filled + len {
            self.bytes.resize(self.filled + len, 0);
        }
        &mut self.bytes[self.filled..]
    }

    /// `len` bytes were written to the start of the [`room`](Self::room).
    pub fn wrote(&mut self, len: usize) {
        self.filled = (self.filled + len).min(self.bytes.len());
    }

    /// The bytes that are not used up: those that wait for the rest of their picture.
    pub fn pending(&self) -> &[u8] {
        &self.bytes[self.start..self.filled]
    }

    /// Uses up `len` of the [`pending`](Self::pending) bytes, which are no MJPEG.
    pub(super) fn skip(&mut self, len: usize) {
        self.start = (self.start + len).min(self.filled);
    }

    /// Drops what waits, as at the start of another stream.
    pub fn clear(&mut self) {
        (self.start, self.filled) = (0, 0);
        self.scan = Scan::default();
        self.has_ends = false;
    }

    /// The next picture, or what stands in its way.
    pub fn split(&mut self) -> JpegSplit<'_> {
        let data = &self.bytes[self.start..self.filled];
        let before = next_start(data);
        if self.scan.is_at_start() && before > 0 {
            self.start += before;
            return JpegSplit::Between(before);
        }
        let skipped = match self.scan.go_on(data) {
            Ok(picture) => {
                self.has_ends = true;
                return self.take(picture);
            }
            Err(NoPicture::NoEnd(picture)) if !self.has_ends => return self.take(picture),
            Err(NoPicture::NoEnd(picture)) => picture.len,
            Err(NoPicture::Incomplete) if data.len() <= MAX_PICTURE => {
                return JpegSplit::NeedMoreData;
            }
            Err(NoPicture::Incomplete) => data.len(),
            // The next picture may begin inside a damaged one.
            Err(NoPicture::Damaged(_)) => {
                let from = data.len().min(1);
                from + next_start(&data[from..])
            }
        };
        self.start += skipped;
        self.scan = Scan::default();
        JpegSplit::Damaged(skipped)
    }

    /// What is pending at the end of the stream as its last picture, where no picture of the stream
    /// has an end marker.
    pub fn last(&mut self) -> Option<(&[u8], JpegPicture)> {
        let picture = self.scan.without_end(self.pending())?;
        if self.has_ends {
            return None;
        }
        match self.take(picture) {
            JpegSplit::Picture(bytes, picture) => Some((bytes, picture)),
            _ => None,
        }
    }

    /// Puts the next picture into `frame`; false where more bytes are needed. Adds the bytes that
    /// belong to no picture to `between`.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] where a damaged picture was skipped.
    pub fn next_frame(
        &mut self,
        frame: &mut Frame,
        between: &mut usize,
    ) -> Result<bool, ReadError> {
        loop {
            match self.split() {
                JpegSplit::Picture(bytes, picture) => {
                    fill(frame, bytes, picture);
                    return Ok(true);
                }
                JpegSplit::Damaged(n) => {
                    let what = format!("skipped {n} bytes: damaged JPEG");
                    return Err(ReadError::Corrupt(what));
                }
                JpegSplit::Between(n) => *between += n,
                JpegSplit::NeedMoreData => return Ok(false),
            }
        }
    }

    /// Puts the [last](Self::last) picture of a stream that has ended into `frame`; false where
    /// there is none.
    pub fn last_frame(&mut self, frame: &mut Frame) -> bool {
        let last = self.last();
        last.map(|(bytes, picture)| fill(frame, bytes, picture))
            .is_some()
    }

    fn take(&mut self, picture: JpegPicture) -> JpegSplit<'_> {
        let begin = self.start;
        self.start += picture.len;
        self.scan = Scan::default();
        JpegSplit::Picture(&self.bytes[begin..self.start], picture)
    }
}

/// Bytes before the next start of a picture (`FF D8 FF`), which may be cut off by the end.
fn next_start(bytes: &[u8]) -> usize {
    let found = bytes.windows(3).position(|w| w == START);
    found.unwrap_or(match bytes {
        [.., 0xFF, 0xD8] => bytes.len() - 2,
        [.., 0xFF] => bytes.len() - 1,
        _ => bytes.len(),
    })
}

#[cfg(test)]
mod tests;
