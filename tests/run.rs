//! `face8x run`, as a user runs it: exit codes, messages, JSON and pictures.

mod common;

use std::fs;
use std::path::Path;

use common::{face8x, open, save};
use image::imageops::thumbnail;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn assert_picture(path: &Path, size: Option<(u32, u32)>) {
    let picture = open(path);
    if let Some(size) = size {
        assert_eq!(picture.dimensions(), size);
    }
    let first = picture.get_pixel(0, 0);
    assert!(
        picture.pixels().any(|p| p != first),
        "{} has one colour",
        path.display()
    );
}

#[test]
fn the_demo_restores_a_face_and_counts_in_json() {
    let folder = folder();
    let run = face8x(
        folder.path(),
        &[
            "run",
            "--source",
            "demo:",
            "--headless",
            "--json",
            "--frames",
            "75",
            "--fps",
            "10",
        ],
    )
    .expect(
        0,
        &["restorer: ", "face8x.onnx", "source: demo:", "detector: "],
    );
    let summary = run.summary();
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["frames"], 75);
    assert_eq!(summary["faces"], 1);
    assert_eq!(summary["corrupt"], 0);
    assert_eq!(summary["sink"], "null");
    for key in ["skipped", "fps", "rss_mb", "lost", "seconds"] {
        assert!(summary[key].is_number(), "{key} of {summary}");
    }
    for key in ["p50", "p90", "p99"] {
        assert!(
            summary["latency_ms"][key].as_f64().unwrap() > 0.0,
            "{key} of {summary}"
        );
    }
    let status: serde_json::Value =
        serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(status["event"], "status");
}

#[test]
fn options_alone_mean_run() {
    let folder = folder();
    let run = face8x(
        folder.path(),
        &[
            "--source",
            "demo:",
            "--headless",
            "--json",
            "--frames",
            "2",
            "--restorer",
            "bicubic",
        ],
    )
    .expect(0, &["restorer: bicubic"]);
    assert_eq!(run.summary()["restorer"], "bicubic (no network)");
}

#[test]
fn processors_and_threads_are_chosen_at_the_start() {
    let folder = folder();
    let mut flags = vec!["--source", "demo:", "--headless", "--frames", "3"];
    flags.extend([
        "--cpu-list",
        "0",
        "--threads",
        "auto",
        "--max-temperature",
        "120",
    ]);
    // On one processor there is one thread.
    face8x(folder.path(), &flags).expect(0, &["restorer: ", "1 thread"]);
    flags[6] = "1000-1023";
    face8x(folder.path(), &flags).expect(
        2,
        &[
            "--cpu-list names processors that are not there: 1000-1023",
            "this machine has 0",
        ],
    );
}

#[test]
fn tracts_own_operators_are_the_plain_alternative() {
    let folder = folder();
    let common = ["--source", "demo:", "--headless", "--json", "--frames", "2"];
    for (engine, by) in [
        (&[][..], " by int8 "),
        (&["--engine", "tract"], " by tract "),
    ] {
        let run = face8x(folder.path(), &[&common, engine].concat()).expect(0, &["restorer: "]);
        let restorer = run.summary()["restorer"].to_string();
        assert!(restorer.contains(by), "{restorer}");
    }
}

#[test]
fn every_view_makes_a_picture() {
    for view in ["restored", "side-by-side", "strip", "in-place", "full"] {
        let folder = folder();
        let run = [
            "--source",
            "demo:",
            "--sink",
            "png:out.png",
            "--frames",
            "20",
            "--view",
            view,
        ];
        face8x(folder.path(), &run).expect(0, &[]);
        assert_picture(&folder.path().join("out.png"), None);
    }
}

