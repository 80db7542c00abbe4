use std::path::Path;

use super::{machine, report};
use crate::bench::machine::Machine;
use crate::bench::send::how_to_send;

#[test]
fn a_file_is_named_after_the_board_and_its_system() {
    let named = |model: Option<&str>, architecture: &str| {
        let machine = Machine {
            model: model.map(str::to_owned),
            architecture: architecture.into(),
            ..machine()
        };
        machine.file_name()
    };
    let pi = Some("Raspberry Pi 4 Model B Rev 1.4");
    assert_eq!(named(pi, "arm"), "raspberry-pi-4-model-b-rev-1-4-arm.json");
    let path = Some("../../etc/\u{fc} (x)");
    assert_eq!(named(path, "aarch64"), "etc-x-aarch64.json");
    assert_eq!(named(None, "x86_64"), "unknown-machine-x86-64.json");
}

#[test]
fn only_whole_results_are_worth_sending() {
    let mut report = report();
    let text = how_to_send(Path::new("pi.json"), &report);
    let said = [
        "wrote pi.json (face8x 0.1.0); nothing was sent",
        "docs/results",
        "pull request",
    ];
    assert!(said.iter().all(|part| text.contains(part)), "{text}");
    assert!(!text.contains("measure again"), "{text}");
    report.quick = true;
    assert!(how_to_send(Path::new("pi.json"), &report).contains("measure again"));
}
