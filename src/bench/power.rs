//! Energy, where the board has a sensor: Texas Instruments' INA chips, as on Jetson.

use std::fs;
use std::path::Path;

use crate::host::board::{entries, line, number};

/// A supply rail that is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Rail {
    /// Its name on the board, such as `VDD_IN`.
    pub name: String,
    files: Files,
}

/// The files that tell its power, relative to the root.
#[derive(Debug, Clone, PartialEq)]
enum Files {
    /// One file, and how many of its units are a watt.
    Power(String, f64),
    /// Millivolts and milliamperes (the kernel's hwmon interface, "sysfs-interface").
    VoltsAndAmperes(String, String),
}

impl Rail {
    /// Its power in watts now; `None` where the sensor does not answer.
    pub fn watts(&self, root: &Path) -> Option<f64> {
        let watts = match &self.files {
            Files::Power(file, units) => number::<f64>(root, file)? / units,
            Files::VoltsAndAmperes(volts, amperes) => {
                number::<f64>(root, volts)? * number::<f64>(root, amperes)? / 1e6
            }
        };
        watts.is_finite().then_some(watts)
    }
}

/// The rails whose sum is what the board takes, as far as its sensors tell: the one rail that
/// feeds all others where there is one, else every rail that has a sensor.
pub fn rails(root: &Path) -> Vec<Rail> {
    let mut rails = hwmon(root);
    if rails.is_empty() {
        rails = jetpack_4(root);
    }
    rails.retain(|rail| rail.watts(root).is_some());
    // Jetson's names: VDD_IN (Xavier NX, Orin Nano, Orin NX), POM_5V_IN (Nano), VIN_SYS_5V0 and
    // the others (AGX) are one rail among several.
    let feeds_all = |rail: &Rail| {
        let name = rail.name.to_ascii_uppercase();
        name == "VDD_IN" || name.ends_with("5V_IN")
    };
    match rails.iter().position(feeds_all) {
        Some(index) => vec![rails.swap_remove(index)],
        None => rails,
    }
}

/// The chips by the kernel's hwmon drivers ina2xx and ina3221.
fn hwmon(root: &Path) -> Vec<Rail> {
    let mut rails = Vec::new();
    for chip in entries(root, "sys/class/hwmon", "hwmon") {
        let Some(name) = line(root, &format!("{chip}/name")).filter(|name| name.starts_with("ina"))
        else {
            continue;
        };
        // ina3221 has three channels; the others have one, and a file of its power.
        for channel in 1..=3 {
            let file = |kind: &str, what: &str| format!("{chip}/{kind}{channel}_{what}");
            let has = |path: &String| root.join(path).exists();
            let files = if has(&file("power", "input")) {
                Files::Power(file("power", "input"), 1e6)
            } else if has(&file("in", "input")) && has(&file("curr", "input")) {
                Files::VoltsAndAmperes(file("in", "input"), file("curr", "input"))
            } else {
                continue;
            };
            let label = line(root, &file("in", "label"));
            let name = label.unwrap_or_else(|| format!("{name} channel {channel}"));
            rails.push(Rail { name, files });
        }
    }
    rails
}

/// The kernel 4.9 of JetPack 4 has a driver of its own: milliwatts below
/// `/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0`.
fn jetpack_4(root: &Path) -> Vec<Rail> {
    let driver = "sys/bus/i2c/drivers/ina3221x";
    let mut rails = Vec::new();
    for chip in names(root, driver) {
        let chip = format!("{driver}/{chip}");
        for device in names(root, &chip) {
            if !device.starts_with("iio:device") {
                continue;
            }
            for channel in 0..3 {
                let file = format!("{chip}/{device}/in_power{channel}_input");
                if let Some(name) = line(root, &format!("{chip}/{device}/rail_name_{channel}")) {
                    let files = Files::Power(file, 1e3);
                    rails.push(Rail { name, files });
                }
            }
        }
    }
    rails
}

/// What lies in a folder, in the order of the names.
fn names(root: &Path, folder: &str) -> Vec<String> {
    let Ok(listing) = fs::read_dir(root.join(folder)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = listing
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

/// Energy in joules between the moments `from` and `to` (seconds), of power readings (moment,
/// watts) in the order of time: the area below the straight lines that join them, and before the
/// first and after the last reading that reading. `None` where there are no two readings.
pub fn joules(readings: &[(f64, f64)], from: f64, to: f64) -> Option<f64> {
    let (first, last) = (readings.first()?, readings.last()?);
    if readings.len() < 2 || to <= from {
        return None;
    }
    let mut points = vec![(first.0.min(from), first.1)];
    points.extend_from_slice(readings);
    points.push((last.0.max(to), last.1));
    let area = |pair: &[(f64, f64)]| {
        let ((t0, w0), (t1, w1)) = (pair[0], pair[1]);
        let (start, end) = (t0.max(from), t1.min(to));
        if end <= start {
            return 0.0;
        }
        let at = |t: f64| w0 + (w1 - w0) * (t - t0) / (t1 - t0);
        (at(start) + at(end)) / 2.0 * (end - start)
    };
    Some(points.windows(2).map(area).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::board::fake::Root;
    use proptest::prelude::*;

    fn told(root: &Root) -> Vec<(String, f64)> {
        let watts = |rail: &Rail| rail.watts(root.path()).unwrap();
        let rails = rails(root.path());
        rails.iter().map(|r| (r.name.clone(), watts(r))).collect()
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
        assert_eq!(told(&orin_nano()), [("VDD_IN".to_owned(), 6.2992)]);
    }

    #[test]
    fn without_such_a_rail_all_of_them_are_summed() {
        let root = orin_nano().file("sys/class/hwmon/hwmon1/in1_label", "VDD_GPU_SOC\n");
        let names: Vec<String> = told(&root).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["VDD_GPU_SOC", "VDD_CPU_GPU_CV", "VDD_SOC"]);
    }

    #[test]
    fn an_ina219_tells_its_power_itself() {
        let root = Root::new()
            .file("sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
            .file("sys/class/hwmon/hwmon0/power1_input", "1\n")
            .file("sys/class/hwmon/hwmon2/name", "ina219\n")
            .file("sys/class/hwmon/hwmon2/power1_input", "2345000\n");
        assert_eq!(told(&root), [("ina219 channel 1".to_owned(), 2.345)]);
    }

    #[test]
    fn jetpack_4_tells_milliwatts_elsewhere() {
        let device = "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0";
        let root = Root::new()
            .file(&format!("{device}/rail_name_0"), "POM_5V_IN\n")
            .file(&format!("{device}/in_power0_input"), "2850\n")
            .file(&format!("{device}/rail_name_1"), "POM_5V_GPU\n")
            .file(&format!("{device}/in_power1_input"), "120\n")
            .file("sys/bus/i2c/drivers/ina3221x/bind", "");
        assert_eq!(told(&root), [("POM_5V_IN".to_owned(), 2.85)]);
    }

    #[test]
    fn a_channel_that_is_off_and_a_board_without_sensors_tell_nothing() {
        assert!(told(&Root::raspberry_pi_4()).is_empty());
        let root = orin_nano().file("sys/class/hwmon/hwmon1/in1_input", "");
        assert_eq!(
            told(&root).len(),
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
}
