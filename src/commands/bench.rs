//! `face8x bench`: how long a face takes, by which engine.

use std::process::ExitCode;
use std::time::Duration;

use face8x::restore::bench::{self, Timing};
use face8x::{Error, Result};
use serde_json::json;

use crate::cli::BenchArgs;

/// Times the engines on one network, prints a table and writes JSON where a file is named.
pub fn bench(arguments: BenchArgs) -> Result<ExitCode> {
    if !arguments.model_only {
        return Err(Error::usage("bench times the network alone")
            .remedy("say so: face8x bench --model-only"));
    }
    let threads: Vec<usize> = arguments.threads.iter().map(|&n| n.into()).collect();
    let patience = Duration::from_secs(arguments.seconds);
    let timings = bench::model_only(arguments.model.as_deref(), &threads, patience)?;
    print!("{}", table(&timings));
    if let Some(path) = arguments.export_json {
        let text = format!("{:#}\n", json!({ "results": timings }));
        std::fs::write(&path, text).map_err(|e| {
            Error::new(format!("cannot write {}: {e}", path.display()))
                .remedy("name a file in a folder that exists and may be written to")
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A row an engine; ratios are of the fastest runs, against tract's floats.
fn table(timings: &[Timing]) -> String {
    let floats = timings
        .iter()
        .find(|t| t.engine == "tract-f32")
        .map(|t| t.min);
    let mut text = format!(
        "{:<12} {:>7} {:>11} {:>11} {:>10} {:>9} {:>6}\n",
        "engine", "threads", "median ms", "min ms", "times f32", "GMAC/s", "runs"
    );
    for timing in timings {
        let ratio = floats.map_or(String::new(), |f32| format!("{:.2}", f32 / timing.min));
        let rate = |count: usize| format!("{:.0}", count as f64 / timing.min / 1e9);
        text += &format!(
            "{:<12} {:>7} {:>11.3} {:>11.3} {:>10} {:>9} {:>6}\n",
            timing.engine,
            timing.threads,
            timing.median * 1e3,
            timing.min * 1e3,
            ratio,
            timing.multiplications.map_or(String::new(), rate),
            timing.runs
        );
    }
    text
}
