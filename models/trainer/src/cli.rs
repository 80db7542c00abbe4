//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use face8x_train::dataset::{Alignment, Split};
use face8x_train::evaluate::groups::Third;

/// Prepares data for, evaluates and quantises the networks of face8x.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct TrainerCli {
    /// Say more, such as why each picture was left out.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    #[command(subcommand)]
    pub command: TrainerCommand,
}

#[derive(Debug, Subcommand)]
pub enum TrainerCommand {
    Prepare(PrepareArgs),
    Heatmaps(HeatmapsArgs),
    #[cfg(feature = "train")]
    Train(TrainArgs),
    /// Train the landmark network, or go on with its training.
    #[cfg(feature = "train")]
    TrainLandmarks(TrainArgs),
    #[cfg(feature = "train")]
    Ablate(AblateArgs),
    Export(ExportArgs),
    Quantise(QuantiseArgs),
    Evaluate(EvaluateArgs),
    EvaluateLandmarks(EvaluateLandmarksArgs),
    Dump(DumpArgs),
    Bench(TrainerBenchArgs),
}

/// Align faces and pack them into a dataset.
#[derive(Debug, Args)]
pub struct PrepareArgs {
    /// CelebA (img/ with list_landmarks_celeba.txt, or img_align_celeba/), or a folder of faces.
    pub source: PathBuf,
    /// The folder to make the dataset in.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Crops of each training picture aligned by landmarks; all but the first with jitter.
    #[arg(long, default_value_t = 4)]
    pub variants: usize,
    /// Crops of each training picture aligned by a jittered face box.
    #[arg(long, default_value_t = 2)]
    pub boxes: usize,
    /// The share kept for validation where the source has no list_eval_partition.txt.
    #[arg(long, default_value_t = 0.05)]
    pub validation: f64,
    /// Do part I of N, counted from 1; every machine gets another I.
    #[arg(long, value_name = "I/N", value_parser = parse_shard, default_value = "1/1")]
    pub shard: (usize, usize),
    /// Take only the first so many pictures, for a trial.
    #[arg(long)]
    pub limit: Option<usize>,
    /// Of the jitter.
    #[arg(long, default_value_t = 0)]
    pub seed: u32,
}

/// Make the paper's heatmaps of a dataset: where edges of a face's features are.
#[derive(Debug, Args)]
pub struct HeatmapsArgs {
    /// A dataset's folder.
    pub dataset: PathBuf,
    /// Find the features by this YOLO-World network (.onnx); by the landmarks without it.
    #[arg(long, value_name = "FILE", conflicts_with = "detections")]
    pub yolo_world: Option<PathBuf>,
    /// Take the features' boxes from this file (.csv or .json).
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,
    /// The boxes are those in these pictures, which the dataset was prepared from; without it, in
    /// the 128x128 face.
    #[arg(long, value_name = "DIR", requires = "detections")]
    pub pictures: Option<PathBuf>,
    /// Classes, weights and thresholds (.toml); the paper's without it.
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// The file to write, if not into the dataset's folder.
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// Draw 24 faces to this .png file: picture, heatmap, overlay.
    #[arg(long, value_name = "FILE")]
    pub preview: Option<PathBuf>,
}

/// Train a network, or go on with a training.
#[cfg(feature = "train")]
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The configuration; models/trainer/configs has examples.
    pub config: PathBuf,
    /// A dataset's folder.
    #[arg(long)]
    pub dataset: PathBuf,
    /// The training's folder; one that holds a checkpoint goes on from it.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Weights to start from; stands above the configuration's `init`.
    #[arg(long)]
    pub init: Option<PathBuf>,
    /// What computes; several, with commas between them, share each batch.
    #[arg(long, default_value = face8x_train::train::DEVICES[0])]
    pub device: String,
}

/// Train with and without the heatmap term and the degradation, and compare.
#[cfg(feature = "train")]
#[derive(Debug, Args)]
pub struct AblateArgs {
    #[command(flatten)]
    pub train: TrainArgs,
    /// Trainings of each form, with the configuration's seed and those that follow.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub seeds: u64,
}

