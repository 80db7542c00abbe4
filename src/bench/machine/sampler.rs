//! Samples the machine a few times a second while another process is measured.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::load::Load;
use super::power::{self, Rail};
use crate::host::board::{self, Limits, Throttling, entries, number};
use face8x_core::frame::monotonic_now;

/// The time between two samples.
pub(crate) const INTERVAL: Duration = Duration::from_millis(250);
/// How often throttling is read: on a Raspberry Pi 5 a program is run for it.
const THROTTLING_INTERVAL: Duration = Duration::from_secs(5);

/// The machine at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
struct MachineSample {
    /// On the monotonic clock, in seconds.
    at: f64,
    watts: Option<f64>,
    /// Clock of every group of cores, in MHz.
    clocks: Vec<Option<u32>>,
    load: Option<Load>,
    temperature: Option<f32>,
}

/// Takes samples and keeps them.
pub(crate) struct Sampler {
    root: PathBuf,
    rails: Vec<Rail>,
    policies: Vec<String>,
    samples: Vec<MachineSample>,
    limits: Limits,
    throttling_read: Option<Instant>,
}

/// What the machine did during a measurement.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Activity {
    /// Lowest and highest clock of every group of cores, in MHz; empty where it is unknown.
    pub(crate) clocks_mhz: Vec<(u32, u32)>,
    /// The highest temperature in degrees Celsius.
    pub(crate) temperature_max: Option<f32>,
    /// What held the processor back, in words; empty where nothing did, or where it is unknown.
    pub(crate) throttling: Vec<String>,
    /// How many cores other programs kept busy, on average.
    pub(crate) other_load: Option<f64>,
    /// How many cores the host of a virtual machine took for others, on average.
    pub(crate) stolen: Option<f64>,
    /// Energy of the board in joules, where it has sensors.
    pub(crate) joules: Option<f64>,
}

impl Sampler {
    /// A sampler of the machine below `root`.
    pub(crate) fn new(root: &Path) -> Sampler {
        Sampler {
            rails: power::rails(root),
            policies: entries(root, "sys/devices/system/cpu/cpufreq", "policy"),
            root: root.to_owned(),
            samples: Vec::new(),
            limits: Limits::default(),
            throttling_read: None,
        }
    }

    /// The rails whose energy is measured.
    pub(crate) fn rails(&self) -> Vec<String> {
        self.rails.iter().map(|rail| rail.name.clone()).collect()
    }

    /// Forgets all samples.
    pub(crate) fn clear(&mut self) {
        self.samples.clear();
        self.limits = Limits::default();
        self.throttling_read = None;
    }

    /// Takes a sample now.
    pub(crate) fn sample(&mut self) {
        let at = monotonic_now().as_secs_f64();
        self.sample_at(at);
        if self
            .throttling_read
            .is_none_or(|read| read.elapsed() >= THROTTLING_INTERVAL)
        {
            self.read_throttling();
            self.throttling_read = Some(Instant::now());
        }
    }

    pub(super) fn sample_at(&mut self, at: f64) {
        let root = self.root.as_path();
        let watts: Option<f64> = self.rails.iter().map(|rail| rail.watts(root)).sum();
        let clock = |policy: &String| {
            let kilohertz: u32 = number(root, &format!("{policy}/scaling_cur_freq"))?;
            Some(kilohertz / 1000)
        };
        self.samples.push(MachineSample {
            at,
            watts: watts.filter(|_| !self.rails.is_empty()),
            clocks: self.policies.iter().map(clock).collect(),
            load: Load::read(root),
            temperature: board::temperature_in(root),
        });
    }

    pub(super) fn read_throttling(&mut self) {
        if let Some(throttling) = Throttling::read_in(&self.root) {
            self.limits = self.limits.or(throttling.now);
        }
    }

    /// What happened between the moments `from` and `to` (seconds of the monotonic clock), in
    /// which the measured process took `cpu` seconds of processor time. Throttling counts from
    /// when the process was started, heat as well.
    pub(crate) fn activity(&mut self, from: f64, to: f64, cpu: f64) -> Activity {
        self.read_throttling();
        let within: Vec<&MachineSample> = self
            .samples
            .iter()
            .filter(|sample| (from..=to).contains(&sample.at))
            .collect();
        let clocks = (0..self.policies.len()).filter_map(|index| {
            let known = || within.iter().filter_map(|sample| sample.clocks[index]);
            Some((known().min()?, known().max()?))
        });
        let readings: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter_map(|sample| Some((sample.at, sample.watts?)))
            .collect();
        let (other_load, stolen) = loads(&within, cpu / (to - from)).unzip();
        let hottest = self.samples.iter().filter_map(|sample| sample.temperature);
        Activity {
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
fn loads(samples: &[&MachineSample], own: f64) -> Option<(f64, f64)> {
    let known = || {
        samples
            .iter()
            .filter_map(|sample| Some((sample.at, sample.load?)))
    };
    let ((start, first), (end, last)) = (known().next()?, known().next_back()?);
    let time = end - start;
    if time <= 0.0 {
        return None;
    }
    let other = (last.busy - first.busy) / time - own;
    let round = |cores: f64| (cores.max(0.0) * 1e3).round() / 1e3;
    Some((round(other), round((last.stolen - first.stolen) / time)))
}
