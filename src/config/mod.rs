//! Settings: command-line flags and a TOML file with the same names. Flags win.

use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use crate::capture::SourceOptions;
use crate::compose::{InfoText, Rotation, View};
use crate::host::button::ButtonOptions;
use crate::host::status::{self, StatusFiles, StatusOptions};
use crate::{Error, Result, capture, display};
use face8x_core::frame::PixelFormat;
use face8x_core::track::MAX_FACES;
use face8x_core::{detect, restore};

mod file;

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
    /// What finds faces: auto (rustface and landmarks), rustface, centre, box:X,Y,W,H or yunet:FILE
    #[arg(long, value_name = "DETECTOR")]
    pub detector: Option<String>,
    /// What restores faces: auto, int8, tract, tract-f32 or bicubic
    #[arg(long, visible_alias = "engine", value_name = "NAME")]
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
    /// LoopStep the whole display clockwise: 0, 90, 180 or 270
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
    /// A push button between a GPIO line and ground: a short press shows the next view, a long one freezes the picture; also chip=/dev/gpiochip0, action=freeze (the other way round), active=high
    #[arg(long, value_name = "line=17", value_parser = parse_button)]
    pub button: Option<ButtonOptions>,
    /// No display: the sink is null unless one is named
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub headless: Option<bool>,
    /// Print one JSON line a second and a summary line at the end
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub json: Option<bool>,
    /// Write the status as JSON to this file once a second
    #[arg(long, value_name = "FILE")]
    pub status_file: Option<PathBuf>,
    /// Serve OpenMetrics at this port, to this machine alone; ADDRESS:PORT for others
    #[arg(long, value_name = "PORT")]
    pub metrics: Option<String>,
    /// Write the metrics to this .prom file once a second, for node_exporter's textfile collector
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
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
    /// Detector name.
    pub detector: String,
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
    /// A push button.
    pub button: Option<ButtonOptions>,
    /// Print JSON lines.
    pub json: bool,
    /// What is told to other programs.
    pub status: StatusOptions,
}

impl Options {
    /// These options, and `others` where these say nothing.
    pub fn or(self, others: Options) -> Options {
        Options {
            source: self.source.or(others.source),
            sink: self.sink.or(others.sink),
            detector: self.detector.or(others.detector),
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
            button: self.button.or(others.button),
            headless: self.headless.or(others.headless),
            json: self.json.or(others.json),
            status_file: self.status_file.or(others.status_file),
            metrics: self.metrics.or(others.metrics),
            metrics_file: self.metrics_file.or(others.metrics_file),
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
        self.check_names()?;
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
            detector: self.detector.unwrap_or_else(|| "auto".into()),
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
            button: self.button,
            json: self.json.unwrap_or(false),
            status: StatusOptions {
                files: StatusFiles {
                    status: self.status_file,
                    metrics: self.metrics_file,
                },
                address: self.metrics.as_deref().map(status::address).transpose()?,
            },
        })
    }
}

impl Options {
    /// Whether what is named exists, and the overlay's text makes sense.
    fn check_names(&self) -> Result<()> {
        if let Some(source) = &self.source {
            capture::kind_of(source)?;
        }
        if let Some(sink) = &self.sink {
            display::kind_of(sink)?;
        }
        if let Some(detector) = &self.detector {
            detect::kind_of(detector)?;
        }
        if let Some(restorer) = &self.restorer {
            restore::kind_of(restorer)?;
        }
        if let Some(text) = &self.info_text {
            text.parse::<InfoText>()?;
        }
        Ok(())
    }
}

fn within<T: PartialOrd + std::fmt::Display>(name: &str, value: T, low: T, high: T) -> Result<T> {
    if value < low || value > high {
        return Err(Error::usage(format!("{name} is {value}"))
            .remedy(format!("{name} goes from {low} to {high}")));
    }
    Ok(value)
}

/// The flag's value; clap has no place for a remedy of its own.
fn parse_button(text: &str) -> std::result::Result<ButtonOptions, String> {
    text.parse()
        .map_err(|error: Error| match error.remedy_text() {
            Some(remedy) => format!("{error} ({remedy})"),
            None => error.to_string(),
        })
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
    fn every_flag_is_a_key_of_the_file() {
        use clap::Args;
        let command = Options::augment_args(clap::Command::new("keys"));
        for argument in command.get_arguments() {
            let key = argument.get_long().unwrap();
            let known = ["1", "true", "'x'", "{ line = 1 }"]
                .iter()
                .any(|value| toml::from_str::<Options>(&format!("{key} = {value}")).is_ok());
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
            "source = 'v4l3://0'",
            "sink = 'drn'",
            "detector = 'rustfase'",
            "restorer = 'bicubix'",
            "info-text = '%fsp'",
            "metrics = 'kiosk:9100'",
        ] {
            // As a flag, and in a file.
            let flags: Options = toml::from_str(text).unwrap();
            let in_flags = flags.resolve().unwrap_err();
            let in_file = Options::from_toml(text).unwrap_err();
            assert_eq!(in_flags.clone().context("line 1"), in_file);
            assert_eq!(in_flags.exit_code(), 2, "{text}");
            assert!(in_flags.remedy_text().is_some(), "{text}");
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
