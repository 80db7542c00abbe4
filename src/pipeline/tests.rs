use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::capture::Source;
use crate::capture::SourceOptions;
use crate::display::{Brightness, Dimming, Sink, SinkOptions};
use crate::stats::Event;
use face8x_core::detect::SearchOptions;

/// Frames and pictures that a [`Film`] and a [`Desk`] have.
#[derive(Default)]
struct Table {
    keys: VecDeque<UserEvent>,
    scan_out: Option<Duration>,
    pictures: Vec<Picture>,
}

/// A sink that keeps every picture, and somebody who presses keys.
struct Desk(Arc<Mutex<Table>>);

impl Desk {
    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Desk {
    fn describe(&self) -> String {
        "desk".into()
    }

    fn size(&self) -> Option<(u32, u32)> {
        Some((320, 240))
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        self.table().pictures.push(picture.clone());
        Ok(())
    }

    fn previous_scan_out(&self) -> Option<Duration> {
        self.table().scan_out
    }

    fn set_brightness(&mut self, _: Brightness) -> Result<Dimming> {
        Ok(Dimming::Pictures)
    }

    fn poll_event(&mut self) -> Option<UserEvent> {
        self.table().keys.pop_front()
    }
}

/// A pipeline of one picture after the other, and its table.
fn pipeline(flags: &[(&str, &str)]) -> (Pipeline, Arc<Mutex<Table>>) {
    let demo = Capture::start_with(|| {
        let options = SourceOptions {
            width: 160,
            height: 120,
            ..SourceOptions::default()
        };
        let demo: Box<dyn Source> = crate::capture::open("demo:", &options)?;
        Ok(demo)
    });
    pipeline_of(demo.unwrap(), flags)
}

/// A pipeline of these frames, and its table.
fn pipeline_of(capture: Capture, flags: &[(&str, &str)]) -> (Pipeline, Arc<Mutex<Table>>) {
    let all = [&[("detector", "centre"), ("restorer", "bicubic")], flags].concat();
    let options = RunOptions::with(&all).unwrap();
    let table = Arc::new(Mutex::new(Table::default()));
    let desk = Arc::clone(&table);
    let restoration = &options.restoration;
    let parts = Parts {
        restorer: face8x_core::restore::open(&restoration.restorer, None, 1).unwrap(),
        detector: face8x_core::detect::open(&options.detection.detector, &SearchOptions::LIVE)
            .unwrap(),
        tracker: face8x_core::track::open_tracker(
            &options.detection.detector,
            &SearchOptions::LIVE,
        )
        .unwrap(),
        output: Output::of(Box::new(move || Ok(Box::new(Desk(Arc::clone(&desk))) as _))).unwrap(),
        capture,
    };
    (Pipeline::from_parts(&options, parts).unwrap(), table)
}

fn press(table: &Arc<Mutex<Table>>, key: UserEvent) {
    table.lock().unwrap().keys.push_back(key);
}

fn until(pipeline: &mut Pipeline, step: LoopStep) {
    let start = Instant::now();
    while pipeline.step() != step {
        assert!(start.elapsed() < Duration::from_secs(30), "never {step:?}");
    }
}

#[test]
fn a_frozen_picture_is_marked_and_released_in_time() {
    let (mut pipeline, table) = pipeline(&[("wait", "true")]);
    until(&mut pipeline, LoopStep::Shown);
    let live = table.lock().unwrap().pictures.pop().unwrap();
    press(&table, UserEvent::Freeze);
    until(&mut pipeline, LoopStep::Kept);
    assert!(pipeline.figures().frozen);
    let frozen = table.lock().unwrap().pictures.pop().unwrap();
    // The same frame, with the mark on it.
    let changed = live
        .pixels
        .iter()
        .zip(&frozen.pixels)
        .filter(|(a, b)| a != b);
    let changed = changed.count();
    assert!((50..10_000).contains(&changed), "{changed} pixels");
    let minutes = |minutes: u64| Instant::now().checked_sub(Duration::from_secs(60 * minutes));
    (pipeline.frozen, pipeline.drawn) = (minutes(4), Instant::now());
    assert_ne!(pipeline.step(), LoopStep::Shown);
    pipeline.frozen = minutes(5);
    until(&mut pipeline, LoopStep::Shown);
    assert!(!pipeline.figures().frozen);
}

/// What a key did is shown for a moment; the keys are shown until they are asked for again.
#[test]
fn what_keys_did_is_on_the_picture_for_a_moment() {
    let (mut pipeline, table) = pipeline(&[("view", "full")]);
    until(&mut pipeline, LoopStep::Shown);
    press(&table, UserEvent::Fullscreen(true));
    until(&mut pipeline, LoopStep::Shown);
    let shown = pipeline.notice.text(Instant::now());
    assert_eq!(shown, Some("full screen: F11 leaves it"));
    press(&table, UserEvent::NextView);
    until(&mut pipeline, LoopStep::Shown);
    let shown = pipeline.notice.text(Instant::now());
    assert_eq!(shown, Some("view: restored"));
    // As though time had passed.
    pipeline.notice.clear();
    press(&table, UserEvent::Freeze);
    until(&mut pipeline, LoopStep::Kept);
    let last = || table.lock().unwrap().pictures.pop().unwrap();
    let plain = last();
    press(&table, UserEvent::Help);
    until(&mut pipeline, LoopStep::Kept);
    assert_ne!(last(), plain);
    press(&table, UserEvent::Help);
    until(&mut pipeline, LoopStep::Kept);
    assert_eq!(last(), plain);
}

#[test]
fn a_picture_is_frozen_for_as_long_as_was_said() {
    let longest = |flags: &[(&str, &str)]| RunOptions::with(flags).unwrap().longest_freeze();
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    assert_eq!(longest(&[]), None);
    assert_eq!(longest(&[("wait", "true")]), minutes(5));
    assert_eq!(longest(&[("freeze-minutes", "2")]), minutes(2));
    assert_eq!(longest(&[("wait", "true"), ("freeze-minutes", "0")]), None);
}

/// The screen is public: it does not say which camera is away, or why.
#[test]
fn the_screen_says_no_camera_without_the_source() {
    let shown = |source: &str| {
        let options = SourceOptions::default();
        let capture = Capture::start_retrying(source, &options).unwrap();
        let (mut pipeline, table) = pipeline_of(capture, &[]);
        until(&mut pipeline, LoopStep::Kept);
        let picture = table.lock().unwrap().pictures.pop().unwrap();
        picture.pixels
    };
    let secret = shown("/tmp/of-the-neighbour.mjpg");
    assert!(secret.iter().any(|pixel| *pixel != secret[0]));
    assert!(secret == shown("/no/such/camera.jpg"));
}

#[test]
fn the_display_is_off_where_nobody_is_and_bright_with_a_face_or_a_key() {
    let last = |table: &Arc<Mutex<Table>>| table.lock().unwrap().pictures.pop().unwrap();
    let is_black = |picture: &Picture| picture.pixels.iter().all(|pixel| *pixel == 0);
    let flags = [("blank-after", "0.005")];
    let capture = Capture::start_retrying("/no/such/camera.jpg", &SourceOptions::default());
    let (mut away, table) = pipeline_of(capture.unwrap(), &flags);
    until(&mut away, LoopStep::Kept);
    assert!(!is_black(&last(&table)));
    std::thread::sleep(Duration::from_millis(400));
    until(&mut away, LoopStep::Kept);
    assert!(is_black(&last(&table)));
    press(&table, UserEvent::NextView);
    until(&mut away, LoopStep::Kept);
    assert!(!is_black(&last(&table)), "somebody pressed a key");
    // A face in every picture.
    let (mut demo, table) = pipeline(&flags);
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(600) {
        until(&mut demo, LoopStep::Shown);
        assert!(!is_black(&last(&table)));
    }
}

/// A display that is lost with every picture.
#[test]
fn a_flapping_display_is_waited_for_longer_each_time() {
    let mut output = Output::open("pipe:exit 3", &SinkOptions::default()).unwrap();
    for pause in [300, 600, 1200, 2400] {
        let before = Instant::now();
        while output.present(&Picture::new(64, 64)) {}
        assert!(output.retry_at >= before + Duration::from_millis(pause));
        output.retry_at = Instant::now();
    }
}

/// The line of a second is that of the second, and the summary that of the run.
#[test]
fn figures_are_those_of_the_last_second_and_of_the_run() {
    let (mut pipeline, _table) = pipeline(&[]);
    until(&mut pipeline, LoopStep::Shown);
    let slow = monotonic_now().saturating_sub(Duration::from_secs(60));
    pipeline.meter.shown(slow, 0);
    pipeline.meter.last_second.clear();
    assert_eq!(pipeline.summary(Event::Status).latency_ms.p99, None);
    until(&mut pipeline, LoopStep::Shown);
    let p99 = |event| pipeline.summary(event).latency_ms.p99.unwrap();
    assert!(p99(Event::Status) < 50_000.0 && p99(Event::Summary) > 50_000.0);
    let ended = Instant::now();
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(pipeline.summary(Event::Status).fps, 0.0);
    assert!(pipeline.summary(Event::Summary).fps > 0.0);
    // A source that has ended had its rate to the last.
    pipeline.ended = Some(ended);
    assert!(pipeline.summary(Event::Status).fps > 0.0);
}

#[test]
fn the_time_to_the_screen_is_that_of_the_frame_before() {
    let (mut pipeline, table) = pipeline(&[]);
    let p99 = |pipeline: &Pipeline| pipeline.summary(Event::Summary).scan_out_ms.p99;
    until(&mut pipeline, LoopStep::Shown);
    let first = pipeline.frame.timestamp;
    assert_eq!(p99(&pipeline), None, "the display reported nothing");
    table.lock().unwrap().scan_out = Some(first + Duration::from_millis(25));
    until(&mut pipeline, LoopStep::Shown);
    assert_eq!(p99(&pipeline), Some(25.0));
    // What is drawn again is no new frame, and its time is none of a frame's.
    table.lock().unwrap().scan_out = None;
    press(&table, UserEvent::Freeze);
    until(&mut pipeline, LoopStep::Kept);
    table.lock().unwrap().scan_out = Some(first + Duration::from_secs(10));
    press(&table, UserEvent::Freeze);
    until(&mut pipeline, LoopStep::Shown);
    assert_eq!(p99(&pipeline), Some(25.0));
}

/// What was slow in the first second is no more in the line of the second.
#[test]
fn each_line_is_of_its_own_second() {
    let (mut pipeline, _table) = pipeline(&[]);
    let slow = monotonic_now().saturating_sub(Duration::from_secs(60));
    pipeline.meter.shown(slow, 0);
    let mut lines = Vec::new();
    let mut report = |progress: Progress<'_>| {
        if let Progress::Figures(summary) = progress {
            lines.push(summary.latency_ms.p99.unwrap() > 50_000.0);
        }
        lines.len() < 2
    };
    pipeline.run(&AtomicBool::new(false), &mut report).unwrap();
    assert_eq!(lines, [true, false]);
}
