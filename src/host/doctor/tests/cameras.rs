use super::*;
use crate::host::board::fake::video_group;
use crate::host::devices::{DriverAnswer, VideoRole};

#[test]
fn a_camera_without_permission_names_the_group_and_the_command() {
    let report = report(&webcam(Root::new().stranger()));
    let finding = "/dev/video0 (HD Webcam): no permission, only group video may open it";
    assert_eq!(one(&report, "camera"), found(Severity::Problem, finding));
    assert_eq!(
        remedy(&report, "camera"),
        "sudo usermod -aG video $USER, then log in again"
    );
}

#[test]
fn a_user_who_joined_the_group_only_has_to_log_in_again() {
    let report = report(&webcam(Root::new().user(&[], "other,kiosk")));
    assert_eq!(one(&report, "camera").0, Severity::Problem);
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
    assert_eq!(one(&report, "camera"), found(Severity::Problem, finding));
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
            found(Severity::Ok, "/dev/video0")
        );
    }
    let root = Root::new().stranger().node("dev/video0", 0o666);
    assert_eq!(
        one(&report(&root), "camera").0,
        Severity::Ok,
        "open to everybody"
    );
    let root = Root::new().stranger().node("dev/video0", 0o664);
    assert_eq!(
        one(&report(&root), "camera").0,
        Severity::Problem,
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
    assert_eq!(
        one(&report, "camera in use"),
        found(Severity::Note, finding)
    );

    let free = examine(webcam(Root::new()).path(), &Surroundings::default(), None);
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
    assert_eq!(one(&camera, "camera"), found(Severity::Ok, "/dev/video3"));
    let metadata = report(&node("E:ID_V4L_CAPABILITIES=:"));
    assert_eq!(one(&metadata, "camera").0, Severity::Note);
    let untold = report(&node(""));
    assert_eq!(
        one(&untold, "camera").0,
        Severity::Note,
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
        found(Severity::Note, "none: the demo scene runs instead")
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
            found(Severity::Problem, &finding)
        );
        assert!(remedy(&without, "CSI camera").contains("sudo apt install "));
        assert!(remedy(&without, "CSI camera").contains(source));

        let with = report(&root.file(&format!("usr/bin/{program}"), ""));
        assert_eq!(one(&with, "CSI camera").0, Severity::Ok);
    }
}

/// An HDMI receiver on the CSI port has the sensors' driver and gives pictures all the same: what
/// the driver says counts, for `list` and `doctor` alike.
#[test]
fn the_drivers_answer_counts_more_than_its_name() {
    fn ask(path: &Path) -> Result<DriverAnswer> {
        let (role, unusable) = match path.ends_with("dev/video0") {
            true => (VideoRole::Camera, None),
            false => (
                VideoRole::UnreadCamera,
                Some("none of its formats is read (H264)"),
            ),
        };
        Ok(DriverAnswer {
            name: "unicam".into(),
            driver: "unicam".into(),
            role,
            unusable: unusable.map(str::to_owned),
            offers: Vec::new(),
            controls: Vec::new(),
        })
    }
    let root = webcam(Root::raspberry_pi_4().member())
        .file("sys/class/video4linux/video0/name", "unicam-image\n");
    let report = examine(root.path(), &Surroundings::default(), Some(ask));
    let cameras = named(&report, "camera");
    let findings: Vec<&str> = cameras.iter().map(|check| check.finding.as_str()).collect();
    let unread = "/dev/video1 (unicam): not usable: none of its formats is read (H264)";
    assert_eq!(findings, ["/dev/video0 (unicam)", unread]);
    assert_eq!(cameras[1].severity, Severity::Problem);
    assert_eq!(named(&report, "CSI camera").len(), 0, "{report}");
}
