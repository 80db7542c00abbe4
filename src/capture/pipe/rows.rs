//! Whether raw frames have the size that was said, by their pixels.
//!
//! Neighbouring rows of a picture are alike. Where a program pads its rows, or the size is another one,
//! the rows that are alike are as far apart as the true rows are long.

use face8x_core::frame::{Frame, PixelFormat};

/// Multiples to which programs pad the bytes of a row.
const ALIGNMENTS: [usize; 7] = [4, 8, 16, 32, 64, 128, 256];
/// Widths of pictures that cameras and programs give.
#[rustfmt::skip]
const WIDTHS: [usize; 28] = [
    160, 176, 240, 320, 352, 424, 480, 640, 704, 720, 768, 800, 848, 864, 960, 1024, 1152, 1280, 1296,
    1440, 1536, 1600, 1640, 1920, 2304, 2592, 3840, 4608,
];
/// Pieces of the picture that are compared with the row below them, and the bytes of a piece.
const PIECES: usize = 96;
const PIECE: usize = 48;
/// Rows that differ less than this on average, in levels, say nothing: the picture is flat.
const FLAT: u64 = 3;

/// Smaller pictures have too few pixels to tell.
const SMALLEST: u32 = 64;
/// Frames that are looked at while all are flat.
const MOST_FRAMES: u32 = 8;

/// Looks at the first frames of a stream.
#[derive(Debug, Default)]
pub(super) struct Judge {
    looked: u32,
}

impl Judge {
    /// Says once where the rows are not as long as the frame's width says; `name` is the stream.
    pub(super) fn look(&mut self, frame: &Frame, name: &str) {
        if self.looked >= MOST_FRAMES {
            return;
        }
        self.looked += 1;
        let (width, height) = (frame.width, frame.height);
        let rows = judge(frame.format, width, height, &frame.bytes);
        if rows != RowCheck::Unclear {
            self.looked = MOST_FRAMES;
        }
        if let RowCheck::Long(row) = rows {
            log::warn!(
                "{name}: the rows look {row} pixels long, not {width}: give the size that the stream \
                 has, such as --size {row}x{height}, or let its program write rows without padding"
            );
        }
    }
}

/// What the pixels say of the length of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowCheck {
    /// As was said.
    Right,
    /// They seem to be so many pixels long.
    Long(usize),
    /// Nothing: the picture is flat.
    Unclear,
}

/// Judges a frame of `width` and `height` that was cut out of a stream without padding.
fn judge(format: PixelFormat, width: u32, height: u32, bytes: &[u8]) -> RowCheck {
    // Bytes of a pixel, and of the smallest group that repeats.
    let (pixel, group) = match format {
        PixelFormat::Yuyv | PixelFormat::Uyvy => (2, 4),
        PixelFormat::Rgb3 | PixelFormat::Bgr3 => (3, 3),
        _ => (1, 1),
    };
    if width < SMALLEST || height < SMALLEST {
        return RowCheck::Unclear;
    }
    let stride = format.min_stride(width);
    let plane = &bytes[..bytes.len().min(stride * height as usize)];
    let said = difference(plane, stride);
    if said <= FLAT * (PIECES * PIECE) as u64 {
        return RowCheck::Unclear;
    }
    let padded = ALIGNMENTS.map(|alignment| stride.next_multiple_of(alignment));
    let others = WIDTHS.iter().flat_map(|width| {
        [1, 64, 128].map(|alignment| (width * pixel).next_multiple_of(alignment))
    });
    let candidates = padded.into_iter().chain(others);
    let candidates = candidates.filter(|row| {
        row.is_multiple_of(group) && *row != stride && row * 4 <= plane.len() && row * 4 >= stride
    });
    let best = candidates.map(|row| (difference(plane, row), row)).min();
    match best {
        Some((difference, row)) if difference * 2 < said => RowCheck::Long(row / pixel),
        _ => RowCheck::Right,
    }
}

/// How much pieces of the plane differ from those `row` bytes behind them.
fn difference(plane: &[u8], row: usize) -> u64 {
    let room = plane.len().saturating_sub(row + PIECE);
    (0..PIECES)
        .map(|piece| {
            let at = room * piece / PIECES;
            let (here, below) = (
                plane[at..].iter(),
                plane.get(at + row..).unwrap_or_default(),
            );
            let pairs = here.zip(below).take(PIECE);
            pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a scene of soft blobs, `padded` bytes long.
    fn plane(width: usize, height: usize, padded: usize) -> Vec<u8> {
        let mut plane = vec![0; padded * height];
        for (y, row) in plane.chunks_exact_mut(padded).enumerate() {
            for (x, pixel) in row[..width].iter_mut().enumerate() {
                let (x, y) = (x as f32, y as f32);
                let level = (x / 17.0).sin() * (y / 23.0).cos() + (x / 5.0 + y / 40.0).sin() * 0.5;
                *pixel = (128.0 + 70.0 * level) as u8;
            }
        }
        plane
    }

    #[test]
    fn padded_rows_and_other_sizes_are_noticed() {
        for (width, padded, said) in [(320, 384, 320), (650, 704, 650), (1280, 1280, 640)] {
            let bytes = plane(width, 480, padded);
            let rows = judge(PixelFormat::Yu12, said, 240, &bytes);
            assert_eq!(rows, RowCheck::Long(padded), "{width} in {padded}");
        }
        let packed: Vec<u8> = plane(100, 90, 128).iter().flat_map(|l| [*l, 128]).collect();
        assert_eq!(
            judge(PixelFormat::Yuyv, 100, 80, &packed),
            RowCheck::Long(128)
        );
    }

    #[test]
    fn frames_of_the_right_size_are_right() {
        for (width, height) in [(320, 240), (640, 480), (638, 360), (100, 90)] {
            let bytes = plane(width, height, width);
            let rows = judge(PixelFormat::Grey, width as u32, height as u32, &bytes);
            assert!(
                !matches!(rows, RowCheck::Long(_)),
                "{width}x{height}: {rows:?}"
            );
        }
        for len in [0, 1, 100, 640 * 480] {
            let rows = judge(PixelFormat::Grey, 640, 480, &vec![90; len]);
            assert_eq!(rows, RowCheck::Unclear);
        }
    }
}
