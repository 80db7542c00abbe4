//! Pictures and options at the ends of their ranges, and what is no person's face: in stills and live.

mod common;

use std::fs;
use std::path::Path;

use common::{command, data, face8x, finish, open, save};
use image::imageops::{FilterType, replace, resize};
use image::{Rgb, RgbImage};
use serde_json::Value;

const WALL: Rgb<u8> = Rgb([90, 120, 140]);

/// The portrait of 256x256 pixels, whose face has 94, as a square of `side`.
fn portrait(side: u32) -> RgbImage {
    let picture = open(data("still/portrait.jpg"));
    resize(&picture, side, side, FilterType::Triangle)
}

/// A wall with the portrait at some places, its sides as given.
fn wall(size: (u32, u32), portraits: impl IntoIterator<Item = (u32, u32, u32)>) -> RgbImage {
    let mut picture = RgbImage::from_pixel(size.0, size.1, WALL);
    for (x, y, side) in portraits {
        replace(&mut picture, &portrait(side), x.into(), y.into());
    }
    picture
}

/// The JSON lines of a run.
fn lines(stdout: &str) -> Vec<Value> {
    let parsed = stdout.lines().map(serde_json::from_str);
    parsed.collect::<Result<_, _>>().unwrap()
}

fn faces(line: &Value) -> &[Value] {
    line["faces"].as_array().unwrap()
}

/// `face8x image PICTURE --json`, whose only line this gives.
fn found(folder: &Path, picture: &str, more: &[&str]) -> Value {
    let arguments = [&["image", picture, "--json"], more].concat();
    let run = face8x(folder, &arguments).expect(0, &["0 failed"]);
    lines(&run.stdout).remove(0)
}

/// `face8x run --source SOURCE --tracks -`: a line for each frame. The last one of a single picture has
/// what its search found.
fn tracked(folder: &Path, source: &str, more: &[&str]) -> Vec<Value> {
    let plain = [
        "run",
        "--headless",
        "--restorer",
        "bicubic",
        "--tracks",
        "-",
        "--source",
        source,
    ];
    lines(
        &face8x(folder, &[&plain, more].concat())
            .expect(0, &[])
            .stdout,
    )
}

#[test]
fn specks_and_strips_have_no_faces() {
    let folder = tempfile::tempdir().unwrap();
    for (width, height) in [(1, 1), (2, 1), (16, 4000), (4000, 16)] {
        let name = format!("{width}x{height}.png");
        save(&wall((width, height), []), folder.path().join(&name));
        let line = found(folder.path(), &name, &["-o", "out"]);
        assert_eq!(line["width"], width, "{line}");
        assert!(faces(&line).is_empty() && line["error"].is_null(), "{line}");
        let frames = tracked(folder.path(), &name, &[]);
        assert!(faces(&frames[frames.len() - 1]).is_empty(), "{frames:?}");
    }
}

/// The picture has 201 MB; besides it there must be little. Without faces below 24 pixels, which would
/// take four times as long.
#[test]
fn the_largest_picture_is_searched_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let largest = wall((8192, 8192), [(7900, 7900, 256), (3000, 50, 128)]);
    save(&largest, folder.path().join("largest.png"));
    let mut shell = std::process::Command::new("sh");
    let program = command(folder.path());
    let limited = "ulimit -v 600000; exec \"$0\" image largest.png --json --min-face 24";
    shell.arg("-c").arg(limited).arg(program.get_program());
    shell.current_dir(folder.path());
    shell
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let run = finish(shell).expect(0, &["0 failed"]);
    let line = lines(&run.stdout).remove(0);
    assert_eq!(faces(&line).len(), 2, "{line}");
}

