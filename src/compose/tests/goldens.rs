//! Every view at the sizes of common screens as a picture in `tests/data/compose`.
//!
//! `FACE8X_BLESS=1 cargo test --lib compose` writes them again after an intended change: look at each
//! before it is committed. Those of larger screens are kept at a half, a third or a quarter of their size.

use std::path::{Path, PathBuf};

use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::{FilterType, resize};

use super::*;

/// Screens: an SPI panel, a round one, and larger and larger ones.
const SIZES: [(u32, u32); 7] = [
    (128, 160),
    (240, 240),
    (320, 240),
    (480, 320),
    (800, 480),
    (1920, 1080),
    (1080, 1920),
];
const ROUND: (u32, u32) = (240, 240);

/// The longest side of a picture that is kept.
const LONGEST: u32 = 500;

/// Pixels may differ by as much as another processor rounds, ...
const NEAR: u8 = 6;
/// ... but for one in so many.
const OUTLIERS: usize = 2000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/compose")
}

fn check(name: &str, picture: &Picture) {
    let path = folder().join(format!("{name}.png"));
    let (width, height) = (picture.width, picture.height);
    let mut bytes = Vec::new();
    picture.write_rgb(&mut bytes);
    let mut drawn = RgbImage::from_raw(width, height, bytes).unwrap();
    let factor = width.max(height).div_ceil(LONGEST);
    if factor > 1 {
        drawn = resize(
            &drawn,
            width / factor,
            height / factor,
            FilterType::Triangle,
        );
    }
    if std::env::var_os("FACE8X_BLESS").is_some() {
        let file = std::fs::File::create(&path).unwrap();
        let (small, filter) = (CompressionType::Best, PngFilter::Adaptive);
        let encoder = PngEncoder::new_with_quality(file, small, filter);
        drawn.write_with_encoder(encoder).unwrap();
    }
    let golden = image::open(&path)
        .unwrap_or_else(|error| panic!("{name}: {error}; FACE8X_BLESS=1 writes it"))
        .into_rgb8();
    assert_eq!(golden.dimensions(), drawn.dimensions(), "{name}");
    let far = |(a, b): &(&image::Rgb<u8>, &image::Rgb<u8>)| {
        (0..3).any(|c| a.0[c].abs_diff(b.0[c]) > NEAR)
    };
    let differing = golden.pixels().zip(drawn.pixels()).filter(far).count();
    let allowed = golden.pixels().len() / OUTLIERS;
    assert!(
        differing <= allowed,
        "{name} differs in {differing} pixels; FACE8X_BLESS=1 writes it again"
    );
}

/// What a golden shows: `faces` people, or the camera alone.
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
        status: status(),
        ..Scene::default()
    };
    check(name, &composed(options, &scene, size));
}

fn check_sizes(view: View, faces: usize) {
    for (w, h) in SIZES {
        let round = (w, h) == ROUND;
        let shape = if round { "round" } else { "" };
        let options = ComposeOptions {
            round,
            ..options(view)
        };
        check_view(&format!("{view}-{w}x{h}{shape}"), options, faces, (w, h));
    }
}

fn with_info(view: View) -> ComposeOptions {
    let info = "%fps   %latency   %skipped   %temp".parse().unwrap();
    ComposeOptions {
        info,
        ..options(view)
    }
}

#[test]
fn side_by_side() {
    check_sizes(View::SideBySide, 1);
}

#[test]
fn side_by_side_of_other_shapes() {
    for (w, h) in [(160, 128), (240, 240), (480, 480), (640, 480), (1000, 250)] {
        let name = format!("side-by-side-{w}x{h}");
        check_view(&name, options(View::SideBySide), 1, (w, h));
    }
}

#[test]
fn side_by_side_of_several_faces() {
    for (w, h) in [(800, 480), (320, 480), (128, 160)] {
        let name = format!("side-by-side-3-faces-{w}x{h}");
        check_view(&name, options(View::SideBySide), 3, (w, h));
    }
}

#[test]
fn side_by_side_without_a_face() {
    for (w, h) in [(800, 480), (320, 240), (320, 480), (128, 160)] {
        let name = format!("side-by-side-no-face-{w}x{h}");
        check_view(&name, options(View::SideBySide), 0, (w, h));
    }
    let round = ComposeOptions {
        round: true,
        ..options(View::SideBySide)
    };
    check_view("side-by-side-no-face-round", round, 0, ROUND);
}

#[test]
fn restored() {
    check_sizes(View::Restored, 1);
    check_view("restored-no-face", options(View::Restored), 0, (320, 180));
}

#[test]
fn strip() {
    check_sizes(View::Strip, 3);
    check_view("strip-1", options(View::Strip), 1, (480, 320));
    check_view("strip-no-face", options(View::Strip), 0, (320, 240));
}

#[test]
fn in_place() {
    check_sizes(View::InPlace, 3);
}

#[test]
fn full() {
    check_sizes(View::Full, 2);
}

#[test]
fn with_an_overlay_text_turned_and_mirrored() {
    let options = with_info(View::SideBySide);
    check_view("side-by-side-info", options.clone(), 2, (640, 360));
    let turned = ComposeOptions {
        rotation: Rotation::Deg90,
        mirror: true,
        ..options
    };
    check_view("side-by-side-turned", turned, 2, (320, 480));
}

/// Beyond the frame a face is dark, and a message stands on the picture.
#[test]
fn a_frozen_face_at_the_edge() {
    let person = ScenePerson::new(-22.0, 90.0, 80.0, 0.2, SKINS[0]);
    let frame = frame_of(std::slice::from_ref(&person));
    let faces = [person.restored(1)];
    let scene = Scene {
        camera: Some(&frame),
        faces: &faces,
        message: Some("frozen"),
        ..Scene::default()
    };
    let picture = composed(options(View::SideBySide), &scene, (480, 320));
    check("side-by-side-edge-frozen", &picture);
}

/// The keys over the picture, and what the last one did.
#[test]
fn keys_and_notices() {
    let people = people();
    let frame = frame_of(&people);
    let faces = [people[0].restored(1)];
    let scene = Scene {
        camera: Some(&frame),
        faces: &faces,
        message: Some("saved face8x-0001.png"),
        keys: crate::display::KEYS,
        ..Scene::default()
    };
    for (w, h) in [(480, 320), (128, 160)] {
        let picture = composed(options(View::SideBySide), &scene, (w, h));
        check(&format!("side-by-side-keys-{w}x{h}"), &picture);
    }
}

#[test]
fn no_camera() {
    let scene = Scene {
        message: Some("no camera: /dev/video0 was unplugged; trying again in 4 s"),
        ..Scene::default()
    };
    for (w, h) in [(640, 360), (160, 128)] {
        let picture = composed(options(View::Full), &scene, (w, h));
        check(&format!("no-camera-{w}x{h}"), &picture);
    }
    let round = ComposeOptions {
        round: true,
        ..options(View::Full)
    };
    check("no-camera-round", &composed(round, &scene, ROUND));
}
