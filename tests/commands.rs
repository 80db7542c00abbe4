//! `face8x list`, `doctor`, `test-pattern` and help, as a user runs them.

mod common;

use common::face8x;

#[test]
fn help_names_the_commands_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    let help = face8x(folder.path(), &["--help"]).expect(0, &[]).stdout;
    for word in [
        "run",
        "image",
        "list",
        "doctor",
        "test-pattern",
        "--source",
        "--config",
        "guess",
    ] {
        assert!(help.contains(word), "no {word} in:\n{help}");
    }
    let version = face8x(folder.path(), &["--version"]).expect(0, &[]).stdout;
    assert_eq!(
        version.trim(),
        concat!("face8x ", env!("CARGO_PKG_VERSION"))
    );
    face8x(folder.path(), &["dance"]).expect(2, &["dance"]);
}

#[test]
fn list_shows_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let list = face8x(folder.path(), &["list"]).expect(0, &[]).stdout;
    for word in [
        "cameras",
        "displays",
        "sources",
        "v4l2://",
        "rpicam://",
        "argus://",
        "pipe:",
        "file:",
        "demo:",
        "sinks",
        "window",
        "drm",
        "fb",
        "spi:",
        "png:",
        "null",
        "locators",
        "rustface",
        "centre",
        "box:",
        "yunet:",
        "restorers",
        "tract",
        "bicubic",
        "views",
        "side-by-side",
        "in-place",
    ] {
        assert!(list.to_lowercase().contains(word), "no {word} in:\n{list}");
    }
}

#[test]
fn doctor_checks_the_model_and_names_remedies() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = face8x(folder.path(), &["doctor"]);
    assert!(doctor.stdout.contains("model"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("camera"), "{}", doctor.stdout);
    let problems = doctor
        .stdout
        .lines()
        .any(|line| line.starts_with("problem"));
    assert_eq!(doctor.code, Some(i32::from(problems)), "{}", doctor.stdout);

    std::fs::write(folder.path().join("broken.onnx"), b"junk").unwrap();
    let doctor = face8x(folder.path(), &["doctor", "--model", "broken.onnx"]).expect(1, &[]);
    let broken: Vec<&str> = doctor
        .stdout
        .lines()
        .filter(|l| l.starts_with("problem"))
        .collect();
    assert!(
        broken.iter().any(|line| line.contains("broken.onnx")),
        "{}",
        doctor.stdout
    );
}

#[test]
fn a_test_pattern_drives_a_sink_alone() {
    let folder = tempfile::tempdir().unwrap();
    face8x(
        folder.path(),
        &["test-pattern", "--sink", "png:pattern.png"],
    )
    .expect(0, &[]);
    let picture = image::open(folder.path().join("pattern.png"))
        .unwrap()
        .to_rgb8();
    let colours: std::collections::HashSet<_> = picture.pixels().collect();
    assert!(
        colours.len() > 8,
        "colour bars, not {} colours",
        colours.len()
    );
    face8x(
        folder.path(),
        &["test-pattern", "--sink", "null", "--frames", "3"],
    )
    .expect(0, &[]);
    face8x(folder.path(), &["test-pattern", "--sink", "nul"]).expect(2, &["null"]);
    face8x(folder.path(), &["test-pattern", "--rotate", "45"]).expect(2, &["90"]);
}

#[test]
fn a_panel_on_a_recorded_bus_is_driven() {
    let folder = tempfile::tempdir().unwrap();
    let sink = "test:ili9341,path=bus.txt";
    face8x(
        folder.path(),
        &["test-pattern", "--sink", sink, "--frames", "1"],
    )
    .expect(0, &[]);
    let trace = std::fs::metadata(folder.path().join("bus.txt")).unwrap();
    assert!(trace.len() > 320 * 240 * 2, "{} bytes", trace.len());
}
