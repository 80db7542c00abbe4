//! The inner loops: one row of a convolution at a time, by the best instructions of the processor.

use std::sync::Arc;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(all(target_arch = "arm", target_os = "linux"))]
mod armv7;
pub(crate) mod global_skip;
mod portable;
mod sum;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use portable::Portable;

use super::graph::{Scale, Sum};
use crate::{Error, Result};
use global_skip::{Base, RowRoom};

/// Weights of 16 output channels for 4 input channels of one tap: `[output][input]`. The first 4
/// outputs fill a 128-bit register, the first 8 one of 256 bits, all of them one of 512.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Block(pub(crate) [i8; Block::LANES * Block::INPUTS]);

impl Block {
    /// Output channels of a block.
    pub(crate) const LANES: usize = 16;
    /// Input channels of a block.
    pub(crate) const INPUTS: usize = 4;
    /// Most blocks that are computed side by side.
    pub(crate) const SIDE_BY_SIDE: usize = 4;
}

/// A row of output pixels for up to 64 output channels of a dense convolution: what a kernel computes.
///
/// For pixel `p` and output channel `o`, with the sum over taps `t` and input channels `i`:
///
/// ```text
/// sum    = bias[o] + sum((input[p * input_step + taps[t] + i] - offset) * weight[t][i][o])
/// byte   = clamp(round(sum * factor[o]) + zero, 0, 255)      (half to even)
/// output[p * output_step + o] = byte, or the sum with `add`
/// ```
pub(crate) struct Row<'a> {
    /// Begins at the first pixel's window.
    pub input: &'a [u8],
    /// Bytes from one pixel's window to the next.
    pub input_step: usize,
    /// Where each tap's channels lie in the window, in bytes.
    pub taps: &'a [usize],
    /// Blocks of 4 input channels.
    pub quads: usize,
    /// Blocks of 16 output channels, 1 to 4.
    pub blocks: usize,
    /// `[tap][quad][block]`.
    pub weights: &'a [Block],
    /// For each of the 16 x blocks channels; the input's zero point and the kernel's
    /// offset are in it.
    pub bias: &'a [i32],
    pub factor: &'a [f32],
    pub zero: u8,
    pub output: &'a mut [u8],
    /// Bytes from one output pixel to the next.
    pub output_step: usize,
    pub add: Option<Addend<'a>>,
    pub pixels: usize,
}

/// The other side of an addition: a byte for each of the output's.
#[derive(Clone, Copy)]
pub(crate) struct Addend<'a> {
    pub other: &'a [u8],
    /// Bytes from one pixel to the next.
    pub step: usize,
    pub own_scale: Scale,
    pub other_scale: Scale,
    pub sum: Sum,
}

impl Row<'_> {
    /// Panics where a kernel would leave the slices.
    fn check(&self) {
        let read = self.quads * Block::INPUTS;
        self.check_sizes(read, self.taps.len() * self.quads * self.blocks);
    }

    /// Panics where a kernel would leave the slices in [`Kernel::depthwise_row`].
    fn check_depthwise(&self) {
        let fours = self.taps.len() / Block::INPUTS;
        assert!(self.taps.len().is_multiple_of(Block::INPUTS), "taps");
        self.check_sizes(self.blocks * Block::LANES, fours * self.blocks);
    }

    /// Panics where `read` bytes at every tap, this many weights, or anything else, are not there.
    fn check_sizes(&self, read: usize, weights: usize) {
        let lanes = self.blocks * Block::LANES;
        let last = self.pixels.saturating_sub(1);
        let tap = self.taps.iter().max().map_or(0, |tap| tap + read);
        assert!(
            (1..=Block::SIDE_BY_SIDE).contains(&self.blocks),
            "a row has 1 to 4 blocks"
        );
        assert!(self.weights.len() >= weights, "weights");
        assert!(
            self.bias.len() >= lanes && self.factor.len() >= lanes,
            "bias and factor"
        );
        if self.pixels > 0 {
            assert!(self.input.len() >= last * self.input_step + tap, "input");
            let end = last * self.output_step + lanes;
            assert!(self.output.len() >= end, "output");
            let fits = |add: Addend| add.other.len() >= last * add.step + lanes;
            assert!(self.add.is_none_or(fits), "addend");
        }
    }
}

