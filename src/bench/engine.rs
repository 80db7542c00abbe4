//! What is measured: engines and networks, by their names in tables and files.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What restores faces, by its name in tables and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BenchEngine {
    /// The fused integer operators, on any number of threads
    #[value(alias = "int8")]
    Face8x,
    /// tract's own operators on the network as it is, on one thread
    #[value(name = "tract-int8", alias = "tract")]
    TractInt8,
    /// tract's own operators on a quantised network's float form, on one thread
    #[value(name = "tract-f32")]
    TractF32,
    /// Bicubic interpolation: no network
    Bicubic,
}

impl BenchEngine {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            BenchEngine::Face8x => "face8x",
            BenchEngine::TractInt8 => "tract-int8",
            BenchEngine::TractF32 => "tract-f32",
            BenchEngine::Bicubic => "bicubic",
        }
    }

    /// Its name in the table of restorers.
    pub(crate) fn restorer(self) -> &'static str {
        match self {
            BenchEngine::Face8x => "int8",
            BenchEngine::TractInt8 => "tract",
            BenchEngine::TractF32 => "tract-f32",
            BenchEngine::Bicubic => "bicubic",
        }
    }

    /// The numbers of threads of these that it can use: all of them, or one.
    pub(crate) fn thread_counts(self, threads: &[usize]) -> &[usize] {
        match self {
            BenchEngine::Face8x => threads,
            _ => &[1],
        }
    }

    /// The network's name in tables and files; bicubic has `none`.
    pub(crate) fn model_name(self, model: &Model) -> String {
        match self {
            BenchEngine::Bicubic => "none".into(),
            _ => model.name(),
        }
    }
}

/// A network by its file; the embedded one has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Model(pub(crate) Option<PathBuf>);

impl Model {
    /// Its name in tables and files: that of its file.
    fn name(&self) -> String {
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

    fn from_str(name: &str) -> Result<Model, Self::Err> {
        Ok(Model((name != "embedded").then(|| name.into())))
    }
}
