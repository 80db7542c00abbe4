//! Choosing a camera's format, size and rate from what it offers.

use std::cmp::Reverse;

use super::SourceOptions;
use face8x_core::frame::PixelFormat;

/// Seconds from frame to frame as V4L2 gives them: `numerator / denominator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    pub numerator: u32,
    pub denominator: u32,
}

impl Interval {
    /// `fps` frames a second.
    pub(crate) const fn of_fps(fps: u32) -> Self {
        Interval {
            numerator: 1,
            denominator: fps,
        }
    }

    /// Frames a second; 0 where the interval makes no sense.
    pub(crate) fn fps(self) -> f64 {
        if self.numerator == 0 {
            return 0.0;
        }
        f64::from(self.denominator) / f64::from(self.numerator)
    }
}

/// Sizes that a format comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameSizes {
    /// One width and height.
    One(u32, u32),
    /// From `min` to `max` in steps of `step` (width, height).
    Range {
        min: (u32, u32),
        max: (u32, u32),
        step: (u32, u32),
    },
    /// The driver does not say; any size may be asked for.
    Unknown,
}

/// Rates that a size comes at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rates {
    /// These.
    List(Vec<Interval>),
    /// Anything between a shortest and a longest interval.
    Range {
        shortest: Interval,
        longest: Interval,
    },
    /// The driver does not say; any rate may be asked for.
    Unknown,
}

/// One thing that a camera offers: a format at one size or range of sizes, with its rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub format: PixelFormat,
    pub sizes: FrameSizes,
    pub rates: Rates,
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.format)?;
        match self.sizes {
            FrameSizes::One(w, h) => write!(f, " {w}x{h}")?,
            FrameSizes::Range { min, max, .. } => {
                write!(f, " {}x{} to {}x{}", min.0, min.1, max.0, max.1)?;
            }
            FrameSizes::Unknown => {}
        }
        match &self.rates {
            Rates::List(list) => {
                let rates: Vec<_> = list.iter().map(|i| Fps(i.fps()).to_string()).collect();
                write!(f, " at {} fps", rates.join(", "))
            }
            Rates::Range { shortest, longest } => {
                write!(
                    f,
                    " at {} to {} fps",
                    Fps(longest.fps()),
                    Fps(shortest.fps())
                )
            }
            Rates::Unknown => Ok(()),
        }
    }
}

/// Frames a second for people: two decimals where they say something.
pub(super) struct Fps(pub f64);

impl std::fmt::Display for Fps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.2}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// What to ask the driver for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub format: PixelFormat,
    pub width: u32,
    pub height: u32,
    /// `None` where nothing is known and nothing was asked.
    pub interval: Option<Interval>,
}

/// A rate counts as reached from 99 % of it: cameras that say 29.97 mean 30.
const REACHED: f64 = 0.99;

/// The best of `offers` for what is `wanted`; `None` where nothing is offered in the format that
/// the user insists on.
///
/// The nearest size comes first (a face has the more pixels, but the work grows with the frame),
/// then a format that reaches the rate, the cheapest of those to convert; where none reaches it,
/// the fastest. A rate of 0 asks for the fastest there is.
pub(crate) fn choose(offers: &[Offer], wanted: &SourceOptions) -> Option<Choice> {
    offers
        .iter()
        .filter(|offer| wanted.format.is_none_or(|format| format == offer.format))
        .map(|offer| {
            let (width, height) = offer.sizes.nearest(wanted.width, wanted.height);
            let interval = offer.rates.nearest(wanted.fps);
            Choice {
                format: offer.format,
                width,
                height,
                interval,
            }
        })
        .min_by_key(|choice| {
            let fps = choice.interval.map_or(f64::from(wanted.fps), Interval::fps);
            let reached = wanted.fps > 0 && fps >= f64::from(wanted.fps) * REACHED;
            // Beyond the rate asked for, faster is no better.
            let hundredths = if reached {
                u64::MAX
            } else {
                (fps * 100.0) as u64
            };
            (
                distance(choice, wanted),
                Reverse(hundredths),
                cost(choice.format),
            )
        })
}

fn distance(choice: &Choice, wanted: &SourceOptions) -> u64 {
    let dx = u64::from(choice.width.abs_diff(wanted.width));
    let dy = u64::from(choice.height.abs_diff(wanted.height));
    dx.saturating_mul(dx).saturating_add(dy.saturating_mul(dy))
}

/// The order of preference among formats that reach the rate: uncompressed before MJPEG, and
/// grey last, because a colour camera's grey format would lose the colour.
fn cost(format: PixelFormat) -> usize {
    match format {
        PixelFormat::Grey => PixelFormat::ALL.len(),
        _ => PixelFormat::ALL
            .iter()
            .position(|f| *f == format)
            .unwrap_or(PixelFormat::ALL.len()),
    }
}

impl FrameSizes {
    /// The size on offer that is nearest to `width` x `height`.
    pub(crate) fn nearest(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            FrameSizes::One(w, h) => (w, h),
            FrameSizes::Range { min, max, step } => (
                nearest_step(width, min.0, max.0, step.0),
                nearest_step(height, min.1, max.1, step.1),
            ),
            FrameSizes::Unknown => (width, height),
        }
    }
}

/// The value min + k step nearest to `value` and not above `max`; a step of 0 counts as 1.
fn nearest_step(value: u32, min: u32, max: u32, step: u32) -> u32 {
    let (max, step) = (max.max(min), step.max(1));
    let offset = value.clamp(min, max) - min;
    let steps = (u64::from(offset) + u64::from(step) / 2) / u64::from(step);
    let most = (max - min) / step;
    min + (steps.min(u64::from(most)) as u32) * step
}

impl Rates {
    /// The slowest rate on offer that reaches `fps`, else the fastest; 0 asks for the fastest.
    fn nearest(&self, fps: u32) -> Option<Interval> {
        match self {
            Rates::List(list) => {
                let usable = || list.iter().copied().filter(|i| i.fps() > 0.0);
                let by_fps = |a: &Interval, b: &Interval| a.fps().total_cmp(&b.fps());
                usable()
                    .filter(|i| fps > 0 && i.fps() >= f64::from(fps) * REACHED)
                    .min_by(by_fps)
                    .or_else(|| usable().max_by(by_fps))
            }
            Rates::Range { shortest, longest } => {
                let wanted = Interval::of_fps(fps);
                if fps == 0 || wanted.fps() > shortest.fps() {
                    Some(*shortest)
                } else if wanted.fps() < longest.fps() {
                    Some(*longest)
                } else {
                    Some(wanted)
                }
            }
            Rates::Unknown => (fps > 0).then_some(Interval::of_fps(fps)),
        }
    }
}

#[cfg(test)]
mod tests;
