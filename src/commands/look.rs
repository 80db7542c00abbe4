//! `face8x list`, `doctor` and `test-pattern`: what is there, and does it work?

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::capture::{self, SOURCES};
use crate::compose::{View, rotate};
use crate::display::pattern::test_pattern as draw;
use crate::display::{self, Audience, SINKS, SinkOptions, UserEvent};
use crate::host::devices::{Devices, Session};
use crate::host::doctor::{self, Severity, Surroundings};
use crate::picture::Picture;
use crate::{Error, Result};
use face8x_core::detect::DETECTORS;
use face8x_core::landmarks::LandmarkFinder;
use face8x_core::restore::{self, RESTORERS};

use super::{console, stop_on_signals};
use crate::cli::{DoctorArgs, TestPatternArgs};

/// Prints the cameras and displays of this machine, and what the flags take; with `-v` also the
/// cameras' controls.
pub(super) fn list(is_verbose: bool) -> Result<ExitCode> {
    let session = Session::of_process();
    let devices = Devices::find(Path::new("/"), &session, capture::ASK_DRIVER);
    let mut text = match is_verbose {
        true => format!("{devices:#}"),
        false => devices.to_string(),
    };
    let sources = SOURCES.iter().map(|kind| (kind.prefix, kind.help));
    let sinks = SINKS.iter().map(|kind| (kind.name, kind.help));
    let detectors = DETECTORS.iter().map(|kind| (kind.form, kind.help));
    let restorers = RESTORERS.iter().map(|kind| (kind.name, kind.help));
    let views = View::ALL.iter().map(|view| (view.name(), view.help()));
    text += &table("sources (--source)", &sources.collect::<Vec<_>>());
    text += &table("sinks (--sink)", &sinks.collect::<Vec<_>>());
    text += &table("detectors (--detector)", &detectors.collect::<Vec<_>>());
    text += &table("restorers (--restorer)", &restorers.collect::<Vec<_>>());
    text += &table("views (--view)", &views.collect::<Vec<_>>());
    console::print(text)?;
    Ok(ExitCode::SUCCESS)
}

fn table(title: &str, rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = rows.iter();
    let lines: String = lines
        .map(|(name, help)| format!("  {name:width$}  {help}\n"))
        .collect();
    format!("\n{title}\n{lines}")
}

/// Prints what was found; exits 1 where there is a problem.
pub(super) fn doctor(arguments: DoctorArgs) -> Result<ExitCode> {
    let model = match &arguments.model {
        Some(path) => restore::open("auto", Some(path), 1).map(|restorer| restorer.describe()),
        None => restore::model_checksum().map(|sum| format!("embedded, SHA-256 {sum}")),
    };
    let landmarks = LandmarkFinder::new().map(|finder| {
        let engine = finder.engine();
        format!("embedded, as its SHA-256 says, by {engine}")
    });
    let surroundings = Surroundings {
        model: Some(model),
        landmarks: Some(landmarks),
        ..Surroundings::of_process()
    };
    let report = doctor::examine(Path::new("/"), &surroundings, capture::ASK_DRIVER);
    console::print(&report)?;
    Ok(ExitCode::from(u8::from(
        report.count(Severity::Problem) > 0,
    )))
}

/// Shows the test pattern at 30 pictures a second until somebody leaves.
pub(super) fn test_pattern(arguments: TestPatternArgs) -> Result<ExitCode> {
    let stop = stop_on_signals()?;
    let options = SinkOptions {
        title: "face8x test pattern".into(),
        ..SinkOptions::default()
    };
    let mut sink = display::open(&arguments.sink, &options)?;
    if arguments.sink != "auto" {
        log::info!("sink: {}", sink.describe());
    }
    let frames = arguments
        .frames
        .unwrap_or(if sink.audience() == Audience::Nobody {
            1
        } else {
            u64::MAX
        });
    let (mut upright, mut turned) = (Picture::default(), Picture::default());
    for frame in 0..frames {
        let left = std::iter::from_fn(|| sink.poll_event()).any(|event| event == UserEvent::Quit);
        if left || stop.load(Ordering::Relaxed) {
            break;
        }
        let (width, height) = arguments.rotate.turned(sink.size().unwrap_or((640, 480)));
        upright.resize(width, height);
        draw(&mut upright, frame, sink.is_round())
            .map_err(|e| Error::other(format!("cannot draw: {e}")))?;
        rotate(&upright, arguments.rotate, &mut turned);
        sink.present(&turned)?;
        if frame + 1 < frames {
            std::thread::sleep(Duration::from_millis(33));
        }
    }
    Ok(ExitCode::SUCCESS)
}