/// Every view that shows restored pixels says that they are a guess, unless they are for prints; the
/// side-by-side view has it in its words.
#[test]
fn views_are_marked_unless_they_are_for_prints() {
    for view in ["restored", "strip", "in-place", "full"] {
        let folder = folder();
        let face = open(common::data("still/portrait.jpg"));
        save(&thumbnail(&face, 32, 32), folder.path().join("face.png"));
        let picture = |mark: &str| {
            let run = ["--source", "face.png", "--sink", "png:out.png@640x480"];
            let more = ["--detector", "centre", "--view", view, "--mark", mark];
            face8x(folder.path(), &[&run[..], &more].concat()).expect(0, &[]);
            let file = fs::read(folder.path().join("out.png")).unwrap();
            assert!(file.windows(11).any(|part| part == b"tEXtComment"));
            open(folder.path().join("out.png"))
        };
        assert!(picture("on") != picture("off"), "{view} is not marked");
        let run = ["--source", "face.png", "--sink", "png:out.png@640x480"];
        let run = [&run[..], &["--detector", "centre", "--view", view]].concat();
        face8x(folder.path(), &run).expect(0, &[]);
        let plain = open(folder.path().join("out.png"));
        assert!(plain == picture("on"), "{view} without a flag");
    }
}

#[test]
fn numbered_pictures_rotated() {
    let folder = folder();
    face8x(
        folder.path(),
        &[
            "--source",
            "demo:",
            "--sink",
            "png:%03d.png",
            "--frames",
            "3",
            "--rotate",
            "90",
            "--mirror",
        ],
    )
    .expect(0, &[]);
    let names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let picture = open(folder.path().join(names.iter().min().unwrap()));
    assert!(
        picture.height() > picture.width(),
        "side-by-side is wide, so turned it is tall"
    );
}

#[test]
fn without_a_display_it_leaves_a_picture_and_ends() {
    let folder = folder();
    face8x(folder.path(), &["--source", "demo:"]).expect(0, &["window", "face8x.png"]);
    assert_picture(&folder.path().join("face8x.png"), None);
}

#[test]
fn one_picture_is_restored_before_the_source_ends() {
    let folder = folder();
    let portrait = common::data("still/portrait.jpg");
    fs::copy(&portrait, folder.path().join("portrait.jpg")).unwrap();
    let run = face8x(
        folder.path(),
        &[
            "--source",
            "file:portrait.jpg",
            "--sink",
            "png:out.png",
            "--json",
        ],
    )
    .expect(0, &[]);
    assert_eq!(run.summary()["faces"], 1, "{}", run.stdout);
}

#[test]
fn a_configuration_file_is_read_and_flags_win() {
    let folder = folder();
    let text = "source = 'demo:'\nheadless = true\njson = true\nframes = 500\nview = 'strip'\n";
    fs::write(folder.path().join("face8x.toml"), text).unwrap();
    let run = face8x(folder.path(), &["--config", "face8x.toml", "--frames", "3"]).expect(0, &[]);
    assert_eq!(
        (&run.summary()["frames"], &run.summary()["view"]),
        (&3.into(), &"strip".into())
    );
    fs::write(folder.path().join("face8x.toml"), "\nviwe = 'strip'\n").unwrap();
    face8x(folder.path(), &["--config", "face8x.toml"]).expect(
        2,
        &[
            "face8x.toml: line 2: unknown key \"viwe\"",
            "did you mean \"view\"?",
        ],
    );
    face8x(folder.path(), &["--config", "none.toml"]).expect(2, &["none.toml", "remedy: "]);
}

#[test]
fn usage_mistakes_exit_with_2_and_name_the_nearest() {
    let folder = folder();
    for (arguments, words) in [
        (
            &["--source", "v4l3:///dev/video0"][..],
            &["v4l2", "remedy: "][..],
        ),
        (&["--sink", "windw"], &["window"]),
        (&["--detector", "yunett"], &["yunet"]),
        (&["--restorer", "bicubix"], &["bicubic"]),
        (&["--view", "stripe"], &["strip"]),
        (&["--rotate", "45"], &["90"]),
        (&["--faces", "33"], &["32"]),
        (&["--min-face", "0"], &["min-face"]),
        (&["--info-text", "%fsp"], &["%fps"]),
        (&["--size", "640"], &["640x480"]),
        (&["--sink", "spi:ili9999"], &["ili9341"]),
        (&["--detector", "box:1,2,3"], &["box:"]),
        (&["--sorce", "demo:"], &["--source"]),
    ] {
        face8x(folder.path(), arguments).expect(2, words);
    }
}

