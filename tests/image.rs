//! `face8x image`, as a user runs it.

mod common;

use std::fs;
use std::path::Path;

use common::{data, face8x, open, save};
use image::imageops::thumbnail;
use image::{Rgb, RgbImage};

/// A folder with a portrait, a wall, a broken file and something that is no picture.
fn album() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let album = folder.path().join("album");
    fs::create_dir(&album).unwrap();
    fs::copy(data("still/portrait.jpg"), album.join("portrait.jpg")).unwrap();
    let wall = RgbImage::from_pixel(320, 240, Rgb([90, 120, 140]));
    save(&wall, album.join("wall.png"));
    let portrait = fs::read(data("still/portrait.jpg")).unwrap();
    fs::write(album.join("broken.jpg"), &portrait[..portrait.len() / 3]).unwrap();
    fs::write(album.join("notes.txt"), "no picture").unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn good_pictures_are_done_and_broken_ones_listed() {
    let folder = album();
    let run = face8x(folder.path(), &["image", "album", "-o", "out"]).expect(
        1,
        &[
            "broken.jpg: ",
            "1 face restored",
            "1 without a face",
            "1 failed",
        ],
    );
    assert!(run.stdout.contains("wall.png: no face"), "{}", run.stdout);
    assert!(run.stdout.contains("portrait.png"), "{}", run.stdout);
    assert_eq!(names(&folder.path().join("out")), ["portrait.png"]);
    let face = open(folder.path().join("out/portrait.png"));
    assert_eq!(face.dimensions(), (128, 128));

    fs::remove_file(folder.path().join("album/broken.jpg")).unwrap();
    face8x(folder.path(), &["image", "album", "-o", "out"]).expect(0, &["0 failed"]);
}

#[test]
fn the_restored_face_is_that_of_the_portrait_upright_and_not_mirrored() {
    // The face of the portrait at 128 pixels, cut by its landmarks (see tests/data/still).
    let folder = album();
    face8x(
        folder.path(),
        &["image", "album/portrait.jpg", "-o", "face.png"],
    )
    .expect(0, &[]);
    let face = open(folder.path().join("face.png"));
    let portrait = open(data("still/portrait.jpg"));
    // Eyes 28 of 128 pixels apart at (50, 65): in the portrait 24 at (100, 51).
    let scale = 24.0 / 28.0;
    let difference = |mirrored: bool| {
        let mut sum = 0.0;
        for (x, y, pixel) in face.enumerate_pixels() {
            let u = if mirrored { 127 - x } else { x } as f32;
            let at = |v: f32, eye: f32, canonical: f32| (eye + (v - canonical) * scale) as i64;
            let (u, v) = (at(u, 100.0, 50.0), at(y as f32, 51.0, 65.0));
            let u = u.clamp(0, i64::from(portrait.width()) - 1) as u32;
            let v = v.clamp(0, i64::from(portrait.height()) - 1) as u32;
            let there = portrait.get_pixel(u, v);
            sum += (0..3)
                .map(|c| f32::from(pixel[c].abs_diff(there[c])))
                .sum::<f32>();
        }
        sum / (3.0 * 128.0 * 128.0)
    };
    let (as_it_is, mirrored) = (difference(false), difference(true));
    // Measured: 42 and 61 levels (the detector's box is a little small, and the rest is a guess).
    assert!(as_it_is < 50.0, "{as_it_is} grey levels from the portrait");
    assert!(
        as_it_is < 0.8 * mirrored,
        "{as_it_is} and mirrored {mirrored}"
    );
}

#[test]
fn aligned_side_by_side_and_pasted_back() {
    let folder = album();
    let portrait = open(data("still/portrait.jpg"));
    let small = thumbnail(&portrait, 16, 16);
    save(&small, folder.path().join("small.png"));
    face8x(
        folder.path(),
        &["image", "--aligned", "small.png", "-o", "restored.png"],
    )
    .expect(0, &[]);
    let restored = open(folder.path().join("restored.png"));
    assert_eq!((restored.width(), restored.height()), (128, 128));
    face8x(
        folder.path(),
        &["image", "--aligned", "album/portrait.jpg", "-o", "x.png"],
    )
    .expect(1, &["256x256", "16x16"]);
    assert!(!folder.path().join("x.png").exists());

    face8x(
        folder.path(),
        &[
            "image",
            "--side-by-side",
            "album/portrait.jpg",
            "-o",
            "three.png",
        ],
    )
    .expect(0, &[]);
    let three = open(folder.path().join("three.png"));
    assert!(three.width() > 3 * 128 - 1 && three.height() >= 128);

    face8x(
        folder.path(),
        &[
            "image",
            "--paste-back",
            "album/portrait.jpg",
            "-o",
            "whole.png",
        ],
    )
    .expect(0, &[]);
    let whole = open(folder.path().join("whole.png"));
    assert!(
        whole.width() >= 256 && whole.width() <= 8 * 256,
        "{}",
        whole.width()
    );
    assert_eq!(whole.width(), whole.height());
}

