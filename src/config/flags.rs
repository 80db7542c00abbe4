//! Options from flags, by name.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::RunOptions;
use crate::{Error, Result};

/// Adds the flags of `T` to `command` for laying them over other values: none has a default, and the
/// help says what the default is.
pub(crate) fn flags<T: Args>(command: Command) -> Command {
    T::augment_args(command).mut_args(|flag| {
        let default = flag.get_default_values().first();
        let shown = default.filter(|_| !flag.is_hide_default_value_set());
        let help = match (flag.get_help(), shown) {
            (Some(help), Some(default)) => Some(format!("{help} [default: {}]", default.display())),
            _ => None,
        };
        let flag = flag.default_value(None::<&str>).required(false);
        match help {
            Some(help) => flag.help(help),
            None => flag,
        }
    })
}

impl RunOptions {
    /// The default values, with the values of some flags laid over them: `with(&[("view", "strip")])`.
    ///
    /// # Errors
    /// A usage error for an unknown flag or an invalid value.
    pub fn with(flags: &[(&str, &str)]) -> Result<RunOptions> {
        let defaults = RunOptions::augment_args(Command::new("run"));
        let mut options = defaults
            .try_get_matches_from(["run"])
            .and_then(|matches| RunOptions::from_arg_matches(&matches))
            .map_err(|error| error_of(&error))?;
        for (name, value) in flags {
            options.set(name, value)?;
        }
        Ok(options)
    }

    /// Lays the value of one flag, or of one of its other names, over these options.
    ///
    /// # Errors
    /// A usage error for an unknown flag or an invalid value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let command = flags::<RunOptions>(Command::new("run").no_binary_name(true));
        let known = command.get_arguments().any(|flag| {
            let names = flag.get_long_and_visible_aliases().unwrap_or_default();
            names.contains(&name)
        });
        if !known {
            let names: Vec<&str> = command
                .get_arguments()
                .filter_map(|a| a.get_long())
                .collect();
            return Err(Error::unknown("key", name, &names));
        }
        let flag = format!("--{name}={value}");
        let matches = command.clone().try_get_matches_from([flag]);
        self.update(&matches.map_err(|error| error_of(&error))?)
    }

    /// Lays flags that were given over these options.
    ///
    /// # Errors
    /// None that can happen: the values were parsed.
    pub(crate) fn update(&mut self, matches: &ArgMatches) -> Result<()> {
        self.update_from_arg_matches(matches)
            .map_err(|error| error_of(&error))
    }
}

/// The error of the value that clap refused, or clap's own in one line.
pub(crate) fn error_of(error: &clap::Error) -> Error {
    let source = std::error::Error::source(error);
    if let Some(ours) = source.and_then(|source| source.downcast_ref::<Error>()) {
        return ours.clone();
    }
    let text = error.to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let lines: Vec<&str> = lines.collect();
    let message = lines.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    Error::usage(message).remedy("`--help` describes the flags and their values")
}
