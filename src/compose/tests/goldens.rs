//! Every view as a picture in `tests/data/compose`, compared pixel by pixel.
//!
//! `FACE8X_BLESS=1 cargo test --lib compose` writes them again after an intended change: check each
//! before it is committed.

use std::path::Path;

use image::RgbImage;

use super::*;

fn check(name: &str, picture: &Picture) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/compose/{name}.png"));
    let bytes = picture
        .pixels
        .iter()
        .flat_map(|&pixel| unpack_rgb(pixel))
        .collect();
    let drawn = RgbImage::from_raw(picture.width, picture.height, bytes).unwrap();
    if std::env::var_os("FACE8X_BLESS").is_some() {
        drawn.save(&path).unwrap();
    }
    let golden = image::open(&path)
        .unwrap_or_else(|error| panic!("{name}: {error}; FACE8X_BLESS=1 writes it"))
        .into_rgb8();
    assert_eq!(
        golden.dimensions(),
        drawn.dimensions(),
        "{name} has another size"
    );
    let differing = golden
        .pixels()
        .zip(drawn.pixels())
        .filter(|(a, b)| a != b)
        .count();
    assert_eq!(
        differing, 0,
        "{name} differs in {differing} pixels; FACE8X_BLESS=1 writes it again"
    );
}

/// What a golden shows: `faces` people, or the camera alone, or nothing.
fn check_view(name: &str, options: ComposeOptions, faces: usize, size: (u32, u32)) {
    let people = people();
    let frame = frame_of(&people);
    let restored: Vec<_> = people[..faces]
        .iter()
        .zip(1..)
        .map(|(person, id)| person.restored(id))
        .collect();
    let scene = Scene {
        camera: Some(&frame),
        faces: &restored,
        message: None,
        status: status(),
    };
    check(name, &composed(options, &scene, size));
}

fn with_info(view: View) -> ComposeOptions {
    let info = "%fps   %latency   %skipped   %temp".parse().unwrap();
    ComposeOptions {
        info,
        ..options(view)
    }
}

#[test]
fn restored() {
    check_view("restored", with_info(View::Restored), 1, (480, 270));
    check_view("restored-no-face", options(View::Restored), 0, (320, 180));
}

#[test]
fn side_by_side() {
    let sizes = [
        ("wide", (1200, 400)),
        ("4x3", (640, 480)),
        ("tall", (240, 480)),
    ];
    for (shape, size) in sizes {
        check_view(
            &format!("side-by-side-{shape}"),
            options(View::SideBySide),
            1,
            size,
        );
    }
    check_view(
        "side-by-side-info",
        with_info(View::SideBySide),
        2,
        (640, 360),
    );
    check_view(
        "side-by-side-no-face",
        options(View::SideBySide),
        0,
        (640, 320),
    );
}

#[test]
fn side_by_side_on_small_panels() {
    for (w, h) in [(128, 128), (160, 128), (240, 240), (320, 240)] {
        check_view(
            &format!("side-by-side-{w}x{h}"),
            options(View::SideBySide),
            1,
            (w, h),
        );
    }
}

#[test]
fn strip() {
    check_view("strip-1", options(View::Strip), 1, (480, 360));
    check_view("strip-3", with_info(View::Strip), 3, (480, 360));
    check_view("strip-160x128", options(View::Strip), 2, (160, 128));
}

#[test]
fn in_place() {
    check_view("in-place", options(View::InPlace), 2, (640, 480));
    check_view("in-place-160x128", options(View::InPlace), 1, (160, 128));
}

#[test]
fn full() {
    check_view("full", with_info(View::Full), 2, (480, 270));
    check_view("full-160x128", options(View::Full), 1, (160, 128));
}

#[test]
fn turned_and_mirrored() {
    let turned = ComposeOptions {
        rotation: Rotation::Deg90,
        ..with_info(View::SideBySide)
    };
    check_view("side-by-side-rotate-90", turned, 1, (320, 640));
    let mirrored = ComposeOptions {
        mirror: true,
        ..with_info(View::SideBySide)
    };
    check_view("side-by-side-mirror", mirrored, 1, (640, 360));
}

#[test]
fn no_camera() {
    let message = "no camera: /dev/video0 was unplugged; trying again in 4 s";
    let scene = Scene {
        message: Some(message),
        status: status(),
        ..Scene::default()
    };
    for (w, h) in [(640, 360), (160, 128)] {
        check(
            &format!("no-camera-{w}x{h}"),
            &composed(options(View::Full), &scene, (w, h)),
        );
    }
}
