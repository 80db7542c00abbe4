//! One test a kind of fault, through the real pipeline: each fails when what handles the fault is
//! taken out. What that is stands at each test.
//! (Shown for each of them by taking it out: the table in docs/SOAK.md.)

use super::*;

/// A soak on tiny frames.
fn small(kinds: &[Kind], faults: usize) -> SoakOptions {
    SoakOptions {
        frames: 1,
        seed: 7,
        every: 10,
        faults,
        kinds: kinds.to_vec(),
        size: "64x48".into(),
        detector: "centre".into(),
        restorer: "bicubic".into(),
        // How busy the machine is that runs the tests is nothing to judge.
        max_stall: Duration::from_secs(60),
        patience: Duration::from_secs(60),
        ..SoakOptions::default()
    }
}

/// So many faults of one kind, each of another strength, were recovered from.
fn survives(kind: Kind, faults: usize) -> Report {
    let report = run(
        &small(&[kind], faults),
        &AtomicBool::new(false),
        &mut |_| (),
    )
    .unwrap();
    assert_eq!(report.failures, [""; 0], "{}", report.to_markdown());
    let row = &report.faults[0];
    assert_eq!(
        (row.injected, row.recovered),
        (faults as u64, faults as u64)
    );
    report
}

/// Guards the retries of `capture::thread`: a source that is lost is opened again, with a pause,
/// until it opens.
#[test]
fn a_lost_camera_comes_back() {
    survives(Kind::CameraLost, 6);
}

/// Guards the patience of `capture::thread`: silence makes a camera lost.
#[test]
fn a_hung_camera_is_opened_again() {
    let report = survives(Kind::CameraHung, 4);
    assert!(report.longest_stall_ms >= 250, "it was silent");
}

/// Guards the retries of `capture::thread` where the system refuses the buffers.
#[test]
fn buffers_that_cannot_be_had_are_asked_for_again() {
    survives(Kind::LowMemory, 4);
    let refused = script::no_memory().to_string();
    assert!(refused.contains("Cannot allocate memory"), "{refused}");
}

/// Guards the checks of `convert::jpeg`: damaged pictures are left out, and none takes memory by a
/// size that it only claims.
#[test]
fn damaged_pictures_are_left_out() {
    survives(Kind::DamagedJpeg, 12);
}

/// Guards `Frame::validate` in the decoder's way and the `Corrupt` arm of `capture::thread`.
#[test]
fn short_frames_are_left_out() {
    survives(Kind::ShortFrame, 8);
}

/// Guards `right_clock` of `capture::thread`: a foreign clock is noticed, and no latency of hours
/// comes of it.
#[test]
fn a_jumping_clock_is_set_right() {
    survives(Kind::ClockJump, 6);
}

/// Guards the thread of `face::thread`: pictures go on while a search takes its time.
#[test]
fn a_stalled_locator_holds_up_no_picture() {
    survives(Kind::DetectorStalled, 3);
}

/// Guards `contain` in `face::thread` and the error's way to the count.
#[test]
fn a_failing_locator_is_asked_again() {
    survives(Kind::DetectorFailed, 3);
}

/// Guards the sink's reopening in `pipeline::output`.
#[test]
fn a_lost_display_comes_back() {
    survives(Kind::DisplayLost, 6);
}

/// What lasts longer than the patience is no recovery: the soak says so and ends.
#[test]
fn what_is_not_recovered_fails_the_soak() {
    let options = SoakOptions {
        patience: Duration::ZERO,
        ..small(&[Kind::ClockJump], 5)
    };
    let report = run(&options, &AtomicBool::new(false), &mut |_| ()).unwrap();
    assert!(!report.passed());
    assert!(report.to_markdown().starts_with("# Soak: FAILED\n"));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert!(!json["failures"].as_array().unwrap().is_empty());
}

#[test]
fn a_soak_without_its_faults_proves_nothing() {
    let report = run(&small(&Kind::ALL, 9), &AtomicBool::new(true), &mut |_| ()).unwrap();
    let missing = |kind: Kind| format!("{} was never injected", kind.name());
    let few = "only 0 of 1 frames were shown".to_owned();
    let expected: Vec<_> = [few].into_iter().chain(Kind::ALL.map(missing)).collect();
    assert_eq!(report.failures, expected);
}

/// All kinds together, whatever they do to each other.
#[test]
fn every_fault_after_the_other() {
    let report = run(&small(&Kind::ALL, 9), &AtomicBool::new(false), &mut |_| ()).unwrap();
    assert_eq!(report.failures, [""; 0], "{}", report.to_markdown());
}
