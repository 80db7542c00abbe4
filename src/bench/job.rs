//! What is measured: which engine on which network, on how many threads, in which pipeline.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::capture;
use crate::config::{Options, Settings};
use crate::{Error, Result};

/// What restores faces, by its name in tables and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The fused integer operators, by any number of threads.
    Face8x,
    /// tract's own operators on the network as it is, on one thread.
    TractInt8,
    /// tract's own operators on a quantised network's float form, on one thread.
    TractF32,
    /// Bicubic interpolation: no network.
    Bicubic,
}

impl Engine {
    /// Every engine, the product's first.
    pub const ALL: [Engine; 4] = [
        Engine::Face8x,
        Engine::TractInt8,
        Engine::TractF32,
        Engine::Bicubic,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Face8x => "face8x",
            Engine::TractInt8 => "tract-int8",
            Engine::TractF32 => "tract-f32",
            Engine::Bicubic => "bicubic",
        }
    }

    /// Its name in the table of restorers.
    pub fn restorer(self) -> &'static str {
        match self {
            Engine::Face8x => "int8",
            Engine::TractInt8 => "tract",
            Engine::TractF32 => "tract-f32",
            Engine::Bicubic => "bicubic",
        }
    }
}

impl FromStr for Engine {
    type Err = Error;

    fn from_str(name: &str) -> Result<Engine> {
        let names = Engine::ALL.map(Engine::name);
        Engine::ALL
            .into_iter()
            .find(|engine| [engine.name(), engine.restorer()].contains(&name))
            .ok_or_else(|| Error::unknown("engine", name, &names))
    }
}

/// A network by its file; the embedded one has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Model(pub Option<PathBuf>);

impl Model {
    /// Its name in tables and files: that of its file.
    pub fn name(&self) -> String {
        match &self.0 {
            None => "face8x.onnx".into(),
            Some(path) => path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned(),
        }
    }
}

impl FromStr for Model {
    type Err = std::convert::Infallible;

    fn from_str(name: &str) -> std::result::Result<Model, Self::Err> {
        Ok(Model((name != "embedded").then(|| name.into())))
    }
}

/// The pipeline in which everything is measured: the flags of `run` of the same names.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
pub struct Setup {
    /// Where frames come from; the demo and files are played as fast as frames are asked for
    #[arg(long, value_name = "URI", default_value = "demo:")]
    pub source: String,
    /// Where pictures go
    #[arg(long, value_name = "SINK", default_value = "null")]
    pub sink: String,
    /// What finds faces: auto, rustface, centre, box:X,Y,W,H or yunet:FILE
    #[arg(long, value_name = "DETECTOR", default_value = "auto")]
    pub detector: String,
    /// What is composed: restored, side-by-side, strip, in-place or full
    #[arg(long, value_name = "VIEW", default_value = "side-by-side")]
    pub view: String,
    /// Camera size
    #[arg(long, value_name = "WxH", default_value = "640x480")]
    pub size: String,
    /// Camera frames a second
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub fps: u32,
    /// Camera pixel format
    #[arg(long, value_name = "FOURCC")]
    pub format: Option<String>,
    /// Most faces restored in a frame
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub faces: usize,
}

/// How long it goes on: until this many runs and this many seconds are both reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Frames with a face.
    pub runs: u64,
    pub seconds: f64,
    /// What is not counted before: the same two.
    pub warm_up_runs: u64,
    pub warm_up_seconds: f64,
}

impl Rule {
    /// MLPerf Inference's rule for the single-stream scenario (its rules, "Scenarios"): at least
    /// 1,024 queries and 60 seconds, the next query when the last is done.
    pub const FULL: Rule = Rule {
        runs: 1024,
        seconds: 60.0,
        warm_up_runs: 64,
        warm_up_seconds: 1.0,
    };
    /// For a first look: no figures to be published.
    pub const QUICK: Rule = Rule {
        runs: 64,
        seconds: 2.0,
        warm_up_runs: 16,
        warm_up_seconds: 0.2,
    };
    /// The start alone: it ends with the first restored face.
    pub const START: Rule = Rule {
        runs: 0,
        seconds: 0.0,
        warm_up_runs: 0,
        warm_up_seconds: 0.0,
    };
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub engine: Engine,
    pub model: Model,
    /// Threads of the network.
    pub threads: usize,
    pub setup: Setup,
    pub rule: Rule,
}

