//! The restorers against pictures that onnxruntime and Pillow made (see
//! `tests/data/restore/make.py`), and models of every wrong kind.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::geometry::{HR_SIDE, LR_SIDE};
use crate::pixel::unpack_rgb;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/restore")
        .join(name)
}

fn pixels(name: &str) -> Vec<u8> {
    image::open(data(name)).unwrap().into_rgb8().into_raw()
}

fn lr(name: &str) -> Lr {
    pixels(name).try_into().unwrap()
}

fn restore(restorer: &mut dyn Restorer, lr: &Lr) -> Vec<u8> {
    let mut sr = [0; HR_SIDE * HR_SIDE];
    restorer.restore(lr, &mut sr).unwrap();
    sr.iter().flat_map(|&pixel| unpack_rgb(pixel)).collect()
}

/// The largest difference of two pictures in levels.
fn difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| a.abs_diff(b)).max().unwrap()
}

/// Each input pixel as 8x8 output pixels, after `level`.
fn blocks(lr: &Lr, level: impl Fn(u8) -> u8) -> Vec<u8> {
    let pixel = |i: usize| ((i / HR_SIDE / 8) * LR_SIDE + i % HR_SIDE / 8) * 3;
    (0..HR_SIDE * HR_SIDE)
        .flat_map(|i| [0, 1, 2].map(|c| level(lr[pixel(i) + c])))
        .collect()
}

fn open_file(name: &str) -> Result<Box<dyn Restorer>> {
    open("tract", Some(&data(name)), 1)
}

/// The message of a model that must be refused, after a check that a remedy comes with it.
fn refusal(name: &str) -> String {
    let error = open_file(name).err().expect("the model must be refused");
    assert!(error.remedy_text().is_some(), "{error}: no remedy");
    assert_eq!(error.exit_code(), 1);
    let message = error.to_string();
    assert!(
        message.contains(name) && !message.contains('\n'),
        "{message}"
    );
    message
}

#[test]
fn the_embedded_model_gives_onnxruntimes_pixels() {
    for (name, threads, most) in [("auto", 1, 0), ("int8", 2, 0), ("tract", 1, 1)] {
        let mut restorer = open(name, None, threads).unwrap();
        // Twice in turn: nothing of one face may stay for the next.
        for picture in ["face", "noise", "face", "noise"] {
            let restored = restore(restorer.as_mut(), &lr(&format!("{picture}-lr.png")));
            let away = difference(&restored, &pixels(&format!("{picture}-sr.png")));
            assert!(away <= most, "{name}: {picture} is {away} levels away");
        }
    }
}

#[test]
fn a_restorer_says_by_what_it_runs() {
    let version = crate::network::TRACT_VERSION;
    let stock = open("tract", None, 1).unwrap().describe();
    assert_eq!(
        stock,
        format!("face8x.onnx (embedded, u8) by tract {version}, 1 thread")
    );
    let auto = open("auto", None, 1).unwrap().describe();
    assert!(
        auto.starts_with("face8x.onnx (embedded, u8) by int8 ")
            && auto.ends_with(&format!(" in tract {version}, 1 thread")),
        "{auto}"
    );
}

#[test]
fn a_float_network_runs_by_tract_and_int8_refuses_it() {
    let path = data("overshoot.onnx");
    let auto = open("auto", Some(&path), 1).unwrap().describe();
    assert!(auto.contains("by tract"), "{auto}");
    let error = open("int8", Some(&path), 1).err().unwrap();
    assert!(
        error.to_string().contains("no quantised convolutions"),
        "{error}"
    );
    assert!(error.remedy_text().is_some());
}

#[test]
fn the_version_of_tract_is_the_one_in_the_lock_file() {
    let lock = include_str!("../../../../Cargo.lock").replace("\r\n", "\n");
    for package in ["tract-core", "tract-onnx"] {
        let entry = format!(
            "name = \"{package}\"\nversion = \"{}\"\n",
            crate::network::TRACT_VERSION
        );
        assert!(lock.contains(&entry), "{package}");
    }
}

