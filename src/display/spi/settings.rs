//! What the URI of a panel says.

use std::str::FromStr;

use super::panel::{Module, PANELS, Panel};
use crate::{Error, Result};

/// The keys of a panel's URI.
const KEYS: &[&str] = &[
    "dev", "chip", "dc", "rst", "bl", "speed", "mode", "width", "height", "offset", "invert", "bgr",
];

/// A panel and how it is wired.
pub(super) struct Settings {
    pub panel: &'static Panel,
    /// The spidev node.
    pub dev: String,
    /// The GPIO chip of the three lines.
    pub chip: String,
    /// The GPIO line of the data/command pin.
    pub dc: Option<u32>,
    /// The GPIO line of the reset pin.
    pub rst: Option<u32>,
    /// The GPIO line of the backlight.
    pub bl: Option<u32>,
    /// Clock of the bus in Hz.
    pub speed: u32,
    /// SPI mode, 0 to 3 (modules without a chip select need 3).
    pub mode: u8,
    pub module: Module,
}

impl Settings {
    fn new(panel: &'static Panel) -> Settings {
        Settings {
            panel,
            dev: "/dev/spidev0.0".to_owned(),
            chip: "/dev/gpiochip0".to_owned(),
            dc: None,
            rst: None,
            bl: None,
            speed: 32_000_000,
            mode: 0,
            module: panel.module,
        }
    }

    /// Of "MODEL,key=value,...".
    pub(crate) fn parse(argument: &str) -> Result<Settings> {
        let (model, pairs) = argument.split_once(',').unwrap_or((argument, ""));
        let mut settings = Settings::new(find(model)?);
        for pair in pairs.split(',').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| unknown_key(pair))?;
            settings.set(key, value)?;
        }
        Ok(settings)
    }

    /// Of "PATH", or "MODEL,path=PATH,key=value,..."; gives the path too.
    pub(crate) fn parse_test(argument: &str) -> Result<(Settings, &str)> {
        if argument.is_empty() {
            return Err(Error::usage("the sink test needs a file to write")
                .remedy("name it like test:bus.txt or test:st7789,path=bus.txt"));
        }
        match argument
            .split(',')
            .find_map(|part| part.strip_prefix("path="))
        {
            Some(path) => {
                let kept = argument
                    .split(',')
                    .filter(|part| !part.starts_with("path="));
                let kept: Vec<&str> = kept.collect();
                Ok((Settings::parse(&kept.join(","))?, path))
            }
            None => Ok((Settings::new(&PANELS[0]), argument)),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "dev" => self.dev = value.to_owned(),
            "chip" => self.chip = value.to_owned(),
            "dc" => self.dc = Some(number(key, value)?),
            "rst" => self.rst = Some(number(key, value)?),
            "bl" => self.bl = Some(number(key, value)?),
            "speed" => self.speed = number(key, value)?,
            "mode" => {
                self.mode = number::<u8>(key, value).and_then(|mode| match mode {
                    0..=3 => Ok(mode),
                    _ => Err(wrong(key, value)),
                })?
            }
            "width" => self.module.size.0 = number(key, value)?,
            "height" => self.module.size.1 = number(key, value)?,
            "offset" => {
                let (x, y) = value.split_once(':').ok_or_else(|| wrong(key, value))?;
                self.module.offset = (number(key, x)?, number(key, y)?);
            }
            "invert" => self.module.invert = flag(key, value)?,
            "bgr" => self.module.bgr = flag(key, value)?,
            _ => return Err(unknown_key(key)),
        }
        Ok(())
    }
}

fn find(model: &str) -> Result<&'static Panel> {
    let found = PANELS
        .iter()
        .find(|panel| panel.name.eq_ignore_ascii_case(model));
    found.ok_or_else(|| {
        let names: Vec<&str> = PANELS.iter().map(|panel| panel.name).collect();
        Error::unknown("panel", model, &names)
    })
}

fn unknown_key(key: &str) -> Error {
    Error::unknown("panel setting", key, KEYS)
}

fn wrong(key: &str, value: &str) -> Error {
    let like = match key {
        "offset" => "offset=0:80",
        "mode" => "mode=0, 1, 2 or 3",
        "invert" | "bgr" => "0 or 1",
        "speed" => "speed=32000000 (Hz)",
        _ => "a number",
    };
    Error::usage(format!("invalid value \"{value}\" of {key}= of a panel"))
        .remedy(format!("write {like}"))
}

fn number<T: FromStr>(key: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| wrong(key, value))
}

fn flag(key: &str, value: &str) -> Result<bool> {
    match value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(wrong(key, value)),
    }
}
