//! Looks at the machine a few times a second while another process is measured.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::load::Load;
use super::power::{self, Rail};
use crate::host::board::{self, Limits, Throttling, entries, number};
use face8x_core::frame::monotonic_now;

/// How often it looks.
pub const INTERVAL: Duration = Duration::from_millis(250);
/// How often it asks what throttles: on a Raspberry Pi 5 a program is run for the answer.
const THROTTLING_INTERVAL: Duration = Duration::from_secs(5);

/// What was seen at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
struct Sample {
    /// On the monotonic clock, in seconds.
    at: f64,
    watts: Option<f64>,
    /// Clock of every group of cores, in MHz.
    clocks: Vec<Option<u32>>,
    load: Option<Load>,
    temperature: Option<f32>,
}

/// Looks and remembers.
pub struct Watch {
    root: PathBuf,
    rails: Vec<Rail>,
    policies: Vec<String>,
    samples: Vec<Sample>,
    limits: Limits,
    asked: Option<Instant>,
}

/// What was seen during a measurement.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Lowest and highest clock of every group of cores, in MHz; empty where it isn't told.
    pub clocks_mhz: Vec<(u32, u32)>,
    /// The highest temperature in degrees Celsius.
    pub temperature_max: Option<f32>,
    /// What held the processor back, in words; empty for nothing, or where it is not told.
    pub throttling: Vec<String>,
    /// How many cores other programs kept busy, on average.
    pub other_load: Option<f64>,
    /// How many cores the host of a virtual machine took for others, on average.
    pub stolen: Option<f64>,
    /// Energy of the board in joules, where it has sensors.
    pub joules: Option<f64>,
}

impl Watch {
    /// One of the machine below `root`.
    pub fn new(root: &Path) -> Watch {
        Watch {
            rails: power::rails(root),
            policies: entries(root, "sys/devices/system/cpu/cpufreq", "policy"),
            root: root.to_owned(),
            samples: Vec::new(),
            limits: Limits::default(),
            asked: None,
        }
    }

    /// The rails of which the energy is told.
    pub fn rails(&self) -> Vec<String> {
        self.rails.iter().map(|rail| rail.name.clone()).collect()
    }

    /// Forgets what was seen.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.limits = Limits::default();
        self.asked = None;
    }

    /// Looks once.
    pub fn look(&mut self) {
        let at = monotonic_now().as_secs_f64();
        self.look_at(at);
        if self
            .asked
            .is_none_or(|asked| asked.elapsed() >= THROTTLING_INTERVAL)
        {
            self.look_for_throttling();
            self.asked = Some(Instant::now());
        }
    }

    fn look_at(&mut self, at: f64) {
        let root = self.root.as_path();
        let watts: Option<f64> = self.rails.iter().map(|rail| rail.watts(root)).sum();
        let clock = |policy: &String| {
            let kilohertz: u32 = number(root, &format!("{policy}/scaling_cur_freq"))?;
            Some(kilohertz / 1000)
        };
        self.samples.push(Sample {
            at,
            watts: watts.filter(|_| !self.rails.is_empty()),
            clocks: self.policies.iter().map(clock).collect(),
            load: Load::read(root),
            temperature: board::temperature_in(root),
        });
    }

    fn look_for_throttling(&mut self) {
        if let Some(throttling) = Throttling::read_in(&self.root) {
            self.limits = self.limits.or(throttling.now);
        }
    }

    /// What was seen between the moments `from` and `to` (seconds of the monotonic clock), in
    /// which the measured process took `cpu` seconds of processor time. Throttling counts from
    /// when the process was started, heat as well.
    pub fn seen(&mut self, from: f64, to: f64, cpu: f64) -> Seen {
        self.look_for_throttling();
        let within: Vec<&Sample> = self
            .samples
            .iter()
            .filter(|sample| (from..=to).contains(&sample.at))
            .collect();
        let clocks = (0..self.policies.len()).filter_map(|index| {
            let told = || within.iter().filter_map(|sample| sample.clocks[index]);
            Some((told().min()?, told().max()?))
        });
        let readings: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter_map(|sample| Some((sample.at, sample.watts?)))
            .collect();
        let (other_load, stolen) = loads(&within, cpu / (to - from)).unzip();
        let hottest = self.samples.iter().filter_map(|sample| sample.temperature);
        Seen {
            clocks_mhz: clocks.collect(),
            temperature_max: hottest.reduce(f32::max),
            throttling: match self.limits.any() {
                true => self
                    .limits
                    .to_string()
                    .split(", ")
                    .map(str::to_owned)
                    .collect(),
                false => Vec::new(),
            },
            other_load,
            stolen,
            joules: power::joules(&readings, from, to),
        }
    }
}

