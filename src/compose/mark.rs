//! The mark of what was restored: that it is a guess.

use super::layout::Area;
use super::palette::TEXT;
use super::text::{self, FontSize};
use crate::picture::Picture;

/// Wordings, the longest first.
const WORDINGS: [&str; 3] = ["restored: a guess", "a guess", "guess"];

/// Lines of the mark on a picture of a screen, which is looked at from two metres, and on one that
/// is saved.
const SCREEN_LINES: usize = 16;
const SAVED_LINES: usize = 25;

/// The size of the mark of a picture on a screen.
pub(super) fn size(area: Area) -> FontSize {
    of_lines(area, SCREEN_LINES)
}

/// A size of which a picture has so many lines, or the smallest that can be read there.
fn of_lines(area: Area, lines: usize) -> FontSize {
    let side = area.w.min(area.h);
    FontSize::of_height((side / lines).max(if side < 100 { 9 } else { 11 }))
}

/// Writes that the picture in `area` is a guess in its lower left corner, on a darkened patch: the
/// longest wording that fits, in `size` or the nearest smaller one in which it does.
pub(super) fn draw(canvas: &mut Picture, area: Area, size: FontSize) {
    let fitting = WORDINGS.iter().find_map(|wording| {
        let size = size.narrowed(wording, area.w.saturating_sub(2 * text::padding(size)));
        let tag = text::tag_area(wording, size, (area.x, area.y));
        (tag.w <= area.w && tag.h <= area.h).then_some((wording, size, tag))
    });
    if let Some((wording, size, tag)) = fitting {
        let at = (area.x, area.bottom() - tag.h);
        text::tag(canvas, wording, size, at, TEXT);
    }
}

/// Marks a whole picture, as it is saved: the larger it is, the larger the text.
pub(crate) fn mark_picture(picture: &mut Picture, area: Area) {
    draw(picture, area, of_lines(area, SAVED_LINES));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(width: u32, height: u32, area: Area) -> Vec<(usize, usize)> {
        let mut picture = Picture::new(width, height);
        picture.pixels.fill(0x808080);
        mark_picture(&mut picture, area);
        let place = |at: usize| (at % width as usize, at / width as usize);
        let marked = picture.pixels.iter().enumerate();
        marked
            .filter(|(_, pixel)| **pixel != 0x808080)
            .map(|(at, _)| place(at))
            .collect()
    }

    #[test]
    fn the_mark_stays_in_the_corner_of_its_picture_and_grows_with_it() {
        for (width, height) in [(128, 128), (640, 480), (4000, 3000), (40, 30)] {
            let area = Area::new(3, 2, width as usize - 7, height as usize - 5);
            let marked = changed(width, height, area);
            assert!(!marked.is_empty(), "{width}x{height}");
            for &(x, y) in &marked {
                assert!((area.x..area.right()).contains(&x) && y < area.bottom());
                assert!(
                    y >= area.bottom() - 6 - area.h / 3,
                    "{width}x{height}: row {y}"
                );
            }
            let columns = marked.iter().map(|&(x, _)| x - area.x + 1).max();
            let share = columns.unwrap_or(0) as f32 / width as f32;
            assert!((0.1..0.95).contains(&share), "{width}x{height}: {share}");
        }
    }

    #[test]
    fn no_mark_is_drawn_where_it_cannot_be_read() {
        assert!(changed(20, 20, Area::new(0, 0, 20, 20)).is_empty());
        assert!(changed(200, 6, Area::new(0, 0, 200, 6)).is_empty());
    }
}
