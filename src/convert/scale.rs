//! The camera picture at another size.

use super::blocks::{Block, Blocks, MAX_BLOCK};
use super::layout::Layout;
use crate::geometry::Rect;

/// Where the samples of one axis come from: sample i lies between source samples `index` and
/// `index` + 1, `weight`/256 of the way.
#[derive(Clone, Copy, Default)]
struct Tap {
    index: usize,
    weight: u32,
}

/// One axis of the picture: `len` samples that begin at `start` and lie `step` apart, in blocks.
#[derive(Clone, Copy, PartialEq)]
struct Axis {
    start: f32,
    step: f32,
    len: usize,
    /// Number of source samples.
    limit: usize,
}

impl Axis {
    fn new(start: f32, span: f32, len: usize, block: usize, limit: usize) -> Self {
        let block_side = block as f32;
        Axis {
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

    fn tap(&self, i: usize) -> Tap {
        let at = self.start + (i as f32 + 0.5) * self.step - 0.5;
        let at = at.clamp(0.0, (self.limit - 1) as f32);
        let index = at as usize;
        Tap {
            index,
            weight: ((at - index as f32) * 256.0) as u32,
        }
    }
}

/// Scales by a block average, where the picture shrinks, and then linearly between the blocks.
#[derive(Default)]
pub(super) struct Scaler {
    taps: Vec<Tap>,
    /// A row of blocks.
    line: Vec<u32>,
    /// Two rows at the new width, and which rows of blocks they are.
    rows: [Vec<u32>; 2],
    held: [Option<usize>; 2],
}

/// Pixels to write: `height` rows of `width`, each `stride` after the one before.
pub(super) struct Target<'a> {
    pub pixels: &'a mut [u32],
    pub stride: usize,
    pub width: usize,
    pub height: usize,
}

impl Scaler {
    /// Fills `target` (not empty) with `src` (within the frame, not empty).
    pub fn scale(&mut self, blocks: &mut Blocks, layout: &Layout, src: Rect, target: Target) {
        let (fx, fy) = (src.w / target.width as f32, src.h / target.height as f32);
        let most = layout.width.min(layout.height).min(MAX_BLOCK);
        let block = Block::square((fx.min(fy).round() as usize).clamp(1, most));
        let across = Axis::new(src.x, src.w, target.width, block.w, layout.width);
        let down = Axis::new(src.y, src.h, target.height, block.h, layout.height);
        let rows = target.pixels.chunks_mut(target.stride).take(target.height);
        let rows = rows.map(|row| &mut row[..target.width]);
        if let (Some(bx), Some(by)) = (across.whole(), down.whole()) {
            for (y, row) in rows.enumerate() {
                blocks.row(layout, block, by + y, bx, row);
            }
            return;
        }
        self.held = [None; 2];
        self.taps.clear();
        self.taps.extend((0..across.len).map(|i| across.tap(i)));
        for (y, row) in rows.enumerate() {
            let tap = down.tap(y);
            let below = (tap.index + 1).min(down.limit - 1);
            for by in [tap.index, below] {
                self.hold(blocks, layout, block, by, across.limit);
            }
            let (a, b) = (&self.rows[tap.index % 2], &self.rows[below % 2]);
            for ((o, &a), &b) in row.iter_mut().zip(a).zip(b) {
                *o = mix(a, b, tap.weight);
            }
        }
    }

    /// Sees to it that row `by` of blocks, at the new width, is in its place.
    fn hold(
        &mut self,
        blocks: &mut Blocks,
        layout: &Layout,
        block: Block,
        by: usize,
        limit: usize,
    ) {
        if self.held[by % 2] == Some(by) {
            return;
        }
        let (first, last) = match (self.taps.first(), self.taps.last()) {
            (Some(first), Some(last)) => (first.index, (last.index + 1).min(limit - 1)),
            _ => return,
        };
        self.line.resize(last + 1 - first, 0);
        blocks.row(layout, block, by, first, &mut self.line);
        // The sample after the last one has no weight, but is read.
        self.line.push(0);
        let row = &mut self.rows[by % 2];
        row.clear();
        row.extend(self.taps.iter().map(|tap| {
            let pair = &self.line[tap.index - first..];
            mix(pair[0], pair[1], tap.weight)
        }));
        self.held[by % 2] = Some(by);
    }
}

/// A display pixel `weight`/256 of the way from `a` to `b`, two channels at a time.
#[inline(always)]
fn mix(a: u32, b: u32, weight: u32) -> u32 {
    const RED_BLUE: u32 = 0x00ff_00ff;
    const GREEN: u32 = 0x0000_ff00;
    let back = 256 - weight;
    let red_blue = ((a & RED_BLUE) * back + (b & RED_BLUE) * weight + 0x0080_0080) >> 8;
    let green = ((a & GREEN) * back + (b & GREEN) * weight + 0x0000_8000) >> 8;
    (red_blue & RED_BLUE) | (green & GREEN)
}
