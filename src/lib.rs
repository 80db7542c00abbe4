//! face8x turns the 16x16 pixels of a face that a cheap camera sees into a 128x128 picture, live,
//! on a low-power board with no network and no GPU.
//!
//! ```text
//!  capture ──> latest ──> convert ──> track ──> align ──> restore ──> compose ──> display
//!  (thread)   (newest     (luma)       ^        16x16     128x128     (canvas)    (sink)
//!             frame wins)    └──> face detector
//!                                 (own thread, own rate)
//! ```
//!
//! Three rules keep it straight: the newest frame wins (a slow stage skips frames, it never
//! queues them); nothing on the hot path allocates after the first frames; and the costly search
//! for faces never stands on that path.
//!
//! The picture is a plausible guess, never evidence of who somebody is.

mod bench;
mod capture;
mod cli;
mod commands;
mod compose;
mod config;
mod display;
mod files;
mod host;
#[doc(hidden)]
pub mod internals;
mod losses;
mod photo;
mod picture;
mod pipeline;
mod records;
mod stats;
mod still;
mod thread;
mod words;

pub use commands::main;
use face8x_core::{Error, ErrorKind, Result};
