//! Why does it not work here? Checks of what face8x needs from the machine, each with a remedy.
//!
//! The checks look only at files below a root folder (`/`, or a test's tree) and at what
//! [`Surroundings`] hands them: nothing is opened, so a camera in use is not disturbed.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::host::board::{Board, Identity};
use crate::{Error, Result};

mod access;
mod cameras;
mod displays;
mod machine;
#[cfg(test)]
mod tests;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Worth knowing; face8x runs all the same.
    Note,
    /// Something that a user wants will not work.
    Problem,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Note => "note",
            Status::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, in a word or two: "camera", "temperature".
    pub name: String,
    /// How bad it is.
    pub status: Status,
    /// What was found, in one line.
    pub finding: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Check {
    /// All is well.
    pub fn ok(name: impl Into<String>, finding: impl Into<String>) -> Check {
        Check {
            name: name.into(),
            status: Status::Ok,
            finding: finding.into(),
            remedy: None,
        }
    }

    /// Worth knowing, with what can be done about it.
    pub fn note(
        name: impl Into<String>,
        finding: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Check {
        Check {
            status: Status::Note,
            remedy: Some(remedy.into()),
            ..Check::ok(name, finding)
        }
    }

    /// Will not work, with what mends it.
    pub fn problem(
        name: impl Into<String>,
        finding: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Check {
        Check {
            status: Status::Problem,
            ..Check::note(name, finding, remedy)
        }
    }
}

/// All that was looked at; `Display` prints it as a table with a last line that sums it up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// In the order in which a person wants to read them.
    pub checks: Vec<Check>,
}

impl Report {
    /// How many checks found something of this kind.
    pub fn count(&self, status: Status) -> usize {
        let of_kind = |check: &&Check| check.status == status;
        self.checks.iter().filter(of_kind).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.checks.iter().map(|check| check.name.len()).max();
        let width = widest.unwrap_or(0);
        for check in &self.checks {
            let word = check.status.word();
            writeln!(f, "{word:<7}  {:<width$}  {}", check.name, check.finding)?;
            if let Some(remedy) = &check.remedy {
                writeln!(f, "{:<7}  {:<width$}  -> {remedy}", "", "")?;
            }
        }
        let number = |count: usize, word: &str| match count {
            0 => format!("no {word}s"),
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        };
        let notes = number(self.count(Status::Note), "note");
        match self.count(Status::Problem) {
            0 => writeln!(f, "no problem found, {notes}"),
            problems => writeln!(f, "{} found, {notes}", number(problems, "problem")),
        }
    }
}

/// What cannot be read from the file system, and what the caller knows better.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// What checking the model file said: a line about it, or what is wrong with it. `None` where
    /// no model was checked.
    pub model: Option<Result<String>>,
    /// The same of the landmark network.
    pub landmarks: Option<Result<String>>,
    /// The folder that pictures are written to.
    pub output: Option<PathBuf>,
    /// `DISPLAY`: the X server.
    pub display: Option<String>,
    /// `WAYLAND_DISPLAY`: the compositor's socket.
    pub wayland_display: Option<String>,
    /// `XDG_RUNTIME_DIR`: where that socket lies.
    pub runtime_dir: Option<PathBuf>,
}

impl Surroundings {
    /// The environment of this process, and its working folder as the output.
    pub fn of_process() -> Surroundings {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Surroundings {
            model: None,
            landmarks: None,
            output: std::env::current_dir().ok(),
            display: variable("DISPLAY"),
            wayland_display: variable("WAYLAND_DISPLAY"),
            runtime_dir: variable("XDG_RUNTIME_DIR").map(PathBuf::from),
        }
    }
}

/// What every check may ask about the machine.
struct Machine<'a> {
    root: &'a Path,
    board: Board,
    identity: Option<Identity>,
    surroundings: &'a Surroundings,
}

impl Machine<'_> {
    /// Whether the file (a path without the leading slash) exists.
    fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// Whether a program is in one of the folders that programs are installed to.
    fn has_program(&self, name: &str) -> bool {
        let folders = ["usr/bin", "usr/local/bin", "bin"];
        folders
            .iter()
            .any(|folder| self.has(&format!("{folder}/{name}")))
    }

    fn model_contains(&self, word: &str) -> bool {
        self.board
            .model
            .as_ref()
            .is_some_and(|model| model.contains(word))
    }
}

/// Looks at the machine whose file system lies below `root` (`/` for this one).
pub fn examine(root: &Path, surroundings: &Surroundings) -> Report {
    let machine = Machine {
        root,
        board: Board::read_in(root),
        identity: Identity::read_in(root),
        surroundings,
    };
    let mut checks = vec![machine::board(&machine)];
    checks.extend(cameras::checks(&machine));
    checks.extend(displays::checks(&machine));
    let models = [
        ("model", &surroundings.model),
        ("landmarks", &surroundings.landmarks),
    ];
    for (name, checked) in models {
        checks.extend(checked.as_ref().map(|checked| model(name, checked)));
    }
    checks.extend(machine::checks(&machine));
    Report { checks }
}

fn model(name: &str, checked: &Result<String>) -> Check {
    match checked {
        Ok(finding) => Check::ok(name, finding),
        Err(error) => Check {
            remedy: error.remedy_text().map(str::to_owned),
            ..Check::problem(name, Error::to_string(error), "")
        },
    }
}
