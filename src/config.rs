//! Settings: command-line flags and a TOML file with the same names. Flags win.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use crate::capture::SourceOptions;
use crate::compose::{Rotation, View};
use crate::face::MAX_FACES;
use crate::frame::PixelFormat;
use crate::{Error, Result};

/// What the user asked for, each `None` where nothing was said. The same struct reads the flags
/// (clap) and the configuration file (serde), so that their names cannot drift apart.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    /// Where frames come from: auto, demo:, /dev/video0, rpicam://0, argus://0, file:PATH, pipe:COMMAND or -
    #[arg(long, value_name = "URI")]
    pub source: Option<String>,
    /// Where pictures go: auto, window, drm, fb, spi:PANEL, png:PATH or null
    #[arg(long, value_name = "SINK")]
    pub sink: Option<String>,
    /// What finds faces: auto, rustface, centre, box:X,Y,W,H or yunet:FILE
    #[arg(long, value_name = "LOCATOR")]
    pub locator: Option<String>,
    /// What restores faces: auto, int8, tract, tract-f32 or bicubic
    #[arg(long, value_name = "NAME")]
    pub restorer: Option<String>,
    /// An ONNX network (1x3x16x16 to 1x3x128x128) in place of the embedded one
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// What is shown: restored, side-by-side, strip, in-place or full
    #[arg(long, value_name = "VIEW")]
    pub view: Option<String>,
    /// Camera size
    #[arg(long, value_name = "WxH")]
    pub size: Option<String>,
    /// Camera frames a second; 0 plays files and the demo as fast as they go
    #[arg(long, value_name = "N")]
    pub fps: Option<u32>,
    /// Camera pixel format, and that of raw frames from a pipe: YUYV, UYVY, MJPG, NV12, YU12, GREY, RGB3 or BGR3
    #[arg(long, value_name = "FOURCC")]
    pub format: Option<String>,
    /// Wait for a camera that is not there yet instead of giving up: for kiosks
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub wait: Option<bool>,
    /// Begin files again after the last one
    #[arg(long = "loop", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    #[serde(rename = "loop")]
    pub looped: Option<bool>,
    /// Most faces restored in a frame, the largest first (1 to 8)
    #[arg(long, value_name = "N")]
    pub faces: Option<usize>,
    /// Turn the whole display clockwise: 0, 90, 180 or 270
    #[arg(long, value_name = "DEGREES")]
    pub rotate: Option<u32>,
    /// Mirror the pictures, not the text
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub mirror: Option<bool>,
    /// Overlay text, such as "%fps fps %latency ms %skipped skipped"
    #[arg(long, value_name = "TEMPLATE")]
    pub info_text: Option<String>,
    /// Stop after this many frames
    #[arg(long, value_name = "N")]
    pub frames: Option<u64>,
    /// Threads of the network
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// No display: the sink is null unless one is named
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub headless: Option<bool>,
    /// Print one JSON line a second and a summary line at the end
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub json: Option<bool>,
}

/// What a run does: every value checked, every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Source URI; `auto` is the first camera, else the demo.
    pub source: String,
    /// What is asked of the source.
    pub source_options: SourceOptions,
    /// Wait for a source that does not open at the start.
    pub wait: bool,
    /// Sink name; `auto` is the first that opens.
    pub sink: String,
    /// Locator name.
    pub locator: String,
    /// Restorer name.
    pub restorer: String,
    /// The model file, where it isn't the embedded one.
    pub model: Option<PathBuf>,
    /// The view to begin with.
    pub view: View,
    /// Most faces restored in a frame, 1 to [`MAX_FACES`].
    pub faces: usize,
    /// Clockwise turn of the display.
    pub rotation: Rotation,
    /// Mirror the pictures.
    pub mirror: bool,
    /// Overlay template; empty for none.
    pub info_text: String,
    /// Stop after this many presented frames.
    pub frames: Option<u64>,
    /// Threads of the network, 1 to 64.
    pub threads: usize,
    /// Print JSON lines.
    pub json: bool,
}

