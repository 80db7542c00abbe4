//! Text on the canvas: its size follows the canvas, its edges are smooth, and it is left out where
//! it cannot be read.

mod glyphs;

use super::blit;
use super::layout::Area;
use crate::picture::Picture;
use glyphs::HEIGHTS;

/// A size of text: an index into the table of heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FontSize(usize);

impl FontSize {
    /// The size for the text that matters most on a canvas of this width and height: legible from
    /// two metres on a desktop's monitor, which has 15 of its lines.
    pub(crate) fn title(width: usize, height: usize) -> Self {
        FontSize::of_height((width.min(height) / 15).max(14))
    }

    /// The size for sentences.
    pub(crate) fn text(width: usize, height: usize) -> Self {
        FontSize::of_height((width.min(height) / 19).max(12))
    }

    /// The size for captions, and what is written over pictures.
    pub(crate) fn small(width: usize, height: usize) -> Self {
        FontSize::of_height((width.min(height) / 25).max(11))
    }

    /// The largest size of at most this many rows, or the smallest.
    pub(crate) fn of_height(rows: usize) -> Self {
        let fits = |&height: &u16| usize::from(height) <= rows;
        FontSize(HEIGHTS.iter().rposition(fits).unwrap_or(0))
    }

    /// Rows of a line.
    pub(crate) fn height(self) -> usize {
        usize::from(HEIGHTS[self.0])
    }

    /// Columns of `text`.
    pub(crate) fn width(self, text: &str) -> usize {
        let glyphs = glyphs::of_size(self.0);
        let advance = |c| usize::from(glyphs.letter(c).advance);
        text.chars().map(advance).sum()
    }

    /// The beginning of `text` that fits into this many columns.
    fn fitting(self, text: &str, columns: usize) -> &str {
        let glyphs = glyphs::of_size(self.0);
        let mut used = 0;
        let over = |&(_, c): &(usize, char)| {
            used += usize::from(glyphs.letter(c).advance);
            used > columns
        };
        let end = text.char_indices().find(over);
        &text[..end.map_or(text.len(), |(at, _)| at)]
    }

    /// This size or the nearest smaller one in which the text fits into `columns`; the smallest
    /// where it fits in none.
    pub(crate) fn narrowed(self, text: &str, columns: usize) -> Self {
        let sizes = (0..=self.0).rev().map(FontSize);
        let mut fitting = sizes.filter(|size| size.width(text) <= columns);
        fitting.next().unwrap_or(FontSize(0))
    }
}

/// Columns and rows between a text and the edge of its backing.
pub(crate) fn padding(size: FontSize) -> usize {
    size.height().div_ceil(5)
}

/// Writes `text` with its top left corner at (x, y). Characters beyond Latin-1 become `?`.
pub(crate) fn write(
    canvas: &mut Picture,
    text: &str,
    size: FontSize,
    (x, y): (usize, usize),
    colour: u32,
) {
    let glyphs = glyphs::of_size(size.0);
    let (width, height) = (canvas.width as i64, canvas.height as i64);
    let mut pen = x as i64;
    for glyph in text.chars().map(|c| glyphs.letter(c)) {
        let left = pen + i64::from(glyph.left);
        pen += i64::from(glyph.advance);
        if left >= width {
            return;
        }
        let first = (-left).max(0) as usize;
        let tops = y as i64 + i64::from(glyph.top)..;
        for (y, coverage) in tops.zip(glyphs.rows(glyph)) {
            if !(0..height).contains(&y) || first >= coverage.len() {
                continue;
            }
            let row = canvas.row_mut(y as u32);
            let row = &mut row[left.max(0) as usize..];
            for (pixel, &share) in row.iter_mut().zip(&coverage[first..]) {
                if share > 0 {
                    let share = u32::from(share);
                    *pixel = blit::mix(*pixel, colour, share + (share >> 7));
                }
            }
        }
    }
}

/// What stands where a text was cut.
const CUT: &str = "..";

/// The beginning of `text` that fits into `columns`, ending in two dots where it was cut; drawn
/// like [`write`]. Nothing is drawn where not even two letters fit.
pub(crate) fn write_cut(
    canvas: &mut Picture,
    text: &str,
    size: FontSize,
    at: (usize, usize),
    columns: usize,
    colour: u32,
) {
    if size.width(text) <= columns {
        return write(canvas, text, size, at, colour);
    }
    let beginning = size.fitting(text, columns.saturating_sub(size.width(CUT)));
    if beginning.chars().count() >= 2 {
        write(canvas, beginning, size, at, colour);
        let end = at.0 + size.width(beginning);
        write(canvas, CUT, size, (end, at.1), colour);
    }
}

/// The first of `texts`, the longest first, that fits into `columns`.
pub(crate) fn first_fitting<'a>(
    texts: &[&'a str],
    size: FontSize,
    columns: usize,
) -> Option<&'a str> {
    texts
        .iter()
        .copied()
        .find(|text| size.width(text) <= columns)
}

/// The rows of a [`bar`].
pub(crate) fn bar_height(size: FontSize) -> usize {
    size.height() + 2 * padding(size)
}

/// One line of text, `indent` columns from the edge, on a darkened bar over the upper rows of
/// `area`.
pub(crate) fn bar(
    canvas: &mut Picture,
    area: Area,
    text: &str,
    size: FontSize,
    indent: usize,
    colour: u32,
) {
    let columns = area.w.saturating_sub(2 * indent);
    let fitted = size.narrowed(text, columns);
    let bar = area.above(area.h.saturating_sub(bar_height(size)));
    if bar.h < bar_height(size) {
        return;
    }
    blit::darken(canvas, bar);
    let y = bar.y + (bar.h - fitted.height()) / 2;
    write_cut(canvas, text, fitted, (bar.x + indent, y), columns, colour);
}

