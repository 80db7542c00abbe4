use std::fs;

use proptest::prelude::*;

use super::*;
use face8x_core::pixel::pack_rgb;

fn picture(width: u32, height: u32, seed: u32) -> Picture {
    let mut picture = Picture::new(width, height);
    for (i, pixel) in picture.pixels.iter_mut().enumerate() {
        *pixel = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) & 0xFF_FFFF;
    }
    picture
}

fn read(path: &Path) -> Picture {
    let image = image::open(path).unwrap().into_rgb8();
    let pixels = image
        .pixels()
        .map(|pixel| pack_rgb(pixel[0], pixel[1], pixel[2]))
        .collect();
    Picture {
        width: image.width(),
        height: image.height(),
        pixels,
    }
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn open_in(folder: &Path, name: &str) -> Result<Box<dyn Sink>> {
    open(folder.join(name).to_str().unwrap(), &SinkOptions::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn pictures_come_back_as_they_were(width in 1u32..70, height in 1u32..70, seed: u32) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let picture = picture(width, height, seed);
        save_png(&path, &picture).unwrap();
        prop_assert_eq!(read(&path), picture);
        prop_assert_eq!(names(folder.path()), ["a.png"]);
    }
}

#[test]
fn a_numbered_file_is_a_frame() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = open_in(folder.path(), "%d.png").unwrap();
    for seed in 1..=2 {
        sink.present(&picture(9, 5, seed)).unwrap();
        sink.redraw(&picture(9, 5, 100)).unwrap();
    }
    sink.amend(&picture(8, 6, 3)).unwrap();
    drop(sink);
    assert_eq!(names(folder.path()), ["1.png", "2.png"]);
    assert_eq!(read(&folder.path().join("1.png")), picture(9, 5, 1));
    assert_eq!(read(&folder.path().join("2.png")), picture(8, 6, 3));
}

#[test]
fn a_size_may_follow_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let sink = open_in(folder.path(), "screen.png@800x480").unwrap();
    assert_eq!(sink.size(), Some((800, 480)));
    assert_eq!(sized("a@b.png"), ("a@b.png", None));
    assert_eq!(sized("a.png@0x480"), ("a.png@0x480", None));
    assert_eq!(sized("%05d.png@9x9"), ("%05d.png", Some((9, 9))));
}

#[test]
fn the_last_picture_is_on_the_disk_when_the_sink_goes() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = open_in(folder.path(), "live.png").unwrap();
    assert_eq!(
        names(folder.path()),
        [""; 0],
        "opening leaves nothing behind"
    );
    let path = folder.path().join("live.png");
    for seed in 0..20 {
        sink.present(&picture(33, 21, seed)).unwrap();
        assert_eq!(read(&path).width, 33, "whole at any time");
    }
    drop(sink);
    assert_eq!(read(&path), picture(33, 21, 19));
    assert_eq!(names(folder.path()), ["live.png"]);
}

#[test]
fn a_picture_without_pixels_keeps_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.png");
    save_png(&path, &picture(4, 4, 1)).unwrap();
    assert!(save_png(&path, &Picture::new(0, 9)).is_err());
    assert_eq!(read(&path), picture(4, 4, 1));
    assert_eq!(names(folder.path()), ["kept.png"]);
}

#[test]
fn each_picture_has_its_own_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = open_in(folder.path(), "a%03d.png").unwrap();
    for seed in 0..3 {
        sink.present(&picture(5, 6, seed)).unwrap();
    }
    drop(sink);
    assert_eq!(names(folder.path()), ["a001.png", "a002.png", "a003.png"]);
    assert_eq!(read(&folder.path().join("a003.png")), picture(5, 6, 2));
}

#[test]
fn patterns_are_understood() {
    let numbered = |before: &str, width, after: &str| {
        FileNames::Numbered(before.to_owned(), width, after.to_owned())
    };
    assert_eq!(
        FileNames::parse("x/%d.png").unwrap(),
        numbered("x/", 0, ".png")
    );
    assert_eq!(
        FileNames::parse("f%05d.png").unwrap(),
        numbered("f", 5, ".png")
    );
    assert_eq!(
        FileNames::parse("100% sure.png").unwrap(),
        FileNames::Single("100% sure.png".into())
    );
    assert_eq!(
        FileNames::parse("50%off.png").unwrap(),
        FileNames::Single("50%off.png".into())
    );
    assert_eq!(
        numbered("f", 5, ".png").path(123_456),
        PathBuf::from("f123456.png")
    );
    for wrong in ["", "%d/%d.png", "%03d/a.png"] {
        assert_eq!(
            FileNames::parse(wrong).unwrap_err().exit_code(),
            2,
            "{wrong:?}"
        );
    }
}

#[test]
fn paths_that_cannot_be_written_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    for path in ["no/such/folder/a.png", "file/a.png", "."] {
        let error = open_in(folder.path(), path).err().unwrap();
        assert!(error.remedy_text().is_some(), "{path}: {error}");
    }
    assert!(open("/dev/null", &SinkOptions::default()).is_err());
    assert!(open("/proc/a.png", &SinkOptions::default()).is_err());
    assert_eq!(names(folder.path()), ["file"]);
}
