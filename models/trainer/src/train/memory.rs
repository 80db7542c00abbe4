//! Whether a step fits into the memory, asked before it starts: an allocation that fails ends the
//! program.

use face8x_core::geometry::{HR_SIDE, LR_SIDE};
use face8x_core::{Error, Result};

use super::Config;
use super::loader::READY;
use crate::network::NetworkPlan;

/// Compares what a step needs at the least with what is free, where the system tells.
///
/// # Errors
/// It does not fit.
pub fn check(config: &Config) -> Result<()> {
    let free = std::fs::read_to_string("/proc/meminfo").ok();
    match free.as_deref().and_then(free_bytes) {
        Some(free) => compare(config, free),
        None => Ok(()),
    }
}

/// Bytes that programs can have, of Linux's list.
fn free_bytes(list: &str) -> Option<u64> {
    let line = list
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

pub(super) fn compare(config: &Config, free: u64) -> Result<()> {
    let plan = config.plan()?;
    let needed = config.batch as u64 * each(&plan);
    if needed <= free {
        return Ok(());
    }
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    Err(Error::other(format!(
        "steps of {} pictures need more than {:.1} GB of memory, and {:.1} GB are free",
        config.batch,
        gigabytes(needed),
        gigabytes(free)
    ))
    .remedy("lower batch"))
}

/// Bytes for each picture of a batch: what waits in the loader, and what every step of the network
/// gave, which the gradients need.
fn each(plan: &NetworkPlan) -> u64 {
    let loaded = 3 * LR_SIDE * LR_SIDE + (2 * 3 + 1) * HR_SIDE * HR_SIDE;
    let given: usize = plan
        .steps
        .iter()
        .map(|step| step.channels * step.side * step.side)
        .sum();
    (size_of::<f32>() * (READY * loaded + given)) as u64
}
