//! Standard output and standard error: everything that the program prints goes through here.
//!
//! Both may be a pipe whose reader has left, or a file on a full disk. A command finishes its work then,
//! and prints no more.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use crate::{Error, Result};

/// Standard output until it fails.
#[derive(Default)]
pub(super) struct Stdout {
    error: Option<io::Error>,
}

impl Stdout {
    /// Prints `text` as it is.
    pub(super) fn print(&mut self, text: impl Display) {
        if self.error.is_none() {
            let mut stdout = io::stdout().lock();
            self.error = write!(stdout, "{text}").and_then(|()| stdout.flush()).err();
        }
    }

    /// Whether the reader of a pipe left.
    pub(super) fn reader_left(&self) -> bool {
        let kind = self.error.as_ref().map(io::Error::kind);
        kind == Some(ErrorKind::BrokenPipe)
    }

    /// The work is done.
    ///
    /// # Errors
    /// Something could not be printed, but not because the reader of a pipe left: whoever did that
    /// has read enough.
    pub(super) fn finish(self) -> Result<()> {
        match self.error {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Error::io("cannot write to standard output", error)
                    .remedy("free space on the disk that standard output is redirected to"))
            }
            _ => Ok(()),
        }
    }
}

/// Prints all that a command prints.
///
/// # Errors
/// Those of [`Stdout::finish`].
pub(super) fn print(text: impl Display) -> Result<()> {
    let mut stdout = Stdout::default();
    stdout.print(text);
    stdout.finish()
}

/// Prints a line to standard error. Where that fails there is nowhere left to say so.
pub(super) fn eprint_line(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error and its remedy to standard error, with what it is about in front.
pub(super) fn eprint_error(subject: impl Display, error: &Error) {
    eprint_line(format_args!("{subject}: {error}"));
    if let Some(remedy) = error.remedy_text() {
        eprint_line(format_args!("  remedy: {remedy}"));
    }
}
