//! The panels that are known, and one of them in use.

use std::fmt::Debug;
use std::io;

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::pixelcolor::raw::RawU16;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use linux_embedded_hal::{CdevPin, Delay};
use mipidsi::models::{GC9A01, ILI9341Rgb565, Model, ST7735s, ST7789, ST7796};
use mipidsi::options::{ColorInversion, ColorOrder};
use mipidsi::{Builder, Display, InitError};

use super::bus::{Bus, Wire};
use crate::display::raster::{PixelLayout, Raster};
use crate::display::{Brightness, Dimming, Sink, device_error};
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// What a controller has to know of the module that it is built into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Module {
    /// Width and height in pixels.
    pub size: (u16, u16),
    /// Column and row of the controller's memory where the visible pixels begin.
    pub offset: (u16, u16),
    /// Whether its colours are inverted (IPS modules are, mostly).
    pub invert: bool,
    /// Whether its subpixels are wired blue first.
    pub bgr: bool,
    /// Whether its corners show nothing.
    pub round: bool,
}

impl Module {
    const fn new(width: u16, height: u16) -> Module {
        Module {
            size: (width, height),
            offset: (0, 0),
            invert: false,
            bgr: false,
            round: false,
        }
    }

    const fn inverted(self) -> Module {
        Module {
            invert: true,
            ..self
        }
    }

    const fn blue_first(self) -> Module {
        Module { bgr: true, ..self }
    }

    const fn round(self) -> Module {
        Module {
            round: true,
            ..self
        }
    }
}

/// One row of the table of panels.
pub(super) struct Panel {
    /// The controller.
    pub name: &'static str,
    /// Its usual module.
    pub module: Module,
    pub open: fn(&Module, PanelParts<'_>) -> Result<Box<dyn Sink>>,
}

/// The panels that are known, as their usual modules are wired; `width`, `height`, `offset`, `bgr`
/// and `invert` fit the others.
pub(super) const PANELS: &[Panel] = &[
    Panel {
        name: "ili9341",
        module: Module::new(240, 320).blue_first(),
        open: |module, parts| start(ILI9341Rgb565, module, parts),
    },
    Panel {
        name: "st7789",
        module: Module::new(240, 240).inverted(),
        open: |module, parts| start(ST7789, module, parts),
    },
    Panel {
        name: "st7735s",
        module: Module::new(128, 160),
        open: |module, parts| start(ST7735s, module, parts),
    },
    Panel {
        name: "st7796",
        module: Module::new(320, 480).blue_first(),
        open: |module, parts| start(ST7796, module, parts),
    },
    Panel {
        name: "gc9a01",
        module: Module::new(240, 240).inverted().blue_first().round(),
        open: |module, parts| start(GC9A01, module, parts),
    },
];

/// Switches a panel's light on or off.
pub(super) type LightSwitch = Box<dyn FnMut(bool) -> io::Result<()>>;

/// What a panel is started with, beside its module.
pub(super) struct PanelParts<'a> {
    /// For [`Sink::describe`].
    pub name: String,
    pub wire: Box<dyn Wire>,
    /// Without it the panel is reset by a command.
    pub reset: Option<CdevPin>,
    pub backlight: Option<LightSwitch>,
    pub delay: &'a mut dyn DelayNs,
}

