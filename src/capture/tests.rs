use super::*;

/// A real JPEG of `width` x 16 pixels whose noise gives it stuffed zeros.
pub(crate) fn jpeg(width: u32, seed: u8) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x * 97 + y * 57 + x * y * u32::from(seed | 1)) as u8;
    let picture = image::RgbImage::from_fn(width, 16, |x, y| {
        image::Rgb([noise(x, y), noise(y, x), seed])
    });
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95)
        .encode_image(&picture)
        .unwrap();
    bytes
}

/// The prefix that `uri` is taken to have, and the rest.
fn split(uri: &str) -> (&'static str, &str) {
    let (kind, rest) = kind_of(uri).unwrap();
    (kind.prefix, rest)
}

#[test]
fn every_source_is_found_by_its_prefix() {
    for (i, kind) in SOURCES.iter().enumerate() {
        assert_eq!(split(kind.prefix), (kind.prefix, ""));
        assert!(
            !kind.help.is_empty() && !kind.help.ends_with('.'),
            "{}",
            kind.help
        );
        for other in &SOURCES[i + 1..] {
            assert!(!other.prefix.starts_with(kind.prefix), "{}", other.prefix);
        }
    }
}

#[test]
fn prefixes_may_be_left_out_where_clear() {
    assert_eq!(split("v4l2:///dev/video0"), ("v4l2://", "/dev/video0"));
    assert_eq!(split("/dev/video12"), ("v4l2://", "/dev/video12"));
    let by_id = "/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0";
    assert_eq!(split(by_id), ("v4l2://", by_id));
    assert_eq!(split("0"), ("v4l2://", "0"));
    assert_eq!(split("-"), ("-", ""));
    assert_eq!(split("auto"), ("auto", ""));
    assert_eq!(split("demo"), ("demo:", ""));
    assert_eq!(split("pipe:cat a:b"), ("pipe:", "cat a:b"));
    assert_eq!(split("rpicam://1"), ("rpicam://", "1"));
    assert_eq!(
        split("no-such-folder/Face.JPG"),
        ("file:", "no-such-folder/Face.JPG")
    );
    assert_eq!(split("clip.mjpg"), ("file:", "clip.mjpg"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(split(folder.path().to_str().unwrap()).0, "file:");
}

#[test]
fn unknown_sources_name_the_nearest_and_all() {
    for (written, nearest) in [
        ("v4l:///dev/video0", "did you mean \"v4l2://\"?"),
        ("picam://0", "did you mean \"rpicam://\"?"),
        ("demon", "did you mean \"demo:\"?"),
        ("pip:cat", "did you mean \"pipe:\"?"),
    ] {
        let error = open(written, &SourceOptions::default()).err().unwrap();
        assert_eq!(error.exit_code(), 2);
        let remedy = error.remedy_text().unwrap();
        assert!(remedy.starts_with(nearest), "{written}: {remedy}");
        assert!(
            SOURCES.iter().all(|kind| remedy.contains(kind.prefix)),
            "{remedy}"
        );
    }
    let error = open("zzz", &SourceOptions::default()).err().unwrap();
    assert!(
        error
            .remedy_text()
            .unwrap()
            .starts_with("valid values: auto")
    );
    assert_eq!(
        open("", &SourceOptions::default())
            .err()
            .unwrap()
            .exit_code(),
        2
    );
}

#[test]
fn senseless_sizes_are_refused() {
    for (width, height) in [
        (0, 480),
        (640, 0),
        (16_385, 10),
        (16_000, 16_000),
        (u32::MAX, u32::MAX),
    ] {
        let options = SourceOptions {
            width,
            height,
            ..SourceOptions::default()
        };
        let error = open("demo:", &options).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(
            error.to_string().contains(&format!("{width}x{height}")),
            "{error}"
        );
    }
}

#[cfg(not(feature = "v4l2"))]
#[test]
fn build_without_v4l2_says_so() {
    let error = open("0", &SourceOptions::default()).err().unwrap();
    assert_eq!(error.remedy_text(), Some("build with --features v4l2"));
}
