//! The configuration file: TOML with the flags' names, and where in it a mistake is.

use std::collections::BTreeMap;
use std::path::Path;

use super::Options;
use crate::{Error, Result};
use face8x_core::files;

/// A file that is larger is none of these options'.
const MAX_MB: u64 = 1;

impl Options {
    /// Reads a TOML file of these options and checks their values.
    ///
    /// # Errors
    /// The file cannot be read, isn't TOML, or has an unknown key (the nearest known one is
    /// named) or a value that [`resolve`](Options::resolve) refuses; each with the line.
    pub fn from_file(path: &Path) -> Result<Options> {
        let text = files::read_text(path, MAX_MB).map_err(|e| {
            Error::other(format!(
                "cannot read the configuration {}: {e}",
                path.display()
            ))
            .remedy("check the path given with --config and its permissions")
        })?;
        Options::from_toml(&text).map_err(|e| e.context(path.display()))
    }

    /// Reads options from TOML text; see [`Options::from_file`].
    ///
    /// # Errors
    /// As those of [`Options::from_file`].
    pub fn from_toml(text: &str) -> Result<Options> {
        let options: Options = toml::from_str(text).map_err(|e| {
            let error = match unknown_key(e.message()) {
                Some((key, known)) => Error::unknown("key", key, &known),
                None => Error::usage(e.message()).remedy(
                    "the keys are the long flags of `face8x run --help`, such as view = \"strip\"",
                ),
            };
            match e.span() {
                Some(span) => at_line(error, text, span.start),
                None => error,
            }
        })?;
        match options.clone().resolve() {
            Ok(_) => Ok(options),
            Err(error) => Err(locate(text, error)),
        }
    }
}

/// `error`, which the values of `text` led to, with the line of the first value that is refused by
/// itself.
fn locate(text: &str, error: Error) -> Error {
    let values: BTreeMap<String, toml::Spanned<toml::Value>> =
        toml::from_str(text).unwrap_or_default();
    let refused = values.into_iter().filter_map(|(key, value)| {
        let start = value.span().start;
        let alone = toml::Table::from_iter([(key, value.into_inner())]);
        let error = alone.try_into::<Options>().ok()?.resolve().err()?;
        Some((start, error))
    });
    match refused.min_by_key(|(start, _)| *start) {
        Some((start, error)) => at_line(error, text, start),
        None => error,
    }
}

/// `error` with the line of the byte `position` of `text` in front.
fn at_line(error: Error, text: &str, position: usize) -> Error {
    let before = &text.as_bytes()[..position.min(text.len())];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    error.context(format_args!("line {line}"))
}

/// The key that serde's "unknown field `KEY`, expected one of `A`, `B`" names, and the known ones.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2);
    Some((quoted.next()?, quoted.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_the_nearest_and_its_line() {
        let error = Options::from_toml("view = 'strip'\nsorce = 'demo:'").unwrap_err();
        assert_eq!(error.to_string(), "line 2: unknown key \"sorce\"");
        assert!(
            error
                .remedy_text()
                .unwrap()
                .starts_with("did you mean \"source\"?")
        );
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_table_has_its_own_keys() {
        let text = "view = 'strip'\n\n[button]\nlien = 17\n";
        let error = Options::from_toml(text).unwrap_err();
        assert_eq!(error.to_string(), "line 4: unknown key \"lien\"");
        let remedy = error.remedy_text().unwrap();
        assert!(remedy.starts_with("did you mean \"line\"?"), "{remedy}");
        let error = Options::from_toml("faces = 1\n[button]\naction = 'view'\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2: missing field `line`");
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line) in [
            ("faces = 'many'", 1),
            ("\nfaces = -1", 2),
            ("view", 1),
            ("= 3", 1),
            ("# a comment\n\nview = 'strip'\nfaces = 9\n", 4),
            ("view = 'stripe'\nfaces = 9\n", 1),
            ("threads = 65\nfaces = 9\n", 1),
            ("source = 'demo:'\nsink = 'drn'\n", 2),
        ] {
            let error = Options::from_toml(text).unwrap_err();
            let begin = format!("line {line}: ");
            assert!(error.to_string().starts_with(&begin), "{text:?}: {error}");
        }
    }
}