impl Options {
    /// Reads a TOML file of these options.
    ///
    /// # Errors
    /// The file cannot be read, isn't TOML, or has an unknown key (the nearest known one is
    /// named) or a value of the wrong type; each with the line.
    pub fn from_file(path: &Path) -> Result<Options> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::new(format!(
                "cannot read the configuration {}: {e}",
                path.display()
            ))
            .remedy("check the path given with --config and its permissions")
        })?;
        Options::from_toml(&text).map_err(|e| e.context(path.display()))
    }

    /// Reads options from TOML text; see [`Options::from_file`].
    pub fn from_toml(text: &str) -> Result<Options> {
        toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map(|s| 1 + text[..s.start.min(text.len())].matches('\n').count());
            let error = match unknown_key(e.message()) {
                Some(key) => no_such_key(key),
                None => Error::usage(e.message()).remedy(
                    "the keys are the long flags of `face8x run --help`, such as view = \"strip\"",
                ),
            };
            match line {
                Some(line) => error.context(format_args!("line {line}")),
                None => error,
            }
        })
    }

    /// These options, and `others` where these say nothing.
    pub fn or(self, others: Options) -> Options {
        Options {
            source: self.source.or(others.source),
            sink: self.sink.or(others.sink),
            locator: self.locator.or(others.locator),
            restorer: self.restorer.or(others.restorer),
            model: self.model.or(others.model),
            view: self.view.or(others.view),
            size: self.size.or(others.size),
            fps: self.fps.or(others.fps),
            format: self.format.or(others.format),
            wait: self.wait.or(others.wait),
            looped: self.looped.or(others.looped),
            faces: self.faces.or(others.faces),
            rotate: self.rotate.or(others.rotate),
            mirror: self.mirror.or(others.mirror),
            info_text: self.info_text.or(others.info_text),
            frames: self.frames.or(others.frames),
            threads: self.threads.or(others.threads),
            headless: self.headless.or(others.headless),
            json: self.json.or(others.json),
        }
    }

    /// Checks every value and fills in the defaults.
    ///
    /// # Errors
    /// A value is out of its range or unknown.
    pub fn resolve(self) -> Result<Settings> {
        let (width, height) = match &self.size {
            Some(size) => parse_size(size)?,
            None => (640, 480),
        };
        let headless = self.headless.unwrap_or(false);
        let default_sink = if headless { "null" } else { "auto" };
        Ok(Settings {
            source: self.source.unwrap_or_else(|| "auto".into()),
            source_options: SourceOptions {
                width,
                height,
                fps: within("fps", self.fps.unwrap_or(30), 0, 1000)?,
                format: self.format.as_deref().map(parse_format).transpose()?,
                looped: self.looped.unwrap_or(false),
                on_demand: false,
            },
            wait: self.wait.unwrap_or(false),
            sink: match self.sink {
                Some(sink) if !(headless && sink == "auto") => sink,
                _ => default_sink.into(),
            },
            locator: self.locator.unwrap_or_else(|| "auto".into()),
            restorer: self.restorer.unwrap_or_else(|| "auto".into()),
            model: self.model,
            view: self
                .view
                .as_deref()
                .map_or(Ok(View::SideBySide), View::from_str)?,
            faces: within("faces", self.faces.unwrap_or(1), 1, MAX_FACES)?,
            rotation: self.rotate.unwrap_or(0).to_string().parse()?,
            mirror: self.mirror.unwrap_or(false),
            info_text: self.info_text.unwrap_or_default(),
            frames: self
                .frames
                .map(|n| within("frames", n, 1, u64::MAX))
                .transpose()?,
            threads: within("threads", self.threads.unwrap_or(1), 1, 64)?,
            json: self.json.unwrap_or(false),
        })
    }
}

