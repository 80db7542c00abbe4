use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn recorded(microseconds: &[u64]) -> Latency {
    let mut latency = Latency::new().unwrap();
    for value in microseconds {
        latency.record(Duration::from_micros(*value));
    }
    latency
}

/// The nearest-rank percentile by its definition: sort and count.
fn exact(microseconds: &[u64], percent: usize) -> u64 {
    let mut sorted = microseconds.to_vec();
    sorted.sort_unstable();
    let fits = |value: &&u64| {
        let not_above = sorted.iter().filter(|other| other <= value).count();
        not_above * 100 >= sorted.len() * percent
    };
    *sorted.iter().find(fits).unwrap()
}

/// Latencies of every order of magnitude between 1 us and 100 s.
fn latencies() -> impl Strategy<Value = Vec<u64>> {
    let one = (0_u32..27).prop_flat_map(|octave| (1 << octave)..(2_u64 << octave));
    prop::collection::vec(one.prop_map(|value| value.min(100_000_000)), 1..300)
}

proptest! {
    #[test]
    fn percentiles_are_within_half_a_percent_of_the_sorted_data(
        data in latencies(),
        percent in prop::sample::select(vec![0, 1, 50, 90, 99, 100_u8]),
    ) {
        let truth = exact(&data, percent.into()) as f64;
        let latency = recorded(&data);
        let found = latency.percentile(percent).unwrap().as_micros() as f64;
        prop_assert!((found - truth).abs() <= truth / 200.0, "{found} for {truth}");
        let shortest = *data.iter().min().unwrap() as f64;
        let found = latency.min().unwrap().as_micros() as f64;
        prop_assert!((0.0..=shortest / 100.0).contains(&(shortest - found)), "{found}");
    }
}

#[test]
fn nothing_recorded_has_no_percentiles() {
    let latency = recorded(&[]);
    assert_eq!((latency.min(), latency.percentile(50)), (None, None));
}

#[test]
fn a_bucket_counts_all_latencies_up_to_its_bound() {
    let mut histogram = Histogram::default();
    histogram.record(Duration::from_millis(20));
    histogram.record(Duration::from_secs(9));
    let counts: Vec<_> = histogram.cumulative().collect();
    for (bound, count) in [(0.015, 0), (0.020, 1), (0.025, 1), (2.0, 1)] {
        assert!(counts.contains(&(bound, count)), "{bound}: {counts:?}");
    }
    assert_eq!(
        (histogram.count(), histogram.sum()),
        (2, Duration::from_millis(9020))
    );
}

#[test]
fn impossible_latencies_are_kept_at_the_end_of_the_range() {
    let mut latency = recorded(&[0]);
    latency.record(Duration::MAX);
    latency.record(Duration::MAX);
    assert_eq!(latency.min(), Some(Duration::ZERO));
    assert_eq!(latency.percentile(1), Some(Duration::ZERO));
    assert!(latency.percentile(99).unwrap() >= Duration::from_secs(100));
}

/// A meter that saw frames at these milliseconds, and the time 0.
fn meter(milliseconds: impl IntoIterator<Item = u64>) -> (FpsMeter, Instant) {
    let start = Instant::now();
    let mut meter = FpsMeter::new();
    for time in milliseconds {
        meter.tick(start + Duration::from_millis(time));
    }
    (meter, start)
}

fn fps(milliseconds: impl IntoIterator<Item = u64>, now: u64) -> f64 {
    let (meter, start) = meter(milliseconds);
    meter.fps(start + Duration::from_millis(now))
}

#[test]
fn a_steady_rate_is_exact() {
    assert_eq!(fps((0..60).map(|frame| frame * 40), 59 * 40), 25.0);
    assert_eq!(fps((0..60).map(|frame| frame * 40), 59 * 40 + 39), 25.0);
    // More frames than it keeps, faster than it keeps a second of.
    assert_eq!(fps(0..5000, 4999), 1000.0);
    // Slower than one a second.
    assert_eq!(fps([0, 2000, 4000], 5000), 0.5);
}

#[test]
fn only_the_last_second_counts() {
    let slow_then_fast = (0..10)
        .map(|frame| frame * 500)
        .chain((0..51).map(|f| 4520 + f * 20));
    assert_eq!(fps(slow_then_fast, 5520), 50.0);
}

#[test]
fn frames_that_stop_coming_lower_the_rate_to_nothing() {
    let frames = || (0..26).map(|frame| frame * 40);
    assert_eq!(fps(frames(), 1000), 25.0);
    let overdue = fps(frames(), 1540);
    assert!((overdue - 25.0 / 1.5).abs() < 1e-9, "{overdue}");
    assert_eq!(fps(frames(), 2001), 0.0);
}

#[test]
fn too_few_frames_or_no_time_between_them_is_no_rate() {
    assert_eq!(fps([], 100), 0.0);
    assert_eq!(fps([5], 100), 0.0);
    assert_eq!(fps([5, 5, 5], 5), 0.0);
    // A clock that runs backwards.
    assert_eq!(fps([500, 400], 300), 0.0);
}

#[test]
fn a_json_line_has_every_field_under_its_name() {
    let latency = recorded(&[10_000; 100]);
    let line = Summary {
        seconds: 1.04,
        frames: 30,
        skipped: 2,
        corrupt: 1,
        lost: 3,
        fps: 29.976,
        latency_ms: Percentiles::from(&latency),
        rss_mb: Some(41.26),
        faces: 1,
        source: "demo:",
        sink: "null",
        detector: "YuNet",
        restorer: "bicubic",
        view: "restored",
        fault: Some(LastFault {
            what: "/dev/video0 is gone",
            seconds_ago: 3.06,
        }),
        ..Summary::new(Event::Summary)
    };
    let text = line.to_json();
    assert!(!text.contains('\n'));
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        read,
        json!({
            "event": "summary", "seconds": 1.0, "frames": 30, "skipped": 2, "corrupt": 1, "lost": 3,
            "fps": 29.98, "latency_ms": {"p50": 10.0, "p90": 10.0, "p99": 10.0},
            "scan_out_ms": {"p50": null, "p90": null, "p99": null}, "rss_mb": 41.3,
            "faces": 1, "source": "demo:", "sink": "null", "locator": "YuNet",
            "restorer": "bicubic", "view": "restored",
            "fault": {"what": "/dev/video0 is gone", "seconds_ago": 3.1},
        })
    );
}

#[test]
fn what_is_not_known_is_null() {
    let read: Value = serde_json::from_str(&Summary::new(Event::Status).to_json()).unwrap();
    assert_eq!(read["event"], "status");
    assert_eq!(read["rss_mb"], Value::Null);
    assert_eq!(read["fault"], Value::Null);
    assert_eq!(
        read["latency_ms"],
        json!({"p50": null, "p90": null, "p99": null})
    );
}
