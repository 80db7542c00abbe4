//! The command line.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand};

use crate::Result;
use crate::bench::{BenchEngine, Model, Setup};
use crate::compose::Rotation;
use crate::config::{DetectorOptions, RestorerOptions, RunOptions, flags, values};

mod sections;
#[cfg(test)]
mod tests;

pub(crate) use sections::sections;

/// Shows a 16x16 face as 128x128, live, offline, on a small board.
///
/// The picture is a plausible guess, never evidence of who somebody is.
#[derive(Parser)]
#[command(name = "face8x", version, max_term_width = 100, after_help = sections::help("face8x"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
    /// Log more (twice: everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Log errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show the faces of a camera or another source, live (the default command)
    #[command(after_help = sections::help("run"))]
    Run(Box<RunArgs>),
    /// Restore the faces of picture files
    #[command(after_help = sections::help("image"))]
    Image(ImageArgs),
    /// List cameras and displays, and the valid sources, sinks, detectors, restorers and views; with -v the cameras' controls, too
    List,
    /// Measure this machine: each stage, end to end, start, memory, and what limits the figures
    #[command(after_help = sections::help("bench"))]
    Bench(Box<BenchArgs>),
    /// Look for problems on this machine, with remedies
    Doctor(DoctorArgs),
    /// Show a test pattern, to see whether a display is wired correctly and upright
    #[command(after_help = sections::help("test-pattern"))]
    TestPattern(TestPatternArgs),
    /// Write the manual pages
    #[command(after_help = sections::help("man"))]
    Man(ManArgs),
    /// Write completions for a shell
    #[command(after_help = sections::help("completions"))]
    Completions(CompletionsArgs),
}

/// The flags of `run` as they were given. They are laid over the configuration file, which may be read
/// more than once.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunArgs {
    pub config: Option<PathBuf>,
    flags: Vec<ArgMatches>,
}

#[derive(Args)]
struct ConfigArgs {
    /// Read options from a TOML file; flags have precedence
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl RunArgs {
    /// These flags laid over `others`.
    pub(crate) fn or(self, others: RunArgs) -> RunArgs {
        RunArgs {
            config: self.config.or(others.config),
            flags: [others.flags, self.flags].concat(),
        }
    }

    /// Whether none was given.
    pub(crate) fn is_empty(&self) -> bool {
        let options = RunOptions::augment_args(clap::Command::new("run"));
        let mut names = options.get_arguments().map(|flag| flag.get_id().as_str());
        self.config.is_none()
            && !names.any(|name| self.flags.iter().any(|flags| flags.contains_id(name)))
    }

    /// Reads the configuration file, if one is named, and lays the flags over it.
    ///
    /// # Errors
    /// Those of [`RunOptions::from_file`].
    pub(crate) fn options(&self) -> Result<RunOptions> {
        let mut options = match &self.config {
            Some(path) => RunOptions::from_file(path)?,
            None => RunOptions::with(&[])?,
        };
        for flags in &self.flags {
            options.update(flags)?;
        }
        options.check_together()?;
        Ok(options)
    }
}

impl Args for RunArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        flags::<RunOptions>(ConfigArgs::augment_args(command))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        RunArgs::augment_args(command)
    }
}

impl FromArgMatches for RunArgs {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<RunArgs, clap::Error> {
        Ok(RunArgs {
            config: ConfigArgs::from_arg_matches(matches)?.config,
            flags: vec![matches.clone()],
        })
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = RunArgs::from_arg_matches(matches)?.or(std::mem::take(self));
        Ok(())
    }
}

// A picture may show a crowd, and nobody waits for the next.
#[derive(Args)]
#[command(mut_arg("faces", |faces| faces
    .help("Restore at most this many faces, the largest first [default: all]")
    .value_parser(RangedU64ValueParser::<usize>::new().range(1..))
    .default_value("4294967295")
    .hide_default_value(true)))]
