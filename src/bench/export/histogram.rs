//! Latency histograms as a PNG file.
//!
//! They are drawn with embedded-graphics, which the program has anyway. plotters would need a TrueType
//! font inside the program and a rasteriser for its labels, for this one chart.

use std::io::Cursor;

use embedded_graphics::mono_font::iso_8859_1::FONT_9X15;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::Exporter;
use crate::bench::histogram::TimeHistogram;
use crate::bench::report::BenchReport;
use crate::bench::time_stats::TimeStats;
use crate::bench::worker::END_TO_END;
use crate::picture::Picture;
use face8x_core::{Error, Result};

pub(crate) struct HistogramExporter;

impl Exporter for HistogramExporter {
    fn export(&self, report: &BenchReport) -> Result<Vec<u8>> {
        let cases = report.cases.iter().map(|case| {
            let mark = if case.complete { "" } else { ", incomplete" };
            (
                format!("{}: {END_TO_END}{mark}", case.name()),
                case.latencies.as_slice(),
            )
        });
        let picture = draw(&cases.collect::<Vec<_>>());
        let (width, height) = (picture.width, picture.height);
        let mut pixels = Vec::new();
        picture.write_rgb(&mut pixels);
        let mut bytes = Cursor::new(Vec::new());
        PngEncoder::new(&mut bytes)
            .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
            .map_err(|error| Error::other("cannot encode the histogram").caused_by(error))?;
        Ok(bytes.into_inner())
    }
}

pub(super) const WIDTH: u32 = 960;
/// Height of the panel of one case.
pub(super) const PANEL: u32 = 260;
/// The bars' area within the panel, and the number of bars.
pub(super) const LEFT: i32 = 30;
const TOP: i32 = 60;
const BARS: usize = 150;
pub(super) const BAR: u32 = 6;
pub(super) const BARS_HEIGHT: u32 = 150;
const RIGHT: i32 = LEFT + (BAR * BARS as u32) as i32;

const FONT: MonoFont<'static> = FONT_9X15;
const PAPER: Rgb888 = Rgb888::WHITE;
const INK: Rgb888 = Rgb888::new(40, 40, 40);
pub(super) const BAR_COLOUR: Rgb888 = Rgb888::new(70, 120, 180);
pub(super) const MARK: Rgb888 = Rgb888::new(190, 60, 40);

/// Draws a panel for each case, given as its title and its times in nanoseconds, one above the
/// other: bars from the shortest time to the 99.9th percentile, with marks at the 50th, 90th and
/// 99th.
pub(super) fn draw(cases: &[(String, &[u64])]) -> Picture {
    let mut picture = Picture::new(WIDTH, PANEL * cases.len().max(1) as u32);
    picture.pixels.fill(PAPER.into_storage());
    for (index, (title, times)) in cases.iter().enumerate() {
        panel(&mut picture, PANEL as i32 * index as i32, title, times);
    }
    picture
}

fn panel(picture: &mut Picture, y: i32, title: &str, times: &[u64]) {
    write(picture, (LEFT, y + 10), Alignment::Left, title, INK);
    let (Some(histogram), Some(stats)) = (TimeHistogram::new(times, BARS), TimeStats::new(times))
    else {
        let text = "no frame was measured";
        return write(picture, (LEFT, y + TOP), Alignment::Left, text, INK);
    };
    let bottom = y + TOP + BARS_HEIGHT as i32;
    bars(picture, bottom, &histogram);
    percentiles(picture, y, &histogram, &stats);
    axis(picture, bottom, &histogram);
    if histogram.above > 0 {
        let (above, runs, max) = (histogram.above, stats.runs, stats.max * 1e3);
        let text = format!("{above} of {runs} are longer, the longest {max:.3} ms");
        write(picture, (RIGHT, bottom + 26), Alignment::Right, &text, INK);
    }
}

fn bars(picture: &mut Picture, bottom: i32, histogram: &TimeHistogram) {
    let most = histogram.counts.iter().max().copied().unwrap_or(0).max(1);
    for (index, &count) in histogram.counts.iter().enumerate() {
        let height = (count * BARS_HEIGHT as usize).div_ceil(most) as u32;
        let at = (LEFT + (BAR as i32) * index as i32, bottom - height as i32);
        rectangle(picture, at, Size::new(BAR - 1, height), BAR_COLOUR);
    }
    rectangle(
        picture,
        (LEFT, bottom),
        Size::new(BAR * BARS as u32, 1),
        INK,
    );
}

/// A line for each percentile, with its time beside it.
fn percentiles(picture: &mut Picture, y: i32, histogram: &TimeHistogram, stats: &TimeStats) {
    let bottom = y + TOP + BARS_HEIGHT as i32;
    let names = [
        ("p50", stats.median),
        ("p90", stats.p90),
        ("p99", stats.p99),
    ];
    for (row, (name, seconds)) in names.into_iter().enumerate() {
        let bar = (seconds * 1e9 - histogram.from as f64) / histogram.width as f64;
        let x = LEFT + (bar * f64::from(BAR)) as i32;
        let top = y + 28 + 12 * row as i32;
        rectangle(picture, (x, top), Size::new(1, (bottom - top) as u32), MARK);
        let text = format!("{name} {:.3}", seconds * 1e3);
        let text_width = FONT.character_size.width as i32 * text.len() as i32;
        let (at, side) = match x + text_width + 8 < WIDTH as i32 {
            true => (x + 4, Alignment::Left),
            false => (x - 4, Alignment::Right),
        };
        write(picture, (at, top), side, &text, MARK);
    }
}

fn axis(picture: &mut Picture, bottom: i32, histogram: &TimeHistogram) {
    for percent in [0, 25, 50, 75, 100] {
        let x = LEFT + (RIGHT - LEFT) * percent / 100;
        rectangle(picture, (x, bottom), Size::new(1, 6), INK);
        let side = match percent {
            0 => Alignment::Left,
            100 => Alignment::Right,
            _ => Alignment::Center,
        };
        let bars = BARS as f64 * f64::from(percent) / 100.0;
        let nanoseconds = histogram.from as f64 + bars * histogram.width as f64;
        let text = format!("{:.3} ms", nanoseconds / 1e6);
        write(picture, (x, bottom + 8), side, &text, INK);
    }
}

fn rectangle(picture: &mut Picture, (x, y): (i32, i32), size: Size, colour: Rgb888) {
    // Drawing on a Picture cannot fail.
    let _ = picture.fill_solid(&Rectangle::new(Point::new(x, y), size), colour);
}

fn write(picture: &mut Picture, (x, y): (i32, i32), side: Alignment, text: &str, colour: Rgb888) {
    let style = MonoTextStyle::new(&FONT, colour);
    let place = TextStyleBuilder::new()
        .alignment(side)
        .baseline(Baseline::Top)
        .build();
    let _ = Text::with_text_style(text, Point::new(x, y), style, place).draw(picture);
}
