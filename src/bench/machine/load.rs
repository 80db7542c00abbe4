//! How busy the whole machine is, from `/proc`.

use std::path::Path;

use crate::host::board::{line, text};

/// Ticks a second of `/proc/stat`: USER_HZ, which is 100 on every architecture that face8x is
/// built for.
const TICKS: f64 = 100.0;

/// Processor time of the whole machine since its start, in seconds of one core.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Load {
    /// Spent on anything.
    pub(crate) busy: f64,
    /// Taken by the host of a virtual machine for others.
    pub(crate) stolen: f64,
}

impl Load {
    /// Reads the first line of `proc/stat` below `root` (proc(5)): `cpu`, then ticks of user, nice,
    /// system, idle, waiting, interrupts, soft interrupts, stolen.
    pub(crate) fn read(root: &Path) -> Option<Load> {
        let line = line(root, "proc/stat")?;
        let fields = line.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = fields
            .split_whitespace()
            .map_while(|field| field.parse().ok())
            .collect();
        let [user, nice, system, _idle, _waiting, interrupts, soft, ..] = ticks[..] else {
            return None;
        };
        let stolen = ticks.get(7).copied().unwrap_or(0);
        Some(Load {
            busy: (user + nice + system + interrupts + soft) as f64 / TICKS,
            stolen: stolen as f64 / TICKS,
        })
    }
}

/// The load average of the last minute.
pub(crate) fn average(root: &Path) -> Option<f64> {
    text(root, "proc/loadavg")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}
