//! Findings that the app accepts, folded on the page of the request.

use silk_core::RequestDetail;

use crate::draw::{format::cut, names::rule_name};

/// Rule, what was seen, and why it is accepted.
pub(super) fn accepted(detail: &RequestDetail) -> Vec<(String, String, String)> {
    let accepted = detail.accepted.iter();
    accepted
        .map(|one| {
            (
                rule_name(&one.finding.rule),
                cut(&one.finding.title, 300),
                cut(&one.reason, 300),
            )
        })
        .collect()
}
