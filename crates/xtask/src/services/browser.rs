//! A Chromium with its driver, and the accessibility checker.

use std::{fs, path::PathBuf, process::Command};

use super::require;
use crate::{Result, process, root};

/// The accessibility checker that the browser tests put into every page.
const AXE_VERSION: &str = "4.14.1";

/// Where the browser, its remote control and the accessibility checker are.
#[derive(Debug)]
pub(crate) struct Browser {
    /// Chromium.
    pub(crate) chromium: PathBuf,
    /// Its remote control (WebDriver).
    pub(crate) chromedriver: PathBuf,
    /// `axe.min.js`.
    pub(crate) axe: PathBuf,
}

impl Browser {
    /// Finds them; axe-core is fetched from npm once and kept below `target`.
    pub(crate) fn find() -> Result<Self> {
        Ok(Self {
            chromium: require("chromium")?,
            chromedriver: require("chromedriver")?,
            axe: axe()?,
        })
    }
}

fn axe() -> Result<PathBuf> {
    let folder = root()
        .join("target")
        .join("xtask")
        .join(format!("axe-core-{AXE_VERSION}"));
    let file = folder.join("package").join("axe.min.js");
    if !file.is_file() {
        fs::create_dir_all(&folder)?;
        process::run_quietly(
            Command::new(require("npm")?)
                .args(["pack", "--silent", &format!("axe-core@{AXE_VERSION}")])
                .current_dir(&folder),
        )?;
        process::run_quietly(
            Command::new(require("tar")?)
                .args([
                    "-xzf",
                    &format!("axe-core-{AXE_VERSION}.tgz"),
                    "package/axe.min.js",
                ])
                .current_dir(&folder),
        )?;
    }
    Ok(file)
}
