//! The fuzz targets of face8x: one function for every parser of bytes from outside. A program of
//! `src/bin` hands each of them to libFuzzer.
//!
//! | target | input |
//! |---|---|
//! | `mjpeg` | a byte for the size of the pieces, then an MJPEG stream |
//! | `jpeg` | one picture of an MJPG camera |
//! | `pipe` | format, width, height and size of the pieces, a byte each, then what a program writes |
//! | `photo` | a JPEG, PNG or WebP file |
//! | `config` | a configuration file |
//! | `values` | a byte that chooses the option, then its value |
//! | `report` | a file of `face8x bench --export-json` |
//! | `http` | what somebody sends to the metrics' port |
//! | `model` | an ONNX file as `--model` |
//! | `detector` | an ONNX file as `--detector yunet:FILE` |
//! | `graph` | a byte that chooses a small network, and kernels, then changes to its graph, four bytes each |
//! | `dataset` | a byte of damage, then the index of each part, `0xff` between them |
//! | `heatmaps` | a byte of damage, then the index |
//! | `boxes` | a file of detections, and behind `0xff` one of classes |
//! | `weights` | the header of a safetensors file, and behind `0xff` its numbers |
//!
//! Beyond "no panic, no hang", they check what the documentation promises: that an error says what
//! to do about it, that the size of the pieces does not change the pictures in a stream, that the
//! fused operators give tract's bytes.

pub mod boxes;
pub mod camera;
pub mod graph;
pub mod http;
pub mod model;
pub mod networks;
pub mod packed;
pub mod photo;
pub mod text;
pub mod weights;

use std::path::PathBuf;

use face8x_core::Error;

/// The path of a file of this process's own, to write an input to.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{}-{name}", std::process::id()))
}

/// Writes an input to a file that the code under test opens by its path.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = scratch(name);
    std::fs::write(&path, bytes).expect("there is room for temporary files");
    path
}

/// Checks that an error says what to do about it, on one line each.
fn explained(error: &Error) {
    let remedy = error.remedy_text();
    assert!(
        remedy.is_some_and(|text| !text.is_empty()),
        "no remedy: {error}"
    );
}

/// The input up to the first byte 0xff, which no text has, and what follows it.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0xff);
    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}
