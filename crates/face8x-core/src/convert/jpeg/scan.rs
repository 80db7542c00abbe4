//! Where a JPEG picture ends, by its markers alone (ITU-T T.81, B.1): the end of a thumbnail inside
//! an APPn segment does not count. Nothing is decoded.

/// A JPEG picture in a run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JpegPicture {
    /// Length in bytes from its SOI to its EOI, or to the next picture's SOI.
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
    /// It has no end marker: the next picture begins behind its pixels, after `len` bytes.
    NoEnd(JpegPicture),
    /// It is damaged at this offset.
    Damaged(usize),
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const TEM: u8 = 0x01;

/// A picture begins with SOI and another marker.
pub const START: [u8; 3] = [0xFF, SOI, 0xFF];

/// Bytes that a segment other than APPn and COM has at most: eight Huffman tables of 273 bytes are
/// the longest (T.81, B.2.4.2).
const MAX_TABLE: usize = 2 + 8 * 273;

/// Reads a picture marker by marker, going on where it stopped when more bytes have come.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Where to look next, from the SOI on.
    at: usize,
    /// Whether entropy-coded data is being read, which ends at the next marker.
    in_data: bool,
    /// Whether there was any.
    has_data: bool,
    size: Option<(u32, u32)>,
}

impl Scan {
    /// Whether nothing has been read yet.
    pub fn is_at_start(&self) -> bool {
        self.at == 0
    }

    /// Looks for the end of the picture that begins at `bytes[0]`, which are the bytes of the
    /// last call with more at the end.
    ///
    /// # Errors
    /// There is no whole picture: see [`NoPicture`].
    pub fn go_on(&mut self, bytes: &[u8]) -> Result<JpegPicture, NoPicture> {
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
                SOI if self.has_data => return Err(self.next_picture(bytes)),
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
        self.has_data |= self.in_data;
        Ok(())
    }

    fn end(&self) -> Result<JpegPicture, NoPicture> {
        let picture = self.picture(self.at + 2);
        picture.ok_or(NoPicture::Damaged(self.at))
    }

    /// What an SOI behind the pixels means.
    fn next_picture(&self, bytes: &[u8]) -> NoPicture {
        match bytes.get(self.at..self.at + START.len()) {
            None => NoPicture::Incomplete,
            Some(start) if start == START => self
                .picture(self.at)
                .map_or(NoPicture::Damaged(self.at), NoPicture::NoEnd),
            Some(_) => NoPicture::Damaged(self.at),
        }
    }

    /// The picture that all `bytes` make up, where they end among its pixels.
    pub fn without_end(&self, bytes: &[u8]) -> Option<JpegPicture> {
        self.picture(bytes.len()).filter(|_| self.in_data)
    }

    fn picture(&self, len: usize) -> Option<JpegPicture> {
        let (width, height) = self
            .size
            .filter(|&(width, height)| width > 0 && height > 0)?;
        Some(JpegPicture { len, width, height })
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
