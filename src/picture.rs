//! Display pixels: what is composed, and what sinks show.

use std::convert::Infallible;
use std::ops::Range;

use embedded_graphics::Pixel;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use face8x_core::pixel::unpack_rgb;

/// A picture of `width` x `height` pixels, row by row without padding, each `0x00RRGGBB`.
///
/// It is an embedded-graphics `DrawTarget`; what lies outside is clipped.
///
/// ```
/// use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::Rectangle};
/// use face8x::internals::picture::Picture;
/// let mut picture = Picture::new(4, 2);
/// let corner = Rectangle::new(Point::new(3, 1), Size::new(9, 9));
/// picture.fill_solid(&corner, Rgb888::RED)?;
/// assert_eq!(picture.row(1), [0, 0, 0, 0xff0000]);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The pixels, `width` x `height` of them.
    pub pixels: Vec<u32>,
}

impl Picture {
    /// A black picture.
    pub fn new(width: u32, height: u32) -> Self {
        Picture {
            width,
            height,
            pixels: vec![0; width as usize * height as usize],
        }
    }

    /// Takes a new size; the pixels are black where it differs from the old one, and nothing is
    /// allocated where the picture had this many pixels before.
    pub fn resize(&mut self, width: u32, height: u32) {
        if (self.width, self.height) != (width, height) {
            (self.width, self.height) = (width, height);
            self.pixels.clear();
            self.pixels.resize(width as usize * height as usize, 0);
        }
    }

    /// Makes this a copy of `other`; nothing is allocated where it had as many pixels before.
    pub(crate) fn copy_from(&mut self, other: &Picture) {
        self.resize(other.width, other.height);
        self.pixels.copy_from_slice(&other.pixels);
    }

    /// Makes this a copy of `other` with half of its values, which is a fifth of its light.
    pub(crate) fn copy_darkened(&mut self, other: &Picture) {
        self.copy_from(other);
        for pixel in &mut self.pixels {
            *pixel = *pixel >> 1 & 0x007f_7f7f;
        }
    }

    /// Replaces `bytes` by the pixels as interleaved red, green and blue.
    pub(crate) fn write_rgb(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        bytes.extend(self.pixels.iter().flat_map(|&pixel| unpack_rgb(pixel)));
    }

    /// Row `y`, from the top.
    pub fn row(&self, y: u32) -> &[u32] {
        &self.pixels[y as usize * self.width as usize..][..self.width as usize]
    }

    /// Row `y`, to write to.
    pub fn row_mut(&mut self, y: u32) -> &mut [u32] {
        &mut self.pixels[y as usize * self.width as usize..][..self.width as usize]
    }
}

impl OriginDimensions for Picture {
    fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }
}

impl DrawTarget for Picture {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        let (width, height) = (self.width as usize, self.height as usize);
        for Pixel(point, color) in pixels {
            // A negative coordinate becomes a huge one.
            let (x, y) = (point.x as usize, point.y as usize);
            if x < width && y < height {
                self.pixels[y * width + x] = color.into_storage();
            }
        }
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, color: Rgb888) -> Result<(), Infallible> {
        if let Some(part) = self.clip(area) {
            for y in part.rows {
                self.row_mut(y)[part.columns.clone()].fill(color.into_storage());
            }
        }
        Ok(())
    }

    fn fill_contiguous<I>(&mut self, area: &Rectangle, colors: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Rgb888>,
    {
        let Some(part) = self.clip(area) else {
            return Ok(());
        };
        let mut colors = colors.into_iter();
        let width = area.size.width as usize;
        let right = width - part.left - part.columns.len();
        skip(&mut colors, part.above * width);
        for y in part.rows {
            skip(&mut colors, part.left);
            // The pixel comes first in the zip: at the row's end no colour is taken and lost.
            let row = self.row_mut(y)[part.columns.clone()].iter_mut();
            for (pixel, color) in row.zip(&mut colors) {
                *pixel = color.into_storage();
            }
            skip(&mut colors, right);
        }
        Ok(())
    }
}

/// The part of a rectangle that lies in the picture.
struct Clipped {
    columns: Range<usize>,
    rows: Range<u32>,
    /// Columns and rows of the rectangle that lie outside before it.
    left: usize,
    above: usize,
}

impl Picture {
    /// The part of `area` that lies in the picture; `None` where there is none. Corners may lie
    /// beyond the range of i32.
    fn clip(&self, area: &Rectangle) -> Option<Clipped> {
        let clip = |start: i32, length: u32, limit: u32| {
            let start = i64::from(start);
            let end = (start + i64::from(length)).min(i64::from(limit));
            (start.max(0) < end)
                .then(|| (start.max(0) as u32..end as u32, (-start).max(0) as usize))
        };
        let (columns, left) = clip(area.top_left.x, area.size.width, self.width)?;
        let (rows, above) = clip(area.top_left.y, area.size.height, self.height)?;
        let columns = columns.start as usize..columns.end as usize;
        Some(Clipped {
            columns,
            rows,
            left,
            above,
        })
    }
}