/// A row of an addition: both sides dequantised, added and quantised, byte by byte.
pub(crate) struct SumRow<'a> {
    pub sides: [SumSide<'a>; 2],
    pub sum: Sum,
    /// Bytes of a pixel.
    pub pixel: usize,
    /// Whole pixels.
    pub output: &'a mut [u8],
}

/// One side of a [`SumRow`].
#[derive(Clone, Copy)]
pub(crate) struct SumSide<'a> {
    /// Begins at the row's first pixel.
    pub bytes: &'a [u8],
    pub scale: Scale,
    /// Output pixels that each pixel stands for.
    pub factor: usize,
}

/// An implementation for a kind of processor.
pub(crate) trait Kernel: Send + Sync + std::fmt::Debug {
    /// What it uses, for the log and the screen.
    fn name(&self) -> &'static str;

    /// What it takes from each input byte before it multiplies. Whoever packs the weights adds
    /// this times their sum to the bias.
    fn input_offset(&self) -> i32 {
        0
    }

    /// Computes a row.
    ///
    /// # Panics
    /// Where the row's slices are too short for its numbers.
    fn row(&self, row: Row<'_>);

    /// What [`Kernel::depthwise_row`] takes from each input byte before it multiplies.
    fn depthwise_offset(&self) -> i32 {
        0
    }

    /// Computes a row of a depthwise convolution: as [`Kernel::row`], but each output channel `o`
    /// reads the byte `o` at each tap alone. There are a multiple of four taps; the weights are
    /// `[four taps][block]`, in each block `[channel][tap]`; `quads` is not looked at. A tap that lies
    /// where the one before it of its four does only fills up: its weights are 0.
    ///
    /// # Panics
    /// Where the row's slices are too short for its numbers.
    fn depthwise_row(&self, row: Row<'_>);

    /// Computes a row of an addition; see [`sum::row`].
    ///
    /// # Panics
    /// Where a slice is too short.
    fn sum_row(&self, row: SumRow<'_>) {
        sum::row(row);
    }

    /// Computes a row of display pixels; see [`global_skip::display_row`].
    ///
    /// # Panics
    /// Where a slice is too short.
    fn display_row(
        &self,
        base: Base,
        residual: &[u8],
        zero: u8,
        y: usize,
        room: &mut RowRoom,
        out: &mut [u32],
    ) {
        global_skip::display_row(base, residual, zero, y, room, out);
    }
}

/// The kernel of this name, in small letters with `-` for the space.
///
/// # Errors
/// This processor has no kernel of that name.
pub(crate) fn named(name: &str) -> Result<Arc<dyn Kernel>> {
    let mut kernels = available().into_iter();
    let found = kernels.find(|kernel| short(kernel.as_ref()) == name);
    found.ok_or_else(|| Error::UnknownKernel {
        name: name.into(),
        known: names(),
    })
}

/// A kernel's name for the command line.
fn short(kernel: &dyn Kernel) -> String {
    kernel.name().to_lowercase().replace(' ', "-")
}

/// The names of the kernels that this processor can run, the fastest first, as
/// [`Options`](crate::Options)' `kernel` takes them.
pub fn names() -> Vec<String> {
    available()
        .iter()
        .map(|kernel| short(kernel.as_ref()))
        .collect()
}

/// The fastest kernel that this processor can run.
pub(crate) fn fastest() -> Arc<dyn Kernel> {
    available().swap_remove(0)
}

/// Every kernel of this architecture that this processor can run, the fastest first.
pub(crate) fn available() -> Vec<Arc<dyn Kernel>> {
    let mut kernels: Vec<Arc<dyn Kernel>> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    kernels.extend(x86::available());
    #[cfg(target_arch = "aarch64")]
    kernels.extend(aarch64::available());
    #[cfg(all(target_arch = "arm", target_os = "linux"))]
    kernels.extend(armv7::available());
    kernels.push(Arc::new(Portable));
    kernels
}

#[cfg(test)]
mod tests;
