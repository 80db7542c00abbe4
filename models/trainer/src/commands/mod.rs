//! What the subcommands do.

use std::path::Path;

use face8x_core::{Error, Result};
use face8x_train::dataset::{Alignment, Dataset, Split};
use face8x_train::landmarks::{self, Jitter, Through};
use face8x_train::network::{NetworkConfig, NetworkPlan, Points, Weights};
use face8x_train::runner::Runner;
use face8x_train::scenes::{self, ScenePicture};
use face8x_train::{evaluate, files, heatmap, onnx, prepare, quantise};

use crate::cli::{
    AboutArgs, DumpArgs, ExportArgs, HeatmapsArgs, PrepareArgs, QuantiseArgs, TrainerCommand,
};
use crate::console::print_line;

mod measure;

use measure::{LANDMARK_NOISE, LANDMARK_SIDES};

pub fn run(command: &TrainerCommand) -> Result<()> {
    match command {
        TrainerCommand::Prepare(arguments) => prepare(arguments),
        TrainerCommand::Heatmaps(arguments) => heatmaps(arguments),
        #[cfg(feature = "train")]
        TrainerCommand::Train(arguments) => train(arguments),
        #[cfg(feature = "train")]
        TrainerCommand::TrainLandmarks(arguments) => train_landmarks(arguments),
        #[cfg(feature = "train")]
        TrainerCommand::Ablate(arguments) => ablate(arguments),
        TrainerCommand::Export(arguments) => export(arguments),
        TrainerCommand::Quantise(arguments) => quantise(arguments),
        TrainerCommand::Evaluate(arguments) => measure::evaluate(arguments),
        TrainerCommand::EvaluateLandmarks(arguments) => measure::evaluate_landmarks(arguments),
        TrainerCommand::Dump(arguments) => dump(arguments),
        TrainerCommand::Bench(arguments) => crate::bench::bench(arguments),
    }
}

