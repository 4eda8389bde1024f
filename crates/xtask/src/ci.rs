//! `cargo xtask ci`: everything that must hold before a change is taken.

use std::time::Instant;

use crate::{Result, deny, features, package, process, say, test, tidy};

/// Any number does; another one tries other cases.
const SEED: u64 = 1;

/// Everything that must hold before a change is taken.
pub(crate) fn run() -> Result {
    let started = Instant::now();
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run()?;
    process::run(process::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    deny::run()?;
    features::run()?;
    process::run(
        process::cargo()
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    // A change is judged by the same cases each time; `cargo test` goes on looking for new ones.
    test::run(&test::Options::seeded(SEED))?;
    package::run()?;
    say(format_args!(
        "all is well, after {} s",
        started.elapsed().as_secs()
    ));
    Ok(())
}
