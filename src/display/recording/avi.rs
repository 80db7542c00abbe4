//! AVI files of JPEG pictures that are whole up to the last second, whenever the power goes.
//!
//! They are OpenDML files (AVI with an index in parts: "OpenDML AVI File Format Extensions", 1996).
//! The usual index of AVI lies at the end of the file, which a power cut leaves out; here each second
//! ends with the index of its pictures, and the header, whose place never changes, is then corrected:
//! sizes, the number of pictures, where that index lies. What comes after it is not in the header yet,
//! and is ignored.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// Parts of the index that the header has room for: at one a second a little more than an hour.
const MAX_PARTS: usize = 4096;
/// Players that read no more than 31 bits of a size are many.
pub(super) const MAX_BYTES: u64 = 2_000_000_000;
/// The stream's name, and the sign of a file of ours.
pub(super) const NAME: &[u8; 8] = b"face8x\0\0";

// Where the header's parts lie; each list and chunk has 8 bytes of name and size, a list 4 more.
const AVIH: usize = 24;
const STRH: usize = AVIH + 8 + 56 + 12;
const STRF: usize = STRH + 8 + 56;
const STRN: usize = STRF + 8 + 40;
const INDX: usize = STRN + 8 + NAME.len();
const INDX_BYTES: usize = 24 + 16 * MAX_PARTS;
const ODML: usize = INDX + 8 + INDX_BYTES;
const MOVI: usize = ODML + 12 + 8 + 4;
const HEADER: usize = MOVI + 12;

/// An AVI file that is being written.
pub(super) struct Avi {
    file: File,
    size: (u32, u32),
    fps: u32,
    /// Bytes so far.
    length: u64,
    /// Pictures that the header knows, and those after them: their places and sizes.
    indexed: u32,
    since: Vec<(u64, u32)>,
    /// Parts of the index: where each lies, its size and its pictures.
    parts: Vec<(u64, u32, u32)>,
    largest: u32,
    chunk: Vec<u8>,
}

