use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::host::board::{Limits, Throttling};
use crate::stats::Histogram;
use parser::{Family, parse};

mod files;
mod parser;
mod serving;

/// A run with a number of its own in every field.
pub(super) fn status() -> RunStatus {
    let mut latency = Histogram::default();
    for ms in [3, 20, 21, 700, 9000] {
        latency.record(Duration::from_millis(ms));
    }
    let mut faults = Faults::default();
    for (count, fault) in (1..).zip(Fault::ALL) {
        faults = faults.set(fault, count);
    }
    let monitor = Monitor::new(RunIdentity {
        restorer: "a \"quoted\" \\ name\nof two lines".into(),
        model_sha256: Some("c0ffee".into()),
        restarts: Some(4),
    });
    monitor.update(RunCounters {
        shown: Some(std::time::Instant::now()),
        frames: 500,
        face_frames: 400,
        skipped: 30,
        faces: 2,
        frozen: true,
        fps: 29.5,
        latency,
        faults,
        camera: Part { up: false, lost: 3 },
        camera_fault: Some(CameraFault::Covered),
        display: Part { up: true, lost: 2 },
        ..RunCounters::new()
    });
    let limits = Limits {
        under_voltage: true,
        ..Limits::default()
    };
    RunStatus {
        temperature: Some(61.25),
        throttling: Some(Throttling {
            now: Limits::default(),
            since_boot: Some(limits),
        }),
        resident: Some(40_000_000),
        peak: Some(50_000_000),
        uptime: Duration::from_millis(61_500),
        ..monitor.status()
    }
}

/// The value of a sample; labels are written as in the page.
fn value(families: &[Family], name: &str, labels: &[(&str, &str)]) -> f64 {
    let is_it = |sample: &&parser::MetricSample| {
        sample.name == name
            && sample.labels.len() == labels.len()
            && labels
                .iter()
                .all(|(k, v)| sample.labels.get(*k).map(String::as_str) == Some(v))
    };
    let mut samples = families.iter().flat_map(|family| &family.samples);
    let found = samples.find(is_it);
    found
        .unwrap_or_else(|| panic!("no {name} {labels:?}"))
        .value
}

#[test]
fn the_page_is_openmetrics_with_every_figure() {
    let families = parse(&render(&status(), MetricsFormat::OpenMetrics)).unwrap();
    let value = |name: &str, labels: &[(&str, &str)]| value(&families, name, labels);
    for (name, expected) in [
        ("face8x_frames_total", 500.0),
        ("face8x_face_frames_total", 400.0),
        ("face8x_skipped_frames_total", 30.0),
        ("face8x_faces", 2.0),
        ("face8x_frozen", 1.0),
        ("face8x_fps", 29.5),
        ("face8x_uptime_seconds", 61.5),
        ("face8x_temperature_celsius", 61.25),
        ("face8x_resident_memory_bytes", 4e7),
        ("face8x_peak_memory_bytes", 5e7),
        ("face8x_latency_seconds_count", 5.0),
        ("face8x_latency_seconds_sum", 9.744),
    ] {
        assert_eq!(value(name, &[]), expected, "{name}");
    }
    for (count, fault) in (1..).zip(Fault::ALL) {
        let counted = value("face8x_faults_total", &[("kind", fault.name())]);
        assert_eq!(counted, f64::from(count), "{}", fault.name());
    }
    for (part, restarts) in [("camera", 2.0), ("display", 2.0), ("program", 4.0)] {
        assert_eq!(value("face8x_restarts_total", &[("part", part)]), restarts);
    }
    assert_eq!(value("face8x_up", &[("part", "camera")]), 0.0);
    assert_eq!(value("face8x_up", &[("part", "display")]), 1.0);
    for (kind, holds) in [("dark", 0.0), ("covered", 1.0), ("still", 0.0)] {
        assert_eq!(value("face8x_camera_fault", &[("kind", kind)]), holds);
    }
    for (le, count) in [
        ("0.005", 1.0),
        ("0.02", 2.0),
        ("0.025", 3.0),
        ("1.0", 4.0),
        ("+Inf", 5.0),
    ] {
        let bucket = value("face8x_latency_seconds_bucket", &[("le", le)]);
        assert_eq!(bucket, count, "{le}");
    }
    for (when, holds) in [("now", 0.0), ("since_boot", 1.0)] {
        let labels = [("cause", "under_voltage"), ("when", when)];
        assert_eq!(value("face8x_throttled", &labels), holds);
    }
    let info = families.iter().find(|f| f.kind == "info").unwrap();
    let labels = &info.samples[0].labels;
    assert_eq!(labels["restorer"], "a \"quoted\" \\ name\nof two lines");
    assert_eq!(labels["model_sha256"], "c0ffee");
    assert_eq!(labels["version"], env!("CARGO_PKG_VERSION"));
    assert!(families.iter().all(|family| family.help.is_some()));
}

/// Both forms hold the same samples.
#[test]
fn the_text_form_differs_in_its_metadata_alone() {
    let status = status();
    let samples = |form| -> BTreeSet<String> {
        let page = render(&status, form);
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        // The ages grow between the two, and a bound of whole seconds is 1.0 in the one, 1 in the
        // other.
        samples
            .filter(|line| !line.contains("_age_"))
            .map(|line| line.replace(".0\"}", "\"}"))
            .collect()
    };
    assert_eq!(
        samples(MetricsFormat::Text),
        samples(MetricsFormat::OpenMetrics)
    );
    let text = render(&status, MetricsFormat::Text);
    assert!(
        text.contains("# TYPE face8x_frames_total counter\n"),
        "{text}"
    );
    assert!(text.contains("# TYPE face8x_info gauge\n"), "{text}");
    assert!(!text.contains("EOF") && !text.contains("UNIT"), "{text}");
}

