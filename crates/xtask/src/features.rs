//! `cargo xtask features`: the facade with each of its features alone, with none, and with all.
//!
//! The other crates are built with it: each of their features is switched on by one of the
//! facade's, but for `testing` of `silk-core` and `silk-store`, which only our own tests switch on.
//! Pairs of features are left to cargo-hack, in the workflow.

use std::collections::BTreeSet;

use crate::{Result, metadata::Metadata, process, say};

/// The crate that apps depend on.
const FACADE: &str = "tower-silk";

/// Builds every combination with warnings denied.
pub(crate) fn run() -> Result {
    let metadata = Metadata::read()?;
    let facade = metadata.ours().find(|package| package.name == FACADE);
    let features: Vec<&str> = facade.ok_or("the facade is gone")?.features().collect();
    let mut sets: BTreeSet<String> = features.iter().map(|&name| name.to_owned()).collect();
    sets.extend([String::new(), features.join(",")]);
    for set in sets {
        say(format_args!("{FACADE} with the features `{set}`"));
        process::run(
            process::cargo()
                .args(["clippy", "--quiet", "--package", FACADE])
                .args(["--no-default-features", "--features", &set])
                .args(["--", "--deny", "warnings"]),
        )?;
    }
    Ok(())
}