#[test]
fn what_is_not_there_exits_with_1_and_a_remedy() {
    let folder = folder();
    fs::write(folder.path().join("text.onnx"), "not a model").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (arguments, words) in [
        (&["--source", "/dev/video99"][..], &["/dev/video99"][..]),
        (&["--source", "file:none.jpg"], &["none.jpg"]),
        (&["--source", "file:empty"], &["empty"]),
        (
            &["--source", "demo:", "--model", "none.onnx"],
            &["none.onnx"],
        ),
        (
            &["--source", "demo:", "--model", "text.onnx"],
            &["text.onnx"],
        ),
        (
            &["--source", "demo:", "--detector", "yunet:text.onnx"],
            &["text.onnx"],
        ),
        (&["--source", "demo:", "--sink", "window"], &["DISPLAY"]),
        (
            &["--source", "demo:", "--sink", "drm:/dev/dri/card99"],
            &["card99"],
        ),
        (
            &["--source", "demo:", "--sink", "fb:/dev/fb99"],
            &["/dev/fb99"],
        ),
        (
            &[
                "--source",
                "demo:",
                "--sink",
                "spi:ili9341,dev=/dev/spidev99.0,dc=24",
            ],
            &["spidev99.0"],
        ),
        (
            &["--source", "demo:", "--sink", "png:none/out.png"],
            &["none/out.png"],
        ),
    ] {
        face8x(folder.path(), arguments)
            .expect(1, words)
            .expect(1, &["remedy: "]);
    }
}

#[test]
fn models_of_other_shapes_are_named() {
    let folder = folder();
    let model = common::data("../../crates/face8x-core/tests/data/restore/output-64.onnx");
    let model = model.to_str().unwrap();
    face8x(
        folder.path(),
        &["--source", "demo:", "--headless", "--model", model],
    )
    .expect(1, &["64x64", "1x3x128x128", "remedy: "]);
}

#[test]
fn a_camera_on_its_side_or_upside_down_is_turned_first() {
    let folder = folder();
    let half = image::RgbImage::from_fn(64, 48, |x, _| {
        image::Rgb([if x < 32 { 20 } else { 220 }; 3])
    });
    save(&half, folder.path().join("half.png"));
    let show = |more: &[&str]| {
        let plain = [
            "run",
            "--source",
            "half.png",
            "--sink",
            "png:out.png",
            "--view",
            "in-place",
            "--detector",
            "centre",
            "--mark",
            "off",
        ];
        face8x(folder.path(), &[&plain, more].concat()).expect(0, &[]);
        open(folder.path().join("out.png"))
    };
    let left_is_dark = |picture: &image::RgbImage| {
        let (width, height) = picture.dimensions();
        let level = |x: u32, y: u32| picture.get_pixel(x, y)[0];
        let (top, bottom) = (height / 16, height - 1 - height / 16);
        (
            level(width / 16, top) < 100,
            level(width - 1 - width / 16, top) < 100,
            level(width / 16, bottom) < 100,
        )
    };
    let (width, height) = show(&[]).dimensions();
    for (flags, expected) in [
        (&[][..], (true, false, true)),
        (&["--camera-rotate", "180"], (false, true, false)),
        (&["--camera-flip", "h"], (false, true, false)),
        (&["--camera-flip", "v"], (true, false, true)),
        (
            &["--camera-rotate", "180", "--camera-flip", "h"],
            (true, false, true),
        ),
    ] {
        let picture = show(flags);
        assert_eq!(picture.dimensions(), (width, height), "{flags:?}");
        assert_eq!(left_is_dark(&picture), expected, "{flags:?}");
    }
    let turned = show(&["--camera-rotate", "90"]);
    assert!(turned.width() < turned.height());
    assert_eq!(left_is_dark(&turned), (true, true, false));
}
