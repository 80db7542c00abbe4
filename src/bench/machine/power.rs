//! Energy, where the board has a sensor: Texas Instruments' INA chips, as on Jetson.

use std::fs;
use std::path::Path;

use crate::host::board::{entries, line, number};

/// A supply rail that is measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rail {
    /// Its name on the board, such as `VDD_IN`.
    pub(crate) name: String,
    files: PowerFiles,
}

/// The files that its power is read from, relative to the root.
#[derive(Debug, Clone, PartialEq)]
enum PowerFiles {
    /// One file, and how many of its units are a watt.
    Power(String, f64),
    /// Millivolts and milliamperes (the kernel's hwmon interface, "sysfs-interface").
    VoltsAndAmperes(String, String),
}

impl Rail {
    /// Its power in watts now; `None` where the sensor returns nothing.
    pub(crate) fn watts(&self, root: &Path) -> Option<f64> {
        let watts = match &self.files {
            PowerFiles::Power(file, units) => number::<f64>(root, file)? / units,
            PowerFiles::VoltsAndAmperes(volts, amperes) => {
                number::<f64>(root, volts)? * number::<f64>(root, amperes)? / 1e6
            }
        };
        watts.is_finite().then_some(watts)
    }
}

/// The rails whose sum is what the board takes, as far as it has sensors: the one rail that feeds all
/// others where there is one, else every rail that has a sensor.
pub(crate) fn rails(root: &Path) -> Vec<Rail> {
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
                PowerFiles::Power(file("power", "input"), 1e6)
            } else if has(&file("in", "input")) && has(&file("curr", "input")) {
                PowerFiles::VoltsAndAmperes(file("in", "input"), file("curr", "input"))
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
                    let files = PowerFiles::Power(file, 1e3);
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
pub(crate) fn joules(readings: &[(f64, f64)], from: f64, to: f64) -> Option<f64> {
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
