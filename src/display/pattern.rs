//! The test pattern: shows at a glance whether a display is complete, upright, in the right
//! colours and moving.

use std::fmt::Write;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::{FONT_6X10, FONT_10X20};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Circle, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyle, TextStyleBuilder};

/// The bars of the upper half from left to right, by falling brightness.
const BARS: [Rgb888; 8] = [
    Rgb888::WHITE,
    Rgb888::YELLOW,
    Rgb888::CYAN,
    Rgb888::GREEN,
    Rgb888::MAGENTA,
    Rgb888::RED,
    Rgb888::BLUE,
    Rgb888::BLACK,
];

/// Pixels from one grid line to the next.
const GRID: u32 = 32;

/// Steps of the grey ramp, black to white.
const GREYS: u32 = 16;

/// Draws picture number `frame` of the test pattern over all of `target`, whose corners show nothing
/// where it is `round`.
///
/// It shows eight colour bars, a grey ramp, a grid of 32-pixel squares, the size in pixels, a bar
/// that moves 4 pixels a frame, the names of the four corners beside markers in them (red, green,
/// blue and white, clockwise from the top left), and a white border of one pixel: where a side of
/// it is missing, the display cuts the picture off. On a round display the names and markers are
/// those of its four sides (clockwise from the top), and the border is a circle, too.
///
/// # Errors
/// Those of the target.
pub(crate) fn test_pattern<D>(target: &mut D, frame: u64, round: bool) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let area = target.bounding_box();
    let Size { width, height } = area.size;
    if width == 0 || height == 0 {
        return Ok(());
    }
    let bars_bottom = height / 2;
    let ramp_bottom = bars_bottom + height / 8;
    columns(target, area, (0, bars_bottom), &BARS)?;
    let greys: [Rgb888; GREYS as usize] = std::array::from_fn(|i| {
        let grey = (i as u32 * 255 / (GREYS - 1)) as u8;
        Rgb888::new(grey, grey, grey)
    });
    columns(target, area, (bars_bottom, ramp_bottom), &greys)?;
    grid(target, area, ramp_bottom)?;

    let bar = (width / 16).max(1);
    let left = (frame.wrapping_mul(4) % u64::from(width)) as u32;
    let (top, tall) = (ramp_bottom, (height / 8).max(1));
    fill(
        target,
        area,
        left,
        top,
        bar.min(width - left),
        tall,
        Rgb888::CSS_DARK_ORANGE,
    )?;

    caption(target, area, frame, round)?;
    match round {
        true => sides(target, area)?,
        false => corners(target, area)?,
    }
    area.into_styled(PrimitiveStyle::with_stroke(Rgb888::WHITE, 1))
        .draw(target)
}

/// A rectangle whose position is counted from the top left of `area`.
fn fill<D>(
    target: &mut D,
    area: Rectangle,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    colour: Rgb888,
) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let corner = area.top_left + Size::new(x, y);
    target.fill_solid(&Rectangle::new(corner, Size::new(width, height)), colour)
}

/// Columns of equal width, from row `top` to row `bottom`.
fn columns<D>(
    target: &mut D,
    area: Rectangle,
    (top, bottom): (u32, u32),
    colours: &[Rgb888],
) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let edge = |i: usize| (i as u64 * u64::from(area.size.width) / colours.len() as u64) as u32;
    for (i, &colour) in colours.iter().enumerate() {
        let (left, right) = (edge(i), edge(i + 1));
        fill(target, area, left, top, right - left, bottom - top, colour)?;
    }
    Ok(())
}

