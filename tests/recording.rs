//! Recordings, as `face8x run` makes them and reads them again.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{command, finish, without_search};

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The demo, recorded.
fn record(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(folder);
    command.args([
        "--source",
        "demo:",
        "--detector",
        "centre",
        "--restorer",
        "bicubic",
    ]);
    command.args(["--size", "160x120"]).args(arguments);
    command
}

#[test]
fn a_recording_is_read_again_picture_by_picture() {
    let folder = tempfile::tempdir().unwrap();
    let run = ["--sink", "mjpg:door.mjpg", "--fps", "0", "--frames", "25"];
    finish(record(folder.path(), &run)).expect(0, &["recording door.mjpg"]);
    let again = finish(without_search(folder.path(), "door.mjpg")).expect(0, &[]);
    assert_eq!(again.summary()["frames"], 25);
    // No recording is written over.
    finish(record(folder.path(), &run)).expect(0, &["recording ./door-00001.mjpg"]);
    assert_eq!(names(folder.path()), ["door-00001.mjpg", "door.mjpg"]);
}

/// A program that is killed leaves files that are whole up to their last second.
#[test]
fn segments_of_a_killed_program_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let run = ["--sink", "avi:door.avi", "--segment", "0.03", "--quiet"];
    let mut child = record(folder.path(), &run).spawn().unwrap();
    let start = Instant::now();
    let third = folder.path().join("door-00003.avi");
    let has_begun = || fs::metadata(&third).is_ok_and(|found| found.len() > 100_000);
    while !has_begun() && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(1200));
    child.kill().unwrap();
    child.wait().unwrap();
    for number in 1..=3 {
        let path = folder.path().join(format!("door-{number:05}.avi"));
        let bytes = fs::read(&path).unwrap();
        // The total of dmlh, and RIFF's size, which lies within the file.
        let at = bytes.windows(4).position(|name| name == b"dmlh").unwrap() + 8;
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert!((20..=60).contains(&word(at)), "{number}: {}", word(at));
        assert!(word(4) as usize + 8 <= bytes.len(), "{number}");
        plays(&path);
    }
}

/// ffmpeg, where it is installed, reads the file without a complaint.
fn plays(path: &Path) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-f", "null", "-"]);
    match ffmpeg.stdin(Stdio::null()).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
        Err(_) => common::skip("ffmpeg is not installed: nothing else reads the recording"),
    }
}

#[test]
fn the_oldest_files_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let film = [
        "--sink",
        "mjpg:films/door.mjpg",
        "--fps",
        "0",
        "--frames",
        "300",
    ];
    fs::create_dir(folder.path().join("films")).unwrap();
    fs::write(folder.path().join("films/door-00001.mjpg"), vec![7; 50_000]).unwrap();
    let keep = [
        "--segment",
        "0.02",
        "--keep",
        "0.0005",
        "--view",
        "restored",
    ];
    finish(record(folder.path(), &[&film[..], &keep].concat())).expect(0, &[]);
    let names = names(&folder.path().join("films"));
    assert_eq!(names[0], "door-00001.mjpg", "it is somebody else's");
    assert!(!names.contains(&"door-00002.mjpg".to_owned()), "{names:?}");
    let sizes = names.iter().map(|name| {
        let path = folder.path().join("films").join(name);
        fs::metadata(path).unwrap().len()
    });
    let total: u64 = sizes.sum();
    assert!(total < 700_000, "{total} {names:?}");
}
