//! Small panels on an SPI bus, with their data/command, reset and backlight lines on GPIO, through
//! `mipidsi`.

mod board;
mod bus;
mod count;
mod panel;
mod record;
mod settings;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use embedded_hal::delay::DelayNs;
use linux_embedded_hal::Delay;

use self::count::{Counting, Sent};
use self::panel::PanelParts;
use self::record::SpiRecorder;
use self::settings::Settings;
use super::{Audience, Brightness, Dimming, Sink, SinkOptions};
use crate::Result;
use crate::picture::Picture;

/// `argument` is "MODEL,key=value,...".
pub(super) fn open(argument: &str, _: &SinkOptions) -> Result<Box<dyn Sink>> {
    let settings = Settings::parse(argument)?;
    let sent = Rc::new(Cell::new(Sent::default()));
    let parts = PanelParts {
        name: format!("spi:{} on {}", settings.panel.name, settings.dev),
        wire: Box::new(Counting {
            wire: Box::new(board::SpiBoard::open(&settings)?),
            sent: Rc::clone(&sent),
        }),
        reset: settings
            .rst
            .map(|line| board::output(&settings.chip, line, true))
            .transpose()?,
        backlight: settings
            .bl
            .map(|line| board::light(&settings.chip, line))
            .transpose()?,
        delay: &mut Delay,
    };
    let opened = (settings.panel.open)(&settings.module, parts)
        .map_err(|error| error.context(&settings.dev))?;
    for line in count::report(&settings, sent.get()) {
        log::info!("{line}");
    }
    Ok(opened)
}

/// `argument` is "PATH" for an ILI9341, or "MODEL,path=PATH,key=value,...".
pub(super) fn open_test(argument: &str, _: &SinkOptions) -> Result<Box<dyn Sink>> {
    let (settings, path) = Settings::parse_test(argument)?;
    let parts = PanelParts {
        name: format!("test:{} recorded in {path}", settings.panel.name),
        wire: Box::new(SpiRecorder::create(Path::new(path))?),
        reset: None,
        backlight: None,
        delay: &mut NoDelay,
    };
    let panel =
        (settings.panel.open)(&settings.module, parts).map_err(|error| error.context(path))?;
    Ok(Box::new(PanelRecording(panel)))
}

/// A panel that is a file.
struct PanelRecording(Box<dyn Sink>);

impl Sink for PanelRecording {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.0.size()
    }

    fn is_round(&self) -> bool {
        self.0.is_round()
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        self.0.present(picture)
    }

    fn set_brightness(&mut self, brightness: Brightness) -> Result<Dimming> {
        self.0.set_brightness(brightness)
    }

    fn audience(&self) -> Audience {
        Audience::Nobody
    }
}

/// A recording needs no time.
struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

#[cfg(test)]
mod tests;
