//! `cargo xtask package`: the published crates, packed and built from the packs.

use std::{env, fs, io, path::PathBuf};

use crate::{Result, metadata::Metadata, process};

/// Packs every published crate, and builds each from its pack.
///
/// All at once: one that depends on a sibling that is not yet published cannot be packed alone.
pub(crate) fn run() -> Result {
    forget_packs()?;
    process::run(process::cargo().args([
        "package",
        "--workspace",
        "--exclude",
        "xtask",
        "--exclude",
        "shapes",
        "--exclude",
        "weave",
        "--exclude",
        "plan-corpus",
        "--quiet",
    ]))
}

/// Removes what cargo unpacked and built of our crates before.
///
/// It knows packs by name, version and the folder they were made in: of another commit packed in
/// the same place it would take the siblings as they were then.
fn forget_packs() -> Result {
    let metadata = Metadata::read()?;
    let mut clean = process::cargo();
    clean.args(["clean", "--quiet"]);
    for package in metadata.ours() {
        clean.args(["--package", &package.name]);
    }
    process::run(&mut clean)?;
    let Some(sources) = registry_sources() else {
        return Ok(());
    };
    for registry in entries(&sources)? {
        for package in metadata.ours() {
            let unpacked = registry.join(format!("{}-{}", package.name, package.version));
            match fs::remove_dir_all(&unpacked) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Where cargo unpacks what it builds.
fn registry_sources() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))?;
    Some(home.join("registry").join("src"))
}

fn entries(folder: &PathBuf) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
