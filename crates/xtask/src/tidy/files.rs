//! Lengths of files, symlinks, and words that have no place in the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Report;
use crate::{Result, process};

/// Lines of code (tests left out) that are worth a look, and that are too many.
const LONG: usize = 300;
const TOO_LONG: usize = 500;

/// Files that may be longer, each with the reason.
const MAY_BE_LONGER: &[(&str, &str)] = &[];

/// Links inside published crates to folders at the top, which `cargo package` follows.
const LINKS: [&str; 2] = [
    "crates/silk-store/migrations",
    "crates/silk-ui/ui-templates",
];

pub(super) fn check(root: &Path, report: &mut Report) -> Result {
    for link in LINKS {
        if !root.join(link).is_symlink() {
            report.fail(format!(
                "{link} must be a symlink; on Windows: git config core.symlinks true, and check out again"
            ));
        }
    }
    for file in tracked(root)? {
        let path = root.join(&file);
        if path.is_symlink() || !path.is_file() {
            continue;
        }
        let name = file.to_string_lossy();
        if name.ends_with(".rs") {
            check_length(&name, &fs::read_to_string(&path)?, report);
        }
    }
    Ok(())
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let mut git = std::process::Command::new("git");
    let list = process::run_quietly(git.args(["ls-files", "-z"]).current_dir(root))?;
    Ok(list
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect())
}

fn check_length(name: &str, text: &str, report: &mut Report) {
    // Test files may be as long as they need.
    if name.contains("/tests/") || name.ends_with("/tests.rs") {
        return;
    }
    let lines = text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .count();
    let may_be_longer = MAY_BE_LONGER.iter().any(|(file, _)| *file == name);
    if lines > TOO_LONG && !may_be_longer {
        report.fail(format!(
            "{name} has {lines} lines without its tests; {TOO_LONG} is the most"
        ));
    } else if lines > LONG && !may_be_longer {
        report.warn(format!(
            "{name} has {lines} lines without its tests; aim at {LONG}"
        ));
    }
    if lines <= LONG && may_be_longer {
        report.fail(format!(
            "{name} needs no place among the longer files any more"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, check_length};

    #[test]
    fn a_file_is_measured_without_its_tests() {
        let line = "let x = 1;\n";
        for (code, tests, failures, warnings) in [
            (300, 900, 0, 0),
            (301, 0, 0, 1),
            (500, 10, 0, 1),
            (501, 0, 1, 0),
        ] {
            let text = format!("{}#[cfg(test)]\n{}", line.repeat(code), line.repeat(tests));
            let mut report = Report::default();
            check_length("crates/x/src/a.rs", &text, &mut report);
            assert_eq!(
                (report.failures.len(), report.warnings.len()),
                (failures, warnings)
            );
        }
    }
}
