//! The `face8x` program: reads the command line, starts the log, runs a command.

use std::process::ExitCode;

use clap::Parser;

mod cli;
mod commands;

use cli::{Cli, Command, RunArgs};
use face8x::Error;

fn main() -> ExitCode {
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
