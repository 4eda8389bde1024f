//! Rules about one request.

mod connection_wait;
mod repeated_statement;
mod words;

use crate::{Finding, RequestRecord};

/// Name of the rule about a statement that runs again and again from one place.
pub const REPEATED_STATEMENT: &str = "repeated_statement";
/// Name of the rule about a request that waits for a connection of the pool.
pub const CONNECTION_WAIT: &str = "connection_wait";

/// Everything the rules remark on a request, what costs most first.
#[must_use]
pub fn find(record: &RequestRecord) -> Vec<Finding> {
    let total_us = record.summary.times.total_us;
    let mut findings: Vec<Finding> = record
        .statements
        .iter()
        .filter_map(|statement| repeated_statement::find(statement, total_us))
        .chain(connection_wait::find(
            &record.summary.times,
            &record.detail.waits,
        ))
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.lost_us));
    findings
}
