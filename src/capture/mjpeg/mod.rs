//! Where one JPEG picture ends and the next begins in a stream of bytes.
//!
//! The end of a picture is found by its markers (ITU-T T.81, B.1), so the end of a thumbnail
//! inside an APPn segment does not count. Nothing is decoded.

/// Bytes that one picture has at most; a longer one is dropped as junk.
pub const MAX_PICTURE: usize = 32 << 20;

/// A JPEG picture in a run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Length in bytes from its SOI to its EOI.
    pub len: usize,
    /// Pixels of a row, from the frame header.
    pub width: u32,
    /// Rows, from the frame header.
    pub height: u32,
}

/// Why there is no picture at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPicture {
    /// It may be whole when more bytes come.
    Incomplete,
    /// It is damaged at this offset.
    Damaged(usize),
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const TEM: u8 = 0x01;

/// A picture begins with SOI and another marker.
const START: [u8; 3] = [0xFF, SOI, 0xFF];

/// Bytes that a segment other than APPn and COM has at most: eight Huffman tables of 273 bytes are
/// the longest (T.81, B.2.4.2).
const MAX_TABLE: usize = 2 + 8 * 273;

/// Reads a picture marker by marker, going on where it stopped when more bytes have come.
#[derive(Debug, Clone, Default)]
struct Scan {
    /// Where to look next, from the SOI on.
    at: usize,
    /// Whether entropy-coded data is being read, which ends at the next marker.
    in_data: bool,
    size: Option<(u32, u32)>,
}

impl Scan {
    /// Looks for the end of the picture that begins at `bytes[0]`, which are the bytes of the
    /// last call with more at the end.
    fn go_on(&mut self, bytes: &[u8]) -> Result<Picture, NoPicture> {
        if self.at == 0 {
            match bytes {
                [0xFF, SOI, ..] => self.at = 2,
                [0xFF] | [] => return Err(NoPicture::Incomplete),
                _ => return Err(NoPicture::Damaged(0)),
            }
        }
        loop {
            let marker = self.next_marker(bytes)?;
            match marker {
                EOI => return self.end(),
                0x00 | SOI => return Err(NoPicture::Damaged(self.at)),
                TEM | 0xD0..=0xD7 => self.at += 2,
                _ => self.segment(marker, bytes)?,
            }
        }
    }

    /// Moves to the next marker and gives its code. Within entropy-coded data, stuffed zeros and
    /// restart markers are data.
    fn next_marker(&mut self, bytes: &[u8]) -> Result<u8, NoPicture> {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            if self.in_data {
                match rest.iter().position(|b| *b == 0xFF) {
                    Some(n) => self.at += n,
                    None => self.at += rest.len(),
                }
            }
            match bytes.get(self.at..).unwrap_or_default() {
                // Any number of 0xFF may stand before a marker.
                [0xFF, 0xFF, ..] => self.at += 1,
                [0xFF, 0x00 | 0xD0..=0xD7, ..] if self.in_data => self.at += 2,
                [0xFF, marker, ..] => {
                    self.in_data = false;
                    return Ok(*marker);
                }
                [0xFF] | [] => return Err(NoPicture::Incomplete),
                _ => return Err(NoPicture::Damaged(self.at)),
            }
        }
    }

    /// Skips the segment of `marker` by its length; takes the size from a frame header.
    fn segment(&mut self, marker: u8, bytes: &[u8]) -> Result<(), NoPicture> {
        let body = bytes.get(self.at + 2..).unwrap_or_default();
        let [high, low, ..] = *body else {
            return Err(NoPicture::Incomplete);
        };
        let len = usize::from(u16::from_be_bytes([high, low]));
        let damaged = Err(NoPicture::Damaged(self.at));
        if len < 2 {
            return damaged;
        }
        if !is_free_text(marker) {
            if len > MAX_TABLE {
                return damaged;
            }
            // A table that runs into the next picture belongs to one that was cut off.
            let Some(table) = body.get(..len + 1) else {
                return Err(NoPicture::Incomplete);
            };
            if table.windows(3).any(|w| w == START) {
                return damaged;
            }
        }
        if is_frame_header(marker) {
            // A header too short for a size must not take what follows it for one.
            let Some([_, _, _, h1, h0, w1, w0, ..]) = body.get(..len) else {
                return damaged;
            };
            let height = u16::from_be_bytes([*h1, *h0]);
            let width = u16::from_be_bytes([*w1, *w0]);
            if self.size.replace((width.into(), height.into())).is_some() {
                return damaged;
            }
        }
        self.at += 2 + len;
        self.in_data = marker == SOS;
        Ok(())
    }

    fn end(&self) -> Result<Picture, NoPicture> {
        match self.size {
            Some((width, height)) if width > 0 && height > 0 => Ok(Picture {
                len: self.at + 2,
                width,
                height,
            }),
            _ => Err(NoPicture::Damaged(self.at)),
        }
    }
}

