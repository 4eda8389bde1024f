//! The program `silk`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(silk_cli::run().code())
}
