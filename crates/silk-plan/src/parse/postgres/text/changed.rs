//! Plans that lost the form that PostgreSQL prints them in.

use crate::PlanError;

/// Where lines were not parted, set off or framed as PostgreSQL prints them, any tree would be a
/// guess.
pub(super) const fn changed(what: &'static str) -> PlanError {
    PlanError::Other {
        what,
        instead: "copy it as the database prints it, or use FORMAT JSON",
    }
}

/// Whether a line has the figures of two nodes, with an arrow between them.
pub(super) fn are_joined(line: &str) -> bool {
    ["(cost=", "(actual "].iter().any(|figures| {
        let mut parts = line.split(figures).skip(1);
        let first = parts.next();
        first.is_some_and(|part| part.contains("->  ")) && parts.next().is_some()
    })
}
