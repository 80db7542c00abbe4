//! The global skip: bilinear enlargement by 8, in whole numbers.
//!
//! Pixel centres lie at half pixels and the edge repeats (ONNX Resize, linear, half_pixel). Eight
//! output pixels lie between two input centres, at odd sixteenths, so that a weight of both axes
//! is a multiple of 1/256: a level is a `u16` in 1/256, and nothing is rounded.

use super::Block;

/// Output pixels for each input pixel along an axis.
pub(crate) const FACTOR: usize = 8;

/// Input positions on both sides of output position `i`, and the weight of the second in
/// sixteenths; the first has the rest.
#[inline(always)]
fn between(i: usize, length: usize) -> (usize, usize, u16) {
    let shifted = i + FACTOR / 2;
    let (second, within) = (shifted / FACTOR, shifted % FACTOR);
    (
        second.saturating_sub(1),
        second.min(length - 1),
        2 * within as u16 + 1,
    )
}

/// Weights of the second of two neighbours at the eight positions between their centres.
const SECOND: [u16; FACTOR] = [1, 3, 5, 7, 9, 11, 13, 15];

/// Output row `y` of a plane whose pixel (row, column) is `pixel(row, column)`, in 1/256 levels.
/// `row` has 8 elements more than there are output columns: the picture begins at element 4.
/// `blend` is room for the input's columns.
#[inline(always)]
pub(crate) fn enlarge_row(
    pixel: impl Fn(usize, usize) -> u8,
    rows: usize,
    y: usize,
    blend: &mut [u16],
    row: &mut [u16],
) {
    let (above, below, weight) = between(y, rows);
    for (x, value) in blend.iter_mut().enumerate() {
        *value = u16::from(pixel(above, x)) * (16 - weight) + u16::from(pixel(below, x)) * weight;
    }
    for (x, between) in row.as_chunks_mut::<FACTOR>().0.iter_mut().enumerate() {
        let (left, right) = (blend[x.saturating_sub(1)], blend[x.min(blend.len() - 1)]);
        for (out, second) in between.iter_mut().zip(SECOND) {
            *out = left * (16 - second) + right * second;
        }
    }
}

/// Planes of bytes to planes 8 times as large, in 1/256 levels.
pub(crate) fn enlarge_planes(planes: &[u8], rows: usize, columns: usize) -> Vec<u16> {
    let mut blend = vec![0; columns];
    let mut row = vec![0; FACTOR * (columns + 1)];
    let mut large = Vec::new();
    for plane in planes.chunks_exact(rows * columns) {
        for y in 0..rows * FACTOR {
            enlarge_row(|r, c| plane[r * columns + c], rows, y, &mut blend, &mut row);
            large.extend_from_slice(&row[FACTOR / 2..][..columns * FACTOR]);
        }
    }
    large
}

/// A display level of `base` (in 1/256) and `residual` levels, rounded half to even.
#[inline(always)]
pub(crate) fn sum(base: u16, residual: i16) -> u8 {
    let whole = (base >> 8) as i16 + residual;
    let rest = (base & 255) as i16;
    (whole + ((rest + 127 + (whole & 1)) >> 8)).clamp(0, 255) as u8
}

/// Room for one row of display pixels; kept from run to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowRoom {
    blend: Vec<u16>,
    base: [Vec<u16>; 3],
    residual: [Vec<u8>; 3],
}

impl RowRoom {
    /// Room for an input of this many columns.
    pub(crate) fn new(columns: usize) -> Self {
        RowRoom {
            blend: vec![0; columns],
            base: std::array::from_fn(|_| vec![0; FACTOR * (columns + 1)]),
            residual: std::array::from_fn(|_| vec![0; FACTOR * columns]),
        }
    }
}

/// The small picture under the skip, as the engine keeps it: `pixels[start + r * row + c * pixel
/// + channel]`.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    pub pixels: &'a [u8],
    pub rows: usize,
    pub start: usize,
    pub row: usize,
    pub pixel: usize,
}

/// Output row `y` as display pixels. `residual` holds the last convolution's pixels, a block of 16
/// channels each: channel 4c + 2i + j is colour c at row i, column j of a square of two.
#[inline(always)]
pub(crate) fn display_row(
    base: Base,
    residual: &[u8],
    zero: u8,
    y: usize,
    room: &mut RowRoom,
    out: &mut [u32],
) {
    let odd = 2 * (y % 2);
    for (channel, (row, plane)) in room.base.iter_mut().zip(&mut room.residual).enumerate() {
        let pixel =
            |r: usize, c: usize| base.pixels[base.start + r * base.row + c * base.pixel + channel];
        enlarge_row(pixel, base.rows, y, &mut room.blend, row);
        let at = 4 * channel + odd;
        let squares = residual.as_chunks::<{ Block::LANES }>().0;
        for (pair, square) in plane.as_chunks_mut::<2>().0.iter_mut().zip(squares) {
            *pair = [square[at], square[at + 1]];
        }
    }
    let zero = i16::from(zero);
    let [red, green, blue] = &room.base;
    let [r, g, b] = &room.residual;
    let (red, green, blue) = (
        &red[FACTOR / 2..],
        &green[FACTOR / 2..],
        &blue[FACTOR / 2..],
    );
    let levels = |base: &[u16], plane: &[u8], x: usize| sum(base[x], i16::from(plane[x]) - zero);
    let n = out.len();
    let (red, green, blue) = (&red[..n], &green[..n], &blue[..n]);
    let (r, g, b) = (&r[..n], &g[..n], &b[..n]);
    for (x, out) in out.iter_mut().enumerate() {
        *out = pack_rgb(levels(red, r, x), levels(green, g, x), levels(blue, b, x));
    }
}

/// A display pixel, `0x00RRGGBB`.
#[inline(always)]
fn pack_rgb(r: u8, g: u8, b: u8) -> u32 {
    u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b)
}
