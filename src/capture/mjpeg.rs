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
            let [_, _, _, h1, h0, w1, w0, ..] = *body else {
                return damaged;
            };
            let height = u16::from_be_bytes([h1, h0]);
            let width = u16::from_be_bytes([w1, w0]);
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

/// What [`Splitter::next`] found.
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
    pub fn next(&mut self) -> Split<'_> {
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
mod tests {
    use super::*;
    use crate::capture::tests::jpeg;
    use proptest::prelude::*;

    /// `picture` with a whole other JPEG in an APP1 segment, as a thumbnail.
    fn with_thumbnail(picture: &[u8]) -> Vec<u8> {
        let thumbnail = jpeg(8, 3);
        let mut bytes = vec![0xFF, SOI, 0xFF, 0xE1];
        bytes.extend((thumbnail.len() as u16 + 2).to_be_bytes());
        bytes.extend(&thumbnail);
        bytes.extend(&picture[2..]);
        bytes
    }

    /// Feeds `stream` in chunks of the sizes given, over and over: the pictures and the number of
    /// dropped bytes.
    fn split(stream: &[u8], chunks: &[usize]) -> (Vec<Vec<u8>>, usize) {
        let mut splitter = Splitter::default();
        let (mut pictures, mut dropped, mut rest) = (Vec::new(), 0, stream);
        for chunk in chunks.iter().cycle() {
            let (now, later) = rest.split_at((*chunk).min(rest.len()));
            splitter.room(now.len())[..now.len()].copy_from_slice(now);
            splitter.wrote(now.len());
            loop {
                match splitter.next() {
                    Split::Picture(bytes, _) => pictures.push(bytes.to_vec()),
                    Split::Dropped(n) => dropped += n,
                    Split::Hungry => break,
                }
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        assert_eq!(
            pictures.iter().map(Vec::len).sum::<usize>() + dropped + splitter.pending().len(),
            stream.len()
        );
        (pictures, dropped)
    }

    #[test]
    fn size_comes_from_the_frame_header_and_padding_is_left() {
        let mut bytes = jpeg(48, 1);
        let len = bytes.len();
        bytes.extend([0; 100]);
        let picture = Picture {
            len,
            width: 48,
            height: 16,
        };
        assert_eq!(picture_at_start(&bytes), Ok(picture));
        assert_eq!(
            picture_at_start(&bytes[..len - 1]),
            Err(NoPicture::Incomplete)
        );
        assert_eq!(picture_at_start(&[0; 9]), Err(NoPicture::Damaged(0)));
        assert_eq!(
            picture_at_start(&[0xFF, SOI, 0xFF, EOI]),
            Err(NoPicture::Damaged(2))
        );
    }

    #[test]
    fn thumbnail_does_not_split() {
        let picture = with_thumbnail(&jpeg(64, 9));
        let stream = [&picture[..], &picture[..]].concat();
        assert_eq!(split(&stream, &[7]), (vec![picture.clone(), picture], 0));
    }

    #[test]
    fn picture_without_end_is_dropped_in_the_end() {
        let mut splitter = Splitter::default();
        let head = jpeg(16, 1);
        let head = &head[..head.len() - 2];
        splitter.room(head.len())[..head.len()].copy_from_slice(head);
        splitter.wrote(head.len());
        while splitter.next() == Split::Hungry {
            assert!(splitter.pending().len() <= MAX_PICTURE);
            splitter.room(1 << 20)[..1 << 20].fill(7);
            splitter.wrote(1 << 20);
        }
        assert_eq!(splitter.pending().len(), 0);
    }

    /// A picture cut off anywhere behind its JFIF segment, which has to be believed, costs itself
    /// alone.
    #[test]
    fn cut_picture_costs_itself() {
        let (cut, whole) = (jpeg(32, 5), jpeg(48, 6));
        for at in 20..cut.len() {
            let stream = [&cut[..at], &whole, &whole].concat();
            assert_eq!(
                split(&stream, &[61]),
                (vec![whole.clone(); 2], at),
                "cut at {at}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_pictures(
            seeds in prop::collection::vec((1u32..5, any::<u8>(), any::<bool>()), 1..6),
            chunks in prop::collection::vec(1usize..3000, 1..8),
        ) {
            let pictures: Vec<_> = seeds
                .into_iter()
                .map(|(w, seed, thumb)| {
                    let picture = jpeg(w * 16, seed);
                    if thumb { with_thumbnail(&picture) } else { picture }
                })
                .collect();
            prop_assert_eq!(split(&pictures.concat(), &chunks), (pictures, 0));
        }

        /// Junk between pictures is dropped, and exactly that. (The junk holds no 0xFF: there it
        /// could look like the start of a picture.)
        #[test]
        fn junk_between_is_dropped(
            junk in prop::collection::vec(prop::collection::vec(0u8..0xFF, 0..50), 3),
            chunks in prop::collection::vec(1usize..500, 1..8),
        ) {
            let pictures = [jpeg(16, 1), jpeg(32, 2)];
            let stream = [&junk[0], &pictures[0], &junk[1], &pictures[1], &junk[2]]
                .map(|part| &part[..])
                .concat();
            let (found, dropped) = split(&stream, &chunks);
            prop_assert_eq!(found, pictures);
            prop_assert_eq!(dropped, junk.iter().map(Vec::len).sum::<usize>());
        }

        /// Hostile bytes: no panic, no endless loop, nothing unaccounted for.
        #[test]
        fn any_bytes_are_survived(
            bytes in prop::collection::vec(prop_oneof![Just(0xFF), Just(SOI), Just(SOS), Just(0xC0), any::<u8>()], 0..2000),
            chunk in 1usize..300,
        ) {
            split(&bytes, &[chunk]);
        }
    }
}
