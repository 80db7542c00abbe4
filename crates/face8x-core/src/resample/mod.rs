//! Sampling of frames and pictures between their pixels.

mod cubic;
mod patch;
mod pyramid;

pub(crate) use cubic::{Rgbx, Shrinker, add, to_byte};
pub(crate) use patch::Patch;
pub(crate) use pyramid::{MAX_GRID, Pyramid};
