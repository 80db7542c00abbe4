use super::*;
use crate::board::fake::{Root, video_group};

fn report(root: &Root) -> Report {
    examine(root.path(), &Surroundings::default())
}

/// All checks of this name.
fn named<'a>(report: &'a Report, name: &str) -> Vec<&'a Check> {
    report
        .checks
        .iter()
        .filter(|check| check.name == name)
        .collect()
}

/// Status and finding of the only check of this name.
fn one(report: &Report, name: &str) -> (Status, String) {
    let found = named(report, name);
    assert_eq!(found.len(), 1, "{name} in\n{report}");
    (found[0].status, found[0].finding.clone())
}

fn remedy(report: &Report, name: &str) -> String {
    named(report, name)[0].remedy.clone().unwrap_or_default()
}

fn found(status: Status, finding: &str) -> (Status, String) {
    (status, finding.to_owned())
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
        report.checks.iter().all(|check| check.status == Status::Ok),
        "{report}"
    );
    let board = "Raspberry Pi 4 Model B Rev 1.4, 4 x Cortex-A72, 3977 MB, Linux 6.6.51+rpt-rpi-v8";
    assert_eq!(one(&report, "board"), found(Status::Ok, board));
    assert_eq!(
        one(&report, "camera"),
        found(Status::Ok, "/dev/video0 (HD Webcam)")
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
    assert_eq!(report.count(Status::Problem), 0, "{report}");
    assert_eq!(
        one(&report, "camera"),
        found(Status::Note, "none: the demo scene runs instead")
    );
    assert_eq!(remedy(&report, "camera"), "plug in a USB camera");
    assert_eq!(one(&report, "display").0, Status::Note);
    assert_eq!(one(&report, "board"), found(Status::Ok, "unknown model"));
}

#[test]
fn the_real_machine_can_be_examined() {
    let report = examine(Path::new("/"), &Surroundings::of_process());
    assert!(one(&report, "board").1.contains("Linux "), "{report}");
    assert!(one(&report, "disk").1.contains(" MB free in "), "{report}");
}

#[test]
fn a_camera_without_permission_names_the_group_and_the_command() {
    let report = report(&webcam(Root::new().stranger()));
    let finding = "/dev/video0 (HD Webcam): no permission, only group video may open it";
    assert_eq!(one(&report, "camera"), found(Status::Problem, finding));
    assert_eq!(
        remedy(&report, "camera"),
        "sudo usermod -aG video $USER, then log in again"
    );
}

#[test]
fn a_user_who_joined_the_group_only_has_to_log_in_again() {
    let report = report(&webcam(Root::new().user(&[], "other,kiosk")));
    assert_eq!(one(&report, "camera").0, Status::Problem);
    let text = "you joined group video after this session began: log in again";
    assert_eq!(remedy(&report, "camera"), text);
}

#[test]
fn a_group_without_a_name_goes_by_its_number() {
    let root = webcam(Root::new().stranger()).file("etc/group", "root:x:0:\n");
    let command = format!(
        "sudo usermod -aG {} $USER, then log in again",
        video_group()
    );
    assert_eq!(remedy(&report(&root), "camera"), command);
}

#[test]
fn a_node_that_no_group_may_open_needs_a_udev_rule() {
    let report = report(&Root::new().member().node("dev/video0", 0o600));
    let finding = "/dev/video0: no permission, only root may open it";
    assert_eq!(one(&report, "camera"), found(Status::Problem, finding));
    assert!(remedy(&report, "camera").contains("KERNEL==\"video0\""));
}

#[test]
fn the_owner_and_root_may_open_what_a_stranger_may_not() {
    let own = rustix::process::geteuid().as_raw();
    for uid in [own, 0] {
        let status = format!("Uid:\t{uid}\t{uid}\t0\t0\nGid:\t7\t77777\t7\t7\nGroups:\t\n");
        let root = Root::new()
            .node("dev/video0", 0o600)
            .file("proc/self/status", status);
        assert_eq!(
            one(&report(&root), "camera"),
            found(Status::Ok, "/dev/video0")
        );
    }
    let root = Root::new().stranger().node("dev/video0", 0o666);
    assert_eq!(
        one(&report(&root), "camera").0,
        Status::Ok,
        "open to everybody"
    );
    let root = Root::new().stranger().node("dev/video0", 0o664);
    assert_eq!(
        one(&report(&root), "camera").0,
        Status::Problem,
        "reading is not enough"
    );
}

