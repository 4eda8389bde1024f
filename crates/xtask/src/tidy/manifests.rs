//! What a registry shows of a crate.

use super::Report;
use crate::metadata::Metadata;

const FIELDS: [&str; 6] = [
    "description",
    "license",
    "repository",
    "keywords",
    "categories",
    "rust_version",
];

pub(super) fn check(metadata: &Metadata, report: &mut Report) {
    for package in metadata.ours().filter(|package| package.is_published) {
        for field in FIELDS.into_iter().filter(|field| !package.has(field)) {
            report.fail(format!("{} is published but has no {field}", package.name));
        }
    }
}
