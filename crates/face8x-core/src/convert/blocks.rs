//! Box averages: each pixel is the mean of a block of frame pixels.

use super::colour::{Texel, chroma, luma, ycc};
use super::layout::{Channels, Component, FrameLayout};
use super::rows;

/// The longest side of a block: so many bytes add up in 16 bits.
pub(super) const MAX_BLOCK: usize = 256;

/// The size of a block in frame pixels, 1 to [`MAX_BLOCK`] each way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockSize {
    pub w: usize,
    pub h: usize,
}

impl BlockSize {
    pub(super) fn square(side: usize) -> Self {
        BlockSize { w: side, h: side }
    }
}

/// Averages a row of blocks at a time, in the frame's own channels; colours are converted
/// afterwards, once per block.
#[derive(Default)]
pub(super) struct Blocks {
    /// Sums down the columns of a row of blocks, byte by byte of each plane.
    sums: [Vec<u16>; 3],
    /// Means of the blocks, a channel each.
    means: [Vec<u8>; 3],
}

impl Blocks {
    /// Writes the blocks of row `by` (counted in blocks) from column `bx` on, as many as `out`
    /// holds; they must lie within the frame.
    pub(super) fn row<P: Texel>(
        &mut self,
        layout: &FrameLayout,
        block: BlockSize,
        by: usize,
        bx: usize,
        out: &mut [P],
    ) {
        self.reserve(layout);
        if block == BlockSize::square(1) {
            return rows::row(layout, by, bx, out);
        }
        self.average(layout, block, by, bx, out.len(), 3);
        let [a, b, c] = &self.means;
        let channels = a.iter().zip(b).zip(c);
        if layout.channels == Channels::Ycc {
            for (o, ((&y, &cb), &cr)) in out.iter_mut().zip(channels) {
                *o = ycc(y.into(), chroma(cb.into(), cr.into()));
            }
        } else {
            for (o, ((&r, &g), &b)) in out.iter_mut().zip(channels) {
                *o = P::rgb(r, g, b);
            }
        }
    }

    /// The same as [`row`](Self::row), luma alone: as the camera gives it, or made from the
    /// blocks' colours.
    pub(super) fn luma_row(
        &mut self,
        layout: &FrameLayout,
        block: BlockSize,
        by: usize,
        bx: usize,
        out: &mut [u8],
    ) {
        if layout.channels != Channels::Rgb {
            self.average(layout, block, by, bx, out.len(), 1);
            out.copy_from_slice(&self.means[0]);
            return;
        }
        self.average(layout, block, by, bx, out.len(), 3);
        let [r, g, b] = &self.means;
        for (o, ((&r, &g), &b)) in out.iter_mut().zip(r.iter().zip(g).zip(b)) {
            *o = luma(r, g, b);
        }
    }

    /// Makes room for whole rows and all sizes of blocks, so that nothing is allocated later, when
    /// a face comes nearer.
    pub(super) fn reserve(&mut self, layout: &FrameLayout) {
        for (plane, sums) in layout.planes().iter().zip(&mut self.sums) {
            sums.clear();
            sums.reserve(plane.span(0, 0, layout.width).len() + plane.step);
        }
        for means in &mut self.means {
            means.clear();
            means.reserve(layout.width);
        }
    }

    /// Fills the first `channels` of `means` with `count` blocks each.
    fn average(
        &mut self,
        layout: &FrameLayout,
        block: BlockSize,
        by: usize,
        bx: usize,
        count: usize,
        channels: usize,
    ) {
        let (x0, x1) = (bx * block.w, (bx + count) * block.w);
        let y0 = by * block.h;
        if let Some(luma) = layout.packed_luma()
            && block == BlockSize::square(2)
        {
            for means in &mut self.means {
                make_room(means, layout.width);
                means.resize(count, 0);
            }
            let plane = &layout.planes()[0];
            let rows = [y0, y0 + 1].map(|y| plane.span(y, x0, x1));
            match (luma, channels) {
                (0, 1) => mean_of_groups::<0, false>(rows, &mut self.means),
                (_, 1) => mean_of_groups::<1, false>(rows, &mut self.means),
                (0, _) => mean_of_groups::<0, true>(rows, &mut self.means),
                _ => mean_of_groups::<1, true>(rows, &mut self.means),
            }
            return;
        }
        let planes = if channels == 1 {
            1
        } else {
            layout.planes().len()
        };
        // Room for whole rows at once: a face that comes nearer must not make the buffers grow.
        for (plane, sums) in layout.planes()[..planes].iter().zip(&mut self.sums) {
            make_room(sums, plane.span(y0, 0, layout.width).len() + plane.step);
            begin(sums, plane.span(y0, x0, x1), plane.step);
            for y in y0 + 1..y0 + block.h {
                add(sums, plane.span(y, x0, x1));
            }
        }
        for (component, means) in layout.components.iter().zip(&mut self.means).take(channels) {
            let plane = &layout.planes()[component.plane];
            let skipped = (x0 >> plane.h) * plane.step;
            make_room(means, layout.width);
            means.resize(count, 0);
            mean(
                &self.sums[component.plane],
                skipped,
                component,
                x0,
                block,
                means,
            );
        }
    }
}

