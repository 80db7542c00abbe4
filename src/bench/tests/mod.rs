//! A report and its parts, for the tests of the other files.

mod checks;
mod compare;
mod histogram;
mod job;
mod report;
mod send;
mod table;
mod time_stats;

use super::machine::{Activity, CoreGroup, Machine};
use super::report::{BenchCase, BenchReport, SCHEMA, StageResult};
use super::time_stats::TimeStats;
use super::worker::END_TO_END;

/// A board that no warning concerns.
pub(super) fn machine() -> Machine {
    Machine {
        model: Some("Raspberry Pi 4 Model B Rev 1.4".into()),
        kernel: Some("6.6.51".into()),
        architecture: "aarch64".into(),
        cpu: Some("Cortex-A72".into()),
        cpus: Some(4),
        clocks: vec![CoreGroup {
            cores: "0 1 2 3".into(),
            governor: Some("performance".into()),
            before: Some(1500),
            limit: Some(1500),
            max: Some(1500),
        }],
        ..Machine::default()
    }
}

/// A case that no warning concerns.
pub(super) fn case(threads: usize) -> BenchCase {
    BenchCase {
        engine: "face8x".into(),
        model: "face8x.onnx".into(),
        model_sha256: Some("abc".into()),
        threads,
        restorer: "int8".into(),
        source: "demo: YUYV 640x480 on demand".into(),
        detector: "YuNet".into(),
        sink: "null".into(),
        view: "side-by-side".into(),
        frames: 1024,
        faceless: 0,
        skipped: 0,
        corrupt: 0,
        lost: 0,
        seconds: 60.0,
        fps: 17.066,
        complete: true,
        peak_memory: Some(40_500_000),
        cpu_per_frame: 0.0021,
        joules_per_frame: None,
        activity: Activity {
            clocks_mhz: vec![(1500, 1500)],
            other_load: Some(0.01),
            stolen: Some(0.0),
            ..Activity::default()
        },
        latencies: vec![1_200_000, 1_300_000],
    }
}

fn result(stage: &str, scale: f64) -> StageResult {
    let times = [0.0005, 0.0006, 0.00061, 0.0007, 0.0009, 0.001, 0.002];
    let [min, median, mean, p90, p99, p999, max] = times.map(|time| time * scale);
    StageResult {
        engine: "face8x".into(),
        model: "face8x.onnx".into(),
        threads: 1,
        stage: stage.into(),
        times: TimeStats {
            runs: 1024,
            min,
            median,
            mean,
            p90,
            p99,
            p999,
            max,
            spread: Some((median, median)),
        },
        network: None,
    }
}

/// A report with one case and two of its stages.
pub(super) fn report() -> BenchReport {
    BenchReport {
        schema: SCHEMA.into(),
        version: "0.1.0".into(),
        build: "release".into(),
        command: "face8x bench".into(),
        date: "2026-11-22T21:30:00Z".into(),
        quick: false,
        complete: true,
        warnings: Vec::new(),
        machine: machine(),
        cases: vec![case(1)],
        results: vec![result("restore", 1.0), result(END_TO_END, 2.0)],
    }
}
