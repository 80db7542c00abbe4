//! The list of the keys over the picture.

use super::blit;
use super::drawing::Drawing;
use super::layout::Area;
use super::palette::{ACCENT, TEXT};
use super::text::{self, FontSize};

/// Smallest rows of a line: what does not fit then is cut.
const SMALLEST: usize = 9;

impl Drawing<'_> {
    /// The scene's keys and what they do, on a dark panel in the middle.
    pub(crate) fn keys(&mut self) {
        let keys = self.scene.keys;
        if keys.is_empty() {
            return;
        }
        let inside = self.safe.shrunk(self.margin);
        let widest = |size: FontSize| {
            let columns = |(key, meaning): &(&str, &str)| (size.width(key), size.width(meaning));
            let all = keys.iter().map(columns);
            all.fold((0, 0), |most, one| (most.0.max(one.0), most.1.max(one.1)))
        };
        let heights = (SMALLEST..=self.text.height()).rev();
        let sizes = heights.map(FontSize::of_height).map(|size| {
            let (first, second) = widest(size);
            let pad = 2 * text::padding(size);
            let line = size.height() + text::padding(size);
            (
                size,
                first + pad,
                [first + second + 3 * pad, keys.len() * line + pad],
            )
        });
        let fits = |panel: [usize; 2]| panel[0] <= inside.w && panel[1] <= inside.h;
        let mut last = None;
        let fitting = sizes.map(|one| *last.insert(one)).find(|one| fits(one.2));
        let Some((size, column, panel)) = fitting.or(last) else {
            return;
        };
        let panel = inside.centred(panel[0], panel[1]);
        blit::darken(self.canvas, panel);
        blit::darken(self.canvas, panel);
        let Area { x, mut y, .. } = panel.shrunk(text::padding(size));
        let pad = text::padding(size);
        for (key, meaning) in keys {
            if y + size.height() > panel.bottom() {
                return;
            }
            text::write_cut(self.canvas, key, size, (x + pad, y), column, ACCENT);
            let at = (x + pad + column, y);
            let room = panel.right().saturating_sub(at.0 + pad);
            text::write_cut(self.canvas, meaning, size, at, room, TEXT);
            y += size.height() + pad;
        }
    }
}
