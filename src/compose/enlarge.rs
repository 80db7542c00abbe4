//! The restored 128x128 pixels at any size, smoothly.

use super::blit;
use super::layout::Area;
use crate::picture::Picture;
use face8x_core::also_for_avx2;
use face8x_core::geometry::HR_SIDE;
use face8x_core::resample::cubic_weight;
use face8x_core::restore::Sr;

/// Bits of a whole weight. A channel (8 bits) times a weight, overshoot included, must fit the 16
/// bits in which everything is computed: eight channels a vector instruction.
const WEIGHT_BITS: u32 = 7;
/// Added to a channel while it is weighed, so that the cubic's undershoot (an eighth of 255) does
/// not fall below 0.
const BIAS: u16 = 64;
/// Source pixels of one enlarged pixel, each way.
const TAPS: usize = 4;
/// Values of a pixel while it is weighed.
const LANES: usize = 4;

/// A pixel while it is weighed: blue, green, red (0 to 255) and nothing.
type WidePixel = [u16; LANES];

/// Two pixels side by side while they are weighed: what a vector register holds.
type WidePair = [u16; 2 * LANES];

/// Where an enlarged pixel comes from: `TAPS` source pixels from `start` on, and their weights
/// (negative ones as their two's complement).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PixelTaps {
    start: usize,
    weights: [u16; TAPS],
}

/// The taps of two pixels side by side, with a weight for each of their values.
#[derive(Debug)]
struct PairTaps {
    starts: [usize; 2],
    weights: [WidePair; TAPS],
}

impl PairTaps {
    fn new(left: &PixelTaps, right: &PixelTaps) -> PairTaps {
        let side = |lane: usize| if lane < LANES { left } else { right };
        PairTaps {
            starts: [left.start, right.start],
            weights: std::array::from_fn(|tap| std::array::from_fn(|lane| side(lane).weights[tap])),
        }
    }
}

/// Draws the restored face at any size. Keeps the tables of the last size, and its buffers.
///
/// Enlarging is cubic convolution ([`cubic_weight`] with a = -1/2), columns first, within 3 grey levels
/// of the exact value; a much smaller picture comes from the half, quarter, ... picture.
#[derive(Debug, Default)]
pub(crate) struct Enlarger {
    /// Source and target side for which `steps` was made.
    sides: (usize, usize),
    steps: Vec<PixelTaps>,
    /// The same for columns, two at a time.
    columns: Vec<PairTaps>,
    /// One source row with its edge pixels repeated for the taps outside.
    padded: Vec<WidePixel>,
    /// The last `TAPS` source rows at the target's width, or one more, in turn.
    widened: [Vec<WidePair>; TAPS],
    /// One target row.
    bytes: Vec<u8>,
    /// The half, quarter, ... picture, and the one before.
    halved: [Vec<u32>; 2],
}

impl Enlarger {
    /// Fills the square `area` of the canvas with the restored face, mirrored on request.
    pub(crate) fn draw(&mut self, canvas: &mut Picture, area: Area, sr: &Sr, mirror: bool) {
        let side = area.w.min(area.h);
        if side == 0 {
            return;
        }
        let [mut halved, mut spare] = std::mem::take(&mut self.halved);
        let mut source_side = HR_SIDE;
        let mut source = sr.as_slice();
        while source_side >= 2 * side {
            halve(source_side, source, &mut spare);
            std::mem::swap(&mut halved, &mut spare);
            source_side /= 2;
            source = &halved;
        }
        self.prepare(source_side, side);
        self.resample(
            canvas,
            Area {
                w: side,
                h: side,
                ..area
            },
            source,
        );
        self.halved = [halved, spare];
        if mirror {
            blit::mirror(canvas, area);
        }
    }

    /// Makes the tables for a change of side, unless they are there.
    fn prepare(&mut self, from: usize, to: usize) {
        if self.sides == (from, to) {
            return;
        }
        self.sides = (from, to);
        self.steps.clear();
        self.steps.extend((0..to).map(|i| step(i, from, to)));
        let pairs = self.steps.chunks(2).map(|pair| {
            // Beside the last of an odd number comes itself.
            PairTaps::new(&pair[0], &pair[pair.len() - 1])
        });
        self.columns.clear();
        self.columns.extend(pairs);
        self.padded.resize(from + TAPS, [0; LANES]);
        for row in &mut self.widened {
            row.resize(to.div_ceil(2), [0; 2 * LANES]);
        }
        self.bytes.resize(LANES * to, 0);
    }

    fn resample(&mut self, canvas: &mut Picture, area: Area, source: &[u32]) {
        let from = self.sides.0;
        // Source rows (counted with the repeated ones above) that are in `widened`.
        let mut ready = 0;
        for (row, step) in blit::rows(canvas, area).zip(&self.steps) {
            while ready < step.start + TAPS {
                // The taps begin one and a half pixels before the first: two repeated rows.
                let y = ready.saturating_sub(2).min(from - 1);
                pad(&source[y * from..][..from], &mut self.padded);
                widen(&self.padded, &self.columns, &mut self.widened[ready % TAPS]);
                ready += 1;
            }
            let tap = |k: usize| self.widened[(step.start + k) % TAPS].as_slice();
            let taps = [tap(0), tap(1), tap(2), tap(3)];
            combine(taps, step.weights, &mut self.bytes, row);
        }
    }
}

