//! The status as text for Prometheus.
//!
//! Two forms of one page, both written by `prometheus-client`: OpenMetrics 1.0 and the older
//! Prometheus text format 0.0.4, which node_exporter's textfile collector reads (`--metrics-file`).

use std::fmt::{Error, Result};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, prometheus_text,
    text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::monitor::seconds;
use super::{CameraFault, Fault, RunStatus};
use crate::host::board::Limits;

/// The form of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricsFormat {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text format 0.0.4.
    Text,
}

impl MetricsFormat {
    /// The form that the header `Accept` of a request prefers; OpenMetrics where it prefers none.
    pub(super) fn preferred(accept: &str) -> MetricsFormat {
        let openmetrics = quality(accept, "application", "openmetrics-text");
        match quality(accept, "text", "plain") > openmetrics {
            true => MetricsFormat::Text,
            false => MetricsFormat::OpenMetrics,
        }
    }

    /// What HTTP calls it.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            MetricsFormat::OpenMetrics => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
            MetricsFormat::Text => prometheus_text::CONTENT_TYPE,
        }
    }
}

/// How much the header `Accept` wants the media type, from 0 to 1 (RFC 9110, 12.5.1): the most
/// specific range that covers it counts.
fn quality(accept: &str, kind: &str, subtype: &str) -> f32 {
    let mut found = (0, 0.0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specificity = match media.split_once('/') {
            Some(("*", "*")) => 1,
            Some((a, "*")) if a == kind => 2,
            Some((a, b)) if a == kind && b == subtype => 3,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
        let range = (specificity, weight.unwrap_or(1.0));
        if range > found {
            found = range;
        }
    }
    found.1
}

/// The page. What the machine does not report is left out.
pub(crate) fn render(status: &RunStatus, format: MetricsFormat) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(status.clone()));
    let mut page = String::with_capacity(8 << 10);
    let written = match format {
        MetricsFormat::OpenMetrics => text::encode(&mut page, &registry),
        MetricsFormat::Text => prometheus_text::encode(&mut page, &registry),
    };
    if let Err(error) = written {
        // Writing to a string does not fail, and there is nothing else to fail.
        log::error!("the metrics page is incomplete: {error}");
    }
    page
}

impl Collector for RunStatus {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result {
        let mut page = Page(encoder);
        identity(&mut page, self)?;
        pictures(&mut page, self)?;
        faults(&mut page, self)?;
        machine(&mut page, self)
    }
}

