//! Quantised networks on the processor's integer instructions.
//!
//! tract loads the ONNX file; [`Network`] runs it on bytes, without tract, where the engine knows
//! all of its nodes. [`fuse`] puts what the engine does know into tract's graph as one operator.
//! The results are tract's and onnxruntime's (without its optimisations) to the bit, whichever
//! kernel computes them, on any number of threads.

mod engine;
mod error;
mod fuse;
mod global_skip;
mod graph;
mod kernel;
mod load;
mod network;
mod op;
mod parameters;
mod plan;
mod resample;
mod threads;

pub use error::{Error, Result};
pub use kernel::names as kernels;
pub use network::{Format, Network, Options, Output, TensorInfo};
pub use op::{Fused, fuse};
pub use threads::usable_threads;

#[cfg(test)]
mod tests;
