//! Checks that no compiler makes.

mod arrows;
mod documents;
mod exceptions;
mod files;
mod floors;
mod manifests;
mod migrations;
mod paths;
mod plans;
mod rings;
mod rooms;
mod source;

use std::path::Path;

use crate::{Result, metadata::Metadata, root, say};

/// What the checks found.
#[derive(Debug, Default)]
struct Report {
    failures: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    fn fail(&mut self, what: impl Into<String>) {
        self.failures.push(what.into());
    }

    fn warn(&mut self, what: impl Into<String>) {
        self.warnings.push(what.into());
    }
}

/// Runs all checks and prints everything that is wrong, not only the first of it.
pub(crate) fn run() -> Result {
    let report = check(&root())?;
    for warning in &report.warnings {
        say(format_args!("tidy: {warning} (a warning)"));
    }
    for failure in &report.failures {
        say(format_args!("tidy: {failure}"));
    }
    match report.failures.len() {
        0 => Ok(()),
        failures => Err(format!("tidy: {failures} to mend").into()),
    }
}

fn check(root: &Path) -> Result<Report> {
    let mut report = Report::default();
    let metadata = Metadata::read()?;
    arrows::check(&metadata, &mut report);
    rooms::check(root, &mut report)?;
    rings::check(root, &mut report)?;
    manifests::check(&metadata, &mut report);
    files::check(root, &mut report)?;
    migrations::check(root, &mut report)?;
    plans::check(&mut report)?;
    documents::check(root, &mut report)?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let report = super::check(&crate::root()).unwrap();
        assert!(report.failures.is_empty(), "{:#?}", report.failures);
    }
}
