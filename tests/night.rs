//! A kiosk at night: the display goes dark where nobody is, and a camera that sees nothing is reported.

mod common;

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use common::command;

/// A camera whose picture is black.
const BLACK_CAMERA: &str = "pipe:while head -c 3072 /dev/zero; do sleep 0.1; done";
const CAMERA: [&str; 4] = ["--size", "64x48", "--format", "GREY"];

/// Where nobody is seen the panel's last picture is black, and the log says why.
#[test]
fn a_panel_goes_dark_where_nobody_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = |frames: &str, flags: &[&str]| {
        let mut command = command(folder.path());
        command.args(["--source", BLACK_CAMERA, "--sink", "test:bus.txt"]);
        command.args(CAMERA).args(["--info-text", "%source"]);
        command.args(flags).args(["--frames", frames]);
        let log = common::finish(command).expect(0, &[]).stderr;
        let recording = std::fs::read_to_string(folder.path().join("bus.txt")).unwrap();
        // RAMWR begins a picture.
        let last = recording.rsplit_once("command 2c\n").unwrap().1;
        let is_black = last
            .split_whitespace()
            .all(|word| ["data", "00"].contains(&word));
        (is_black, log)
    };
    let (is_black, log) = pictures("20", &["--blank-after", "0.01"]);
    assert!(is_black && log.contains("off, as nobody is there"), "{log}");
    let (is_black, log) = pictures("20", &["--dim-after", "0.01"]);
    assert!(
        !is_black && log.contains("dimmed, as nobody is there"),
        "{log}"
    );
    let (is_black, log) = pictures("3", &["--blank-after", "0"]);
    assert!(!is_black && !log.contains("nobody"), "{log}");
}

#[test]
fn a_camera_that_sees_nothing_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    command.args(["--source", BLACK_CAMERA, "--headless"]);
    command.args(CAMERA).args(["--status-file", "status.json"]);
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let warning = log.find_map(|line| line.ok().filter(|line| line.contains("is black")));
    let start = Instant::now();
    let is_reported = || {
        let status = std::fs::read_to_string(folder.path().join("status.json"));
        status.is_ok_and(|status| status.contains("\"camera_fault\":\"dark\""))
    };
    while !is_reported() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let reported = is_reported();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(warning.is_some() && reported, "{warning:?}");
}