/// Write the float ONNX file of trained weights.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A .safetensors file, or a float .onnx file of this program.
    pub weights: PathBuf,
    /// The .onnx file to write.
    #[arg(short, long)]
    pub output: PathBuf,
    #[command(flatten)]
    pub about: AboutArgs,
}

/// Quantise trained weights to 8 bits, with scales from training pictures.
#[derive(Debug, Args)]
pub struct QuantiseArgs {
    /// A .safetensors file, a float .onnx file of this program, or YuNet's.
    pub weights: PathBuf,
    /// A dataset's folder; for YuNet, the CelebA folder that `prepare` takes.
    pub dataset: PathBuf,
    /// The .onnx file to write.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Training pictures to look at.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub pictures: u32,
    /// Passes of bias correction.
    #[arg(long, default_value_t = 0)]
    pub correct: usize,
    #[command(flatten)]
    pub about: AboutArgs,
}

/// What the file says about itself.
#[derive(Debug, Args)]
pub struct AboutArgs {
    /// The network's name in the file.
    #[arg(long, default_value = "face8x")]
    pub name: String,
    /// The version in the file.
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    pub model_version: String,
    /// What it was trained on and how.
    #[arg(
        long,
        default_value = "CelebA, aligned; for non-commercial research only"
    )]
    pub trained_on: String,
    /// The licence of the weights.
    #[arg(
        long,
        default_value = "weights: non-commercial research only, as CelebA's terms ask"
    )]
    pub licence: String,
}

/// Measure a network on a dataset, beside bicubic enlargement.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// An .onnx file, float or int8.
    pub model: PathBuf,
    /// A dataset's folder.
    pub dataset: PathBuf,
    /// Another .onnx file to compare with, picture by picture.
    #[arg(long)]
    pub against: Option<PathBuf>,
    /// Which pictures.
    #[arg(long, value_enum, default_value = "validation")]
    pub split: SplitName,
    /// By what the faces are aligned.
    #[arg(long, value_enum, default_value = "landmarks")]
    pub alignment: AlignmentName,
    /// Damage the inputs as a cheap camera does, at middle strength.
    #[arg(long)]
    pub degrade: bool,
    /// Print a table by the face's size in a camera's picture and by its noise: the camera's pixels
    /// enlarged, what the network makes of them, and that corrected by back-projection (PSNR in dB,
    /// SSIM, sharpness by that of the face; with several frames flicker, by how many levels the last picture
    /// differs from the one before).
    #[arg(long, conflicts_with_all = ["degrade", "against", "csv", "worst"])]
    pub camera: bool,
    /// Sides of the face in camera pixels.
    #[arg(long, value_delimiter = ',', default_values_t = face8x_train::evaluate::SIDES, requires = "camera")]
    pub sides: Vec<f32>,
    /// The camera's noise in levels.
    #[arg(long, value_delimiter = ',', default_values_t = face8x_train::evaluate::NOISES, requires = "camera")]
    pub noises: Vec<f32>,
    /// Frames of which the final picture is made.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64), requires = "camera")]
    pub frames: u32,
    /// The camera works on its pixels as most do: it sharpens and smooths, leaves out colour and makes JPEGs.
    #[arg(long, requires = "camera")]
    pub processed: bool,
    /// The blur of the camera's optics in its pixels: 0.45 without it, and of cameras that work on their pixels
    /// 0.25 to 0.7.
    #[arg(long, value_name = "PIXELS", requires = "camera")]
    pub blur: Option<f32>,
    /// The blur of the optics in camera pixels that the final picture is made with; without it each face shows
    /// how much it is.
    #[arg(long, value_name = "PIXELS", requires = "camera")]
    pub optics: Option<f32>,
    /// A landmark network (.onnx) that aligns the faces anew where the detector misaligned them.
    #[arg(long, value_name = "FILE", requires = "camera")]
    pub landmarks: Option<PathBuf>,
    /// A face descriptor (.onnx, 1x3x150x150 levels of RGB): print the distance to the face, and the
    /// share of pictures that are nearest to their own face among all.
    #[arg(long, value_name = "FILE", requires = "camera")]
    pub identity: Option<PathBuf>,
    /// Only the first so many pictures.
    #[arg(long)]
    pub limit: Option<usize>,
    /// Of those, only the third with the lightest, middle or darkest skin, by its typology angle.
    #[arg(long, value_enum)]
    pub skin: Option<SkinName>,
    /// Of those, only the third that looks at the camera, is turned most, or lies between.
    #[arg(long, value_enum)]
    pub pose: Option<PoseName>,
    /// Heatmaps of the dataset, to measure the face's features by themselves; those in the
    /// dataset's folder, if there are any, without it.
    #[arg(long, value_name = "FILE")]
    pub heatmaps: Option<PathBuf>,
    /// Write each picture's figures to this file.
    #[arg(long)]
    pub csv: Option<PathBuf>,
    /// Draw the 24 worst faces to this .png file: LR, bicubic, restored, target.
    #[arg(long)]
    pub worst: Option<PathBuf>,
}

