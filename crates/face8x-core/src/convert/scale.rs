//! The camera picture at another size.

use super::blocks::{BlockSize, Blocks, MAX_BLOCK};
use super::layout::FrameLayout;
use crate::also_for_avx2;
use crate::geometry::Rect;

/// One axis of the picture: `len` samples that begin at `start` and lie `step` apart, in blocks.
#[derive(Clone, Copy, PartialEq)]
struct ScaleAxis {
    start: f32,
    step: f32,
    len: usize,
    /// Number of source samples.
    limit: usize,
}

impl ScaleAxis {
    fn new(start: f32, span: f32, len: usize, block: usize, limit: usize) -> Self {
        let block_side = block as f32;
        ScaleAxis {
            start: start / block_side,
            step: span / (len as f32 * block_side),
            len,
            limit: limit / block,
        }
    }

    /// The first source sample, where every sample is one source sample.
    fn whole(&self) -> Option<usize> {
        let aligned = self.step == 1.0 && self.start.fract() == 0.0 && self.start >= 0.0;
        (aligned && self.start as usize + self.len <= self.limit).then_some(self.start as usize)
    }

    /// Where sample `i` comes from: the source sample before it, and how far it lies on the way to
    /// the next, in 1/256.
    fn tap(&self, i: usize) -> (usize, u32) {
        let at = self.start + (i as f32 + 0.5) * self.step - 0.5;
        let at = at.clamp(0.0, (self.limit - 1) as f32);
        let index = at as usize;
        (index, ((at - index as f32) * 256.0) as u32)
    }
}

/// Scales by a block average, where the picture shrinks, and then linearly between the blocks.
#[derive(Default)]
pub(super) struct Scaler {
    /// For each column the block before it, counted from the first that is needed, and the weight
    /// of the one behind it.
    indices: Vec<u32>,
    weights: Vec<u32>,
    /// A row of blocks, each with the one behind it, and for each column the two that it lies between.
    line: Vec<u32>,
    pairs: Vec<[u32; 2]>,
    between: Vec<[u32; 2]>,
    /// Two rows at the new width, and which rows of blocks they are.
    rows: [Vec<u32>; 2],
    held: [Option<usize>; 2],
}

/// Pixels to write: `height` rows of `width`, each `stride` after the one before.
pub(super) struct PixelTarget<'a> {
    pub pixels: &'a mut [u32],
    pub stride: usize,
    pub width: usize,
    pub height: usize,
}

impl Scaler {
    /// Fills `target` (not empty) with `src` (within the frame, not empty).
    pub(super) fn scale(
        &mut self,
        blocks: &mut Blocks,
        layout: &FrameLayout,
        src: Rect,
        target: PixelTarget,
    ) {
        let (fx, fy) = (src.w / target.width as f32, src.h / target.height as f32);
        let most = layout.width.min(layout.height).min(MAX_BLOCK);
        let block = BlockSize::square((fx.min(fy).round() as usize).clamp(1, most));
        let across = ScaleAxis::new(src.x, src.w, target.width, block.w, layout.width);
        let down = ScaleAxis::new(src.y, src.h, target.height, block.h, layout.height);
        let rows = target.pixels.chunks_mut(target.stride).take(target.height);
        let rows = rows.map(|row| &mut row[..target.width]);
        if let (Some(bx), Some(by)) = (across.whole(), down.whole()) {
            for (y, row) in rows.enumerate() {
                blocks.row(layout, block, by + y, bx, row);
            }
            return;
        }
        let first = self.start(&across);
        for (y, row) in rows.enumerate() {
            let (above, weight) = down.tap(y);
            let below = (above + 1).min(down.limit - 1);
            for by in [above, below] {
                if self.held[by % 2] != Some(by) {
                    blocks.row(layout, block, by, first, &mut self.line);
                    self.stretch(by);
                }
            }
            mix_row(&self.rows[above % 2], &self.rows[below % 2], weight, row);
        }
    }

    /// Sets the buffers up for rows of this kind and returns the first block that they need.
    fn start(&mut self, across: &ScaleAxis) -> usize {
        let first = across.tap(0).0;
        let last = across.tap(across.len - 1).0 + 1;
        let taps = (0..across.len).map(|i| across.tap(i));
        self.indices.clear();
        self.indices
            .extend(taps.clone().map(|(index, _)| (index - first) as u32));
        self.weights.clear();
        self.weights.extend(taps.map(|(_, weight)| weight));
        self.line.resize(last.min(across.limit - 1) + 1 - first, 0);
        self.pairs.resize(self.line.len(), [0; 2]);
        self.between.resize(across.len, [0; 2]);
        for row in &mut self.rows {
            row.resize(across.len, 0);
        }
        self.held = [None; 2];
        first
    }

    /// Brings `line`, which is row `by` of blocks, to the new width and puts it in its place.
    fn stretch(&mut self, by: usize) {
        pair(&self.line, &mut self.pairs);
        gather(&self.pairs, &self.indices, &mut self.between);
        mix_pairs(&self.between, &self.weights, &mut self.rows[by % 2]);
        self.held[by % 2] = Some(by);
    }
}

/// Each sample with the one behind it; behind the last one comes itself.
fn pair(line: &[u32], pairs: &mut [[u32; 2]]) {
    let Some(&last) = line.last() else {
        return;
    };
    for ((pair, &a), &b) in pairs.iter_mut().zip(line).zip(&line[1..]) {
        *pair = [a, b];
    }
    pairs[line.len() - 1] = [last; 2];
}

/// Takes the pairs at `indices`: whole ones, which are loaded and checked at once.
fn gather(pairs: &[[u32; 2]], indices: &[u32], between: &mut [[u32; 2]]) {
    for (two, &i) in between.iter_mut().zip(indices) {
        *two = pairs[i as usize];
    }
}

also_for_avx2! {
    /// A row between the pixels of pairs, at a weight each.
    fn mix_pairs(pairs: &[[u32; 2]], weights: &[u32], out: &mut [u32]) as mix_pairs_any
}

#[inline(always)]
fn mix_pairs_any(pairs: &[[u32; 2]], weights: &[u32], out: &mut [u32]) {
    for ((o, &[a, b]), &weight) in out.iter_mut().zip(pairs).zip(weights) {
        *o = mix(a, b, weight);
    }
}

also_for_avx2! {
    /// A row between two others.
    fn mix_row(above: &[u32], below: &[u32], weight: u32, out: &mut [u32]) as mix_row_any
}

#[inline(always)]
fn mix_row_any(above: &[u32], below: &[u32], weight: u32, out: &mut [u32]) {
    for ((o, &a), &b) in out.iter_mut().zip(above).zip(below) {
        *o = mix(a, b, weight);
    }
}

/// A display pixel `weight`/256 of the way from `a` to `b`, two channels at a time.
#[inline(always)]
fn mix(a: u32, b: u32, weight: u32) -> u32 {
    const LOWER: u32 = 0x00ff_00ff;
    let both = |a: u32, b: u32| {
        // 256 a + (b - a) w is 256 times the result, and no channel of it is negative.
        let mixed = (a << 8).wrapping_add(b.wrapping_sub(a).wrapping_mul(weight));
        mixed.wrapping_add(0x0080_0080) >> 8 & LOWER
    };
    both(a & LOWER, b & LOWER) | both(a >> 8 & LOWER, b >> 8 & LOWER) << 8
}