/// The key that serde's "unknown field" message names.
fn unknown_key(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

fn no_such_key(key: &str) -> Error {
    use clap::Args;
    let command = Options::augment_args(clap::Command::new("keys"));
    let keys: Vec<&str> = command
        .get_arguments()
        .filter_map(|a| a.get_long())
        .collect();
    Error::unknown("key", key, &keys)
}

fn within<T: PartialOrd + std::fmt::Display>(name: &str, value: T, low: T, high: T) -> Result<T> {
    if value < low || value > high {
        return Err(Error::usage(format!("{name} is {value}"))
            .remedy(format!("{name} goes from {low} to {high}")));
    }
    Ok(value)
}

fn parse_size(text: &str) -> Result<(u32, u32)> {
    let sides = text
        .split_once(['x', 'X'])
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match sides {
        Some((w, h)) if (16..=8192).contains(&w) && (16..=8192).contains(&h) => Ok((w, h)),
        _ => Err(
            Error::usage(format!("size \"{text}\" is not a camera size"))
                .remedy("write it as 640x480; each side goes from 16 to 8192"),
        ),
    }
}

fn parse_format(text: &str) -> Result<PixelFormat> {
    let upper = text.to_ascii_uppercase();
    let name = if upper == "I420" { "YU12" } else { &upper };
    <&[u8; 4]>::try_from(name.as_bytes())
        .ok()
        .and_then(PixelFormat::from_fourcc)
        .ok_or_else(|| {
            let all: Vec<String> = PixelFormat::ALL.iter().map(|f| f.to_string()).collect();
            Error::usage(format!("pixel format \"{text}\" is unknown"))
                .remedy(format!("the formats are {}", all.join(", ")))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file() {
        let file = Options::from_toml("view = 'strip'\nfaces = 3\nloop = true").unwrap();
        let flags = Options {
            faces: Some(2),
            ..Options::default()
        };
        let settings = flags.or(file).resolve().unwrap();
        assert_eq!((settings.view, settings.faces), (View::Strip, 2));
        assert!(settings.source_options.looped);
    }

    #[test]
    fn an_unknown_key_names_the_nearest_and_its_line() {
        let error = Options::from_toml("view = 'strip'\nsorce = 'demo:'").unwrap_err();
        assert_eq!(error.to_string(), "line 2: there is no key \"sorce\"");
        assert!(
            error
                .remedy_text()
                .unwrap()
                .starts_with("did you mean \"source\"?")
        );
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn every_flag_is_a_key_of_the_file() {
        use clap::Args;
        let command = Options::augment_args(clap::Command::new("keys"));
        for argument in command.get_arguments() {
            let key = argument.get_long().unwrap();
            let known = ["1", "true", "'x'"]
                .iter()
                .any(|value| Options::from_toml(&format!("{key} = {value}")).is_ok());
            assert!(known, "{key}");
        }
    }

    #[test]
    fn wrong_values_are_usage_errors() {
        for text in [
            "faces = 0",
            "faces = 9",
            "rotate = 45",
            "size = '640'",
            "size = '0x0'",
            "format = 'XYZ'",
            "view = 'none'",
            "threads = 0",
            "frames = 0",
            "fps = 1001",
        ] {
            let error = Options::from_toml(text).unwrap().resolve().unwrap_err();
            assert_eq!(error.exit_code(), 2, "{text}");
            assert!(error.remedy_text().is_some(), "{text}");
        }
        for text in ["faces = 'many'", "faces = -1", "view", "= 3"] {
            let error = Options::from_toml(text).unwrap_err();
            assert!(error.to_string().starts_with("line 1: "), "{error}");
        }
    }

    #[test]
    fn headless_means_null_unless_a_sink_is_named() {
        let sink = |text: &str| Options::from_toml(text).unwrap().resolve().unwrap().sink;
        assert_eq!(sink(""), "auto");
        assert_eq!(sink("headless = true"), "null");
        assert_eq!(sink("headless = true\nsink = 'auto'"), "null");
        assert_eq!(sink("headless = true\nsink = 'png:x.png'"), "png:x.png");
    }
}
