//! Samples of frames and pictures between their pixels.

mod cubic;
mod level;
mod patch;
mod pyramid;

pub use cubic::cubic_weight;
pub(crate) use cubic::{
    Rgbx, Shrinker, add, add_scaled_numbers, dot, dot_numbers, sum_rows, to_byte, to_pixel,
};
pub(crate) use patch::Patch;
pub(crate) use pyramid::{MAX_GRID, Pyramid};
