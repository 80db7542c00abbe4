//! The five views.

use super::layout::{self, Area};
use super::text::{self, FontSize};
use super::{
    ACCENT, ACCENT_DIM, BACKGROUND, Composer, MAX_FACES, MUTED, PANEL, Restored, Scene, TEXT, View,
    blit, camera, paste, side_by_side, sign,
};
use crate::picture::Picture;
use face8x_core::frame::Frame;
use face8x_core::geometry::Rect;

/// What the faces of the strip view are called, in the camera picture and below it.
const NUMBERS: [&str; MAX_FACES] = ["1", "2", "3", "4", "5", "6", "7", "8"];

/// Side of the restored face in the side-by-side view's natural size: twice its pixels.
const NATURAL_SIDE: u32 = 256;
/// Columns and rows around the pictures in that size: margins, gaps, captions.
const NATURAL_AROUND: (u32, u32) = (64, 96);
/// A frame is enlarged by a whole factor up to this width where its faces are restored in place.
const IN_PLACE_WIDTH: u32 = 1280;

/// See [`Composer::natural_size`].
pub fn natural_size(view: View, (width, height): (u32, u32)) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    match view {
        View::Restored => (2 * NATURAL_SIDE, 2 * NATURAL_SIDE),
        View::SideBySide => {
            let camera = (u64::from(NATURAL_SIDE) * u64::from(width) / u64::from(height)) as u32;
            let camera = camera.min(4 * NATURAL_SIDE);
            (
                camera + 2 * NATURAL_SIDE + NATURAL_AROUND.0,
                NATURAL_SIDE + NATURAL_AROUND.1,
            )
        }
        View::Strip => (width, height.saturating_add(height / 2)),
        View::InPlace => {
            let factor = (IN_PLACE_WIDTH / width).max(1);
            (width * factor, height.saturating_mul(factor))
        }
        View::Full => (width, height),
    }
}

/// Draws `scene` over all of `canvas`, which has at least one pixel.
pub fn draw(composer: &mut Composer, scene: &Scene<'_>, canvas: &mut Picture) {
    let whole = Area::new(0, 0, canvas.width as usize, canvas.height as usize);
    let faces = &scene.faces[..scene.faces.len().min(MAX_FACES)];
    composer
        .options
        .info
        .write(&scene.status, faces.len(), &mut composer.line);
    let view = composer.options.view;
    let frame = scene.camera.filter(|frame| camera::can_show(frame));
    // The full view covers all of the canvas.
    if frame.is_none() || view != View::Full {
        blit::fill(canvas, whole, BACKGROUND);
    }
    let mut drawing = Drawing {
        font: FontSize::for_canvas(whole.w, whole.h),
        margin: (whole.w.min(whole.h) / 32).clamp(2, 24),
        composer,
        canvas,
        scene,
        faces,
    };
    let below = whole.below(drawing.bar_height());
    match frame {
        None => drawing.no_camera(whole),
        Some(frame) => match view {
            View::Restored => drawing.restored(below, frame),
            View::SideBySide => drawing.side_by_side(below, frame),
            View::Strip => drawing.strip(below, frame),
            View::InPlace => drawing.in_place(whole, frame),
            View::Full => drawing.full(whole, frame),
        },
    }
    drawing.info(whole);
}

/// One picture being drawn.
pub struct Drawing<'a> {
    pub composer: &'a mut Composer,
    pub canvas: &'a mut Picture,
    pub scene: &'a Scene<'a>,
    pub faces: &'a [Restored<'a>],
    pub font: FontSize,
    pub margin: usize,
}

