//! Every frame of what ends, from files, from pipes, through other programs and into them.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{command, demo, face8x, finish, jpeg, open, without_search};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A program in place of ffmpeg, which says what it was asked for and does `script`.
fn with_ffmpeg(folder: &Path, source: &str, script: &str) -> Command {
    use std::os::unix::fs::PermissionsExt;
    let ffmpeg = folder.join("ffmpeg");
    fs::write(&ffmpeg, format!("#!/bin/sh\necho \"$@\" >&2\n{script}\n")).unwrap();
    fs::set_permissions(&ffmpeg, fs::Permissions::from_mode(0o755)).unwrap();
    let mut run = without_search(folder, source);
    run.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    run.env("RUST_LOG", "face8x=debug");
    run
}

/// Videos go through ffmpeg, and end with their last frame; a video that it cannot read is a failure.
#[test]
fn videos_and_network_cameras_go_through_ffmpeg() {
    let folder = folder();
    let y4m = [
        &b"YUV4MPEG2 W64 H48 F500:1\n"[..],
        &[b"FRAME\n", &[90; 64 * 72][..]].concat().repeat(40),
    ];
    fs::write(folder.path().join("film.y4m"), y4m.concat()).unwrap();
    fs::write(folder.path().join("film.mp4"), "a video").unwrap();
    let run = with_ffmpeg(folder.path(), "film.mp4", "cat film.y4m");
    let run = finish(run).expect(
        0,
        &["-i file:film.mp4 -an -pix_fmt yuv420p -f yuv4mpegpipe -"],
    );
    assert_eq!(run.summary()["frames"], 40);
    let broken = "cat film.y4m; echo 'film.mp4: Invalid data' >&2; exit 1";
    let run = with_ffmpeg(folder.path(), "file:film.mp4", broken);
    finish(run).expect(1, &["exit status: 1", "Invalid data"]);
    let url = "rtsp://me:hunter2@cam.lan/s1";
    let mut run = with_ffmpeg(folder.path(), url, "cat film.y4m; sleep 60");
    run.args(["--frames", "1"]);
    let run = finish(run).expect(0, &["-rtsp_transport tcp"]);
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
}

/// A network camera that goes away is asked again until it is back, and without ffmpeg the package is
/// named.
#[test]
fn a_network_camera_that_goes_away_is_waited_for() {
    let folder = folder();
    let frame = [b"FRAME\n", &[90; 64 * 72][..]].concat();
    let film = [&b"YUV4MPEG2 W64 H48 F500:1\n"[..], &frame].concat();
    fs::write(folder.path().join("film.y4m"), film).unwrap();
    fs::write(folder.path().join("frame"), frame).unwrap();
    // There, away for four attempts, back for good.
    let script = "echo >>calls; case $(wc -l <calls) in\n1) cat film.y4m; sleep 1;;\n\
                  [2-5]) echo 'Connection refused' >&2; exit 1;;\n\
                  *) cat film.y4m; while sleep 0.02; do cat frame; done;;\nesac";
    let mut run = with_ffmpeg(folder.path(), "rtsp://cam.lan/s1", script);
    run.args(["--frames", "12"]);
    let run = finish(run).expect(0, &["trying again", "Connection refused"]);
    let summary = run.summary();
    assert_eq!(summary["frames"], 12);
    assert!(summary["lost"].as_u64() >= Some(1), "{summary}");
    let mut without = without_search(folder.path(), "rtsp://cam.lan/s1");
    without.env("PATH", folder.path().join("nowhere"));
    finish(without).expect(
        1,
        &[
            "needs ffmpeg, which is not installed",
            "sudo apt install ffmpeg",
        ],
    );
}

/// A command that reads nothing is given up after a while; the other sink has every picture.
#[test]
fn a_pipe_that_stops_reading_is_given_up() {
    let folder = folder();
    fs::write(folder.path().join("film.mjpg"), jpeg(120).repeat(3)).unwrap();
    let mut run = command(folder.path());
    run.args(["--source", "film.mjpg", "--detector", "centre", "--json"]);
    run.args(["--sink", "png:%d.png", "--sink", "pipe:exec sleep 100"]);
    let run = finish(run).expect(0, &["`exec sleep 100` takes no pictures"]);
    assert_eq!(run.summary()["frames"], 3);
    assert!(folder.path().join("3.png").exists());
}

