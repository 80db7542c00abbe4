//! The five views.

use face8x_core::frame::Frame;
use face8x_core::track::MAX_FACES;

use super::drawing::{Brushes, Drawing, covering, shape, whole_frame};
use super::layout::{self, Area};
use super::palette::{ACCENT, BACKGROUND, MUTED, PANEL, TEXT};
use super::paste::PastedFace;
use super::scene::{ComposeOptions, Scene};
use super::text::{self, FontSize};
use super::view::View;
use super::{blit, camera, sign};
use crate::picture::Picture;

/// What the faces of the strip view are called, in the camera picture and below it.
const NUMBERS: [&str; MAX_FACES] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
    "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32",
];

/// Side of the restored face in the side-by-side view's natural size: twice its pixels.
const NATURAL_SIDE: u32 = 256;
/// Columns and rows around the pictures in that size: margins, gaps, captions.
const NATURAL_AROUND: (u32, u32) = (80, 96);
/// The widest natural size where the frame is not wider itself. A frame is enlarged by a whole factor
/// up to this width where its faces are restored in place.
const NATURAL_WIDTH: u32 = 1280;

/// See [`Composer::natural_size`].
pub(crate) fn natural_size(view: View, (width, height): (u32, u32)) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    match view {
        View::Restored => (2 * NATURAL_SIDE, 2 * NATURAL_SIDE),
        View::SideBySide => {
            let camera = u64::from(NATURAL_SIDE) * u64::from(width) / u64::from(height);
            let camera = camera.min(u64::from(NATURAL_WIDTH)) as u32;
            let all = camera + 3 * NATURAL_SIDE + NATURAL_AROUND.0;
            (all.min(NATURAL_WIDTH), NATURAL_SIDE + NATURAL_AROUND.1)
        }
        View::Strip => (width, height.saturating_add(height / 2)),
        View::InPlace => {
            let factor = (NATURAL_WIDTH / width).max(1);
            (width * factor, height.saturating_mul(factor))
        }
        View::Full => (width, height),
    }
}

/// Draws `scene` over all of `canvas`, which has at least one pixel, with `line` at the top.
pub(crate) fn draw(
    options: &ComposeOptions,
    brushes: &mut Brushes,
    line: &str,
    scene: &Scene<'_>,
    canvas: &mut Picture,
) {
    let whole = Area::new(0, 0, canvas.width as usize, canvas.height as usize);
    let faces = &scene.faces[..scene.faces.len().min(MAX_FACES)];
    let view = options.view;
    let frame = scene.camera.filter(|frame| camera::can_show(frame));
    // The full view covers all of the canvas.
    if frame.is_none() || view != View::Full {
        blit::fill(canvas, whole, BACKGROUND);
    }
    let mut drawing = Drawing {
        font: FontSize::for_canvas(whole.w, whole.h),
        margin: (whole.w.min(whole.h) / 32).clamp(2, 24),
        options,
        brushes,
        line,
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

impl Drawing<'_> {
    fn restored(&mut self, below: Area, frame: &Frame) {
        match self.faces.first() {
            Some(first) => {
                let square = below.fit((1, 1));
                self.face(square, first.picture);
                self.mark(square, first.share);
            }
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
            self.face(tile, face.picture);
            self.mark(tile, face.share);
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
        let size = (frame.width, frame.height);
        // The face that matters most is painted last, over the others.
        for face in self.faces.iter().rev() {
            let restored = PastedFace {
                pixels: face.picture,
                share: face.share,
                to_canonical: &face.to_canonical,
            };
            let paster = &mut self.brushes.paster;
            paster.paint(self.canvas, area, size, &restored);
        }
        self.mirror(area);
        let most = self.faces.iter().map(|face| face.share).fold(0.0, f32::max);
        self.mark(area, most);
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
            self.face(inset, first.picture);
            let line = self.line_width();
            blit::outline(self.canvas, inset, line, ACCENT);
            self.mark(inset, first.share);
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
}
