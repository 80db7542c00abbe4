//! `face8x run` on disks that are full or read-only: it reports that, and goes on where it can.
//!
//! The disks are small file systems in memory, mounted in a namespace of the test's own.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{command, demo, finish};

/// A command that runs `script` in `folder` with a file system of 256 KiB mounted on `disk`;
/// `None`, with a line on standard error, where this machine does not permit it.
fn with_disk(folder: &Path, script: &str) -> Option<Command> {
    fs::create_dir(folder.join("disk")).unwrap();
    let unshared = |script: &str| {
        let mut unshare = Command::new("unshare");
        unshare.current_dir(folder).args(["-rm", "sh", "-c"]);
        unshare.arg(format!("mount -t tmpfs -o size=256k none disk && {script}"));
        unshare
    };
    if !unshared("true")
        .status()
        .is_ok_and(|status| status.success())
    {
        common::skip("this machine does not let a test mount a file system");
        return None;
    }
    let mut run = unshared(script);
    // As `common::command` has it.
    let like = command(folder);
    for (key, value) in like.get_envs() {
        match value {
            Some(value) => run.env(key, value),
            None => run.env_remove(key),
        };
    }
    run.env("FACE8X", like.get_program())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    Some(run)
}

/// The demo into a file on the disk, until three pictures were written. They are small: of a file that is
/// written all the time a slow machine never lets the disk be mounted otherwise.
const RUN: &str = "\"$FACE8X\" --source demo: --sink png:disk/out.png@160x120 --restorer bicubic \
                   --frames 3 --json";

#[test]
fn a_full_disk_is_reported_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "cat /dev/zero >disk/much 2>/dev/null; {RUN} 2>log & \
         until grep -q 'No space' log; do sleep 0.1; done; rm disk/much; wait $!; \
         code=$?; cat log >&2; ls -A disk; exit $code"
    );
    let Some(run) = with_disk(folder.path(), &script) else {
        return;
    };
    let run = finish(run).expect(
        0,
        &[
            "display lost: cannot write disk/out.png: ",
            "No space left",
            "has room",
            "display is back",
        ],
    );
    // No half-written file is left.
    assert_eq!(run.stdout.lines().last(), Some("out.png"), "{}", run.stdout);
}

#[test]
fn a_disk_that_becomes_read_only_is_reported_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    // Refused while a file is being written.
    let script = format!(
        "{} 2>log & until [ -e disk/out.png ]; do sleep 0.1; done; \
         until mount -o remount,ro disk 2>/dev/null; do sleep 0.01; done; until grep -q 'Read-only' log; do sleep 0.1; done; \
         mount -o remount,rw disk; until grep -q 'display is back' log; do sleep 0.1; done; \
         kill $!; wait $!; code=$?; cat log >&2; exit $code",
        RUN.replace("--frames 3", "")
    );
    let Some(run) = with_disk(folder.path(), &script) else {
        return;
    };
    finish(run).expect(
        0,
        &["display lost: cannot write disk/out.png: ", "Read-only"],
    );
}

#[test]
fn a_read_only_disk_at_the_start_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("mount -o remount,ro disk && {RUN}");
    let Some(run) = with_disk(folder.path(), &script) else {
        return;
    };
    finish(run).expect(1, &["cannot write disk/out.png", "Read-only", "remedy: "]);
}

#[test]
fn lines_that_a_full_disk_swallows_do_not_end_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = demo(folder.path());
    run.args(["--frames", "70"])
        .stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let run = finish(run).expect(0, &["the JSON lines are lost", "70 frames shown"]);
    assert_eq!(run.stderr.matches("are lost").count(), 1, "{}", run.stderr);
}

/// A name of 253 bytes, whose result has as many: temporary names are no longer than others.
#[test]
fn a_long_name_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let stem = "日".repeat(83);
    let picture = folder.path().join(format!("{stem}.jpg"));
    fs::copy(common::data("still/portrait.jpg"), &picture).unwrap();
    let mut image = command(folder.path());
    image
        .args(["image", "--restorer", "bicubic", "-o", "out"])
        .arg(&picture);
    finish(image).expect(0, &[]);
    let result = folder.path().join(format!("out/{stem}.png"));
    assert!(result.exists());
    let mut run = demo(folder.path());
    run.args(["--frames", "3", "--status-file", &format!("{stem}.json")]);
    finish(run).expect(0, &[]);
    assert!(folder.path().join(format!("{stem}.json")).exists());
}

/// The picture goes on without the recording, whose disk is full.
#[test]
fn a_full_disk_stops_a_recording_alone() {
    let folder = tempfile::tempdir().unwrap();
    let script = "\"$FACE8X\" --source demo: --sink avi:disk/door.avi --sink null --restorer bicubic \
                  --frames 100 --json; code=$?; ls -A disk >&2; exit $code";
    let Some(run) = with_disk(folder.path(), script) else {
        return;
    };
    let words = [
        "the recording disk/door.avi has stopped: No space left",
        "the picture goes on",
    ];
    let run = finish(run).expect(0, &words);
    assert_eq!(run.summary()["frames"], 100);
    assert_eq!(
        run.stderr.matches("has stopped").count(),
        1,
        "{}",
        run.stderr
    );
}