/// The taps of target pixel `i`; `start` counts from two pixels before the first.
fn step(i: usize, from: usize, to: usize) -> PixelTaps {
    let at = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
    let t = at - at.floor();
    let cubic = [-1.0, 0.0, 1.0, 2.0].map(|tap| cubic_weight(-0.5, tap - t));
    let exact = cubic.map(|w| w * f64::from(1 << WEIGHT_BITS));
    let mut weights = exact.map(|w| w.floor() as i16);
    // The weights of a flat picture must sum to one exactly: the largest remainders are rounded up.
    let missing = (1 << WEIGHT_BITS) - weights.iter().sum::<i16>();
    for _ in 0..missing {
        let remainder = |k: &usize| exact[*k] - f64::from(weights[*k]);
        let largest = (0..TAPS).max_by(|j, k| remainder(j).total_cmp(&remainder(k)));
        weights[largest.unwrap_or(1)] += 1;
    }
    PixelTaps {
        start: (at.floor() + 1.0) as usize,
        weights: weights.map(|w| w as u16),
    }
}

/// Spreads a row's channels and repeats its edges: two pixels before, two after.
fn pad(source: &[u32], padded: &mut [WidePixel]) {
    let last = padded.len() - 2;
    for (wide, &pixel) in padded[2..last].iter_mut().zip(source) {
        *wide = [pixel, pixel >> 8, pixel >> 16, 0].map(|c| (c & 0xff) as u16);
    }
    let (first_pixel, last_pixel) = (padded[2], padded[last - 1]);
    padded[..2].fill(first_pixel);
    padded[last..].fill(last_pixel);
}

/// Ends a sum of channels times weights, modulo 2^16: rounds it and cuts it to 0 to 255. The true
/// sum lies between -BIAS and 511 - BIAS wholes.
#[inline(always)]
fn settle(sum: u16) -> u16 {
    const START: u16 = (BIAS << WEIGHT_BITS) + (1 << (WEIGHT_BITS - 1));
    (sum.wrapping_add(START) >> WEIGHT_BITS)
        .saturating_sub(BIAS)
        .min(255)
}

also_for_avx2! {
    /// Weighs the columns of one source row into a row of the target's width.
    fn widen(padded: &[WidePixel], columns: &[PairTaps], out: &mut [WidePair]) as widen_any
}

also_for_avx2! {
    /// A row of display pixels: the weighted sum of four rows, by way of its bytes.
    fn combine(taps: [&[WidePair]; TAPS], w: [u16; TAPS], bytes: &mut [u8], row: &mut [u32]) as combine_any
}

/// Written out tap by tap, so that the compiler makes vector instructions of it.
#[inline(always)]
fn widen_any(padded: &[WidePixel], columns: &[PairTaps], out: &mut [WidePair]) {
    for (out, pair) in out.iter_mut().zip(columns) {
        let taps = pair
            .starts
            .map(|start| padded.get(start..start + TAPS)?.first_chunk::<TAPS>());
        let [Some(left), Some(right)] = taps else {
            return;
        };
        let both = |tap: usize| -> WidePair {
            let ([a, b, c, d], [e, f, g, h]) = (left[tap], right[tap]);
            [a, b, c, d, e, f, g, h]
        };
        let [a, b, c, d] = [both(0), both(1), both(2), both(3)];
        let w = &pair.weights;
        *out = std::array::from_fn(|i| {
            let sum = a[i]
                .wrapping_mul(w[0][i])
                .wrapping_add(b[i].wrapping_mul(w[1][i]));
            let sum = sum.wrapping_add(c[i].wrapping_mul(w[2][i]));
            settle(sum.wrapping_add(d[i].wrapping_mul(w[3][i])))
        });
    }
}

#[inline(always)]
fn combine_any(taps: [&[WidePair]; TAPS], w: [u16; TAPS], bytes: &mut [u8], row: &mut [u32]) {
    let length = bytes.len();
    let [a, b, c, d] = taps.map(|tap| &tap.as_flattened()[..length]);
    for i in 0..length {
        let sum = a[i]
            .wrapping_mul(w[0])
            .wrapping_add(b[i].wrapping_mul(w[1]));
        let sum = sum.wrapping_add(c[i].wrapping_mul(w[2]));
        bytes[i] = settle(sum.wrapping_add(d[i].wrapping_mul(w[3]))) as u8;
    }
    for (pixel, bytes) in row.iter_mut().zip(bytes.as_chunks().0) {
        *pixel = u32::from_le_bytes(*bytes);
    }
}

/// Makes `to` the half of a square picture of `side` pixels, each pixel the mean of four.
pub(crate) fn halve(side: usize, from: &[u32], to: &mut Vec<u32>) {
    to.clear();
    for rows in from[..side * side].chunks_exact(2 * side) {
        let (above, below) = rows.split_at(side);
        let pairs = above.as_chunks().0.iter().zip(below.as_chunks().0);
        to.extend(pairs.map(|(&[a, b], &[c, d])| mean([a, b, c, d])));
    }
}

