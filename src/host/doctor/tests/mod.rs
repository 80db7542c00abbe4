use super::*;
use crate::host::board::fake::Root;

mod cameras;
mod displays;
mod machine;

fn report(root: &Root) -> Diagnosis {
    examine(root.path(), &Surroundings::default(), None)
}

/// All checks of this name.
fn named<'a>(report: &'a Diagnosis, name: &str) -> Vec<&'a Check> {
    report
        .checks
        .iter()
        .filter(|check| check.name == name)
        .collect()
}

/// Status and finding of the only check of this name.
fn one(report: &Diagnosis, name: &str) -> (Severity, String) {
    let found = named(report, name);
    assert_eq!(found.len(), 1, "{name} in\n{report}");
    (found[0].severity, found[0].finding.clone())
}

fn remedy(report: &Diagnosis, name: &str) -> String {
    named(report, name)[0].remedy.clone().unwrap_or_default()
}

fn found(severity: Severity, finding: &str) -> (Severity, String) {
    (severity, finding.to_owned())
}

fn webcam(root: Root) -> Root {
    root.node("dev/video0", 0o660)
        .file("sys/class/video4linux/video0/name", "HD Webcam\n")
        .file("sys/class/video4linux/video0/index", "0\n")
        .node("dev/video1", 0o660)
        .file("sys/class/video4linux/video1/name", "HD Webcam\n")
        .file("sys/class/video4linux/video1/index", "1\n")
}

fn hdmi(root: Root, status: &str) -> Root {
    root.node("dev/dri/card0", 0o660)
        .node("dev/dri/card1", 0o660)
        .file("sys/class/drm/card1-HDMI-A-1/status", format!("{status}\n"))
        .file("sys/class/drm/card1-HDMI-A-2/status", "disconnected\n")
}

#[test]
fn a_machine_with_everything_has_no_problem() {
    let root = hdmi(webcam(Root::raspberry_pi_4().member()), "connected")
        .file("sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
        .file(
            "sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
            "performance\n",
        )
        .file("run/systemd/timesync/synchronized", "");
    let report = report(&root);
    assert!(
        report
            .checks
            .iter()
            .all(|check| check.severity == Severity::Ok),
        "{report}"
    );
    let board = "Raspberry Pi 4 Model B Rev 1.4, 4 x Cortex-A72, 3977 MB, Linux 6.6.51+rpt-rpi-v8";
    assert_eq!(one(&report, "board"), found(Severity::Ok, board));
    assert_eq!(
        one(&report, "camera"),
        found(Severity::Ok, "/dev/video0 (HD Webcam)")
    );
    assert!(
        report
            .to_string()
            .ends_with("\nno problem found, no notes\n")
    );
}

#[test]
fn an_empty_machine_gets_notes_only() {
    let report = report(&Root::new());
    assert_eq!(report.count(Severity::Problem), 0, "{report}");
    assert_eq!(
        one(&report, "camera"),
        found(Severity::Note, "none: the demo scene runs instead")
    );
    assert_eq!(remedy(&report, "camera"), "plug in a USB camera");
    assert_eq!(one(&report, "display").0, Severity::Note);
    assert_eq!(one(&report, "board"), found(Severity::Ok, "unknown model"));
}

#[test]
fn the_real_machine_can_be_examined() {
    let report = examine(Path::new("/"), &Surroundings::of_process(), None);
    assert!(one(&report, "board").1.contains("Linux "), "{report}");
    assert!(one(&report, "disk").1.contains(" MB free in "), "{report}");
}

#[test]
fn the_model_check_is_passed_on() {
    let with = |model| {
        let surroundings = Surroundings {
            model,
            ..Surroundings::default()
        };
        examine(Root::new().path(), &surroundings, None)
    };
    assert_eq!(named(&with(None), "model").len(), 0);
    let good = with(Some(Ok("face8x.onnx, checksum right".into())));
    assert_eq!(
        one(&good, "model"),
        found(Severity::Ok, "face8x.onnx, checksum right")
    );
    let bad = with(Some(Err(
        Error::other("checksum wrong").remedy("copy it again")
    )));
    assert_eq!(
        one(&bad, "model"),
        found(Severity::Problem, "checksum wrong")
    );
    assert_eq!(remedy(&bad, "model"), "copy it again");
    let bare = with(Some(Err(Error::other("checksum wrong"))));
    assert_eq!(named(&bare, "model")[0].remedy, None);
}

#[test]
fn a_report_is_an_aligned_table() {
    let report = Diagnosis {
        checks: vec![
            Check::ok("camera", "/dev/video0"),
            Check::note("governor", "ondemand", "set another"),
            Check::problem("drm", "no permission", "join the group"),
        ],
    };
    let lines = [
        "ok       camera    /dev/video0",
        "note     governor  ondemand",
        "                   -> set another",
        "problem  drm       no permission",
        "                   -> join the group",
        "1 problem found, 1 note",
        "",
    ];
    assert_eq!(report.to_string(), lines.join("\n"));
}

#[test]
fn a_report_can_be_written_as_json() {
    let report = Diagnosis {
        checks: vec![Check::note("drm", "in use", "stop it")],
    };
    let expected = serde_json::json!({"checks": [
        {"name": "drm", "status": "note", "finding": "in use", "remedy": "stop it"}
    ]});
    assert_eq!(serde_json::to_value(&report).unwrap(), expected);
}
