//! The real bus: a spidev node and lines of a GPIO chip.

use std::io::{self, Write};
use std::path::Path;

use embedded_hal::digital::OutputPin;
use linux_embedded_hal::gpio_cdev::{Chip, LineRequestFlags};
use linux_embedded_hal::spidev::{SpiModeFlags, Spidev, SpidevOptions};
use linux_embedded_hal::{CdevPin, SpidevBus};

use super::bus::{DataCommand, Wire};
use super::panel::LightSwitch;
use super::settings::Settings;
use crate::display::device_error;
use crate::host::node;
use crate::{Error, Result};

/// The consumer name that `gpioinfo` shows for the lines.
const CONSUMER: &str = "face8x";

pub(super) struct SpiBoard {
    spi: SpidevBus,
    dc: CdevPin,
    /// What the data/command line says now.
    kind: DataCommand,
}

impl SpiBoard {
    pub(crate) fn open(settings: &Settings) -> Result<SpiBoard> {
        let dc = settings.dc.ok_or_else(|| {
            Error::usage("the sink spi needs the GPIO line of the panel's data/command pin")
                .remedy("name it like spi:ili9341,dc=24,rst=25")
        })?;
        let path = Path::new(&settings.dev);
        let absent = "enable SPI: sudo raspi-config nonint do_spi 0 (or dtparam=spi=on in \
                      config.txt), then restart";
        let mut spi = Spidev::new(node::open(path, absent)?);
        let mode = match settings.mode {
            0 => SpiModeFlags::SPI_MODE_0,
            1 => SpiModeFlags::SPI_MODE_1,
            2 => SpiModeFlags::SPI_MODE_2,
            _ => SpiModeFlags::SPI_MODE_3,
        };
        let options = SpidevOptions::new()
            .bits_per_word(8)
            .max_speed_hz(settings.speed)
            .mode(mode)
            .build();
        spi.configure(&options).map_err(|error| {
            let what = format!(
                "{}: cannot set mode {} and {} Hz",
                settings.dev, settings.mode, settings.speed
            );
            device_error(what, error).remedy("try a lower speed=")
        })?;
        let dc = output(&settings.chip, dc, false)?;
        Ok(SpiBoard {
            spi: SpidevBus(spi),
            dc,
            kind: DataCommand::Command,
        })
    }
}

/// Takes a GPIO line as an output, at first `high` or low.
pub(super) fn output(chip: &str, line: u32, high: bool) -> Result<CdevPin> {
    let absent = "name the board's GPIO chip with chip= (Raspberry Pi 5 with an early kernel: \
                  /dev/gpiochip4); `face8x list` shows them";
    // The library's own errors do not say why a node will not open.
    drop(node::open(Path::new(chip), absent)?);
    let failed = |error: linux_embedded_hal::gpio_cdev::Error| {
        device_error(format!("{chip} line {line}"), error)
            .remedy("`gpioinfo` shows the lines and what uses them")
    };
    let line = Chip::new(chip)
        .and_then(|mut chip| chip.get_line(line))
        .map_err(failed)?;
    let handle = line
        .request(LineRequestFlags::OUTPUT, high.into(), CONSUMER)
        .map_err(failed)?;
    CdevPin::new(handle).map_err(failed)
}

/// Takes the GPIO line of a panel's light, which is off at first.
pub(super) fn light(chip: &str, line: u32) -> Result<LightSwitch> {
    let mut pin = output(chip, line, false)?;
    Ok(Box::new(move |on| {
        pin.set_state(on.into()).map_err(io::Error::other)
    }))
}

impl Wire for SpiBoard {
    fn send(&mut self, kind: DataCommand, bytes: &[u8]) -> io::Result<()> {
        if kind != self.kind {
            let set = match kind {
                DataCommand::Command => self.dc.set_low(),
                DataCommand::Data => self.dc.set_high(),
            };
            set.map_err(io::Error::other)?;
            self.kind = kind;
        }
        self.spi.0.write_all(bytes)
    }
}
