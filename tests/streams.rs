//! Streams, signals and lost sources, as a user meets them in `face8x run`.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};

use common::{command, demo, face8x, finish, jpeg, without_search};
use face8x::internals::photo;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_damaged_frame_in_a_stream_is_skipped_and_counted() {
    let folder = folder();
    let (good, mut stream) = (jpeg(90), Vec::new());
    for turn in 0..6 {
        stream.extend_from_slice(&good);
        if turn == 3 {
            stream.extend_from_slice(&good[..good.len() / 2]);
        }
    }
    fs::write(folder.path().join("film.mjpg"), stream).unwrap();
    for source in ["file:film.mjpg", "pipe:cat film.mjpg; sleep 1"] {
        let run = face8x(
            folder.path(),
            &[
                "--source",
                source,
                "--headless",
                "--json",
                "--frames",
                "4",
                "--detector",
                "centre",
            ],
        )
        .expect(0, &[]);
        assert!(
            run.summary()["frames"].as_u64() >= Some(1),
            "{}",
            run.stdout
        );
    }
}

/// A stream is read on behind a frame of an unsupported kind; where every frame is one, the run fails.
#[test]
fn frames_that_cannot_be_decoded_are_named() {
    let folder = folder();
    let refused = fs::read("tests/data/jpeg/scans-one-each-420.jpg").unwrap();
    let run = |stream: &[u8]| {
        fs::write(folder.path().join("film.mjpg"), stream).unwrap();
        finish(without_search(folder.path(), "film.mjpg"))
    };
    let mixed = [&jpeg(90)[..], &refused, &jpeg(90)].concat();
    assert!(run(&mixed).expect(0, &[]).summary()["frames"].as_u64() >= Some(1));
    let words = [
        "no frame could be shown",
        "not interleaved",
        "remedy: save it as a baseline JPEG",
    ];
    run(&refused.repeat(3)).expect(1, &words);
}

/// A stream that is not MJPEG ends the run, also where a command gives it that could be run again.
#[test]
fn streams_of_another_kind_are_named() {
    let folder = folder();
    fs::write(
        folder.path().join("film.mkv"),
        b"\x1a\x45\xdf\xa3 and so on",
    )
    .unwrap();
    let run = ["--source", "pipe:cat film.mkv; sleep 60", "--headless"];
    face8x(folder.path(), &run).expect(1, &["Matroska", "remedy: put ffmpeg behind it"]);
}