/// Starts the panel, shows black, and switches the light on.
fn start<M>(model: M, module: &Module, parts: PanelParts<'_>) -> Result<Box<dyn Sink>>
where
    M: Model<ColorFormat = Rgb565> + 'static,
{
    let PanelParts {
        name,
        wire,
        reset,
        backlight,
        mut delay,
    } = parts;
    let order = if module.bgr {
        ColorOrder::Bgr
    } else {
        ColorOrder::Rgb
    };
    let inversion = if module.invert {
        ColorInversion::Inverted
    } else {
        ColorInversion::Normal
    };
    let builder = Builder::new(model, Bus::new(wire))
        .display_size(module.size.0, module.size.1)
        .display_offset(module.offset.0, module.offset.1)
        .color_order(order)
        .invert_colors(inversion);
    let memory = M::FRAMEBUFFER_SIZE;
    match reset {
        Some(pin) => {
            let display = builder.reset_pin(pin).init(&mut delay);
            let display = display.map_err(|error| cannot_start(error, memory))?;
            light(name, display, module, backlight)
        }
        None => {
            let display = builder.init(&mut delay);
            let display = display.map_err(|error| cannot_start(error, memory))?;
            light(name, display, module, backlight)
        }
    }
}

/// The sink of a started panel.
fn light<M, R>(
    name: String,
    display: Display<Bus, M, R>,
    module: &Module,
    backlight: Option<LightSwitch>,
) -> Result<Box<dyn Sink>>
where
    M: Model<ColorFormat = Rgb565> + 'static,
    R: OutputPin + 'static,
{
    let (width, height) = (u32::from(module.size.0), u32::from(module.size.1));
    let pitch = width as usize * PixelLayout::RGB565.bytes;
    let raster = Raster {
        layout: PixelLayout::RGB565,
        width,
        height,
        pitch,
        start: 0,
    };
    let mut sink = PanelSink {
        name,
        display,
        raster,
        round: module.round,
        bytes: vec![0; pitch * height as usize],
        backlight,
    };
    sink.send()?;
    sink.switch_light(true)?;
    Ok(Box::new(sink))
}

fn cannot_start<P: Debug>(error: InitError<io::Error, P>, memory: (u16, u16)) -> Error {
    match error {
        InitError::Interface(error) => {
            device_error("starting the panel", error).remedy("try a lower speed=, or another dev=")
        }
        InitError::ResetPin(error) => Error::new(
            ErrorKind::Device,
            format!("the panel's reset line: {error:?}"),
        )
        .remedy("check rst= and chip=; `gpioinfo` shows the lines and what uses them"),
        InitError::InvalidConfiguration(_) => {
            let (width, height) = memory;
            Error::usage(format!("the panel's memory is {width}x{height} pixels"))
                .remedy("choose width=, height= and offset= that lie inside it")
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
    round: bool,
    /// The pixels as the raster writes them, little-endian.
    bytes: Vec<u8>,
    backlight: Option<LightSwitch>,
}

impl<M, R> PanelSink<M, R>
where
    M: Model<ColorFormat = Rgb565>,
    R: OutputPin,
{
    /// Switches the light, where it has a line.
    fn switch_light(&mut self, on: bool) -> Result<()> {
        match &mut self.backlight {
            Some(light) => light(on).map_err(|error| device_error("backlight", error)),
            None => Ok(()),
        }
    }

    fn send(&mut self) -> Result<()> {
        let pixels = self
            .bytes
            .chunks_exact(2)
            .map(|pixel| Rgb565::from(RawU16::new(u16::from_le_bytes([pixel[0], pixel[1]]))));
        let (right, bottom) = (self.raster.width - 1, self.raster.height - 1);
        self.display
            .set_pixels(0, 0, right as u16, bottom as u16, pixels)
            .map_err(|error| device_error(&self.name, error))
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

    fn is_round(&self) -> bool {
        self.round
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        self.raster.draw(picture, &mut self.bytes);
        self.send()
    }

    /// Switches the light off, where it has a line, and the panel with it: one that sleeps without
    /// it may be white.
    fn set_brightness(&mut self, brightness: Brightness) -> Result<Dimming> {
        if self.backlight.is_none() {
            return Ok(Dimming::Pictures);
        }
        let off = brightness == Brightness::Off;
        if off && !self.display.is_sleeping() {
            self.switch_light(false)?;
            let slept = self.display.sleep(&mut Delay);
            slept.map_err(|error| device_error(&self.name, error))?;
        } else if !off && self.display.is_sleeping() {
            let woken = self.display.wake(&mut Delay);
            woken.map_err(|error| device_error(&self.name, error))?;
            self.switch_light(true)?;
        }
        Ok(match brightness {
            Brightness::Dim => Dimming::Pictures,
            Brightness::Off | Brightness::Full => Dimming::Done,
        })
    }
}

impl<M, R> Drop for PanelSink<M, R>
where
    M: Model<ColorFormat = Rgb565>,
    R: OutputPin,
{
    fn drop(&mut self) {
        if let Err(error) = self.switch_light(false) {
            log::debug!("{}: {error}", self.name);
        }
    }
}
