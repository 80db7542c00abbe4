//! What stands behind the flags in `--help` and in the manual pages.

use std::fmt::Write;

use crate::display;

/// A part of a page: a heading, and what it lists with an explanation each.
pub(crate) struct Section {
    pub heading: &'static str,
    pub entries: &'static [(&'static str, &'static str)],
    /// Whether it stands in `--help` too, not only in the manual page.
    is_in_help: bool,
}

/// The sections of a command's page; `face8x` is the program itself.
pub(crate) fn sections(command: &str) -> &'static [Section] {
    match command {
        "face8x" => &[STARTING, KEYS, EXIT_STATUS, FILES, ENVIRONMENT],
        "run" => &[RUNNING, KEYS, EXIT_STATUS, FILES, ENVIRONMENT],
        "image" => &[PHOTOGRAPHS, EXIT_STATUS],
        "bench" => &[MEASURING, EXIT_STATUS, BENCH_ENVIRONMENT],
        "doctor" => &[DOCTOR_STATUS],
        "test-pattern" => &[PATTERNS, EXIT_STATUS],
        "man" => &[MANUAL],
        "completions" => &[COMPLETIONS],
        _ => &[],
    }
}

/// The sections of a command that stand in its help.
pub(super) fn help(command: &str) -> String {
    let mut text = String::new();
    for section in sections(command).iter().filter(|s| s.is_in_help) {
        let entries = section.entries.iter();
        let widest = entries.map(|(term, _)| term.len()).max().unwrap_or(0);
        let gap = if text.is_empty() { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{gap}{}:", capitalised(section.heading));
        for (term, meaning) in section.entries {
            let _ = writeln!(text, "  {term:<widest$}  {meaning}");
        }
    }
    text
}

/// "EXIT STATUS" as clap writes its headings: "Exit status".
fn capitalised(heading: &str) -> String {
    let (first, rest) = heading.split_at(1);
    format!("{first}{}", rest.to_lowercase())
}

/// A section of the help and the manual page.
const fn shown(heading: &'static str, entries: &'static [(&'static str, &'static str)]) -> Section {
    Section {
        heading,
        entries,
        is_in_help: true,
    }
}

/// A section of the manual page alone.
const fn manual(
    heading: &'static str,
    entries: &'static [(&'static str, &'static str)],
) -> Section {
    Section {
        heading,
        entries,
        is_in_help: false,
    }
}

const STARTING: Section = shown(
    "EXAMPLES",
    &[
        (
            "face8x",
            "from the first camera (or the demo) to the first display",
        ),
        (
            "face8x --sink http:0.0.0.0:8080",
            "look at it in a browser; the log shows the address",
        ),
        (
            "face8x image holiday/ -o faces/",
            "the faces of a folder of photographs",
        ),
        ("face8x doctor", "what is wrong on this machine"),
    ],
);

const RUNNING: Section = shown(
    "EXAMPLES",
    &[
        ("face8x run --source /dev/video0", "a USB camera"),
        (
            "face8x run --source rpicam://0 --sink drm",
            "a CSI camera of a Raspberry Pi, no desktop",
        ),
        (
            "face8x run --source rtsp://user:password@camera/stream",
            "a network camera",
        ),
        (
            "face8x run --source party.mp4 --sink png:out/%05d.png",
            "every frame of a video",
        ),
        (
            "face8x run --sink drm --sink http:8080",
            "a display, and a browser on this machine",
        ),
        (
            "face8x run --sink drm --sink avi:door.avi --keep 8",
            "a display, and a recording of at most 8 GB",
        ),
        ("face8x run --sink spi:ili9341,dc=24,rst=25", "an SPI panel"),
        (
            "face8x run --faces 4 --view strip --rotate 90",
            "four faces, on a display on its side",
        ),
        ("face8x run --config face8x.toml", "the flags from a file"),
    ],
);

const KEYS: Section = shown("KEYS", display::KEYS);

const EXIT_STATUS: Section = manual(
    "EXIT STATUS",
    &[
        (
            "0",
            "Success. The source ended, somebody quit, or SIGINT or SIGTERM came.",
        ),
        (
            "1",
            "Failure: of a device, a file, a picture or a measurement. The message has a remedy.",
        ),
        ("2", "A mistake in the flags or in the configuration file."),
    ],
);

const DOCTOR_STATUS: Section = manual(
    "EXIT STATUS",
    &[
        ("0", "No problem was found; there may be notes."),
        (
            "1",
            "A problem was found, or the findings could not be printed.",
        ),
        ("2", "A mistake in the flags."),
    ],
);

const FILES: Section = manual(
    "FILES",
    &[
        (
            "/etc/face8x/face8x.toml",
            "The configuration of face8x.service: flags without their dashes.",
        ),
        (
            "/usr/share/face8x/*.onnx",
            "Other networks for --model, from the Debian package.",
        ),
        (
            "face8x.png",
            "The picture, in the working folder, where there is no display.",
        ),
        (
            "face8x-0001.png, ...",
            "Pictures that the key s saved, in the working folder.",
        ),
    ],
);

const KERNEL: (&str, &str) = (
    "FACE8X_KERNEL",
    "The kernel of the integer engine, such as avx2; a wrong name lists those of this processor.",
);

const ENVIRONMENT: Section = manual(
    "ENVIRONMENT",
    &[
        KERNEL,
        (
            "RUST_LOG",
            "Which messages are logged, such as face8x=debug; overrides -v and -q.",
        ),
        (
            "WAYLAND_DISPLAY, DISPLAY",
            "The desktop on which a window opens.",
        ),
    ],
);

const BENCH_ENVIRONMENT: Section = manual("ENVIRONMENT", &[KERNEL]);

const PHOTOGRAPHS: Section = shown(
    "EXAMPLES",
    &[
        (
            "face8x image group.jpg -o faces/",
            "each face as a PNG file of 128x128 pixels",
        ),
        (
            "face8x image holiday/ -o faces/ --recursive",
            "of all pictures in all folders below",
        ),
        (
            "face8x image group.jpg -o group.png --paste-back",
            "the picture with its small faces replaced",
        ),
        ("face8x image group.jpg --json", "only where the faces are"),
    ],
);

const MEASURING: Section = shown(
    "EXAMPLES",
    &[
        ("face8x bench --quick", "a first look, in seconds"),
        ("face8x bench --send", "a file of results for docs/results"),
        ("face8x bench --compare mine.json", "against an earlier run"),
        (
            "face8x bench --compare old.json new.json",
            "two runs that were measured before",
        ),
        (
            "face8x bench --model-only --threads 1,2",
            "the engines beside each other",
        ),
    ],
);

const PATTERNS: Section = shown(
    "EXAMPLES",
    &[
        (
            "face8x test-pattern --sink drm",
            "a display; Ctrl-C ends it",
        ),
        (
            "face8x test-pattern --sink spi:st7789,dc=24,rst=25",
            "an SPI panel",
        ),
        (
            "face8x test-pattern --sink png:pattern.png",
            "what it looks like",
        ),
    ],
);

const MANUAL: Section = shown(
    "EXAMPLES",
    &[
        ("face8x man | man -l -", "read the program's own page"),
        (
            "face8x man /usr/local/share/man/man1",
            "install all of them",
        ),
    ],
);

const COMPLETIONS: Section = shown(
    "EXAMPLES",
    &[
        ("source <(face8x completions bash)", "for this shell"),
        (
            "face8x completions fish >~/.config/fish/completions/face8x.fish",
            "for good",
        ),
    ],
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::{CommandFactory, Parser};

    #[test]
    fn every_example_of_face8x_is_a_valid_command_line() {
        let mut checked = 0;
        let commands = Cli::command();
        let names = commands.get_subcommands().map(|command| command.get_name());
        for section in names.chain(["face8x"]).flat_map(sections) {
            for (line, _) in section.entries {
                let line = line
                    .split([' '])
                    .take_while(|word| !word.starts_with(['|', '>']));
                let words: Vec<&str> = line.collect();
                if words.first() == Some(&"face8x") {
                    let parsed = Cli::try_parse_from(&words);
                    assert!(parsed.is_ok(), "{words:?}: {}", parsed.err().unwrap());
                    checked += 1;
                }
            }
        }
        assert!(checked > 20, "{checked}");
    }

    #[test]
    fn help_has_examples_and_keys_and_the_manual_has_all() {
        let text = help("run");
        let parts = ["Examples:\n", "\nKeys:\n", "  q, Escape  quit\n"];
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert!(!text.contains("Files"), "{text}");
        let headings: Vec<&str> = sections("run").iter().map(|s| s.heading).collect();
        assert_eq!(headings[..4], ["EXAMPLES", "KEYS", "EXIT STATUS", "FILES"]);
        // Lines of help fit the terminal of a console.
        for command in [
            "face8x",
            "run",
            "image",
            "bench",
            "test-pattern",
            "man",
            "completions",
        ] {
            let long = help(command).lines().map(str::len).max().unwrap_or(0);
            assert!((1..=100).contains(&long), "{command}: {long}");
        }
    }
}