impl Job {
    /// Every combination that makes sense: the engines of tract have one thread, bicubic has no
    /// network. Numbers of threads above `processors` are left out and given back.
    pub fn combinations(
        engines: &[Engine],
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
                    Engine::Bicubic => &Model(None),
                    _ => model,
                };
                let counts = match engine {
                    Engine::Face8x => usable.as_slice(),
                    _ => &[1],
                };
                for &threads in counts {
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

    /// The network's name in tables and files; bicubic has `none`.
    pub fn model_name(&self) -> String {
        match self.engine {
            Engine::Bicubic => "none".into(),
            _ => self.model.name(),
        }
    }

    /// The settings of the pipeline that is measured.
    ///
    /// # Errors
    /// A value of the setup is unknown or out of its range.
    pub fn settings(&self) -> Result<Settings> {
        let played = capture::is_played(&self.setup.source)?;
        let options = Options {
            source: Some(self.setup.source.clone()),
            sink: Some(self.setup.sink.clone()),
            detector: Some(self.setup.detector.clone()),
            view: Some(self.setup.view.clone()),
            size: Some(self.setup.size.clone()),
            fps: Some(if played { 0 } else { self.setup.fps }),
            format: self.setup.format.clone(),
            faces: Some(self.setup.faces),
            restorer: Some(self.engine.restorer().into()),
            model: match self.engine {
                Engine::Bicubic => None,
                _ => self.model.0.clone(),
            },
            threads: Some(self.threads),
            looped: Some(true),
            ..Options::default()
        };
        let mut settings = options.resolve()?;
        settings.source_options.on_demand = played;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> Setup {
        Setup {
            source: "demo:".into(),
            sink: "null".into(),
            detector: "centre".into(),
            view: "strip".into(),
            size: "320x240".into(),
            fps: 30,
            format: None,
            faces: 1,
        }
    }

    #[test]
    fn only_combinations_that_differ_are_measured() {
        let models = [Model(None), Model(Some("b.onnx".into()))];
        let (jobs, left_out) =
            Job::combinations(&Engine::ALL, &models, &[1, 2, 4], 2, &setup(), Rule::QUICK);
        let named: Vec<_> = jobs
            .iter()
            .map(|job| (job.engine.name(), job.model_name(), job.threads))
            .collect();
        let case = |engine, model: &str, threads| (engine, model.to_owned(), threads);
        assert_eq!(
            named,
            [
                case("face8x", "face8x.onnx", 1),
                case("face8x", "face8x.onnx", 2),
                case("tract-int8", "face8x.onnx", 1),
                case("tract-f32", "face8x.onnx", 1),
                case("bicubic", "none", 1),
                case("face8x", "b.onnx", 1),
                case("face8x", "b.onnx", 2),
                case("tract-int8", "b.onnx", 1),
                case("tract-f32", "b.onnx", 1),
            ]
        );
        assert_eq!(left_out, [4]);
    }

    #[test]
    fn the_demo_is_read_on_demand_and_a_camera_is_not() {
        let (mut jobs, _) = Job::combinations(
            &[Engine::Face8x],
            &[Model(None)],
            &[1],
            1,
            &setup(),
            Rule::FULL,
        );
        let played = jobs[0].settings().unwrap().source_options;
        assert!(played.on_demand && played.fps == 0);
        jobs[0].setup.source = "/dev/video0".into();
        let camera = jobs[0].settings().unwrap().source_options;
        assert!(!camera.on_demand && camera.fps == 30);
        jobs[0].setup.source = "dmo:".into();
        assert_eq!(jobs[0].settings().unwrap_err().exit_code(), 2);
    }

    #[test]
    fn engines_are_known_by_their_names() {
        for engine in Engine::ALL {
            assert_eq!(engine.name().parse::<Engine>().unwrap(), engine);
            let json = serde_json::to_string(&engine).unwrap();
            assert_eq!(json, format!("\"{}\"", engine.name()));
        }
        assert_eq!("int8".parse::<Engine>().unwrap(), Engine::Face8x);
        assert_eq!("tract".parse::<Engine>().unwrap(), Engine::TractInt8);
        assert_eq!("tracts".parse::<Engine>().unwrap_err().exit_code(), 2);
    }
}