/// Cores that others kept busy and that the host took, where the measured process kept `own` busy.
fn loads(samples: &[&Sample], own: f64) -> Option<(f64, f64)> {
    let told = || {
        samples
            .iter()
            .filter_map(|sample| Some((sample.at, sample.load?)))
    };
    let ((start, first), (end, last)) = (told().next()?, told().next_back()?);
    let time = end - start;
    if time <= 0.0 {
        return None;
    }
    let other = (last.busy - first.busy) / time - own;
    let round = |cores: f64| (cores.max(0.0) * 1e3).round() / 1e3;
    Some((round(other), round((last.stolen - first.stolen) / time)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::board::fake::Root;

    const STAT: &str = "proc/stat";

    fn stat(busy: u32, stolen: u32) -> String {
        format!("cpu  {busy} 0 0 5000 0 0 0 {stolen} 0 0\n")
    }

    #[test]
    fn a_quiet_raspberry_pi_is_watched() {
        let root = Root::raspberry_pi_4().file(STAT, stat(100, 0));
        let mut watch = Watch::new(root.path());
        watch.look_at(1.0);
        let root = root.file(STAT, stat(300, 0));
        watch.look_at(3.0);
        let seen = watch.seen(0.5, 3.5, 3.0);
        assert_eq!(seen.clocks_mhz, [(600, 600)]);
        assert_eq!(seen.temperature_max, Some(48.686));
        assert_eq!((seen.other_load, seen.stolen), (Some(0.0), Some(0.0)));
        assert_eq!((seen.joules, seen.throttling.len()), (None, 0));
        drop(root);
    }

    #[test]
    fn clocks_heat_load_and_throttling_are_noticed() {
        let policy = "sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq";
        let throttled = "sys/devices/platform/soc/soc:firmware/get_throttled";
        let root = Root::raspberry_pi_4().file(STAT, stat(100, 10));
        let mut watch = Watch::new(root.path());
        watch.look_at(1.0);
        let root = root
            .file(policy, "1500000\n")
            .file(throttled, "50005\n")
            .file("sys/class/thermal/thermal_zone0/temp", "82000\n")
            .file(STAT, stat(500, 50));
        watch.look_at(2.0);
        watch.look_for_throttling();
        // It cools down again: what was seen stays.
        let root = root
            .file(throttled, "50000\n")
            .file("sys/class/thermal/thermal_zone0/temp", "60000\n");
        watch.look_at(9.0);
        let seen = watch.seen(0.5, 3.0, 3.75);
        assert_eq!(seen.clocks_mhz, [(600, 1500)]);
        assert_eq!(seen.temperature_max, Some(82.0));
        assert_eq!(seen.throttling, ["under-voltage", "throttled"]);
        // 4 s of 4 cores in 1 s, of which 1.5 are its own.
        assert_eq!((seen.other_load, seen.stolen), (Some(2.5), Some(0.4)));
        drop(root);
        watch.clear();
        assert!(watch.seen(0.0, 1.0, 0.0).throttling.is_empty());
    }

    #[test]
    fn energy_is_told_where_a_sensor_is() {
        let file = |what: &str| format!("sys/class/hwmon/hwmon0/{what}");
        let root = Root::new()
            .file(&file("name"), "ina219\n")
            .file(&file("power1_input"), "2000000\n");
        let mut watch = Watch::new(root.path());
        assert_eq!(watch.rails(), ["ina219 channel 1"]);
        watch.look_at(0.0);
        let root = root.file(&file("power1_input"), "4000000\n");
        watch.look_at(2.0);
        assert_eq!(watch.seen(0.0, 2.0, 1.0).joules, Some(6.0));
        drop(root);
    }

    #[test]
    fn an_empty_machine_tells_nothing() {
        let root = Root::new();
        let mut watch = Watch::new(root.path());
        watch.look();
        watch.look();
        assert_eq!(watch.seen(0.0, f64::MAX, 1.0), Seen::default());
    }
}
