//! One picture being drawn: the parts that the views are made of.

use face8x_core::convert::Converter;
use face8x_core::frame::Frame;
use face8x_core::geometry::Rect;
use face8x_core::restore::Sr;

use super::about::About;
use super::enlarge::Enlarger;
use super::layout::Area;
use super::palette::{ACCENT, ACCENT_DIM, BACKGROUND, TEXT};
use super::paste::Paster;
use super::scene::{ComposeOptions, Restored, Scene};
use super::text::{self, FontSize};
use super::{blit, camera, edge, mark};
use crate::picture::Picture;

/// What pictures are drawn with; each keeps its buffers.
#[derive(Default)]
pub(crate) struct Brushes {
    pub converter: Converter,
    /// For pictures larger than half the screen, and for smaller ones: each keeps its tables.
    pub enlargers: [Enlarger; 2],
    pub paster: Paster,
    pub about: About,
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
    /// For what matters most, for sentences, and for captions.
    pub title: FontSize,
    pub text: FontSize,
    pub small: FontSize,
    pub margin: usize,
    /// The part of the canvas that is on the screen everywhere: all of it, or a square of a round one.
    pub safe: Area,
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

    /// 128x128 pixels.
    pub(crate) fn picture(&mut self, area: Area, pixels: &Sr) {
        let screen = self.canvas.width.min(self.canvas.height) as usize;
        let enlarger = &mut self.brushes.enlargers[usize::from(2 * area.w < screen)];
        enlarger.draw(self.canvas, area, pixels, self.options.mirror);
    }

    /// The final picture of a face, as far as the camera saw it.
    pub(crate) fn face(&mut self, area: Area, face: &Restored<'_>, frame: &Frame) {
        self.picture(area, face.picture);
        self.darken_outside(area, face, frame);
    }

    /// Darkens what of a face lies outside of the frame.
    pub(crate) fn darken_outside(&mut self, area: Area, face: &Restored<'_>, frame: &Frame) {
        let (size, mirror) = ((frame.width, frame.height), self.options.mirror);
        edge::darken_outside(self.canvas, area, &face.to_canonical, size, mirror);
    }

    /// Everything around these pictures.
    pub(crate) fn background(&mut self, pictures: &[Area]) {
        blit::fill_around(self.canvas, pictures, BACKGROUND);
    }

    /// The [mark](mark::draw) of a picture of which this share is restored, where it is asked for.
    pub(crate) fn mark(&mut self, area: Area, share: f32) {
        if self.options.mark && share > 0.0 {
            mark::draw(self.canvas, area, mark::size(area));
        }
    }

    /// The place of a face among those shown, in the order in which they appeared, so that nobody
    /// changes numbers.
    pub(crate) fn rank(&self, index: usize) -> usize {
        let id = |index: usize| (self.faces[index].face.id, index);
        let own = id(index);
        (0..self.faces.len()).filter(|&i| id(i) < own).count()
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

    /// Writes the number of a face in the upper left corner of its picture, where there is room.
    pub(crate) fn number(&mut self, number: &str, picture: Area) {
        let tag = text::tag_area(number, self.small, (picture.x, picture.y));
        if picture.w >= 3 * tag.w && picture.h >= 2 * tag.h {
            text::tag(self.canvas, number, self.small, (tag.x, tag.y), TEXT);
        }
    }

    /// Writes the number of a face above its box in the camera's picture, or below where there is
    /// no room.
    pub(crate) fn number_box(&mut self, number: &str, camera: Area, face: Option<Area>) {
        let Some(face) = face else { return };
        let tag = text::tag_area(number, self.small, (face.x, face.y));
        let y = match face.y >= camera.y + tag.h {
            true => face.y - tag.h,
            false => face.bottom(),
        };
        let x = face.x.min(camera.right().saturating_sub(tag.w));
        if x >= camera.x && y + tag.h <= camera.bottom() {
            text::tag(self.canvas, number, self.small, (x, y), TEXT);
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

    /// The scene's message, or that there is no face, at the foot of a picture.
    pub(crate) fn message(&mut self, area: Area) {
        let none = self.faces.is_empty().then_some("no face");
        if let Some(message) = self.scene.message.or(none) {
            text::chip(self.canvas, area, message, self.text, TEXT);
        }
    }

    /// Rows of the overlay text.
    pub(crate) fn bar_height(&self) -> usize {
        if self.line.is_empty() {
            0
        } else {
            text::bar_height(self.small)
        }
    }

    /// The overlay text, at the top.
    pub(crate) fn info(&mut self, whole: Area) {
        if !self.line.is_empty() {
            text::bar(self.canvas, whole, self.line, self.small, self.margin, TEXT);
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