/// One line of text on a darkened patch in the middle of the lowest rows of `area`.
pub(crate) fn chip(canvas: &mut Picture, area: Area, text: &str, size: FontSize, colour: u32) {
    let edge = padding(size);
    let columns = area.w.saturating_sub(4 * edge);
    let fitted = size.narrowed(text, columns);
    let width = fitted.width(text).min(columns);
    let patch = area
        .shrunk(edge)
        .foot(bar_height(fitted))
        .centred(width + 2 * edge, usize::MAX);
    if width < fitted.height() || patch.h < bar_height(fitted) {
        return;
    }
    blit::darken(canvas, patch);
    let at = (patch.x + edge, patch.y + padding(fitted));
    write_cut(canvas, text, fitted, at, patch.w - 2 * edge, colour);
}

/// `text` broken into lines in the middle of `area`.
pub(crate) fn centred(canvas: &mut Picture, area: Area, text: &str, size: FontSize, colour: u32) {
    let rows = size.height() * lines(text, size, area.w).count();
    let y = area.y + area.h.saturating_sub(rows) / 2;
    paragraph(canvas, area, y, text, size, colour);
}

/// The patch that [`tag`] draws.
pub(crate) fn tag_area(text: &str, size: FontSize, (x, y): (usize, usize)) -> Area {
    let pad = padding(size);
    Area::new(x, y, size.width(text) + 2 * pad, bar_height(size))
}

/// A few characters on a darkened patch with its top left corner at (x, y).
pub(crate) fn tag(
    canvas: &mut Picture,
    text: &str,
    size: FontSize,
    at: (usize, usize),
    colour: u32,
) {
    let (patch, pad) = (tag_area(text, size, at), padding(size));
    blit::darken(canvas, patch);
    write(canvas, text, size, (patch.x + pad, patch.y + pad), colour);
}

/// `text` broken between words into lines, in the middle of `area`'s width from row `y` on, as many
/// lines as fit.
pub(crate) fn paragraph(
    canvas: &mut Picture,
    area: Area,
    y: usize,
    text: &str,
    size: FontSize,
    colour: u32,
) {
    let mut y = y;
    for line in lines(text, size, area.w) {
        if y + size.height() > area.bottom() {
            return;
        }
        let x = area.x + area.w.saturating_sub(size.width(line)) / 2;
        write(canvas, line, size, (x, y), colour);
        y += size.height();
    }
}

/// The lines of a text in `columns`: broken between words, or within words that are too long.
pub(crate) fn lines(text: &str, size: FontSize, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let text = rest.trim_start();
        let fits = size.fitting(text, columns).len();
        if fits == 0 {
            return None;
        }
        let ends_word = fits == text.len() || text[fits..].starts_with(' ');
        let end = match text[..fits].rfind(' ') {
            Some(space) if !ends_word => space,
            _ => fits,
        };
        rest = &text[end..];
        Some(text[..end].trim_end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, columns: usize) -> Vec<&str> {
        lines(text, FontSize::of_height(12), columns).collect()
    }

    #[test]
    fn lines_break_between_words() {
        let size = FontSize::of_height(12);
        let two = size.width("one two");
        assert_eq!(broken("one two three", two), ["one two", "three"]);
        assert_eq!(broken("one two three", two - 1), ["one", "two", "three"]);
        let five = size.width("unbre");
        assert_eq!(broken("  unbreakable é", five)[0], "unbre");
        assert_eq!(broken("anything", 0), [""; 0]);
        assert_eq!(broken("   ", 30), [""; 0]);
    }

    #[test]
    fn fonts_grow_with_the_canvas() {
        let sides = [64, 128, 240, 480, 720, 1080, 2160];
        let heights = |size: fn(usize, usize) -> FontSize| sides.map(|s| size(s, s).height());
        assert_eq!(heights(FontSize::title), [14, 14, 16, 30, 45, 69, 128]);
        assert_eq!(heights(FontSize::text), [12, 12, 12, 23, 34, 52, 108]);
        assert_eq!(heights(FontSize::small), [11, 11, 11, 18, 26, 39, 79]);
        assert_eq!(FontSize::text(10_000, 64), FontSize::text(64, 64));
    }

    #[test]
    fn a_text_is_narrowed_until_it_fits() {
        let size = FontSize::of_height(23);
        let columns = size.width("0123456789");
        assert_eq!(size.narrowed("0123456789", columns), size);
        assert_eq!(size.narrowed("0123456789", columns - 1).height(), 20);
        assert_eq!(size.narrowed("0123456789", 9).height(), 9);
    }

    #[test]
    fn a_cut_text_ends_in_dots_and_stays_in_its_columns() {
        let size = FontSize::of_height(9);
        let (mut whole, mut cut) = (Picture::new(64, 10), Picture::new(64, 10));
        write(&mut whole, "abcd..", size, (3, 0), 0xffffff);
        let columns = size.width("abcd..");
        write_cut(&mut cut, "abcdéfghijk", size, (3, 0), columns, 0xffffff);
        assert_eq!(cut, whole);
        let mut none = Picture::new(64, 10);
        write_cut(&mut none, "abcdé", size, (3, 0), 9, 0xffffff);
        assert_eq!(none, Picture::new(64, 10));
    }

    #[test]
    fn text_beyond_the_canvas_is_cut() {
        let size = FontSize::of_height(30);
        let mut picture = Picture::new(20, 12);
        for at in [(0, 0), (15, 8), (19, 11), (20, 0), (0, 12), (3000, 3000)] {
            write(&mut picture, "Wjy", size, at, 0xffffff);
        }
        assert!(picture.pixels.contains(&0xffffff));
    }
}
