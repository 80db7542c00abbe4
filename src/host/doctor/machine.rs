//! The machine itself: heat, power, clocks, memory, disk, time.

use std::path::Path;

use super::{Check, CheckedMachine};
use crate::host::board::Throttling;

/// Raspberry Pi and Jetson slow down from about here on.
const HOT: f32 = 80.0;
/// face8x takes up to 64 MB.
const MEMORY_NEEDED: u64 = 100_000_000;
/// Room for some thousand pictures.
const DISK_NEEDED: u64 = 100_000_000;

/// Which machine it is.
pub(super) fn board(machine: &CheckedMachine<'_>) -> Check {
    let board = &machine.board;
    let mut facts = vec![
        board
            .model
            .clone()
            .unwrap_or_else(|| "unknown model".into()),
    ];
    facts.extend(board.cpu.as_ref().map(|cpu| match board.cpus {
        Some(count) => format!("{count} x {cpu}"),
        None => cpu.clone(),
    }));
    facts.extend(
        board
            .memory_total
            .map(|bytes| format!("{} MB", bytes / 1_000_000)),
    );
    facts.extend(
        board
            .kernel
            .as_ref()
            .map(|kernel| format!("Linux {kernel}")),
    );
    Check::ok("board", facts.join(", "))
}

/// A fact that the platform does not report is not listed.
pub(super) fn checks(machine: &CheckedMachine<'_>) -> Vec<Check> {
    let board = &machine.board;
    let output = machine.surroundings.output.as_deref();
    [
        board.temperature.map(temperature),
        board.throttling.map(throttling),
        governor(machine),
        board.memory_available.map(memory),
        output.and_then(|folder| Some(disk(folder, free(folder)?))),
        clock(machine),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn temperature(degrees: f32) -> Check {
    let finding = format!("{degrees:.0} C");
    if degrees > HOT {
        Check::note(
            "temperature",
            format!("{finding}: the processor slows down to protect itself"),
            "add a heat sink or a fan, or lower --threads",
        )
    } else {
        Check::ok("temperature", finding)
    }
}

fn throttling(throttling: Throttling) -> Check {
    let Throttling { now, since_boot } = throttling;
    let earlier = since_boot.unwrap_or_default();
    let limits = if now.any() { now } else { earlier };
    let remedy = if limits.under_voltage {
        "use the board's own power supply and a short, thick cable, and unplug what draws power"
    } else {
        "add a heat sink or a fan"
    };
    if now.any() {
        Check::problem("throttling", format!("now: {now}"), remedy)
    } else if earlier.any() {
        Check::note(
            "throttling",
            format!("since the start: {earlier}; not now"),
            remedy,
        )
    } else {
        Check::ok("throttling", "none")
    }
}

fn governor(machine: &CheckedMachine<'_>) -> Option<Check> {
    let governor = machine.board.governor.as_ref()?;
    let clock = machine.board.clock.unwrap_or_default();
    let finding = match (clock.now, clock.max) {
        (Some(now), Some(max)) => format!("{governor}, {now} of {max} MHz"),
        _ => governor.clone(),
    };
    Some(if governor == "performance" {
        Check::ok("governor", finding)
    } else {
        Check::note(
            "governor",
            format!("{finding}: the clock follows the load, so latency varies"),
            "for steady latency: echo performance | sudo tee \
             /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
        )
    })
}

fn memory(available: u64) -> Check {
    let finding = format!("{} MB available", available / 1_000_000);
    if available < MEMORY_NEEDED {
        Check::note(
            "memory",
            format!("{finding}: swapping may slow face8x down, or the kernel may end it"),
            "end other programs, or start without a desktop: sudo systemctl set-default \
             multi-user.target",
        )
    } else {
        Check::ok("memory", finding)
    }
}

/// Bytes that this user can still write to the file system of `folder`.
fn free(folder: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(folder).ok()?;
    facts.f_bavail.checked_mul(facts.f_frsize)
}

fn disk(folder: &Path, free: u64) -> Check {
    let finding = format!("{} MB free in {}", free / 1_000_000, folder.display());
    if free < DISK_NEEDED {
        Check::note(
            "disk",
            finding,
            "free some space, or write pictures to another folder",
        )
    } else {
        Check::ok("disk", finding)
    }
}

/// Boards without a battery-backed clock start in the past until they get the time from the network.
/// systemd keeps a record of whether it did; other time services are not asked.
fn clock(machine: &CheckedMachine<'_>) -> Option<Check> {
    if machine.has("run/systemd/timesync/synchronized") {
        Some(Check::ok("clock", "synchronised"))
    } else if machine.has("run/systemd/timesync") {
        Some(Check::note(
            "clock",
            "not synchronised: the times of files and of the log may be wrong",
            "connect to a network once, or ignore it: nothing else depends on the time",
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::Severity;

    #[test]
    fn little_room_on_the_disk_is_noted() {
        let folder = Path::new("/pictures");
        let roomy = disk(folder, 2_000_000_000);
        assert_eq!(
            (roomy.severity, roomy.finding.as_str()),
            (Severity::Ok, "2000 MB free in /pictures")
        );
        let full = disk(folder, 3_000_000);
        assert_eq!(
            (full.severity, full.finding.as_str()),
            (Severity::Note, "3 MB free in /pictures")
        );
    }

    #[test]
    fn the_room_on_a_real_disk_can_be_told() {
        assert!(free(&std::env::temp_dir()).is_some());
        assert_eq!(free(Path::new("/no/such/folder")), None);
    }
}
