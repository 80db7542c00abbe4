//! What is drawn, and how: plain data.

use face8x_core::face::Face;
use face8x_core::frame::Frame;
use face8x_core::geometry::Similarity;
use face8x_core::restore::{Lr, Sr};

use super::info::{InfoText, InfoValues};
use super::view::{Rotation, View};

/// A face with its pixels before and after the network, and its final picture.
#[derive(Debug, Clone, Copy)]
pub struct Restored<'a> {
    /// Who and where, in frame coordinates.
    pub face: Face,
    /// The network's input.
    pub lr: &'a Lr,
    /// The network's output.
    pub sr: &'a Sr,
    /// The final picture: the network's output corrected by all of the camera's pixels.
    pub picture: &'a Sr,
    /// How much of it is restored, 0 to 1: the rest is the camera's own pixels.
    pub share: f32,
    /// From frame coordinates to the canonical 128x128 face.
    pub to_canonical: Similarity,
}

/// What is to be shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scene<'a> {
    /// The newest frame, in any format but `Mjpg` (decode it first). `None`, or a frame that
    /// cannot be shown, is no camera.
    pub camera: Option<&'a Frame>,
    /// The faces, the one that matters most first; those after the eighth are not shown.
    pub faces: &'a [Restored<'a>],
    /// How many faces are followed in the frame, restored or not; at least those in `faces` are.
    pub followed: usize,
    /// A message for the viewer. Without one the views say "no face" or "no camera" where that is
    /// so; of "no camera: the reason" the reason is written below.
    pub message: Option<&'a str>,
    /// The keys and what they do, to be shown over the picture; none to show nothing.
    pub keys: &'a [(&'a str, &'a str)],
    /// Values for the overlay and the captions.
    pub status: InfoValues<'a>,
}

/// How scenes are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeOptions {
    /// The arrangement.
    pub view: View,
    /// How far everything is turned, clockwise.
    pub rotation: Rotation,
    /// Whether pictures (not text) are mirrored.
    pub mirror: bool,
    /// Whether the screen is round: its corners show nothing.
    pub round: bool,
    /// The overlay text.
    pub info: InfoText,
    /// Whether restored faces are marked as guesses.
    pub mark: bool,
}

impl Default for ComposeOptions {
    fn default() -> Self {
        ComposeOptions {
            view: View::default(),
            rotation: Rotation::default(),
            mirror: false,
            round: false,
            info: InfoText::default(),
            mark: true,
        }
    }
}