#[test]
fn passwords_of_sources_are_shown_nowhere() {
    let folder = folder();
    let url = "rtsp://me:hunter2@cam.lan/s1?token=hunter2";
    let source = format!("pipe:echo 'cannot open {url}' >&2; exit 1");
    let mut run = command(folder.path());
    run.args(["--source", &source, "--headless", "--json"]);
    run.env("RUST_LOG", "face8x=trace");
    run.args(["--detector", "centre", "--restorer", "bicubic"]);
    let child = run.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    for said in [stdout, stderr].map(|bytes| String::from_utf8_lossy(bytes)) {
        assert!(
            said.contains("rtsp://me:***@cam.lan/s1?token=***"),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
    let mut run = command(folder.path());
    run.args(["--source", url]).env("PATH", folder.path());
    let words = [
        "rtsp://me:***@cam.lan/s1",
        "needs ffmpeg",
        "apt install ffmpeg",
    ];
    finish(run).expect(1, &words);
    // Where the source never opened, it is named in the lines all the same.
    let mut run = command(folder.path());
    run.args(["--source", url, "--wait", "--headless", "--json"]);
    let mut child = run.env("PATH", folder.path()).spawn().unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains(r#""source":"rtsp://me:***@"#), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
    let url = url.replace("rtsp:", "rtmp:");
    face8x(folder.path(), &["--source", &url]).expect(2, &["pipe:ffmpeg -i URL"]);
}

#[test]
fn raw_frames_of_a_wrong_length_are_named() {
    let folder = folder();
    fs::write(
        folder.path().join("film.yuv"),
        vec![128; 64 * 48 * 3 / 2 + 100],
    )
    .unwrap();
    let mut run = command(folder.path());
    run.args([
        "--source",
        "-",
        "--size",
        "64x48",
        "--format",
        "YU12",
        "--headless",
        "--json",
    ]);
    run.stdin(fs::File::open(folder.path().join("film.yuv")).unwrap());
    finish(run).expect(1, &["100", "4608", "remedy: "]);
}

#[test]
fn widths_that_rpicam_pads_are_refused() {
    let folder = folder();
    let run = ["--source", "rpicam://0", "--size", "650x480"];
    face8x(folder.path(), &run).expect(2, &["650", "640"]);
}

#[test]
fn a_stop_signal_ends_the_run_with_its_summary() {
    let folder = folder();
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let child = demo(folder.path()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(
            stdout
                .lines()
                .last()
                .unwrap()
                .contains("\"event\":\"summary\""),
            "{stdout}"
        );
    }
}

#[test]
fn a_reader_that_leaves_ends_the_run() {
    let folder = folder();
    let mut child = demo(folder.path()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_command_that_dies_is_run_again() {
    let folder = folder();
    fs::write(folder.path().join("film.mjpg"), jpeg(120).repeat(5)).unwrap();
    let source = "pipe:cat film.mjpg; sleep 0.2; exit 3";
    let summary = face8x(
        folder.path(),
        &[
            "--source",
            source,
            "--headless",
            "--json",
            "--detector",
            "centre",
            "--frames",
            "8",
        ],
    )
    .expect(0, &["exit status: 3"])
    .summary();
    assert!(summary["lost"].as_u64() >= Some(1), "{summary}");
}

/// A source that is lost after each frame: the third loss in a row, and that it came back after it,
/// are not worth a line.
#[test]
fn a_flapping_source_is_a_few_lines() {
    let folder = folder();
    fs::write(folder.path().join("film.mjpg"), jpeg(120)).unwrap();
    let mut run = without_search(folder.path(), "pipe:cat film.mjpg; exit 3");
    run.args(["--frames", "5"]);
    let run = finish(run).expect(0, &["lost 2 times in a row", "lost 4 times in a row"]);
    let lines = |words: &str| run.stderr.matches(words).count();
    let expected = (3, 4);
    let found = (lines(": trying again"), lines("] source: pipe:"));
    assert_eq!(found, expected, "{}", run.stderr);
}

/// As a flapping source: a display that is lost with each picture.
#[test]
fn a_flapping_display_is_a_few_lines() {
    let folder = folder();
    let mut run = command(folder.path());
    let sink = "pipe:exit 3; : rtmp://me:hunter2@live.lan/";
    run.args(["--source", "demo:", "--sink", sink]);
    run.args(["--detector", "centre", "--restorer", "bicubic"]);
    let mut child = run.spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines();
    let log = log.map(|line| line.unwrap());
    let mut before = Vec::new();
    for line in log {
        if line.contains("4 times in a row") {
            break;
        }
        before.push(line);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = |words: &str| before.iter().filter(|line| line.contains(words)).count();
    let found = (lines("display lost"), lines("display is back"));
    assert_eq!(found, (2, 2), "{before:#?}");
    assert!(before.iter().all(|line| !line.contains("hunter2")));
}

/// The frames of a Raspberry Pi's program are raw, which nothing but the source's name says.
#[test]
fn frames_of_a_board_s_program_are_raw() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let program = folder.path().join("rpicam-vid");
    fs::write(&program, "#!/bin/sh\nhead -c 49152 /dev/zero; sleep 60\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut run = without_search(folder.path(), "rpicam://0");
    run.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
    run.args(["--size", "256x128", "--frames", "1"]);
    finish(run).expect(0, &["source: rpicam://0 YU12 256x128"]);
}

#[test]
fn a_lost_camera_is_shown_and_comes_back() {
    let folder = folder();
    fs::write(folder.path().join("film.mjpg"), jpeg(120).repeat(3)).unwrap();
    // There at first, gone while the file "gone" is there.
    let source = "pipe:[ -e gone ] && exit 1; cat film.mjpg; sleep 0.3; [ -e stay ] && sleep 60; \
                  touch gone";
    let mut run = command(folder.path());
    run.args([
        "--source",
        source,
        "--sink",
        "png:out.png",
        "--size",
        "320x240",
        "--json",
    ]);
    run.args(["--view", "restored", "--restorer", "bicubic"]);
    let child = run.spawn().unwrap();
    let out = folder.path().join("out.png");
    let wait_for = |what: &str, seen: &dyn Fn(image::RgbImage) -> bool| {
        for _ in 0..200 {
            std::thread::sleep(std::time::Duration::from_millis(50));
            if photo::load(&out).is_ok_and(&seen) {
                return;
            }
        }
        panic!("never {what}");
    };
    let background = image::Rgb([0x10, 0x14, 0x18]);
    let share = |picture: &image::RgbImage| {
        let dark = picture.pixels().filter(|&&p| p == background).count();
        dark as f64 / picture.len() as f64 * 3.0
    };
    wait_for("a message", &|picture| {
        (0.5..1.0).contains(&share(&picture))
    });
    fs::write(folder.path().join("stay"), "").unwrap();
    fs::remove_file(folder.path().join("gone")).unwrap();
    wait_for("the camera again", &|picture| share(&picture) < 0.5);
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_kiosk_waits_for_its_camera() {
    let folder = folder();
    let mut run = command(folder.path());
    run.args(["--source", "/dev/video99", "--wait", "--headless", "--json"]);
    let child = run.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("/dev/video99"), "{stderr}");
}
