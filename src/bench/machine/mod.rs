//! The machine that figures belong to, and what it does while they are measured.

mod load;
mod power;
mod sampler;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::host::board::{Board, Throttling, entries, line, number, text};

pub(crate) use sampler::{Activity, INTERVAL, Sampler};

/// A machine as it stands in results; what it does not report is `null`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The board's or computer's name, such as "Raspberry Pi 4 Model B Rev 1.4".
    pub(crate) model: Option<String>,
    /// Release of the running kernel.
    pub(crate) kernel: Option<String>,
    /// What the program was built for, such as `aarch64`.
    pub(crate) architecture: String,
    /// Name of the processor cores.
    pub(crate) cpu: Option<String>,
    /// How many cores are online.
    pub(crate) cpus: Option<usize>,
    /// In bytes.
    pub(crate) memory_total: Option<u64>,
    /// A virtual machine, as far as that can be detected.
    pub(crate) virtual_machine: bool,
    /// An emulated processor: its figures say nothing about boards.
    pub(crate) emulated: bool,
    /// Groups of cores that share a clock.
    pub(crate) clocks: Vec<CoreGroup>,
    /// Before the measurement, in degrees Celsius.
    pub(crate) temperature_before: Option<f32>,
    /// After it.
    pub(crate) temperature_after: Option<f32>,
    /// What held the processor back before the measurement began, since the machine was started.
    pub(crate) throttled_since_boot: Option<String>,
    /// Programs that wanted to run in the minute before.
    pub(crate) load_average: Option<f64>,
    /// Rails whose energy was measured; empty where there is no sensor.
    pub(crate) power_rails: Vec<String>,
}

/// Cores that share a clock, which is in MHz.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct CoreGroup {
    /// Their numbers, such as `0 1 2 3`.
    pub(crate) cores: String,
    /// What sets the clock.
    pub(crate) governor: Option<String>,
    /// What it was before the measurement.
    pub(crate) before: Option<u32>,
    /// The limit that a user or the heat sets, and that of the processor.
    pub(crate) limit: Option<u32>,
    pub(crate) max: Option<u32>,
}

impl Machine {
    /// Reads the machine below `root` before a measurement.
    pub(crate) fn read(root: &Path) -> Machine {
        Machine::read_for(root, std::env::consts::ARCH)
    }

    /// [`Machine::read`] by a program that was built for `architecture`.
    pub(crate) fn read_for(root: &Path, architecture: &str) -> Machine {
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

    /// The name of its file of results, such as `raspberry-pi-4-model-b-rev-1-4-aarch64.json`.
    pub(crate) fn file_name(&self) -> String {
        let name = format!("{} {}", self.name(), self.architecture);
        crate::words::plain(&name, "-") + ".json"
    }

    /// Its name for a table.
    pub(crate) fn name(&self) -> &str {
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

/// On x86 a flag of the processor says that a hypervisor is below; elsewhere the name of the machine
/// has to do.
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

/// QEMU's `virt` board for Arm, which is no real board even where its processor is one, QEMU's own x86 processor, and a program that QEMU runs on a machine of another
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
