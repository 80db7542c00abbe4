use super::{case, machine, report};
use crate::bench::checks::warnings;
use crate::bench::machine::Machine;
use crate::bench::report::BenchCase;
use crate::bench::warning::Warning;
use crate::host::board::fake::Root;
use face8x_core::Error;

fn found(machine: Machine, cases: Vec<BenchCase>) -> Vec<Warning> {
    let report = crate::bench::BenchReport {
        machine,
        cases,
        ..report()
    };
    warnings(&report, &[])
}

fn codes(machine: Machine) -> Vec<&'static str> {
    found(machine, Vec::new())
        .iter()
        .map(Warning::code)
        .collect()
}

#[test]
fn a_quiet_board_with_a_steady_clock_has_no_warning() {
    assert!(found(machine(), vec![case(1), case(2)]).is_empty());
}

#[test]
fn each_case_has_its_own_warnings() {
    type Change = fn(&mut BenchCase);
    let changes: [(&str, Change); 7] = [
        ("incomplete", |case| case.complete = false),
        ("throttled", |case| {
            case.activity.throttling.push("under-voltage".into())
        }),
        ("clock-changed", |case| {
            case.activity.clocks_mhz = vec![(1500, 1500), (600, 1500), (600, 1500)]
        }),
        ("other-load", |case| case.activity.other_load = Some(0.06)),
        ("stolen", |case| case.activity.stolen = Some(0.03)),
        ("faceless", |case| case.faceless = 20),
        ("source", |case| case.lost = 1),
    ];
    for (code, change) in changes {
        let mut cases = vec![case(1), case(2), case(4)];
        cases[1..].iter_mut().for_each(change);
        let found = found(machine(), cases);
        assert_eq!(found.len(), 2, "{found:?}");
        for (warning, threads) in found.iter().zip([2, 4]) {
            assert_eq!(warning.code(), code);
            let name = format!("face8x, face8x.onnx, threads {threads}: ");
            assert!(warning.to_string().starts_with(&name), "{warning}");
        }
    }
}

#[test]
fn the_build_a_quick_run_and_failed_cases_have_warnings() {
    let mut report = report();
    report.build = "debug".into();
    report.quick = true;
    let failed = [(
        "tract-int8, a.onnx".to_owned(),
        Error::other("no such network"),
    )];
    let found = warnings(&report, &failed);
    let codes: Vec<_> = found.iter().map(Warning::code).collect();
    assert_eq!(codes, ["debug-build", "quick", "failed"]);
    let text = "tract-int8, a.onnx: not measured: no such network";
    assert_eq!(found[2].to_string(), text);
}

#[test]
fn what_is_allowed_has_no_warning() {
    let mut case = case(1);
    case.activity.other_load = Some(0.04);
    case.activity.stolen = Some(0.01);
    case.activity.clocks_mhz = vec![(1490, 1500)];
    case.faceless = 10;
    case.skipped = 999;
    assert!(found(machine(), vec![case]).is_empty());
}

#[test]
fn machines_as_they_come_have_warnings() {
    let read = |root: &Root| Machine::read_for(root.path(), "aarch64");
    let pc = Machine::read_for(Root::virtual_machine().path(), "x86_64");
    assert_eq!(codes(read(&Root::raspberry_pi_4())), ["governor"]);
    // It is held at 918 of 1,479 MHz.
    assert_eq!(
        codes(read(&Root::jetson_nano())),
        ["governor", "clock-limited"]
    );
    assert_eq!(codes(pc), ["virtual-machine"]);
    let governor = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor";
    let root = Root::raspberry_pi_4().file(governor, "performance\n");
    assert!(codes(read(&root)).is_empty());
    let virt = Root::new().file("proc/device-tree/compatible", "linux,dummy-virt");
    assert_eq!(codes(read(&virt)), ["emulated"]);
}