#[test]
fn what_the_machine_does_not_tell_is_left_out() {
    let status = RunStatus {
        temperature: None,
        throttling: None,
        resident: None,
        peak: None,
        ..Monitor::new(RunIdentity::default()).status()
    };
    let page = render(&status, MetricsFormat::OpenMetrics);
    parse(&page).unwrap();
    for word in [
        "temperature",
        "throttled",
        "memory",
        "picture_age",
        "program\"",
    ] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

/// The reader refuses what the specification does, so that its yes means something.
#[test]
fn the_strict_reader_refuses_broken_pages() {
    let good = render(&status(), MetricsFormat::OpenMetrics);
    parse(&good).unwrap();
    for (from, to) in [
        ("# EOF\n", ""),
        ("# EOF\n", "# EOF"),
        ("# EOF\n", "face8x_late 1\n# EOF\n"),
        ("face8x_frames_total 500", "face8x_frames 500"),
        ("face8x_frames_total 500", "face8x_frames_total -1"),
        ("face8x_frames_total 500", "face8x_frames_total  500"),
        ("face8x_frames_total 500", "face8x_frames_total 500 "),
        ("face8x_frames_total 500", "face8x_frames_total 5OO"),
        (
            "face8x_frames_total 500",
            "face8x_frames_total 500\nface8x_frames_total 500",
        ),
        ("# TYPE face8x_faces gauge", "# TYPE face8x_faces guage"),
        (
            "# TYPE face8x_faces gauge",
            "# TYPE face8x_faces gauge\n# TYPE face8x_faces gauge",
        ),
        (
            "# UNIT face8x_uptime_seconds seconds",
            "# UNIT face8x_uptime_seconds bytes",
        ),
        ("le=\"0.005\"", "le=\"0.03\""),
        ("le=\"1.0\"", "le=\"1\""),
        ("le=\"+Inf\"} 5", "le=\"+Inf\"} 6"),
        ("kind=\"camera_lost\"", "kind=camera_lost"),
        ("kind=\"camera_lost\"", "kind=\"camera_lost\",kind=\"x\""),
        ("kind=\"camera_lost\"", "2kind=\"camera_lost\""),
        ("\\nof two", "\nof two"),
        ("\\\"quoted", "\"quoted"),
        ("\\nof two", "\\tof two"),
    ] {
        assert!(good.contains(from), "{from}");
        assert!(
            parse(&good.replacen(from, to, 1)).is_err(),
            "{from:?} as {to:?}"
        );
    }
}

#[test]
fn the_json_has_every_figure() {
    let read: Value = serde_json::from_str(&status().to_json(true).unwrap()).unwrap();
    for (pointer, expected) in [
        ("/running", Value::from(true)),
        ("/version", env!("CARGO_PKG_VERSION").into()),
        ("/model_sha256", "c0ffee".into()),
        ("/uptime_seconds", 61.5.into()),
        ("/restarts/program", 4.into()),
        ("/restarts/camera", 2.into()),
        ("/frames", 500.into()),
        ("/face_frames", 400.into()),
        ("/skipped", 30.into()),
        ("/faces", 2.into()),
        ("/frozen", true.into()),
        ("/camera_fault", "covered".into()),
        ("/fps", 29.5.into()),
        ("/latency/count", 5.into()),
        ("/latency/buckets/0/le", 0.001.into()),
        ("/latency/buckets/2/count", 1.into()),
        ("/faults/frame_corrupt", 2.into()),
        ("/faults/restore_failed", 7.into()),
        ("/camera_up", false.into()),
        ("/display_up", true.into()),
        ("/temperature_celsius", 61.25.into()),
        ("/throttling/since_boot/under_voltage", true.into()),
        ("/resident_bytes", 40_000_000.into()),
    ] {
        assert_eq!(read.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert!(read["time"].as_f64().unwrap() > 1.7e9);
    assert!(read["picture_age_seconds"].as_f64().unwrap() < 3600.0);
}

/// Every metric that the alert rules and the dashboard name is one that is exported.
#[test]
fn rules_and_dashboard_name_what_is_exported() {
    let page = render(&status(), MetricsFormat::OpenMetrics);
    let exported: BTreeSet<String> = parse(&page)
        .unwrap()
        .into_iter()
        .flat_map(|family| family.samples.into_iter().map(|sample| sample.name))
        .collect();
    for name in ["rules.yml", "rules-test.yml", "dashboard.json"] {
        let path = format!("{}/board/monitoring/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let named: BTreeSet<&str> = text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|word| word.starts_with("face8x_"))
            .collect();
        assert!(named.len() > 5, "{name} names {named:?}");
        for metric in named {
            assert!(exported.contains(metric), "{name} names {metric}");
        }
    }
    let dashboard = include_str!("../../../../board/monitoring/dashboard.json");
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|p| p["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "no number is used twice");
    for panel in panels {
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{panel}");
    }
}
