//! Which crate may know which.

use super::Report;
use crate::metadata::Metadata;

/// Crates of ours that a crate may depend on. Anything else is a change of design, made here.
const ARROWS: &[(&str, &[&str])] = &[
    ("silk-core", &[]),
    ("silk-plan", &["silk-core"]),
    ("silk-capture", &["silk-core", "silk-plan"]),
    ("silk-explain", &["silk-core", "silk-plan", "silk-capture"]),
    ("silk-store", &["silk-core"]),
    ("silk-ui", &["silk-core", "silk-plan"]),
    (
        "tower-silk",
        &[
            "silk-core",
            "silk-plan",
            "silk-capture",
            "silk-explain",
            "silk-store",
            "silk-ui",
        ],
    ),
    ("silk-cli", &["silk-core", "silk-store", "silk-ui"]),
    ("shapes", &["tower-silk"]),
    ("weave", &["tower-silk"]),
    ("plan-corpus", &[]),
    ("xtask", &["plan-corpus"]),
];

/// Dependencies that a room must never have: no I/O in the pure crates, no database in the pages.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "silk-core",
        &["tokio", "axum", "hyper", "sqlx", "sqlx-core", "reqwest"],
    ),
    (
        "silk-plan",
        &["tokio", "axum", "hyper", "sqlx", "sqlx-core", "reqwest"],
    ),
    (
        "silk-ui",
        &[
            "sqlx",
            "sqlx-core",
            "sqlx-postgres",
            "sqlx-mysql",
            "sqlx-sqlite",
        ],
    ),
];

pub(super) fn check(metadata: &Metadata, report: &mut Report) {
    let ours: Vec<&str> = metadata
        .ours()
        .map(|package| package.name.as_str())
        .collect();
    check_names(&ours, report);
    for package in metadata.ours() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            report.fail(format!(
                "{} has no line in the list of arrows",
                package.name
            ));
            continue;
        };
        let forbidden = FORBIDDEN
            .iter()
            .find(|(name, _)| *name == package.name)
            .map_or(&[][..], |(_, forbidden)| forbidden);
        for dependency in &package.dependencies {
            let dependency = dependency.as_str();
            let is_arrow = ours.contains(&dependency) && !allowed.contains(&dependency);
            if is_arrow || forbidden.contains(&dependency) {
                report.fail(format!("{} must not depend on {dependency}", package.name));
            }
        }
        let folder = package.manifest_path.rsplit('/').nth(1).unwrap_or_default();
        if folder != package.name {
            report.fail(format!("the folder of {} is called {folder}", package.name));
        }
    }
}

/// A line about a crate that is not there guards nothing.
fn check_names(ours: &[&str], report: &mut Report) {
    let named = ARROWS.iter().chain(FORBIDDEN).map(|(name, _)| *name);
    for name in named.filter(|name| !ours.contains(name)) {
        report.fail(format!(
            "the list of arrows names {name}, which is no crate"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_of_the_list_that_is_not_there_fails() {
        let there: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
        let mut report = Report::default();
        check_names(&there, &mut report);
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        let without = there.get(1..).unwrap();
        check_names(without, &mut report);
        assert!(
            report
                .failures
                .iter()
                .all(|failure| failure.contains("silk-core"))
        );
        assert!(!report.failures.is_empty());
    }
}
