//! Text on the canvas with embedded-graphics' mono fonts: sized by the canvas, left out where it
//! cannot be read.

use embedded_graphics::mono_font::iso_8859_1::{
    FONT_4X6, FONT_5X7, FONT_6X12, FONT_7X13, FONT_9X15, FONT_10X20,
};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::pixelcolor::raw::RawU24;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};

use super::blit;
use super::layout::Area;
use crate::picture::Picture;

/// Sizes of text, the smallest first.
const FONTS: [&MonoFont<'static>; 6] = [
    &FONT_4X6,
    &FONT_5X7,
    &FONT_6X12,
    &FONT_7X13,
    &FONT_9X15,
    &FONT_10X20,
];

/// Where a canvas' shorter side must reach to get the font of the same place in `FONTS`.
const FONT_FROM: [usize; 6] = [0, 112, 200, 320, 600, 960];

/// A size of text: an index into `FONTS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FontSize(usize);

impl FontSize {
    /// The size that suits a canvas of this width and height.
    pub(crate) fn for_canvas(width: usize, height: usize) -> Self {
        let side = width.min(height);
        FontSize(
            FONT_FROM
                .iter()
                .rposition(|&from| side >= from)
                .unwrap_or(0),
        )
    }

    /// The next larger size, or this one where it is the largest.
    #[must_use]
    pub(crate) fn larger(self) -> Self {
        FontSize((self.0 + 1).min(FONTS.len() - 1))
    }

    fn font(self) -> &'static MonoFont<'static> {
        FONTS[self.0]
    }

    /// Rows of a line.
    pub(crate) fn height(self) -> usize {
        self.font().character_size.height as usize
    }

    /// Columns of a text of this many characters.
    pub(crate) fn width(self, characters: usize) -> usize {
        characters * self.font().character_size.width as usize
    }

    /// Characters that fit into this many columns.
    pub(crate) fn fitting(self, columns: usize) -> usize {
        columns / self.font().character_size.width as usize
    }

    /// This size or the nearest smaller one in which the text fits into `columns`; the smallest
    /// where it fits in none.
    pub(crate) fn narrowed(self, text: &str, columns: usize) -> Self {
        self.for_characters(text.chars().count(), columns)
    }

    /// The same for a text of this many characters.
    pub(crate) fn for_characters(self, characters: usize, columns: usize) -> Self {
        let fits = |size: &FontSize| size.width(characters) <= columns;
        (0..=self.0)
            .rev()
            .map(FontSize)
            .find(fits)
            .unwrap_or(FontSize(0))
    }
}

/// Columns and rows between a text and the edge of its backing.
pub(crate) fn padding(size: FontSize) -> usize {
    size.height().div_ceil(4)
}

/// Writes `text` with its top left corner at (x, y). Characters beyond Latin-1 become `?`.
pub(crate) fn write(
    canvas: &mut Picture,
    text: &str,
    size: FontSize,
    (x, y): (usize, usize),
    colour: u32,
) {
    let style = MonoTextStyle::new(size.font(), Rgb888::from(RawU24::new(colour)));
    let at = Point::new(x as i32, y as i32);
    // Drawing on a Picture cannot fail.
    let _ = Text::with_baseline(text, at, style, Baseline::Top).draw(canvas);
}

