//! armv7 with NEON (Cortex-A7, A8, A9, A15; Cortex-A53 and later under a 32-bit system).
//!
//! Rust's NEON intrinsics for this architecture are not stable, and the target's baseline has no NEON:
//! the loops are assembler, and the processor is asked at run time. `vmull.s8` and `vmlal.s8` multiply
//! 8 pairs of signed bytes into sums of 16 bits, which can hold two products (2 x 127 x 128 < 32768),
//! so 128 is taken from each input; see [`Kernel::input_offset`].

use std::sync::Arc;

use super::{Block, Kernel, Portable, Row};

mod dense;
mod depthwise;
mod finish;

/// What is taken from each input byte, to make it signed.
const OFFSET: i32 = 128;

/// `HWCAP_NEON` of Linux (arch/arm/include/uapi/asm/hwcap.h).
const HWCAP_NEON: usize = 1 << 12;

/// The kernel, where this processor has NEON.
pub(crate) fn available() -> Option<Arc<dyn Kernel>> {
    let (capabilities, _) = rustix::param::linux_hwcap();
    (capabilities & HWCAP_NEON != 0).then(|| Arc::new(Neon(())) as Arc<dyn Kernel>)
}

/// For processors with NEON; made by [`available`] alone.
#[derive(Debug)]
struct Neon(());

impl Kernel for Neon {
    fn name(&self) -> &'static str {
        "NEON vmull"
    }

    fn input_offset(&self) -> i32 {
        OFFSET
    }

    fn depthwise_offset(&self) -> i32 {
        OFFSET
    }

    fn row(&self, mut row: Row<'_>) {
        row.check();
        // SAFETY: this processor has NEON, since `available` made this; the row has passed its check,
        // and the block and the pixels are the row's.
        pairs(&mut row, |row, block, pixel, count| unsafe {
            dense::sums(row, block, pixel, count)
        });
    }

    fn depthwise_row(&self, mut row: Row<'_>) {
        row.check_depthwise();
        // SAFETY: as in `row`.
        pairs(&mut row, |row, block, pixel, count| unsafe {
            depthwise::sums(row, block, pixel, count)
        });
    }
}

/// The sums of a block's 16 channels, of two pixels.
#[repr(C, align(16))]
struct PairSums([[i32; Block::LANES]; 2]);

/// What the loops over a row's taps read. The offsets stand in their assembler.
#[repr(C)]
struct LoopArguments {
    /// The first pixel's window.
    input: *const u8,
    /// Bytes to the second pixel's window; 0 where there is one pixel, which is then computed twice.
    second: usize,
    taps: *const usize,
    tap_count: usize,
    /// The block's first weights.
    weights: *const Block,
    /// Bytes from a block's weights to the next ones.
    step: usize,
    sums: *mut PairSums,
}

impl LoopArguments {
    /// For `count` pixels, 1 or 2, from `pixel` on of one block, whose windows begin `first` bytes
    /// further on.
    ///
    /// # Safety
    /// The row has passed its check and has the block and these pixels; `first` is in every window.
    unsafe fn new(
        row: &Row<'_>,
        block: usize,
        pixel: usize,
        count: usize,
        first: usize,
        sums: &mut PairSums,
    ) -> LoopArguments {
        let at = pixel * row.input_step + first;
        LoopArguments {
            // SAFETY: the caller's: the pixel's window is in the input, and `first` in it.
            input: unsafe { row.input.as_ptr().add(at) },
            second: if count == 2 { row.input_step } else { 0 },
            taps: row.taps.as_ptr(),
            tap_count: row.taps.len(),
            // SAFETY: the check: there are weights for each block.
            weights: unsafe { row.weights.as_ptr().add(block) },
            step: row.blocks * size_of::<Block>(),
            sums,
        }
    }
}

/// Has a row computed by two pixels of a block at a time: `sums(row, block, pixel, count)` gives the
/// sums without the bias of `count` pixels, 1 or 2.
fn pairs(row: &mut Row<'_>, sums: impl Fn(&Row<'_>, usize, usize, usize) -> PairSums) {
    let exact = finish::is_exact(row);
    for block in 0..row.blocks {
        for pixel in (0..row.pixels).step_by(2) {
            let count = (row.pixels - pixel).min(2);
            let sums = sums(row, block, pixel, count);
            for (k, sums) in sums.0[..count].iter().enumerate() {
                if exact {
                    // SAFETY: this processor has NEON, or there would be no sums; the row has passed
                    // its check, and the block and the pixel are the row's.
                    unsafe { finish::finish(row, pixel + k, block, sums) };
                } else {
                    Portable::finish(row, pixel + k, block, sums);
                }
            }
        }
    }
}