/// Drops the next `count` colours.
fn skip(colors: &mut impl Iterator<Item = Rgb888>, count: usize) {
    if count > 0 {
        colors.nth(count - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_graphics::primitives::{Line, PrimitiveStyle};
    use proptest::prelude::*;

    /// Red, green, blue, white and black as `R`, `G`, `B`, `W` and `.`, one string a row.
    fn drawn(picture: &Picture) -> Vec<String> {
        let letter = |pixel: &u32| match pixel {
            0xff0000 => 'R',
            0x00ff00 => 'G',
            0x0000ff => 'B',
            0xffffff => 'W',
            0 => '.',
            other => panic!("unexpected pixel {other:06x}"),
        };
        (0..picture.height)
            .map(|y| picture.row(y).iter().map(letter).collect())
            .collect()
    }

    fn colours(letters: &str) -> impl Iterator<Item = Rgb888> {
        letters.chars().filter_map(|letter| match letter {
            'R' => Some(Rgb888::RED),
            'G' => Some(Rgb888::GREEN),
            'B' => Some(Rgb888::BLUE),
            'W' => Some(Rgb888::WHITE),
            '.' => Some(Rgb888::BLACK),
            _ => None,
        })
    }

    fn area(x: i32, y: i32, w: u32, h: u32) -> Rectangle {
        Rectangle::new(Point::new(x, y), Size::new(w, h))
    }

    #[test]
    fn pixels_outside_are_dropped() {
        let mut picture = Picture::new(3, 2);
        let at = |x, y| Pixel(Point::new(x, y), Rgb888::WHITE);
        let pixels = [
            at(0, 0),
            at(2, 1),
            at(3, 0),
            at(0, 2),
            at(-1, 0),
            at(0, -1),
            at(i32::MIN, 0),
        ];
        picture.draw_iter(pixels).unwrap();
        assert_eq!(drawn(&picture), ["W..", "..W"]);
    }

    #[test]
    fn solid_rectangles_are_clipped_at_every_edge() {
        let mut picture = Picture::new(5, 4);
        picture
            .fill_solid(&area(-2, -2, 3, 3), Rgb888::RED)
            .unwrap();
        picture
            .fill_solid(&area(4, 3, 7, 7), Rgb888::GREEN)
            .unwrap();
        picture
            .fill_solid(&area(-9, 1, 99, 1), Rgb888::BLUE)
            .unwrap();
        picture
            .fill_solid(&area(2, 2, 0, 9), Rgb888::WHITE)
            .unwrap();
        picture
            .fill_solid(&area(i32::MAX, 0, u32::MAX, 9), Rgb888::WHITE)
            .unwrap();
        assert_eq!(drawn(&picture), ["R....", "BBBBB", ".....", "....G"]);
    }

    #[test]
    fn contiguous_colours_are_clipped_at_every_edge() {
        let mut picture = Picture::new(3, 2);
        picture
            .fill_contiguous(&area(-1, -1, 5, 4), colours("WWWWW WRGBW WBRGW WWWWW"))
            .unwrap();
        assert_eq!(drawn(&picture), ["RGB", "BRG"]);
    }

    #[test]
    fn contiguous_colours_may_end_early() {
        let mut picture = Picture::new(3, 2);
        picture
            .fill_contiguous(&area(0, 0, 3, 2), colours("RGBW"))
            .unwrap();
        assert_eq!(drawn(&picture), ["RGB", "W.."]);
    }

    #[test]
    fn shapes_of_embedded_graphics_are_drawn() {
        let mut picture = Picture::new(4, 3);
        let ends = [(-1, -1), (9, 9)].map(|(x, y)| Point::new(x, y));
        Line::new(ends[0], ends[1])
            .into_styled(PrimitiveStyle::with_stroke(Rgb888::GREEN, 1))
            .draw(&mut picture)
            .unwrap();
        assert_eq!(drawn(&picture), ["G...", ".G..", "..G."]);
    }

    #[test]
    fn clear_paints_all() {
        let mut picture = Picture::new(2, 2);
        picture.clear(Rgb888::new(1, 2, 3)).unwrap();
        assert_eq!(picture.pixels, [0x010203; 4]);
    }

    proptest! {
        /// The fast paths paint what one pixel at a time paints.
        #[test]
        fn fast_fills_equal_single_pixels(
            (w, h) in (0u32..9, 0u32..9),
            (x, y, aw, ah) in (-12i32..12, -12i32..12, 0u32..14, 0u32..14),
            colours in proptest::collection::vec(any::<u32>(), 0..200),
        ) {
            let area = area(x, y, aw, ah);
            let colours = colours.iter().map(|&c| Rgb888::new((c >> 16) as u8, (c >> 8) as u8, c as u8));
            let (mut fast, mut slow) = (Picture::new(w, h), Picture::new(w, h));
            fast.fill_contiguous(&area, colours.clone()).unwrap();
            slow.draw_iter(area.points().zip(colours).map(|(p, c)| Pixel(p, c))).unwrap();
            prop_assert_eq!(&fast, &slow);

            fast.fill_solid(&area, Rgb888::RED).unwrap();
            slow.draw_iter(area.points().map(|p| Pixel(p, Rgb888::RED))).unwrap();
            prop_assert_eq!(fast, slow);
        }
    }
}
