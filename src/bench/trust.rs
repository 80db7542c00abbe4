//! When figures cannot be trusted, and why.

use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::report::Case;

/// Cores that other programs may keep busy.
const OTHER_LOAD: f64 = 0.05;
/// Cores that a virtual machine's host may take.
const STOLEN: f64 = 0.02;
/// A clock that falls below this part of its highest has changed.
const STEADY: f64 = 0.98;
/// Part of the frames that may be without a face.
const FACELESS: f64 = 0.01;

/// A reason not to trust the figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A word for programs.
    pub code: String,
    /// A sentence for people: what is wrong, and what to do about it.
    pub text: String,
}

impl Warning {
    /// A warning of this word and sentence.
    pub fn new(code: &str, text: impl Into<String>) -> Warning {
        Warning {
            code: code.to_owned(),
            text: text.into(),
        }
    }
}

/// What speaks against the figures of these cases of this machine: the reasons of the machine, then
/// those of each case.
pub fn warnings(machine: &Machine, cases: &[Case], build: &str, quick: bool) -> Vec<Warning> {
    let mut found = Vec::new();
    if build != "release" {
        let text = "a debug build is many times slower: cargo build --release";
        found.push(Warning::new("debug-build", text));
    }
    if quick {
        let text = "less than 1,024 runs and 60 seconds: leave out --quick and --seconds";
        found.push(Warning::new("quick", text));
    }
    of_machine(machine, &mut found);
    for case in cases {
        of_case(case, &mut found);
    }
    // Groups of cores may change their clocks alike.
    found.dedup();
    found
}

fn of_machine(machine: &Machine, found: &mut Vec<Warning>) {
    if machine.emulated {
        let text = "an emulated processor: its figures say nothing about boards";
        found.push(Warning::new("emulated", text));
    } else if machine.virtual_machine {
        let text = "a virtual machine: its host may take time and change the clock unseen";
        found.push(Warning::new("virtual-machine", text));
    }
    let governors = machine
        .clocks
        .iter()
        .filter_map(|group| group.governor.as_deref());
    if let Some(governor) = governors.into_iter().find(|name| *name != "performance") {
        let text = format!(
            "the governor is {governor}, which changes the clock: echo performance | sudo tee \
             /sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
        );
        found.push(Warning::new("governor", text));
    }
    let capped = |group: &&super::machine::CoreGroup| group.limit < group.max;
    if let Some(group) = machine.clocks.iter().find(capped) {
        let megahertz = |clock: Option<u32>| clock.map_or("?".into(), |clock| clock.to_string());
        let text = format!(
            "the clock is limited to {} of {} MHz",
            megahertz(group.limit),
            megahertz(group.max)
        );
        found.push(Warning::new("clock-limited", text));
    }
}

fn of_case(case: &Case, found: &mut Vec<Warning>) {
    let name = format!("{}, {}, threads {}", case.engine, case.model, case.threads);
    let mut warn = |code: &str, text: String| found.push(Warning::new(code, text));
    if !case.complete {
        warn("incomplete", format!("{name}: stopped before its end"));
    }
    let seen = &case.seen;
    if !seen.throttling.is_empty() {
        let reasons = seen.throttling.join(", ");
        warn(
            "throttled",
            format!(
                "{name}: {reasons}; cool the board, and give it a supply that is strong enough"
            ),
        );
    }
    for (low, high) in &seen.clocks_mhz {
        if f64::from(*low) < f64::from(*high) * STEADY {
            warn(
                "clock-changed",
                format!("{name}: the clock changed between {low} and {high} MHz"),
            );
        }
    }
    if let Some(cores) = seen.other_load.filter(|cores| *cores > OTHER_LOAD) {
        warn(
            "other-load",
            format!("{name}: other programs kept {cores:.2} cores busy; stop them"),
        );
    }
    if let Some(cores) = seen.stolen.filter(|cores| *cores > STOLEN) {
        warn(
            "stolen",
            format!("{name}: the virtual machine's host took {cores:.2} cores"),
        );
    }
    let all = case.frames as f64 + case.faceless as f64;
    if case.faceless as f64 > all * FACELESS {
        let text = format!("{name}: {} of {all} frames had no face", case.faceless);
        warn("faceless", text);
    }
    if case.corrupt + case.lost > 0 {
        let text = format!(
            "{name}: {} frames were damaged, the source was lost {} times",
            case.corrupt, case.lost
        );
        warn("source", text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::{case, machine};
    use crate::host::board::fake::Root;

    fn codes(machine: &Machine, cases: &[Case]) -> Vec<String> {
        let found = warnings(machine, cases, "release", false);
        found.into_iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn a_quiet_board_with_a_steady_clock_is_trusted() {
        assert!(codes(&machine(), &[case(1), case(2)]).is_empty());
    }

    #[test]
    fn each_reason_is_told_of_each_case() {
        type Change = fn(&mut Case);
        let changes: [(&str, Change); 7] = [
            ("incomplete", |case| case.complete = false),
            ("throttled", |case| {
                case.seen.throttling.push("under-voltage".into())
            }),
            ("clock-changed", |case| {
                case.seen.clocks_mhz = vec![(1500, 1500), (600, 1500), (600, 1500)]
            }),
            ("other-load", |case| case.seen.other_load = Some(0.06)),
            ("stolen", |case| case.seen.stolen = Some(0.03)),
            ("faceless", |case| case.faceless = 20),
            ("source", |case| case.lost = 1),
        ];
        for (code, change) in changes {
            let mut cases = [case(1), case(2), case(4)];
            cases[1..].iter_mut().for_each(change);
            let found = warnings(&machine(), &cases, "release", false);
            assert_eq!(found.len(), 2, "{found:?}");
            for (warning, threads) in found.iter().zip([2, 4]) {
                assert_eq!(warning.code, code);
                let name = format!("face8x, face8x.onnx, threads {threads}: ");
                assert!(warning.text.starts_with(&name), "{warning:?}");
            }
        }
        let found = warnings(&machine(), &[case(1)], "debug", true);
        let words: Vec<_> = found.iter().map(|warning| warning.code.as_str()).collect();
        assert_eq!(words, ["debug-build", "quick"]);
    }

    #[test]
    fn what_is_allowed_is_not_warned_of() {
        let mut case = case(1);
        case.seen.other_load = Some(0.04);
        case.seen.stolen = Some(0.01);
        case.seen.clocks_mhz = vec![(1490, 1500)];
        case.faceless = 10;
        case.skipped = 999;
        assert!(codes(&machine(), &[case]).is_empty());
    }

    #[test]
    fn machines_as_they_come_are_warned_of() {
        let read = |root: &Root| Machine::read_for(root.path(), "aarch64");
        let pc = Machine::read_for(Root::virtual_machine().path(), "x86_64");
        assert_eq!(codes(&read(&Root::raspberry_pi_4()), &[]), ["governor"]);
        // It is held at 918 of 1,479 MHz.
        assert_eq!(
            codes(&read(&Root::jetson_nano()), &[]),
            ["governor", "clock-limited"]
        );
        assert_eq!(codes(&pc, &[]), ["virtual-machine"]);
        let governor = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor";
        let root = Root::raspberry_pi_4().file(governor, "performance\n");
        assert!(codes(&read(&root), &[]).is_empty());
        let virt = Root::new().file("proc/device-tree/compatible", "linux,dummy-virt");
        assert_eq!(codes(&read(&virt), &[]), ["emulated"]);
    }
}
