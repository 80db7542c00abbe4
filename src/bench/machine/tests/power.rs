//! Power sensors, and energy from their readings.

use proptest::prelude::*;

use crate::bench::machine::power::{Rail, joules, rails};
use crate::host::board::fake::Root;

fn watts(root: &Root) -> Vec<(String, f64)> {
    let power = |rail: &Rail| rail.watts(root.path()).unwrap();
    let rails = rails(root.path());
    rails.iter().map(|r| (r.name.clone(), power(r))).collect()
}

fn channel(root: Root, number: u32, label: &str, millivolts: u32, milliamperes: u32) -> Root {
    let file = |kind: &str, what: &str| format!("sys/class/hwmon/hwmon1/{kind}{number}_{what}");
    root.file(&file("in", "label"), label)
        .file(&file("in", "input"), format!("{millivolts}\n"))
        .file(&file("curr", "input"), format!("{milliamperes}\n"))
}

/// A Jetson Orin Nano with JetPack 5 or 6.
fn orin_nano() -> Root {
    let root = Root::new()
        .file("sys/class/hwmon/hwmon0/name", "pwmfan\n")
        .file("sys/class/hwmon/hwmon1/name", "ina3221\n");
    let root = channel(root, 1, "VDD_IN\n", 5080, 1240);
    let root = channel(root, 2, "VDD_CPU_GPU_CV\n", 5080, 400);
    channel(root, 3, "VDD_SOC\n", 5080, 300)
}

#[test]
fn the_rail_that_feeds_the_others_is_the_board() {
    assert_eq!(watts(&orin_nano()), [("VDD_IN".to_owned(), 6.2992)]);
}

#[test]
fn without_such_a_rail_all_of_them_are_summed() {
    let root = orin_nano().file("sys/class/hwmon/hwmon1/in1_label", "VDD_GPU_SOC\n");
    let names: Vec<String> = watts(&root).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["VDD_GPU_SOC", "VDD_CPU_GPU_CV", "VDD_SOC"]);
}

#[test]
fn an_ina219_reports_its_power_itself() {
    let root = Root::new()
        .file("sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
        .file("sys/class/hwmon/hwmon0/power1_input", "1\n")
        .file("sys/class/hwmon/hwmon2/name", "ina219\n")
        .file("sys/class/hwmon/hwmon2/power1_input", "2345000\n");
    assert_eq!(watts(&root), [("ina219 channel 1".to_owned(), 2.345)]);
}

#[test]
fn jetpack_4_reports_milliwatts_elsewhere() {
    let device = "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0";
    let root = Root::new()
        .file(&format!("{device}/rail_name_0"), "POM_5V_IN\n")
        .file(&format!("{device}/in_power0_input"), "2850\n")
        .file(&format!("{device}/rail_name_1"), "POM_5V_GPU\n")
        .file(&format!("{device}/in_power1_input"), "120\n")
        .file("sys/bus/i2c/drivers/ina3221x/bind", "");
    assert_eq!(watts(&root), [("POM_5V_IN".to_owned(), 2.85)]);
}

#[test]
fn a_channel_that_is_off_and_a_board_without_sensors_have_no_power() {
    assert!(watts(&Root::raspberry_pi_4()).is_empty());
    let root = orin_nano().file("sys/class/hwmon/hwmon1/in1_input", "");
    assert_eq!(
        watts(&root).len(),
        2,
        "the rail that feeds the others is off"
    );
}

#[test]
fn energy_of_a_steady_and_of_a_rising_power() {
    let steady = [(10.0, 4.0), (11.0, 4.0), (14.0, 4.0)];
    assert_eq!(joules(&steady, 10.0, 14.0), Some(16.0));
    assert_eq!(joules(&steady, 10.5, 12.5), Some(8.0));
    let rising = [(0.0, 0.0), (10.0, 10.0)];
    assert_eq!(joules(&rising, 0.0, 10.0), Some(50.0));
    assert_eq!(joules(&rising, 4.0, 6.0), Some(10.0));
    // Outside of the readings the nearest counts.
    assert_eq!(joules(&rising, -1.0, 12.0), Some(70.0));
    assert_eq!(joules(&rising[..1], 0.0, 1.0), None);
    assert_eq!(joules(&rising, 5.0, 5.0), None);
}

proptest! {
    /// Against many thin slices.
    #[test]
    fn energy_is_the_area_below_the_readings(
        steps in prop::collection::vec((0.05_f64..1.0, 0.0_f64..30.0), 2..20),
        window in (0.0_f64..1.0, 0.0_f64..1.0),
    ) {
        let mut now = 0.0;
        let readings: Vec<(f64, f64)> =
            steps.iter().map(|(step, watts)| { now += step; (now, *watts) }).collect();
        let (from, to) = (window.0.min(window.1) * now, window.0.max(window.1) * now + 0.01);
        let power = |t: f64| {
            let after = readings.iter().position(|(at, _)| *at > t);
            match after {
                None => readings[readings.len() - 1].1,
                Some(0) => readings[0].1,
                Some(i) => {
                    let ((t0, w0), (t1, w1)) = (readings[i - 1], readings[i]);
                    w0 + (w1 - w0) * (t - t0) / (t1 - t0)
                }
            }
        };
        let slices = 20_000;
        let width = (to - from) / f64::from(slices);
        let sum: f64 =
            (0..slices).map(|i| power(from + width * (f64::from(i) + 0.5)) * width).sum();
        let found = joules(&readings, from, to).unwrap();
        prop_assert!((found - sum).abs() < 1e-2 + sum * 1e-3, "{found} for {sum}");
    }
}
