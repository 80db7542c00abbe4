//! Processor: name, cores, clocks.

use std::path::Path;

use serde::Serialize;

use super::files::{entries, line, number, text};

/// Clocks in MHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Clock {
    /// What it runs at now.
    pub now: Option<u32>,
    /// What it is allowed to run at: lower than `max` where a user or the heat caps it.
    pub limit: Option<u32>,
    /// What the processor can run at.
    pub max: Option<u32>,
}

impl Clock {
    /// Reads the clocks of one cpufreq policy, a folder below `root`.
    pub(super) fn read(root: &Path, policy: &str) -> Clock {
        let megahertz = |name: &str| {
            number::<u32>(root, &format!("{policy}/{name}")).map(|kilohertz| kilohertz / 1000)
        };
        Clock {
            now: megahertz("scaling_cur_freq"),
            limit: megahertz("scaling_max_freq"),
            max: megahertz("cpuinfo_max_freq"),
        }
    }
}

/// The cpufreq folder of the cores with the highest clock (boards with big and little cores have
/// one for each kind).
pub(super) fn fastest_policy(root: &Path) -> Option<String> {
    entries(root, "sys/devices/system/cpu/cpufreq", "policy")
        .into_iter()
        .max_by_key(|policy| number::<u32>(root, &format!("{policy}/cpuinfo_max_freq")))
}

/// How many cores are online: the kernel's list of ranges, such as `0-3` or `0,2-3`.
pub(super) fn count(root: &Path) -> Option<usize> {
    let list = line(root, "sys/devices/system/cpu/online")?;
    let mut count = 0_usize;
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        count += usize::from(last.checked_sub(first)?) + 1;
    }
    Some(count)
}

/// Names of the kinds of cores, in the order in which the kernel lists them.
pub(super) fn name(root: &Path) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let info = text(root, "proc/cpuinfo")?;
    for core in info.split("\n\n") {
        let field = |wanted: &str| {
            core.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                (key.trim() == wanted).then(|| value.trim())
            })
        };
        // 32-bit Arm kernels have a "model name" too, but it only says "ARMv7 Processor".
        let name = match (field("CPU implementer"), field("CPU part")) {
            (Some(implementer), Some(part)) => arm(implementer, part),
            _ => field("model name").map(str::to_owned),
        };
        if let Some(name) = name.filter(|name| !names.contains(name)) {
            names.push(name.chars().filter(|c| !c.is_control()).collect());
        }
    }
    (!names.is_empty()).then(|| names.join(" + "))
}

/// The core behind the implementer and part number of `MIDR_EL1` (Arm's technical reference
/// manuals give each core's), for the cores of boards on which face8x makes sense.
fn arm(implementer: &str, part: &str) -> Option<String> {
    let number = |hex: &str| u16::from_str_radix(hex.strip_prefix("0x")?, 16).ok();
    let name = match (number(implementer)?, number(part)?) {
        (0x41, 0xb76) => "ARM1176",
        (0x41, 0xc07) => "Cortex-A7",
        (0x41, 0xc08) => "Cortex-A8",
        (0x41, 0xc09) => "Cortex-A9",
        (0x41, 0xc0f) => "Cortex-A15",
        (0x41, 0xd03) => "Cortex-A53",
        (0x41, 0xd04) => "Cortex-A35",
        (0x41, 0xd05) => "Cortex-A55",
        (0x41, 0xd07) => "Cortex-A57",
        (0x41, 0xd08) => "Cortex-A72",
        (0x41, 0xd09) => "Cortex-A73",
        (0x41, 0xd0a) => "Cortex-A75",
        (0x41, 0xd0b) => "Cortex-A76",
        (0x41, 0xd41) => "Cortex-A78",
        (0x41, 0xd42) => "Cortex-A78AE",
        (0x4e, 0x003) => "Denver 2",
        (0x4e, 0x004) => "Carmel",
        (implementer, part) => return Some(format!("Arm {implementer:#04x}/{part:#05x}")),
    };
    Some(name.to_owned())
}
