//! Pictures and streams that people had trouble with, where this machine has them: ../shared/cases.

mod common;

use std::path::PathBuf;

use common::face8x;

/// The file of a case; `None`, and a line that says so, where it is not there.
fn case(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/cases")).join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// A valid JPEG on which the decoder panicked.
#[test]
fn one_bad_picture_does_not_end_the_rest() {
    let (Some(picture), Some(stream)) = (
        case("panic/v417_s_1x1-2x2-2x2.jpg"),
        case("panic/panic.mjpg"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("in");
    std::fs::create_dir(&pictures).unwrap();
    std::fs::copy(picture, pictures.join("1.jpg")).unwrap();
    std::fs::copy("tests/data/still/portrait.jpg", pictures.join("2.jpg")).unwrap();
    face8x(folder.path(), &["image", "in", "-o", "out"]).expect(1, &["1.jpg", "remedy: "]);
    assert!(folder.path().join("out/2.png").exists());
    let summary = summary(stream.to_str().unwrap());
    assert!(summary["frames"].as_u64() >= Some(1), "{summary}");
}

/// Either the right pixels or a refusal.
#[test]
fn components_that_are_not_interleaved_are_no_garbage() {
    for name in [
        "n420.jpg",
        "ps_cbfirst_2x2_417.jpg",
        "ps_two_2x2_417.jpg",
        "v417_s_1x2.jpg",
        "v417_s_2x2.jpg",
    ] {
        let Some(path) = case(&format!("nonint/{name}")) else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let run = ["image", path.to_str().unwrap(), "-o", "out"];
        face8x(folder.path(), &run).expect(1, &["not interleaved", "remedy: "]);
        let run = ["--source", path.to_str().unwrap(), "--headless"];
        face8x(folder.path(), &run).expect(1, &["not interleaved", "remedy: "]);
    }
}

#[test]
fn frames_without_tables_are_photographs_too() {
    for name in ["nodht420.jpg", "nodht422.jpg"] {
        let Some(path) = case(&format!("nodht/{name}")) else {
            continue;
        };
        is_read(&path);
    }
}

/// `face8x image` reads the picture.
#[track_caller]
fn is_read(path: &std::path::Path) {
    let folder = tempfile::tempdir().unwrap();
    let run = ["image", path.to_str().unwrap(), "-o", "out"];
    face8x(folder.path(), &run).expect(0, &[]);
}

/// Phone pictures, stored as 300x420 pixels and turned by EXIF data that stands behind the pixels,
/// or behind a prefix.
#[test]
fn exif_is_honoured_wherever_it_stands() {
    for name in ["exif_after_6.png", "im6.png", "exif_pre_6.webp"] {
        if let Some(path) = case(&format!("png-exif/{name}")) {
            let picture = face8x::internals::photo::load(&path).unwrap();
            assert_eq!(picture.dimensions(), (420, 300), "{name}");
        }
    }
}

/// The summary of `run` on a source.
#[track_caller]
fn summary(source: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let run = common::without_search(folder.path(), source);
    common::finish(run).expect(0, &[]).summary()
}

/// Padding and second end markers are no damage, and frames without an end marker are frames.
#[test]
fn whole_frames_are_counted_as_whole() {
    for name in ["padding/padded0.mjpg", "noeoi/noeoi422.jpg"] {
        if let Some(path) = case(name) {
            let summary = summary(path.to_str().unwrap());
            assert_eq!(summary["corrupt"], 0, "{name}: {summary}");
            assert!(summary["frames"].as_u64() >= Some(1), "{name}: {summary}");
        }
    }
}

#[test]
fn streams_are_read_as_what_they_are() {
    for (name, readable) in [
        ("multipart.bin", true),
        ("http_multipart.bin", true),
        ("t.h264", false),
    ] {
        let Some(path) = case(&format!("pipe-kind/{name}")) else {
            continue;
        };
        let folder = tempfile::tempdir().unwrap();
        let mut run = common::without_search(folder.path(), "-");
        run.stdin(std::fs::File::open(path).unwrap());
        let run = common::finish(run);
        if readable {
            assert_eq!(run.expect(0, &[]).summary()["corrupt"], 0, "{name}");
        } else {
            run.expect(1, &["H.264", "remedy: put ffmpeg behind it"]);
        }
    }
}

/// A network that gives 0..255 where 0..1 is expected.
#[test]
fn a_network_of_another_range_is_named() {
    let Some(model) = case("onnx255/out255.onnx") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = [
        "--source",
        "demo:",
        "--headless",
        "--frames",
        "2",
        "--model",
    ];
    let run = [&run[..], &[model.to_str().unwrap()]].concat();
    face8x(folder.path(), &run).expect(1, &["range from 0 to 1", "remedy: "]);
}