#[test]
fn a_camera_that_is_open_elsewhere_is_noted_with_the_program() {
    let root = webcam(Root::new().member())
        .file("proc/812/comm", "motion\n")
        .link("proc/812/fd/4", "/dev/video0");
    let report = report(&root);
    let finding = "/dev/video0 is open in motion (process 812)";
    assert_eq!(one(&report, "camera in use"), found(Status::Note, finding));

    let free = super::examine(webcam(Root::new()).path(), &Surroundings::default());
    assert_eq!(named(&free, "camera in use").len(), 0);
}

#[test]
fn udev_knows_whether_a_node_captures() {
    let node = |capabilities: &str| {
        Root::new()
            .member()
            .node("dev/video3", 0o660)
            .file("sys/class/video4linux/video3/dev", "81:9\n")
            .file("sys/class/video4linux/video3/index", "1\n")
            .file(
                "run/udev/data/c81:9",
                format!("E:ID_V4L_VERSION=2\n{capabilities}\nG:x\n"),
            )
    };
    let camera = report(&node("E:ID_V4L_CAPABILITIES=:capture:"));
    assert_eq!(one(&camera, "camera"), found(Status::Ok, "/dev/video3"));
    let metadata = report(&node("E:ID_V4L_CAPABILITIES=:"));
    assert_eq!(one(&metadata, "camera").0, Status::Note);
    let untold = report(&node(""));
    assert_eq!(
        one(&untold, "camera").0,
        Status::Note,
        "a second node without udev's word"
    );
}

#[test]
fn codecs_are_no_cameras() {
    let root = Root::raspberry_pi_4()
        .member()
        .node("dev/video10", 0o660)
        .file(
            "sys/class/video4linux/video10/name",
            "bcm2835-codec-decode\n",
        )
        .node("dev/video14", 0o660)
        .file(
            "sys/class/video4linux/video14/name",
            "bcm2835-isp-capture0\n",
        );
    let report = report(&root);
    assert_eq!(
        one(&report, "camera"),
        found(Status::Note, "none: the demo scene runs instead")
    );
    assert!(remedy(&report, "camera").contains("camera_auto_detect=1"));
}

#[test]
fn a_camera_that_a_container_lacks_is_noted() {
    let root = Root::new().file("sys/class/video4linux/video0/name", "HD Webcam\n");
    assert!(remedy(&report(&root), "camera").contains("--device /dev/video0"));
}

#[test]
fn csi_cameras_need_the_makers_program() {
    for (root, receiver, program, source) in [
        (
            Root::raspberry_pi_4(),
            "unicam-image",
            "rpicam-vid",
            "rpicam://0",
        ),
        (
            Root::raspberry_pi_zero_2_w(),
            "rp1-cfe-csi2_ch0",
            "rpicam-vid",
            "rpicam://0",
        ),
        (
            Root::jetson_nano(),
            "vi-output, imx219 7-0010",
            "gst-launch-1.0",
            "argus://0",
        ),
    ] {
        let root = root
            .member()
            .node("dev/video0", 0o660)
            .file("sys/class/video4linux/video0/name", receiver)
            .node("dev/video1", 0o660)
            .file("sys/class/video4linux/video1/name", receiver);
        let without = report(&root);
        assert_eq!(named(&without, "camera").len(), 0, "{without}");
        let finding = format!("present, but {program}, which reads it, is not installed");
        assert_eq!(
            one(&without, "CSI camera"),
            found(Status::Problem, &finding)
        );
        assert!(remedy(&without, "CSI camera").contains("sudo apt install "));
        assert!(remedy(&without, "CSI camera").contains(source));

        let with = report(&root.file(&format!("usr/bin/{program}"), ""));
        assert_eq!(one(&with, "CSI camera").0, Status::Ok);
    }
}

