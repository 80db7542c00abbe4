//! x86-64: AVX-512 VNNI, AVX-VNNI and AVX2.

use std::sync::Arc;

use super::Kernel;

/// Makes a kernel of its `tiles` and `depthwise_tiles`, which compute a row that has passed its check: the type, which
/// `detect` alone makes, so that whoever has one may use the instructions, and what all have in
/// common.
macro_rules! kernel {
    ($kernel:ident, $name:literal, features: $features:literal, detected: [$($feature:tt),+]) => {
        #[doc = concat!($name, "; made by [`detect`] alone.")]
        #[derive(Debug)]
        pub(crate) struct $kernel(());

        /// The kernel, where this processor has its instructions.
        pub(crate) fn detect() -> Option<$kernel> {
            let found = $(std::arch::is_x86_feature_detected!($feature))&&+;
            found.then_some($kernel(()))
        }

        impl $crate::kernel::Kernel for $kernel {
            fn name(&self) -> &'static str {
                $name
            }

            fn row(&self, mut row: $crate::kernel::Row<'_>) {
                row.check();
                // SAFETY: the processor has the instructions; the row has passed its check.
                unsafe { tiles(&mut row) }
            }

            fn depthwise_row(&self, mut row: $crate::kernel::Row<'_>) {
                row.check_depthwise();
                // SAFETY: the processor has the instructions; the row has passed its check.
                unsafe { depthwise_tiles(&mut row) }
            }

            fn sum_row(&self, row: $crate::kernel::SumRow<'_>) {
                #[target_feature(enable = $features)]
                fn compiled(row: $crate::kernel::SumRow<'_>) {
                    $crate::kernel::sum::row(row);
                }
                // SAFETY: the processor has the instructions.
                unsafe { compiled(row) }
            }

            fn display_row(
                &self,
                base: $crate::kernel::global_skip::Base,
                residual: &[u8],
                zero: u8,
                y: usize,
                room: &mut $crate::kernel::global_skip::RowRoom,
                out: &mut [u32],
            ) {
                #[target_feature(enable = $features)]
                fn compiled(
                    base: $crate::kernel::global_skip::Base,
                    residual: &[u8],
                    zero: u8,
                    y: usize,
                    room: &mut $crate::kernel::global_skip::RowRoom,
                    out: &mut [u32],
                ) {
                    $crate::kernel::global_skip::display_row(base, residual, zero, y, room, out);
                }
                // SAFETY: the processor has the instructions.
                unsafe { compiled(base, residual, zero, y, room, out) }
            }
        }
    };
}

mod avx2;
mod avx512_vnni;
mod avx_vnni;
mod depthwise;
mod half;

/// The kernels that this processor can run, the fastest first.
pub(crate) fn available() -> Vec<Arc<dyn Kernel>> {
    let mut kernels: Vec<Arc<dyn Kernel>> = Vec::new();
    kernels.extend(avx512_vnni::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels.extend(avx_vnni::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels.extend(avx2::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels
}

/// The AVX-VNNI kernel wherever AVX2 is: the caller sees to it that `vpdpbusd` is done, too.
#[cfg(test)]
pub(crate) fn undetected_avx_vnni() -> Option<Arc<dyn Kernel>> {
    let avx2 = std::arch::is_x86_feature_detected!("avx2");
    avx2.then(|| Arc::new(avx_vnni::undetected()) as Arc<dyn Kernel>)
}

/// Goes through a row's pixels in tiles. `tile` is given the first pixel and how many are left, and
/// says how many it has done.
#[inline(always)]
fn through(pixels: usize, mut tile: impl FnMut(usize, usize) -> usize) {
    let mut pixel = 0;
    while pixel < pixels {
        pixel += tile(pixel, pixels - pixel);
    }
}
