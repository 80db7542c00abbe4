//! The side-by-side view: four pictures, their captions, and the honesty line.

use super::drawing::{Drawing, shape};
use super::layout::{self, Area};
use super::palette::{MUTED, PANEL, TEXT};
use super::{blit, text};
use face8x_core::frame::Frame;

/// Captions of the side-by-side view and the honesty line, each from the longest wording to the
/// shortest; the first that fits is shown.
const CAMERA: [&str; 1] = ["camera"];
const LR: [&str; 1] = ["16x16"];
const NETWORK: [&str; 4] = ["network: a guess", "network", "a guess", "guess"];
const LAST: [&str; 4] = [
    "all of the camera's pixels",
    "all camera pixels",
    "all pixels",
    "final",
];
const HONESTY: [&str; 4] = [
    "restored: a plausible guess, not evidence",
    "a plausible guess, not evidence",
    "a guess, not evidence",
    "a guess",
];

/// Before the restorer's own line.
const RESTORER: &str = "restorer: ";

impl Drawing<'_> {
    /// Draws the view.
    pub(crate) fn side_by_side(&mut self, below: Area, frame: &Frame) {
        let inside = below.shrunk(self.margin);
        let footer = self.footer(inside.w);
        // Pictures come first where there is hardly room.
        let footer_rows = footer.lines * self.footer_line() + self.margin / 2;
        let footer_fits = inside.h >= 3 * footer_rows;
        let caption = self.font.height() + text::padding(self.font);
        let room = if footer_fits {
            inside.above(footer_rows)
        } else {
            inside
        };
        let four = layout::quartet(room, shape(frame), self.margin, caption);
        self.live(four.camera, frame);
        match self.faces.first() {
            Some(first) => {
                blit::magnify(self.canvas, four.lr, first.lr, self.options.mirror);
                self.face(four.sr, first.sr);
                self.face(four.last, first.picture);
            }
            None => {
                for area in [four.lr, four.sr, four.last] {
                    blit::fill(self.canvas, area, PANEL);
                }
            }
        }
        self.caption(four.camera, caption, &CAMERA);
        self.caption(four.lr, caption, &LR);
        self.caption(four.sr, caption, &NETWORK);
        self.caption(four.last, caption, &LAST);
        self.message(four.camera);
        if footer_fits {
            let pictures = four.columns(inside);
            let fits_too = self.footer(pictures.w) == footer;
            self.draw_footer(if fits_too { pictures } else { inside });
        }
    }

    /// The first of `wordings` that fits, above a picture.
    fn caption(&mut self, area: Area, rows: usize, wordings: &[&str]) {
        let Some(caption) = text::first_fitting(wordings, self.font, area.w) else {
            return;
        };
        if area.y >= rows {
            text::write(
                self.canvas,
                caption,
                self.font,
                (area.x, area.y - rows),
                MUTED,
            );
        }
    }

    /// What stands below the side-by-side view in `columns`: which restorer runs, and the
    /// honesty line; in one line where both fit.
    fn footer(&self, columns: usize) -> Footer {
        let restorer = self.scene.status.restorer;
        let characters = RESTORER.len() + restorer.chars().count();
        let together = self.font.width(characters + 3 + HONESTY[0].len()) <= columns;
        Footer {
            lines: if together || restorer.is_empty() {
                1
            } else {
                2
            },
            honesty: text::first_fitting(&HONESTY, self.font, columns).unwrap_or(""),
            restorer_fits: self.font.width(characters) <= columns,
        }
    }

    /// From one line of the footer to the next.
    fn footer_line(&self) -> usize {
        self.font.height() + text::padding(self.font) / 2
    }

    /// The footer on the lowest rows of `inside`.
    fn draw_footer(&mut self, inside: Area) {
        let footer = self.footer(inside.w);
        let restorer = self.scene.status.restorer;
        let y = inside.bottom() - self.font.height();
        let one_line = footer.lines == 1 && !restorer.is_empty();
        let x = if one_line {
            inside.right() - self.font.width(footer.honesty.len())
        } else {
            inside.x
        };
        text::write(self.canvas, footer.honesty, self.font, (x, y), MUTED);
        if restorer.is_empty() {
            return;
        }
        let y = y - (footer.lines - 1) * self.footer_line();
        let characters = RESTORER.len() + restorer.chars().count();
        let size = self.font.for_characters(characters, inside.w);
        let y = y + self.font.height() - size.height();
        text::write_cut(self.canvas, RESTORER, size, (inside.x, y), inside.w, MUTED);
        let x = inside.x + size.width(RESTORER.len());
        let columns = inside.right().saturating_sub(x);
        text::write_cut(self.canvas, restorer, size, (x, y), columns, TEXT);
    }
}

/// See [`Drawing::footer`].
#[derive(Debug, PartialEq, Eq)]
struct Footer {
    lines: usize,
    honesty: &'static str,
    restorer_fits: bool,
}
