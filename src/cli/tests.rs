//! The command lines of the documentation, as the command line reads them.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;

use super::Cli;

/// README and the pages of docs and board.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        "",
        "docs",
        "docs/results",
        "board/kiosk",
        "board/monitoring",
    ];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    // The changelog also names what is gone.
    let is_page = |file: &PathBuf| {
        file.extension().is_some_and(|e| e == "md") && !file.ends_with("CHANGELOG.md")
    };
    files.filter(is_page).collect()
}

/// What a page shows as code: blocks line by line, and the code within its lines.
fn code_of(page: &str) -> Vec<String> {
    let (mut code, mut is_block) = (Vec::new(), false);
    for line in page.replace("\\\n", " ").lines() {
        match line.trim_start().starts_with("```") {
            true => is_block = !is_block,
            false if is_block => code.push(line.to_owned()),
            // A table escapes its bars.
            false => code.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .map(|c| c.replace("\\|", "|")),
            ),
        }
    }
    code
}

/// The commands of a shell's line, as their words.
fn commands_of(line: &str) -> Vec<Vec<String>> {
    let (mut commands, mut word, mut quote) = (vec![Vec::new()], None::<String>, None);
    for letter in format!("{line} ").chars() {
        match (quote, letter) {
            (Some(mark), letter) if letter == mark => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ' | '|' | '>' | ';' | '#') => {
                let words = commands.last_mut().unwrap();
                words.extend(word.take());
                match letter {
                    ' ' => {}
                    '#' => break,
                    _ => commands.push(Vec::new()),
                }
            }
            _ => word.get_or_insert_default().push(letter),
        }
    }
    commands
}

/// The arguments of face8x, where the command runs it.
fn arguments(command: &[String]) -> Option<&[String]> {
    let before = |word: &String| word == "sudo" || word.contains('=');
    let at = command.iter().position(|word| !before(word))?;
    (command[at] == "face8x").then(|| &command[at..])
}

/// Whether the command line reads it; one that only names a command and a flag leaves out the rest.
fn is_valid(words: &[String]) -> bool {
    let about = [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelp];
    Cli::try_parse_from(words).map_or_else(|error| about.contains(&error.kind()), |_| true)
}

#[test]
fn every_command_line_of_the_documentation_is_valid() {
    let (mut count, mut invalid) = (0, Vec::new());
    for page in pages() {
        for line in code_of(&fs::read_to_string(&page).unwrap()) {
            for command in commands_of(&line) {
                // "COMMAND" stands for any.
                let words = arguments(&command).filter(|w| w.iter().all(|w| w != "COMMAND"));
                if let Some(words) = words {
                    count += 1;
                    if !is_valid(words) {
                        invalid.push(format!("{}: {line}", page.display()));
                    }
                }
            }
        }
    }
    assert!(invalid.is_empty(), "{invalid:#?}");
    assert!(count > 60, "{count}");
}

#[test]
fn words_are_found_as_a_shell_finds_them() {
    let line = "FACE8X_KERNEL=avx2 face8x --sink \"pipe:a | b\" 'c d' | mpv - # shows";
    let commands = commands_of(line);
    let words = arguments(&commands[0]).unwrap();
    assert_eq!(words, ["face8x", "--sink", "pipe:a | b", "c d"]);
    assert_eq!(commands[1], ["mpv", "-"]);
    assert_eq!(arguments(&commands[1]), None);
}