/// A page that is being written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// Begins a family; `name` has no unit.
    fn family<'s>(
        &'s mut self,
        name: &'s str,
        unit: Option<&'s Unit>,
        kind: MetricType,
        help: &str,
    ) -> std::result::Result<MetricEncoder<'s>, Error> {
        self.0.encode_descriptor(name, help, unit, kind)
    }

    fn gauge(&mut self, name: &str, unit: Option<&Unit>, help: &str, value: Option<f64>) -> Result {
        let Some(value) = value else { return Ok(()) };
        ConstGauge::new(value).encode(self.family(name, unit, MetricType::Gauge, help)?)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> Result {
        ConstCounter::new(value).encode(self.family(name, None, MetricType::Counter, help)?)
    }

    /// A family of gauges that are 1 or 0.
    fn flags<S: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        flags: impl IntoIterator<Item = (S, bool)>,
    ) -> Result {
        let mut family = self.family(name, None, MetricType::Gauge, help)?;
        for (labels, holds) in flags {
            family
                .encode_family(&labels)?
                .encode_gauge(&u64::from(holds))?;
        }
        Ok(())
    }

    /// A family of counters.
    fn counters<S: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        counts: impl IntoIterator<Item = (S, u64)>,
    ) -> Result {
        let mut family = self.family(name, None, MetricType::Counter, help)?;
        for (labels, count) in counts {
            let counter = ConstCounter::new(count);
            counter.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn identity(page: &mut Page<'_>, status: &RunStatus) -> Result {
    let identity = &status.identity;
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("restorer", &identity.restorer),
        (
            "model_sha256",
            identity.model_sha256.as_deref().unwrap_or(""),
        ),
    ];
    page.family(
        "face8x",
        None,
        MetricType::Info,
        "The program and its model.",
    )?
    .encode_info(&labels)?;
    page.gauge(
        "face8x_start_time",
        Some(&Unit::Seconds),
        "When the program was started, in seconds since 1970.",
        Some(seconds(status.started)),
    )?;
    page.gauge(
        "face8x_uptime",
        Some(&Unit::Seconds),
        "How long the program has been running.",
        Some(status.uptime.as_secs_f64()),
    )
}

fn pictures(page: &mut Page<'_>, status: &RunStatus) -> Result {
    let counters = &status.counters;
    page.counter("face8x_frames", "Pictures shown.", counters.frames)?;
    page.counter(
        "face8x_face_frames",
        "Pictures shown with a face in them.",
        counters.face_frames,
    )?;
    page.counter(
        "face8x_skipped_frames",
        "Camera frames that a newer one replaced before they were looked at.",
        counters.skipped,
    )?;
    page.gauge(
        "face8x_fps",
        None,
        "Pictures a second, over the last second.",
        Some(counters.fps),
    )?;
    page.gauge(
        "face8x_faces",
        None,
        "Faces in the last picture.",
        Some(counters.faces.into()),
    )?;
    page.gauge(
        "face8x_frozen",
        None,
        "Whether a person holds the picture (1) or not (0).",
        Some(f64::from(u8::from(counters.frozen))),
    )?;
    latency(page, status)?;
    page.gauge(
        "face8x_loop_age",
        Some(&Unit::Seconds),
        "Since the work thread last reported; over a few seconds it hangs.",
        Some(counters.at.elapsed().as_secs_f64()),
    )?;
    page.gauge(
        "face8x_picture_age",
        Some(&Unit::Seconds),
        "Since a picture was last shown.",
        status.picture_age(),
    )
}

fn latency(page: &mut Page<'_>, status: &RunStatus) -> Result {
    let latency = &status.counters.latency;
    // The library adds the buckets up.
    let mut below = 0;
    let mut buckets: Vec<(f64, u64)> = latency
        .cumulative()
        .map(|(bound, count)| (bound, count - std::mem::replace(&mut below, count)))
        .collect();
    buckets.push((f64::INFINITY, latency.count() - below));
    let help = "From the camera's timestamp until the display has the picture.";
    let sum = latency.sum().as_secs_f64();
    page.family(
        "face8x_latency",
        Some(&Unit::Seconds),
        MetricType::Histogram,
        help,
    )?
    .encode_histogram::<NoLabelSet>(sum, latency.count(), &buckets, None)
}

fn faults(page: &mut Page<'_>, status: &RunStatus) -> Result {
    let counters = &status.counters;
    page.counters(
        "face8x_faults",
        "Faults that were survived.",
        Fault::ALL.map(|fault| ([("kind", fault.name())], counters.faults.count(fault))),
    )?;
    let restarts = [
        ("camera", Some(counters.camera.restarts())),
        ("display", Some(counters.display.restarts())),
        ("program", status.identity.restarts),
    ];
    page.counters(
        "face8x_restarts",
        "How often a part came back, and how often the program was started again since the boot.",
        restarts
            .iter()
            .filter_map(|(part, restarts)| Some(([("part", *part)], (*restarts)?))),
    )?;
    page.flags(
        "face8x_up",
        "Whether a part is there (1) or lost (0).",
        [
            ([("part", "camera")], counters.camera.up),
            ([("part", "display")], counters.display.up),
        ],
    )?;
    page.flags(
        "face8x_camera_fault",
        "Whether the camera's picture is black, shows nothing or does not change (1) or is fine (0).",
        CameraFault::ALL.map(|fault| {
            let holds = counters.camera_fault == Some(fault);
            ([("kind", fault.name())], holds)
        }),
    )
}

fn machine(page: &mut Page<'_>, status: &RunStatus) -> Result {
    page.gauge(
        "face8x_temperature",
        Some(&Unit::Celsius),
        "Temperature of the processor.",
        status.temperature.map(f64::from),
    )?;
    if let Some(throttling) = status.throttling {
        let mut flags = throttled("now", throttling.now).to_vec();
        if let Some(limits) = throttling.since_boot {
            flags.extend(throttled("since_boot", limits));
        }
        let help = "Whether this holds the processor back (1) or not (0).";
        page.flags("face8x_throttled", help, flags)?;
    }
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
    page.gauge(
        "face8x_resident_memory",
        Some(&Unit::Bytes),
        "Resident memory of the process.",
        bytes(status.resident),
    )?;
    page.gauge(
        "face8x_peak_memory",
        Some(&Unit::Bytes),
        "The most resident memory that the process ever had.",
        bytes(status.peak),
    )
}

/// The labels of one flag.
type FlagLabels = [(&'static str, &'static str); 2];

fn throttled(when: &'static str, limits: Limits) -> [(FlagLabels, bool); 4] {
    [
        ("under_voltage", limits.under_voltage),
        ("capped", limits.capped),
        ("throttled", limits.throttled),
        ("soft_limit", limits.soft_limit),
    ]
    .map(|(cause, holds)| ([("cause", cause), ("when", when)], holds))
}

#[cfg(test)]
mod tests {
    use super::MetricsFormat::{self, OpenMetrics, Text};

    #[test]
    fn the_format_is_that_which_is_preferred() {
        for (accept, format) in [
            ("", OpenMetrics),
            ("*/*", OpenMetrics),
            ("text/html, image/*", OpenMetrics),
            ("text/plain", Text),
            ("TEXT/PLAIN; version=0.0.4", Text),
            ("text/*, */*;q=0.1", Text),
            (
                "application/openmetrics-text; version=1.0.0; q=0.5, text/plain;q=0.8",
                Text,
            ),
            ("text/plain;q=0.1, */*;q=0.5", OpenMetrics),
            (
                "text/plain;q=0.1, text/plain;version=0.0.4, application/openmetrics-text;q=0.5",
                Text,
            ),
            (
                // Prometheus 2.42.
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
                 version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
        ] {
            assert_eq!(MetricsFormat::preferred(accept), format, "{accept:?}");
        }
    }
}
