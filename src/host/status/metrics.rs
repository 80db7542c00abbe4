//! The figures as text for Prometheus.
//!
//! Two forms of one page: OpenMetrics 1.0 (`--metrics`) and the older Prometheus text format 0.0.4,
//! which is what node_exporter's textfile collector reads (`--metrics-file`). They differ in how a
//! counter's family is named, in the type `info`, in units and in the end mark.

use super::monitor::seconds;
use super::{Fault, Status};
use crate::host::board::Limits;

/// What HTTP says about the OpenMetrics form.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The form of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text format 0.0.4.
    Text,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

/// A page that is being written.
struct Page {
    form: Form,
    text: String,
    /// The family that samples belong to now.
    family: &'static str,
}

impl Page {
    /// Begins a family. A unit, where it has one, is the last word of its name.
    fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        self.family = name;
        let (suffix, word) = match (self.form, kind) {
            (_, Kind::Gauge) => ("", "gauge"),
            (_, Kind::Histogram) => ("", "histogram"),
            (Form::OpenMetrics, Kind::Counter) => ("", "counter"),
            (Form::OpenMetrics, Kind::Info) => ("", "info"),
            (Form::Text, Kind::Counter) => ("_total", "counter"),
            (Form::Text, Kind::Info) => ("_info", "gauge"),
        };
        self.text += &format!("# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {word}\n");
        let unit = ["seconds", "bytes", "celsius"]
            .iter()
            .find(|unit| name.ends_with(&format!("_{unit}")));
        if let (Form::OpenMetrics, Some(unit)) = (self.form, unit) {
            self.text += &format!("# UNIT {name} {unit}\n");
        }
    }

    /// A sample of the family; `value` is a number as the formats write it.
    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl std::fmt::Debug) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = match labels.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", labels.join(",")),
        };
        self.text += &format!("{}{suffix}{labels} {value:?}\n", self.family);
    }

    fn gauge(&mut self, name: &'static str, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.family(name, Kind::Gauge, help);
            self.sample("", &[], value);
        }
    }

    fn counter(&mut self, name: &'static str, help: &str, value: u64) {
        self.family(name, Kind::Counter, help);
        self.sample("_total", &[], value);
    }
}

/// A label's value with its backslashes, quotation marks and line breaks escaped.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// The page. What the machine does not tell is left out.
pub fn render(status: &Status, form: Form) -> String {
    let mut page = Page {
        form,
        text: String::with_capacity(8 << 10),
        family: "",
    };
    identity(&mut page, status);
    pictures(&mut page, status);
    faults(&mut page, status);
    machine(&mut page, status);
    if form == Form::OpenMetrics {
        page.text += "# EOF\n";
    }
    page.text
}

fn identity(page: &mut Page, status: &Status) {
    let identity = &status.identity;
    page.family("face8x", Kind::Info, "The program and its model.");
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("restorer", &identity.restorer),
        (
            "model_sha256",
            identity.model_sha256.as_deref().unwrap_or(""),
        ),
    ];
    page.sample("_info", &labels, 1);
    page.gauge(
        "face8x_start_time_seconds",
        "When the program was started, in seconds since 1970.",
        Some(seconds(status.started)),
    );
    page.gauge(
        "face8x_uptime_seconds",
        "How long the program has been running.",
        Some(status.uptime.as_secs_f64()),
    );
}

fn pictures(page: &mut Page, status: &Status) {
    let figures = &status.figures;
    page.counter("face8x_frames", "Pictures shown.", figures.frames);
    page.counter(
        "face8x_face_frames",
        "Pictures shown with a face in them.",
        figures.face_frames,
    );
    page.counter(
        "face8x_skipped_frames",
        "Camera frames that a newer one replaced before they were looked at.",
        figures.skipped,
    );
    let fps = Some(figures.fps);
    page.gauge(
        "face8x_fps",
        "Pictures a second, over the last second.",
        fps,
    );
    let faces = Some(figures.faces.into());
    page.gauge("face8x_faces", "Faces in the last picture.", faces);
    page.family(
        "face8x_latency_seconds",
        Kind::Histogram,
        "From the camera's timestamp until the display has the picture.",
    );
    for (bound, count) in figures.latency.cumulative() {
        page.sample("_bucket", &[("le", &format!("{bound:?}"))], count);
    }
    let count = figures.latency.count();
    page.sample("_bucket", &[("le", "+Inf")], count);
    page.sample("_count", &[], count);
    page.sample("_sum", &[], figures.latency.sum().as_secs_f64());
    page.gauge(
        "face8x_loop_age_seconds",
        "Since the work thread last gave its figures; over a few seconds it hangs.",
        Some(figures.at.elapsed().as_secs_f64()),
    );
    page.gauge(
        "face8x_picture_age_seconds",
        "Since a picture was last shown.",
        status.picture_age(),
    );
}

fn faults(page: &mut Page, status: &Status) {
    let figures = &status.figures;
    page.family("face8x_faults", Kind::Counter, "Faults that were survived.");
    for fault in Fault::ALL {
        let count = figures.faults.count(fault);
        page.sample("_total", &[("kind", fault.name())], count);
    }
    page.family(
        "face8x_restarts",
        Kind::Counter,
        "How often a part came back, and how often the program was started again since the boot.",
    );
    for (part, restarts) in [
        ("camera", Some(figures.camera.restarts())),
        ("display", Some(figures.display.restarts())),
        ("program", status.identity.restarts),
    ] {
        if let Some(restarts) = restarts {
            page.sample("_total", &[("part", part)], restarts);
        }
    }
    page.family(
        "face8x_up",
        Kind::Gauge,
        "Whether a part is there (1) or lost (0).",
    );
    page.sample("", &[("part", "camera")], u8::from(figures.camera.up));
    page.sample("", &[("part", "display")], u8::from(figures.display.up));
}

fn machine(page: &mut Page, status: &Status) {
    page.gauge(
        "face8x_temperature_celsius",
        "Temperature of the processor.",
        status.temperature.map(f64::from),
    );
    if let Some(throttling) = status.throttling {
        page.family(
            "face8x_throttled",
            Kind::Gauge,
            "Whether this holds the processor back (1) or not (0).",
        );
        throttled(page, "now", throttling.now);
        if let Some(limits) = throttling.since_boot {
            throttled(page, "since_boot", limits);
        }
    }
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
    page.gauge(
        "face8x_resident_memory_bytes",
        "Resident memory of the process.",
        bytes(status.resident),
    );
    page.gauge(
        "face8x_peak_memory_bytes",
        "The most resident memory that the process ever had.",
        bytes(status.peak),
    );
}

fn throttled(page: &mut Page, when: &str, limits: Limits) {
    for (cause, holds) in [
        ("under_voltage", limits.under_voltage),
        ("capped", limits.capped),
        ("throttled", limits.throttled),
        ("soft_limit", limits.soft_limit),
    ] {
        page.sample("", &[("cause", cause), ("when", when)], u8::from(holds));
    }
}
