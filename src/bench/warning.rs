//! Why figures should be read with care, and what to do about it.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::words::counted;

/// A reason to read the figures with care. It is written as its `code` and its `text`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Warning {
    DebugBuild,
    Quick,
    Emulated,
    VirtualMachine,
    Governor(String),
    /// In MHz.
    ClockLimited {
        limit: Option<u32>,
        max: Option<u32>,
    },
    /// One that concerns a case alone, by the case's name.
    Case(String, CaseWarning),
}

/// A reason to read the figures of one case with care.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CaseWarning {
    /// It was not measured, for this reason.
    Failed(String),
    Incomplete,
    Throttled(Vec<String>),
    /// In MHz.
    ClockChanged {
        low: u32,
        high: u32,
    },
    /// Cores that other programs used.
    OtherLoad(f64),
    /// Cores that the host of a virtual machine took.
    Stolen(f64),
    Faceless {
        frames: u64,
        all: u64,
    },
    Source {
        corrupt: u64,
        lost: u64,
    },
}

impl Warning {
    /// A word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Warning::DebugBuild => "debug-build",
            Warning::Quick => "quick",
            Warning::Emulated => "emulated",
            Warning::VirtualMachine => "virtual-machine",
            Warning::Governor(_) => "governor",
            Warning::ClockLimited { .. } => "clock-limited",
            Warning::Case(_, warning) => match warning {
                CaseWarning::Failed(_) => "failed",
                CaseWarning::Incomplete => "incomplete",
                CaseWarning::Throttled(_) => "throttled",
                CaseWarning::ClockChanged { .. } => "clock-changed",
                CaseWarning::OtherLoad(_) => "other-load",
                CaseWarning::Stolen(_) => "stolen",
                CaseWarning::Faceless { .. } => "faceless",
                CaseWarning::Source { .. } => "source",
            },
        }
    }
}

/// A sentence for people: what is wrong, and what to do about it.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Warning::DebugBuild => f.write_str(
                "a debug build is many times slower: build with `cargo build --release`",
            ),
            Warning::Quick => f.write_str(
                "fewer than 1,024 runs or less than 60 seconds: leave out --quick and --seconds",
            ),
            Warning::Emulated => {
                f.write_str("the processor is emulated: the figures say nothing about real boards")
            }
            Warning::VirtualMachine => f.write_str(
                "this is a virtual machine: its host may take time and change the clock unnoticed",
            ),
            Warning::Governor(name) => write!(
                f,
                "the CPU governor is '{name}', which changes the clock: echo performance | sudo tee \
                 /sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
            ),
            Warning::ClockLimited { limit, max } => {
                let megahertz =
                    |clock: &Option<u32>| clock.map_or("?".into(), |clock| clock.to_string());
                let (limit, max) = (megahertz(limit), megahertz(max));
                write!(f, "the clock is limited to {limit} of {max} MHz")
            }
            Warning::Case(name, warning) => write!(f, "{name}: {warning}"),
        }
    }
}

impl fmt::Display for CaseWarning {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            CaseWarning::Failed(error) => write!(f, "not measured: {error}"),
            CaseWarning::Incomplete => f.write_str("stopped early"),
            CaseWarning::Throttled(reasons) => {
                let reasons = reasons.join(", ");
                write!(
                    f,
                    "{reasons}: cool the board and use a stronger power supply"
                )
            }
            CaseWarning::ClockChanged { low, high } => {
                write!(f, "the clock changed between {low} and {high} MHz")
            }
            CaseWarning::OtherLoad(cores) => {
                write!(f, "other programs used {cores:.2} cores: stop them")
            }
            CaseWarning::Stolen(cores) => {
                write!(f, "the virtual machine's host took {cores:.2} cores")
            }
            CaseWarning::Faceless { frames, all } => {
                write!(f, "{frames} of {} had no face", counted(*all, "frame"))
            }
            CaseWarning::Source { corrupt, lost } => {
                let (frames, times) = (counted(*corrupt, "frame"), counted(*lost, "time"));
                write!(f, "damaged: {frames}; the source was lost: {times}")
            }
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Warning", 2)?;
        fields.serialize_field("code", self.code())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}
