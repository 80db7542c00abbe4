//! Facts about the machine: which board, how hot, how fast, how much memory.
//!
//! Everything is read from `/proc` and `/sys`, so every fact is an `Option`: a platform that does
//! not say leaves `None`. Nothing here blocks for long or fails. The functions that take a `root`
//! read below it instead of `/`, which is how the tests show them the trees of other boards.

use std::path::Path;

use serde::Serialize;

mod cpu;
mod files;
mod processes;
mod throttling;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;

pub use cpu::Clock;
pub(crate) use files::{entries, line, names, number, text};
pub use processes::{OwnMemory, holders, own_memory};
pub(crate) use processes::{ProcessIdentity, holders_in};
pub use throttling::{Limits, Throttling};

/// The facts about a machine at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Board {
    /// The board's or computer's name, such as "Raspberry Pi 4 Model B Rev 1.4".
    pub model: Option<String>,
    /// Release of the running kernel, such as "6.6.51+rpt-rpi-v8".
    pub kernel: Option<String>,
    /// Name of the processor cores, such as "Cortex-A72"; kinds that differ are joined by " + ".
    pub cpu: Option<String>,
    /// How many processor cores are online.
    pub cpus: Option<usize>,
    /// What sets the clock: "ondemand", "schedutil", "performance" ...
    pub governor: Option<String>,
    /// Clocks of the fastest cores.
    pub clock: Option<Clock>,
    /// Temperature of the processor in degrees Celsius.
    pub temperature: Option<f32>,
    /// What holds the processor back.
    pub throttling: Option<Throttling>,
    /// Memory in bytes.
    pub memory_total: Option<u64>,
    /// Memory in bytes that programs can still have.
    pub memory_available: Option<u64>,
}

impl Board {
    /// Reads the facts about this machine.
    ///
    /// Where a Raspberry Pi's kernel does not report throttling, `vcgencmd` is asked, which takes
    /// some milliseconds and is stopped after a second.
    pub fn read() -> Board {
        Board::read_in(Path::new("/"))
    }

    /// Reads the facts about the machine whose `/proc` and `/sys` lie below `root`.
    pub fn read_in(root: &Path) -> Board {
        let policy = cpu::fastest_policy(root);
        let memory = text(root, "proc/meminfo").unwrap_or_default();
        Board {
            model: model(root),
            kernel: line(root, "proc/sys/kernel/osrelease"),
            cpu: cpu::name(root),
            cpus: cpu::count(root),
            governor: policy
                .as_ref()
                .and_then(|policy| line(root, &format!("{policy}/scaling_governor"))),
            clock: policy.as_ref().map(|policy| Clock::read(root, policy)),
            temperature: hottest_zone(root),
            throttling: Throttling::read_in(root),
            memory_total: files::kilobytes(&memory, "MemTotal:"),
            memory_available: files::kilobytes(&memory, "MemAvailable:"),
        }
    }
}

/// The device tree names boards, DMI names PCs; a virtual machine may have neither.
fn model(root: &Path) -> Option<String> {
    let dmi = |name: &str| line(root, &format!("sys/class/dmi/id/{name}"));
    line(root, "proc/device-tree/model").or_else(|| {
        match (dmi("sys_vendor"), dmi("product_name")) {
            (Some(vendor), Some(product)) if !product.starts_with(&vendor) => {
                Some(format!("{vendor} {product}"))
            }
            (_, product) => product,
        }
    })
}

/// The processor's temperature in degrees Celsius, where the board has a sensor.
pub fn temperature() -> Option<f32> {
    hottest_zone(Path::new("/"))
}

/// [`temperature`] of the machine below `root`.
pub(crate) fn temperature_in(root: &Path) -> Option<f32> {
    hottest_zone(root)
}

/// What holds the processor back, as [`Board::read`] finds it.
pub fn throttling() -> Option<Throttling> {
    Throttling::read_in(Path::new("/"))
}

/// The hottest of the zones that name the processor, else the hottest of all.
///
/// Jetson Nano's `PMIC-Die` is left out: it is a constant 50 or 100 degrees.
fn hottest_zone(root: &Path) -> Option<f32> {
    let mut hottest: Option<(bool, f32)> = None;
    for zone in entries(root, "sys/class/thermal", "thermal_zone") {
        let Some(kind) = line(root, &format!("{zone}/type")) else {
            continue;
        };
        let kind = kind.to_ascii_lowercase();
        let Some(degrees) = files::number::<i64>(root, &format!("{zone}/temp"))
            .map(|millidegrees| millidegrees as f32 / 1000.0)
            // A sensor that is off reports 0 K or some other impossible value.
            .filter(|degrees| (-50.0..=150.0).contains(degrees) && kind != "pmic-die")
        else {
            continue;
        };
        let processor = ["cpu", "soc", "core", "x86_pkg_temp"]
            .iter()
            .any(|word| kind.contains(word))
            || kind == "bcm2835_thermal";
        if hottest.is_none_or(|best| (processor, degrees) > best) {
            hottest = Some((processor, degrees));
        }
    }
    hottest.map(|(_, degrees)| degrees)
}
