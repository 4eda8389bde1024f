//! Findings that are followed, with what was said of them last.

use super::Intern;
use crate::stats::{FindingKey, Said};

impl Intern {
    /// The number of a route's finding and what the file says of it, if that is remembered.
    pub(in super::super) fn finding(
        &mut self,
        route: i64,
        finding: &FindingKey,
    ) -> Option<&mut (i64, Said)> {
        self.findings.get_mut(&route)?.get_mut(finding)
    }

    /// Remembers them.
    pub(in super::super) fn add_finding(
        &mut self,
        route: i64,
        finding: &FindingKey,
        id: i64,
        said: &Said,
    ) {
        let of_route = self.findings.entry(route).or_default();
        of_route.insert(finding.clone(), (id, said.clone()));
    }
}
