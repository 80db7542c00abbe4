//! The JSON lines of `--json`.

use std::time::Duration;

use serde::Serialize;

use super::Latency;

/// When a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// Once a second; `fps` and `latency_ms` are those of the last second.
    Status,
    /// At the end; they are those of the whole run.
    Summary,
}

/// Latency from the driver's timestamp to the display, in milliseconds; `null` without a frame.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Percentiles {
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
}

impl From<&Latency> for Percentiles {
    fn from(latency: &Latency) -> Percentiles {
        let milliseconds = |percent| {
            let value: Option<Duration> = latency.percentile(percent);
            value.map(|value| round(value.as_secs_f64() * 1e3, 3))
        };
        Percentiles {
            p50: milliseconds(50),
            p90: milliseconds(90),
            p99: milliseconds(99),
        }
    }
}

/// The newest thing that went wrong in a run and was dealt with: the camera or the display was lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LastFault<'a> {
    pub what: &'a str,
    pub seconds_ago: f64,
}

/// One JSON line about a run: the same fields every second and at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary<'a> {
    /// A line of every second, or the last one.
    pub event: Event,
    /// Since the start of the run.
    pub seconds: f64,
    /// Frames that were shown.
    pub frames: u64,
    /// Frames that were replaced by a newer one before anybody looked at them.
    pub skipped: u64,
    /// Frames that arrived damaged.
    pub corrupt: u64,
    /// How often the source was lost.
    pub lost: u64,
    /// Shown frames a second.
    pub fps: f64,
    /// From the driver's timestamp until the picture was handed to the display.
    pub latency_ms: Percentiles,
    /// From the driver's timestamp until the display began to show the frame, by the display's report
    /// (DRM page flips), in the whole run; `null` where it reports nothing.
    pub scan_out_ms: Percentiles,
    /// Resident memory in megabytes (1,000,000 bytes); `null` where the system does not tell.
    pub rss_mb: Option<f64>,
    /// Faces in the last frame.
    pub faces: u32,
    /// What each part says about itself.
    pub source: &'a str,
    pub sink: &'a str,
    #[serde(rename = "locator")]
    pub detector: &'a str,
    pub restorer: &'a str,
    pub view: &'a str,
    /// The newest fault; `null` where there was none.
    pub fault: Option<LastFault<'a>>,
}

impl Summary<'_> {
    /// A line in which nothing has happened yet.
    pub fn new(event: Event) -> Self {
        Summary {
            event,
            seconds: 0.0,
            frames: 0,
            skipped: 0,
            corrupt: 0,
            lost: 0,
            fps: 0.0,
            latency_ms: Percentiles::default(),
            scan_out_ms: Percentiles::default(),
            rss_mb: None,
            faces: 0,
            source: "",
            sink: "",
            detector: "",
            restorer: "",
            view: "",
            fault: None,
        }
    }

    /// The line without a line break, its numbers rounded to what means something: seconds and
    /// megabytes to tenths, frames a second to hundredths.
    pub fn to_json(&self) -> String {
        let rounded = Summary {
            seconds: round(self.seconds, 1),
            fps: round(self.fps, 2),
            rss_mb: self.rss_mb.map(|megabytes| round(megabytes, 1)),
            fault: self.fault.map(|fault| LastFault {
                seconds_ago: round(fault.seconds_ago, 1),
                ..fault
            }),
            ..self.clone()
        };
        serde_json::to_string(&rounded).expect("numbers and text can always be written as JSON")
    }
}

fn round(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (value * scale).round() / scale
}
