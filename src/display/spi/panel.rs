//! The panels that are known, and one of them in use.

use std::fmt::Debug;
use std::io;

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::pixelcolor::raw::RawU16;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use linux_embedded_hal::CdevPin;
use mipidsi::models::{GC9A01, ILI9341Rgb565, Model, ST7735s, ST7789, ST7796};
use mipidsi::options::{ColorInversion, ColorOrder};
use mipidsi::{Builder, Display, InitError};

use super::bus::{Bus, Wire};
use super::settings::Settings;
use crate::display::Sink;
use crate::display::raster::{PixelLayout, Raster};
use crate::picture::Picture;
use crate::{Error, Result};

/// One row of the table of panels.
pub(super) struct Panel {
    /// The controller.
    pub name: &'static str,
    /// Columns and rows of the usual module.
    pub size: (u16, u16),
    /// Whether its subpixels are wired blue first.
    pub bgr: bool,
    /// Whether its colours are inverted (IPS modules are, mostly).
    pub invert: bool,
    pub open: fn(&Settings, Parts<'_>) -> Result<Box<dyn Sink>>,
}

/// The panels that are known, as their usual modules are wired; `width`, `height`, `offset`, `bgr`
/// and `invert` fit the others.
pub(super) const PANELS: &[Panel] = &[
    Panel {
        name: "ili9341",
        size: (240, 320),
        bgr: true,
        invert: false,
        open: |settings, parts| start(ILI9341Rgb565, settings, parts),
    },
    Panel {
        name: "st7789",
        size: (240, 240),
        bgr: false,
        invert: true,
        open: |settings, parts| start(ST7789, settings, parts),
    },
    Panel {
        name: "st7735s",
        size: (128, 160),
        bgr: false,
        invert: false,
        open: |settings, parts| start(ST7735s, settings, parts),
    },
    Panel {
        name: "st7796",
        size: (320, 480),
        bgr: true,
        invert: false,
        open: |settings, parts| start(ST7796, settings, parts),
    },
    Panel {
        name: "gc9a01",
        size: (240, 240),
        bgr: true,
        invert: true,
        open: |settings, parts| start(GC9A01, settings, parts),
    },
];

/// What it takes to start a panel, beside its settings.
pub(super) struct Parts<'a> {
    /// For [`Sink::describe`].
    pub name: String,
    pub wire: Box<dyn Wire>,
    /// Without it the panel is reset by a command.
    pub reset: Option<CdevPin>,
    pub backlight: Option<CdevPin>,
    pub delay: &'a mut dyn DelayNs,
}

/// Starts the panel, shows black, and switches the light on.
fn start<M>(model: M, settings: &Settings, parts: Parts<'_>) -> Result<Box<dyn Sink>>
where
    M: Model<ColorFormat = Rgb565> + 'static,
{
    let Parts {
        name,
        wire,
        reset,
        backlight,
        mut delay,
    } = parts;
    let (width, height) = settings.size;
    let builder = Builder::new(model, Bus::new(wire))
        .display_size(width, height)
        .display_offset(settings.offset.0, settings.offset.1)
        .color_order(if settings.bgr {
            ColorOrder::Bgr
        } else {
            ColorOrder::Rgb
        })
        .invert_colors(if settings.invert {
            ColorInversion::Inverted
        } else {
            ColorInversion::Normal
        });
    let memory = M::FRAMEBUFFER_SIZE;
    match reset {
        Some(pin) => {
            let display = builder.reset_pin(pin).init(&mut delay);
            light(
                name,
                display.map_err(|error| cannot_start(error, memory))?,
                settings,
                backlight,
            )
        }
        None => {
            let display = builder.init(&mut delay);
            light(
                name,
                display.map_err(|error| cannot_start(error, memory))?,
                settings,
                backlight,
            )
        }
    }
}

/// The sink of a started panel.
fn light<M, R>(
    name: String,
    display: Display<Bus, M, R>,
    settings: &Settings,
    backlight: Option<CdevPin>,
) -> Result<Box<dyn Sink>>
where
    M: Model<ColorFormat = Rgb565> + 'static,
    R: OutputPin + 'static,
{
    let (width, height) = (u32::from(settings.size.0), u32::from(settings.size.1));
    let pitch = width as usize * PixelLayout::RGB565.bytes;
    let raster = Raster {
        layout: PixelLayout::RGB565,
        width,
        height,
        pitch,
        start: 0,
    };
    let bytes = vec![0; pitch * height as usize];
    let mut sink = PanelSink {
        name,
        display,
        raster,
        bytes,
        backlight,
    };
    sink.send()?;
    if let Some(pin) = &mut sink.backlight {
        pin.set_high()
            .map_err(|error| Error::other(format!("backlight: {error}")))?;
    }
    Ok(Box::new(sink))
}

fn cannot_start<P: Debug>(error: InitError<io::Error, P>, memory: (u16, u16)) -> Error {
    match error {
        InitError::Interface(error) => Error::other(format!("starting the panel: {error}"))
            .remedy("the bus itself refused: try a lower speed=, or another dev="),
        InitError::ResetPin(error) => Error::other(format!("the panel's reset line: {error:?}"))
            .remedy("check rst= and chip=; `gpioinfo` shows the lines and what uses them"),
        InitError::InvalidConfiguration(_) => {
            let (width, height) = memory;
            Error::usage(format!("the panel's memory is {width}x{height} pixels"))
                .remedy("width and height with offset must lie inside it")
        }
    }
}

struct PanelSink<M, R>
where
    M: Model<ColorFormat = Rgb565>,
    R: OutputPin,
{
    name: String,
    display: Display<Bus, M, R>,
    raster: Raster,
    /// The pixels as the raster writes them, little-endian.
    bytes: Vec<u8>,
    backlight: Option<CdevPin>,
}

impl<M, R> PanelSink<M, R>
where
    M: Model<ColorFormat = Rgb565>,
    R: OutputPin,
{
    fn send(&mut self) -> Result<()> {
        let pixels = self
            .bytes
            .chunks_exact(2)
            .map(|pixel| Rgb565::from(RawU16::new(u16::from_le_bytes([pixel[0], pixel[1]]))));
        let (right, bottom) = (self.raster.width - 1, self.raster.height - 1);
        self.display
            .set_pixels(0, 0, right as u16, bottom as u16, pixels)
            .map_err(|error| Error::other(format!("{}: {error}", self.name)))
    }
}

impl<M, R> Sink for PanelSink<M, R>
where
    M: Model<ColorFormat = Rgb565>,
    R: OutputPin,
{
    fn describe(&self) -> String {
        format!("{} {}x{}", self.name, self.raster.width, self.raster.height)
    }

    fn size(&self) -> Option<(u32, u32)> {
        Some((self.raster.width, self.raster.height))
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        self.raster.draw(picture, &mut self.bytes);
        self.send()
    }
}

impl<M, R> Drop for PanelSink<M, R>
where
    M: Model<ColorFormat = Rgb565>,
    R: OutputPin,
{
    fn drop(&mut self) {
        if let Some(pin) = &mut self.backlight
            && let Err(error) = pin.set_low()
        {
            log::debug!("{}: backlight: {error}", self.name);
        }
    }
}