/// Whether `marker` is one of SOF0 to SOF15: 0xC4, 0xC8 and 0xCC are not.
fn is_frame_header(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// Whether `marker` is APPn or COM, whose segments may hold anything, other JPEG pictures too.
fn is_free_text(marker: u8) -> bool {
    matches!(marker, 0xE0..=0xEF | 0xFE)
}

/// The JPEG picture at the start of `bytes`; what follows it (drivers pad) is left alone.
///
/// # Errors
/// The bytes are no JPEG picture, or not a whole one.
pub fn picture_at_start(bytes: &[u8]) -> Result<Picture, NoPicture> {
    Scan::default().go_on(bytes)
}

/// What [`Splitter::split`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Split<'a> {
    /// A whole picture, to be read before the next call.
    Picture(&'a [u8], Picture),
    /// Bytes that are no whole picture were dropped; this many.
    Dropped(usize),
    /// More bytes are needed.
    Hungry,
}

/// Cuts a stream of bytes into JPEG pictures, finding the next one behind junk and damage.
#[derive(Debug, Default)]
pub struct Splitter {
    bytes: Vec<u8>,
    /// Bytes of the buffer that are used up.
    start: usize,
    /// Bytes of the buffer that hold data; those behind are room to read into.
    filled: usize,
    scan: Scan,
}

impl Splitter {
    /// Room for at least `len` more bytes: write some there, then tell [`wrote`](Self::wrote).
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

    /// Moves pending bytes into `to`, as many as it holds, and says how many.
    pub fn move_to(&mut self, to: &mut [u8]) -> usize {
        let len = self.pending().len().min(to.len());
        to[..len].copy_from_slice(&self.pending()[..len]);
        self.start += len;
        self.scan = Scan::default();
        len
    }

    /// Forgets what waits, as at the start of another stream.
    pub fn clear(&mut self) {
        (self.start, self.filled) = (0, 0);
        self.scan = Scan::default();
    }

    /// The next picture, or what stands in its way.
    pub fn split(&mut self) -> Split<'_> {
        let data = &self.bytes[self.start..self.filled];
        let dropped = match self.scan.go_on(data) {
            Ok(picture) => {
                let begin = self.start;
                self.start += picture.len;
                self.scan = Scan::default();
                return Split::Picture(&self.bytes[begin..self.start], picture);
            }
            Err(NoPicture::Incomplete) if data.len() <= MAX_PICTURE => return Split::Hungry,
            Err(NoPicture::Incomplete) => data.len(),
            // The next picture may begin inside a damaged one.
            Err(NoPicture::Damaged(_)) => {
                let from = data.len().min(1);
                from + next_start(&data[from..])
            }
        };
        self.start += dropped;
        self.scan = Scan::default();
        Split::Dropped(dropped)
    }
}

/// Bytes before the next start of a picture (`FF D8 FF`), which may be cut off by the end.
fn next_start(bytes: &[u8]) -> usize {
    let found = bytes.windows(3).position(|w| w == START);
    found.unwrap_or(match bytes {
        [.., 0xFF, SOI] => bytes.len() - 2,
        [.., 0xFF] => bytes.len() - 1,
        _ => bytes.len(),
    })
}

#[cfg(test)]
mod tests;
