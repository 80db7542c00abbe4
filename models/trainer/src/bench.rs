//! How many pictures a second each step does.

use std::path::PathBuf;
use std::time::Instant;

use face8x_core::Result;
use face8x_train::{files, heatmap, prepare};

use crate::cli::TrainerBenchArgs;
use crate::console::print_line;

/// A folder that is removed with all that is in it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing more can be done about a leftover that cannot be removed.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn bench(a: &TrainerBenchArgs) -> Result<()> {
    let name = format!("face8x-train-bench-{}", std::process::id());
    let scratch = Scratch(std::env::temp_dir().join(name));
    files::make_folder(&scratch.0)?;
    let pictures = a.pictures as usize;
    let started = Instant::now();
    prepare::prepare(&prepare::PrepareOptions {
        source: a.source.clone(),
        output: scratch.0.clone(),
        variants: 4,
        boxes: 2,
        validation: 0.1,
        shard: (1, 1),
        limit: Some(pictures),
        seed: 0,
    })?;
    report("prepare, 4 + 2 crops each", pictures, started)?;
    if let Some(network) = &a.yolo_world {
        let boxes = heatmap::Boxes::YoloWorld(network.clone());
        let started = Instant::now();
        make_heatmaps(&scratch, boxes)?;
        report("heatmaps by YOLO-World", pictures, started)?;
    }
    let started = Instant::now();
    make_heatmaps(&scratch, heatmap::Boxes::Landmarks)?;
    report("heatmaps by landmarks", pictures, started)?;
    train(a, &scratch)
}

fn report(what: &str, pictures: usize, started: Instant) -> Result<()> {
    let speed = pictures as f64 / started.elapsed().as_secs_f64();
    print_line(format_args!("{what:<28} {speed:>9.1} pictures a second"))
}

fn make_heatmaps(scratch: &Scratch, boxes: heatmap::Boxes) -> Result<()> {
    let options = heatmap::HeatmapOptions {
        dataset: scratch.0.clone(),
        output: None,
        boxes,
        classes: heatmap::Classes::default(),
        preview: None,
    };
    heatmap::make(&options).map(drop)
}

#[cfg(not(feature = "train"))]
fn train(_: &TrainerBenchArgs, _: &Scratch) -> Result<()> {
    print_line("train: this build has no training")
}

#[cfg(feature = "train")]
fn train(a: &TrainerBenchArgs, scratch: &Scratch) -> Result<()> {
    use face8x_train::train::{Config, Heat, open_devices, speed};
    let config = match &a.config {
        Some(path) => Config::read(path)?,
        None => Config {
            heatmap: Some(Heat::default()),
            degrade: Some(face8x_train::degrade::Degrade::default()),
            ..Config::default()
        },
    };
    let devices = open_devices(&a.device)?;
    let each = std::time::Duration::from_secs(a.seconds);
    let speed = speed(&config, &scratch.0, &devices, each)?;
    print_line(format_args!(
        "{:<28} {:>9.1} pictures a second",
        "loader", speed.loader
    ))?;
    print_line(format_args!(
        "{:<28} {:>9.1} pictures a second, {:.1} % of it waiting for the loader",
        format!("train, batch {}, {}", config.batch, a.device),
        speed.train,
        100.0 * speed.waiting
    ))
}
