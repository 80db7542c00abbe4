//! `face8x-train`: prepares data for, evaluates and quantises the networks of face8x.

use std::process::ExitCode;

use clap::Parser;

mod bench;
mod cli;
mod commands;
mod console;

fn main() -> ExitCode {
    let arguments = cli::TrainerCli::parse();
    let level = if arguments.verbose {
        log::LevelFilter::Debug
    } else {
        log::LevelFilter::Info
    };
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Warn)
        .filter_module("face8x", level)
        .filter_module("face8x_train", level)
        .format_timestamp(None)
        .format_target(false)
        .init();
    match commands::run(&arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(remedy) = error.remedy_text() {
                eprintln!("  {remedy}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
