//! Small panels on an SPI bus, with their data/command, reset and backlight lines on GPIO, through
//! `mipidsi`.

mod board;
mod bus;
mod panel;
mod record;
mod settings;

use std::path::Path;

use embedded_hal::delay::DelayNs;
use linux_embedded_hal::Delay;

use self::panel::Parts;
use self::record::Recorder;
use self::settings::Settings;
use super::{Sink, SinkOptions};
use crate::Result;

/// `argument` is "MODEL,key=value,...".
pub(super) fn open(argument: &str, _: &SinkOptions) -> Result<Box<dyn Sink>> {
    let settings = Settings::parse(argument)?;
    let parts = Parts {
        name: format!("spi:{} on {}", settings.panel.name, settings.dev),
        wire: Box::new(board::Board::open(&settings)?),
        reset: settings
            .rst
            .map(|line| board::output(&settings.chip, line, true))
            .transpose()?,
        backlight: settings
            .bl
            .map(|line| board::output(&settings.chip, line, false))
            .transpose()?,
        delay: &mut Delay,
    };
    let sink =
        (settings.panel.open)(&settings, parts).map_err(|error| error.context(&settings.dev))?;
    log::info!("{}", sent(&settings));
    Ok(sink)
}

/// What was sent, and how to check that it came: a panel cannot answer.
fn sent(settings: &Settings) -> String {
    let line = |name, line: Option<u32>| match line {
        Some(line) => format!("{name} line {line}"),
        None => format!("no {name} line"),
    };
    format!(
        "sent the start of {} and a black picture to {} at {} Hz, mode {}, with {}, {} and {} of \
         {}; a panel cannot answer: if it stays white or dark, check these wires with `face8x \
         test-pattern --sink spi:...` and try a lower speed=",
        settings.panel.name,
        settings.dev,
        settings.speed,
        settings.mode,
        line("data/command", settings.dc),
        line("reset", settings.rst),
        line("backlight", settings.bl),
        settings.chip,
    )
}

/// `argument` is "PATH" for an ILI9341, or "MODEL,path=PATH,key=value,...".
pub(super) fn open_test(argument: &str, _: &SinkOptions) -> Result<Box<dyn Sink>> {
    let (settings, path) = Settings::parse_test(argument)?;
    let parts = Parts {
        name: format!("test:{} recorded in {path}", settings.panel.name),
        wire: Box::new(Recorder::create(Path::new(path))?),
        reset: None,
        backlight: None,
        delay: &mut NoDelay,
    };
    (settings.panel.open)(&settings, parts).map_err(|error| error.context(path))
}

/// A recording needs no time.
struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

#[cfg(test)]
mod tests;
