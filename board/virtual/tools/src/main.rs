//! The programs of the virtual board. `frames` runs on the host, the others in the guest.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use face8x_core::frame::monotonic_now;

mod camera;
mod control;
mod frames;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage:
  face8x-board frames DIR NUMBER          write frame NUMBER of the demo scene in every pixel format
  face8x-board camera DIR                 play a USB webcam that shows the frames in DIR
  face8x-board control DEVICE NAME [N]    set a V4L2 control by its name (a button needs no N)
  face8x-board stamp                      copy lines, each behind the seconds since the start";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["frames", folder, number] => number
            .parse()
            .map_err(Into::into)
            .and_then(|number| frames::write(Path::new(folder), number)),
        ["camera", folder] => camera::play(Path::new(folder)),
        ["control", device, name] => control::set(device, name, None),
        ["control", device, name, value] => control::set(device, name, Some(value)),
        ["stamp"] => stamp(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("face8x-board: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Copies standard input to standard output line by line, with the time of each.
fn stamp() -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        write!(out, "{:.3} ", monotonic_now().as_secs_f64())?;
        out.write_all(&line)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}