pub(crate) struct ImageArgs {
    /// Pictures (JPEG, PNG, WebP, GIF, BMP, TIFF, QOI) or folders of them
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// Read folders in folders too; results go to folders of the same names
    #[arg(short, long)]
    pub recursive: bool,
    /// A folder for the PNG files, or one .png file for one picture; not needed with --json
    #[arg(short, long, value_name = "OUT", required_unless_present = "json")]
    pub output: Option<PathBuf>,
    /// Print a JSON line for each picture: where its faces are, and what was written
    #[arg(long)]
    pub json: bool,
    /// Write camera pixels | 16x16 | restored from them | final picture beside each other
    #[arg(long, conflicts_with_all = ["paste_back"])]
    pub side_by_side: bool,
    /// Write the whole picture, enlarged at most 8 times, with its small faces replaced
    #[arg(long)]
    pub paste_back: bool,
    /// Mark restored faces as guesses: on, or off for prints; PNG files always say so in their comment
    #[arg(long, value_name = "ON|OFF", action = clap::ArgAction::Set, default_value = "on", value_parser = values::switch)]
    pub mark: bool,
    /// The pictures are aligned faces of 16x16 or 128x128 pixels: do not search them
    #[arg(long, conflicts_with_all = ["paste_back", "detector", "faces"])]
    pub aligned: bool,
    #[command(flatten)]
    pub detection: DetectorOptions,
    #[command(flatten)]
    pub restoration: RestorerOptions,
}

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Time the networks alone: 16x16 pixels in, 128x128 out
    #[arg(long)]
    pub model_only: bool,
    /// What restores: face8x, tract-int8, tract-f32, bicubic (face8x alone, with --model-only all
    /// that run a network)
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub engine: Vec<BenchEngine>,
    /// ONNX networks, one after the other; the embedded one is called embedded
    #[arg(
        long,
        value_name = "FILE,FILE",
        default_value = "embedded",
        value_delimiter = ','
    )]
    pub model: Vec<Model>,
    /// Threads of face8x's engine, one after the other (1; with --send also as many as the processor
    /// runs at once); tract's own operators run on one
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: Vec<u8>,
    /// A first look: 64 frames and 2 seconds instead of 1,024 and 60
    #[arg(long, conflicts_with = "model_only")]
    pub quick: bool,
    /// Measure for at least this long (60; with --quick 2; with --model-only 5, all engines together)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: Option<u64>,
    #[command(flatten)]
    pub setup: Setup,
    /// Write the results to this file as JSON, with every end-to-end time; times are in seconds. - is standard output, in place of the tables
    #[arg(long, value_name = "FILE")]
    pub export_json: Option<PathBuf>,
    /// Write the results to this file as CSV; times are in seconds
    #[arg(long, value_name = "FILE")]
    pub export_csv: Option<PathBuf>,
    /// Write the results to this file as Markdown; times are in milliseconds
    #[arg(long, value_name = "FILE")]
    pub export_markdown: Option<PathBuf>,
    /// Write the results as JSON to a file named after this board, and print where to send it; sends
    /// nothing
    #[arg(long, conflicts_with = "model_only")]
    pub send: bool,
    /// Print the ratios to the results in this file of --export-json, with their spread; with two files nothing is measured
    #[arg(long, value_names = ["OLD.json", "NEW.json"], num_args = 1..=2)]
    pub compare: Vec<PathBuf>,
    /// Draw a histogram of the latencies to this PNG file
    #[arg(long, value_name = "FILE.png", conflicts_with = "model_only")]
    pub histogram: Option<PathBuf>,
    /// What a measured process is given
    #[arg(long, value_name = "JOB", hide = true)]
    pub worker: Option<String>,
}

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Check this model file too
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct TestPatternArgs {
    /// Where it goes: auto, window, drm, fb, spi:PANEL, http:PORT, png:PATH, pipe:COMMAND, - or null
    #[arg(long, value_name = "SINK", default_value = "auto")]
    pub sink: String,
    /// Stop after this many pictures (the default goes on until it is stopped; 1 for png, test and null)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frames: Option<u64>,
    /// Rotate the picture clockwise: 0, 90, 180 or 270
    #[arg(long, value_name = "DEGREES", default_value = "0", value_parser = rotations())]
    pub rotate: Rotation,
}

#[derive(Args)]
pub(crate) struct ManArgs {
    /// A folder for the pages of all commands (face8x.1, face8x-run.1, ...); the default prints face8x.1
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// The angles by name, so that clap lists them where another is given.
fn rotations() -> impl TypedValueParser<Value = Rotation> {
    PossibleValuesParser::new(Rotation::ALL.map(Rotation::name)).try_map(|name| name.parse())
}
