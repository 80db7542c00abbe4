//! The test pattern: shows at a glance whether a display is complete, upright, in the right
//! colours and moving.

use std::fmt::Write;

use embedded_graphics::mono_font::ascii::{FONT_6X10, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
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
    let below = height / if round { 4 } else { 6 };
    let middle = area.top_left + Size::new(width / 2, height - below);
    let centred = placed(Alignment::Center, Baseline::Middle);
    let style = white_on_black(font_for(width));
    Text::with_text_style(text.as_str(), middle, style, centred).draw(target)?;
    Ok(())
}

fn font_for(width: u32) -> &'static MonoFont<'static> {
    if width >= 320 {
        &FONT_10X20
    } else {
        &FONT_6X10
    }
}

fn white_on_black(font: &'static MonoFont<'static>) -> MonoTextStyle<'static, Rgb888> {
    let mut style = MonoTextStyle::new(font, Rgb888::WHITE);
    style.background_color = Some(Rgb888::BLACK);
    style
}

fn placed(alignment: Alignment, baseline: Baseline) -> TextStyle {
    TextStyleBuilder::new()
        .alignment(alignment)
        .baseline(baseline)
        .build()
}

/// A square, and the name of its place beside it.
struct Marker {
    name: &'static str,
    colour: Rgb888,
    square: (u32, u32),
    text: (u32, u32),
    style: TextStyle,
}

/// Draws squares of this side with their names.
fn mark<D>(
    target: &mut D,
    area: Rectangle,
    side: u32,
    font: &'static MonoFont<'static>,
    markers: [Marker; 4],
) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    for marker in markers {
        let (x, y) = marker.square;
        fill(target, area, x, y, side, side, marker.colour)?;
        let at = area.top_left + Size::new(marker.text.0, marker.text.1);
        Text::with_text_style(marker.name, at, white_on_black(font), marker.style).draw(target)?;
    }
    Ok(())
}

fn marker_side(Size { width, height }: Size) -> u32 {
    (width.min(height) / 12).max(2).min(width).min(height)
}

/// A square and a name in the middle of each side, and a circle through all of them.
fn sides<D>(target: &mut D, area: Rectangle) -> Result<(), D::Error>
where
    D: DrawTarget<Color = Rgb888>,
{
    let Size { width, height } = area.size;
    let side = marker_side(area.size);
    let (middle_x, middle_y) = ((width - side) / 2, (height - side) / 2);
    let (right, bottom) = (width - side, height - side);
    let marker = |name, colour, square, text, alignment, baseline| Marker {
        name,
        colour,
        square,
        text,
        style: placed(alignment, baseline),
    };
    let (top_text, right_text) = ((width / 2, side), (right, height / 2));
    let (bottom_text, left_text) = ((width / 2, bottom), (side, height / 2));
    let (centre, middle) = (Alignment::Center, Baseline::Middle);
    let markers = [
        marker(
            "TOP",
            Rgb888::RED,
            (middle_x, 0),
            top_text,
            centre,
            Baseline::Top,
        ),
        marker(
            "RIGHT",
            Rgb888::GREEN,
            (right, middle_y),
            right_text,
            Alignment::Right,
            middle,
        ),
        marker(
            "BOTTOM",
            Rgb888::BLUE,
            (middle_x, bottom),
            bottom_text,
            centre,
            Baseline::Bottom,
        ),
        marker(
            "LEFT",
            Rgb888::WHITE,
            (0, middle_y),
            left_text,
            Alignment::Left,
            middle,
        ),
    ];
    mark(target, area, side, &FONT_10X20, markers)?;
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
    let side = marker_side(area.size);
    let marker = |name, colour, right: bool, below: bool| {
        let x = if right { width - side } else { 0 };
        let y = if below { height - side } else { 0 };
        let (text_x, alignment) = match right {
            true => (x, Alignment::Right),
            false => (side, Alignment::Left),
        };
        let (text_y, baseline) = match below {
            true => (height - 1, Baseline::Bottom),
            false => (1, Baseline::Top),
        };
        Marker {
            name,
            colour,
            square: (x, y),
            text: (text_x, text_y),
            style: placed(alignment, baseline),
        }
    };
    let markers = [
        marker("TOP LEFT", Rgb888::RED, false, false),
        marker("TOP RIGHT", Rgb888::GREEN, true, false),
        marker("BOTTOM RIGHT", Rgb888::BLUE, true, true),
        marker("BOTTOM LEFT", Rgb888::WHITE, false, true),
    ];
    mark(target, area, side, font_for(width), markers)
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
mod tests;
