//! Why does it not work here? Checks of what face8x needs from the machine, each with a remedy.
//!
//! The checks judge the device inventory, the facts about the board, and what [`Surroundings`]
//! hands them. Nothing is opened but video nodes, to ask their drivers: a camera in use is not
//! disturbed.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::host::board::Board;
use crate::host::devices::{AskDriver, Devices, Session};
use crate::words::counted;
use crate::{Error, Result};

mod cameras;
mod displays;
mod machine;
#[cfg(test)]
mod tests;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing; face8x runs all the same.
    Note,
    /// Something that a user wants will not work.
    Problem,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Severity::Ok => "ok",
            Severity::Note => "note",
            Severity::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was looked at, in a word or two: "camera", "temperature".
    pub name: String,
    /// How bad it is.
    #[serde(rename = "status")]
    pub severity: Severity,
    /// What was found, in one line.
    pub finding: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Check {
    /// All is well.
    pub(crate) fn ok(name: impl Into<String>, finding: impl Into<String>) -> Check {
        Check {
            name: name.into(),
            severity: Severity::Ok,
            finding: finding.into(),
            remedy: None,
        }
    }

    /// Worth knowing, with what can be done about it.
    pub(crate) fn note(
        name: impl Into<String>,
        finding: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Check {
        Check {
            severity: Severity::Note,
            remedy: Some(remedy.into()),
            ..Check::ok(name, finding)
        }
    }

    /// Will not work, with what fixes it.
    pub(crate) fn problem(
        name: impl Into<String>,
        finding: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Check {
        Check {
            severity: Severity::Problem,
            ..Check::note(name, finding, remedy)
        }
    }
}

/// All that was looked at; `Display` prints it as a table with a last line that sums it up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Diagnosis {
    /// In the order in which a person wants to read them.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// How many checks found something of this kind.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        let of_kind = |check: &&Check| check.severity == severity;
        self.checks.iter().filter(of_kind).count()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.checks.iter().map(|check| check.name.len()).max();
        let width = widest.unwrap_or(0);
        for check in &self.checks {
            let word = check.severity.word();
            writeln!(f, "{word:<7}  {:<width$}  {}", check.name, check.finding)?;
            if let Some(remedy) = &check.remedy {
                writeln!(f, "{:<7}  {:<width$}  -> {remedy}", "", "")?;
            }
        }
        let number = |count: usize, word: &str| match count {
            0 => format!("no {word}s"),
            count => counted(count, word).to_string(),
        };
        let notes = number(self.count(Severity::Note), "note");
        match self.count(Severity::Problem) {
            0 => writeln!(f, "no problem found, {notes}"),
            problems => writeln!(f, "{} found, {notes}", number(problems, "problem")),
        }
    }
}

/// What cannot be read from the file system, and what the caller knows better.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// The result of checking the model file: a line about it, or what is wrong with it. `None` where
    /// no model was checked.
    pub model: Option<Result<String>>,
    /// The same of the landmark network.
    pub landmarks: Option<Result<String>>,
    /// The folder that pictures are written to.
    pub output: Option<PathBuf>,
    /// The window systems that the environment names.
    pub session: Session,
}

impl Surroundings {
    /// The environment of this process, and its working folder as the output.
    pub(crate) fn of_process() -> Surroundings {
        Surroundings {
            model: None,
            landmarks: None,
            output: std::env::current_dir().ok(),
            session: Session::of_process(),
        }
    }
}

/// What every check may ask about the machine.
struct CheckedMachine<'a> {
    root: &'a Path,
    board: Board,
    devices: Devices,
    surroundings: &'a Surroundings,
}

impl CheckedMachine<'_> {
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

/// Looks at the machine whose file system lies below `root` (`/` for this one); `ask` asks the
/// driver of a video node, where this build can.
pub(crate) fn examine(
    root: &Path,
    surroundings: &Surroundings,
    ask: Option<AskDriver>,
) -> Diagnosis {
    let machine = CheckedMachine {
        root,
        board: Board::read_in(root),
        devices: Devices::find(root, &surroundings.session, ask),
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
    Diagnosis { checks }
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
