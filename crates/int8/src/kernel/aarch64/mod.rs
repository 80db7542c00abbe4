//! aarch64: `usmmla` (Cortex-A510, A710, Neoverse N2), `sdot` (Cortex-A55, A76, A78AE) and, on
//! every one, `smull` (Cortex-A53, A57, A72).
//!
//! The last two multiply signed bytes alone, so 128 is taken from each input; see
//! [`Kernel::input_offset`].

use std::sync::Arc;

use super::{Block, Kernel, Row};

mod depthwise;
mod finish;
mod sdot;
mod smull;
mod usmmla;

/// What is taken from each input byte, to make it signed.
const OFFSET: i32 = 128;

/// The second of two quads where there is none.
const NOTHING: &Block = &Block([0; Block::LANES * Block::INPUTS]);

/// The kernels that this processor can run, the fastest first.
pub(crate) fn available() -> Vec<Arc<dyn Kernel>> {
    let mut kernels: Vec<Arc<dyn Kernel>> = Vec::new();
    kernels.extend(usmmla::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels.extend(sdot::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels.push(Arc::new(smull::Smull));
    kernels
}

/// Has a row computed tile by tile: `tile(row, block, pixel, left)` computes some of the block's
/// pixels, from `pixel` on where `left` are left, and gives how many. The row has passed its check.
///
/// # Panics
/// Where the row's slices are too short for its numbers.
#[inline]
fn tiles(mut row: Row<'_>, tile: impl Fn(&mut Row<'_>, usize, usize, usize) -> usize) {
    row.check();
    through(&mut row, tile);
}

/// [`tiles`] of a row that has passed its check.
#[inline]
fn through(row: &mut Row<'_>, tile: impl Fn(&mut Row<'_>, usize, usize, usize) -> usize) {
    for block in 0..row.blocks {
        let mut pixel = 0;
        while pixel < row.pixels {
            let left = row.pixels - pixel;
            pixel += tile(row, block, pixel, left);
        }
    }
}
