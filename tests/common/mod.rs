//! Runs the program as a user would, with a limit on its time: a hang is a failure.
#![allow(dead_code, reason = "each test file uses a part of these helpers")]

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use face8x::internals::photo;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};

/// What a run of the program left.
pub(crate) struct Finished {
    /// Exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// The last line of standard output as JSON.
    #[track_caller]
    pub(crate) fn summary(&self) -> serde_json::Value {
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}\n{}", self.stderr))
    }

    /// Checks the exit code, and that standard error says each of `words`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, words: &[&str]) -> Finished {
        assert_eq!(self.code, Some(code), "stderr:\n{}", self.stderr);
        assert!(
            !self.stderr.contains("panicked"),
            "stderr:\n{}",
            self.stderr
        );
        for word in words {
            assert!(
                self.stderr.contains(word),
                "no {word:?} in:\n{}",
                self.stderr
            );
        }
        self
    }
}

/// The program, without a display and with the picture of `auto` in `folder`.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_face8x"));
    command
        .current_dir(folder)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The program on the demo's quickest form, as JSON lines.
pub(crate) fn demo(folder: &Path) -> Command {
    let mut command = command(folder);
    command.args(["--source", "demo:", "--restorer", "bicubic"]);
    command.args(["--headless", "--json"]);
    command
}

/// The program on a source without a search for faces, as JSON lines; more arguments may follow.
pub(crate) fn without_search(folder: &Path, source: &str) -> Command {
    let mut command = command(folder);
    command.args(["--source", source, "--headless", "--json"]);
    command.args(["--detector", "centre"]);
    command
}

/// Runs `command` to its end, at most two minutes.
#[track_caller]
pub(crate) fn finish(mut command: Command) -> Finished {
    let mut child = command.spawn().expect("the program starts");
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("wait") {
            break status;
        }
        if start.elapsed() > Duration::from_secs(120) {
            child.kill().ok();
            child.wait().ok();
            panic!("{command:?} hangs:\n{}", stderr.join().unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Finished {
        code: status.code(),
        stdout: stdout.join().expect("stdout"),
        stderr: stderr.join().expect("stderr"),
    }
}

/// Runs the program with `arguments` in `folder`.
#[track_caller]
pub(crate) fn face8x(folder: &Path, arguments: &[&str]) -> Finished {
    let mut command = command(folder);
    command.args(arguments);
    finish(command)
}

fn drain<R: Read + Send + 'static>(pipe: Option<R>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).ok();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Says that something was not tested, past the test harness, so that the sum counts it.
pub(crate) fn skip(reason: &str) {
    writeln!(std::io::stderr(), "skipped: {reason}").ok();
}

/// One grey 64x48 JPEG picture.
pub(crate) fn jpeg(level: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::GrayImage::from_pixel(64, 48, image::Luma([level]));
    JpegEncoder::new(&mut bytes).encode_image(&picture).unwrap();
    bytes.into_inner()
}

/// Reads a picture by the library's own function: the generic ones of `image`, with every format of
/// theirs, would be compiled once more for each test file.
#[track_caller]
pub(crate) fn open(path: impl AsRef<Path>) -> RgbImage {
    let path = path.as_ref();
    photo::load(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Writes a PNG file.
#[track_caller]
pub(crate) fn save(picture: &RgbImage, path: impl AsRef<Path>) {
    let file = File::create(path).unwrap();
    let (width, height) = picture.dimensions();
    PngEncoder::new(file)
        .write_image(picture, width, height, ExtendedColorType::Rgb8)
        .unwrap();
}

/// A file of the test data.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}
