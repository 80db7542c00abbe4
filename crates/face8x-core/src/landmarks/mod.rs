//! Landmarks: five points of a face whose place is roughly known.

mod finder;
mod network;

pub use finder::{LandmarkEstimate, LandmarkFinder};
pub use network::{ANSWERS, CROP_SIDE, LandmarkNetwork, LumaCrop};
