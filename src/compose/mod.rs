//! Compose: a frame and its restored faces become the picture that is shown.
//!
//! [`Composer::compose`] draws a [`Scene`] in one of five [`View`]s at the display's size, turned
//! and mirrored as asked, with an overlay text made from a template ([`InfoText`]). Without a
//! face the live picture is shown and says so; without a camera a calm screen gives the reason.
//! Text grows and shrinks with the display, and is left out where it cannot be read.
//!
//! Mirroring makes a mirror of the display: it swaps left and right within each picture, but neither
//! the text nor the places of the pictures. Everything is drawn by whole rows, and nothing is
//! allocated once the sizes have settled.

mod about;
mod blit;
mod camera;
mod drawing;
mod edge;
mod enlarge;
mod info;
mod keys;
mod layout;
mod mark;
mod palette;
mod paste;
mod scene;
mod side_by_side;
mod sign;
mod text;
mod view;
mod views;

#[cfg(test)]
mod tests;

pub(crate) use blit::rotate;
pub(crate) use info::InfoText;
pub use info::InfoValues;
pub(crate) use layout::Area;
pub(crate) use mark::mark_picture;
pub(crate) use paste::{PastedFace, Paster};
pub use scene::{ComposeOptions, Restored, Scene};
pub use view::{Rotation, View};

use drawing::Brushes;
use face8x_core::track::MAX_FACES;

use crate::picture::Picture;

/// What faces are called where there are several.
const NUMBERS: [&str; MAX_FACES] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
    "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32",
];

/// Draws scenes. Keeps its buffers from one to the next.
#[derive(Default)]
pub struct Composer {
    /// May be changed between pictures.
    pub options: ComposeOptions,
    brushes: Brushes,
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
            let faces = scene.faces.len().min(MAX_FACES);
            let Composer { options, line, .. } = self;
            options.info.write(&scene.status, faces, line);
            views::draw(options, &mut self.brushes, &self.line, scene, canvas);
        }
    }
}
