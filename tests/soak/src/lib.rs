//! The whole pipeline at full speed for a long time, with faults.
//!
//! The source, the detector and the sink are real ones with a coat that lets something go wrong now
//! and then ([`Kind`]); all else is what runs on a board. Which fault comes next follows from the
//! seed. One fault is under way at a time, and the next comes some frames after the recovery.
//!
//! Nothing here waits for the right moment: a camera that is gone, a hung search and a display
//! that refuses are found and mended by [`face8x::capture`], [`face8x_core::detect`] and
//! [`face8x::pipeline`] as on a board. Only the patience with a silent camera is shorter.

mod jpeg;
mod parts;
mod plan;
mod report;
mod script;
mod watch;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use face8x::capture::{self, Capture};
use face8x::config::{Options, Settings};
use face8x::display::{self, SinkOptions};
use face8x::pipeline::{LoopStep, Output, Parts, Pipeline};
use face8x::stats;
use face8x_core::{Result, detect, restore, track};

use parts::{FaultyDetector, FaultySink, FaultySource};
use plan::Plan;
use script::Script;
use watch::Watch;

pub use plan::Kind;
pub use report::{MAX_GROWTH, MAX_STALL, Memory, Report, Row};

/// Pictures before memory is judged.
pub const WARM_UP: u64 = 10_000;

/// What a soak does.
#[derive(Debug, Clone, PartialEq)]
pub struct SoakOptions {
    /// Pictures to be shown.
    pub frames: u64,
    /// The faults follow from it.
    pub seed: u64,
    /// Faults that there must be: the soak goes on until they were, and the last one is over.
    pub faults: usize,
    /// One fault in so many pictures, on average.
    pub every: u64,
    /// The kinds of faults.
    pub kinds: Vec<Kind>,
    /// Where frames come from: the demo, or a recording, which begins again at its end.
    pub source: String,
    /// Size of the demo's frames. At 320x240 its face is hardly ever found.
    pub size: String,
    pub sink: String,
    pub detector: String,
    pub restorer: String,
    pub model: Option<PathBuf>,
    /// Nothing may be shown for so long at most.
    pub max_stall: Duration,
    /// A fault that lasts longer, or nothing shown for so long, ends the soak.
    pub patience: Duration,
}

impl Default for SoakOptions {
    fn default() -> Self {
        SoakOptions {
            frames: 200_000,
            seed: 1,
            every: 1000,
            faults: Kind::ALL.len(),
            kinds: Kind::ALL.to_vec(),
            source: "demo:".into(),
            size: "360x270".into(),
            sink: "null".into(),
            detector: "auto".into(),
            restorer: "auto".into(),
            model: None,
            max_stall: MAX_STALL,
            patience: Duration::from_secs(30),
        }
    }
}

impl SoakOptions {
    fn settings(&self) -> Result<Settings> {
        let options = Options {
            source: Some(self.source.clone()),
            size: Some(self.size.clone()),
            sink: Some(self.sink.clone()),
            detector: Some(self.detector.clone()),
            restorer: Some(self.restorer.clone()),
            model: self.model.clone(),
            fps: Some(0),
            looped: Some(true),
            ..Options::default()
        };
        options.resolve()
    }
}

/// The real parts, each in its coat.
fn parts(settings: &Settings, script: &Arc<Script>) -> Result<Parts> {
    let restorer = restore::open(&settings.restorer, settings.model.as_deref(), 1)?;
    let detector = detect::open(&settings.detector)?;
    let tracker = track::open_tracker(&settings.detector)?;
    let detector = Box::new(FaultyDetector::new(detector, Arc::clone(script)));
    let (uri, theirs) = (settings.sink.clone(), Arc::clone(script));
    let sink = SinkOptions {
        size: Some((320, 240)),
        ..SinkOptions::default()
    };
    let output = Output::of(Box::new(move || {
        theirs.open_display()?;
        let sink = display::open(&uri, &sink)?;
        Ok(Box::new(FaultySink::new(sink, Arc::clone(&theirs))) as _)
    }))?;
    let (uri, theirs) = (settings.source.clone(), Arc::clone(script));
    let options = settings.source_options.clone();
    let capture = Capture::start_with(move || {
        theirs.open_source()?;
        let source = capture::open(&uri, &options)?;
        Ok(Box::new(FaultySource::new(source, Arc::clone(&theirs))) as _)
    })?;
    Ok(Parts {
        restorer,
        detector,
        tracker,
        output,
        capture,
    })
}

/// Runs until so many pictures were shown and faults were over, `stop` is set or the pipeline is stuck. `progress` is
/// given the pictures so far every 10,000.
///
/// # Errors
/// A part does not open. A soak that goes wrong is none: see [`Report::passed`].
pub fn run(
    options: &SoakOptions,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(u64),
) -> Result<Report> {
    let settings = options.settings()?;
    let script = Arc::new(Script::default());
    let mut pipeline = Pipeline::of(&settings, parts(&settings, &script)?)?;
    let plan = Plan::new(&options.kinds, options.every, options.seed);
    let mut watch = Watch::new(plan, options.patience);
    let start = Instant::now();
    let mut told = 0;
    let enough = |watch: &Watch| {
        watch.frames >= options.frames && watch.struck.len() >= options.faults && watch.is_calm()
    };
    while !enough(&watch) && !watch.stuck && !stop.load(Ordering::Relaxed) {
        let turn = pipeline.turn();
        watch.after(turn, &pipeline, &script);
        if turn == LoopStep::Over {
            break;
        }
        if watch.frames >= told + 10_000 {
            told = watch.frames;
            progress(told);
        }
    }
    let summary = pipeline.summary(stats::Event::Summary);
    Ok(Report::new(
        options,
        &watch,
        &pipeline.figures(),
        [summary.source, summary.detector, summary.restorer],
        start.elapsed(),
    ))
}
