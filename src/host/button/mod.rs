//! A push button on a GPIO line: a short press does one thing, a long press the other.

#[cfg(feature = "spi")]
mod line;
mod press;

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};

use self::press::{Press, Presses};
use crate::thread::StoppableThread;
use crate::{Error, Result};
use face8x_core::frame::monotonic_now;

/// Where the button is wired, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ButtonOptions {
    /// The GPIO chip's node.
    pub chip: PathBuf,
    /// The line's number on that chip: on a Raspberry Pi that of the GPIO.
    pub line: u32,
    /// What a short press does; a long one does the other.
    pub action: ButtonAction,
    /// The level of the pressed button. The line is biased to the other one where the chip can.
    pub active: LineLevel,
}

/// What a press does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonAction {
    /// Shows the next view.
    #[default]
    View,
    /// Holds the picture, or lets it go on.
    Freeze,
}

/// The level of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineLevel {
    /// As of a button between the line and ground.
    #[default]
    Low,
    /// As of a touch sensor.
    High,
}

fn first_chip() -> PathBuf {
    "/dev/gpiochip0".into()
}

impl ButtonOptions {
    /// What `press` does.
    fn action_of(&self, press: Press) -> ButtonAction {
        match (self.action, press) {
            (action, Press::Short) => action,
            (ButtonAction::View, Press::Long) => ButtonAction::Freeze,
            (ButtonAction::Freeze, Press::Long) => ButtonAction::View,
        }
    }
}

impl FromStr for ButtonOptions {
    type Err = Error;

    /// Reads "line=17,chip=/dev/gpiochip0,action=view,active=low", the keys in any order; only the
    /// line has to be there.
    fn from_str(text: &str) -> Result<ButtonOptions> {
        let mut line = None;
        let mut options = ButtonOptions {
            chip: first_chip(),
            line: 0,
            action: ButtonAction::default(),
            active: LineLevel::default(),
        };
        for part in text.split(',') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match (key, value) {
                ("line", number) => line = number.parse().ok(),
                ("chip", path) => options.chip = path.into(),
                ("action", "view") => options.action = ButtonAction::View,
                ("action", "freeze") => options.action = ButtonAction::Freeze,
                ("active", "low") => options.active = LineLevel::Low,
                ("active", "high") => options.active = LineLevel::High,
                ("action", other) => {
                    return Err(Error::unknown("action", other, &["view", "freeze"]));
                }
                ("active", other) => return Err(Error::unknown("level", other, &["low", "high"])),
                (other, _) => {
                    let keys = ["line", "chip", "action", "active"];
                    return Err(Error::unknown("button key", other, &keys));
                }
            }
        }
        options.line = line.ok_or_else(|| {
            Error::usage("the button has no line").remedy(
                "give the GPIO's number, such as line=17; `gpioinfo` shows the lines of a chip",
            )
        })?;
        Ok(options)
    }
}

/// What [`ButtonLine::wait`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "spi"),
    allow(dead_code, reason = "only GPIO lines and tests make them")
)]
enum Wait {
    /// The level changed at this time of [`monotonic_now`].
    Edge { pressed: bool, at: Duration },
    /// Nothing changed within the time.
    Timeout,
    /// The button is not needed any more.
    Stop,
}

/// A line that reports its edges.
trait ButtonLine: Send {
    /// Whether the button is down now.
    fn pressed(&self) -> Result<bool>;

    /// Waits for the next edge, at most `timeout`, without end where it is `None`.
    fn wait(&mut self, timeout: Option<Duration>) -> Result<Wait>;
}

/// A button that is watched by a thread of its own, which sleeps until the kernel reports an edge.
pub(crate) struct Button {
    options: ButtonOptions,
    presses: Receiver<Press>,
    stop: OwnedFd,
    _thread: StoppableThread,
}

/// How long the end waits for the thread, which the kernel wakes at once.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

impl Button {
    /// Takes the line.
    ///
    /// # Errors
    /// There is no such chip or line, it is in use, or this process may not open the chip.
    pub(crate) fn open(options: &ButtonOptions) -> Result<Button> {
        let failed = |error: std::io::Error| Error::io("cannot start the button's thread", error);
        let stop = eventfd(0, EventfdFlags::CLOEXEC).map_err(|e| failed(e.into()))?;
        let mut line = line::open(options, stop.try_clone().map_err(failed)?)?;
        let (sender, presses) = channel();
        // It waits in the kernel for an edge or the eventfd, not for the thread's flag.
        let thread = StoppableThread::spawn("button", STOP_TIMEOUT, move |_| {
            if let Err(error) = watch(line.as_mut(), &sender) {
                log::error!("the button no longer works: {error}");
            }
        })
        .map_err(failed)?;
        log::info!("button: {} line {}", options.chip.display(), options.line);
        Ok(Button {
            options: options.clone(),
            presses,
            stop,
            _thread: thread,
        })
    }

    /// What was pressed since the last call. Never waits.
    pub(crate) fn poll_action(&self) -> Option<ButtonAction> {
        let press = self.presses.try_recv().ok()?;
        Some(self.options.action_of(press))
    }
}

impl Drop for Button {
    fn drop(&mut self) {
        if let Err(error) = rustix::io::write(&self.stop, &1_u64.to_ne_bytes()) {
            log::debug!("the button's thread is not woken: {error}");
        }
    }
}

/// Sends the presses of `line` until it is asked to stop or the receiver is gone.
fn watch(line: &mut dyn ButtonLine, presses: &Sender<Press>) -> Result<()> {
    let mut machine = Presses::new(line.pressed()?);
    loop {
        let timeout = machine
            .deadline()
            .map(|deadline| deadline.saturating_sub(monotonic_now()));
        let press = match line.wait(timeout)? {
            Wait::Stop => return Ok(()),
            Wait::Edge { pressed, at } => machine.edge(pressed, at),
            Wait::Timeout => {
                let now = monotonic_now();
                // The kernel keeps 16 edges: a button that bounced more has lost the last ones.
                match line.pressed()? {
                    level if level == machine.level() => machine.time(now),
                    level => machine.edge(level, now),
                }
            }
        };
        if let Some(press) = press
            && presses.send(press).is_err()
        {
            return Ok(());
        }
    }
}

/// Without the Cargo feature that has the GPIO.
#[cfg(not(feature = "spi"))]
mod line {
    pub(super) fn open(
        _: &super::ButtonOptions,
        _: std::os::fd::OwnedFd,
    ) -> crate::Result<Box<dyn super::ButtonLine>> {
        Err(crate::Error::other("this face8x was built without GPIO")
            .remedy("build it with `--features spi`"))
    }
}

#[cfg(test)]
mod tests;
