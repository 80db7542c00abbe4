//! The letters of every size of text, drawn once when the size is first used.
//!
//! Roboto Medium's outlines (`roboto-medium.ttf`, ASCII and Latin-1) are made into coverage by
//! `ab_glyph`, so that edges are smooth at any size. Later pictures only read them.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, Glyph as Outline, PxScale, ScaleFont, point};

/// Rows of a line of each size, from the lowest letter to the highest.
pub(super) const HEIGHTS: [u16; 22] = [
    9, 10, 11, 12, 13, 14, 16, 18, 20, 23, 26, 30, 34, 39, 45, 52, 60, 69, 79, 92, 108, 128,
];

/// Printable ASCII, then Latin-1 from the no-break space on.
const ASCII: std::ops::RangeInclusive<char> = ' '..='~';
const LATIN_1: std::ops::RangeInclusive<char> = '\u{a0}'..='\u{ff}';
const ASCII_COUNT: usize = 95;

static FONT: &[u8] = include_bytes!("roboto-medium.ttf");

static SIZES: [OnceLock<Glyphs>; HEIGHTS.len()] = [const { OnceLock::new() }; HEIGHTS.len()];

/// The letters of one size.
#[derive(Default)]
pub(super) struct Glyphs {
    letters: Vec<Glyph>,
    /// Of all letters, row by row.
    coverage: Vec<u8>,
}

/// One letter of one size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Glyph {
    /// Columns from this letter to the next.
    pub advance: u16,
    /// Where its pixels begin, from the line's top left corner.
    pub left: i16,
    pub top: i16,
    pub width: u16,
    pub height: u16,
    /// Where its pixels begin in the coverage.
    start: usize,
}

/// The letters of the size of this index; none where the font cannot be read.
pub(super) fn of_size(index: usize) -> &'static Glyphs {
    SIZES[index].get_or_init(|| match FontRef::try_from_slice(FONT) {
        Ok(font) => Glyphs::draw(&font, HEIGHTS[index]),
        Err(error) => {
            log::error!("the font cannot be read: {error}");
            Glyphs::default()
        }
    })
}

impl Glyphs {
    fn draw(font: &FontRef<'_>, height: u16) -> Glyphs {
        let mut glyphs = Glyphs::default();
        for letter in ASCII.chain(LATIN_1) {
            glyphs.add(font, letter, f32::from(height));
        }
        glyphs
    }

    fn add(&mut self, font: &FontRef<'_>, letter: char, height: f32) {
        let scale = PxScale::from(height);
        let scaled = font.as_scaled(scale);
        let id = font.glyph_id(letter);
        let mut glyph = Glyph {
            advance: scaled.h_advance(id).round() as u16,
            start: self.coverage.len(),
            ..Glyph::default()
        };
        // Baselines lie on whole rows: horizontal strokes are sharpest there.
        let baseline = point(0.0, scaled.ascent().round());
        let outline = Outline {
            id,
            scale,
            position: baseline,
        };
        if let Some(outline) = font.outline_glyph(outline) {
            let bounds = outline.px_bounds();
            (glyph.left, glyph.top) = (bounds.min.x as i16, bounds.min.y as i16);
            let (width, height) = (bounds.width() as usize, bounds.height() as usize);
            (glyph.width, glyph.height) = (width as u16, height as u16);
            self.coverage.resize(glyph.start + width * height, 0);
            let pixels = &mut self.coverage[glyph.start..];
            outline.draw(|x, y, share| {
                let at = y as usize * width + x as usize;
                if let Some(pixel) = pixels.get_mut(at) {
                    *pixel = (share * 255.0).round() as u8;
                }
            });
        }
        self.letters.push(glyph);
    }

    /// The letter for a character; that of `?` for one that the font lacks.
    pub(super) fn letter(&self, character: char) -> Glyph {
        let index = if ASCII.contains(&character) {
            character as usize - ' ' as usize
        } else if LATIN_1.contains(&character) {
            character as usize - 0xa0 + ASCII_COUNT
        } else {
            '?' as usize - ' ' as usize
        };
        self.letters.get(index).copied().unwrap_or_default()
    }

    /// How much the letter covers of each of its pixels, 0 to 255, row by row.
    pub(super) fn rows(&self, glyph: Glyph) -> impl Iterator<Item = &[u8]> {
        let pixels = usize::from(glyph.width) * usize::from(glyph.height);
        self.coverage[glyph.start..][..pixels].chunks_exact(usize::from(glyph.width).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_latin_1_is_in_the_font() {
        let glyphs = of_size(8);
        let missing = glyphs.letter('?');
        for letter in ASCII.chain(LATIN_1).filter(|c| *c != '?') {
            assert_ne!(glyphs.letter(letter), missing, "{letter}");
        }
        assert_eq!(glyphs.letter('☺'), missing);
        assert_eq!(glyphs.letters.len(), ASCII_COUNT + 96);
    }

    #[test]
    fn letters_stay_in_their_line() {
        for (index, &height) in HEIGHTS.iter().enumerate() {
            let glyphs = of_size(index);
            for letter in ('!'..='~').map(|c| glyphs.letter(c)) {
                let bottom = letter.top + letter.height as i16;
                assert!(letter.top >= 0 && bottom <= height as i16 + 1, "{letter:?}");
                assert!(letter.advance > 0 && letter.width > 0);
            }
        }
    }
}
