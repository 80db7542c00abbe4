//! What went wrong, and what to do about it.

/// The result of every fallible call of this library that a user may have to mend.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure as a person reads it: what happened, and the remedy where one is known.
///
/// `Display` prints what happened alone; the binary prints the remedy on a line of its own.
///
/// ```
/// use face8x::Error;
/// let error = Error::new("/dev/video9 does not exist").remedy("`face8x list` shows the cameras");
/// assert_eq!(error.to_string(), "/dev/video9 does not exist");
/// assert_eq!(error.remedy_text(), Some("`face8x list` shows the cameras"));
/// assert_eq!(error.exit_code(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    what: String,
    remedy: Option<String>,
    usage: bool,
}

impl Error {
    /// A failure at run time (exit code 1). `what` is one line in lower case without a full stop,
    /// naming the device, file or value concerned.
    pub fn new(what: impl Into<String>) -> Self {
        Error {
            what: what.into(),
            remedy: None,
            usage: false,
        }
    }

    /// A mistake in the command line or the configuration (exit code 2).
    pub fn usage(what: impl Into<String>) -> Self {
        Error {
            usage: true,
            ..Error::new(what)
        }
    }

    /// A usage error: there is no `kind` called `name`; the remedy names the nearest of `known`, if
    /// one is near, and all of them.
    ///
    /// ```
    /// use face8x::Error;
    /// let error = Error::unknown("view", "stripe", &["full", "strip"]);
    /// assert_eq!(error.to_string(), "there is no view \"stripe\"");
    /// let remedy = "did you mean \"strip\"? Known are full, strip";
    /// assert_eq!(error.remedy_text(), Some(remedy));
    /// ```
    pub fn unknown(kind: &str, name: &str, known: &[&str]) -> Self {
        let all = known.join(", ");
        // What a prefix ends in says nothing about likeness.
        let stem = |s: &str| s.trim_end_matches([':', '/']).to_ascii_lowercase();
        let likeness = |a: &str, b: &str| {
            strsim::jaro_winkler(a, b).max(strsim::normalized_damerau_levenshtein(a, b))
        };
        let near = known
            .iter()
            .map(|known| (likeness(&stem(name), &stem(known)), known))
            .filter(|(likeness, _)| *likeness > 0.6)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        Error::usage(format!("there is no {kind} \"{name}\"")).remedy(match near {
            Some((_, near)) => format!("did you mean \"{near}\"? Known are {all}"),
            None => format!("known are {all}"),
        })
    }

    /// Adds what the user can do about it.
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Error {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    /// Puts `context` in front of what happened: "context: what".
    pub fn context(self, context: impl std::fmt::Display) -> Self {
        Error {
            what: format!("{context}: {}", self.what),
            ..self
        }
    }

    /// The remedy, where one is known.
    pub fn remedy_text(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// The process's exit code for this error: 2 for usage, 1 otherwise.
    pub fn exit_code(&self) -> u8 {
        if self.usage { 2 } else { 1 }
    }
}
