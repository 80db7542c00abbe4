//! Cameras: nodes, permission, who holds them, and the tools that CSI cameras need.

use std::path::Path;

use super::access::denied;
use super::{Check, Machine};
use crate::host::board::{entries, holders_in, line, text};

/// What a Video4Linux node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Gives pictures.
    Camera,
    /// Gives a CSI sensor's raw pixels, which only the board's own camera stack makes pictures of.
    Sensor,
    /// Codecs, picture processors, metadata.
    Other,
}

pub(super) fn checks(machine: &Machine<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut sensor = false;
    for path in entries(machine.root, "dev", "video") {
        let node = path.trim_start_matches("dev/");
        match kind(machine, node) {
            Kind::Camera => checks.extend(camera(machine, node)),
            Kind::Sensor => sensor = true,
            Kind::Other => {}
        }
    }
    if sensor {
        checks.push(csi(machine));
    }
    if checks.is_empty() {
        checks.push(none(machine));
    }
    checks
}

/// Tells nodes apart without opening them.
fn kind(machine: &Machine<'_>, node: &str) -> Kind {
    /// Drivers whose nodes are no cameras although some of them capture: codecs and picture
    /// processors of Raspberry Pi 3, 4 (bcm2835-...) and 5 (pispbe, rpi-hevc-dec).
    const PROCESSORS: [&str; 5] = [
        "bcm2835-codec",
        "bcm2835-isp",
        "pispbe",
        "rpivid",
        "rpi-hevc-dec",
    ];
    /// Receivers of raw sensor data: Raspberry Pi up to 4, Raspberry Pi 5, Jetson.
    const RECEIVERS: [&str; 3] = ["unicam", "rp1-cfe", "vi-output"];

    let name = name(machine, node).unwrap_or_default();
    let starts = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if starts(&PROCESSORS) {
        return Kind::Other;
    }
    if starts(&RECEIVERS) {
        return Kind::Sensor;
    }
    // Where udev has asked the driver, it has kept the answer: "E:ID_V4L_CAPABILITIES=:capture:".
    let class = format!("sys/class/video4linux/{node}");
    let capabilities = line(machine.root, &format!("{class}/dev"))
        .and_then(|number| text(machine.root, &format!("run/udev/data/c{number}")))
        .and_then(|facts| {
            let mut lines = facts.lines();
            lines.find_map(|fact| {
                fact.strip_prefix("E:ID_V4L_CAPABILITIES=")
                    .map(str::to_owned)
            })
        });
    let captures = match capabilities {
        Some(capabilities) => capabilities.contains(":capture:"),
        // A webcam's first node gives pictures, its second one metadata.
        None => line(machine.root, &format!("{class}/index")).is_none_or(|index| index == "0"),
    };
    if captures { Kind::Camera } else { Kind::Other }
}

fn name(machine: &Machine<'_>, node: &str) -> Option<String> {
    line(machine.root, &format!("sys/class/video4linux/{node}/name"))
}

/// Permission for one camera, and who has it open.
fn camera(machine: &Machine<'_>, node: &str) -> Vec<Check> {
    let path = format!("/dev/{node}");
    let title = match name(machine, node) {
        Some(name) => format!("{path} ({name})"),
        None => path.clone(),
    };
    let mut checks = vec![match denied(machine, &format!("dev/{node}")) {
        None => Check::ok("camera", title),
        Some(denied) => Check::problem(
            "camera",
            format!("{title}: no permission, only {} may open it", denied.who),
            denied.remedy,
        ),
    }];
    let holders: Vec<String> = holders_in(machine.root, Path::new(&path))
        .iter()
        .map(|(pid, name)| format!("{name} (process {pid})"))
        .collect();
    if !holders.is_empty() {
        checks.push(Check::note(
            "camera in use",
            format!("{path} is open in {}", holders.join(", ")),
            "only one program at a time can take pictures: close that one if face8x says busy",
        ));
    }
    checks
}

/// A CSI camera is read through a program of the board's maker.
fn csi(machine: &Machine<'_>) -> Check {
    let (program, source, package) = if machine.model_contains("Jetson") {
        ("gst-launch-1.0", "argus://0", "gstreamer1.0-tools")
    } else {
        ("rpicam-vid", "rpicam://0", "rpicam-apps")
    };
    if machine.has_program(program) {
        Check::ok("CSI camera", format!("present, for --source {source}"))
    } else {
        Check::problem(
            "CSI camera",
            format!("present, but {program}, which reads it, is not installed"),
            format!("sudo apt install {package}, then use --source {source}"),
        )
    }
}

fn none(machine: &Machine<'_>) -> Check {
    if !entries(machine.root, "sys/class/video4linux", "video").is_empty()
        && entries(machine.root, "dev", "video").is_empty()
    {
        return Check::note(
            "camera",
            "the kernel has cameras, but /dev has no node for them: the demo scene runs instead",
            "in a container, pass the camera in: --device /dev/video0",
        );
    }
    let remedy = if machine.model_contains("Raspberry Pi") {
        "plug in a USB camera; for a ribbon-cable camera see that the cable is seated and that \
         /boot/firmware/config.txt has camera_auto_detect=1, then restart"
    } else {
        "plug in a USB camera"
    };
    Check::note("camera", "none: the demo scene runs instead", remedy)
}
