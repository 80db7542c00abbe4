//! The real line, through the kernel's GPIO character device.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use linux_embedded_hal::gpio_cdev::{
    self, Chip, EventRequestFlags, EventType, LineEventHandle, LineRequestFlags,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{ButtonLine, ButtonOptions, LineLevel, Wait};
use crate::host::node;
use crate::{Error, ErrorKind, Result};
use face8x_core::frame::monotonic_now;

/// The bits of `GPIOHANDLE_REQUEST_BIAS_PULL_UP` and `_DOWN` in linux/gpio.h, of Linux 5.5;
/// the library does not name them.
const PULL_UP: u32 = 1 << 5;
const PULL_DOWN: u32 = 1 << 6;
/// Edges are stamped by the monotonic clock since Linux 5.7, by the wall clock before.
const SAME_CLOCK: Duration = Duration::from_secs(10);

struct CdevLine {
    handle: LineEventHandle,
    name: String,
    stop: OwnedFd,
    active: LineLevel,
}

/// Takes the line of `options`; its wait ends when `stop` can be read.
pub(super) fn open(options: &ButtonOptions, stop: OwnedFd) -> Result<Box<dyn ButtonLine>> {
    let absent = "name the board's GPIO chip, such as chip=/dev/gpiochip0 (Raspberry Pi 5 \
                  with an early kernel: /dev/gpiochip4); `face8x list` shows them";
    // The library's own errors do not say why a node does not open.
    drop(node::open(&options.chip, absent)?);
    let name = format!("{} line {}", options.chip.display(), options.line);
    let failed = |error: gpio_cdev::Error| {
        Error::new(ErrorKind::Device, format!("{name}: {error}"))
            .caused_by(error)
            .remedy("`gpioinfo` shows the lines and what uses them")
    };
    let line = Chip::new(PathBuf::from(&options.chip))
        .and_then(|mut chip| chip.get_line(options.line))
        .map_err(failed)?;
    let bias = match options.active {
        LineLevel::Low => PULL_UP,
        LineLevel::High => PULL_DOWN,
    };
    let events = |bias: u32| {
        let flags = LineRequestFlags::from_bits_retain(LineRequestFlags::INPUT.bits() | bias);
        line.events(flags, EventRequestFlags::BOTH_EDGES, "face8x")
    };
    // A kernel before 5.5 refuses what it does not know: such a button needs its own resistor.
    let handle = events(bias).or_else(|_| events(0)).map_err(failed)?;
    Ok(Box::new(CdevLine {
        handle,
        name,
        stop,
        active: options.active,
    }))
}

impl CdevLine {
    fn is_pressed(&self, high: bool) -> bool {
        high == (self.active == LineLevel::High)
    }

    fn error(&self, error: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::new(ErrorKind::Device, format!("{}: {error}", self.name)).caused_by(error)
    }
}

impl ButtonLine for CdevLine {
    fn pressed(&self) -> Result<bool> {
        let value = self.handle.get_value().map_err(|e| self.error(e))?;
        Ok(self.is_pressed(value != 0))
    }

    fn wait(&mut self, timeout: Option<Duration>) -> Result<Wait> {
        // No deadline is further away than a press is long.
        let timeout = timeout.map(|time| Timespec {
            tv_sec: time.as_secs() as i64,
            tv_nsec: time.subsec_nanos().into(),
        });
        let mut ready = [
            PollFd::new(&self.stop, PollFlags::IN),
            PollFd::new(&self.handle, PollFlags::IN),
        ];
        match poll(&mut ready, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(Wait::Timeout),
            Ok(_) => {}
            Err(error) => return Err(self.error(error)),
        }
        if !ready[0].revents().is_empty() {
            return Ok(Wait::Stop);
        }
        let event = self.handle.get_event().map_err(|e| self.error(e))?;
        let (now, stamp) = (monotonic_now(), Duration::from_nanos(event.timestamp()));
        Ok(Wait::Edge {
            pressed: self.is_pressed(event.event_type() == EventType::RisingEdge),
            at: if now.abs_diff(stamp) < SAME_CLOCK {
                stamp
            } else {
                now
            },
        })
    }
}