/// The beginning of `text` that fits into `columns`, ending in two dots where it was cut; drawn
/// like [`write`]. Nothing is drawn where not even four characters fit.
pub(crate) fn write_cut(
    canvas: &mut Picture,
    text: &str,
    size: FontSize,
    at: (usize, usize),
    columns: usize,
    colour: u32,
) {
    let fits = size.fitting(columns);
    match text.char_indices().nth(fits) {
        None => write(canvas, text, size, at, colour),
        Some(_) if fits < 4 => {}
        Some(_) => {
            let end = text
                .char_indices()
                .nth(fits - 2)
                .map_or(text.len(), |(end, _)| end);
            write(canvas, &text[..end], size, at, colour);
            write(
                canvas,
                "..",
                size,
                (at.0 + size.width(fits - 2), at.1),
                colour,
            );
        }
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
        .find(|text| size.width(text.chars().count()) <= columns)
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
    let characters = text.chars().count();
    let shown = characters.min(fitted.fitting(columns));
    let patch = area
        .shrunk(edge)
        .foot(bar_height(fitted))
        .centred(fitted.width(shown) + 2 * edge, usize::MAX);
    if shown < characters.clamp(1, 4) || patch.h < bar_height(fitted) {
        return;
    }
    blit::darken(canvas, patch);
    let y = patch.y + padding(fitted);
    write_cut(
        canvas,
        text,
        fitted,
        (patch.x + edge, y),
        patch.w - 2 * edge,
        colour,
    );
}

/// The patch that [`tag`] draws.
pub(crate) fn tag_area(text: &str, size: FontSize, (x, y): (usize, usize)) -> Area {
    let pad = padding(size);
    Area::new(
        x,
        y,
        size.width(text.chars().count()) + 2 * pad,
        bar_height(size),
    )
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

/// `text` broken between words into lines of at most `characters`, in the middle of `area`'s
/// width from row `y` on, as many lines as fit.
pub(crate) fn paragraph(
    canvas: &mut Picture,
    area: Area,
    y: usize,
    text: &str,
    size: FontSize,
    colour: u32,
) {
    let characters = size.fitting(area.w);
    let mut y = y;
    let lines = Lines {
        rest: text,
        characters,
    };
    for line in lines {
        if y + size.height() > area.bottom() {
            return;
        }
        let x = area.x + (area.w - size.width(line.chars().count())) / 2;
        write(canvas, line, size, (x, y), colour);
        y += size.height() + padding(size) / 2;
    }
}

/// The lines of a text that is broken between words, or within words that are too long.
struct Lines<'a> {
    rest: &'a str,
    characters: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start();
        if text.is_empty() || self.characters == 0 {
            return None;
        }
        // A line may end where a space comes right after its last character.
        let end = match text.char_indices().nth(self.characters) {
            None => text.len(),
            Some((full, _)) => {
                let with_next = text[full..]
                    .chars()
                    .next()
                    .map_or(full, |c| full + c.len_utf8());
                text[..with_next].rfind(' ').unwrap_or(full)
            }
        };
        self.rest = &text[end..];
        Some(text[..end].trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, characters: usize) -> Vec<&str> {
        Lines {
            rest: text,
            characters,
        }
        .collect()
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("one two three", 6), ["one", "two", "three"]);
        assert_eq!(lines("  unbreakable é", 5), ["unbre", "akabl", "e é"]);
        assert_eq!(lines("anything", 0), [""; 0]);
        assert_eq!(lines("   ", 3), [""; 0]);
    }

    #[test]
    fn fonts_grow_with_the_canvas() {
        let heights = [64, 128, 240, 480, 720, 1080].map(|s| FontSize::for_canvas(s, s).height());
        assert_eq!(heights, [6, 7, 12, 13, 15, 20]);
        assert_eq!(
            FontSize::for_canvas(10_000, 64),
            FontSize::for_canvas(64, 64)
        );
    }

    #[test]
    fn a_text_is_narrowed_until_it_fits() {
        let size = FontSize::for_canvas(480, 480);
        assert_eq!(size.narrowed("0123456789", 70), size);
        assert_eq!(size.narrowed("0123456789", 69).height(), 12);
        assert_eq!(size.narrowed("0123456789", 9).height(), 6);
    }

    #[test]
    fn a_cut_text_ends_in_dots_and_stays_in_its_columns() {
        let size = FontSize::for_canvas(64, 64);
        let (mut whole, mut cut) = (Picture::new(64, 8), Picture::new(64, 8));
        write(&mut whole, "abcd..", size, (3, 1), 0xffffff);
        write_cut(&mut cut, "abcdéfghijk", size, (3, 1), 27, 0xffffff);
        assert_eq!(cut, whole);
        let mut none = Picture::new(64, 8);
        write_cut(&mut none, "abcdé", size, (3, 1), 15, 0xffffff);
        assert_eq!(none, Picture::new(64, 8));
    }
}
