//! Version 3 of the body: version 2, and what else became known of queries, waits, transactions and
//! the end of a request.
//!
//! Frozen once released: a change of any struct here is a new version beside this one.

use serde::{Deserialize, Serialize};
use silk_core::{
    CallSite, Finding, Fingerprint, Holder, QueryError, QueryRecord, RequestDetail, Severity,
    TransactionEnd, record::AcceptedFinding,
};

use super::{
    column::{Column, after_gap, gap},
    stored::{DecodeError, MAX_PARTS, StoredDetail, TextRef},
    v2,
};

#[derive(Debug, Serialize, Deserialize)]
struct Wire {
    second: v2::Wire,
    queries: Option<Box<Queries>>,
    waits_not_kept: u64,
    transactions_not_kept: u64,
    longest_poll_started_us: Option<u64>,
    error_site: Option<Site>,
    holders: Vec<HolderV3>,
    /// Number of the transaction, whether it failed, and why.
    transactions: Vec<(u32, bool, Option<ErrorV3>)>,
}

/// A finding that the app accepts; a list of them follows the [`Wire`] where there are some.
#[derive(Debug, Serialize, Deserialize)]
struct AcceptedV3 {
    rule: String,
    severity: Severity,
    title: String,
    detail: String,
    remedy: Option<String>,
    call_site: Option<Site>,
    fingerprint: Option<u64>,
    query: Option<u32>,
    lost_us: Option<u64>,
    reason: String,
}

/// Code, message.
type ErrorV3 = (Option<String>, String);

/// Function, file, line.
type Site = (String, String, u32);

/// What queries have beyond version 1; left out where there is nothing of it.
#[derive(Debug, Serialize, Deserialize)]
struct Queries {
    /// Distance from the rows returned.
    rows_read: Column,
    /// 0 for none, else the number plus one.
    server_us: Column,
    is_past_pool: Column,
}

#[derive(Debug, Serialize, Deserialize)]
struct HolderV3 {
    /// Number of the wait.
    wait: u32,
    route: String,
    fingerprint: Option<u64>,
    normalized: Option<String>,
    call_site: Option<Site>,
    connections: u32,
    idle_in_transaction: u32,
    held_us: u64,
}

/// Writes the body into `buffer`.
pub(super) fn encode(
    detail: &RequestDetail,
    texts: &[TextRef],
    call_sites: &[u64],
    buffer: Vec<u8>,
) -> Vec<u8> {
    // Writing into a growing vector cannot fail; no struct here has a length that is not known.
    let body = postcard::to_extend(&Wire::new(detail, texts, call_sites), buffer);
    let body = body.unwrap_or_default();
    // Most requests have none, and then the body ends here.
    if detail.accepted.is_empty() {
        return body;
    }
    let accepted: Vec<AcceptedV3> = detail.accepted.iter().map(from_accepted).collect();
    postcard::to_extend(&accepted, body).unwrap_or_default()
}

impl Wire {
    fn new(detail: &RequestDetail, texts: &[TextRef], call_sites: &[u64]) -> Self {
        Self {
            second: v2::Wire::new(detail, texts, call_sites),
            queries: Queries::new(&detail.queries[..detail.queries.len().min(MAX_PARTS)]),
            waits_not_kept: detail.waits_not_kept,
            transactions_not_kept: detail.transactions_not_kept,
            longest_poll_started_us: detail.longest_poll_started_us,
            error_site: detail.error_site.clone().map(from_site),
            holders: (0_u32..)
                .zip(&detail.waits)
                .flat_map(|(at, wait)| {
                    wait.holders
                        .iter()
                        .map(move |holder| from_holder(at, holder))
                })
                .collect(),
            transactions: (0_u32..)
                .zip(&detail.transactions)
                .filter_map(|(at, transaction)| {
                    let is_failed = transaction.end == TransactionEnd::Failed;
                    let error = transaction.error.clone();
                    (is_failed || error.is_some()).then(|| {
                        (
                            at,
                            is_failed,
                            error.map(|error| (error.code, error.message)),
                        )
                    })
                })
                .collect(),
        }
    }
}

