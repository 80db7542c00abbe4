//! The trainer of face8x: it prepares faces, evaluates and quantises networks, and writes ONNX.
//!
//! ```text
//! pictures ── prepare ──> dataset ──┬─ heatmaps ─┐
//!                                   ├────────────┴─ train ──> weights ── export ──> float ONNX
//!                                   └─ quantise (calibration) ────────> int8 ONNX ── evaluate
//! ```

pub mod bicubic;
pub mod camera;
pub mod dataset;
pub mod degrade;
pub mod evaluate;
pub mod files;
pub mod heatmap;
pub mod landmarks;
pub mod metrics;
pub mod network;
pub mod onnx;
pub mod prepare;
pub mod quantise;
pub mod runner;
pub mod scenes;
pub mod sheet;
mod trailer;
#[cfg(feature = "train")]
pub mod train;
