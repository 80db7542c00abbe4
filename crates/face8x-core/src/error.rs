//! What went wrong, and what to do about it.

use std::sync::Arc;

/// The result of every fallible call of face8x.
pub type Result<T> = std::result::Result<T, Error>;

/// What an error is about, for callers that handle some errors themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A mistake in the command line or the configuration.
    Usage,
    /// A file or a stream cannot be read or written.
    Io,
    /// A camera, a display or another device does not do what it should.
    Device,
    /// A picture or a camera frame is damaged, or of a form that is not supported.
    Picture,
    /// A network file is damaged, or does not have the form that is needed.
    Model,
    /// The engine failed on a network that it has loaded.
    Engine,
    /// Anything else.
    Other,
}

/// An error as a person reads it: what happened, and the remedy where one is known.
///
/// `Display` prints what happened alone, on one line; programs print the remedy on a line of its
/// own. [`kind`](Error::kind) is for programs, and the error that caused this one is its
/// [`source`](std::error::Error::source).
///
/// ```
/// use face8x_core::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::Device, "/dev/video9 does not exist")
///     .remedy("`face8x list` shows the cameras");
/// assert_eq!(error.to_string(), "/dev/video9 does not exist");
/// assert_eq!(error.remedy_text(), Some("`face8x list` shows the cameras"));
/// assert_eq!(error.exit_code(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    remedy: Option<String>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind. `message` is one line in lower case without a full stop that names
    /// the device, file or value concerned.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            remedy: None,
            source: None,
        }
    }

    /// An error of the kind [`ErrorKind::Other`].
    pub fn other(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Other, message)
    }

    /// A mistake in the command line or the configuration (exit code 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Usage, message)
    }

    /// A failed read or write: "`message`: `source`".
    pub fn io(message: impl std::fmt::Display, source: std::io::Error) -> Self {
        Error::new(ErrorKind::Io, format!("{message}: {source}")).caused_by(source)
    }

    /// A usage error: `name` is not one of the `valid` values of `what`. The remedy names the
    /// nearest of them, if one is near, and all of them.
    ///
    /// ```
    /// use face8x_core::Error;
    /// let error = Error::unknown("view", "stripe", &["full", "strip"]);
    /// assert_eq!(error.to_string(), "unknown view \"stripe\"");
    /// let remedy = "did you mean \"strip\"? valid values: full, strip";
    /// assert_eq!(error.remedy_text(), Some(remedy));
    /// ```
    pub fn unknown(what: &str, name: &str, valid: &[&str]) -> Self {
        // What a prefix ends in says nothing about likeness.
        let stem = |s: &str| s.trim_end_matches([':', '/']).to_ascii_lowercase();
        let likeness = |a: &str, b: &str| {
            strsim::jaro_winkler(a, b).max(strsim::normalized_damerau_levenshtein(a, b))
        };
        let near = valid
            .iter()
            .map(|valid| (likeness(&stem(name), &stem(valid)), valid))
            .filter(|(likeness, _)| *likeness > 0.6)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let all = format!("valid values: {}", valid.join(", "));
        Error::usage(format!("unknown {what} \"{name}\"")).remedy(match near {
            Some((_, near)) => format!("did you mean \"{near}\"? {all}"),
            None => all,
        })
    }

    /// Adds what the user can do about it.
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Error {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    /// Adds the error that caused this one.
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Error {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    /// Puts `context` in front of the message: "context: message".
    pub fn context(self, context: impl std::fmt::Display) -> Self {
        Error {
            message: format!("{context}: {}", self.message),
            ..self
        }
    }

    /// What the error is about.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The remedy, where one is known.
    pub fn remedy_text(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// The process's exit code for this error: 2 for [`ErrorKind::Usage`], 1 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Usage => 2,
            _ => 1,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    /// The error itself, not the pointer that shares it, so that it can be downcast.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source: &(dyn std::error::Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

/// Errors are equal when a person reads the same.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.message, &self.remedy) == (other.kind, &other.message, &other.remedy)
    }
}

impl Eq for Error {}

impl From<int8::Error> for Error {
    fn from(error: int8::Error) -> Self {
        let (kind, remedy) = match error {
            int8::Error::UnknownKernel { .. } => (
                ErrorKind::Usage,
                "unset FACE8X_KERNEL, or set it to one of them",
            ),
            int8::Error::Tract(_) | int8::Error::Panic(_) => (
                ErrorKind::Model,
                "copy or export the .onnx file again, or use the embedded model",
            ),
            int8::Error::WrongLength { .. } => (
                ErrorKind::Engine,
                "this is a mistake in face8x: please report it",
            ),
            int8::Error::TooLarge { .. } => (
                ErrorKind::Model,
                "use a smaller network, or the embedded one",
            ),
            _ => (
                ErrorKind::Model,
                "quantise the network again, or use the embedded model",
            ),
        };
        Error::new(kind, error.to_string())
            .remedy(remedy)
            .caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::*;

    #[test]
    fn the_cause_is_the_error_itself() {
        let error = Error::io("cannot read x", io::ErrorKind::NotFound.into());
        let cause = error.source().unwrap();
        let cause = cause.downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::NotFound);
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(Error::other("y").source().is_none());
    }
}
