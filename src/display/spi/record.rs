//! A recording of the bus, one line a transfer: "command 2a", "data 00 00 00 ef".

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::bus::{DataCommand, Wire};
use crate::{Result, files};

pub(super) struct SpiRecorder {
    file: File,
    /// The line in the making, to use again.
    line: Vec<u8>,
}

impl SpiRecorder {
    pub(crate) fn create(path: &Path) -> Result<SpiRecorder> {
        // A pipe without a reader would be waited for.
        let file = files::check_writable(path).and_then(|()| File::create(path));
        let file = file.map_err(|error| files::cannot_write(path, error))?;
        Ok(SpiRecorder {
            file,
            line: Vec::new(),
        })
    }
}

impl Wire for SpiRecorder {
    fn send(&mut self, kind: DataCommand, bytes: &[u8]) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(match kind {
            DataCommand::Command => b"command",
            DataCommand::Data => b"data",
        });
        for byte in bytes {
            write!(self.line, " {byte:02x}")?;
        }
        self.line.push(b'\n');
        self.file.write_all(&self.line)
    }
}
