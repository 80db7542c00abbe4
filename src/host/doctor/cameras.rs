//! What is wrong with the cameras: permission, who holds them, the tools that CSI cameras need.

use super::{Check, CheckedMachine};
use crate::host::board::holders_in;
use crate::host::devices::{Access, VideoNode, VideoRole};

pub(super) fn checks(machine: &CheckedMachine<'_>) -> Vec<Check> {
    let nodes = &machine.devices.video_nodes;
    let mut checks: Vec<Check> = nodes
        .iter()
        .flat_map(|node| node_checks(machine, node))
        .collect();
    let sensor = nodes.iter().find_map(|node| match node.role {
        VideoRole::Sensor(source) => Some(source),
        _ => None,
    });
    checks.extend(sensor.map(|source| csi(machine, source)));
    if checks.is_empty() {
        checks.push(none(machine));
    }
    checks
}

/// A camera: may it be opened, does it give what face8x reads, and who has it open?
fn node_checks(machine: &CheckedMachine<'_>, node: &VideoNode) -> Vec<Check> {
    let path = node.path.display();
    let title = match &node.name {
        Some(name) => format!("{path} ({name})"),
        None => path.to_string(),
    };
    let check = match (node.role, &node.access, &node.unusable) {
        (VideoRole::Sensor(_) | VideoRole::Other, ..) => return Vec::new(),
        (_, Access::Denied(denied), _) => Check::problem(
            "camera",
            format!("{title}: no permission, only {} may open it", denied.who()),
            &denied.remedy,
        ),
        (_, _, Some(reason)) => Check::problem(
            "camera",
            format!("{title}: not usable: {reason}"),
            "use another camera; `face8x list` shows them",
        ),
        _ => Check::ok("camera", title),
    };
    let holders: Vec<String> = holders_in(machine.root, &node.path)
        .iter()
        .map(|(pid, name)| format!("{name} (process {pid})"))
        .collect();
    let in_use = (!holders.is_empty()).then(|| {
        Check::note(
            "camera in use",
            format!("{path} is open in {}", holders.join(", ")),
            "only one program at a time can take pictures: close that one if face8x finds it busy",
        )
    });
    [check].into_iter().chain(in_use).collect()
}

/// A CSI camera is read through a program of the board's maker.
fn csi(machine: &CheckedMachine<'_>, source: &str) -> Check {
    let (program, package) = if source.starts_with("argus:") {
        ("gst-launch-1.0", "gstreamer1.0-tools")
    } else {
        ("rpicam-vid", "rpicam-apps")
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

fn none(machine: &CheckedMachine<'_>) -> Check {
    if machine.devices.video_nodes_hidden {
        return Check::note(
            "camera",
            "the kernel has cameras, but /dev has no node for them: the demo scene runs instead",
            "in a container, pass the camera in: --device /dev/video0",
        );
    }
    let remedy = if machine.model_contains("Raspberry Pi") {
        "plug in a USB camera; for a ribbon-cable camera check that the cable is seated and that \
         /boot/firmware/config.txt has camera_auto_detect=1, then restart"
    } else {
        "plug in a USB camera"
    };
    Check::note("camera", "none: the demo scene runs instead", remedy)
}
