//! Landmarks: five points of a face whose place is about known.

mod finder;
mod network;

pub use finder::{LandmarkFinder, Points};
pub use network::{ANSWERS, CROP_SIDE, Crop, LandmarkNetwork};