impl Avi {
    /// Begins a file of pictures of this size, so many a second.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn begin(file: File, size: (u32, u32), fps: u32) -> io::Result<Avi> {
        let mut avi = Avi {
            file,
            size,
            fps,
            length: HEADER as u64,
            indexed: 0,
            since: Vec::new(),
            parts: Vec::with_capacity(MAX_PARTS),
            largest: 0,
            chunk: Vec::new(),
        };
        let header = avi.header();
        avi.file.write_all(&header)?;
        Ok(avi)
    }

    /// Pictures so far.
    pub(super) fn pictures(&self) -> u64 {
        u64::from(self.indexed) + self.since.len() as u64
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.length
    }

    /// Whether the header knows no picture.
    pub(super) fn is_empty(&self) -> bool {
        self.indexed == 0
    }

    /// Whether another second fits.
    pub(super) fn is_full(&self) -> bool {
        self.parts.len() + 1 >= MAX_PARTS || self.length >= MAX_BYTES
    }

    /// Adds a picture; an empty one shows the picture before for as long again.
    ///
    /// # Errors
    /// The disk is full or gone. What was written before the last [`sync`](Avi::sync) is safe.
    pub(super) fn add(&mut self, jpeg: &[u8]) -> io::Result<()> {
        let size = u32::try_from(jpeg.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.chunk.clear();
        put_chunk(&mut self.chunk, b"00dc", jpeg);
        self.file.write_all(&self.chunk)?;
        self.since.push((self.length, size));
        self.length += self.chunk.len() as u64;
        self.largest = self.largest.max(size);
        Ok(())
    }

    /// Makes the file whole as it is now.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.since.is_empty() {
            return Ok(());
        }
        let index = self.index_of_part();
        self.file.write_all(&index)?;
        self.file.sync_data()?;
        let pictures = self.since.len() as u32;
        self.parts.push((self.length, index.len() as u32, pictures));
        self.length += index.len() as u64;
        self.indexed += pictures;
        self.since.clear();
        // The pictures are on the disk before the header that says so; of that only what has changed.
        let header = self.header();
        let part = INDX + 8 + 24 + 16 * (self.parts.len() - 1);
        for range in [0..INDX + 16, part..part + 16, ODML..HEADER] {
            let place = range.start as u64;
            self.file.write_all_at(&header[range], place)?;
        }
        self.file.sync_data()
    }

    /// The index of the pictures since the last one (`AVISTDINDEX`).
    fn index_of_part(&self) -> Vec<u8> {
        let base = self.since.first().map_or(0, |&(place, _)| place);
        let mut body = Vec::with_capacity(24 + 8 * self.since.len());
        // Two words an entry; no type below; an index of chunks.
        body.extend([2, 0, 0, 1]);
        put(&mut body, self.since.len() as u32);
        body.extend(b"00dc");
        body.extend(base.to_le_bytes());
        put(&mut body, 0);
        for &(place, size) in &self.since {
            put(&mut body, (place - base) as u32 + 8);
            put(&mut body, size);
        }
        let mut chunk = Vec::with_capacity(8 + body.len());
        put_chunk(&mut chunk, b"ix00", &body);
        chunk
    }

    fn header(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        let (width, height) = self.size;
        let length = self.length as u32;
        put_list(&mut out, b"RIFF", length - 8, b"AVI ");
        put_list(&mut out, b"LIST", (MOVI - AVIH + 4) as u32, b"hdrl");
        put_all(&mut out, b"avih", &self.main_header());
        let strl = ODML - STRH + 4;
        put_list(&mut out, b"LIST", strl as u32, b"strl");
        put_chunk(&mut out, b"strh", &self.stream_header());
        // BITMAPINFOHEADER: its size, the picture's, 1 plane, 24 bits, MJPG, bytes of a picture.
        let planes_and_bits = 1 | 24 << 16;
        let mjpg = u32::from_le_bytes(*b"MJPG");
        let bytes = 3 * width * height;
        let format = [40, width, height, planes_and_bits, mjpg, bytes, 0, 0, 0, 0];
        put_all(&mut out, b"strf", &format);
        put_chunk(&mut out, b"strn", NAME);
        put_chunk(&mut out, b"indx", &self.index_of_indexes());
        put_list(&mut out, b"LIST", 4 + 8 + 4, b"odml");
        put_all(&mut out, b"dmlh", &[self.indexed]);
        let movi = length - (MOVI as u32 + 8);
        put_list(&mut out, b"LIST", movi, b"movi");
        out
    }

    /// `MainAVIHeader`.
    fn main_header(&self) -> [u32; 14] {
        // AVIF_ISINTERLEAVED: chunks lie in the order of time.
        const INTERLEAVED: u32 = 0x100;
        let (width, height) = self.size;
        let (micros, rate) = (1_000_000 / self.fps, self.largest.saturating_mul(self.fps));
        let streams = 1;
        #[rustfmt::skip]
        let header = [
            micros, rate, 0, INTERLEAVED, self.indexed, 0, streams, self.largest + 8,
            width, height, 0, 0, 0, 0,
        ];
        header
    }

    /// `AVIStreamHeader`.
    fn stream_header(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(56);
        out.extend(b"vidsMJPG");
        let (scale, quality) = (1, u32::MAX);
        #[rustfmt::skip]
        let words = [
            0, 0, 0, scale, self.fps, 0, self.indexed, self.largest + 8, quality, 0,
        ];
        words.into_iter().for_each(|word| put(&mut out, word));
        let (width, height) = (self.size.0 as u16, self.size.1 as u16);
        for side in [0, 0, width, height] {
            out.extend(side.to_le_bytes());
        }
        out
    }

    /// `AVISUPERINDEX`.
    fn index_of_indexes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(INDX_BYTES);
        // Four words an entry; no type below; an index of indexes.
        out.extend([4, 0, 0, 0]);
        put(&mut out, self.parts.len() as u32);
        out.extend(b"00dc");
        (0..3).for_each(|_| put(&mut out, 0));
        for &(place, size, pictures) in &self.parts {
            out.extend(place.to_le_bytes());
            put(&mut out, size);
            put(&mut out, pictures);
        }
        out.resize(INDX_BYTES, 0);
        out
    }
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend(word.to_le_bytes());
}

/// A chunk; its size leaves out the byte that makes it even.
fn put_chunk(out: &mut Vec<u8>, name: &[u8; 4], bytes: &[u8]) {
    out.extend(name);
    put(out, bytes.len() as u32);
    out.extend(bytes);
    if bytes.len() % 2 == 1 {
        out.push(0);
    }
}

fn put_all(out: &mut Vec<u8>, name: &[u8; 4], words: &[u32]) {
    out.extend(name);
    put(out, 4 * words.len() as u32);
    words.iter().for_each(|&word| put(out, word));
}

/// The beginning of a list of `bytes` bytes, which its kind is the first four of.
fn put_list(out: &mut Vec<u8>, name: &[u8; 4], bytes: u32, kind: &[u8; 4]) {
    out.extend(name);
    put(out, bytes);
    out.extend(kind);
}
