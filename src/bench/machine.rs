//! The machine that figures belong to.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::load;
use crate::host::board::{Board, Throttling, entries, line, number, text};

/// A machine as results tell it; what it does not say itself is `null`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The board's or computer's name, such as "Raspberry Pi 4 Model B Rev 1.4".
    pub model: Option<String>,
    /// Release of the running kernel.
    pub kernel: Option<String>,
    /// What the program was built for, such as `aarch64`.
    pub architecture: String,
    /// Name of the processor cores.
    pub cpu: Option<String>,
    /// How many cores are online.
    pub cpus: Option<usize>,
    /// In bytes.
    pub memory_total: Option<u64>,
    /// A virtual machine, as far as it can be told.
    pub virtual_machine: bool,
    /// A processor that a program plays: its figures say nothing about boards.
    pub emulated: bool,
    /// Groups of cores that share a clock.
    pub clocks: Vec<CoreGroup>,
    /// Before the measurement, in degrees Celsius.
    pub temperature_before: Option<f32>,
    /// After it.
    pub temperature_after: Option<f32>,
    /// What held the processor back before the measurement began, since the machine was started.
    pub throttled_since_boot: Option<String>,
    /// Programs that wanted to run in the minute before.
    pub load_average: Option<f64>,
    /// Rails of which the energy was measured; empty where there is no sensor.
    pub power_rails: Vec<String>,
}

/// Cores that share a clock, which is in MHz.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CoreGroup {
    /// Their numbers, such as `0 1 2 3`.
    pub cores: String,
    /// What sets the clock.
    pub governor: Option<String>,
    /// What it was before the measurement.
    pub before: Option<u32>,
    /// The limit that a user or the heat sets, and that of the processor.
    pub limit: Option<u32>,
    pub max: Option<u32>,
}

impl Machine {
    /// Reads the machine below `root` before a measurement.
    pub fn read(root: &Path) -> Machine {
        Machine::read_for(root, std::env::consts::ARCH)
    }

    /// [`Machine::read`] by a program that was built for `architecture`.
    pub(super) fn read_for(root: &Path, architecture: &str) -> Machine {
        let board = Board::read_in(root);
        let since_boot = Throttling::read_in(root).and_then(|throttling| throttling.since_boot);
        let emulated = is_emulated(root, architecture);
        Machine {
            model: board.model,
            kernel: board.kernel,
            architecture: architecture.to_owned(),
            cpu: board.cpu,
            cpus: board.cpus,
            memory_total: board.memory_total,
            virtual_machine: emulated || is_virtual(root),
            emulated,
            clocks: core_groups(root),
            temperature_before: board.temperature,
            temperature_after: None,
            throttled_since_boot: since_boot.map(|limits| limits.to_string()),
            load_average: load::average(root),
            power_rails: Vec::new(),
        }
    }

    /// Its name for a table.
    pub fn name(&self) -> &str {
        let unnamed = match self.virtual_machine {
            true => "virtual machine",
            false => "unknown machine",
        };
        self.model.as_deref().unwrap_or(unnamed)
    }
}

fn core_groups(root: &Path) -> Vec<CoreGroup> {
    let group = |policy: String| {
        let megahertz = |name: &str| {
            number::<u32>(root, &format!("{policy}/{name}")).map(|kilohertz| kilohertz / 1000)
        };
        CoreGroup {
            cores: line(root, &format!("{policy}/affected_cpus")).unwrap_or_default(),
            governor: line(root, &format!("{policy}/scaling_governor")),
            before: megahertz("scaling_cur_freq"),
            limit: megahertz("scaling_max_freq"),
            max: megahertz("cpuinfo_max_freq"),
        }
    };
    let policies = entries(root, "sys/devices/system/cpu/cpufreq", "policy");
    policies.into_iter().map(group).collect()
}

/// x86 processors tell by a flag that a hypervisor is below, others not at all: there the name of
/// the machine has to.
fn is_virtual(root: &Path) -> bool {
    let info = text(root, "proc/cpuinfo").unwrap_or_default();
    let flagged = info.lines().any(|line| {
        line.starts_with("flags") && line.split_whitespace().any(|flag| flag == "hypervisor")
    });
    let vendor = line(root, "sys/class/dmi/id/sys_vendor").unwrap_or_default();
    flagged
        || ["QEMU", "VMware", "innotek"]
            .iter()
            .any(|name| vendor.contains(name))
}

/// QEMU's `virt` board for Arm, which stands for no board even where the processor below is a real
/// one, QEMU's own x86 processor, and a program that QEMU runs on a machine of another
/// architecture, where `/proc/cpuinfo` is that machine's.
fn is_emulated(root: &Path, architecture: &str) -> bool {
    let board = line(root, "proc/device-tree/compatible").unwrap_or_default();
    let info = text(root, "proc/cpuinfo").unwrap_or_default();
    let has = |key: &str| info.lines().any(|line| line.starts_with(key));
    let foreign = match architecture {
        "aarch64" | "arm" => has("vendor_id"),
        "x86_64" => has("CPU implementer"),
        _ => false,
    };
    board.contains("dummy-virt") || info.contains("QEMU TCG CPU") || foreign
}

#[cfg(test)]
mod tests {
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
    fn virtual_machines_are_told_by_flag_or_vendor() {
        assert!(Machine::read_for(Root::virtual_machine().path(), "x86_64").virtual_machine);
        let flagged = "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n";
        let root = Root::new().file("proc/cpuinfo", flagged);
        assert!(is_virtual(root.path()));
        let bare = Root::new().file("proc/cpuinfo", "flags\t\t: fpu vme lahf_lm\n");
        assert!(!is_virtual(bare.path()));
    }

    #[test]
    fn emulated_processors_are_told() {
        let board = Root::new().file("proc/device-tree/compatible", "linux,dummy-virt\0");
        assert!(is_emulated(board.path(), "aarch64"));
        let tcg = Root::new().file("proc/cpuinfo", "model name\t: QEMU TCG CPU version 2.5+\n");
        assert!(is_emulated(tcg.path(), "x86_64"));
        let host = Root::new().file("proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
        assert!(is_emulated(host.path(), "aarch64"), "qemu-user");
        assert!(!is_emulated(host.path(), "x86_64"));
        assert!(!is_emulated(Root::raspberry_pi_4().path(), "aarch64"));
    }
}
