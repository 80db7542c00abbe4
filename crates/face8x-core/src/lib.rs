//! Finds the faces of a camera frame or a photograph and restores them: from the 16x16 pixels that
//! a cheap camera sees of a face to a 128x128 picture.
//!
//! The picture is a plausible guess, never evidence of who somebody is.

pub mod align;
mod contain;
pub mod convert;
pub mod detect;
pub mod downscaled;
mod error;
pub mod face;
pub mod files;
pub mod frame;
pub mod geometry;
pub mod landmarks;
mod network;
pub mod pixel;
pub mod portrait;
mod resample;
pub mod restore;
pub mod track;

#[cfg(test)]
mod testing;

pub use contain::contain;
pub use error::{Error, ErrorKind, Result};
