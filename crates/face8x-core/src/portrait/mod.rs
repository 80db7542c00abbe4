//! A portrait in the public domain, for demonstrations and tests.
//!
//! NASA's of the astronaut Eileen Collins (flic.kr/p/r9qvLn, NASA Great Images), as reduced to
//! 512x512 pixels by scikit-image.

use crate::geometry::{Landmarks, Point};

/// The portrait: a JPEG of 512x512 pixels.
pub const PORTRAIT: &[u8] = include_bytes!("portrait.jpg");

/// The landmarks in it, in its pixels, measured by hand at 14-fold magnification.
pub const PORTRAIT_LANDMARKS: Landmarks = [
    Point::new(203.5, 101.0),
    Point::new(247.0, 103.2),
    Point::new(224.8, 127.5),
    Point::new(203.8, 140.0),
    Point::new(244.0, 141.5),
];
