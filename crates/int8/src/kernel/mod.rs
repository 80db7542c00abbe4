//! The inner loops: one row of a convolution at a time, by the best instructions of the processor.

use std::sync::Arc;

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod reference;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use reference::Reference;

use super::graph::{Scale, Sum};
use super::skip::{self, Base, RowRoom};
use crate::{Error, Result};

/// Weights of 16 output channels for 4 input channels of one tap: `[output][input]`. The first 4
/// outputs fill a 128-bit register, the first 8 one of 256 bits, all of them one of 512.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Block(pub [i8; Block::LANES * Block::INPUTS]);

impl Block {
    /// Output channels of a block.
    pub const LANES: usize = 16;
    /// Input channels of a block.
    pub const INPUTS: usize = 4;
    /// Most blocks that are computed side by side.
    pub const SIDE_BY_SIDE: usize = 4;
}

/// A row of output pixels for up to 64 output channels: what a kernel computes.
///
/// For pixel `p` and output channel `o`, with the sum over taps `t` and input channels `i`:
///
/// ```text
/// sum    = bias[o] + sum((input[p * input_step + taps[t] + i] - offset) * weight[t][i][o])
/// byte   = clamp(round(sum * factor[o]) + zero, 0, 255)      (half to even)
/// output[p * output_step + o] = byte, or the sum with `add`
/// ```
pub struct Row<'a> {
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
pub struct Addend<'a> {
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
        let lanes = self.blocks * Block::LANES;
        let last = self.pixels.saturating_sub(1);
        let tap = self
            .taps
            .iter()
            .max()
            .map_or(0, |tap| tap + self.quads * Block::INPUTS);
        assert!(
            (1..=Block::SIDE_BY_SIDE).contains(&self.blocks),
            "a row has 1 to 4 blocks"
        );
        assert!(
            self.weights.len() >= self.taps.len() * self.quads * self.blocks,
            "weights"
        );
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

/// An implementation for a kind of processor.
pub trait Kernel: Send + Sync + std::fmt::Debug {
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

    /// Computes a row of the picture; see [`skip::picture_row`].
    ///
    /// # Panics
    /// Where a slice is too short.
    fn picture_row(
        &self,
        base: Base,
        residual: &[u8],
        zero: u8,
        y: usize,
        room: &mut RowRoom,
        out: &mut [u32],
    ) {
        skip::picture_row(base, residual, zero, y, room, out);
    }
}

/// The variable that names a kernel to be taken in the place of the fastest, to compare them.
const CHOICE: &str = "FACE8X_KERNEL";

/// The kernel that the environment's `FACE8X_KERNEL` names, or the fastest.
///
/// # Errors
/// A usage error: this processor has no kernel of that name.
pub fn chosen() -> Result<Arc<dyn Kernel>> {
    match std::env::var(CHOICE) {
        Ok(name) => named(&name),
        Err(_) => Ok(fastest()),
    }
}

/// The kernel of this name, in small letters with `-` for the space.
fn named(name: &str) -> Result<Arc<dyn Kernel>> {
    let found = available()
        .into_iter()
        .find(|kernel| short(kernel.as_ref()) == name);
    found.ok_or_else(|| {
        let names = names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Error::UnknownKernel {
            name: name.into(),
            known: names.iter().map(ToString::to_string).collect(),
        }
    })
}

/// The kernel of this number in [`names`].
///
/// # Errors
/// This processor has fewer.
pub fn numbered(number: usize) -> Result<Arc<dyn Kernel>> {
    let found = available().into_iter().nth(number);
    found.ok_or_else(|| Error::UnknownKernel {
        name: number.to_string(),
        known: names(),
    })
}

/// A kernel's name for the command line.
fn short(kernel: &dyn Kernel) -> String {
    kernel.name().to_lowercase().replace(' ', "-")
}

/// The names of the kernels that this processor can run, the fastest first, as `FACE8X_KERNEL`
/// takes them.
pub fn names() -> Vec<String> {
    available()
        .iter()
        .map(|kernel| short(kernel.as_ref()))
        .collect()
}

/// The fastest kernel that this processor can run.
pub fn fastest() -> Arc<dyn Kernel> {
    available().swap_remove(0)
}

/// Every kernel of this architecture that this processor can run, the fastest first.
pub fn available() -> Vec<Arc<dyn Kernel>> {
    let mut kernels: Vec<Arc<dyn Kernel>> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    kernels.extend(x86::available());
    #[cfg(target_arch = "aarch64")]
    kernels.extend(aarch64::available());
    kernels.push(Arc::new(Reference));
    kernels
}

#[cfg(test)]
mod tests;
