//! Training with burn.
//!
//! ```text
//! dataset ── loader (own threads) ──> batches ── network ──> loss ──> AdamW, moving average
//!                                                                        │ every so often
//!            checkpoint, weights, metrics.csv and .png, sheet.png <──────┘
//! ```
//!
//! What a step sees depends on the seed and the step's number alone, so that a resumed training
//! does what an unbroken one would have done.

mod ablate;
mod checkpoint;
mod config;
mod correct;
mod dashboard;
mod device;
mod figures;
mod loader;
mod losses;
mod memory;
mod network;
mod optimise;
mod plot;
mod points;
mod run;
mod speed;
mod step;
#[cfg(test)]
mod terms;
#[cfg(test)]
mod tests;
mod validate;

pub use ablate::ablate;
pub use burn::tensor::Device;
pub use config::{Config, Heat, Loss, Precision, Schedule, Sizes};
pub use device::{DEVICES, open as open_devices};
pub use network::TrainedNetwork;
pub use points::train_points;
pub use run::train;
pub use speed::{Speed, speed};
