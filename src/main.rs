//! The `face8x` program; see the library crate of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    face8x::main()
}
