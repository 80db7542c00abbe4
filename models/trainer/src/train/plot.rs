//! The course of a training as a picture.

use std::convert::Infallible;
use std::path::Path;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_6X10;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Line, Polyline, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Text, TextStyleBuilder};
use face8x_core::Result;
use image::{Rgb, RgbImage};

use super::figures::{self, NAMES};
use crate::sheet;

/// Size of one panel and of the space around its axes, in pixels.
const PANEL: Size = Size::new(480, 240);
const LEFT: i32 = 70;
const RIGHT: i32 = 24;
const TOP: i32 = 22;
const BOTTOM: i32 = 26;
/// Lines across a panel.
const TICKS: i32 = 5;

const INK: Rgb888 = Rgb888::new(40, 40, 40);
const GRID: Rgb888 = Rgb888::new(220, 220, 220);
const COLOURS: [Rgb888; 3] = [
    Rgb888::new(200, 60, 20),
    Rgb888::new(30, 90, 200),
    Rgb888::new(20, 140, 60),
];

/// The panels: a title and the columns in it; two in a row.
const PANELS: [(&str, &[&str]); 4] = [
    ("loss", &["loss"]),
    ("PSNR, dB", &["psnr", "damaged_psnr", "psnr_features"]),
    ("SSIM", &["ssim", "damaged_ssim", "ssim_features"]),
    ("learning rate", &["learning_rate"]),
];

struct Canvas(RgbImage);

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> std::result::Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else {
                continue;
            };
            if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

/// Draws the columns of a `metrics.csv` over the epochs, as PNG.
///
/// # Errors
/// The metrics cannot be read, or the picture cannot be written.
pub fn draw(path: &Path, metrics: &Path) -> Result<()> {
    let rows = figures::read(metrics)?;
    let (w, h) = (
        2 * PANEL.width,
        PANELS.len().div_ceil(2) as u32 * PANEL.height,
    );
    let mut canvas = Canvas(RgbImage::from_pixel(w, h, Rgb([255; 3])));
    for (k, (title, names)) in (0..).zip(PANELS) {
        let corner = Point::new(k % 2 * PANEL.width as i32, k / 2 * PANEL.height as i32);
        // Drawing into memory cannot fail.
        let Ok(()) = panel(&mut canvas, corner, title, names, &rows);
    }
    sheet::write_png(path, &canvas.0)
}

/// Epochs and values of a column, where there are any.
fn series(name: &str, rows: &[[f64; NAMES.len()]]) -> Vec<(f64, f64)> {
    let place = |name: &str| NAMES.iter().position(|n| *n == name).unwrap_or(0);
    let (epoch, column) = (place("epoch"), place(name));
    let points = rows.iter().map(|row| (row[epoch], row[column]));
    points.filter(|(_, value)| value.is_finite()).collect()
}

/// The smallest and the largest of some numbers, never the same.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = values.fold(ends, |(low, high), v| (low.min(v), high.max(v)));
    match low < high {
        true => (low, high),
        false if low.is_finite() => (low - 0.5 * low.abs() - 1e-9, low + 0.5 * low.abs() + 1e-9),
        false => (0.0, 1.0),
    }
}

fn panel(
    canvas: &mut Canvas,
    corner: Point,
    title: &str,
    names: &[&str],
    rows: &[[f64; NAMES.len()]],
) -> std::result::Result<(), Infallible> {
    let lines: Vec<_> = names.iter().map(|name| series(name, rows)).collect();
    let all = || lines.iter().flatten();
    let last = all().map(|p| p.0).fold(0.0, f64::max).max(1e-6);
    let (low, high) = range(all().map(|p| p.1));
    let origin = corner + Point::new(LEFT, TOP);
    let (w, h) = (
        PANEL.width as i32 - LEFT - RIGHT,
        PANEL.height as i32 - TOP - BOTTOM,
    );
    let across = |epoch: f64| origin.x + (epoch / last * f64::from(w)).round() as i32;
    let up = |v: f64| origin.y + ((high - v) / (high - low) * f64::from(h)).round() as i32;
    let font = |colour| MonoTextStyle::new(&FONT_6X10, colour);
    let aligned = |alignment| TextStyleBuilder::new().alignment(alignment).build();
    for k in 0..=TICKS {
        let share = f64::from(k) / f64::from(TICKS);
        let (v, epoch) = (low + share * (high - low), share * last);
        let (y, x) = (up(v), across(epoch));
        let ends = (Point::new(origin.x, y), Point::new(origin.x + w, y));
        Line::new(ends.0, ends.1)
            .into_styled(PrimitiveStyle::with_stroke(GRID, 1))
            .draw(canvas)?;
        let label = number(v, high - low);
        let at = Point::new(origin.x - 4, y + 3);
        Text::with_text_style(&label, at, font(INK), aligned(Alignment::Right)).draw(canvas)?;
        let label = number(epoch, last);
        let at = Point::new(x, origin.y + h + 12);
        Text::with_text_style(&label, at, font(INK), aligned(Alignment::Center)).draw(canvas)?;
    }
    Rectangle::new(origin, Size::new(w as u32 + 1, h as u32 + 1))
        .into_styled(PrimitiveStyle::with_stroke(INK, 1))
        .draw(canvas)?;
    let head = Point::new(origin.x, corner.y + 14);
    let mut next = Text::new(&format!("{title}, by epoch   "), head, font(INK)).draw(canvas)?;
    for ((name, points), &colour) in names.iter().zip(&lines).zip(&COLOURS) {
        if points.is_empty() {
            continue;
        }
        next = Text::new(&format!("{name}  "), next, font(colour)).draw(canvas)?;
        let places: Vec<Point> = points
            .iter()
            .map(|p| Point::new(across(p.0), up(p.1)))
            .collect();
        Polyline::new(&places)
            .into_styled(PrimitiveStyle::with_stroke(colour, 2))
            .draw(canvas)?;
    }
    Ok(())
}

/// A number with as many digits as its axis needs.
fn number(v: f64, span: f64) -> String {
    match span {
        span if span >= 20.0 => format!("{v:.0}"),
        span if span >= 0.5 => format!("{v:.1}"),
        span if span >= 0.005 => format!("{v:.3}"),
        _ => format!("{v:.1e}"),
    }
}