#[test]
fn window_systems_are_looked_for_where_the_environment_says() {
    let surroundings = Surroundings {
        display: Some(":1.0".into()),
        wayland_display: Some("wayland-0".into()),
        runtime_dir: Some("/run/user/1000".into()),
        ..Surroundings::default()
    };
    let root = Root::new();
    let absent = examine(root.path(), &surroundings);
    let windows = named(&absent, "window");
    assert_eq!(windows.len(), 2);
    assert!(
        windows.iter().all(|check| check.status == Status::Note),
        "{absent}"
    );
    assert!(
        windows[0]
            .finding
            .contains("/run/user/1000/wayland-0 does not exist")
    );

    let root = root
        .file("run/user/1000/wayland-0", "")
        .file("tmp/.X11-unix/X1", "");
    let present = examine(root.path(), &surroundings);
    let findings: Vec<_> = named(&present, "window")
        .iter()
        .map(|c| c.finding.clone())
        .collect();
    assert_eq!(findings, ["Wayland, wayland-0", "X11, :1.0"]);
    assert_eq!(named(&present, "display").len(), 0);

    let remote = Surroundings {
        display: Some("host:3".into()),
        ..Surroundings::default()
    };
    let remote = examine(root.path(), &remote);
    assert_eq!(one(&remote, "window"), found(Status::Ok, "X11, host:3"));
}

#[test]
fn a_connected_display_must_be_open_to_the_user() {
    let granted = report(&hdmi(Root::new().member(), "connected"));
    assert_eq!(
        one(&granted, "drm"),
        found(Status::Ok, "/dev/dri/card1: HDMI-A-1 connected")
    );

    let root = hdmi(Root::new().stranger(), "connected");
    let refused = report(&root);
    assert_eq!(one(&refused, "drm").0, Status::Problem);
    assert_eq!(
        remedy(&refused, "drm"),
        "sudo usermod -aG video $USER, then log in again"
    );

    let desktop = Surroundings {
        display: Some("host:0".into()),
        ..Surroundings::default()
    };
    let refused = examine(root.path(), &desktop);
    assert_eq!(
        one(&refused, "drm").0,
        Status::Note,
        "a window does as well"
    );

    let nothing = report(&hdmi(Root::new().member(), "disconnected"));
    assert_eq!(named(&nothing, "drm").len(), 0);
    assert_eq!(one(&nothing, "display").0, Status::Note);
}

#[test]
fn a_display_that_a_desktop_holds_is_noted() {
    let root = hdmi(Root::new().member(), "connected")
        .file("proc/99/comm", "Xorg\n")
        .link("proc/99/fd/9", "/dev/dri/card1");
    let finding = "/dev/dri/card1: HDMI-A-1 connected, in use by Xorg (process 99)";
    assert_eq!(one(&report(&root), "drm"), found(Status::Note, finding));
}

#[test]
fn a_framebuffer_is_described_and_must_be_open_to_the_user() {
    let framebuffer = |root: Root| {
        root.node("dev/fb0", 0o660)
            .file("sys/class/graphics/fb0/virtual_size", "640,480\n")
            .file("sys/class/graphics/fb0/bits_per_pixel", "16\n")
    };
    let granted = report(&framebuffer(Root::new().member()));
    let finding = "/dev/fb0: 640x480, 16 bits a pixel";
    assert_eq!(one(&granted, "framebuffer"), found(Status::Ok, finding));
    let refused = report(&framebuffer(Root::new().stranger()));
    assert_eq!(one(&refused, "framebuffer").0, Status::Problem);
    assert!(remedy(&refused, "framebuffer").contains("usermod -aG video"));
}

#[test]
fn panels_need_spi_and_gpio() {
    let spi = |root: Root| {
        root.node("dev/spidev0.1", 0o660)
            .node("dev/spidev0.0", 0o660)
    };
    let with_gpio = |root: Root| spi(root).node("dev/gpiochip0", 0o660);
    let granted = report(&with_gpio(Root::new().member()));
    assert_eq!(
        one(&granted, "SPI"),
        found(Status::Ok, "/dev/spidev0.0, /dev/spidev0.1")
    );
    assert_eq!(one(&granted, "GPIO"), found(Status::Ok, "/dev/gpiochip0"));

    let refused = report(&with_gpio(Root::new().stranger()));
    assert_eq!(one(&refused, "SPI").0, Status::Note);
    assert_eq!(one(&refused, "GPIO").0, Status::Note);
    assert!(remedy(&refused, "GPIO").contains("usermod -aG"));

    assert_eq!(
        one(&report(&spi(Root::new().member())), "GPIO").0,
        Status::Note
    );

    // A Raspberry Pi can have SPI, a PC is not told about it.
    let off = report(&Root::raspberry_pi_4());
    assert!(one(&off, "SPI").1.contains("raspi-config"));
    let pc = report(
        &Root::virtual_machine()
            .node("dev/gpiochip0", 0o600)
            .stranger(),
    );
    assert_eq!(named(&pc, "SPI").len() + named(&pc, "GPIO").len(), 0);
}

