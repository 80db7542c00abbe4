#![doc = include_str!("../README.md")]

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
