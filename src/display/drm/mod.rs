//! A whole display through the kernel's Direct Rendering Manager: two dumb buffers and page flips,
//! which every driver with a display has, and no GPU.

mod card;
mod choose;
mod target;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::drm::control::{
    ClipRect, Device as _, Event as DrmEvent, Mode, PageFlipFlags, connector, crtc, framebuffer,
};
use ::drm::{Device as _, DriverCapability};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use self::card::{Card, cards, connectors};
use self::choose::{CardConnector, DrmChoice, Wish, choose};
use self::target::{DrmTarget, ScreenBuffer};
use super::backlight::{Backlight, dimming};
use super::raster::Raster;
use super::{Brightness, Dimming, Sink, SinkOptions, device_error};
use crate::host::node;
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// A flip takes one refresh, 42 ms at 24 Hz; a driver that needs longer than this is stuck.
const FLIP_TIMEOUT: Duration = Duration::from_secs(1);

/// The values of a connector's property "DPMS" (`DRM_MODE_DPMS_ON`, `DRM_MODE_DPMS_OFF`).
const DPMS_ON: u64 = 0;
const DPMS_OFF: u64 = 3;

/// How often the connector is asked whether the display is still there.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// How a drawn buffer gets on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Showing {
    /// By page flip: between two refreshes, reported by an event.
    Flip,
    /// By setting the mode again, for drivers without page flips.
    SetMode,
}

struct DrmOutput {
    card: Card,
    name: String,
    driver: String,
    connector: connector::Handle,
    crtc: crtc::Handle,
    mode: Mode,
    /// What the CRTC showed before, to be shown again afterwards.
    previous: crtc::Info,
    raster: Raster,
    screens: [ScreenBuffer; 2],
    /// Which of them is not shown.
    back: usize,
    showing: Showing,
    /// A flip was asked for and has not been reported.
    pending: bool,
    /// When the last flip happened, until the next picture is presented.
    flipped: Option<Duration>,
    previous_scan_out: Option<Duration>,
    /// The driver reports flips by `CLOCK_MONOTONIC`, as all but old ones do.
    is_monotonic: bool,
    /// The connector's status in /sys, which is read without a new probe.
    status: Option<File>,
    checked: Instant,
    /// Of a display that is built in.
    backlight: Option<Backlight>,
    /// Whether the connector sends no picture.
    is_off: bool,
}

/// `argument` is empty, a card's path, or a connector's name; "@1280x720" may follow each.
pub(super) fn open(argument: &str, _: &SinkOptions) -> Result<Box<dyn Sink>> {
    let (place, wish) = Wish::parse(argument)?;
    let cards = match place {
        Some(path) => vec![PathBuf::from(path)],
        None => cards(Path::new("/dev/dri")),
    };
    let mut errors = Vec::new();
    for path in cards {
        match DrmOutput::open(&path, &wish) {
            Ok(output) => return Ok(Box::new(output)),
            Err(error) => errors.push(error),
        }
    }
    Err(combined(errors))
}

/// Whether a backlight of this machine belongs to the display.
fn is_built_in(interface: connector::Interface) -> bool {
    use connector::Interface::{DPI, DSI, EmbeddedDisplayPort, LVDS, SPI};
    matches!(interface, DPI | DSI | EmbeddedDisplayPort | LVDS | SPI)
}

/// Why none of the cards would do; the remedy is that of the first which has one.
fn combined(mut errors: Vec<Error>) -> Error {
    match errors.len() {
        0 => Error::new(ErrorKind::Device, "there is no DRM device (/dev/dri/card*)")
            .remedy("enable the display driver (Raspberry Pi: dtoverlay=vc4-kms-v3d)"),
        1 => errors.remove(0),
        _ => {
            let all: Vec<String> = errors.iter().map(Error::to_string).collect();
            let error = Error::new(ErrorKind::Device, all.join("; "));
            match errors.iter().find_map(Error::remedy_text) {
                Some(remedy) => error.remedy(remedy),
                None => error,
            }
        }
    }
}

