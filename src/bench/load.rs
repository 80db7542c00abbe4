//! What the whole machine computes, by `/proc`.

use std::path::Path;

use crate::host::board::{line, text};

/// Ticks a second of `/proc/stat`: USER_HZ, which is 100 on every architecture that face8x is
/// built for.
const TICKS: f64 = 100.0;

/// Processor time of the whole machine since its start, in seconds of one core.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Spent on anything.
    pub busy: f64,
    /// Taken by the host of a virtual machine for others.
    pub stolen: f64,
}

impl Load {
    /// Reads the first line of `proc/stat` below `root` (proc(5)): `cpu`, then ticks of user, nice,
    /// system, idle, waiting, interrupts, soft interrupts, stolen.
    pub fn read(root: &Path) -> Option<Load> {
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

/// How many programs wanted to run, the mean of the last minute.
pub fn average(root: &Path) -> Option<f64> {
    text(root, "proc/loadavg")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::board::fake::Root;

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
        assert_eq!(average(root.path()), Some(0.52));
    }

    #[test]
    fn strange_lines_tell_nothing() {
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
            assert_eq!(average(root.path()), None);
        }
    }
}
