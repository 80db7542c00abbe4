//! `face8x man` and `face8x completions`: files for packages, made of the command line itself.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::console;
use crate::capture::SOURCES;
use crate::cli::{Cli, CompletionsArgs, ManArgs, sections};
use crate::compose::{Rotation, View};
use crate::display::SINKS;
use crate::{Error, Result};
use face8x_core::restore::RESTORERS;

/// Writes the manual pages: all of them into a folder, or the program's own to standard output.
pub(super) fn man(arguments: ManArgs) -> Result<ExitCode> {
    // `face8x help` needs no page of its own.
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let failed = |error| Error::io("cannot make the manual page", error);
    let Some(folder) = arguments.folder else {
        let page = page(&program).map_err(failed)?;
        console::print(String::from_utf8_lossy(&page))?;
        return Ok(ExitCode::SUCCESS);
    };
    fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
    for command in std::iter::once(&program).chain(program.get_subcommands()) {
        let page = page(command).map_err(failed)?;
        let file = folder.join(Man::new(command.clone()).get_filename());
        fs::write(&file, page).map_err(|error| cannot_write(&folder, &error))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The manual page of a command. Its sections stand where man-pages(7) has them.
fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let is_program = command.has_subcommands();
    // What stands behind the flags in the help has sections of its own here, and the version is in
    // the page's last line.
    let plain = command.clone().after_help(None::<&str>).version(None);
    let man = Man::new(plain)
        .source(concat!("face8x ", env!("CARGO_PKG_VERSION")))
        .manual("face8x manual");
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut rest = Roff::new();
    for section in sections(command.get_name()) {
        rest.control("SH", [section.heading]);
        for (term, meaning) in section.entries {
            rest.control("TP", []);
            rest.text([bold(*term)]);
            rest.text([roman(*meaning)]);
        }
    }
    if !is_program {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([bold("face8x"), roman("(1)")]);
    }
    page.extend(rest.to_roff().into_bytes());
    Ok(page)
}

/// Writes what a shell needs to complete face8x's commands, flags and values to standard output.
pub(super) fn completions(arguments: CompletionsArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    let mut command = with_values(Cli::command(), arguments.shell);
    clap_complete::generate(arguments.shell, &mut command, "face8x", &mut script);
    let script = String::from_utf8_lossy(&script);
    console::print(with_files(&script, arguments.shell))?;
    Ok(ExitCode::SUCCESS)
}

/// The command and its subcommands with the values that a shell can offer for their flags. The flags
/// take others, too, so that this command only describes.
fn with_values(command: Command, shell: Shell) -> Command {
    let command = command.mut_args(|flag| {
        let mut values = flag.get_long().map(values_of).unwrap_or_default();
        // zsh ends a value that has an explanation at its first colon.
        if shell == Shell::Zsh && values.iter().any(|value| value.get_name().contains(':')) {
            values = values.into_iter().map(|v| v.help(None::<&str>)).collect();
        }
        match values.is_empty() {
            true => flag,
            false => flag.value_parser(PossibleValuesParser::new(values)),
        }
    });
    command.mut_subcommands(|command| with_values(command, shell))
}

/// The script that offers files for a source, too. bash does where no value fits.
fn with_files(script: &str, shell: Shell) -> String {
    match shell {
        Shell::Fish => {
            let lines = script
                .lines()
                .map(|line| match line.contains(" -l source ") {
                    true => line.replace(" -r -f -a ", " -r -F -a "),
                    false => line.to_owned(),
                });
            lines.map(|line| line + "\n").collect()
        }
        Shell::Zsh => {
            let mut parts = script.split(":URI:(");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |text, part| {
                let (values, rest) = part.split_once(')').unwrap_or((part, ""));
                let files = r#""files\:file\:_files""#;
                text + &format!(
                    r#":URI:{{_alternative "values\:source\:({values})" {files}}}{rest}"#
                )
            })
        }
        _ => script.to_owned(),
    }
}

/// What is offered for a flag.
fn values_of(flag: &str) -> Vec<PossibleValue> {
    let value = |name: &'static str, help: &'static str| PossibleValue::new(name).help(help);
    match flag {
        "source" => SOURCES.iter().map(|s| value(s.prefix, s.help)).collect(),
        "sink" => SINKS.iter().map(|s| value(begun(s.name), s.help)).collect(),
        "view" => View::ALL.map(|view| value(view.name(), view.help())).into(),
        "rotate" | "camera-rotate" => Rotation::ALL.map(|r| PossibleValue::new(r.name())).into(),
        "camera-flip" => vec![value("h", "left and right"), value("v", "top and bottom")],
        "restorer" => RESTORERS.iter().map(|r| value(r.name, r.help)).collect(),
        _ => Vec::new(),
    }
}

/// A sink as it begins: with a colon where something has to follow.
fn begun(sink: &'static str) -> &'static str {
    match sink {
        "spi" => "spi:",
        "test" => "test:",
        "png" => "png:",
        "http" => "http:",
        "pipe" => "pipe:",
        _ => sink,
    }
}

fn cannot_write(folder: &Path, error: &std::io::Error) -> Error {
    Error::other(format!("cannot write into {}: {error}", folder.display()))
        .remedy("name a folder that you may write into")
}
