//! The latency histogram as a picture.

use embedded_graphics::mono_font::iso_8859_1::FONT_9X15;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use super::figures::Figures;
use super::histogram::Histogram;
use crate::picture::Picture;

const WIDTH: u32 = 960;
/// Height of the panel of one case.
const PANEL: u32 = 260;
/// The bars' area within the panel, and the number of bars.
const LEFT: i32 = 30;
const TOP: i32 = 60;
const BARS: usize = 150;
const BAR: u32 = 6;
const BARS_HEIGHT: u32 = 150;

const FONT: MonoFont<'static> = FONT_9X15;
const PAPER: Rgb888 = Rgb888::WHITE;
const INK: Rgb888 = Rgb888::new(40, 40, 40);
const BAR_COLOUR: Rgb888 = Rgb888::new(70, 120, 180);
const MARK: Rgb888 = Rgb888::new(190, 60, 40);

/// Draws a panel for each case, given as its title and its times in nanoseconds, one above the
/// other: bars from the shortest time to the 99.9th percentile, with marks at the 50th, 90th and
/// 99th.
pub fn draw(cases: &[(String, &[u64])]) -> Picture {
    let mut picture = Picture::new(WIDTH, PANEL * cases.len().max(1) as u32);
    picture.pixels.fill(PAPER.into_storage());
    for (index, (title, times)) in cases.iter().enumerate() {
        panel(&mut picture, PANEL as i32 * index as i32, title, times);
    }
    picture
}

fn panel(picture: &mut Picture, y: i32, title: &str, times: &[u64]) {
    write(picture, (LEFT, y + 10), Alignment::Left, title, INK);
    let (Some(histogram), Some(figures)) = (Histogram::of(times, BARS), Figures::of(times)) else {
        return write(
            picture,
            (LEFT, y + TOP),
            Alignment::Left,
            "nothing was measured",
            INK,
        );
    };
    let bottom = y + TOP + BARS_HEIGHT as i32;
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
    let (from, span) = (
        histogram.from as f64,
        (histogram.width * BARS as u64) as f64,
    );
    let column = |nanoseconds: f64| {
        LEFT + ((nanoseconds - from) / span * f64::from(BAR) * BARS as f64) as i32
    };
    for (row, (name, seconds)) in [
        ("p50", figures.median),
        ("p90", figures.p90),
        ("p99", figures.p99),
    ]
    .into_iter()
    .enumerate()
    {
        let x = column(seconds * 1e9);
        let top = y + 28 + 12 * row as i32;
        let height = (bottom - top) as u32;
        rectangle(picture, (x, top), Size::new(1, height), MARK);
        let text = format!("{name} {:.3}", seconds * 1e3);
        let room = 9 * text.len() as i32;
        let (at, side) = match x + room + 8 < WIDTH as i32 {
            true => (x + 4, Alignment::Left),
            false => (x - 4, Alignment::Right),
        };
        write(picture, (at, top), side, &text, MARK);
    }
    for tenth in [0, 25, 50, 75, 100] {
        let nanoseconds = from + span * f64::from(tenth) / 100.0;
        let x = LEFT + (BAR as i32) * (BARS as i32) * tenth / 100;
        rectangle(picture, (x, bottom), Size::new(1, 6), INK);
        let side = match tenth {
            0 => Alignment::Left,
            100 => Alignment::Right,
            _ => Alignment::Center,
        };
        let text = format!("{:.3} ms", nanoseconds / 1e6);
        write(picture, (x, bottom + 8), side, &text, INK);
    }
    if histogram.above > 0 {
        let text = format!(
            "{} of {} are longer, the longest {:.3} ms",
            histogram.above,
            figures.runs,
            figures.max * 1e3
        );
        let right = LEFT + (BAR as i32) * BARS as i32;
        write(picture, (right, bottom + 26), Alignment::Right, &text, INK);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of bar colour in the column of the middle of bar `index`.
    fn height(picture: &Picture, index: u32) -> usize {
        let x = LEFT as u32 + BAR * index + 2;
        (0..picture.height)
            .filter(|&y| picture.row(y)[x as usize] == BAR_COLOUR.into_storage())
            .count()
    }

    #[test]
    fn bars_are_as_high_as_their_counts_and_percentiles_are_marked() {
        // Times of 1.000 to 1.149 ms, a bar for each microsecond, the 31st twice as often.
        let mut times: Vec<u64> = (0..150).map(|i| 1_000_000 + i * 1000).collect();
        times.push(1_030_000);
        let picture = draw(&[("face8x".into(), &times)]);
        assert_eq!((picture.width, picture.height), (WIDTH, PANEL));
        assert_eq!(height(&picture, 30), BARS_HEIGHT as usize);
        assert_eq!(height(&picture, 50), BARS_HEIGHT as usize / 2);
        let marks = |x: usize| {
            (0..PANEL)
                .filter(|&y| picture.row(y)[x] == MARK.into_storage())
                .count()
        };
        let marked: Vec<usize> = (0..WIDTH as usize).filter(|&x| marks(x) > 120).collect();
        assert_eq!(marked.len(), 3, "{marked:?}");
        let middle = LEFT as usize + BAR as usize * 74;
        assert!(marked[0].abs_diff(middle) <= BAR as usize, "{marked:?}");
    }

    #[test]
    fn a_case_without_times_and_no_case_are_drawn_too() {
        assert_eq!(draw(&[]).height, PANEL);
        let nothing: (String, &[u64]) = ("a".into(), &[]);
        let one: (String, &[u64]) = ("b".into(), &[5]);
        assert_eq!(draw(&[nothing, one]).height, 2 * PANEL);
    }
}
