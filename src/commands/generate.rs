//! `face8x man` and `face8x completions`: files for packages, made of the command line itself.

use std::path::Path;
use std::process::ExitCode;

use crate::{Error, Result};
use clap::CommandFactory;

use super::console;
use crate::cli::{Cli, CompletionsArgs, ManArgs};

/// Writes the manual pages: all of them into a folder, or the program's own to standard output.
pub(super) fn man(arguments: ManArgs) -> Result<ExitCode> {
    // `face8x help` needs no page of its own.
    let command = Cli::command().disable_help_subcommand(true);
    match arguments.folder {
        Some(folder) => {
            std::fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(command, &folder))
                .map_err(|error| cannot_write(&folder, &error))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(|error| Error::io("cannot make the manual page", error))?;
            console::print(String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes what a shell needs to complete face8x's commands and flags to standard output.
pub(super) fn completions(arguments: CompletionsArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "face8x", &mut script);
    console::print(String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

fn cannot_write(folder: &Path, error: &std::io::Error) -> Error {
    Error::other(format!("cannot write into {}: {error}", folder.display()))
        .remedy("name a folder that you may write into")
}