/// Pictures for another program: y4m, each frame once.
#[test]
fn pictures_go_into_pipes() {
    let folder = folder();
    fs::write(folder.path().join("film.mjpg"), jpeg(120).repeat(20)).unwrap();
    let run = |sink: &str| {
        let mut run = command(folder.path());
        run.args(["--source", "film.mjpg", "--fps", "0", "--sink", sink]);
        run.args([
            "--detector",
            "centre",
            "--restorer",
            "bicubic",
            "--view",
            "full",
        ]);
        finish(run).expect(0, &[])
    };
    run("pipe:cat > out.y4m");
    let y4m = fs::read(folder.path().join("out.y4m")).unwrap();
    assert!(y4m.starts_with(b"YUV4MPEG2 W64 H48 F30:1 "));
    let frame = 6 + 64 * 48 * 3 / 2;
    let header = 1 + y4m.iter().position(|byte| *byte == b'\n').unwrap();
    assert_eq!(y4m.len() - header, 20 * frame);
    let mut run = command(folder.path());
    run.args([
        "--source",
        "demo:",
        "--sink",
        "-",
        "--detector",
        "centre",
        "--restorer",
        "bicubic",
    ]);
    let mut child = run.spawn().unwrap();
    let mut start = [0; 9];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut start).unwrap();
    assert_eq!(&start, b"YUV4MPEG2");
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "the reader has left: {output:?}"
    );
    face8x(folder.path(), &["--json", "--sink", "-"]).expect(2, &["standard output"]);
}

/// Without a display every frame of what ends is shown, at full speed too.
#[test]
fn what_ends_goes_frame_by_frame() {
    let folder = folder();
    fs::write(folder.path().join("film.mjpg"), jpeg(120).repeat(40)).unwrap();
    let y4m = [
        &b"YUV4MPEG2 W64 H48 F30:1\n"[..],
        &[b"FRAME\n", &[90; 64 * 72][..]].concat().repeat(40),
    ];
    fs::write(folder.path().join("film.y4m"), y4m.concat()).unwrap();
    for (source, stdin) in [
        ("file:film.mjpg", None),
        ("film.y4m", None),
        ("-", Some("film.mjpg")),
        ("-", Some("film.y4m")),
    ] {
        let mut run = without_search(folder.path(), source);
        run.args(["--fps", "0"]);
        if let Some(stdin) = stdin {
            run.stdin(fs::File::open(folder.path().join(stdin)).unwrap());
        }
        let summary = finish(run).expect(0, &[]).summary();
        assert_eq!(
            (&summary["frames"], &summary["skipped"]),
            (&40.into(), &0.into()),
            "{summary}"
        );
        assert!(summary["fps"].as_f64() > Some(0.0), "{summary}");
    }
}

/// No picture is drawn twice, and none is missing, also where the last one waits for a search.
#[test]
fn a_numbered_file_is_a_frame() {
    let folder = folder();
    for number in 1..=3 {
        let picture = folder.path().join(format!("in-{number}.jpg"));
        fs::write(picture, jpeg(60 * number)).unwrap();
    }
    fs::create_dir(folder.path().join("in")).unwrap();
    for number in 1..=3 {
        let name = format!("in-{number}.jpg");
        fs::rename(
            folder.path().join(&name),
            folder.path().join("in").join(&name),
        )
        .unwrap();
    }
    let run = [
        "--source",
        "file:in",
        "--sink",
        "png:%03d.png",
        "--fps",
        "1",
    ];
    face8x(folder.path(), &run).expect(0, &[]);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".png"))
        .collect();
    names.sort();
    assert_eq!(names, ["001.png", "002.png", "003.png"]);
}

