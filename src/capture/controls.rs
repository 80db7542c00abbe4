//! Settings of a camera by name (`--control`).

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Names and values, to be set in this order: `gain=3,power_line_frequency=50hz`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Controls(Vec<(String, String)>);

impl Controls {
    /// The pairs of name and value.
    #[cfg(feature = "v4l2")]
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Controls {
    type Err = Error;

    fn from_str(text: &str) -> Result<Controls> {
        if text.is_empty() {
            return Ok(Controls::default());
        }
        let pair = |part: &str| match part.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Error::usage(format!("invalid control \"{part}\"")).remedy(
                "write name=value,name=value, such as gain=3,power_line_frequency=50hz; \
                 `face8x list -v` shows a camera's",
            )),
        };
        text.split(',')
            .map(pair)
            .collect::<Result<_>>()
            .map(Controls)
    }
}

impl fmt::Display for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        f.write_str(&pairs.collect::<Vec<_>>().join(","))
    }
}