/// Measure a landmark network on a dataset.
#[derive(Debug, Args)]
pub struct EvaluateLandmarksArgs {
    /// An .onnx file, float or int8.
    pub model: PathBuf,
    /// A dataset's folder.
    pub dataset: PathBuf,
    /// Which pictures.
    #[arg(long, value_enum, default_value = "validation")]
    pub split: SplitName,
}

/// Write a network's inputs and outputs as raw tensors, to compare with another engine.
#[derive(Debug, Args)]
pub struct DumpArgs {
    /// An .onnx file, float or int8.
    pub model: PathBuf,
    /// The folder for inputs.u8 (Nx3x16x16) and outputs.u8 (Nx3x128x128); of a detector,
    /// inputs-HEIGHTxWIDTH.u8 and a file of floats for each output.
    #[arg(short, long)]
    pub output: PathBuf,
    /// The validation faces of this dataset, or for a detector of this CelebA folder; noise of
    /// every strength without one.
    #[arg(long)]
    pub dataset: Option<PathBuf>,
    /// Only so many.
    #[arg(long, default_value_t = 200)]
    pub limit: usize,
}

/// Measure how many pictures a second each step does on this machine.
#[derive(Debug, Args)]
pub struct TrainerBenchArgs {
    /// CelebA, or a folder of faces, as for `prepare`.
    pub source: PathBuf,
    /// Pictures to prepare.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..))]
    pub pictures: u32,
    /// Find the features by this YOLO-World network too.
    #[arg(long, value_name = "FILE")]
    pub yolo_world: Option<PathBuf>,
    /// The training to measure; that of the default network without it.
    #[cfg(feature = "train")]
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// What computes.
    #[cfg(feature = "train")]
    #[arg(long, default_value = face8x_train::train::DEVICES[0])]
    pub device: String,
    /// Seconds for loading, and for training.
    #[cfg(feature = "train")]
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    Train,
    Validation,
    Test,
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Split::Train,
            SplitName::Validation => Split::Validation,
            SplitName::Test => Split::Test,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SkinName {
    Light,
    Middle,
    Dark,
}

impl From<SkinName> for Third {
    fn from(name: SkinName) -> Self {
        match name {
            SkinName::Light => Third::First,
            SkinName::Middle => Third::Middle,
            SkinName::Dark => Third::Last,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PoseName {
    Frontal,
    Between,
    Turned,
}

impl From<PoseName> for Third {
    fn from(name: PoseName) -> Self {
        match name {
            PoseName::Frontal => Third::First,
            PoseName::Between => Third::Middle,
            PoseName::Turned => Third::Last,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlignmentName {
    Landmarks,
    Box,
}

impl From<AlignmentName> for Alignment {
    fn from(name: AlignmentName) -> Self {
        match name {
            AlignmentName::Landmarks => Alignment::Landmarks,
            AlignmentName::Box => Alignment::Box,
        }
    }
}

fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    text.split_once('/')
        .and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)))
        .filter(|&(part, parts)| 0 < part && part <= parts)
        .ok_or_else(|| "write it as 1/4, 2/4, ...".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        TrainerCli::command().debug_assert();
    }

    #[test]
    fn shards_count_from_one() {
        assert_eq!(parse_shard("2/3"), Ok((2, 3)));
        for bad in ["0/3", "4/3", "1", "a/b", "1/0", ""] {
            assert!(parse_shard(bad).is_err(), "{bad}");
        }
    }
}