/// A program that pads its rows, or another size than was said.
#[test]
fn raw_frames_of_another_width_are_noticed() {
    let folder = folder();
    let row = |y: usize| {
        (0..704).map(move |x| {
            if x < 650 {
                (x * y / 300 % 200) as u8
            } else {
                0
            }
        })
    };
    let luma: Vec<u8> = (0..480).flat_map(row).collect();
    let frame = [&luma[..], &[128; 704 * 240]].concat();
    fs::write(folder.path().join("film.yuv"), frame.repeat(3)).unwrap();
    let mut run = without_search(folder.path(), "-");
    run.args(["--format", "YU12", "--size", "650x480", "--frames", "2"]);
    run.stdin(fs::File::open(folder.path().join("film.yuv")).unwrap());
    finish(run).expect(
        0,
        &["the rows look 704 pixels long, not 650", "--size 704x480"],
    );
}

#[test]
fn log_lines_have_the_time_unless_the_journal_adds_it() {
    let folder = folder();
    let lines = |journal: &str| {
        let mut run = demo(folder.path());
        run.args(["--frames", "1"]).env("JOURNAL_STREAM", journal);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        run.stderr(log);
        finish(run).expect(0, &[]);
        fs::read_to_string(folder.path().join("log")).unwrap()
    };
    let has_time = |line: &str| {
        let shape: String = line
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        shape.starts_with("0000-00-00T00:00:00Z [")
    };
    let plain = lines("1:2");
    assert!(plain.lines().all(has_time) && !plain.is_empty(), "{plain}");
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let id = rustix::fs::fstat(&log).unwrap();
    let in_journal = lines(&format!("{}:{}", id.st_dev, id.st_ino));
    assert!(
        in_journal.lines().all(|line| line.starts_with('[')),
        "{in_journal}"
    );
}

/// Several sinks get the same pictures, and the size of the one that has one.
#[test]
fn several_sinks_get_the_same_pictures() {
    let folder = folder();
    fs::write(folder.path().join("film.mjpg"), jpeg(120).repeat(6)).unwrap();
    let sinks = ["null", "png:%d.png@80x60", "pipe:cat > {width}x{height}"];
    let mut run = without_search(folder.path(), "film.mjpg");
    run.args(["--fps", "0", "--restorer", "bicubic"]);
    for sink in sinks {
        run.args(["--sink", sink]);
    }
    let summary = finish(run).expect(0, &[]).summary();
    let sink = summary["sink"].as_str().unwrap();
    assert!(
        sink.starts_with("null and png:%d.png@80x60 and pipe:cat"),
        "{sink}"
    );
    let raw = fs::metadata(folder.path().join("80x60")).unwrap();
    assert_eq!(raw.len(), 6 * 80 * 60 * 3);
    let last = open(folder.path().join("6.png"));
    assert_eq!((last.width(), last.height()), (80, 60));
    assert!(!folder.path().join("7.png").exists());
    face8x(folder.path(), &["--sink", "null", "--sink", "windw"]).expect(2, &["window"]);
}

/// A part of the picture is the whole picture to everything that follows.
#[test]
fn a_part_of_the_camera_s_picture_can_be_looked_at_alone() {
    let folder = folder();
    let demo = ["--source", "demo:", "--headless", "--size", "320x240"];
    let with = |more: &[&str]| face8x(folder.path(), &[&demo[..], more].concat());
    let part = ["--roi", "80,60,64,48", "--frames", "2", "--tracks", "-"];
    let run = with(&[&part[..], &["--camera-rotate", "90"]].concat()).expect(0, &[]);
    let lines = run.stdout.lines();
    let sizes = lines.map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (line["width"].as_u64(), line["height"].as_u64())
    });
    let sizes: Vec<_> = sizes.collect();
    assert!(
        sizes.len() >= 2 && sizes.iter().all(|size| *size == (Some(48), Some(64))),
        "{sizes:?}"
    );
    let outside = [
        "--roi 80,60,400,48 reaches outside the camera's picture of 320x240",
        "remedy",
    ];
    with(&["--roi", "80,60,400,48"]).expect(2, &outside);
    with(&["--roi", "81,60,64,48"]).expect(2, &["invalid part", "even numbers"]);
    with(&["--control", "gain=1"]).expect(2, &["V4L2 cameras alone", "/dev/video0"]);
}
