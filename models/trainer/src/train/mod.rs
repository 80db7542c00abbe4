//! Training with burn.
//!
//! ```text
//! dataset ── loader (own threads) ──> batches ── network ──> loss ──> AdamW, moving average
//!                                                                        │ every so often
//!                     checkpoint, weights, metrics.csv, sheet.png <──────┘
//! ```
//!
//! What a step sees depends on the seed and the step's number alone, so that a resumed training
//! does what an unbroken one would have done.

mod checkpoint;
mod config;
mod device;
mod loader;
mod losses;
mod network;
mod optimise;
mod points;
mod run;
#[cfg(test)]
mod tests;
mod validate;

pub use burn::tensor::Device;
pub use config::{Config, Loss, Sizes};
pub use device::{DEVICES, open as open_device};
pub use network::Network;
pub use points::train_points;
pub use run::train;
