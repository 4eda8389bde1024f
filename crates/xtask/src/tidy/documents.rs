//! Documents name only what is there: links, and paths into the repository.

use std::{fs, path::Path};

use super::Report;
use crate::{Result, process};

/// Documents that name files in text too, not only in links: paths below the root or below `crates`.
const MAPS: [&str; 2] = ["ARCHITECTURE.md", "CONTRIBUTING.md"];

pub(super) fn check(root: &Path, report: &mut Report) -> Result {
    let mut git = std::process::Command::new("git");
    let list = process::run_quietly(git.args(["ls-files", "*.md"]).current_dir(root))?;
    for name in list.lines() {
        let file = root.join(name);
        if file.is_symlink() {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        let folder = file.parent().unwrap_or(root);
        for link in links(&text) {
            if !folder.join(link).exists() {
                report.fail(format!("{name} links to {link}, which is not there"));
            }
        }
        if MAPS.contains(&name) {
            let crates = root.join("crates");
            for path in paths(&text) {
                if !root.join(path).exists() && !crates.join(path).exists() {
                    report.fail(format!("{name} names {path}, which is not there"));
                }
            }
        }
    }
    Ok(())
}

/// Files that links lead to; addresses and places within the page are left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|link| link.split('#').next().unwrap_or_default())
        .filter(|link| !link.is_empty() && !link.contains("://"))
}

/// Paths that begin with a folder of the repository or of a crate, as `silk-core/src/vitals.rs`.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .map(|quoted| quoted.split(':').next().unwrap_or_default())
        .filter(|path| {
            let (first, _) = path.split_once('/').unwrap_or_default();
            let is_ours = ["silk-", "tower-silk", "xtask", "plan-corpus"]
                .iter()
                .any(|start| first.starts_with(start))
                || ["crates", "docs", "examples", "migrations", "ui-templates"].contains(&first);
            // A pattern stands for several files, and NAME for one that is to come.
            is_ours
                && !path.contains(['*', '{', '…', ' '])
                && !path.contains("NAME")
                && !path.contains("SOURCE")
        })
}

#[cfg(test)]
mod tests {
    use super::{links, paths};

    #[test]
    fn links_to_files_are_found() {
        let text = "[a](docs/a.md#part) ![b](b.png), [c](https://x.y/z) [d](#here) `[e]`";
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/a.md", "b.png"]);
    }

    #[test]
    fn paths_in_text_are_found() {
        let text = "`silk-core/src/a.rs: test` and `sqlite/own/` and `silk-ui/src/pages/NAME.rs`, \
                    `crates/*/src`, `silk-store/tests/{a,b}.rs`; `docs/x.md` `GET /requests`";
        assert_eq!(
            paths(text).collect::<Vec<_>>(),
            ["silk-core/src/a.rs", "docs/x.md"]
        );
    }
}
