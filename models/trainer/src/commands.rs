//! What the subcommands do.

use std::path::Path;

use face8x::Result;
use face8x_train::dataset::{Alignment, Dataset, Split};
use face8x_train::degrade::Degrade;
use face8x_train::network::{Config, Plan, Weights};
use face8x_train::runner::Runner;
use face8x_train::{evaluate, files, onnx, prepare, quantise};

use crate::cli::{About, Command, Dump, Evaluate, Export, Prepare, Quantise};

pub fn run(command: &Command) -> Result<()> {
    match command {
        Command::Prepare(arguments) => prepare(arguments),
        #[cfg(feature = "train")]
        Command::Train(arguments) => train(arguments),
        Command::Export(arguments) => export(arguments),
        Command::Quantise(arguments) => quantise(arguments),
        Command::Evaluate(arguments) => evaluate(arguments),
        Command::Dump(arguments) => dump(arguments),
    }
}

fn prepare(a: &Prepare) -> Result<()> {
    let started = std::time::Instant::now();
    let report = prepare::prepare(&prepare::Options {
        source: a.source.clone(),
        output: a.output.clone(),
        variants: a.variants,
        boxes: a.boxes,
        validation: a.validation,
        shard: a.shard,
        limit: a.limit,
        seed: a.seed.into(),
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let taken: usize = report.taken.values().sum();
    print!("{report}");
    println!("{:>8.1} pictures a second", taken as f64 / seconds);
    Ok(())
}

#[cfg(feature = "train")]
fn train(a: &crate::cli::Train) -> Result<()> {
    let mut config = face8x_train::train::Config::read(&a.config)?;
    if a.init.is_some() {
        config.init.clone_from(&a.init);
    }
    let device = face8x_train::train::open_device(&a.device)?;
    face8x_train::train::train(&config, &a.dataset, &a.output, &device)
}

fn export(a: &Export) -> Result<()> {
    let weights = Weights::read(&a.weights)?;
    let metadata = metadata(&a.about, &weights, "float RGB, level / 255, 1x3x16x16 NCHW")?;
    let file = onnx::float_model(&weights, &metadata)?;
    Runner::load(&file)?;
    files::write(&a.output, &file)?;
    describe(&a.output, &weights, file.len())
}

fn quantise(a: &Quantise) -> Result<()> {
    let weights = Weights::read(&a.weights)?;
    let dataset = Dataset::open(&a.dataset)?;
    let train = dataset.section(Split::Train)?;
    let inputs = evaluate::calibration_inputs(&train, a.pictures as usize)?;
    let mut network = quantise::quantise(&weights, &inputs)?;
    quantise::correct_bias(&mut network, &weights, &inputs, a.correct)?;
    let metadata = metadata(&a.about, &weights, "8-bit RGB levels, 1x3x16x16 NCHW")?;
    let file = onnx::int8_model(&network, &metadata);
    Runner::load(&file)?;
    files::write(&a.output, &file)?;
    describe(&a.output, &weights, file.len())
}

/// Prints what was written.
fn describe(path: &Path, weights: &Weights, bytes: usize) -> Result<()> {
    let plan = Plan::new(&Config::of(weights)?);
    let mmac = plan.macs() as f64 / 1e6;
    println!(
        "{}: {mmac:.1} MMAC a face, {} kB",
        path.display(),
        bytes / 1000
    );
    Ok(())
}

/// What every file says about itself.
fn metadata(about: &About, weights: &Weights, input: &str) -> Result<Vec<(&'static str, String)>> {
    let config = Config::of(weights)?;
    let plan = Plan::new(&config);
    let geometry = "five landmarks (left eye, right eye, nose, mouth corners) fitted to (50,65) \
        (78,65) (64,83) (52,95) (76,95) of 128x128, pixel edges at 0; the input is its antialiased \
        bicubic reduction to 16x16";
    Ok(vec![
        ("name", about.name.clone()),
        ("version", about.model_version.clone()),
        ("config", serde_json::to_string(&config).unwrap_or_default()),
        ("mmac", format!("{:.3}", plan.macs() as f64 / 1e6)),
        ("input", input.into()),
        ("output", input.replace("16x16", "128x128")),
        ("geometry", geometry.into()),
        ("training_data", about.trained_on.clone()),
        (
            "licence",
            "weights: non-commercial research only, as CelebA's terms ask".into(),
        ),
        (
            "honesty",
            "the output is a plausible guess, never evidence of who somebody is".into(),
        ),
    ])
}

fn evaluate(a: &Evaluate) -> Result<()> {
    let dataset = Dataset::open(&a.dataset)?;
    let section = dataset.section(a.split.into())?;
    let crop = section.crop_by(Alignment::from(a.alignment))?;
    let mut cases = evaluate::cases(&section, crop, a.limit)?;
    if a.degrade {
        cases = evaluate::damaged(&cases, &Degrade::default())?;
    }
    let mut rows = vec![evaluate::score_bicubic(&cases)?];
    for path in a.against.iter().chain([&a.model]) {
        let bytes = files::read(path)?;
        let runner = Runner::load(&bytes).map_err(|error| error.context(path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        rows.push(evaluate::score_network(&name, &cases, &runner)?);
    }
    println!("{} pictures", cases.len());
    print!(
        "{}",
        evaluate::table(&rows, Some(a.against.is_some().into()))
    );
    if let Some(path) = &a.csv {
        evaluate::write_csv(path, &cases, &rows)?;
    }
    if let (Some(path), Some(row)) = (&a.worst, rows.last()) {
        evaluate::worst_sheet(path, &cases, row)?;
    }
    Ok(())
}

fn dump(a: &Dump) -> Result<()> {
    let bytes = files::read(&a.model)?;
    let runner = Runner::load(&bytes).map_err(|error| error.context(a.model.display()))?;
    let inputs: Vec<Vec<u8>> = match &a.dataset {
        Some(folder) => {
            let dataset = Dataset::open(folder)?;
            let section = dataset.section(Split::Validation)?;
            let crop = section.crop_by(Alignment::Landmarks)?;
            let cases = evaluate::cases(&section, crop, Some(a.limit))?;
            cases.into_iter().map(|case| case.lr).collect()
        }
        None => (0..a.limit).map(|k| evaluate::noise(k as u64)).collect(),
    };
    let outputs = evaluate::restore_all(&inputs, &runner)?;
    files::make_folder(&a.output)?;
    files::write(&a.output.join("inputs.u8"), &evaluate::planar(&inputs))?;
    files::write(&a.output.join("outputs.u8"), &evaluate::planar(&outputs))?;
    println!("{} pictures in {}", inputs.len(), a.output.display());
    Ok(())
}