fn prepare(a: &PrepareArgs) -> Result<()> {
    let started = std::time::Instant::now();
    let report = prepare::prepare(&prepare::PrepareOptions {
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
    let speed = taken as f64 / seconds;
    print_line(format_args!("{report}{speed:>8.1} pictures a second"))
}

fn heatmaps(a: &HeatmapsArgs) -> Result<()> {
    let started = std::time::Instant::now();
    let boxes = match (&a.yolo_world, &a.detections) {
        (Some(network), _) => heatmap::Boxes::YoloWorld(network.clone()),
        (None, Some(file)) => heatmap::Boxes::File {
            file: file.clone(),
            pictures: a.pictures.clone(),
        },
        (None, None) => heatmap::Boxes::Landmarks,
    };
    let classes = a
        .classes
        .as_deref()
        .map(heatmap::Classes::read)
        .transpose()?;
    let report = heatmap::make(&heatmap::HeatmapOptions {
        dataset: a.dataset.clone(),
        output: a.output.clone(),
        boxes,
        classes: classes.unwrap_or_default(),
        preview: a.preview.clone(),
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let speed = report.pictures as f64 / seconds;
    print_line(format_args!("{report}{speed:>8.1} pictures a second"))
}

#[cfg(feature = "train")]
fn train(a: &crate::cli::TrainArgs) -> Result<()> {
    let (config, devices) = training(a)?;
    face8x_train::train::train(&config, &a.dataset, &a.output, &devices, true)
}

#[cfg(feature = "train")]
fn train_landmarks(a: &crate::cli::TrainArgs) -> Result<()> {
    let (config, devices) = training(a)?;
    face8x_train::train::train_points(&config, &a.dataset, &a.output, &devices[0])
}

#[cfg(feature = "train")]
fn ablate(a: &crate::cli::AblateArgs) -> Result<()> {
    let (config, devices) = training(&a.train)?;
    let (data, output) = (&a.train.dataset, &a.train.output);
    let table = face8x_train::train::ablate(&config, data, output, &devices, a.seeds)?;
    print_line(table.trim_end())
}

/// The configuration and the devices, of which there is at least one.
#[cfg(feature = "train")]
fn training(
    a: &crate::cli::TrainArgs,
) -> Result<(
    face8x_train::train::Config,
    Vec<face8x_train::train::Device>,
)> {
    let mut config = face8x_train::train::Config::read(&a.config)?;
    if a.init.is_some() {
        config.init.clone_from(&a.init);
    }
    Ok((config, face8x_train::train::open_devices(&a.device)?))
}

fn export(a: &ExportArgs) -> Result<()> {
    let weights = Weights::read(&a.weights)?;
    let metadata = metadata(&a.about, &weights, "floats, level / 255")?;
    let file = onnx::float_model(&weights, &metadata)?;
    Runner::with_outputs(&file, None)?;
    files::write(&a.output, &file)?;
    describe(&a.output, &weights, file.len())
}

fn quantise(a: &QuantiseArgs) -> Result<()> {
    if a.weights.extension().is_some_and(|e| e == "onnx") {
        let file = files::read(&a.weights)?;
        if !onnx::is_own(&file).map_err(|error| error.context(a.weights.display()))? {
            return quantise_imported(a, &file);
        }
    }
    let weights = Weights::read(&a.weights)?;
    let dataset = Dataset::open(&a.dataset)?;
    let train = dataset.section(Split::Train)?;
    let is_points = !NetworkPlan::of(&weights)?.skip;
    let inputs = match is_points {
        true => {
            let pictures = a.pictures as usize;
            let mut samples =
                landmarks::fixed_samples(&train, Jitter::TRAINING, &Through::Nothing, pictures)?;
            for side in LANDMARK_SIDES {
                let through = Through::Plain {
                    side,
                    noise: LANDMARK_NOISE,
                };
                samples.extend(landmarks::fixed_samples(
                    &train,
                    Jitter::of_detector(side),
                    &through,
                    pictures / 4,
                )?);
            }
            // What the network says of other crops, but that they are none, does not matter: the
            // scales are better without it.
            let faces = samples.into_iter().filter(|sample| sample.points.is_some());
            faces.map(|sample| sample.levels).collect()
        }
        false => evaluate::calibration_inputs(&train, a.pictures as usize)?,
    };
    let mut network = quantise::quantise(&weights, &inputs)?;
    quantise::correct_bias(&mut network, &weights, &inputs, a.correct)?;
    let metadata = metadata(&a.about, &weights, "8-bit levels")?;
    let file = onnx::int8_model(&network, &metadata);
    Runner::with_outputs(&file, None)?;
    files::write(&a.output, &file)?;
    describe(&a.output, &weights, file.len())
}

/// Quantises a network that others trained, on scenes with small faces.
fn quantise_imported(a: &QuantiseArgs, file: &[u8]) -> Result<()> {
    if a.correct > 0 {
        return Err(Error::usage(
            "--correct works only for networks of this program's own family",
        ));
    }
    let network = onnx::import(file).map_err(|error| error.context(a.weights.display()))?;
    let mut items = prepare::list(&a.dataset, 0.0)?;
    items.retain(|item| item.split == Split::Train);
    let scenes = scenes::compose(&items, a.pictures as usize, 0)?;
    let scenes: Vec<ScenePicture> = scenes.into_iter().map(ScenePicture::reversed).collect();
    let network = quantise::quantise_imported(&network, file, &scenes)?;
    let metadata = [
        ("name", a.about.name.clone()),
        ("version", a.about.model_version.clone()),
        (
            "input",
            "1x3xHxW NCHW BGR, 8-bit levels; H and W are multiples of 32".into(),
        ),
        (
            "output",
            "floats in front of the reordering and the sigmoid, 1xCx(H/stride)x(W/stride)".into(),
        ),
        ("training_data", a.about.trained_on.clone()),
        ("licence", a.about.licence.clone()),
    ];
    let file = onnx::imported_model(&network, &metadata);
    Runner::sized(&file, None, scenes[0].size())?;
    files::write(&a.output, &file)?;
    let (path, size) = (a.output.display(), file.len() / 1000);
    print_line(format_args!("{path}: {size} kB"))
}

/// Prints what was written.
fn describe(path: &Path, weights: &Weights, bytes: usize) -> Result<()> {
    let plan = NetworkPlan::of(weights)?;
    let mmac = plan.macs() as f64 / 1e6;
    let (path, size) = (path.display(), bytes / 1000);
    print_line(format_args!("{path}: {mmac:.1} MMAC a face, {size} kB"))
}

/// What every file says about itself.
fn metadata(
    about: &AboutArgs,
    weights: &Weights,
    kind: &str,
) -> Result<Vec<(&'static str, String)>> {
    let plan = NetworkPlan::of(weights)?;
    let canonical = "left eye, right eye, nose, left and right mouth corner at (50,65) (78,65) (64,83) (52,95) \
        (76,95) of 128x128, pixel edges at 0";
    let (config, input, output, geometry) = match plan.skip {
        true => (
            match plan == NetworkPlan::paper() {
                true => Ok("the paper's network".to_owned()),
                false => serde_json::to_string(&NetworkConfig::of(weights)?),
            },
            format!("1x3x16x16 NCHW RGB, {kind}"),
            format!("1x3x128x128 NCHW RGB, {kind}"),
            format!(
                "five landmarks fitted to {canonical}; the input is the antialiased bicubic reduction"
            ),
        ),
        false => (
            serde_json::to_string(&Points::of(weights)?),
            format!("1x1x48x48 NCHW luma, {kind}"),
            format!(
                "1x11x1x1 floats: x, y of five points from 0 to 1 across the crop, and c: the probability of a \
                 face is 1 / (1 + exp(-{} (c - 0.5)))",
                Points::STEEPNESS
            ),
            format!(
                "the crop is the square of 112 pixels around (64,72) of the face with {canonical}"
            ),
        ),
    };
    Ok(vec![
        ("name", about.name.clone()),
        ("version", about.model_version.clone()),
        ("config", config.unwrap_or_default()),
        ("mmac", format!("{:.3}", plan.macs() as f64 / 1e6)),
        ("input", input),
        ("output", output),
        ("geometry", geometry),
        ("training_data", about.trained_on.clone()),
        ("licence", about.licence.clone()),
        (
            "honesty",
            "the output is a plausible guess, never evidence of who somebody is".into(),
        ),
    ])
}

fn dump(a: &DumpArgs) -> Result<()> {
    let bytes = files::read(&a.model)?;
    if let Some(outputs) = onnx::open_outputs(&bytes)? {
        return dump_detector(a, &bytes, &outputs);
    }
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
    let (count, folder) = (inputs.len(), a.output.display());
    print_line(format_args!("{count} pictures in {folder}"))
}

/// The same for a network whose input may have any size.
fn dump_detector(a: &DumpArgs, file: &[u8], outputs: &[String]) -> Result<()> {
    let scenes = match &a.dataset {
        Some(folder) => {
            let mut items = prepare::list(folder, 0.0)?;
            items.retain(|item| item.split == Split::Validation);
            scenes::compose(&items, a.limit, 1)?
        }
        None => scenes::noise(a.limit),
    };
    scenes::dump(file, outputs, &scenes, &a.output)
        .map_err(|error| error.context(a.model.display()))?;
    let (count, folder) = (scenes.len(), a.output.display());
    print_line(format_args!("{count} pictures in {folder}"))
}
