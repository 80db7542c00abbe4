//! The bus as `mipidsi` sees it.

use std::io;

use mipidsi::interface::{Interface, InterfaceKind};

/// The most bytes of one transfer: spidev's `bufsiz` is 4096 unless the kernel's command line says
/// otherwise, and it refuses more with EMSGSIZE.
pub(super) const TRANSFER: usize = 4096;

/// What the data/command line says about a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataCommand {
    /// The line is low.
    Command,
    /// The line is high.
    Data,
}

/// An SPI bus with a data/command line, or a recording of one.
pub(super) trait Wire {
    /// Sends `bytes`, 1 to [`TRANSFER`] of them, in one transfer.
    fn send(&mut self, kind: DataCommand, bytes: &[u8]) -> io::Result<()>;
}

/// A [`Wire`] and the buffer that makes transfers of pixels.
///
/// `mipidsi` has such a thing, which borrows its buffer and sends empty transfers after commands
/// without arguments, and `linux-embedded-hal`'s device allocates for each transfer; this one does
/// neither.
pub(super) struct Bus {
    wire: Box<dyn Wire>,
    buffer: Box<[u8; TRANSFER]>,
}

impl Bus {
    pub(crate) fn new(wire: Box<dyn Wire>) -> Bus {
        Bus {
            wire,
            buffer: Box::new([0; TRANSFER]),
        }
    }
}

impl Interface for Bus {
    type Word = u8;
    type Error = io::Error;

    const KIND: InterfaceKind = InterfaceKind::Serial4Line;

    fn send_command(&mut self, command: u8, arguments: &[u8]) -> io::Result<()> {
        self.wire.send(DataCommand::Command, &[command])?;
        arguments
            .chunks(TRANSFER)
            .try_for_each(|part| self.wire.send(DataCommand::Data, part))
    }

    fn send_pixels<const N: usize>(
        &mut self,
        pixels: impl IntoIterator<Item = [u8; N]>,
    ) -> io::Result<()> {
        let full = TRANSFER - TRANSFER % N;
        let mut filled = 0;
        for pixel in pixels {
            self.buffer[filled..filled + N].copy_from_slice(&pixel);
            filled += N;
            if filled == full {
                self.wire.send(DataCommand::Data, &self.buffer[..full])?;
                filled = 0;
            }
        }
        if filled > 0 {
            self.wire.send(DataCommand::Data, &self.buffer[..filled])?;
        }
        Ok(())
    }

    fn send_repeated_pixel<const N: usize>(
        &mut self,
        pixel: [u8; N],
        count: u32,
    ) -> io::Result<()> {
        self.send_pixels(std::iter::repeat_n(pixel, count as usize))
    }
}