/// Makes sure that `buffer` has room for `len` items without growing.
fn make_room<T>(buffer: &mut Vec<T>, len: usize) {
    buffer.reserve(len.saturating_sub(buffer.len()));
}

// The next two and `mean_by` are the loops over all bytes. Kept out of line, they are vectorised
// whatever surrounds them.

/// Sets the sums to a row, with `spare` zeros behind it.
#[inline(never)]
fn begin(sums: &mut Vec<u16>, row: &[u8], spare: usize) {
    sums.clear();
    sums.extend(row.iter().map(|&v| u16::from(v)));
    sums.resize(sums.len() + spare, 0);
}

/// Adds a row to the sums.
#[inline(never)]
fn add(sums: &mut [u16], row: &[u8]) {
    sums.iter_mut()
        .zip(row)
        .for_each(|(s, &v)| *s += u16::from(v));
}

/// The mean luma, and with `CHROMA` the mean Cb and Cr, of blocks of 2x2 pixels, the commonest, in two rows
/// of groups of two pixels that share their chroma, where luma is byte `LUMA` of two. Each group is a word of
/// two lanes.
#[inline(never)]
fn mean_of_groups<const LUMA: u32, const CHROMA: bool>(
    [above, below]: [&[u8]; 2],
    [y, cb, cr]: &mut [Vec<u8>; 3],
) {
    const LANES: u32 = 0x00ff_00ff;
    let groups = above
        .as_chunks::<4>()
        .0
        .iter()
        .zip(below.as_chunks::<4>().0);
    let means = y.iter_mut().zip(cb).zip(cr);
    for (((y, cb), cr), (&above, &below)) in means.zip(groups) {
        let (above, below) = (u32::from_le_bytes(above), u32::from_le_bytes(below));
        let sums = |byte: u32| (above >> (8 * byte) & LANES) + (below >> (8 * byte) & LANES);
        let luma = sums(LUMA);
        *y = (((luma & 0xffff) + (luma >> 16) + 2) >> 2) as u8;
        if CHROMA {
            let chroma = sums(1 - LUMA);
            *cb = (((chroma & 0xffff) + 1) >> 1) as u8;
            *cr = (((chroma >> 16) + 1) >> 1) as u8;
        }
    }
}

/// Adds up the sums of `component` along each block and divides. The first `skipped` bytes of the
/// row are not in `sums`.
fn mean(
    sums: &[u16],
    skipped: usize,
    component: &Component,
    x0: usize,
    block: BlockSize,
    out: &mut [u8],
) {
    let sums = &sums[component.offset + (x0 >> component.h) * component.step - skipped..];
    if component.h == 1 && block.w % 2 == 1 {
        let scale = Mean::of(block.w * block.h);
        let shared = match component.step {
            1 => mean_of_shared::<1>,
            2 => mean_of_shared::<2>,
            _ => mean_of_shared::<4>,
        };
        return shared(sums, x0 % 2 == 1, block.w, scale, out);
    }
    let w = block.w >> component.h;
    let scale = Mean::of(w * block.h);
    match component.step {
        1 => mean_by::<1>(sums, w, scale, out),
        2 => mean_by::<2>(sums, w, scale, out),
        3 => mean_by::<3>(sums, w, scale, out),
        _ => mean_by::<4>(sums, w, scale, out),
    }
}

/// The mean of every `w` pixels, an odd number, of which two and two share a sample, `STEP` apart. `odd`
/// says whether the first pixel is the second of its two.
#[inline(never)]
fn mean_of_shared<const STEP: usize>(
    mut sums: &[u16],
    odd: bool,
    w: usize,
    scale: Mean,
    out: &mut [u8],
) {
    let (first, out) = out.split_at_mut(usize::from(odd && !out.is_empty()));
    for first in first {
        let whole = (1..=w / 2).map(|k| u32::from(sums[k * STEP]));
        *first = scale.of_sum(u32::from(sums[0]) + 2 * whole.sum::<u32>());
        sums = &sums[(w / 2 + 1) * STEP..];
    }
    match w {
        // The usual one, for which the compiler then knows the length of a block.
        3 => mean_of_twos::<STEP>(sums, 3, scale, out),
        _ => mean_of_twos::<STEP>(sums, w, scale, out),
    }
}

