use crate::{Result, process};

/// Packs every published crate, and builds each from its pack.
///
/// All at once: one that depends on a sibling that is not yet published cannot be packed alone.
pub(crate) fn run() -> Result {
    process::run(process::cargo().args([
        "package",
        "--workspace",
        "--exclude",
        "xtask",
        "--exclude",
        "weave",
        "--quiet",
    ]))
}