/// The grid on dark blue, below row `top`.
fn grid<D>(target: &mut D, area: Rectangle, top: u32) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let Size { width, height } = area.size;
    fill(
        target,
        area,
        0,
        top,
        width,
        height - top,
        Rgb888::CSS_MIDNIGHT_BLUE,
    )?;
    for x in (0..width).step_by(GRID as usize) {
        fill(
            target,
            area,
            x,
            top,
            1,
            height - top,
            Rgb888::CSS_SLATE_GRAY,
        )?;
    }
    for y in (top.next_multiple_of(GRID)..height).step_by(GRID as usize) {
        fill(target, area, 0, y, width, 1, Rgb888::CSS_SLATE_GRAY)?;
    }
    Ok(())
}

/// The size and the number of the frame, in the middle of the lower half; higher where the name of the
/// bottom stands below.
fn caption<D>(target: &mut D, area: Rectangle, frame: u64, round: bool) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let Size { width, height } = area.size;
    let mut text = Line::default();
    // A line that is too long is cut: there is no other error.
    let _ = write!(text, "{width}x{height} frame {frame}");
    let font = if width >= 320 {
        &FONT_10X20
    } else {
        &FONT_6X10
    };
    let mut style = MonoTextStyle::new(font, Rgb888::WHITE);
    style.background_color = Some(Rgb888::BLACK);
    let below = height / if round { 4 } else { 6 };
    let middle = area.top_left + Size::new(width / 2, height - below);
    let centred = TextStyleBuilder::new()
        .alignment(Alignment::Center)
        .baseline(Baseline::Middle)
        .build();
    Text::with_text_style(text.as_str(), middle, style, centred).draw(target)?;
    Ok(())
}

/// A square and a name in the middle of each side, and a circle through all of them.
fn sides<D>(target: &mut D, area: Rectangle) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let Size { width, height } = area.size;
    let side = (width.min(height) / 12).max(2).min(width).min(height);
    let mut style = MonoTextStyle::new(&FONT_10X20, Rgb888::WHITE);
    style.background_color = Some(Rgb888::BLACK);
    let (middle_x, middle_y) = ((width - side) / 2, (height - side) / 2);
    let (right, bottom) = (width - side, height - side);
    for (name, colour, (x, y), text, alignment, baseline) in [
        (
            "TOP",
            Rgb888::RED,
            (middle_x, 0),
            (width / 2, side),
            Alignment::Center,
            Baseline::Top,
        ),
        (
            "RIGHT",
            Rgb888::GREEN,
            (right, middle_y),
            (right, height / 2),
            Alignment::Right,
            Baseline::Middle,
        ),
        (
            "BOTTOM",
            Rgb888::BLUE,
            (middle_x, bottom),
            (width / 2, bottom),
            Alignment::Center,
            Baseline::Bottom,
        ),
        (
            "LEFT",
            Rgb888::WHITE,
            (0, middle_y),
            (side, height / 2),
            Alignment::Left,
            Baseline::Middle,
        ),
    ] {
        fill(target, area, x, y, side, side, colour)?;
        let place = TextStyleBuilder::new()
            .alignment(alignment)
            .baseline(baseline)
            .build();
        let at = area.top_left + Size::new(text.0, text.1);
        Text::with_text_style(name, at, style, place).draw(target)?;
    }
    let diameter = width.min(height);
    let corner = area.top_left + Size::new((width - diameter) / 2, (height - diameter) / 2);
    let line = PrimitiveStyle::with_stroke(Rgb888::WHITE, 1);
    Circle::new(corner, diameter).into_styled(line).draw(target)
}