#[test]
fn bicubic_gives_pillows_pixels() {
    let mut restorer = open("bicubic", None, 1).unwrap();
    assert_eq!(restorer.describe(), "bicubic (no network)");
    for name in ["face", "noise"] {
        let restored = restore(restorer.as_mut(), &lr(&format!("{name}-lr.png")));
        assert!(
            difference(&restored, &pixels(&format!("{name}-bicubic.png"))) <= 1,
            "{name}"
        );
    }
}

#[test]
fn sizes_that_a_model_leaves_open_are_set() {
    let lr = lr("noise-lr.png");
    for name in ["symbolic-batch.onnx", "open-sides.onnx"] {
        let mut restorer = open_file(name).unwrap();
        assert_eq!(
            restore(restorer.as_mut(), &lr),
            blocks(&lr, |level| level),
            "{name}"
        );
        assert!(
            restorer
                .describe()
                .starts_with(&format!("{name} (file, f32) by tract"))
        );
    }
}

#[test]
fn a_model_of_bytes_takes_and_gives_levels() {
    let lr = lr("noise-lr.png");
    let mut restorer = open_file("bytes.onnx").unwrap();
    assert_eq!(restore(restorer.as_mut(), &lr), blocks(&lr, |level| level));
    assert!(
        restorer
            .describe()
            .starts_with("bytes.onnx (file, u8) by tract")
    );
}

#[test]
fn what_leaves_the_range_is_clamped() {
    let lr = lr("noise-lr.png");
    let restored = restore(open_file("overshoot.onnx").unwrap().as_mut(), &lr);
    let expected = blocks(&lr, |level| {
        ((2.0 * f64::from(level) - 127.5).clamp(0.0, 255.0) + 0.5).floor() as u8
    });
    assert!(difference(&restored, &expected) <= 1);
    assert!(restored.contains(&0) && restored.contains(&255));
}

/// The model that doubles its input and subtracts a half, with other numbers in their place.
#[test]
fn a_model_of_another_output_range_is_refused() {
    for (from, to, made) in [(2f32, 255f32, "white"), (0.5, 1.0, "black")] {
        let mut bytes = std::fs::read(data("overshoot.onnx")).unwrap();
        let number = from.to_le_bytes();
        let at = bytes.windows(4).position(|part| part == number).unwrap();
        bytes[at..at + 4].copy_from_slice(&to.to_le_bytes());
        let loaded = TractRestorer::load(&bytes, "levels.onnx", "test", Operators::Stock);
        let error = loaded.err().expect("the model must be refused");
        let words = format!("makes {made} of a grey picture");
        assert!(error.to_string().contains(&words), "{error}");
        assert!(error.to_string().contains("range from 0 to 1"), "{error}");
        assert!(error.remedy_text().is_some());
    }
}

#[test]
fn a_model_of_other_shapes_is_told_what_differs() {
    for (name, difference) in [
        (
            "output-64.onnx",
            "the model's output is 1x3x64x64; face8x needs 1x3x128x128",
        ),
        (
            "output-64-declared-128.onnx",
            "the model's output is 1x3x64x64",
        ),
        (
            "grey.onnx",
            "the model's input is 1x1x16x16; face8x needs 1x3x16x16",
        ),
        (
            "channels-last.onnx",
            "the model's input is 1x16x16x3; face8x needs 1x3x16x16",
        ),
        (
            "batch-2.onnx",
            "the model's input is 2x3x16x16; face8x needs 1x3x16x16",
        ),
        (
            "integers.onnx",
            "the model's input is of type i32; face8x needs f32 or u8",
        ),
        (
            "two-inputs.onnx",
            "the model has 2 inputs; face8x needs one",
        ),
        (
            "two-outputs.onnx",
            "the model has 2 outputs; face8x needs one",
        ),
    ] {
        let message = refusal(name);
        assert!(message.contains(difference), "{name}: {message}");
    }
}