#[test]
fn the_model_check_is_passed_on() {
    let with = |model| {
        let surroundings = Surroundings {
            model,
            ..Surroundings::default()
        };
        examine(Root::new().path(), &surroundings)
    };
    assert_eq!(named(&with(None), "model").len(), 0);
    let good = with(Some(Ok("face8x.onnx, checksum right".into())));
    assert_eq!(
        one(&good, "model"),
        found(Status::Ok, "face8x.onnx, checksum right")
    );
    let bad = with(Some(Err(
        Error::new("checksum wrong").remedy("copy it again")
    )));
    assert_eq!(one(&bad, "model"), found(Status::Problem, "checksum wrong"));
    assert_eq!(remedy(&bad, "model"), "copy it again");
    let bare = with(Some(Err(Error::new("checksum wrong"))));
    assert_eq!(named(&bare, "model")[0].remedy, None);
}

#[test]
fn heat_is_noted_above_80_degrees() {
    let at = |millidegrees: &str| {
        let zone = "sys/class/thermal/thermal_zone0/temp";
        one(
            &report(&Root::raspberry_pi_4().file(zone, millidegrees)),
            "temperature",
        )
    };
    assert_eq!(at("80000"), found(Status::Ok, "80 C"));
    assert_eq!(at("81500").0, Status::Note);
    assert_eq!(
        named(&report(&Root::virtual_machine()), "temperature").len(),
        0
    );
}

#[test]
fn throttling_is_a_problem_now_and_a_note_afterwards() {
    let with = |bits: &str| {
        let file = "sys/devices/platform/soc/soc:firmware/get_throttled";
        report(&Root::raspberry_pi_4().file(file, bits))
    };
    assert_eq!(one(&with("0"), "throttling"), found(Status::Ok, "none"));
    let now = with("50005");
    assert_eq!(
        one(&now, "throttling"),
        found(Status::Problem, "now: under-voltage, throttled")
    );
    assert!(remedy(&now, "throttling").contains("power supply"));
    let earlier = with("80000");
    let finding = "since the start: soft temperature limit; not now";
    assert_eq!(one(&earlier, "throttling"), found(Status::Note, finding));
    assert!(remedy(&earlier, "throttling").contains("fan"));
}

#[test]
fn a_governor_that_follows_the_load_is_noted() {
    let finding = "ondemand, 600 of 1500 MHz: the clock follows the load, so latency varies";
    let slow = report(&Root::raspberry_pi_4());
    assert_eq!(one(&slow, "governor"), found(Status::Note, finding));
    let file = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor";
    let fast = report(&Root::raspberry_pi_4().file(file, "performance"));
    assert_eq!(one(&fast, "governor").0, Status::Ok);
}

#[test]
fn little_memory_is_noted() {
    assert_eq!(
        one(&report(&Root::raspberry_pi_zero_2_w()), "memory").0,
        Status::Note
    );
    let roomy = one(&report(&Root::raspberry_pi_4()), "memory");
    assert_eq!(roomy, found(Status::Ok, "3379 MB available"));
}

#[test]
fn a_clock_that_was_never_set_is_noted() {
    let unset = Root::new().file("run/systemd/timesync/other", "");
    assert_eq!(one(&report(&unset), "clock").0, Status::Note);
    let set = unset.file("run/systemd/timesync/synchronized", "");
    assert_eq!(
        one(&report(&set), "clock"),
        found(Status::Ok, "synchronised")
    );
    assert_eq!(named(&report(&Root::new()), "clock").len(), 0, "who knows");
}

#[test]
fn a_report_is_an_aligned_table() {
    let report = Report {
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
    let report = Report {
        checks: vec![Check::note("drm", "in use", "stop it")],
    };
    let expected = serde_json::json!({"checks": [
        {"name": "drm", "status": "note", "finding": "in use", "remedy": "stop it"}
    ]});
    assert_eq!(serde_json::to_value(&report).unwrap(), expected);
}
