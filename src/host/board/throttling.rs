//! What holds the processor back: too little voltage, too much heat.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::files::{entries, line, number};

/// What holds the processor back; all `false` is full speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Limits {
    /// The supply gives less than 4.63 V (Raspberry Pi only).
    pub under_voltage: bool,
    /// The clock is capped.
    pub capped: bool,
    /// The clock is lowered because of heat.
    pub throttled: bool,
    /// The soft temperature limit is reached: lower clock and voltage (Raspberry Pi 3A+ and 3B+).
    pub soft_limit: bool,
}

impl Limits {
    /// Whether anything holds the processor back.
    pub fn any(self) -> bool {
        self != Limits::default()
    }

    /// What holds back in either of both.
    #[must_use]
    pub(crate) fn or(self, other: Limits) -> Limits {
        Limits {
            under_voltage: self.under_voltage || other.under_voltage,
            capped: self.capped || other.capped,
            throttled: self.throttled || other.throttled,
            soft_limit: self.soft_limit || other.soft_limit,
        }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (set, word) in [
            (self.under_voltage, "under-voltage"),
            (self.capped, "clock capped"),
            (self.throttled, "throttled"),
            (self.soft_limit, "soft temperature limit"),
        ] {
            if set {
                write!(f, "{separator}{word}")?;
                separator = ", ";
            }
        }
        if separator.is_empty() {
            f.write_str("none")?;
        }
        Ok(())
    }
}

/// What holds the processor back now, and what did since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Throttling {
    /// At this moment.
    pub now: Limits,
    /// At any time since the start; `None` where the platform keeps no record.
    pub since_boot: Option<Limits>,
}

impl Throttling {
    /// Asks the Raspberry Pi's firmware through the kernel, then through `vcgencmd` (the kernel of
    /// Raspberry Pi 5 has no such file), and on other machines the kernel's thermal framework.
    pub(crate) fn read_in(root: &Path) -> Option<Throttling> {
        line(root, "sys/devices/platform/soc/soc:firmware/get_throttled")
            .or_else(|| vcgencmd(root))
            .and_then(|word| Throttling::from_firmware(&word))
            .or_else(|| cooling(root))
    }

    /// Decodes the firmware's word: bits 0 to 3 say what is, bits 16 to 19 what was (Raspberry Pi
    /// documentation, "vcgencmd get_throttled"). The kernel writes `50005`, `vcgencmd`
    /// `throttled=0x50005`.
    fn from_firmware(word: &str) -> Option<Throttling> {
        let word = word.trim();
        let word = word.strip_prefix("throttled=").unwrap_or(word);
        let bits = u32::from_str_radix(word.strip_prefix("0x").unwrap_or(word), 16).ok()?;
        let limits = |bits: u32| Limits {
            under_voltage: bits & 1 != 0,
            capped: bits & 2 != 0,
            throttled: bits & 4 != 0,
            soft_limit: bits & 8 != 0,
        };
        Some(Throttling {
            now: limits(bits),
            since_boot: Some(limits(bits >> 16)),
        })
    }
}

/// The answer of Raspberry Pi OS's `vcgencmd get_throttled`, where it is installed.
fn vcgencmd(root: &Path) -> Option<String> {
    let mut child = Command::new(root.join("usr/bin/vcgencmd"))
        .arg("get_throttled")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let give_up = Instant::now() + Duration::from_secs(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(None) if Instant::now() < give_up => thread::sleep(Duration::from_millis(2)),
            _ => {
                // Not waited for: a process that hangs inside the firmware's driver cannot die.
                let _ = child.kill();
                return None;
            }
        }
    }
    let mut answer = String::new();
    child.stdout?.take(256).read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Whether a cooling device that slows the processor is at work (a fan only cools it).
///
/// The names are `cpufreq-cpu0` and the like from the kernel's cpufreq cooling, `Processor` from
/// ACPI, `cpu-balanced` and `cpu-heavy` on Jetson.
fn cooling(root: &Path) -> Option<Throttling> {
    let states: Vec<u32> = entries(root, "sys/class/thermal", "cooling_device")
        .iter()
        .filter(|device| {
            line(root, &format!("{device}/type")).is_some_and(|kind| {
                let kind = kind.to_ascii_lowercase();
                (kind.contains("cpu") && !kind.contains("fan")) || kind == "processor"
            })
        })
        .filter_map(|device| number(root, &format!("{device}/cur_state")))
        .collect();
    (!states.is_empty()).then(|| Throttling {
        now: Limits {
            throttled: states.iter().any(|state| *state > 0),
            ..Limits::default()
        },
        since_boot: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_words_are_decoded_bit_by_bit() {
        let bits = |word: &str| Throttling::from_firmware(word).unwrap();
        assert_eq!(bits("0").now, Limits::default());
        assert_eq!(bits("0").since_boot, Some(Limits::default()));
        assert_eq!(bits("throttled=0x0\n"), bits("0"));

        let names = |word: &str| {
            let read = bits(word);
            (read.now.to_string(), read.since_boot.unwrap().to_string())
        };
        let pair = |now: &str, since: &str| (now.to_owned(), since.to_owned());
        assert_eq!(names("1"), pair("under-voltage", "none"));
        assert_eq!(names("2"), pair("clock capped", "none"));
        assert_eq!(names("4"), pair("throttled", "none"));
        assert_eq!(names("8"), pair("soft temperature limit", "none"));
        assert_eq!(names("10000"), pair("none", "under-voltage"));
        assert_eq!(names("80000"), pair("none", "soft temperature limit"));
        assert_eq!(
            names("throttled=0x50005"),
            pair("under-voltage, throttled", "under-voltage, throttled")
        );
        assert_eq!(names("20000"), pair("none", "clock capped"));
    }

    #[test]
    fn other_words_are_no_answer() {
        for word in ["", "error=1 error_msg=\"x\"", "0x", "fffffffff", "-1", "zz"] {
            assert_eq!(Throttling::from_firmware(word), None, "{word:?}");
        }
    }
}