impl DrmOutput {
    fn open(path: &Path, wish: &Wish) -> Result<DrmOutput> {
        let file = node::open(path, "`face8x list` shows the displays")?;
        let card = Card {
            file,
            path: path.to_owned(),
        };
        // The first to open a card is its master. Kernels before 5.8 refuse the question (EACCES)
        // to all but root, even where the answer is yes; setting the mode shows it.
        if let Err(error) = card.acquire_master_lock() {
            match Errno::from_io_error(&error) {
                Some(Errno::ACCESS) => log::debug!("{}: perhaps not its master", path.display()),
                Some(Errno::BUSY | Errno::INVAL) => return Err(node::busy(path)),
                _ => {
                    return Err(device_error(
                        format!("{} is not a DRM device", path.display()),
                        error,
                    ));
                }
            }
        }
        let resources = card
            .resource_handles()
            .map_err(|error| device_error(format!("{} has no outputs", path.display()), error))?;
        let connectors = connectors(&card, &resources);
        let facts: Vec<CardConnector> = connectors.iter().map(|(_, fact)| fact.clone()).collect();
        let DrmChoice {
            connector,
            mode,
            crtc,
        } = choose(&facts, wish).map_err(|error| error.context(path.display()))?;
        let (info, CardConnector { name, .. }) = &connectors[connector];
        let target = DrmTarget {
            connector: info.handle(),
            crtc: resources.crtcs()[crtc],
            mode: info.modes()[mode],
            name: name.clone(),
            backlight: match is_built_in(info.interface()) {
                true => Backlight::find(),
                false => None,
            },
        };
        DrmOutput::start(card, target)
    }

    fn start(card: Card, target: DrmTarget) -> Result<DrmOutput> {
        let previous = card
            .get_crtc(target.crtc)
            .map_err(|error| card.error("reading its mode", error))?;
        let (raster, screens) = target.show_black(&card)?;
        let driver = card
            .get_driver()
            .map(|driver| driver.name().to_string_lossy().into_owned());
        let number = card.path.file_name().unwrap_or_default().to_string_lossy();
        let status = format!("/sys/class/drm/{number}-{}/status", target.name);
        Ok(DrmOutput {
            name: target.name,
            driver: driver.unwrap_or_default(),
            connector: target.connector,
            crtc: target.crtc,
            mode: target.mode,
            previous,
            raster,
            screens,
            back: 1,
            showing: Showing::Flip,
            pending: false,
            flipped: None,
            previous_scan_out: None,
            is_monotonic: matches!(
                card.get_driver_capability(DriverCapability::MonotonicTimestamp),
                Ok(1)
            ),
            status: File::open(status).ok(),
            checked: Instant::now(),
            backlight: target.backlight,
            is_off: false,
            card,
        })
    }
}

impl DrmOutput {
    /// Waits until the last flip is reported, so that the back buffer is free.
    fn wait_for_flip(&mut self) -> Result<()> {
        let deadline = Instant::now() + FLIP_TIMEOUT;
        while self.pending {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: left.as_secs() as _,
                tv_nsec: left.subsec_nanos() as _,
            };
            let mut fds = [PollFd::new(&self.card, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => {
                    let path = self.card.path.display();
                    let message = format!("{path}: {} has stopped refreshing", self.name);
                    return Err(Error::new(ErrorKind::Device, message));
                }
                Ok(_) => self.read_events()?,
                Err(Errno::INTR) => {}
                Err(error) => return Err(self.card.error("waiting for a refresh", error.into())),
            }
        }
        Ok(())
    }

    fn read_events(&mut self) -> Result<()> {
        let events = self
            .card
            .receive_events()
            .map_err(|error| self.card.error("reading its events", error))?;
        for event in events {
            if let DrmEvent::PageFlip(flip) = event
                && flip.crtc == self.crtc
            {
                self.pending = false;
                self.flipped = self.is_monotonic.then_some(flip.duration);
            }
        }
        Ok(())
    }

