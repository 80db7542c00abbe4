//! Planes of samples, turned and mirrored.

use super::Orientation;
use crate::frame::{Frame, PixelFormat};

/// Rows and columns are exchanged in squares of this side, so that the cache holds the rows of both
/// pictures.
const TILE: usize = 32;

/// Writes `frame` (valid, raw) to `out`, which has the length of the new frame, without padding.
pub(super) fn orient(orientation: Orientation, frame: &Frame, out: &mut [u8]) {
    let size = (frame.width as usize, frame.height as usize);
    let (stride, half) = (frame.stride, frame.stride.div_ceil(2));
    let from = OrientedPlane::new(orientation, &frame.bytes, stride, size);
    match frame.format {
        PixelFormat::Yuyv => return from.pairs::<0>(out),
        PixelFormat::Uyvy => return from.pairs::<1>(out),
        PixelFormat::Rgb3 | PixelFormat::Bgr3 => return from.elements::<3>(out),
        PixelFormat::Grey | PixelFormat::Mjpg => return from.elements::<1>(out),
        PixelFormat::Nv12 | PixelFormat::Yu12 => {}
    }
    let (luma, chroma) = out.split_at_mut(size.0 * size.1);
    from.elements::<1>(luma);
    let rest = &frame.bytes[stride * size.1..];
    let size = (size.0.div_ceil(2), size.1.div_ceil(2));
    if frame.format == PixelFormat::Nv12 {
        OrientedPlane::new(orientation, rest, 2 * half, size).elements::<2>(chroma);
        return;
    }
    let (blue, red) = chroma.split_at_mut(size.0 * size.1);
    OrientedPlane::new(orientation, rest, half, size).elements::<1>(blue);
    OrientedPlane::new(orientation, &rest[half * size.1..], half, size).elements::<1>(red);
}

/// A plane as it is, and where its samples go.
struct OrientedPlane<'a> {
    orientation: Orientation,
    bytes: &'a [u8],
    stride: usize,
    /// Columns and rows, as it is and afterwards.
    size: (usize, usize),
    new_size: (usize, usize),
}

impl<'a> OrientedPlane<'a> {
    fn new(orientation: Orientation, bytes: &'a [u8], stride: usize, size: (usize, usize)) -> Self {
        let new_size = match orientation.transposed {
            true => (size.1, size.0),
            false => size,
        };
        OrientedPlane {
            orientation,
            bytes,
            stride,
            size,
            new_size,
        }
    }

    /// The column and row that sample (x, y) comes from.
    #[inline(always)]
    fn from(&self, x: usize, y: usize) -> (usize, usize) {
        let Orientation {
            transposed,
            from_right,
            from_bottom,
        } = self.orientation;
        let (x, y) = if transposed { (y, x) } else { (x, y) };
        let column = if from_right { self.size.0 - 1 - x } else { x };
        let row = if from_bottom { self.size.1 - 1 - y } else { y };
        (column, row)
    }

    /// Writes samples of `N` bytes, in tiles where rows become columns.
    fn elements<const N: usize>(&self, out: &mut [u8]) {
        let out = out.as_chunks_mut::<N>().0;
        if !self.orientation.transposed {
            for (y, row) in out.chunks_exact_mut(self.new_size.0).enumerate() {
                let (_, from) = self.from(0, y);
                let samples = self.bytes[from * self.stride..].as_chunks::<N>().0;
                let samples = &samples[..row.len()];
                match self.orientation.from_right {
                    true => row
                        .iter_mut()
                        .zip(samples.iter().rev())
                        .for_each(|(o, s)| *o = *s),
                    false => row.copy_from_slice(samples),
                }
            }
            return;
        }
        let width = self.new_size.0;
        self.tiles(1, |x, y| {
            let (column, row) = self.from(x, y);
            let rest = &self.bytes[row * self.stride + column * N..];
            if let Some(sample) = rest.first_chunk::<N>() {
                out[y * width + x] = *sample;
            }
        });
    }

    /// Writes groups of two pixels that share their chroma, with luma at byte `LUMA` of each two.
    fn pairs<const LUMA: usize>(&self, out: &mut [u8]) {
        let groups = out.as_chunks_mut::<4>().0;
        let width = self.new_size.0.div_ceil(2);
        let luma =
            |(column, row): (usize, usize)| self.bytes[row * self.stride + 2 * column + LUMA];
        let chroma = |(column, row): (usize, usize)| {
            let at = row * self.stride + column / 2 * 4 + 1 - LUMA;
            [u16::from(self.bytes[at]), u16::from(self.bytes[at + 2])]
        };
        self.tiles(2, |x, y| {
            let first = self.from(x, y);
            let second = self.from((x + 1).min(self.new_size.0 - 1), y);
            let (a, mut b) = (chroma(first), chroma(second));
            if !self.orientation.transposed {
                // At an odd width the second may belong to the next pair.
                b = a;
            }
            let [cb, cr] = [0, 1].map(|k| (a[k] + b[k]).div_ceil(2) as u8);
            let group = &mut groups[y * width + x / 2];
            group[LUMA] = luma(first);
            group[LUMA + 2] = luma(second);
            (group[1 - LUMA], group[3 - LUMA]) = (cb, cr);
        });
    }

    /// Calls `write` for every `step`th column of every row afterwards, tile by tile.
    fn tiles(&self, step: usize, mut write: impl FnMut(usize, usize)) {
        let (width, height) = self.new_size;
        for top in (0..height).step_by(TILE) {
            for left in (0..width).step_by(TILE) {
                for y in top..(top + TILE).min(height) {
                    for x in (left..(left + TILE).min(width)).step_by(step) {
                        write(x, y);
                    }
                }
            }
        }
    }
}
