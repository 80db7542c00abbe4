//! Machines of which only the files below a folder exist.

mod power;
mod sampler;

use super::load::{self, Load};
use super::*;
use crate::host::board::fake::Root;

#[test]
fn a_raspberry_pi_is_no_virtual_machine() {
    let root = Root::raspberry_pi_4()
        .file("proc/loadavg", "0.25 0 0 1/1 1\n")
        .file(
            "sys/devices/system/cpu/cpufreq/policy0/affected_cpus",
            "0 1 2 3\n",
        );
    let machine = Machine::read_for(root.path(), "aarch64");
    assert_eq!(machine.name(), "Raspberry Pi 4 Model B Rev 1.4");
    assert!(!machine.virtual_machine);
    let group = CoreGroup {
        cores: "0 1 2 3".into(),
        governor: Some("ondemand".into()),
        before: Some(600),
        limit: Some(1500),
        max: Some(1500),
    };
    assert_eq!(machine.clocks, [group]);
    assert_eq!(machine.load_average, Some(0.25));
    assert_eq!(
        machine.throttled_since_boot.as_deref(),
        Some("under-voltage, throttled")
    );
}

#[test]
fn virtual_machines_are_detected_by_flag_or_vendor() {
    assert!(Machine::read_for(Root::virtual_machine().path(), "x86_64").virtual_machine);
    let flagged = "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n";
    let root = Root::new().file("proc/cpuinfo", flagged);
    assert!(is_virtual(root.path()));
    let bare = Root::new().file("proc/cpuinfo", "flags\t\t: fpu vme lahf_lm\n");
    assert!(!is_virtual(bare.path()));
}

#[test]
fn emulated_processors_are_detected() {
    let board = Root::new().file("proc/device-tree/compatible", "linux,dummy-virt\0");
    assert!(is_emulated(board.path(), "aarch64"));
    let tcg = Root::new().file("proc/cpuinfo", "model name\t: QEMU TCG CPU version 2.5+\n");
    assert!(is_emulated(tcg.path(), "x86_64"));
    let host = Root::new().file("proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
    assert!(is_emulated(host.path(), "aarch64"), "qemu-user");
    assert!(!is_emulated(host.path(), "x86_64"));
    assert!(!is_emulated(Root::raspberry_pi_4().path(), "aarch64"));
}

#[test]
fn busy_time_leaves_out_idle_and_stolen_time() {
    let root = Root::new()
        .file(
            "proc/stat",
            "cpu  100 20 30 9999 888 4 6 50 0 0\ncpu0 1 2 3\n",
        )
        .file("proc/loadavg", "0.52 0.58 0.59 1/467 12345\n");
    let load = Load::read(root.path()).unwrap();
    assert_eq!((load.busy, load.stolen), (1.6, 0.5));
    assert_eq!(load::average(root.path()), Some(0.52));
}

#[test]
fn malformed_lines_are_unknown() {
    for stat in [
        "cpu 1 2 3\n",
        "intr 1 2 3 4 5 6 7 8\n",
        "cpu a b c d e f g\n",
        "",
    ] {
        let root = Root::new()
            .file("proc/stat", stat)
            .file("proc/loadavg", "x");
        assert_eq!(Load::read(root.path()), None, "{stat:?}");
        assert_eq!(load::average(root.path()), None);
    }
}
