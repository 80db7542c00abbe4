//! How large a window opens.

use crate::display::SinkOptions;
use crate::{Error, Result};

/// What is asked of a window when it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowShape {
    /// As large as suits the monitor.
    Fitting,
    /// All of the monitor, without a frame.
    Fullscreen,
    /// So many pixels (width, height).
    Size(u32, u32),
}

/// The longest side of a window that may be asked for.
const LONGEST: u32 = 8192;

/// The size where the monitor's is not known: it fits the smallest desktop.
const UNKNOWN: (u32, u32) = (960, 540);

/// Monitors of up to so many columns or rows are filled: they are those of boards.
const SMALL: (u32, u32) = (1024, 600);

impl WindowShape {
    /// Of the URI's argument: nothing, `fullscreen`, or a size such as `1280x720`.
    ///
    /// # Errors
    /// A usage error for anything else.
    pub(super) fn parse(argument: &str, options: &SinkOptions) -> Result<WindowShape> {
        let side = |text: &str| {
            let side = text.parse().ok();
            side.filter(|side| (16..=LONGEST).contains(side))
        };
        let size = |text: &str| {
            let (width, height) = text.split_once('x')?;
            Some(WindowShape::Size(side(width)?, side(height)?))
        };
        let asked = options
            .size
            .map(|(width, height)| WindowShape::Size(width, height));
        match argument {
            "" => Some(asked.unwrap_or(WindowShape::Fitting)),
            "fullscreen" => Some(WindowShape::Fullscreen),
            text => size(text),
        }
        .ok_or_else(|| {
            Error::usage(format!("invalid window \"{argument}\"")).remedy(format!(
                "write window, window:fullscreen, or window:1280x720; each side goes from 16 to {LONGEST}"
            ))
        })
    }

    /// Width and height in pixels on a monitor of this size, and whether the window fills it.
    pub(super) fn on(self, monitor: Option<(u32, u32)>) -> ((u32, u32), bool) {
        match (self, monitor) {
            (WindowShape::Size(width, height), _) => ((width, height), false),
            (_, None | Some((0, _) | (_, 0))) => (UNKNOWN, false),
            (WindowShape::Fullscreen, Some(whole)) => (whole, false),
            (WindowShape::Fitting, Some((width, height))) => {
                match width <= SMALL.0 || height <= SMALL.1 {
                    true => ((width, height), true),
                    false => ((width / 4 * 3, height / 4 * 3), false),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_says_how_large_it_opens() {
        let parse = |text| WindowShape::parse(text, &SinkOptions::default());
        assert_eq!(parse(""), Ok(WindowShape::Fitting));
        assert_eq!(parse("fullscreen"), Ok(WindowShape::Fullscreen));
        assert_eq!(parse("800x480"), Ok(WindowShape::Size(800, 480)));
        for bad in [
            "big", "800", "x", "800x", "0x0", "15x600", "800x9000", "-8x600", "8e2x600",
        ] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad}");
            assert_eq!(error.to_string(), format!("invalid window \"{bad}\""));
        }
        let options = SinkOptions {
            size: Some((200, 120)),
            ..SinkOptions::default()
        };
        assert_eq!(
            WindowShape::parse("", &options),
            Ok(WindowShape::Size(200, 120))
        );
    }

    #[test]
    fn a_window_suits_its_monitor() {
        let fitting = |width, height| WindowShape::Fitting.on(Some((width, height)));
        assert_eq!(fitting(1920, 1080), ((1440, 810), false));
        assert_eq!(fitting(3840, 2160), ((2880, 1620), false));
        assert_eq!(fitting(800, 480), ((800, 480), true));
        assert_eq!(WindowShape::Fitting.on(None), ((960, 540), false));
        assert_eq!(WindowShape::Fitting.on(Some((0, 0))), ((960, 540), false));
        assert_eq!(
            WindowShape::Fullscreen.on(Some((1920, 1080))).0,
            (1920, 1080)
        );
        assert_eq!(
            WindowShape::Size(300, 200).on(Some((800, 480))),
            ((300, 200), false)
        );
    }
}
