//! The soak itself: a pipeline of wrapped parts, run until enough pictures and faults are over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use face8x::internals::capture::{self, Capture};
use face8x::internals::config::{DetectorOptions, RestorerOptions, RunOptions};
use face8x::internals::display::{self, SinkOptions};
use face8x::internals::pipeline::{LoopStep, Output, Parts, Pipeline};
use face8x::internals::stats::Event;
use face8x_core::detect::{self, Extent};
use face8x_core::{Result, restore, track};

use crate::faults::{FaultKind, FaultSchedule};
use crate::injector::Injector;
use crate::parts::{FaultyDetector, FaultySink, FaultySource};
use crate::recorder::Recorder;
use crate::report::{PartNames, SoakReport};

/// Pictures between two reports of the progress.
const PROGRESS_EVERY: u64 = 10_000;

/// What a soak does.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SoakOptions {
    /// Pictures to show
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) frames: u64,
    /// The seed that the faults and their order follow from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Inject one fault in this many pictures, on average
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) every: u64,
    /// Go on until this many faults were injected [default: one of each kind]
    #[arg(long, value_name = "N")]
    pub(crate) faults: Option<usize>,
    /// Inject only these kinds of faults
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',')]
    pub(crate) only: Vec<FaultKind>,
    /// Where frames come from: the demo, or a recording (file:PATH), again and again
    #[arg(long, value_name = "URI", default_value = "demo:")]
    pub(crate) source: String,
    // At 320x240 the demo's face is hardly ever found.
    /// Size of the demo's frames
    #[arg(long, value_name = "WxH", default_value = "360x270")]
    pub(crate) size: String,
    /// Where pictures go
    #[arg(long, value_name = "SINK", default_value = "null")]
    pub(crate) sink: String,
    #[command(flatten)]
    pub(crate) detection: DetectorOptions,
    #[command(flatten)]
    pub(crate) restoration: RestorerOptions,
    /// Fail where no new picture was shown for this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000)]
    pub(crate) max_stall: u64,
    /// End the soak at a fault that lasts longer than this, or where nothing is shown for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) timeout: u64,
}

impl SoakOptions {
    /// The kinds of faults to inject.
    pub(crate) fn kinds(&self) -> &[FaultKind] {
        match self.only.as_slice() {
            [] => FaultKind::value_variants(),
            kinds => kinds,
        }
    }

    fn options(&self) -> Result<RunOptions> {
        let mut options = RunOptions::with(&[
            ("source", &self.source),
            ("size", &self.size),
            ("sink", &self.sink),
            ("fps", "0"),
            ("loop", "true"),
        ])?;
        options.detection = self.detection.clone();
        options.restoration = self.restoration.clone();
        Ok(options)
    }
}

/// The real parts, each wrapped.
fn parts(settings: &RunOptions, injector: &Arc<Injector>) -> Result<Parts> {
    let restoration = &settings.restoration;
    let (model, threads) = (restoration.model.as_deref(), restoration.threads);
    let restorer = restore::open(&restoration.restorer, model, threads)?;
    let search = settings.detection.search(Extent::InTurn);
    let detector = detect::open(&settings.detection.detector, &search)?;
    let tracker = track::open_tracker(&settings.detection.detector, &search)?;
    let detector = Box::new(FaultyDetector::new(detector, Arc::clone(injector)));
    let (uri, shared) = (settings.sink().to_owned(), Arc::clone(injector));
    let options = SinkOptions {
        size: Some((320, 240)),
        ..SinkOptions::default()
    };
    let output = Output::of(Box::new(move || {
        shared.open_display()?;
        let sink = display::open(&uri, &options)?;
        Ok(Box::new(FaultySink::new(sink, Arc::clone(&shared))) as _)
    }))?;
    let (uri, shared) = (settings.source.clone(), Arc::clone(injector));
    let options = settings.source_options();
    let capture = Capture::start_with(move || {
        shared.open_source()?;
        let source = capture::open(&uri, &options)?;
        Ok(Box::new(FaultySource::new(source, Arc::clone(&shared))) as _)
    })?;
    Ok(Parts {
        restorer,
        detector,
        tracker,
        output,
        capture,
    })
}

/// Runs until the pictures were shown and the faults are over, `stop` is set or the pipeline is
/// stuck. `progress` gets the number of pictures every [`PROGRESS_EVERY`].
///
/// # Errors
/// A part does not open. A failed check is no error: see [`SoakReport::passed`].
pub(crate) fn run(
    options: &SoakOptions,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(u64),
) -> Result<SoakReport> {
    let settings = options.options()?;
    let injector = Arc::new(Injector::default());
    let mut pipeline = Pipeline::from_parts(&settings, parts(&settings, &injector)?)?;
    let schedule = FaultSchedule::new(options.kinds(), options.every, options.seed);
    let mut recorder = Recorder::new(schedule, Duration::from_secs(options.timeout));
    let faults = options.faults.unwrap_or(options.kinds().len());
    let start = Instant::now();
    let mut reported = 0;
    while !(recorder.is_done(options.frames, faults)
        || recorder.stuck
        || stop.load(Ordering::Relaxed))
    {
        let step = pipeline.step();
        recorder.after(step, &pipeline, &injector);
        if step == LoopStep::Over {
            break;
        }
        if recorder.frames >= reported + PROGRESS_EVERY {
            reported = recorder.frames;
            progress(reported);
        }
    }
    let summary = pipeline.summary(Event::Summary);
    let names = PartNames {
        source: summary.source.to_owned(),
        detector: summary.detector.to_owned(),
        restorer: summary.restorer.to_owned(),
    };
    Ok(SoakReport::new(
        options,
        &recorder,
        &pipeline.figures(),
        names,
        start.elapsed(),
    ))
}
