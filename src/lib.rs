//! face8x turns the 16x16 pixels of a face that a cheap camera sees into a 128x128 picture, live,
//! on a low-power board with no network and no GPU.
//!
//! ```text
//!  capture ──> latest ──> convert ──> track ──> align ──> restore ──> compose ──> display
//!  (thread)   (newest     (luma)       ^        16x16     128x128     (canvas)    (sink)
//!             frame wins)    └──> face detector
//!                                 (own thread, own rate)
//! ```
//!
//! Three rules keep it straight: the newest frame wins (a slow stage skips frames, it never
//! queues them); nothing on the hot path allocates after the first frames; and the costly search
//! for faces never stands on that path.
//!
//! The picture is a plausible guess, never evidence of who somebody is.

use std::process::ExitCode;

use clap::Parser;

mod bench;
mod capture;
mod cli;
mod commands;
mod compose;
mod config;
mod display;
mod host;
#[doc(hidden)]
pub mod internals;
mod photo;
mod picture;
mod pipeline;
mod stats;
mod still;

use cli::{Cli, Command, RunArgs};
use face8x_core::{Error, Result};

/// The program: reads the command line, starts the log and runs a command.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(cli.verbose, cli.quiet);
    let result = match cli.command {
        None => commands::run(cli.run),
        Some(Command::Run(arguments)) => commands::run((*arguments).or(cli.run)),
        Some(_) if cli.run != RunArgs::default() => Err(Error::usage(
            "options of `run` stand before another command",
        )
        .remedy("write a command's own options behind it: `face8x image IN -o OUT --faces 2`")),
        Some(Command::Image(arguments)) => commands::image(arguments),
        Some(Command::Bench(arguments)) => commands::bench(*arguments),
        Some(Command::List) => commands::list(),
        Some(Command::Doctor(arguments)) => commands::doctor(arguments),
        Some(Command::TestPattern(arguments)) => commands::test_pattern(arguments),
        Some(Command::Man(arguments)) => commands::man(arguments),
        Some(Command::Completions(arguments)) => commands::completions(arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("face8x: {error}");
            if let Some(remedy) = error.remedy_text() {
                eprintln!("  remedy: {remedy}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Messages go to standard error: warnings and what was chosen by default, more with `-v`.
/// `RUST_LOG` overrides.
fn start_log(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (_, 0) => "warn,face8x=info",
        (_, 1) => "info,face8x=debug",
        _ => "debug,face8x=trace",
    };
    let environment = env_logger::Env::default().default_filter_or(level);
    env_logger::Builder::from_env(environment)
        .format(|out, record| {
            use std::io::Write;
            writeln!(
                out,
                "[{}] {}",
                record.level().as_str().to_lowercase(),
                record.args()
            )
        })
        .init();
}
