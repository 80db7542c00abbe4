//! One picture being drawn: the parts that the views are made of.

use face8x_core::convert::Converter;
use face8x_core::frame::Frame;
use face8x_core::geometry::Rect;
use face8x_core::restore::Sr;

use super::enlarge::Enlarger;
use super::layout::Area;
use super::palette::{ACCENT, ACCENT_DIM, TEXT};
use super::paste::Paster;
use super::scene::{ComposeOptions, Restored, Scene};
use super::text::{self, FontSize};
use super::{blit, camera, mark};
use crate::picture::Picture;

/// What pictures are drawn with; each keeps its buffers.
#[derive(Default)]
pub(crate) struct Brushes {
    pub converter: Converter,
    pub enlarger: Enlarger,
    pub paster: Paster,
}

/// One picture being drawn.
pub(crate) struct Drawing<'a> {
    pub options: &'a ComposeOptions,
    pub brushes: &'a mut Brushes,
    /// The overlay text.
    pub line: &'a str,
    pub canvas: &'a mut Picture,
    pub scene: &'a Scene<'a>,
    pub faces: &'a [Restored<'a>],
    pub font: FontSize,
    pub margin: usize,
}

impl Drawing<'_> {
    /// The whole camera picture with the face boxes.
    pub(crate) fn live(&mut self, area: Area, frame: &Frame) {
        self.camera(area, frame, whole_frame(frame));
        self.mirror(area);
        self.boxes(area, whole_frame(frame));
    }

    /// A region of the camera picture, as the camera saw it.
    pub(crate) fn camera(&mut self, area: Area, frame: &Frame, region: Rect) {
        let converter = &mut self.brushes.converter;
        camera::draw(self.canvas, area, converter, frame, region);
    }

    /// The 128x128 pixels of a face.
    pub(crate) fn face(&mut self, area: Area, pixels: &Sr) {
        let mirror = self.options.mirror;
        self.brushes
            .enlarger
            .draw(self.canvas, area, pixels, mirror);
    }

    /// The [mark](mark::draw) of a picture of which this share is restored, where it is asked for.
    pub(crate) fn mark(&mut self, area: Area, share: f32) {
        if self.options.mark && share > 0.0 {
            mark::draw(self.canvas, area, self.font);
        }
    }

    /// Swaps left and right of a picture, if asked to.
    pub(crate) fn mirror(&mut self, area: Area) {
        if self.options.mirror {
            blit::mirror(self.canvas, area);
        }
    }

    /// Draws the box of every face; `area` shows `region` of the frame.
    pub(crate) fn boxes(&mut self, area: Area, region: Rect) {
        let line = self.line_width();
        for (i, face) in self.faces.iter().enumerate().rev() {
            let colour = if i == 0 { ACCENT } else { ACCENT_DIM };
            if let Some(shown) = self.shown_box(face, area, region) {
                blit::outline(self.canvas, shown, line, colour);
            }
        }
    }

    /// Writes the number of a face in the corner of its tile and above its box in the camera
    /// picture, where there is room.
    pub(crate) fn number(&mut self, number: &str, tile: Area, in_camera: Option<Area>) {
        let tag = text::tag_area(number, self.font, (tile.x, tile.y));
        if tile.w >= 3 * tag.w && tile.h >= 2 * tag.h {
            text::tag(self.canvas, number, self.font, (tag.x, tag.y), TEXT);
        }
        if let Some(face) = in_camera
            && face.w >= tag.w
            && face.y >= tag.h
        {
            text::tag(
                self.canvas,
                number,
                self.font,
                (face.x, face.y - tag.h),
                TEXT,
            );
        }
    }

    /// Where the box of a face stands in `area`, which shows `region` of the frame, mirrored or
    /// not.
    pub(crate) fn shown_box(&self, face: &Restored<'_>, area: Area, region: Rect) -> Option<Area> {
        let mut shown = shown_box(face.face.detection.face_box, region, area)?;
        if self.options.mirror {
            shown.x = area.x + area.right() - shown.right();
        }
        Some(shown)
    }

    /// Pixels of the width of a line.
    pub(crate) fn line_width(&self) -> usize {
        (self.canvas.width.min(self.canvas.height) as usize / 320).clamp(1, 4)
    }

    /// The scene's message, or that there is no face, at the foot of the camera picture.
    pub(crate) fn message(&mut self, area: Area) {
        let none = self.faces.is_empty().then_some("no face");
        if let Some(message) = self.scene.message.or(none) {
            text::chip(self.canvas, area, message, self.font, TEXT);
        }
    }

    /// Rows of the overlay text.
    pub(crate) fn bar_height(&self) -> usize {
        if self.line.is_empty() {
            0
        } else {
            text::bar_height(self.font)
        }
    }

    /// The overlay text, at the top.
    pub(crate) fn info(&mut self, whole: Area) {
        if !self.line.is_empty() {
            text::bar(self.canvas, whole, self.line, self.font, self.margin, TEXT);
        }
    }
}

/// Width and height of a frame.
pub(crate) fn shape(frame: &Frame) -> (usize, usize) {
    (frame.width as usize, frame.height as usize)
}

pub(crate) fn whole_frame(frame: &Frame) -> Rect {
    Rect::new(0.0, 0.0, frame.width as f32, frame.height as f32)
}

/// The middle of the frame that has the shape of `area`.
pub(crate) fn covering(frame: &Frame, area: Area) -> Rect {
    let (w, h) = (frame.width as f32, frame.height as f32);
    let scale = (w / area.w as f32).min(h / area.h as f32);
    let (rw, rh) = (
        (area.w as f32 * scale).min(w),
        (area.h as f32 * scale).min(h),
    );
    Rect::new((w - rw) / 2.0, (h - rh) / 2.0, rw, rh)
}

/// Where a face box lies in `area`, which shows `region` of the frame. A box that reaches outside
/// is closed at the edge; `None` for one that is completely outside.
fn shown_box(face_box: Rect, region: Rect, area: Area) -> Option<Area> {
    let (sx, sy) = (area.w as f32 / region.w, area.h as f32 / region.h);
    // Casts saturate, and make 0 of what is not a number.
    let column = |x: f32| (((x - region.x) * sx).round() as usize).min(area.w);
    let row = |y: f32| (((y - region.y) * sy).round() as usize).min(area.h);
    let (left, right) = (column(face_box.x), column(face_box.x + face_box.w));
    let (top, bottom) = (row(face_box.y), row(face_box.y + face_box.h));
    (left < right && top < bottom)
        .then(|| Area::new(area.x + left, area.y + top, right - left, bottom - top))
}
