//! One function a command; everything that is printed is printed here.

mod bench;
mod console;
mod generate;
mod image;
mod look;
mod run;

use bench::bench;
use generate::{completions, man};
use image::image;
use look::{doctor, list, test_pattern};
use run::run;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use clap::Parser;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cli::{Cli, Command};
use crate::config;
use crate::{Error, Result};

/// The program: reads the command line, starts the log and runs a command.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    start_log(cli.verbose, cli.quiet);
    let result = match cli.command {
        None => run(cli.run),
        Some(Command::Run(arguments)) => run((*arguments).or(cli.run)),
        Some(_) if !cli.run.is_empty() => Err(Error::usage(
            "options of `run` stand before another command",
        )
        .remedy("write a command's own options behind it: `face8x image IN -o OUT --faces 2`")),
        Some(Command::Image(arguments)) => image(arguments),
        Some(Command::Bench(arguments)) => bench(*arguments),
        Some(Command::List) => list(cli.verbose > 0),
        Some(Command::Doctor(arguments)) => doctor(arguments),
        Some(Command::TestPattern(arguments)) => test_pattern(arguments),
        Some(Command::Man(arguments)) => man(arguments),
        Some(Command::Completions(arguments)) => completions(arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Prints what is wrong with the command line, or the help or version that it asks for.
fn usage(error: &clap::Error) -> ExitCode {
    if std::error::Error::source(error).is_some() {
        return fail(&config::error_of(error));
    }
    if error.use_stderr() {
        // Where standard error fails there is nowhere left to say so.
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.render();
    let printed = match std::io::stdout().is_terminal() {
        true => console::print(text.ansi()),
        false => console::print(text),
    };
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Prints an error and its remedy.
fn fail(error: &Error) -> ExitCode {
    console::eprint_error("face8x", error);
    ExitCode::from(error.exit_code())
}

/// Messages go to standard error: warnings and what was chosen by default, more with `-v`.
/// `RUST_LOG` overrides. They have the time in front where somebody reads them later.
fn start_log(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (_, 0) => "warn,face8x=info",
        (_, 1) => "info,face8x=debug",
        _ => "debug,face8x=trace",
    };
    let environment = env_logger::Env::default().default_filter_or(level);
    let with_time = !std::io::stderr().is_terminal() && !journal_reads_stderr();
    env_logger::Builder::from_env(environment)
        .format(move |out, record| {
            use std::io::Write;
            if with_time {
                let now = humantime::format_rfc3339_seconds(SystemTime::now());
                write!(out, "{now} ")?;
            }
            writeln!(
                out,
                "[{}] {}",
                record.level().as_str().to_lowercase(),
                record.args()
            )
        })
        .init();
}

/// Whether standard error goes to the journal, which adds the time itself: systemd names the stream by
/// its device and inode (systemd.exec(5), `$JOURNAL_STREAM`).
fn journal_reads_stderr() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    rustix::fs::fstat(rustix::stdio::stderr())
        .is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// A flag that SIGINT and SIGTERM set; the second of them ends the process at once.
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|e| Error::io("cannot listen to stop signals", e))?;
    }
    Ok(stop)
}

/// Lets SIGHUP set `flag`.
fn flag_on_hangup(flag: &Arc<AtomicBool>) -> Result<()> {
    signal_hook::flag::register(SIGHUP, Arc::clone(flag))
        .map(drop)
        .map_err(|e| Error::io("cannot listen to SIGHUP", e))
}
