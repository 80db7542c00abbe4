//! The trainer of face8x: it prepares faces, evaluates and quantises networks, and writes ONNX.
//!
//! ```text
//! pictures ── prepare ──> dataset ──┬─ train ──> weights ── export ──> float ONNX
//!                                   └─ quantise (calibration) ────────> int8 ONNX ── evaluate
//! ```

pub mod bicubic;
pub mod dataset;
pub mod degrade;
pub mod evaluate;
pub mod files;
pub mod landmarks;
pub mod metrics;
pub mod network;
pub mod onnx;
pub mod prepare;
pub mod quantise;
pub mod runner;
#[cfg(feature = "train")]
pub mod train;
