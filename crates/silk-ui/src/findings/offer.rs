//! What is offered to be copied: the index to make, or the query to run instead.

use std::time::Duration;

use silk_core::{DatabaseKind, RequestRecord, finding::rules};
use silk_plan::PlanFinding;
use tokio::time::Instant;

use super::{RequestFinding, executions};
use crate::{
    context::Here,
    draw::fix::fix,
    held::indexes::Answer,
    plans::indexes::{self, with_semicolon},
};

/// How long a page waits in sum for what databases say of indexes: it is worth showing without, and
/// finds the answer the next time.
const TIMEOUT: Duration = Duration::from_millis(400);
/// Findings that are given what to do as SQL.
const MAX_OFFERS: usize = 3;

/// Rules that tell why a request failed.
pub(crate) const FAILURES: [&str; 2] = ["failed_query", "panic"];

/// Rules about plans that an index may be the answer to.
pub(crate) const INDEX_WOULD_DO: [&str; 9] = [
    "sorts_all_for_first_rows",
    "full_scan",
    "automatic_index",
    "seq_scan_filters_most",
    "index_scan_filters_many",
    "nested_loop_repeats",
    "limit_walks_wrong_index",
    "or_blocks_index",
    "sort_on_disk",
];

/// SQL to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The index to make.
    Index {
        sql: String,
        /// Why it is not proved that the database would use it; `None` if it is proved.
        unproved: Option<Unproved>,
    },
    /// One query in place of many.
    Query {
        sql: String,
        rust: String,
        kind: DatabaseKind,
    },
    /// The database is being asked for the index.
    Asked,
}

/// Why an index is not proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unproved {
    /// The database is being asked.
    Asked,
    /// Nobody could try it; how to have that done, where somebody knows.
    NotTried(Option<String>),
}

impl Offer {
    /// The index that the rule about the plan names.
    pub(crate) fn suggested(finding: &PlanFinding) -> Option<Self> {
        let statement = &finding.index.as_ref()?.statement;
        Some(Self::Index {
            sql: with_semicolon(statement),
            unproved: Some(Unproved::NotTried(None)),
        })
    }
}

/// Adds SQL to copy to the first findings.
pub(super) async fn add(here: &Here, record: &RequestRecord, findings: &mut [RequestFinding]) {
    let until = Instant::now() + TIMEOUT;
    let mut asked = Vec::new();
    for finding in findings.iter_mut().take(MAX_OFFERS) {
        let Some(fingerprint) = finding.fingerprint.filter(|_| finding.is_of_its_time()) else {
            continue;
        };
        let queries = executions(record, fingerprint);
        let slowest = queries.iter().max_by_key(|query| query.duration_us);
        let Some((query, text)) = slowest.and_then(|query| {
            let text = usize::try_from(query.text).ok()?;
            Some((*query, record.detail.texts.get(text)?))
        }) else {
            continue;
        };
        if finding.rule == rules::REPEATED_STATEMENT {
            finding.offer = fix(record, &queries).map(|fix| Offer::Query {
                sql: fix.sql,
                rust: fix.rust,
                kind: text.database.kind,
            });
        } else if INDEX_WOULD_DO.contains(&&*finding.rule) && !asked.contains(&fingerprint) {
            // One index a statement: it is the answer to the first finding that it fits.
            asked.push(fingerprint);
            let answer = indexes::of(here, query, text, until).await;
            finding.offer = given(answer, finding.offer.take());
        }
    }
}

/// The offer: the database's answer, else the index that the rule suggested.
pub(crate) fn given(answer: Answer, suggested: Option<Offer>) -> Option<Offer> {
    match (answer, suggested) {
        (Answer::Index(index), _) => Some(Offer::Index {
            sql: index.sql.clone(),
            unproved: index
                .unproved
                .clone()
                .map(|how| Unproved::NotTried(Some(how))),
        }),
        (Answer::Asked, Some(Offer::Index { sql, .. })) => Some(Offer::Index {
            sql,
            unproved: Some(Unproved::Asked),
        }),
        (Answer::Asked, _) => Some(Offer::Asked),
        (Answer::None, suggested) => suggested,
    }
}
