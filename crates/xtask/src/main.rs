//! Chores of the repository, as `cargo xtask <command>`.

mod bench;
mod ci;
mod deny;
mod features;
mod metadata;
mod package;
mod plans;
mod process;
mod services;
mod sqlx_suite;
mod test;
mod tidy;

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// What every chore returns.
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Chores of the repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all tests, with throw-away PostgreSQL and MariaDB servers and a Chromium.
    Test(test::Options),
    /// Start the throw-away servers, print how to reach them, and wait for Ctrl-C.
    Servers,
    /// What the continuous integration runs: format, tidy, lints, licences, features, docs, test,
    /// package.
    Ci,
    /// Check what no compiler checks: arrows between crates, lengths of files and functions,
    /// symlinks, manifests, migrations, the corpus of plans, links in documents.
    Tidy,
    /// Check licences and sources of dependencies against deny.toml.
    Deny,
    /// Build the facade with each of its features alone, with none and with all.
    Features,
    /// Measure what recording costs, side by side with the same app without it.
    Bench(bench::Options),
    /// Pack every published crate and build it from the pack.
    Package,
    /// Pack or unpack the corpus of query plans.
    Plans {
        #[command(subcommand)]
        action: plans::Action,
    },
    /// Run sqlx's own published tests raw and through the instrumented pool, and compare.
    SqlxSuite(sqlx_suite::Options),
}

#[expect(clippy::print_stderr, reason = "a program says why it ends")]
fn main() -> ExitCode {
    if let Err(error) = process::stop_everything_when_asked_to_stop() {
        eprintln!("xtask: {error}");
        return ExitCode::FAILURE;
    }
    let done = match Cli::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Servers => test::servers(),
        Command::Ci => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Deny => deny::run(),
        Command::Features => features::run(),
        Command::Bench(options) => bench::run(&options),
        Command::Package => package::run(),
        Command::Plans { action } => plans::run(&action),
        Command::SqlxSuite(options) => sqlx_suite::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    // CARGO_MANIFEST_DIR is crates/xtask.
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// Says what is going on.
#[expect(
    clippy::print_stderr,
    reason = "progress belongs on a terminal, apart from test output"
)]
fn say(line: impl std::fmt::Display) {
    eprintln!("xtask: {line}");
}