    /// Puts the back buffer on the screen.
    fn show_back(&mut self) -> Result<()> {
        let framebuffer = self.screens[self.back].framebuffer;
        if self.showing == Showing::Flip {
            match self
                .card
                .page_flip(self.crtc, framebuffer, PageFlipFlags::EVENT, None)
            {
                Ok(()) => self.pending = true,
                Err(error) => match Errno::from_io_error(&error) {
                    // The driver still works on the last one: the next picture replaces this one.
                    Some(Errno::BUSY) => return Ok(()),
                    Some(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => {
                        log::info!("{}: no page flips ({error}): pictures may tear", self.name);
                        self.showing = Showing::SetMode;
                    }
                    _ => return Err(self.card.error("page flip", error)),
                },
            }
        }
        if self.showing == Showing::SetMode {
            self.set_mode(framebuffer)?;
        }
        self.back = 1 - self.back;
        Ok(())
    }

    fn set_mode(&self, framebuffer: framebuffer::Handle) -> Result<()> {
        let (card, (width, height)) = (&self.card, self.mode.size());
        card.set_crtc(
            self.crtc,
            Some(framebuffer),
            (0, 0),
            &[self.connector],
            Some(self.mode),
        )
        .map_err(|error| card.error("setting the mode", error))?;
        match card.dirty_framebuffer(framebuffer, &[ClipRect::new(0, 0, width, height)]) {
            Ok(()) => Ok(()),
            Err(error) => match Errno::from_io_error(&error) {
                // bochs (QEMU) and others that scan the memory out themselves have no such call.
                Some(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(()),
                _ => Err(card.error("updating the display", error)),
            },
        }
    }

    /// Switches the connector off or on; whether it can be (every driver of today has the property).
    fn switch(&mut self, off: bool) -> Result<bool> {
        if self.is_off == off {
            return Ok(true);
        }
        let Some(dpms) = self.card.property(self.connector, "DPMS") else {
            return Ok(false);
        };
        self.wait_for_flip()?;
        let value = if off { DPMS_OFF } else { DPMS_ON };
        match self.card.set_property(self.connector, dpms, value) {
            Ok(()) => {
                self.is_off = off;
                Ok(true)
            }
            Err(error) if off => {
                log::debug!("{}: cannot be switched off: {error}", self.name);
                Ok(false)
            }
            Err(error) => Err(self.card.error("switching it on", error)),
        }
    }

    /// Asks the connector now and then whether the display is still there.
    fn check_connected(&mut self) -> Result<()> {
        if self.checked.elapsed() < STATUS_INTERVAL {
            return Ok(());
        }
        self.checked = Instant::now();
        let mut text = [0; 16];
        let gone = match &self.status {
            Some(status) => match status.read_at(&mut text, 0) {
                Ok(length) => text[..length].starts_with(b"disconnected"),
                Err(_) => true,
            },
            None => false,
        };
        if gone {
            let message = format!("the display at {} was disconnected", self.name);
            return Err(Error::new(ErrorKind::Device, message).remedy("connect it again"));
        }
        Ok(())
    }
}

impl Sink for DrmOutput {
    fn describe(&self) -> String {
        let ((width, height), rate) = (self.mode.size(), self.mode.vrefresh());
        let (path, bits) = (self.card.path.display(), self.raster.layout.bytes * 8);
        format!(
            "drm:{} {width}x{height}@{rate} at {bits} bits ({path}, {})",
            self.name, self.driver
        )
    }

    fn size(&self) -> Option<(u32, u32)> {
        Some((self.raster.width, self.raster.height))
    }

    fn previous_scan_out(&self) -> Option<Duration> {
        self.previous_scan_out
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        self.check_connected()?;
        self.wait_for_flip()?;
        self.previous_scan_out = self.flipped.take();
        self.raster
            .draw(picture, &mut self.screens[self.back].memory);
        self.show_back()
    }

    fn set_brightness(&mut self, brightness: Brightness) -> Result<Dimming> {
        let switched = self.switch(brightness == Brightness::Off)?;
        Ok(dimming(switched, self.backlight.as_mut(), brightness))
    }
}

impl Drop for DrmOutput {
    /// Shows again what was there before. The rest, buffers and mastership, goes with the file.
    fn drop(&mut self) {
        if let Err(error) = self.switch(false) {
            log::debug!("{error}");
        }
        let previous = &self.previous;
        let connectors = if previous.mode().is_some() {
            &[self.connector][..]
        } else {
            &[]
        };
        let restored = self.card.set_crtc(
            self.crtc,
            previous.framebuffer(),
            previous.position(),
            connectors,
            previous.mode(),
        );
        if let Err(error) = restored {
            log::debug!(
                "{}: restoring the console: {error}",
                self.card.path.display()
            );
        }
    }
}

#[cfg(test)]
mod tests;
