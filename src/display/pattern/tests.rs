//! The test pattern on targets of any size.

use std::convert::Infallible;

use super::*;

/// A target that refuses pixels outside it.
struct StrictCanvas {
    size: Size,
    pixels: Vec<Option<Rgb888>>,
}

impl StrictCanvas {
    fn with_pattern(width: u32, height: u32, frame: u64) -> StrictCanvas {
        let pixels = vec![None; (width * height) as usize];
        let mut canvas = StrictCanvas {
            size: Size::new(width, height),
            pixels,
        };
        test_pattern(&mut canvas, frame, false).unwrap();
        canvas
    }

    fn at(&self, x: u32, y: u32) -> Rgb888 {
        self.pixels[(y * self.size.width + x) as usize].unwrap()
    }
}

impl OriginDimensions for StrictCanvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for StrictCanvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(Point { x, y }, colour) in pixels {
            // Text may reach over the edge of a small target.
            if self.bounding_box().contains(Point::new(x, y)) {
                self.pixels[y as usize * self.size.width as usize + x as usize] = Some(colour);
            }
        }
        Ok(())
    }
}

#[test]
fn every_pixel_is_drawn_at_any_size() {
    for (width, height) in [(1, 1), (2, 3), (7, 240), (128, 160), (240, 7), (321, 201)] {
        let canvas = StrictCanvas::with_pattern(width, height, 5);
        assert!(
            canvas.pixels.iter().all(Option::is_some),
            "{width}x{height}"
        );
        for x in 0..width {
            assert_eq!(
                (canvas.at(x, 0), canvas.at(x, height - 1)),
                (Rgb888::WHITE, Rgb888::WHITE)
            );
        }
        for y in 0..height {
            assert_eq!(
                (canvas.at(0, y), canvas.at(width - 1, y)),
                (Rgb888::WHITE, Rgb888::WHITE)
            );
        }
    }
    let mut nothing = StrictCanvas {
        size: Size::zero(),
        pixels: Vec::new(),
    };
    test_pattern(&mut nothing, 0, true).unwrap();
}

#[test]
fn the_corners_tell_the_orientation() {
    let canvas = StrictCanvas::with_pattern(640, 480, 0);
    let corners = [(3, 3), (636, 3), (636, 476), (3, 476)].map(|(x, y)| canvas.at(x, y));
    assert_eq!(
        corners,
        [Rgb888::RED, Rgb888::GREEN, Rgb888::BLUE, Rgb888::WHITE]
    );
}

#[test]
fn the_sides_of_a_round_display_tell_the_orientation() {
    let mut canvas = StrictCanvas::with_pattern(240, 240, 0);
    test_pattern(&mut canvas, 0, true).unwrap();
    let sides = [(120, 8), (231, 120), (120, 231), (8, 120)].map(|(x, y)| canvas.at(x, y));
    assert_eq!(
        sides,
        [Rgb888::RED, Rgb888::GREEN, Rgb888::BLUE, Rgb888::WHITE]
    );
    for (width, height) in [(1, 1), (2, 3), (7, 240), (240, 7)] {
        let mut small = StrictCanvas::with_pattern(width, height, 0);
        test_pattern(&mut small, 3, true).unwrap();
    }
}

#[test]
fn the_bars_are_in_order() {
    let canvas = StrictCanvas::with_pattern(640, 480, 0);
    let bars: [Rgb888; 8] = std::array::from_fn(|i| canvas.at(40 + 80 * i as u32, 120));
    assert_eq!(bars, BARS);
}

#[test]
fn the_bar_moves_and_comes_round() {
    let bar = |frame| {
        let canvas = StrictCanvas::with_pattern(320, 240, frame);
        (0..320).position(|x| canvas.at(x, 160) == Rgb888::CSS_DARK_ORANGE)
    };
    assert_eq!((bar(10), bar(11)), (Some(40), Some(44)));
    assert_eq!(bar(80 + 10), Some(40));
    assert!(
        StrictCanvas::with_pattern(320, 240, u64::MAX)
            .pixels
            .iter()
            .all(Option::is_some)
    );
}
