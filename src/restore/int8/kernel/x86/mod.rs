//! x86-64: AVX-512 VNNI, AVX-VNNI and AVX2.

use std::sync::Arc;

use super::Kernel;

mod avx2;
mod avx512_vnni;
mod avx_vnni;
mod half;

/// The kernels that this processor can run, the fastest first.
pub fn available() -> Vec<Arc<dyn Kernel>> {
    let mut kernels: Vec<Arc<dyn Kernel>> = Vec::new();
    kernels.extend(avx512_vnni::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels.extend(avx_vnni::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels.extend(avx2::detect().map(|kernel| Arc::new(kernel) as Arc<dyn Kernel>));
    kernels
}
