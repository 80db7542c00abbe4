//! Standard output, which may be a pipe whose reader has left, or a file on a full disk.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use face8x_core::{Error, Result};

/// Prints a line.
///
/// # Errors
/// Standard output cannot be written to, but not because the reader of a pipe left: whoever did that
/// has read enough.
pub fn print_line(text: impl Display) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("cannot write to standard output", error)
                .remedy("free space on the disk that standard output is redirected to"))
        }
        _ => Ok(()),
    }
}
