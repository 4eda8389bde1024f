//! Which findings of a request and of a plan have one cause, so that only one of them is shown.

use silk_core::finding::rules::{COUNTS_EVERYTHING, LEADING_WILDCARD, NOT_IN_SUBQUERY};

/// Rules about a request, and rules about the plan of the same statement that say no more.
const TOLD_BY_REQUEST: [(&str, &str); 4] = [
    (LEADING_WILDCARD, "seq_scan_filters_most"),
    (LEADING_WILDCARD, "index_scan_filters_many"),
    (NOT_IN_SUBQUERY, "correlated_subquery"),
    (NOT_IN_SUBQUERY, "temp_io"),
];

/// Rules about a request, and rules about the plan of the same statement that say why.
const TOLD_BY_PLAN: [(&str, &str); 2] = [
    (COUNTS_EVERYTHING, "seq_scan_filters_most"),
    (COUNTS_EVERYTHING, "index_scan_filters_many"),
];

/// Whether a finding of a request says already what one about the plan of its statement says. A
/// rule of both goes by one name.
pub(super) fn is_told_by_request(request: &str, plan: &str) -> bool {
    request == plan || TOLD_BY_REQUEST.contains(&(request, plan))
}

/// Whether a finding about the plan of a statement says why, where one of the request says that.
pub(super) fn is_told_by_plan(request: &str, plan: &str) -> bool {
    TOLD_BY_PLAN.contains(&(request, plan))
}