#[test]
fn mistakes_are_reported_before_work_begins() {
    let folder = album();
    for (code, arguments, words) in [
        (2, &["image", "album"][..], &["--output"][..]),
        (2, &["image", "-o", "out"], &["IN"]),
        (
            2,
            &["image", "album", "-o", "out", "--aligned", "--paste-back"],
            &["cannot be used"],
        ),
        (2, &["image", "album", "-o", "out", "--faces", "0"], &["0"]),
        (2, &["image", "album", "-o", "out.png"], &["remedy: "]),
        (
            1,
            &["image", "none.jpg", "-o", "out"],
            &["none.jpg", "remedy: "],
        ),
        (
            1,
            &["image", "album/notes.txt", "-o", "out"],
            &["notes.txt"],
        ),
        (
            1,
            &["image", "album", "-o", "album/wall.png/out"],
            &["wall.png", "remedy: "],
        ),
    ] {
        face8x(folder.path(), arguments).expect(code, words);
    }
    assert!(!folder.path().join("out.png").exists());
}

#[test]
fn folders_in_folders_are_read_and_the_rest_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("in/2024");
    std::fs::create_dir_all(&below).unwrap();
    let portrait = common::data("still/portrait.jpg");
    std::fs::copy(&portrait, folder.path().join("in/a.jpg")).unwrap();
    std::fs::copy(&portrait, below.join("a.jfif")).unwrap();
    std::fs::write(below.join("b.heic"), b"\0\0\0\x18ftypheic").unwrap();
    let run = face8x(folder.path(), &["image", "in", "-o", "flat"]);
    run.expect(
        0,
        &[
            "passed over 1 folder: 2024",
            "1 picture done, 1 face restored",
            ", 1 passed over",
        ],
    );
    let run = face8x(folder.path(), &["image", "in", "-o", "deep", "--recursive"]);
    let words = [
        "passed over 1 HEIC file: 2024/b.heic",
        "heif-convert",
        "2 pictures done, 2 faces restored",
    ];
    run.expect(0, &words);
    assert!(folder.path().join("deep/a.png").exists());
    assert!(folder.path().join("deep/2024/a.png").exists());
}

#[test]
fn json_says_where_the_faces_are_and_what_was_written() {
    let folder = album();
    let run = face8x(folder.path(), &["image", "album", "--json", "-o", "out"])
        .expect(1, &["1 failed", "broken.jpg: "]);
    let lines: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let files: Vec<_> = lines
        .iter()
        .map(|line| line["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        ["album/broken.jpg", "album/portrait.jpg", "album/wall.png"]
    );
    assert!(lines[0]["error"].is_string(), "{}", lines[0]);
    assert_eq!(lines[0]["faces"], serde_json::json!([]));
    let portrait = &lines[1];
    assert_eq!(portrait["error"], serde_json::Value::Null);
    let picture = open(data("still/portrait.jpg"));
    assert_eq!(portrait["width"], picture.width());
    assert_eq!(portrait["height"], picture.height());
    let face = &portrait["faces"][0];
    assert_eq!(face["restored"], "out/portrait.png");
    assert!(folder.path().join("out/portrait.png").exists());
    // The eyes are at (100, 51) and (124, 51).
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let left_eye = &face["landmarks"][0];
    assert!((number(&left_eye[0]) - 100.0).abs() < 6.0, "{face}");
    assert!((number(&left_eye[1]) - 51.0).abs() < 6.0, "{face}");
    let crop = &face["crop"];
    assert!(
        number(&crop[0][0]) < number(&crop[1][0]),
        "left and right: {face}"
    );
    assert!(
        number(&crop[0][1]) < number(&crop[3][1]),
        "top and bottom: {face}"
    );
    let across = number(&crop[1][0]) - number(&crop[0][0]);
    let down = number(&crop[1][1]) - number(&crop[0][1]);
    assert!(
        (across.hypot(down) - number(&face["side"])).abs() < 0.1,
        "{face}"
    );
    assert!((0.0..=1.0).contains(&number(&face["confidence"])), "{face}");
    assert_eq!(lines[2]["faces"], serde_json::json!([]));
    assert_eq!(lines[2]["error"], serde_json::Value::Null);
}

#[test]
fn json_needs_no_output() {
    let folder = album();
    let run = face8x(folder.path(), &["image", "album/portrait.jpg", "--json"])
        .expect(0, &["0 faces restored"]);
    let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["faces"][0]["restored"], serde_json::Value::Null);
    assert_eq!(names(folder.path()), ["album"]);
    face8x(folder.path(), &["image", "album/portrait.jpg"]).expect(2, &["--output"]);
}
