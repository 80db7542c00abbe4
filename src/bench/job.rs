//! One measurement: which engine on which network, on how many threads, in which pipeline, for how long.

use serde::{Deserialize, Serialize};

use super::engine::{BenchEngine, Model};
use crate::capture;
use crate::config::{DetectorOptions, RunOptions};
use face8x_core::Result;

/// The pipeline in which everything is measured: the flags of `run` of the same names.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// Where frames come from; the demo and files are played as fast as frames are requested
    #[arg(long, value_name = "URI", default_value = "demo:")]
    pub(crate) source: String,
    /// Where pictures go
    #[arg(long, value_name = "SINK", default_value = "null")]
    pub(crate) sink: String,
    #[command(flatten)]
    pub(crate) detection: DetectorOptions,
    /// What is composed: restored, side-by-side, strip, in-place or full
    #[arg(long, value_name = "VIEW", default_value = "side-by-side")]
    pub(crate) view: String,
    /// Camera size
    #[arg(long, value_name = "WxH", default_value = "640x480")]
    pub(crate) size: String,
    /// Camera frames a second
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) fps: u32,
    /// Camera pixel format
    #[arg(long, value_name = "FOURCC")]
    pub(crate) format: Option<String>,
    /// Rotate what the camera sees clockwise: 0, 90, 180 or 270
    #[arg(long, value_name = "DEGREES", default_value = "0")]
    pub(crate) camera_rotate: String,
    /// Flip it after that: h swaps left and right, v top and bottom
    #[arg(long, value_name = "h|v")]
    pub(crate) camera_flip: Option<String>,
}

/// How long it goes on: until this many runs and this many seconds are both reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// Frames with a face.
    pub(crate) runs: u64,
    pub(crate) seconds: f64,
    /// What is not counted before: the same two.
    pub(crate) warm_up_runs: u64,
    pub(crate) warm_up_seconds: f64,
}

impl Rule {
    /// MLPerf Inference's rule for the single-stream scenario (its rules, "Scenarios"): at least
    /// 1,024 queries and 60 seconds, the next query when the last is done.
    pub(crate) const FULL: Rule = Rule {
        runs: 1024,
        seconds: 60.0,
        warm_up_runs: 64,
        warm_up_seconds: 1.0,
    };
    /// For a first impression: no figures to be published.
    pub(crate) const QUICK: Rule = Rule {
        runs: 64,
        seconds: 2.0,
        warm_up_runs: 16,
        warm_up_seconds: 0.2,
    };
    /// The start alone: it ends with the first restored face.
    pub(crate) const START: Rule = Rule {
        runs: 0,
        seconds: 0.0,
        warm_up_runs: 0,
        warm_up_seconds: 0.0,
    };
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) engine: BenchEngine,
    pub(crate) model: Model,
    /// Threads of the network.
    pub(crate) threads: usize,
    pub(crate) setup: Setup,
    pub(crate) rule: Rule,
}

impl Job {
    /// Every combination that makes sense: the engines of tract have one thread, bicubic has no
    /// network. Numbers of threads above `processors` are left out and returned.
    pub(crate) fn combinations(
        engines: &[BenchEngine],
        models: &[Model],
        threads: &[usize],
        processors: usize,
        setup: &Setup,
        rule: Rule,
    ) -> (Vec<Job>, Vec<usize>) {
        let (usable, left_out): (Vec<usize>, _) = threads.iter().partition(|&&n| n <= processors);
        let mut jobs: Vec<Job> = Vec::new();
        for model in models {
            for &engine in engines {
                let model = match engine {
                    BenchEngine::Bicubic => &Model(None),
                    _ => model,
                };
                for &threads in engine.thread_counts(&usable) {
                    let job = Job {
                        engine,
                        model: model.clone(),
                        threads,
                        setup: setup.clone(),
                        rule,
                    };
                    if !jobs.contains(&job) {
                        jobs.push(job);
                    }
                }
            }
        }
        (jobs, left_out)
    }

    /// The network's name in tables and files.
    pub(crate) fn model_name(&self) -> String {
        self.engine.model_name(&self.model)
    }

    /// Its name in messages.
    pub(crate) fn name(&self) -> String {
        let (engine, model) = (self.engine.name(), self.model_name());
        format!("{engine}, {model}, threads {}", self.threads)
    }

    /// The settings of the pipeline that is measured.
    ///
    /// # Errors
    /// A value of the setup is unknown or out of its range.
    pub(crate) fn settings(&self) -> Result<RunOptions> {
        let played = capture::is_played(&self.setup.source)?;
        let mut options = RunOptions::with(&[
            ("source", &self.setup.source),
            ("sink", &self.setup.sink),
            ("view", &self.setup.view),
            ("size", &self.setup.size),
            ("camera-rotate", &self.setup.camera_rotate),
            ("restorer", self.engine.restorer()),
            ("threads", &self.threads.to_string()),
            ("loop", "true"),
        ])?;
        options.detection = self.setup.detection.clone();
        match played {
            true => options.set("fps", "0")?,
            false => options.set("fps", &self.setup.fps.to_string())?,
        }
        if let Some(format) = &self.setup.format {
            options.set("format", format)?;
        }
        if let Some(flip) = &self.setup.camera_flip {
            options.set("camera-flip", flip)?;
        }
        if self.engine != BenchEngine::Bicubic {
            options.restoration.model.clone_from(&self.model.0);
        }
        options.on_demand = played;
        Ok(options)
    }
}
