#![doc = include_str!("../README.md")]

mod engine;
mod error;
mod fuse;
mod graph;
mod kernel;
mod load;
mod network;
mod op;
mod options;
mod parameters;
mod plan;
mod resample;
mod threads;

pub use error::{Error, Result};
pub use kernel::names as kernels;
pub use load::onnx;
pub use network::{Format, Network, QuantisedOutput, TensorInfo};
pub use op::{Fused, fuse};
pub use options::Options;
pub use threads::usable_threads;

#[cfg(test)]
mod tests;
