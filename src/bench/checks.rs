//! When figures should be read with care.

use super::machine::Machine;
use super::report::{BenchCase, BenchReport};
use super::warning::{CaseWarning, Warning};
use face8x_core::Error;

/// Cores that other programs may use.
const MAX_OTHER_LOAD: f64 = 0.05;
/// Cores that a virtual machine's host may take.
const MAX_STOLEN: f64 = 0.02;
/// A clock that falls below this part of its highest has changed.
const STEADY_CLOCK: f64 = 0.98;
/// Part of the frames that may be without a face.
const MAX_FACELESS: f64 = 0.01;

/// The warnings of the program, of the machine and of each case; `failed` are the names of the cases
/// that could not be measured, each with the reason.
pub(crate) fn warnings(report: &BenchReport, failed: &[(String, Error)]) -> Vec<Warning> {
    let mut found = Vec::new();
    if report.build != "release" {
        found.push(Warning::DebugBuild);
    }
    if report.quick {
        found.push(Warning::Quick);
    }
    found.extend(of_machine(&report.machine));
    for case in &report.cases {
        let warnings = of_case(case).into_iter();
        found.extend(warnings.map(|warning| Warning::Case(case.name(), warning)));
    }
    found.extend(
        failed.iter().map(|(name, error)| {
            Warning::Case(name.clone(), CaseWarning::Failed(error.to_string()))
        }),
    );
    // Groups of cores may change their clocks alike.
    found.dedup();
    found
}

fn of_machine(machine: &Machine) -> Vec<Warning> {
    let mut found = Vec::new();
    if machine.emulated {
        found.push(Warning::Emulated);
    } else if machine.virtual_machine {
        found.push(Warning::VirtualMachine);
    }
    let mut governors = machine
        .clocks
        .iter()
        .filter_map(|group| group.governor.as_deref());
    if let Some(governor) = governors.find(|name| *name != "performance") {
        found.push(Warning::Governor(governor.to_owned()));
    }
    if let Some(group) = machine.clocks.iter().find(|group| group.limit < group.max) {
        let (limit, max) = (group.limit, group.max);
        found.push(Warning::ClockLimited { limit, max });
    }
    found
}

fn of_case(case: &BenchCase) -> Vec<CaseWarning> {
    let mut found = Vec::new();
    let activity = &case.activity;
    if !case.complete {
        found.push(CaseWarning::Incomplete);
    }
    if !activity.throttling.is_empty() {
        found.push(CaseWarning::Throttled(activity.throttling.clone()));
    }
    for &(low, high) in &activity.clocks_mhz {
        if f64::from(low) < f64::from(high) * STEADY_CLOCK {
            found.push(CaseWarning::ClockChanged { low, high });
        }
    }
    let above = |cores: Option<f64>, limit| cores.filter(|cores| *cores > limit);
    found.extend(above(activity.other_load, MAX_OTHER_LOAD).map(CaseWarning::OtherLoad));
    found.extend(above(activity.stolen, MAX_STOLEN).map(CaseWarning::Stolen));
    let (frames, all) = (case.faceless, case.frames as u64 + case.faceless);
    if frames as f64 > all as f64 * MAX_FACELESS {
        found.push(CaseWarning::Faceless { frames, all });
    }
    let (corrupt, lost) = (case.corrupt, case.lost);
    if corrupt + lost > 0 {
        found.push(CaseWarning::Source { corrupt, lost });
    }
    found
}
