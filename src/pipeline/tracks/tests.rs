use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::time::Instant;

use face8x_core::face::Detection;
use face8x_core::frame::PixelFormat;
use face8x_core::geometry::Rect;
use serde_json::Value;

use super::*;

fn frame(sequence: u64) -> Frame {
    Frame {
        format: PixelFormat::Grey,
        width: 640,
        height: 480,
        sequence,
        timestamp: Duration::from_millis(1000 + 33 * sequence),
        ..Frame::empty()
    }
}

fn face(id: u64) -> Face {
    Face {
        id,
        detection: Detection {
            face_box: Rect::new(10.0 * id as f32, 20.0, 21.0, 21.0),
            landmarks: None,
            confidence: 0.5,
        },
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_frame_has_a_line_with_its_faces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracks.jsonl");
    for (first, faces) in [(1, 2), (3, 40)] {
        let tracks = Tracks::start(&path).unwrap();
        let faces: Vec<Face> = (1..=faces).map(face).collect();
        tracks.add(&frame(first), &faces);
        tracks.add(&frame(first + 1), &[]);
    }
    let lines = lines(&fs::read_to_string(path).unwrap());
    let numbers: Vec<_> = lines.iter().map(|line| line["frame"].as_u64()).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3), Some(4)], "appended");
    assert_eq!(
        (&lines[0]["width"], &lines[0]["height"]),
        (&640.into(), &480.into())
    );
    assert_eq!(lines[0]["time"], 1.033);
    let found = lines[0]["faces"].as_array().unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["id"], 2);
    assert_eq!(found[1]["side"], 32.0);
    assert_eq!(found[1]["crop"][0], serde_json::json!([14.5, 10.5]));
    assert_eq!(found[1]["landmarks"], Value::Null);
    assert_eq!(found[1]["confidence"], 0.5);
    assert_eq!(lines[1]["faces"], serde_json::json!([]));
    assert_eq!(
        lines[2]["faces"].as_array().unwrap().len(),
        40.min(MAX_FACES)
    );
}

fn fifo(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

#[test]
fn a_pipe_gets_lines_whenever_somebody_reads_and_the_others_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    let tracks = Tracks::start(&path).unwrap();
    for (number, first) in [(0, 0), (1, 1000)] {
        let reading = path.clone();
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            // It may come while the other end has not noticed yet that the last reader left.
            while line.is_empty() {
                let file = fs::File::open(&reading).unwrap();
                BufReader::new(file).read_line(&mut line).unwrap();
            }
            line
        });
        let mut sequence = first;
        while !reader.is_finished() {
            tracks.add(&frame(sequence), &[face(1)]);
            sequence += 1;
            std::thread::sleep(Duration::from_millis(20));
        }
        let line = &lines(&reader.join().unwrap())[0];
        assert!(
            line["frame"].as_u64().unwrap() >= first,
            "reader {number}: {line}"
        );
    }
    // Nobody reads now.
    let deadline = Instant::now() + Duration::from_secs(10);
    while tracks.counters.dropped() == 0 {
        assert!(Instant::now() < deadline, "no line was dropped");
        tracks.add(&frame(2000), &[face(1)]);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!tracks.reader_left(), "the run goes on");
}

#[test]
fn a_reader_that_takes_nothing_does_not_hold_up_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = fifo(folder.path());
    // Open at both ends, and never read while the lines are added.
    let mut reader = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let tracks = Tracks::start(&path).unwrap();
    let faces: Vec<Face> = (1..=8).map(face).collect();
    let start = Instant::now();
    for sequence in 0..2000 {
        tracks.add(&frame(sequence), &faces);
    }
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    assert!(
        tracks.counters.dropped() > 1000,
        "{}",
        tracks.counters.dropped()
    );
    let mut first = [0; 10];
    reader.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"{\"frame\":0");
}

#[test]
fn what_cannot_be_opened_is_named_and_a_full_disk_only_drops_lines() {
    let error = Tracks::start(Path::new("/no/such/folder/tracks"))
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("/no/such/folder/tracks"),
        "{error}"
    );
    let tracks = Tracks::start(Path::new("/dev/full")).unwrap();
    for sequence in 0..5 {
        tracks.add(&frame(sequence), &[]);
    }
    let counters = Arc::clone(&tracks.counters);
    drop(tracks);
    assert_eq!(counters.dropped(), 5);
}
