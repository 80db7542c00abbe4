//! The five views.

use face8x_core::frame::Frame;
use face8x_core::track::MAX_FACES;

use super::drawing::{Brushes, Drawing, covering, shape, whole_frame};
use super::layout::{self, Area, BlockParts, MAX_SQUARES};
use super::palette::{ACCENT, BACKGROUND, MUTED, TEXT};
use super::paste::PastedFace;
use super::scene::{ComposeOptions, Scene};
use super::text::{self, FontSize};
use super::view::View;
use super::{NUMBERS, blit, camera, sign};
use crate::picture::Picture;

/// Side of the restored face in the natural size of the view that shows it alone.
const NATURAL_SIDE: u32 = 512;
/// The natural size of the side-by-side view: the restored face is 456 pixels large.
const NATURAL_SIDE_BY_SIDE: (u32, u32) = (800, 480);
/// How much a restored face's pixels count to one of the camera's where both are shown.
const FACES_WEIGHT: usize = 4;
/// The widest natural size where the frame is not wider itself. A frame is enlarged by a whole factor
/// up to this width where its faces are restored in place.
const NATURAL_WIDTH: u32 = 1280;

/// See [`Composer::natural_size`].
pub(crate) fn natural_size(view: View, (width, height): (u32, u32)) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    match view {
        View::Restored => (NATURAL_SIDE, NATURAL_SIDE),
        View::SideBySide => NATURAL_SIDE_BY_SIDE,
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
    let frame = scene.camera.filter(|frame| camera::can_show(frame));
    let margin = (whole.w.min(whole.h) / 40).max(3);
    let safe = match options.round {
        true => layout::square_in_disc(whole, margin),
        false => whole,
    };
    let mut drawing = Drawing {
        title: FontSize::title(whole.w, whole.h),
        text: FontSize::text(whole.w, whole.h),
        small: FontSize::small(whole.w, whole.h),
        margin,
        safe,
        options,
        brushes,
        line,
        canvas,
        scene,
        faces,
    };
    let below = safe.below(drawing.bar_height());
    match frame {
        None => drawing.no_camera(safe),
        Some(frame) => match options.view {
            View::Restored => drawing.restored(below, frame),
            View::SideBySide if options.round => drawing.side_by_side(whole, frame),
            View::SideBySide => drawing.side_by_side(below, frame),
            View::Strip => drawing.strip(below, frame),
            View::InPlace => drawing.in_place(safe, frame),
            View::Full => drawing.full(whole, frame),
        },
    }
    drawing.info(safe);
    drawing.keys();
}

impl Drawing<'_> {
    fn restored(&mut self, below: Area, frame: &Frame) {
        let shown = match self.faces.first() {
            Some(_) => below.fit((1, 1)),
            None => below.fit(shape(frame)),
        };
        self.background(&[shown]);
        match self.faces.first() {
            Some(first) => {
                self.face(shown, first, frame);
                self.mark(shown, first.share);
            }
            None => self.live(shown, frame),
        }
        self.message(shown);
    }

    fn strip(&mut self, below: Area, frame: &Frame) {
        let faces = self.faces.len().min(MAX_SQUARES);
        if faces == 0 {
            return self.nobody(below, frame);
        }
        let inside = below.shrunk(self.margin);
        let parts = BlockParts {
            aspect: shape(frame),
            // Tiles seldom change their size as people come and go.
            squares: faces.next_power_of_two(),
            gap: self.margin,
            caption: 0,
            weight: FACES_WEIGHT,
        };
        let block = layout::block((inside.w, inside.h), &parts);
        let place = inside.centred(block.whole.w, block.whole.h);
        let block = block.moved(place.x, place.y);
        let camera = block.picture;
        let mut areas = [camera; 1 + MAX_SQUARES];
        for (index, area) in areas[1..].iter_mut().enumerate() {
            *area = block.square(index);
        }
        self.background(&areas[..1 + faces]);
        self.live(camera, frame);
        for index in 0..self.faces.len() {
            let (face, rank) = (self.faces[index], self.rank(index));
            let Some(&tile) = areas[1..][..faces].get(rank) else {
                continue;
            };
            self.face(tile, &face, frame);
            self.mark(tile, face.share);
            if faces > 1 {
                let in_camera = self.shown_box(&face, camera, whole_frame(frame));
                self.number(NUMBERS[rank], tile);
                self.number_box(NUMBERS[rank], camera, in_camera);
            }
        }
        self.message(camera);
    }

    fn in_place(&mut self, whole: Area, frame: &Frame) {
        let area = whole.fit(shape(frame));
        self.background(&[area]);
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
        let safe = self.safe;
        if let Some(first) = self.faces.first() {
            let side = safe.w.min(safe.h) * 2 / 5;
            let corner = safe.shrunk(self.margin).foot(side);
            let inset = Area {
                x: corner.right() - side.min(corner.w),
                w: side.min(corner.w),
                ..corner
            };
            self.face(inset, first, frame);
            let line = self.line_width();
            blit::outline(self.canvas, inset, line, ACCENT);
            self.mark(inset, first.share);
        }
        self.message(safe);
    }

    fn no_camera(&mut self, safe: Area) {
        self.background(&[]);
        let message = self.scene.message.unwrap_or("no camera");
        let (title, reason) = message.split_once(": ").unwrap_or((message, ""));
        let inside = safe.shrunk(2 * self.margin);
        let size = self.title.narrowed(title, inside.w);
        let sign = 3 * size.height();
        // Sign and title together stand in the middle, the reason below them.
        let signed = inside.h >= 2 * sign && inside.w >= sign;
        let above = if signed { sign + size.height() / 2 } else { 0 };
        let y = inside.y + (inside.h / 2).saturating_sub((above + 2 * size.height()) / 2);
        if signed {
            let place = Area::new(inside.x, y, inside.w, sign).centred(sign, sign);
            sign::no_camera(self.canvas, place, BACKGROUND, MUTED);
        }
        let y = y + above;
        text::paragraph(self.canvas, inside, y, title, size, TEXT);
        let below = y + size.height() + text::padding(size);
        text::paragraph(self.canvas, inside, below, reason, self.text, MUTED);
    }
}
