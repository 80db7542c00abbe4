//! What the headers of a JPEG say of its kind (ITU-T T.81, B.2), and which kinds are decoded.

/// Define Huffman tables.
const DHT: u8 = 0xc4;
/// Start of scan: the end of the headers.
const SOS: u8 = 0xda;
/// Define restart interval.
const DRI: [u8; 2] = [0xff, 0xdd];

/// The headers of a JPEG, up to its first scan. All zero and empty where they are damaged: the
/// decoder then says what is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Headers<'a> {
    /// Whether there is a Huffman table before the first scan.
    pub has_tables: bool,
    /// The marker of the frame header: 0xc0 is baseline, 0xc2 progressive.
    process: u8,
    /// The frame header behind its length: precision, height, width, then the components.
    frame: &'a [u8],
    /// The first scan header behind its length: its components.
    scan: &'a [u8],
    /// All of the JPEG but its start.
    all: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Reads the segments that follow the start of the image.
    pub(super) fn read(mut bytes: &'a [u8]) -> Self {
        let mut headers = Headers {
            all: bytes,
            ..Headers::default()
        };
        // A segment: 0xff, its kind, and its length with these two bytes.
        while let [0xff, kind, rest @ ..] = bytes {
            if *kind == 0xff {
                // A fill byte.
                bytes = &bytes[1..];
                continue;
            }
            let Some(length) = rest
                .first_chunk()
                .map(|b| usize::from(u16::from_be_bytes(*b)))
            else {
                break;
            };
            let Some(body) = rest.get(2..length) else {
                break;
            };
            match *kind {
                DHT => headers.has_tables = true,
                SOS => {
                    headers.scan = body;
                    return headers;
                }
                0xc8 | 0xcc => {}
                0xc0..=0xcf => (headers.process, headers.frame) = (*kind, body),
                _ => {}
            }
            bytes = &rest[length..];
        }
        Headers {
            has_tables: true,
            ..Headers::default()
        }
    }

    /// Why a JPEG of this kind is not decoded: the decoder does not know it, or gives wrong pixels
    /// without a word (zune-jpeg 0.5.15).
    pub(super) fn unsupported(&self) -> Option<&'static str> {
        let [precision, size @ .., count] = *self.frame.first_chunk::<6>()?;
        match self.process {
            0xc0..=0xc2 => {}
            0xc3 => return Some("it is lossless"),
            0xc9 | 0xca => return Some("its pixels are arithmetic-coded"),
            _ => return Some("it is hierarchical, or lossless and arithmetic-coded"),
        }
        if precision != 8 {
            return Some("it does not have 8 bits a sample");
        }
        if size[..2] == [0, 0] {
            return Some("its height stands behind its pixels");
        }
        if ![1, 3, 4].contains(&count) {
            return Some("it has neither 1, 3 nor 4 components");
        }
        // A component: its name, its sampling factors (4 bits each), its quantisation table.
        let components = self.frame.get(6..)?.as_chunks::<3>().0;
        let [first, others @ ..] = components else {
            return None;
        };
        let sampling = |component: &[u8; 3]| (component[1] >> 4, component[1] & 15);
        let (width, height) = sampling(first);
        let others_within = |widest, highest| {
            let mut others = others.iter().map(sampling);
            others.all(|(w, h)| w <= widest && h <= highest)
        };
        if !others_within(width, height) {
            return Some("its colours are sampled more finely than its brightness");
        }
        let mut all = components.iter().map(sampling);
        if all.any(|(width, height)| width == 3 || height == 3) {
            return Some("its colours are sampled by three");
        }
        let interleaved = self.scan.first() == Some(&count);
        let luma_alone = self.scan.get(..2) == Some(&[1, first[0]]);
        let right = || luma_alone && height == 1 && others_within(1, 1) && !self.has_restarts();
        if self.process != 0xc2 && !interleaved && !right() {
            return Some("its components are not interleaved (one scan for each)");
        }
        None
    }

    /// Whether a restart interval is defined anywhere: each scan may have its own. Among pixels these
    /// bytes do not occur.
    fn has_restarts(&self) -> bool {
        self.all.windows(2).any(|bytes| bytes == DRI)
    }
}