impl Drawing<'_> {
    fn restored(&mut self, below: Area, frame: &Frame) {
        match self.faces.first() {
            Some(first) => self.sr(below.fit((1, 1)), first),
            None => self.live(below.fit(shape(frame)), frame),
        }
        self.message(below);
    }

    fn strip(&mut self, below: Area, frame: &Frame) {
        let strip = layout::strip(below.shrunk(self.margin), self.faces.len(), self.margin);
        let camera = strip.camera.fit(shape(frame));
        self.live(camera, frame);
        if self.faces.is_empty() {
            blit::fill(self.canvas, strip.tile(0), PANEL);
        }
        // In the order in which they appeared, so that nobody changes places.
        let mut order = [0; MAX_FACES];
        let order = &mut order[..self.faces.len()];
        order
            .iter_mut()
            .enumerate()
            .for_each(|(i, place)| *place = i);
        order.sort_unstable_by_key(|&i| self.faces[i].face.id);
        for (place, &i) in order.iter().enumerate() {
            let (tile, face) = (strip.tile(place), self.faces[i]);
            self.sr(tile, &face);
            if order.len() > 1 {
                self.number(
                    NUMBERS[place],
                    tile,
                    self.shown_box(&face, camera, whole_frame(frame)),
                );
            }
        }
        self.message(camera);
    }

    fn in_place(&mut self, whole: Area, frame: &Frame) {
        let area = whole.fit(shape(frame));
        self.camera(area, frame, whole_frame(frame));
        // The face that matters most is painted last, over the others.
        for face in self
            .faces
            .iter()
            .rev()
            .filter(|face| paste::is_small(&face.to_canonical))
        {
            let size = (frame.width, frame.height);
            self.composer
                .paster
                .paint(self.canvas, area, size, face.sr, &face.to_canonical);
        }
        self.mirror(area);
        self.message(area);
    }

    fn full(&mut self, whole: Area, frame: &Frame) {
        let region = covering(frame, whole);
        self.camera(whole, frame, region);
        self.mirror(whole);
        self.boxes(whole, region);
        if let Some(first) = self.faces.first() {
            let side = whole.w.min(whole.h) * 2 / 5;
            let corner = whole.shrunk(self.margin).foot(side);
            let inset = Area {
                x: corner.right() - side.min(corner.w),
                w: side.min(corner.w),
                ..corner
            };
            self.sr(inset, first);
            let line = self.line_width();
            blit::outline(self.canvas, inset, line, ACCENT);
            if let Some(caption) = text::first_fitting(&side_by_side::RESTORED, self.font, inset.w)
            {
                let tag = text::tag_area(caption, self.font, (inset.x, inset.y));
                let at = (inset.x, inset.y.saturating_sub(tag.h));
                text::tag(self.canvas, caption, self.font, at, TEXT);
            }
        }
        self.message(whole);
    }

    fn no_camera(&mut self, whole: Area) {
        let message = self.scene.message.unwrap_or("no camera");
        let (title, reason) = message.split_once(": ").unwrap_or((message, ""));
        let inside = whole.shrunk(2 * self.margin);
        let size = self.font.larger().narrowed(title, inside.w);
        let sign = 4 * size.height();
        // Sign and title together stand in the middle, the reason below them.
        let signed = inside.h >= 3 * sign && inside.w >= 2 * sign;
        let above = if signed { sign + size.height() } else { 0 };
        let y = inside.y + (inside.h / 2).saturating_sub((above + 2 * size.height()) / 2);
        if signed {
            let place = Area::new(whole.x, y, whole.w, sign).centred(sign, sign);
            sign::no_camera(self.canvas, place, BACKGROUND, MUTED);
        }
        let y = y + above;
        text::paragraph(self.canvas, inside, y, title, size, TEXT);
        let below = y + size.height() + text::padding(size);
        text::paragraph(self.canvas, inside, below, reason, self.font, MUTED);
    }

    /// The whole camera picture with the face boxes.
    pub fn live(&mut self, area: Area, frame: &Frame) {
        self.camera(area, frame, whole_frame(frame));
        self.mirror(area);
        self.boxes(area, whole_frame(frame));
    }

    /// A region of the camera picture, as the camera saw it.
    fn camera(&mut self, area: Area, frame: &Frame, region: Rect) {
        let converter = &mut self.composer.converter;
        camera::draw(self.canvas, area, converter, frame, region);
    }

    /// A restored face.
    pub fn sr(&mut self, area: Area, face: &Restored<'_>) {
        let mirror = self.composer.options.mirror;
        self.composer
            .enlarger
            .draw(self.canvas, area, face.sr, mirror);
    }

    /// Swaps left and right of a picture, if asked to.
    fn mirror(&mut self, area: Area) {
        if self.composer.options.mirror {
            blit::mirror(self.canvas, area);
        }
    }

    /// Draws the box of every face; `area` shows `region` of the frame.
    fn boxes(&mut self, area: Area, region: Rect) {
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
    fn number(&mut self, number: &str, tile: Area, in_camera: Option<Area>) {
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
    fn shown_box(&self, face: &Restored<'_>, area: Area, region: Rect) -> Option<Area> {
        let mut shown = shown_box(face.face.detection.face_box, region, area)?;
        if self.composer.options.mirror {
            shown.x = area.x + area.right() - shown.right();
        }
        Some(shown)
    }

    /// Pixels of the width of a line.
    fn line_width(&self) -> usize {
        (self.canvas.width.min(self.canvas.height) as usize / 320).clamp(1, 4)
    }

    /// The scene's message, or that there is no face, at the foot of the camera picture.
    pub fn message(&mut self, area: Area) {
        let none = self.faces.is_empty().then_some("no face");
        if let Some(message) = self.scene.message.or(none) {
            text::chip(self.canvas, area, message, self.font, TEXT);
        }
    }

    /// Rows of the overlay text.
    fn bar_height(&self) -> usize {
        if self.composer.line.is_empty() {
            0
        } else {
            text::bar_height(self.font)
        }
    }

    /// The overlay text, at the top.
    fn info(&mut self, whole: Area) {
        if !self.composer.line.is_empty() {
            let line = &self.composer.line;
            text::bar(self.canvas, whole, line, self.font, self.margin, TEXT);
        }
    }
}

/// Width and height of a frame.
pub fn shape(frame: &Frame) -> (usize, usize) {
    (frame.width as usize, frame.height as usize)
}

fn whole_frame(frame: &Frame) -> Rect {
    Rect::new(0.0, 0.0, frame.width as f32, frame.height as f32)
}

/// The middle of the frame that has the shape of `area`.
fn covering(frame: &Frame, area: Area) -> Rect {
    let (w, h) = (frame.width as f32, frame.height as f32);
    let scale = (w / area.w as f32).min(h / area.h as f32);
    let (rw, rh) = (
        (area.w as f32 * scale).min(w),
        (area.h as f32 * scale).min(h),
    );
    Rect::new((w - rw) / 2.0, (h - rh) / 2.0, rw, rh)
}

/// Where a face box lies in `area`, which shows `region` of the frame. A box that reaches outside
/// is closed at the edge; `None` for one that is wholly outside.
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
