//! Two buffers for a display, and the mode that shows the first.

use std::io;

use ::drm::buffer::{Buffer as _, DrmFourcc};
use ::drm::control::dumbbuffer::DumbMapping;
use ::drm::control::{Device as _, Mode, connector, crtc, framebuffer};

use super::card::Card;
use crate::Result;
use crate::display::backlight::Backlight;
use crate::display::raster::{PixelLayout, Raster};

/// Pixel forms in the order in which they are tried, with their depth and bits per pixel.
const FORMATS: [(DrmFourcc, PixelLayout, u32, u32); 2] = [
    (DrmFourcc::Xrgb8888, PixelLayout::XRGB8888, 24, 32),
    (DrmFourcc::Rgb565, PixelLayout::RGB565, 16, 16),
];

/// One of the two buffers.
pub(super) struct ScreenBuffer {
    pub framebuffer: framebuffer::Handle,
    pub memory: DumbMapping<'static>,
}

/// What to drive.
pub(super) struct DrmTarget {
    pub connector: connector::Handle,
    pub crtc: crtc::Handle,
    pub mode: Mode,
    /// The connector's name.
    pub name: String,
    /// The light of a display that is built in.
    pub backlight: Option<Backlight>,
}

impl DrmTarget {
    /// Takes the display over with two black buffers.
    pub(crate) fn show_black(&self, card: &Card) -> Result<(Raster, [ScreenBuffer; 2])> {
        self.show_format(card, 0)
            .or_else(|error| self.show_format(card, 1).map_err(|_| error))
    }

    /// Sets the mode on the first of two new buffers of the given form. Where that fails, what was
    /// made of them goes when the card is closed.
    fn show_format(&self, card: &Card, format: usize) -> Result<(Raster, [ScreenBuffer; 2])> {
        let (raster, first) = self.screen(card, format)?;
        let (_, second) = self.screen(card, format)?;
        card.set_crtc(
            self.crtc,
            Some(first.framebuffer),
            (0, 0),
            &[self.connector],
            Some(self.mode),
        )
        .map_err(|error| card.error(format!("setting the mode of {}", self.name), error))?;
        Ok((raster, [first, second]))
    }

    fn screen(&self, card: &Card, format: usize) -> Result<(Raster, ScreenBuffer)> {
        let (fourcc, layout, depth, bits) = FORMATS[format];
        let (width, height) = self.mode.size();
        let failed = |error: io::Error| {
            card.error(
                format!("a buffer of {width}x{height} at {bits} bits"),
                error,
            )
        };
        let buffer = card
            .create_dumb_buffer((width.into(), height.into()), fourcc, bits)
            .map_err(failed)?;
        let framebuffer = card.add_framebuffer(&buffer, depth, bits).map_err(failed)?;
        // The mapping borrows the handle, not the memory; with a handle that stays (32 bytes for
        // each opening) it can be kept, rather than be made anew for each picture.
        let handle = Box::leak(Box::new(buffer));
        let pitch = handle.pitch() as usize;
        let mut memory = card.map_dumb_buffer(handle).map_err(failed)?;
        let raster = Raster {
            layout,
            width: width.into(),
            height: height.into(),
            pitch,
            start: 0,
        };
        raster
            .check(memory.len())
            .map_err(|error| error.context(card.path.display()))?;
        memory.fill(0);
        Ok((
            raster,
            ScreenBuffer {
                framebuffer,
                memory,
            },
        ))
    }
}
