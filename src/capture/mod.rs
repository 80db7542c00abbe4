//! Where frames come from: the [`Source`] trait and the table of sources.

use std::time::Duration;

use crate::frame::{Frame, PixelFormat};
use crate::{Error, Result};

/// What is asked of a camera; the source logs what it got.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceOptions {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames a second; 0 is as fast as frames can be made or read (files, demo).
    pub fps: u32,
    /// The pixel format, where the user insists on one (and the form of raw frames in a pipe).
    pub format: Option<PixelFormat>,
    /// Files begin again after the last one.
    pub looped: bool,
}

impl Default for SourceOptions {
    fn default() -> Self {
        SourceOptions { width: 640, height: 480, fps: 30, format: None, looped: false }
    }
}

/// Why [`Source::read`] gave no frame.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// Nothing came within the time; ask again.
    #[error("no frame in time")]
    Timeout,
    /// One frame was damaged and is counted as such; the next may be whole.
    #[error("corrupt frame: {0}")]
    Corrupt(String),
    /// The device is gone: the source must be opened again.
    #[error(transparent)]
    Lost(#[from] Error),
    /// The last frame was read.
    #[error("end of the source")]
    End,
}

/// Something that gives frames.
pub trait Source: Send {
    /// One line for the log and the JSON: URI, name, format, size and rate.
    fn describe(&self) -> String;

    /// Reads the next frame into `frame`, reusing its buffer, waiting at most `timeout`.
    ///
    /// # Errors
    /// See [`ReadError`]. A source that has said `Lost` or `End` is dropped.
    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError>;
}

/// One row of the table of sources.
pub struct SourceKind {
    /// What the URI begins with, such as `v4l2://` or `demo:`.
    pub prefix: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Opens the source; the argument is the URI without the prefix.
    pub open: fn(&str, &SourceOptions) -> Result<Box<dyn Source>>,
}
