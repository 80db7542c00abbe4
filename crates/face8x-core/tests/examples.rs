//! The example programs at work, on a portrait that wanders over a grey ground.

#[allow(dead_code)]
#[path = "../examples/camera.rs"]
mod camera;
#[allow(dead_code)]
#[path = "../examples/own_tracker.rs"]
mod own_tracker;

use std::fs;
use std::path::Path;

use face8x_core::portrait::PORTRAIT;
use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};

/// How many frames there are; a face stands for some 40 of their pixels.
const FRAMES: i64 = 12;
const SIDE: u32 = 144;

fn frames() -> impl Iterator<Item = GrayImage> {
    let portrait = image::load_from_memory(PORTRAIT).unwrap().into_luma8();
    let person = imageops::resize(&portrait, SIDE, SIDE, FilterType::Triangle);
    (0..FRAMES).map(move |number| {
        let mut frame = GrayImage::from_pixel(320, 240, Luma([110]));
        imageops::overlay(&mut frame, &person, 60 + 2 * number, 40 + number);
        frame
    })
}

/// The names of the files in a folder, and that each is a restored face.
fn restored(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let names = files.map(|file| {
        let face = image::open(&file).unwrap().into_luma8();
        assert_eq!(face.dimensions(), (128, 128), "{}", file.display());
        let levels = face.pixels().map(|Luma([level])| level);
        let (darkest, brightest) = (levels.clone().min(), levels.max());
        assert!(
            darkest < Some(&60) && brightest > Some(&180),
            "{darkest:?} {brightest:?}"
        );
        file.file_name().unwrap().to_string_lossy().into_owned()
    });
    names.collect()
}

#[test]
fn the_camera_loop_follows_one_face() {
    let folder = tempfile::tempdir().unwrap();
    let mut video = b"YUV4MPEG2 W320 H240 F30:1 Ip A1:1 C420jpeg\n".to_vec();
    for frame in frames() {
        video.extend_from_slice(b"FRAME\n");
        video.extend_from_slice(frame.as_raw());
        video.extend([128; 2 * 160 * 120]);
    }
    camera::follow(&mut video.as_slice(), folder.path()).unwrap();
    assert_eq!(restored(folder.path()), ["face-1.png"]);

    for wrong in ["RIFF\n", "YUV4MPEG2 W320 H240 C444\n", "YUV4MPEG2 W320\n"] {
        let outcome = camera::follow(&mut wrong.as_bytes(), folder.path());
        assert!(outcome.is_err(), "{wrong}");
    }
}

#[test]
fn somebody_elses_tracker_keeps_a_faces_number() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = tempfile::tempdir().unwrap();
    let save = |(number, frame): (usize, GrayImage)| {
        let file = pictures.path().join(format!("{number}.png"));
        frame.save(&file).unwrap();
        file
    };
    let files: Vec<_> = frames().enumerate().map(save).collect();
    own_tracker::follow(&files, folder.path()).unwrap();
    assert_eq!(restored(folder.path()), ["face-1.png"]);
}
