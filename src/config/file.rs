//! The configuration file: TOML with the flags' names, and the line of a mistake in it.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Spanned, Value};

use super::RunOptions;
use crate::{Error, Result};
use face8x_core::files;

/// A larger file is no configuration.
const MAX_MB: u64 = 1;

impl RunOptions {
    /// Reads a TOML file of flags without their dashes, such as `view = "strip"`.
    ///
    /// # Errors
    /// The file cannot be read, isn't TOML, or has an unknown key (the nearest valid one is
    /// named) or an invalid value; each with the line.
    pub fn from_file(path: &Path) -> Result<RunOptions> {
        let text = files::read_text(path, MAX_MB).map_err(|e| {
            Error::usage(format!(
                "cannot read the configuration {}: {e}",
                path.display()
            ))
            .remedy("check the path of --config and its permissions")
        })?;
        RunOptions::from_toml(&text).map_err(|e| e.context(path.display()))
    }

    /// Reads options from TOML text; see [`RunOptions::from_file`].
    ///
    /// # Errors
    /// As those of [`RunOptions::from_file`].
    pub fn from_toml(text: &str) -> Result<RunOptions> {
        let keys: BTreeMap<String, Spanned<Value>> = toml::from_str(text).map_err(|e| {
            let error = Error::usage(e.message()).remedy(
                "write TOML lines of a flag's name and its value, such as view = \"strip\"",
            );
            match e.span() {
                Some(span) => at_line(error, text, span.start),
                None => error,
            }
        })?;
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_by_key(|(_, value)| value.span().start);
        let mut options = RunOptions::with(&[])?;
        for (key, value) in keys {
            let start = value.span().start;
            flag_value(&key, value.into_inner())
                .and_then(|value| options.set(&key, &value))
                .map_err(|error| at_line(error, text, start))?;
        }
        Ok(options)
    }
}

/// A key's value as the flag of its name takes it: a table is `key=value,key=value`, and a list of
/// sinks a sink a line.
fn flag_value(key: &str, value: Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(yes) => Ok(yes.to_string()),
        Value::Table(table) => {
            let pairs = table.into_iter().map(|(part, value)| {
                let value = flag_value(&part, value)?;
                Ok(format!("{part}={value}"))
            });
            Ok(pairs.collect::<Result<Vec<String>>>()?.join(","))
        }
        Value::Array(list) if key == "sink" => {
            let sinks = list.into_iter().map(|value| flag_value("sinks", value));
            Ok(sinks.collect::<Result<Vec<String>>>()?.join("\n"))
        }
        Value::Datetime(_) | Value::Array(_) => {
            let kind = value.type_str();
            Err(Error::usage(format!("invalid value of \"{key}\": {kind}"))
                .remedy("write a number, true, false or a text in quotes"))
        }
    }
}

/// `error` with the line of the byte `position` of `text` in front.
fn at_line(error: Error, text: &str, position: usize) -> Error {
    let before = &text.as_bytes()[..position.min(text.len())];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    error.context(format_args!("line {line}"))
}
