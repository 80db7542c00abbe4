//! One test for each kind of fault, through the real pipeline: it fails when the code that handles
//! the fault is taken out, which stands at each test. (docs/soak.md has the proof.)

use std::sync::atomic::AtomicBool;

use clap::Parser;

use super::*;
use crate::faults::{FaultKind, FaultSchedule, SplitMix64};
use crate::report::Memory;

/// A soak on tiny frames. How busy the machine is that runs the tests must not matter.
fn small(arguments: &[&str]) -> SoakOptions {
    let fixed = "face8x-soak --frames 1 --seed 7 --every 10 --size 64x48 --detector centre \
                 --restorer bicubic --max-stall 60000 --timeout 60";
    let arguments = fixed.split_whitespace().chain(arguments.iter().copied());
    SoakCli::try_parse_from(arguments).unwrap().options
}

fn report(options: &SoakOptions) -> SoakReport {
    soak::run(options, &AtomicBool::new(false), &mut |_| ()).unwrap()
}

/// So many faults of one kind, each of another severity, were recovered from.
fn survives(kind: FaultKind, faults: usize) -> SoakReport {
    let options = SoakOptions {
        only: vec![kind],
        faults: Some(faults),
        ..small(&[])
    };
    let report = report(&options);
    assert_eq!(report.failures, [""; 0], "{}", report.to_markdown());
    let found = (report.faults[0].injected, report.faults[0].recovered);
    assert_eq!(found, (faults as u64, faults as u64));
    report
}

/// Guards the retries of `capture::thread`: a source that is lost is opened again, with a pause,
/// until it opens.
#[test]
fn a_lost_camera_comes_back() {
    survives(FaultKind::CameraLost, 6);
}

/// Guards the timeout of `capture::thread`: silence makes a camera lost.
#[test]
fn a_hung_camera_is_opened_again() {
    let report = survives(FaultKind::CameraHung, 4);
    assert!(report.longest_stall_ms >= 250, "it was silent");
}

/// Guards the retries of `capture::thread` where the system refuses the buffers.
#[test]
fn refused_buffers_are_requested_again() {
    survives(FaultKind::LowMemory, 4);
    let refused = injector::no_memory().to_string();
    assert!(refused.contains("Cannot allocate memory"), "{refused}");
}

/// Guards the checks of `convert::jpeg`: damaged pictures are skipped, and none takes memory by a
/// size that it only claims.
#[test]
fn damaged_pictures_are_skipped() {
    survives(FaultKind::DamagedJpeg, 12);
}

/// Guards `Frame::validate` in the decoder's way and the `Corrupt` arm of `capture::thread`.
#[test]
fn short_frames_are_skipped() {
    survives(FaultKind::ShortFrame, 8);
}

/// Guards `fix_timestamp` of `capture::thread`: a foreign clock is noticed, and no latency of hours
/// comes of it.
#[test]
fn a_jumping_clock_is_corrected() {
    survives(FaultKind::ClockJump, 6);
}

/// Guards the thread of `pipeline::detector_thread`: pictures go on while a search takes its time.
#[test]
fn a_stalled_detector_delays_no_picture() {
    survives(FaultKind::DetectorStalled, 3);
}

/// Guards `contain` in `pipeline::detector_thread` and the error's way to the count.
#[test]
fn a_failed_detector_is_run_again() {
    survives(FaultKind::DetectorFailed, 3);
}

/// Guards the sink's reopening in `pipeline::output`.
#[test]
fn a_lost_display_comes_back() {
    survives(FaultKind::DisplayLost, 6);
}

/// Guards nothing by itself: all kinds together, whatever they do to each other.
#[test]
fn every_fault_after_the_other() {
    let report = report(&small(&[]));
    assert_eq!(report.failures, [""; 0], "{}", report.to_markdown());
}

#[test]
fn a_fault_that_outlasts_the_timeout_fails_the_soak() {
    let options = SoakOptions {
        timeout: 0,
        ..small(&["--only", "clock_jump"])
    };
    let report = report(&options);
    assert!(!report.passed());
    assert!(report.to_markdown().starts_with("# Soak: FAILED\n"));
    let json: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    assert!(!json["failures"].as_array().unwrap().is_empty());
}

#[test]
fn a_soak_without_its_faults_fails() {
    let options = small(&["--only", "camera_lost,locator_failed"]);
    let report = soak::run(&options, &AtomicBool::new(true), &mut |_| ()).unwrap();
    let expected = [
        "only 0 of 1 pictures were shown",
        "camera_lost was never injected",
        "detector_failed was never injected",
    ];
    assert_eq!(report.failures, expected);
}

/// What a soak of hours would find out at its end.
#[test]
fn a_report_that_cannot_be_written_is_an_error_before_the_soak() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str| {
        let path = folder.path().join(name);
        let Err(error) = ReportFile::create(&path) else {
            panic!("{name} was taken");
        };
        error
    };
    assert_eq!(refused("report.txt").exit_code(), 2);
    let missing = refused("no/report.json");
    assert_eq!(missing.kind(), face8x_core::ErrorKind::Io);
    assert!(
        missing.to_string().starts_with("cannot write '"),
        "{missing}"
    );
    // No time passes: these 10^15 pictures would take years.
    let arguments = [
        "face8x-soak",
        "--frames",
        "1000000000000000",
        "--report",
        "/proc/report.md",
    ];
    assert!(run(&SoakCli::try_parse_from(arguments).unwrap()).is_err());
}

#[test]
fn the_seed_determines_the_schedule_and_every_kind_comes_in_each_round() {
    let all = small(&[]).kinds().to_vec();
    let schedule = |seed| {
        FaultSchedule::new(&all, 1000, seed)
            .take(90)
            .collect::<Vec<_>>()
    };
    assert_eq!(schedule(1), schedule(1));
    assert_ne!(schedule(1), schedule(2));
    for round in schedule(3).chunks(all.len()) {
        for kind in &all {
            let times = round.iter().filter(|fault| fault.kind == *kind).count();
            assert_eq!(times, 1, "{}", kind.name());
        }
    }
    let frames: u64 = schedule(4).iter().map(|fault| fault.after).sum();
    assert!((75_000..105_000).contains(&frames), "{frames}");
}

/// The first numbers of seed 1234567, which the algorithm's authors published as its test.
#[test]
fn the_numbers_are_those_of_splitmix64() {
    let mut random = SplitMix64::new(1_234_567);
    assert_eq!(random.number(), 6_457_827_717_110_365_317);
    assert_eq!(random.number(), 3_203_168_211_198_807_973);
}

#[test]
fn growth_and_slope_are_those_of_the_samples_after_the_warm_up() {
    // A large start, then 50 bytes a picture, with one outlier.
    let line = |at: u64| (at * 1000, 2_000_000 + 50_000 * at);
    let mut samples: Vec<_> = (40..90).map(line).collect();
    let memory = Memory::new([&[(1000, 9_000_000)][..], &samples].concat(), 40_000);
    assert_eq!(memory.growth, Some(45 * 50_000));
    assert!((memory.slope.unwrap() - 500_000.0).abs() < 1e-3);
    samples[48].1 = 90_000_000;
    assert_eq!(
        Memory::new(samples.clone(), 40_000).growth,
        Some(45 * 50_000)
    );
    samples.truncate(9);
    assert_eq!(Memory::new(samples, 40_000).growth, None);
}
