//! The whole program on faces as small as it is for: found, followed and restored.

mod common;

use std::fs;

use common::face8x;
use face8x::internals::capture::demo;
use face8x_core::geometry::canonical;
use serde_json::Value;

const SIZE: (u32, u32) = (640, 480);

/// Where a face of a line of `--tracks` is: its number, the middle of its square, and its side.
fn place(face: &Value) -> (u64, [f64; 2], f64) {
    let corner = |k: usize, c: usize| face["crop"][k][c].as_f64().unwrap();
    let middle = [0, 1].map(|c| (0..4).map(|k| corner(k, c)).sum::<f64>() / 4.0);
    (
        face["id"].as_u64().unwrap(),
        middle,
        face["side"].as_f64().unwrap(),
    )
}

/// The demo's visitor comes near from where her face has 20 camera pixels. She keeps her number all
/// the way, and the others are seen too. (Six frames a second show the scene in slow motion: without
/// optimisation, on a busy machine, a search takes a second.)
#[test]
fn a_face_of_twenty_pixels_is_found_and_followed_as_it_comes_near() {
    let folder = tempfile::tempdir().unwrap();
    let run = [
        "run",
        "--source",
        "demo:",
        "--headless",
        "--faces",
        "5",
        "--restorer",
        "bicubic",
        "--frames",
        "150",
        "--fps",
        "6",
        "--tracks",
        "tracks",
    ];
    face8x(folder.path(), &run).expect(0, &[]);
    let text = fs::read_to_string(folder.path().join("tracks")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let mut ids = Vec::new();
    let (mut first, mut most) = (None, 0);
    for line in &lines {
        let faces = line["faces"].as_array().unwrap();
        most = most.max(faces.len());
        let truth = demo::landmarks_at(line["frame"].as_u64().unwrap(), SIZE.0, SIZE.1);
        let truth = canonical::from_landmarks(&truth).unwrap();
        let side = f64::from(canonical::side_of(&truth));
        let corners = canonical::crop_corners(&truth);
        let middle = [
            corners.iter().map(|p| f64::from(p.x)).sum::<f64>() / 4.0,
            corners.iter().map(|p| f64::from(p.y)).sum::<f64>() / 4.0,
        ];
        let visitor = faces.iter().map(place).find(|(_, at, size)| {
            let off = (at[0] - middle[0]).hypot(at[1] - middle[1]);
            off < 0.25 * side && (size / side).ln().abs() < 1.4f64.ln()
        });
        if let Some((id, _, size)) = visitor {
            first.get_or_insert(size);
            ids.push(id);
        } else if first.is_some() {
            ids.push(0);
        }
    }
    assert!(
        ids.len() >= 60,
        "found only {} frames before the end",
        ids.len()
    );
    assert!(first < Some(40.0), "found only at {first:?} pixels");
    let same = ids.iter().filter(|id| **id == ids[0]).count();
    assert!(100 * same >= 95 * ids.len(), "{ids:?}");
    assert!(most >= 4, "only {most} of the 5 people were found");
}

#[test]
fn tracks_are_json_lines_of_every_frame() {
    let folder = tempfile::tempdir().unwrap();
    let demo = [
        "run",
        "--source",
        "demo:",
        "--headless",
        "--frames=60",
        "--fps=8",
    ];
    let run = |more: &[&str]| face8x(folder.path(), &[&demo, more].concat());
    let run_to_stdout = run(&["--tracks", "-"]).expect(0, &[]);
    run(&["--tracks", "tracks.jsonl"]).expect(0, &[]);
    let file = fs::read_to_string(folder.path().join("tracks.jsonl")).unwrap();
    for text in [&run_to_stdout.stdout, &file] {
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 60);
        let found = lines.iter().rev().map(|line| &line["faces"][0]);
        let face = found.into_iter().find(|face| face.is_object()).unwrap();
        assert!(face["id"].is_u64(), "{face}");
        assert_eq!(face["crop"].as_array().map(Vec::len), Some(4), "{face}");
        assert!(face["side"].as_f64() > Some(8.0), "{face}");
        assert!(lines[59]["time"].as_f64() > lines[0]["time"].as_f64());
    }
    run(&["--tracks", "-", "--json"]).expect(2, &["both print to standard output"]);
    run(&["--tracks", "no/such/folder/file"]).expect(1, &["no/such/folder/file"]);
}
