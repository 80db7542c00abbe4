//! What was sent to a panel: all that can be said of one that shows nothing.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use super::bus::{DataCommand, Wire};
use super::settings::Settings;

/// Bytes that went over a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sent {
    pub commands: u64,
    pub data: u64,
}

/// A [`Wire`] that counts.
pub(super) struct Counting {
    pub wire: Box<dyn Wire>,
    pub sent: Rc<Cell<Sent>>,
}

impl Wire for Counting {
    fn send(&mut self, kind: DataCommand, bytes: &[u8]) -> io::Result<()> {
        self.wire.send(kind, bytes)?;
        let mut sent = self.sent.get();
        match kind {
            DataCommand::Command => sent.commands += bytes.len() as u64,
            DataCommand::Data => sent.data += bytes.len() as u64,
        }
        self.sent.set(sent);
        Ok(())
    }
}

/// Two lines for the log once a panel is started: what was sent to it, and how to find out why it
/// shows nothing.
pub(super) fn report(settings: &Settings, sent: Sent) -> [String; 2] {
    let line = |line: Option<u32>| line.map_or("none".to_owned(), |line| line.to_string());
    [
        format!(
            "sent {} commands and {} bytes of data to the panel, with a black picture of {}x{} \
             at the end, over {} (mode {}, {} Hz); lines of {}: data/command {}, reset {}, \
             backlight {}",
            sent.commands,
            sent.data,
            settings.module.size.0,
            settings.module.size.1,
            settings.dev,
            settings.mode,
            settings.speed,
            settings.chip,
            line(settings.dc),
            line(settings.rst),
            line(settings.bl),
        ),
        "a panel cannot answer: if it stays dark, white or full of noise, check each wire against \
         the table in docs/displays.md, then try `face8x test-pattern` on it with speed=1000000, \
         mode=3 or another MODEL"
            .to_owned(),
    ]
}