/// Reads a body.
pub(super) fn decode(body: &[u8]) -> Result<StoredDetail, DecodeError> {
    let (wire, rest): (Wire, _) = postcard::take_from_bytes(body)?;
    let has_accepted = !rest.is_empty();
    let (accepted, rest): (Vec<AcceptedV3>, _) = match rest {
        [] => (Vec::new(), rest),
        rest => postcard::take_from_bytes(rest)?,
    };
    // A list of none is never written.
    if !rest.is_empty() || (has_accepted && accepted.is_empty()) {
        return Err(DecodeError::Malformed("it goes on after its end"));
    }
    let mut stored = wire.second.into_detail()?;
    let detail = &mut stored.detail;
    if let Some(queries) = wire.queries {
        queries.put_into(&mut detail.queries)?;
    }
    detail.waits_not_kept = wire.waits_not_kept;
    detail.transactions_not_kept = wire.transactions_not_kept;
    detail.longest_poll_started_us = wire.longest_poll_started_us;
    detail.error_site = wire.error_site.map(to_site);
    for holder in wire.holders {
        let wait = usize::try_from(holder.wait)
            .ok()
            .and_then(|at| detail.waits.get_mut(at))
            .ok_or(DecodeError::Malformed("it tells of a wait that it has not"))?;
        wait.holders.push(to_holder(holder));
    }
    for (at, is_failed, error) in wire.transactions {
        let transaction = usize::try_from(at)
            .ok()
            .and_then(|at| detail.transactions.get_mut(at))
            .ok_or(DecodeError::Malformed("an error belongs to no transaction"))?;
        if is_failed {
            transaction.end = TransactionEnd::Failed;
        }
        transaction.error = error.map(|(code, message)| QueryError { code, message });
    }
    detail.accepted = accepted.into_iter().map(to_accepted).collect();
    Ok(stored)
}

impl Queries {
    fn new(queries: &[QueryRecord]) -> Option<Box<Self>> {
        let has_more = |query: &QueryRecord| {
            query.rows_read != query.rows_returned
                || query.server_us.is_some()
                || query.is_past_pool
        };
        queries.iter().any(has_more).then(|| {
            Box::new(Self {
                rows_read: Column::new(
                    queries
                        .iter()
                        .map(|query| gap(query.rows_returned, query.rows_read)),
                ),
                server_us: Column::new(
                    queries
                        .iter()
                        .map(|query| query.server_us.map_or(0, |us| us.saturating_add(1))),
                ),
                is_past_pool: Column::new(
                    queries.iter().map(|query| u64::from(query.is_past_pool)),
                ),
            })
        })
    }

    fn put_into(&self, queries: &mut [QueryRecord]) -> Result<(), DecodeError> {
        for column in [&self.rows_read, &self.server_us, &self.is_past_pool] {
            column.check(queries.len())?;
        }
        for (row, query) in queries.iter_mut().enumerate() {
            query.rows_read = after_gap(query.rows_returned, self.rows_read.get(row));
            query.server_us = self.server_us.get(row).checked_sub(1);
            query.is_past_pool = self.is_past_pool.get(row) == 1;
        }
        Ok(())
    }
}

fn from_site(site: CallSite) -> Site {
    (site.function, site.file, site.line)
}

fn to_site((function, file, line): Site) -> CallSite {
    CallSite {
        function,
        file,
        line,
    }
}

fn from_holder(wait: u32, holder: &Holder) -> HolderV3 {
    HolderV3 {
        wait,
        route: holder.route.clone(),
        fingerprint: holder.fingerprint.map(|fingerprint| fingerprint.0),
        normalized: holder.normalized.clone(),
        call_site: holder.call_site.clone().map(from_site),
        connections: holder.connections,
        idle_in_transaction: holder.idle_in_transaction,
        held_us: holder.held_us,
    }
}

fn to_holder(holder: HolderV3) -> Holder {
    Holder {
        route: holder.route,
        fingerprint: holder.fingerprint.map(Fingerprint),
        normalized: holder.normalized,
        call_site: holder.call_site.map(to_site),
        connections: holder.connections,
        idle_in_transaction: holder.idle_in_transaction,
        held_us: holder.held_us,
    }
}

fn from_accepted(accepted: &AcceptedFinding) -> AcceptedV3 {
    let AcceptedFinding { finding, reason } = accepted.clone();
    AcceptedV3 {
        rule: finding.rule,
        severity: finding.severity,
        title: finding.title,
        detail: finding.detail,
        remedy: finding.remedy,
        call_site: finding.call_site.map(from_site),
        fingerprint: finding.fingerprint.map(|fingerprint| fingerprint.0),
        query: finding.query,
        lost_us: finding.lost_us,
        reason,
    }
}

fn to_accepted(accepted: AcceptedV3) -> AcceptedFinding {
    AcceptedFinding {
        finding: Finding {
            rule: accepted.rule,
            severity: accepted.severity,
            title: accepted.title,
            detail: accepted.detail,
            remedy: accepted.remedy,
            call_site: accepted.call_site.map(to_site),
            fingerprint: accepted.fingerprint.map(Fingerprint),
            query: accepted.query,
            lost_us: accepted.lost_us,
        },
        reason: accepted.reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_no_part_is_refused() {
        let wire = || Wire::new(&RequestDetail::default(), &[], &[]);
        let is_read = |wire: &Wire| decode(&postcard::to_allocvec(wire).unwrap()).is_ok();
        assert!(is_read(&wire()));
        let holder = HolderV3 {
            wait: 0,
            route: String::new(),
            fingerprint: None,
            normalized: None,
            call_site: None,
            connections: 1,
            idle_in_transaction: 0,
            held_us: 1,
        };
        assert!(!is_read(&Wire {
            holders: vec![holder],
            ..wire()
        }));
        assert!(!is_read(&Wire {
            transactions: vec![(0, true, None)],
            ..wire()
        }));
    }
}