/// Two blocks of `w` pixels have `w` samples, and each half of the middle one.
#[inline(always)]
fn mean_of_twos<const STEP: usize>(sums: &[u16], w: usize, scale: Mean, out: &mut [u8]) {
    let sum = |group: &[u16]| -> u32 { group.iter().step_by(STEP).map(|&s| u32::from(s)).sum() };
    let middle = w / 2 * STEP;
    let (twos, last) = out.as_chunks_mut();
    for ([first, second], group) in twos.iter_mut().zip(sums.chunks_exact(w * STEP)) {
        let half = u32::from(group[middle]);
        *first = scale.of_sum(2 * sum(&group[..middle]) + half);
        *second = scale.of_sum(half + 2 * sum(&group[middle + STEP..]));
    }
    if let [last] = last {
        let group = &sums[twos.len() * w * STEP..];
        *last = scale.of_sum(2 * sum(&group[..middle]) + u32::from(group[middle]));
    }
}

/// The mean of every `w` samples, `STEP` apart. Behind the last of them there are as many as to
/// make its step whole.
#[inline(never)]
fn mean_by<const STEP: usize>(sums: &[u16], w: usize, scale: Mean, out: &mut [u8]) {
    // The usual factors, for which the compiler then knows the length of a block.
    match w {
        1 => mean_of::<STEP, 1>(sums, scale, out),
        2 => mean_of::<STEP, 2>(sums, scale, out),
        3 => mean_of::<STEP, 3>(sums, scale, out),
        4 => mean_of::<STEP, 4>(sums, scale, out),
        _ => {
            for (o, block) in out.iter_mut().zip(sums.chunks_exact(w * STEP)) {
                *o = scale.of_sum(block.iter().step_by(STEP).map(|&s| u32::from(s)).sum());
            }
        }
    }
}

#[inline(always)]
fn mean_of<const STEP: usize, const W: usize>(sums: &[u16], scale: Mean, out: &mut [u8]) {
    for (o, block) in out.iter_mut().zip(sums.chunks_exact(W * STEP)) {
        *o = scale.of_sum((0..W).map(|i| u32::from(block[i * STEP])).sum());
    }
}

/// Division by a block's number of pixels, as a product.
#[derive(Clone, Copy)]
struct Mean {
    /// 2^24 / n: the product with 255 n, and a half, stay below 2^32 for n up to 256 x 256.
    reciprocal: u32,
}

impl Mean {
    fn of(n: usize) -> Self {
        let n = n as u32;
        Mean {
            reciprocal: ((1 << 24) + n / 2) / n,
        }
    }

    #[inline(always)]
    fn of_sum(self, sum: u32) -> u8 {
        ((sum * self.reciprocal + (1 << 23)) >> 24) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelFormat;
    use crate::testing::reference::noise_frame;

    #[test]
    fn blocks_of_every_side_have_the_means_of_their_samples() {
        let formats = [
            PixelFormat::Yuyv,
            PixelFormat::Uyvy,
            PixelFormat::Nv12,
            PixelFormat::Yu12,
        ];
        for (format, side) in formats
            .into_iter()
            .flat_map(|f| (2..8).map(move |side| (f, side)))
        {
            let frame = noise_frame(format, 87, 20, 3, 5);
            let layout = FrameLayout::of(&frame).unwrap();
            let mut blocks = Blocks::default();
            let (by, bx, count) = (1, 3, 87 / side - 3);
            blocks.average(&layout, BlockSize::square(side), by, bx, count, 3);
            for (component, means) in layout.components.iter().zip(&blocks.means) {
                let plane = &layout.planes()[component.plane];
                for (i, &mean) in means.iter().enumerate() {
                    let left = (bx + i) * side;
                    let samples = (by * side..(by + 1) * side)
                        .flat_map(|y| (left..left + side).map(move |x| (x, y)))
                        .map(|(x, y)| {
                            let at = component.offset + (x >> component.h) * component.step;
                            f64::from(plane.span(y, x, x + 1)[at - (x >> plane.h) * plane.step])
                        });
                    let exact = samples.sum::<f64>() / (side * side) as f64;
                    assert!(
                        (f64::from(mean) - exact).abs() < 0.501,
                        "{format} {side} {i}"
                    );
                }
            }
        }
    }

    #[test]
    fn wider_regions_and_other_blocks_allocate_nothing() {
        for format in [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Rgb3] {
            let frame = noise_frame(format, 320, 240, 0, 1);
            let layout = FrameLayout::of(&frame).unwrap();
            let mut blocks = Blocks::default();
            let capacities = |blocks: &Blocks| {
                let sums = blocks.sums.each_ref().map(Vec::capacity);
                (sums, blocks.means.each_ref().map(Vec::capacity))
            };
            blocks.row(&layout, BlockSize::square(1), 0, 9, &mut [0u32; 4]);
            let before = capacities(&blocks);
            for side in [4, 2, 3] {
                blocks.row(
                    &layout,
                    BlockSize::square(side),
                    0,
                    0,
                    &mut vec![0u32; 320 / side],
                );
            }
            assert_eq!(capacities(&blocks), before, "{format}");
        }
    }
}
