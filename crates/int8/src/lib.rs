//! Quantised networks on the processor's integer instructions, inside tract.
//!
//! tract loads the file and simplifies its graph; [`recognise`] finds the quantised convolutions
//! with all that surrounds them, [`plan`] packs their weights and lays out their tensors, and
//! [`op`] puts them back into tract's graph as one operator that [`engine`] runs. What is not
//! recognised stays tract's. The results are tract's and onnxruntime's (without its
//! optimisations) to the bit, whichever kernel computes them, on any number of threads.

mod engine;
mod error;
mod graph;
mod kernel;
mod moves;
mod op;
mod parameters;
mod plan;
mod pool;
mod recognise;
mod skip;

pub use error::{Error, Result};
pub use kernel::{chosen, names as kernels, numbered};
pub use op::fuse;
pub use pool::usable_threads;

#[cfg(test)]
mod tests;