#[test]
fn every_face_of_a_crowd_is_found() {
    const COLUMNS: u32 = 25;
    let folder = tempfile::tempdir().unwrap();
    let places = (0..500).map(|k| (k % COLUMNS * 70 + 3, k / COLUMNS * 70 + 3, 64));
    let crowd = wall((COLUMNS * 70, 20 * 70), places);
    save(&crowd, folder.path().join("crowd.png"));
    let line = found(folder.path(), "crowd.png", &[]);
    let cell = |face: &Value| {
        let middle = |c: usize| (face["crop"][0][c].as_f64(), face["crop"][2][c].as_f64());
        [0, 1].map(|c| match middle(c) {
            (Some(a), Some(b)) => ((a + b) / 140.0) as u32,
            _ => panic!("{face}"),
        })
    };
    let mut cells: Vec<_> = faces(&line).iter().map(cell).collect();
    cells.sort_unstable();
    cells.dedup();
    assert_eq!(faces(&line).len(), cells.len(), "a face is found twice");
    assert!(cells.len() >= 490, "{} of 500 faces", cells.len());
}

#[test]
fn a_smallest_face_that_no_picture_holds_leaves_none() {
    let folder = tempfile::tempdir().unwrap();
    save(&portrait(256), folder.path().join("face.png"));
    for (least, count) in [("40", 1), ("200", 0), ("5000", 0), ("4294967295", 0)] {
        let least = ["--min-face", least];
        let line = found(folder.path(), "face.png", &least);
        assert_eq!(faces(&line).len(), count, "{least:?}");
        let frames = tracked(folder.path(), "face.png", &least);
        assert_eq!(faces(&frames[frames.len() - 1]).len(), count, "{least:?}");
    }
}

#[test]
fn a_source_whose_frames_change_their_size_is_followed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [(320, 240), (640, 480), (200, 180)];
    fs::create_dir(folder.path().join("frames")).unwrap();
    for k in 0..54 {
        let frame = wall(sizes[k / 18], [(30, 30, 128)]);
        save(&frame, folder.path().join(format!("frames/{k:02}.png")));
    }
    let frames = tracked(folder.path(), "frames", &["--fps", "5"]);
    for (k, size) in sizes.iter().enumerate() {
        let same = frames.iter().filter(|line| line["width"] == size.0);
        let seen: Vec<_> = same.filter_map(|line| faces(line).first()).collect();
        assert!(!seen.is_empty(), "never found at {size:?}");
        for face in seen {
            assert_eq!(face["id"], k as u64 + 1, "{size:?}: {face}");
            let side = face["side"].as_f64().unwrap();
            assert!((40.0..54.0).contains(&side), "{size:?}: {face}");
        }
    }
}

/// YuNet takes a cat for a person; the second look does not.
#[test]
fn a_cats_face_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let core = data("../../crates/face8x-core/tests/data/face/chelsea.jpg");
    fs::copy(core, folder.path().join("cat.jpg")).unwrap();
    let yunet = format!("yunet:{}", data("../../models/detector.onnx").display());
    for (detector, count) in [("auto", 0), (&yunet, 1)] {
        let more = ["--detector", detector];
        let line = found(folder.path(), "cat.jpg", &more);
        assert_eq!(faces(&line).len(), count, "{line}");
        let frames = tracked(folder.path(), "cat.jpg", &more);
        assert_eq!(faces(&frames[frames.len() - 1]).len(), count, "{frames:?}");
    }
}

/// What a file lacks to be a YuNet is named.
#[test]
fn a_detector_of_another_form_is_named_with_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    for (model, words) in [
        (
            "models/landmarks.onnx",
            [
                "is not YuNet",
                "1 channels and 48x48 pixels instead of 3 channels",
            ],
        ),
        (
            "models/face8x.onnx",
            [
                "is not YuNet",
                "16x16 pixels instead of 3 channels and multiples of 32",
            ],
        ),
    ] {
        let model = data(&format!("../../{model}"));
        let detector = format!("yunet:{}", model.display());
        face8x(
            folder.path(),
            &["--source", "demo:", "--headless", "--detector", &detector],
        )
        .expect(1, &words)
        .expect(1, &["remedy: "]);
    }
}
