//! Compose: a frame and its restored faces become the picture that is shown.
//!
//! [`Composer::compose`] draws a [`Scene`] in one of five [`View`]s at the display's size, turned
//! and mirrored as asked, with an overlay text made from a template ([`InfoText`]). Without a
//! face the live picture is shown and says so; without a camera a calm screen gives the reason.
//! Text grows and shrinks with the display, and is left out where it cannot be read.
//!
//! Mirroring is for looking at oneself: it swaps left and right within each picture, never the
//! text nor the places of the pictures. Everything is drawn by whole rows, and nothing is
//! allocated once the sizes have settled.

mod blit;
mod camera;
mod enlarge;
mod info;
mod layout;
mod paste;
mod side_by_side;
mod sign;
mod text;
mod view;
mod views;

#[cfg(test)]
mod tests;

pub use blit::rotate;
pub use info::{InfoText, Status};
pub use view::{Rotation, View};

use crate::picture::Picture;
use face8x_core::convert::Converter;
use face8x_core::face::Face;
use face8x_core::frame::Frame;
use face8x_core::geometry::Similarity;
use face8x_core::restore::{Lr, Sr};
use face8x_core::track::MAX_FACES;

/// What is behind everything.
const BACKGROUND: u32 = 0x101418;
/// A place for a picture that is not there.
const PANEL: u32 = 0x1a2027;
/// Text that is read first, and text that is read when looked for.
const TEXT: u32 = 0xe6eaee;
const MUTED: u32 = 0x93a1ad;
/// Lines around the first face, and around the others.
const ACCENT: u32 = 0x4fd1b5;
const ACCENT_DIM: u32 = 0x3a7f74;

/// A face with its pixels before and after the network.
#[derive(Debug, Clone, Copy)]
pub struct Restored<'a> {
    /// Who and where, in frame coordinates.
    pub face: Face,
    /// The network's input.
    pub lr: &'a Lr,
    /// The network's output.
    pub sr: &'a Sr,
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
    /// What to tell the viewer. "no face" is told by itself where there is none, and
    /// "no camera" where there is none; "no camera: the reason" gives the reason below.
    pub message: Option<&'a str>,
    /// Values for the overlay and the captions.
    pub status: Status<'a>,
}

/// How scenes are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComposeOptions {
    /// The arrangement.
    pub view: View,
    /// How far everything is turned, clockwise.
    pub rotation: Rotation,
    /// Whether pictures (not text) are mirrored.
    pub mirror: bool,
    /// The overlay text.
    pub info: InfoText,
}

/// Draws scenes. Keeps its buffers from one to the next.
#[derive(Default)]
pub struct Composer {
    /// May be changed between pictures.
    pub options: ComposeOptions,
    converter: Converter,
    enlarger: enlarge::Enlarger,
    paster: paste::Paster,
    /// The last overlay text.
    line: String,
    /// The picture before it is turned.
    upright: Picture,
}

impl Composer {
    /// A composer that shows scenes in this way.
    pub fn new(options: ComposeOptions) -> Self {
        Composer {
            options,
            ..Composer::default()
        }
    }

    /// The size to use where the display takes any: the smallest at which the view shows well
    /// what a frame of `frame` pixels holds, never more than 1280 wide before turning unless the
    /// frame itself is wider.
    pub fn natural_size(&self, frame: (u32, u32)) -> (u32, u32) {
        self.options
            .rotation
            .turned(views::natural_size(self.options.view, frame))
    }

    /// Draws `scene` into `out`, which becomes `size` (width, height) as the display has it,
    /// after turning. No size is too small, and no scene fails.
    pub fn compose(&mut self, scene: &Scene<'_>, size: (u32, u32), out: &mut Picture) {
        let rotation = self.options.rotation;
        if rotation == Rotation::Deg0 {
            out.resize(size.0, size.1);
            return self.draw(scene, out);
        }
        let mut upright = std::mem::take(&mut self.upright);
        let (width, height) = rotation.turned(size);
        upright.resize(width, height);
        self.draw(scene, &mut upright);
        blit::rotate(&upright, rotation, out);
        self.upright = upright;
    }

    fn draw(&mut self, scene: &Scene<'_>, canvas: &mut Picture) {
        if !canvas.pixels.is_empty() {
            views::draw(self, scene, canvas);
        }
    }
}