/// The rounded mean of four pixels, each of four 8-bit channels.
fn mean(pixels: [u32; 4]) -> u32 {
    let even = pixels.iter().map(|p| p & 0xff00ff).sum::<u32>() + 0x20002;
    let odd = pixels.iter().map(|p| p >> 8 & 0xff00ff).sum::<u32>() + 0x20002;
    (even >> 2 & 0xff00ff) | (odd >> 2 & 0xff00ff) << 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use face8x_core::pixel::unpack_rgb;

    fn pattern() -> Box<Sr> {
        let mut sr = Box::new([0; HR_SIDE * HR_SIDE]);
        for (i, pixel) in sr.iter_mut().enumerate() {
            let (x, y) = ((i % HR_SIDE) as u32, (i / HR_SIDE) as u32);
            let noise = (x * 7919 + y * 104_729) % 61;
            *pixel = (x * 2) << 16
                | (y * 2) << 8
                | (if (x / 8 + y / 8) % 2 == 0 {
                    255 - noise
                } else {
                    noise
                });
        }
        sr
    }

    fn drawn(sr: &Sr, side: usize) -> Picture {
        let mut picture = Picture::new(side as u32, side as u32);
        Enlarger::default().draw(&mut picture, Area::new(0, 0, side, side), sr, false);
        picture
    }

    /// Keys' cubic convolution with a = -1/2 in floating point, straight from its definition:
    /// columns, cut to 0 to 255, then rows.
    fn reference(sr: &Sr, side: usize, x: usize, y: usize) -> [f64; 3] {
        let keys = |d: f64| match d.abs() {
            d if d <= 1.0 => 1.5 * d.powi(3) - 2.5 * d.powi(2) + 1.0,
            d if d < 2.0 => -0.5 * d.powi(3) + 2.5 * d.powi(2) - 4.0 * d + 2.0,
            _ => 0.0,
        };
        let centre = |i: usize| (i as f64 + 0.5) * HR_SIDE as f64 / side as f64 - 0.5;
        let along = |at: f64, value: &dyn Fn(usize) -> f64| {
            let taps = at.floor() as i64 - 1..=at.floor() as i64 + 2;
            let inside = |v: i64| v.clamp(0, HR_SIDE as i64 - 1) as usize;
            let sum: f64 = taps.map(|i| keys(i as f64 - at) * value(inside(i))).sum();
            sum.clamp(0.0, 255.0)
        };
        let channel = |c: usize, i: usize, j: usize| f64::from(unpack_rgb(sr[j * HR_SIDE + i])[c]);
        [0, 1, 2].map(|c| along(centre(y), &|j| along(centre(x), &|i| channel(c, i, j))))
    }

    #[test]
    fn enlarging_is_cubic_convolution() {
        let sr = pattern();
        for side in [128, 131, 200, 256, 480, 500] {
            let picture = drawn(&sr, side);
            for i in 0..side * side {
                let (x, y) = (i % side, i / side);
                let (got, wanted) = (unpack_rgb(picture.pixels[i]), reference(&sr, side, x, y));
                for c in 0..3 {
                    let apart = (f64::from(got[c]) - wanted[c]).abs();
                    assert!(apart <= 3.0, "{apart} apart at {x}, {y} of {side}");
                }
            }
        }
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let sr = pattern();
        assert_eq!(drawn(&sr, HR_SIDE).pixels, sr.as_slice());
    }

    #[test]
    fn a_flat_picture_stays_flat_at_every_size() {
        for colour in [0, 0xffffff, 0x123456, 0xfe01fe] {
            for side in [1, 2, 5, 31, 64, 100, 127, 129, 300, 801] {
                let picture = drawn(&[colour; HR_SIDE * HR_SIDE], side);
                assert!(
                    picture.pixels.iter().all(|&p| p == colour),
                    "{colour:06x} at {side}"
                );
            }
        }
    }

    #[test]
    fn shrinking_keeps_the_mean() {
        let sr = pattern();
        let mean = |pixels: &[u32], c: usize| {
            pixels
                .iter()
                .map(|&p| f64::from(unpack_rgb(p)[c]))
                .sum::<f64>()
                / pixels.len() as f64
        };
        for side in [4, 16, 33, 64, 90] {
            let small = drawn(&sr, side);
            for c in 0..3 {
                let apart = (mean(&small.pixels, c) - mean(sr.as_slice(), c)).abs();
                assert!(apart < 2.0, "{apart} apart at {side}");
            }
        }
    }

    #[test]
    fn halving_takes_means() {
        let pixels = [
            0x000000, 0x040000, 0x000100, 0xff0000ff, 0, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4,
        ];
        let mut half = Vec::new();
        halve(4, &pixels, &mut half);
        assert_eq!(half, [0x00010000, 0x40000040, 0x00000002, 0x00000004]);
    }
}