/// A square and a name in each corner.
fn corners<D>(target: &mut D, area: Rectangle) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let Size { width, height } = area.size;
    let side = (width.min(height) / 12).max(2).min(width).min(height);
    let font = if width >= 320 {
        &FONT_10X20
    } else {
        &FONT_6X10
    };
    let mut style = MonoTextStyle::new(font, Rgb888::WHITE);
    style.background_color = Some(Rgb888::BLACK);
    for (name, colour, right, below) in [
        ("TOP LEFT", Rgb888::RED, false, false),
        ("TOP RIGHT", Rgb888::GREEN, true, false),
        ("BOTTOM RIGHT", Rgb888::BLUE, true, true),
        ("BOTTOM LEFT", Rgb888::WHITE, false, true),
    ] {
        let x = if right { width - side } else { 0 };
        let y = if below { height - side } else { 0 };
        fill(target, area, x, y, side, side, colour)?;
        let text_x = if right { x } else { side };
        let text_y = if below { height - 1 } else { 1 };
        let style_of_text: TextStyle = TextStyleBuilder::new()
            .alignment(if right {
                Alignment::Right
            } else {
                Alignment::Left
            })
            .baseline(if below {
                Baseline::Bottom
            } else {
                Baseline::Top
            })
            .build();
        let at = area.top_left + Size::new(text_x, text_y);
        Text::with_text_style(name, at, style, style_of_text).draw(target)?;
    }
    Ok(())
}

/// A line of text on the stack, so that drawing allocates nothing.
struct Line {
    bytes: [u8; 64],
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Line {
            bytes: [0; 64],
            length: 0,
        }
    }
}

impl Line {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self
            .bytes
            .get_mut(self.length..self.length + text.len())
            .ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// A target that refuses pixels outside it.
    struct Canvas {
        size: Size,
        pixels: Vec<Option<Rgb888>>,
    }

    impl Canvas {
        fn with_pattern(width: u32, height: u32, frame: u64) -> Canvas {
            let pixels = vec![None; (width * height) as usize];
            let mut canvas = Canvas {
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

    impl OriginDimensions for Canvas {
        fn size(&self) -> Size {
            self.size
        }
    }

    impl DrawTarget for Canvas {
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
            let canvas = Canvas::with_pattern(width, height, 5);
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
        let mut nothing = Canvas {
            size: Size::zero(),
            pixels: Vec::new(),
        };
        test_pattern(&mut nothing, 0, true).unwrap();
    }

    #[test]
    fn the_corners_tell_the_orientation() {
        let canvas = Canvas::with_pattern(640, 480, 0);
        let corners = [(3, 3), (636, 3), (636, 476), (3, 476)].map(|(x, y)| canvas.at(x, y));
        assert_eq!(
            corners,
            [Rgb888::RED, Rgb888::GREEN, Rgb888::BLUE, Rgb888::WHITE]
        );
    }

    #[test]
    fn the_sides_of_a_round_display_tell_the_orientation() {
        let mut canvas = Canvas::with_pattern(240, 240, 0);
        test_pattern(&mut canvas, 0, true).unwrap();
        let sides = [(120, 8), (231, 120), (120, 231), (8, 120)].map(|(x, y)| canvas.at(x, y));
        assert_eq!(
            sides,
            [Rgb888::RED, Rgb888::GREEN, Rgb888::BLUE, Rgb888::WHITE]
        );
        for (width, height) in [(1, 1), (2, 3), (7, 240), (240, 7)] {
            let mut small = Canvas::with_pattern(width, height, 0);
            test_pattern(&mut small, 3, true).unwrap();
        }
    }

    #[test]
    fn the_bars_are_in_order() {
        let canvas = Canvas::with_pattern(640, 480, 0);
        let bars: [Rgb888; 8] = std::array::from_fn(|i| canvas.at(40 + 80 * i as u32, 120));
        assert_eq!(bars, BARS);
    }

    #[test]
    fn the_bar_moves_and_comes_round() {
        let bar = |frame| {
            let canvas = Canvas::with_pattern(320, 240, frame);
            (0..320).position(|x| canvas.at(x, 160) == Rgb888::CSS_DARK_ORANGE)
        };
        assert_eq!((bar(10), bar(11)), (Some(40), Some(44)));
        assert_eq!(bar(80 + 10), Some(40));
        assert!(
            Canvas::with_pattern(320, 240, u64::MAX)
                .pixels
                .iter()
                .all(Option::is_some)
        );
    }
}
