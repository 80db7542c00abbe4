//! The measured process: one pipeline, every time of every stage.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::job::{Job, Rule};
use super::no_face;
use super::search;
use super::series::{Series, nanoseconds};
use crate::host::board;
use crate::pipeline::{LoopStep, Pipeline, Stage};
use crate::stats::Event;
use face8x_core::frame::monotonic_now;
use face8x_core::{Error, ErrorKind, Result};

/// How long a source may show no face before the measurement ends with an error.
const NO_FACE_TIMEOUT: Duration = Duration::from_secs(20);

/// The name of the stage that is all of them: from the frame's timestamp until the display has
/// the picture.
pub(crate) const END_TO_END: &str = "end-to-end";

/// What a measured process reports. Moments are those of the monotonic clock, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// How the parts describe themselves.
    pub(crate) restorer: String,
    pub(crate) source: String,
    #[serde(rename = "locator")]
    pub(crate) detector: String,
    pub(crate) sink: String,
    pub(crate) view: String,
    /// When the display had the first restored face; `None` where it was stopped before.
    pub(crate) first_restored: Option<f64>,
    /// When the first counted frame was requested and the last was shown.
    pub(crate) began: f64,
    pub(crate) ended: f64,
    /// Whether the rule was kept: otherwise it was stopped before.
    pub(crate) complete: bool,
    /// Every stage in the order of the dataflow, then [`END_TO_END`].
    pub(crate) series: Vec<Series>,
    /// The detector's searches, which go on beside them, and frames without a face.
    pub(crate) searches: Vec<Series>,
    /// Frames without a face: not among the times.
    pub(crate) faceless: u64,
    /// While it was measured.
    pub(crate) skipped: u64,
    pub(crate) corrupt: u64,
    pub(crate) lost: u64,
    /// Processor time of all threads in seconds.
    pub(crate) cpu: f64,
    /// The most memory that was ever resident, without the times themselves, in bytes.
    pub(crate) peak_memory: Option<u64>,
}

/// Runs the pipeline of `job` until its rule is kept or `stop` is set.
///
/// # Errors
/// A part of the pipeline does not open, or the source shows no face.
pub(crate) fn measure(job: &Job, stop: &AtomicBool) -> Result<Measured> {
    let settings = job.settings()?;
    let mut run = MeasuredRun {
        pipeline: Pipeline::new(&settings)?,
        stop,
        faceless: 0,
    };
    let mut first_restored = None;
    if run.next_face()? {
        first_restored = Some(monotonic_now().as_secs_f64());
        run.warm_up(&job.rule)?;
    }
    let summary = run.pipeline.summary(Event::Summary);
    let (skipped, corrupt, lost) = (summary.skipped, summary.corrupt, summary.lost);
    let (cpu, began) = (cpu_time(), monotonic_now());
    run.faceless = 0;
    let (times, complete) = run.record(&job.rule)?;
    let (cpu, ended) = (cpu_time() - cpu, monotonic_now());
    let summary = run.pipeline.summary(Event::Summary);
    let peak_memory = board::own_memory().peak;
    let kept = times.bytes();
    let series = times.into_series(settings.on_demand);
    let mut searches = Vec::new();
    if complete && job.rule != Rule::START {
        searches = search::series(&settings.detection, run.pipeline.frame())?;
        searches.extend(no_face::series(&settings)?);
    }
    Ok(Measured {
        restorer: summary.restorer.to_owned(),
        source: summary.source.to_owned(),
        detector: summary.detector.to_owned(),
        sink: summary.sink.to_owned(),
        view: summary.view.to_owned(),
        first_restored,
        began: began.as_secs_f64(),
        ended: ended.as_secs_f64(),
        complete: complete && first_restored.is_some(),
        series,
        searches,
        faceless: run.faceless,
        skipped: summary.skipped - skipped,
        corrupt: summary.corrupt - corrupt,
        lost: summary.lost - lost,
        cpu: cpu.as_secs_f64(),
        peak_memory: peak_memory.map(|peak| peak.saturating_sub(kept)),
    })
}

/// A pipeline that is measured.
struct MeasuredRun<'a> {
    pipeline: Pipeline,
    stop: &'a AtomicBool,
    faceless: u64,
}

impl MeasuredRun<'_> {
    /// Runs the loop until a frame with a face was shown; `false` where it was stopped before.
    fn next_face(&mut self) -> Result<bool> {
        let start = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            match self.pipeline.step() {
                LoopStep::Shown if self.pipeline.faces().found() > 0 => return Ok(true),
                LoopStep::Shown => self.faceless += 1,
                LoopStep::Kept | LoopStep::Waited => {}
                LoopStep::Over => return Err(no_more_frames()),
            }
            if start.elapsed() > NO_FACE_TIMEOUT {
                return Err(no_face());
            }
        }
        Ok(false)
    }

    fn warm_up(&mut self, rule: &Rule) -> Result<()> {
        let start = Instant::now();
        let mut runs = 0;
        while runs < rule.warm_up_runs || start.elapsed().as_secs_f64() < rule.warm_up_seconds {
            if !self.next_face()? {
                break;
            }
            runs += 1;
        }
        Ok(())
    }

    /// The times of the frames with a face, and whether the rule was kept.
    fn record(&mut self, rule: &Rule) -> Result<(Times, bool)> {
        let start = Instant::now();
        let mut times = Times::default();
        while times.runs() < rule.runs || start.elapsed().as_secs_f64() < rule.seconds {
            if !self.next_face()? {
                return Ok((times, false));
            }
            times.push(&self.pipeline);
        }
        Ok((times, true))
    }
}

/// The times of each stage in nanoseconds.
#[derive(Default)]
struct Times {
    stages: [Vec<u64>; Stage::ALL.len()],
    total: Vec<u64>,
}

impl Times {
    fn runs(&self) -> u64 {
        self.total.len() as u64
    }

    fn push(&mut self, pipeline: &Pipeline) {
        let timings = pipeline.timings();
        for (times, stage) in self.stages.iter_mut().zip(Stage::ALL) {
            times.extend(timings.last(stage).map(nanoseconds));
        }
        self.total.push(nanoseconds(pipeline.latency()));
    }

    /// Memory of the times.
    fn bytes(&self) -> u64 {
        let values: usize = self.stages.iter().map(Vec::len).sum();
        ((values + self.total.len()) * size_of::<u64>()) as u64
    }

    /// Where frames come on demand, waiting for one is only what making it takes.
    fn into_series(self, on_demand: bool) -> Vec<Series> {
        let stages = self.stages.into_iter().zip(Stage::ALL);
        let kept = stages
            .filter(|(times, stage)| !(times.is_empty() || on_demand && *stage == Stage::Wait));
        let mut series: Vec<Series> = kept
            .map(|(times, stage)| Series {
                stage: stage.name().to_owned(),
                times,
            })
            .collect();
        if !self.total.is_empty() {
            series.push(Series {
                stage: END_TO_END.to_owned(),
                times: self.total,
            });
        }
        series
    }
}

/// Processor time of this process, all threads together.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.cast_unsigned(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn no_face() -> Error {
    let seconds = NO_FACE_TIMEOUT.as_secs();
    Error::new(
        ErrorKind::Device,
        format!("no face was found for {seconds} seconds"),
    )
    .remedy("stand in front of the camera, or measure without a search: --detector centre")
}

fn no_more_frames() -> Error {
    Error::new(
        ErrorKind::Device,
        "the source ended before the measurement did",
    )
    .remedy("name a source that goes on: a camera, demo:, or files, which start again")
}
