//! What a registry shows of a crate, and the oldest Rust that it promises.

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
    // What we promise, our dependencies must keep.
    let ours = metadata.ours().filter(|package| package.is_published);
    let Some(promised) = ours.map(|package| &package.rust_version).min() else {
        return;
    };
    for package in &metadata.packages {
        if newer(&package.rust_version, promised) {
            report.fail(format!(
                "{} {} needs Rust {:?}, and we promise {promised:?} (rust-version)",
                package.name, package.version, package.rust_version
            ));
        }
    }
}

/// Whether a version of Rust is newer than another; what is left out is zero.
fn newer(one: &[u32], other: &[u32]) -> bool {
    let part = |version: &[u32], at| version.get(at).copied().unwrap_or(0);
    let parts = |version| [0, 1, 2].map(|at| part(version, at));
    parts(one) > parts(other)
}

#[cfg(test)]
mod tests {
    use super::newer;

    #[test]
    fn versions_are_compared_by_number() {
        for (one, other, wanted) in [
            (&[1, 94][..], &[1, 94][..], false),
            (&[1, 94, 0], &[1, 94], false),
            (&[1, 94, 1], &[1, 94], true),
            (&[1, 100], &[1, 94], true),
            (&[1, 9], &[1, 94], false),
            (&[], &[1, 94], false),
        ] {
            assert_eq!(newer(one, other), wanted, "{one:?} {other:?}");
        }
    }
}
