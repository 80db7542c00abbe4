//! What samples of a changing machine add up to.

use crate::bench::machine::{Activity, Sampler};
use crate::host::board::fake::Root;

const STAT: &str = "proc/stat";

fn stat(busy: u32, stolen: u32) -> String {
    format!("cpu  {busy} 0 0 5000 0 0 0 {stolen} 0 0\n")
}

#[test]
fn a_quiet_raspberry_pi_is_sampled() {
    let root = Root::raspberry_pi_4().file(STAT, stat(100, 0));
    let mut sampler = Sampler::new(root.path());
    sampler.sample_at(1.0);
    let root = root.file(STAT, stat(300, 0));
    sampler.sample_at(3.0);
    let activity = sampler.activity(0.5, 3.5, 3.0);
    assert_eq!(activity.clocks_mhz, [(600, 600)]);
    assert_eq!(activity.temperature_max, Some(48.686));
    assert_eq!(
        (activity.other_load, activity.stolen),
        (Some(0.0), Some(0.0))
    );
    assert_eq!((activity.joules, activity.throttling.len()), (None, 0));
    drop(root);
}

#[test]
fn clocks_heat_load_and_throttling_are_noticed() {
    let policy = "sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq";
    let throttled = "sys/devices/platform/soc/soc:firmware/get_throttled";
    let root = Root::raspberry_pi_4().file(STAT, stat(100, 10));
    let mut sampler = Sampler::new(root.path());
    sampler.sample_at(1.0);
    let root = root
        .file(policy, "1500000\n")
        .file(throttled, "50005\n")
        .file("sys/class/thermal/thermal_zone0/temp", "82000\n")
        .file(STAT, stat(500, 50));
    sampler.sample_at(2.0);
    sampler.read_throttling();
    // It cools down again: what happened stays.
    let root = root
        .file(throttled, "50000\n")
        .file("sys/class/thermal/thermal_zone0/temp", "60000\n");
    sampler.sample_at(9.0);
    let activity = sampler.activity(0.5, 3.0, 3.75);
    assert_eq!(activity.clocks_mhz, [(600, 1500)]);
    assert_eq!(activity.temperature_max, Some(82.0));
    assert_eq!(activity.throttling, ["under-voltage", "throttled"]);
    // 4 s of 4 cores in 1 s, of which 1.5 are its own.
    assert_eq!(
        (activity.other_load, activity.stolen),
        (Some(2.5), Some(0.4))
    );
    drop(root);
    sampler.clear();
    assert!(sampler.activity(0.0, 1.0, 0.0).throttling.is_empty());
}

#[test]
fn energy_is_known_where_a_sensor_is() {
    let file = |what: &str| format!("sys/class/hwmon/hwmon0/{what}");
    let root = Root::new()
        .file(&file("name"), "ina219\n")
        .file(&file("power1_input"), "2000000\n");
    let mut sampler = Sampler::new(root.path());
    assert_eq!(sampler.rails(), ["ina219 channel 1"]);
    sampler.sample_at(0.0);
    let root = root.file(&file("power1_input"), "4000000\n");
    sampler.sample_at(2.0);
    assert_eq!(sampler.activity(0.0, 2.0, 1.0).joules, Some(6.0));
    drop(root);
}

#[test]
fn nothing_is_known_of_an_empty_machine() {
    let root = Root::new();
    let mut sampler = Sampler::new(root.path());
    sampler.sample();
    sampler.sample();
    assert_eq!(sampler.activity(0.0, f64::MAX, 1.0), Activity::default());
}