#[test]
fn a_broken_graph_is_refused_without_a_panic() {
    for (name, reason) in [
        ("no-nodes.onnx", "not an ONNX file"),
        ("unknown-operator.onnx", "Frobnicate"),
        ("output-from-nowhere.onnx", "tract gave up on the model"),
        ("cycle.onnx", "tract cannot"),
        ("weights-too-short.onnx", "does not match shape"),
        (
            "weights-elsewhere.onnx",
            "keeps its weights in another file",
        ),
        ("huge-constant.onnx", "tract"),
        ("reshape.onnx", "tract cannot"),
    ] {
        let message = refusal(name);
        assert!(message.contains(reason), "{name}: {message}");
    }
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let message = refusal("face-lr.png");
    assert!(message.contains("not an ONNX file"), "{message}");
    let folder = open_file("").err().unwrap();
    assert!(folder.to_string().ends_with("is a folder"), "{folder}");
    assert!(folder.remedy_text().is_some());
    let missing = open_file("missing.onnx").err().unwrap();
    assert!(
        missing.to_string().contains("missing.onnx: No such file"),
        "{missing}"
    );
    assert!(missing.remedy_text().unwrap().contains("--model"));
    let device = open("tract", Some(Path::new("/dev/zero")), 1)
        .err()
        .unwrap();
    assert!(
        device.to_string().contains("not a regular file"),
        "{device}"
    );
}

#[test]
fn empty_cut_and_huge_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let refused = |reason: &str| {
        let error = open("auto", Some(&path), 1)
            .err()
            .expect("the model must be refused");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.remedy_text().is_some());
    };
    std::fs::write(&path, b"").unwrap();
    refused("is empty");
    for length in [1, 100, 30_000, EMBEDDED_MODEL.len() - 1] {
        std::fs::write(&path, &EMBEDDED_MODEL[..length]).unwrap();
        refused("model");
    }
    // A sparse file: nothing of this size is written.
    std::fs::File::create(&path)
        .unwrap()
        .set_len((64 << 20) + 1)
        .unwrap();
    refused("larger than 64 MB");
}

#[test]
fn an_unknown_restorer_is_a_usage_error_that_names_the_others() {
    let error = open("lanczos", None, 1).err().unwrap();
    assert_eq!(error.exit_code(), 2);
    assert_eq!(
        error.remedy_text(),
        Some("valid values: auto, int8, tract, tract-f32, bicubic")
    );
}

#[test]
fn the_embedded_model_has_its_checksum() {
    let sum = model_checksum().unwrap();
    assert_eq!(sum.len(), 64);
    let sums = format!("{}  other.bin\n{sum}  face8x.onnx\n", "0".repeat(64));
    assert_eq!(
        verify_checksum("face8x.onnx", EMBEDDED_MODEL, &sums),
        Ok(sum)
    );
}

#[test]
fn a_damaged_model_is_refused() {
    // SHA-256 of "abc", FIPS 180-4.
    let sums = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  m.onnx\n";
    assert!(verify_checksum("m.onnx", b"abc", sums).is_ok());
    let error = verify_checksum("m.onnx", b"abd", sums).unwrap_err();
    assert!(
        error.to_string().starts_with("m.onnx is damaged"),
        "{error}"
    );
    assert!(error.remedy_text().is_some());
    let error = verify_checksum("other.onnx", b"abc", sums).unwrap_err();
    assert!(
        error.to_string().contains("no line for other.onnx"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn random_bytes_as_a_model_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(TractRestorer::load(&bytes, "random", "test", Operators::Fused(1)).is_err());
    }

    #[test]
    fn a_damaged_byte_never_panics(at in any::<prop::sample::Index>(), value: u8) {
        let mut bytes = std::fs::read(data("overshoot.onnx")).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(mut restorer) = TractRestorer::load(&bytes, "damaged", "test", Operators::Fused(1)) {
            let mut sr = [0; HR_SIDE * HR_SIDE];
            prop_assert!(restorer.restore(&[7; LR_SIDE * LR_SIDE * 3], &mut sr).is_ok());
        }
    }
}
