//! What the end of a pipe means.

use super::{Input, PipeSource, StreamFormat};
use crate::Error;
use crate::capture::{ReadError, SourceOptions};

impl PipeSource {
    /// What to say at the end of the bytes.
    pub(super) fn exit_error(&mut self) -> ReadError {
        let remains = self.remains();
        match (&mut self.input, remains) {
            (Input::Child(producer), None) => {
                let error = producer.exit_error();
                match self.has_end && producer.ended_well() {
                    true => ReadError::End,
                    false => ReadError::Lost(error),
                }
            }
            (Input::Child(producer), Some(what)) => {
                let error = producer.exit_error();
                let lost = Error::other(format!("{error}; {what}"));
                ReadError::Lost(match what.remedy_text() {
                    Some(remedy) => lost.remedy(remedy),
                    None => lost,
                })
            }
            (Input::Stream(_), Some(what)) => ReadError::Lost(what.context(match &*self.name {
                "-" => "standard input",
                name => name,
            })),
            (Input::Stream(_), None) => ReadError::End,
        }
    }

    /// What is wrong with the bytes after the last frame. The last picture of an MJPEG stream is
    /// often cut off: that is no error unless it was the only one.
    fn remains(&self) -> Option<Error> {
        let SourceOptions { width, height, .. } = self.options;
        match &self.form {
            StreamFormat::Raw {
                format,
                bytes,
                filled,
            } if *filled > 0 => Some(
                Error::other(format!(
                    "{filled} bytes were left of the {} of a {format} frame of {width}x{height}",
                    bytes.len()
                ))
                .remedy(
                    "are --size and --format those of the stream? Programs that use GStreamer pad \
                     rows unless the width is a multiple of 8",
                ),
            ),
            StreamFormat::Y4m(..) if self.frames == 0 => Some(Error::other("no complete frame")),
            StreamFormat::Mjpeg if self.frames == 0 => {
                let error = Error::other("no complete JPEG picture");
                Some(error.remedy("give --format and --size where the frames are raw"))
            }
            _ if self.frames == 0 => Some(Error::other("no data")),
            _ => None,
        }
    }
}
