//! Rules about one request.
//!
//! Each rule is a file: what it names, how it tells it, from what on, what it would be wrong about
//! and stays silent on. They see the record alone, on the writer's thread; nothing here runs on the
//! app's.

mod abandoned_query;
mod blocked_executor;
mod built_sql;
mod cache_misses;
mod conflict;
mod connection_wait;
mod counts_everything;
mod deep_offset;
mod failed_query;
mod foreign_wait;
mod idle_in_transaction;
mod leading_wildcard;
mod not_in_subquery;
mod panic;
mod repeated_statement;
mod rows_unread;
mod same_query;
mod serial_queries;
mod slow_query;
mod small_writes;
mod too_many_queries;
mod unbounded_result;

use super::{
    Thresholds,
    facts::{Facts, Group, ended_us},
};
use crate::{Finding, QueryRecord, RequestRecord, Severity};

/// A rule about requests, as lists and filters name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The name that is stored, and used in addresses and the API.
    pub name: &'static str,
    /// What pages call it.
    pub label: &'static str,
    /// What it is about, in one sentence.
    pub about: &'static str,
}

/// A query that runs again and again with other values, the "N+1".
pub const REPEATED_STATEMENT: &str = "repeated_statement";
/// A query that runs again and again with the same values.
pub const SAME_QUERY: &str = "same_query";
/// Writes of one row each, in a loop.
pub const SMALL_WRITES: &str = "small_writes";
/// A query that takes long by itself.
pub const SLOW_QUERY: &str = "slow_query";
/// Independent queries, one after the other.
pub const SERIAL_QUERIES: &str = "serial_queries";
/// One row was asked for and many were read.
pub const ROWS_UNREAD: &str = "rows_unread";
/// A query that the app abandoned while it ran.
pub const ABANDONED_QUERY: &str = "abandoned_query";
/// A page far back, reached by OFFSET.
pub const DEEP_OFFSET: &str = "deep_offset";
/// An exact count of many rows.
pub const COUNTS_EVERYTHING: &str = "counts_everything";
/// LIKE with a pattern that begins with a wildcard.
pub const LEADING_WILDCARD: &str = "leading_wildcard";
/// NOT IN with a subquery, in a query that is slow.
pub const NOT_IN_SUBQUERY: &str = "not_in_subquery";
/// Many rows, fetched by a query without LIMIT.
pub const UNBOUNDED_RESULT: &str = "unbounded_result";
/// Very many queries, none of them a loop.
pub const TOO_MANY_QUERIES: &str = "too_many_queries";
/// SQL with values written into the text.
pub const BUILT_SQL: &str = "built_sql";
/// A request that waits for a connection of the pool.
pub const CONNECTION_WAIT: &str = "connection_wait";
/// A transaction that is held open while nothing runs on it.
pub const IDLE_IN_TRANSACTION: &str = "idle_in_transaction";
/// A transaction that is held open while the app waits for another service.
pub const FOREIGN_WAIT: &str = "foreign_wait";
/// A cache that answers few of its look-ups.
pub const CACHE_MISSES: &str = "cache_misses";
/// A poll that keeps a thread of the executor for itself.
pub const BLOCKED_EXECUTOR: &str = "blocked_executor";
/// A query, or the end of a transaction, that failed.
pub const FAILED_QUERY: &str = "failed_query";
/// A panic in the handler or body.
pub const PANIC: &str = "panic";

/// All rules about requests: name, label, and what each is about.
pub const RULES: &[Rule] = &[
    Rule {
        name: PANIC,
        label: "panic",
        about: "The handler or the body panicked.",
    },
    Rule {
        name: FAILED_QUERY,
        label: "failed query",
        about: "A query, or the end of a transaction, failed.",
    },
    Rule {
        name: REPEATED_STATEMENT,
        label: "N+1 query",
        about: "One query runs again and again with different values.",
    },
    Rule {
        name: SAME_QUERY,
        label: "same query again",
        about: "One query runs again and again with the same values.",
    },
    Rule {
        name: SMALL_WRITES,
        label: "many small writes",
        about: "One row is written at a time, in a loop.",
    },
    Rule {
        name: SLOW_QUERY,
        label: "slow query",
        about: "A single query takes long.",
    },
    Rule {
        name: DEEP_OFFSET,
        label: "deep offset",
        about: "Rows are read only to be skipped by OFFSET.",
    },
    Rule {
        name: COUNTS_EVERYTHING,
        label: "exact count",
        about: "Many rows are counted one by one.",
    },
    Rule {
        name: LEADING_WILDCARD,
        label: "leading wildcard",
        about: "LIKE begins with a wildcard, so no ordinary index helps.",
    },
    Rule {
        name: NOT_IN_SUBQUERY,
        label: "NOT IN subquery",
        about: "A slow query asks by NOT IN with a subquery, which cannot become a join.",
    },
    Rule {
        name: UNBOUNDED_RESULT,
        label: "unbounded result",
        about: "A query without LIMIT returns very many rows.",
    },
    Rule {
        name: TOO_MANY_QUERIES,
        label: "too many queries",
        about: "A request runs very many queries, none of them a loop.",
    },
    Rule {
        name: SERIAL_QUERIES,
        label: "queries in a row",
        about: "Independent queries wait for each other.",
    },
    Rule {
        name: ROWS_UNREAD,
        label: "rows read for one",
        about: "One row was asked for and many were read.",
    },
    Rule {
        name: ABANDONED_QUERY,
        label: "abandoned query",
        about: "A query was let go while it ran, and holds its connection.",
    },
    Rule {
        name: BUILT_SQL,
        label: "SQL built by string",
        about: "Values are written into the text instead of being bound.",
    },
    Rule {
        name: CONNECTION_WAIT,
        label: "connection wait",
        about: "The request waits for a connection of the pool.",
    },
    Rule {
        name: IDLE_IN_TRANSACTION,
        label: "idle in transaction",
        about: "A transaction is held open while nothing runs on it.",
    },
    Rule {
        name: FOREIGN_WAIT,
        label: "foreign wait",
        about: "A transaction is held open while the app waits for another service.",
    },
    Rule {
        name: CACHE_MISSES,
        label: "cache misses",
        about: "A cache answers few of its look-ups.",
    },
    Rule {
        name: BLOCKED_EXECUTOR,
        label: "blocked executor",
        about: "Code runs long without an await; other requests wait.",
    },
];

/// Rules that speak from some time on. What they find differs from machine to machine, so tests of
/// apps leave them out unless they ask for them.
pub const TIMED: &[&str] = &[
    ABANDONED_QUERY,
    BLOCKED_EXECUTOR,
    CONNECTION_WAIT,
    COUNTS_EVERYTHING,
    DEEP_OFFSET,
    FOREIGN_WAIT,
    IDLE_IN_TRANSACTION,
    LEADING_WILDCARD,
    NOT_IN_SUBQUERY,
    SERIAL_QUERIES,
    SLOW_QUERY,
];

/// The rule of this name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Everything the rules remark on a request: why it failed first, then what cost most.
///
/// `identities` has one number for each query of the record, equal where text, bound values and
/// settings of the session are; none if the values of a query were not captured. It is given
/// apart because values may be redacted in the record, and secrets that differ look alike there.
#[must_use]
pub fn find(
    record: &RequestRecord,
    identities: &[Option<u64>],
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let facts = Facts::new(record, identities, thresholds);
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(panic::find(&facts));
    findings.extend(failed_query::find(&facts));
    for group in &facts.groups {
        findings.extend(repeated_statement::find(&facts, group));
        findings.extend(same_query::find(&facts, group));
        findings.extend(small_writes::find(&facts, group));
        findings.extend(built_sql::find(&facts, group));
    }
    for group in &facts.groups {
        findings.extend(of_text(&facts, group, &findings));
    }
    findings.extend(slow_query::find(&facts, &findings));
    findings.extend(serial_queries::find(&facts));
    findings.extend(rows_unread::find(&facts));
    findings.extend(abandoned_query::find(&facts));
    findings.extend(too_many_queries::find(&facts, &findings));
    findings.extend(connection_wait::find(&facts));
    findings.extend(of_idle_transactions(&facts));
    findings.extend(cache_misses::find(&facts));
    findings.extend(blocked_executor::find(&facts).filter(|_| !is_by_rows(&facts, &findings)));
    // Stable, so that of equals the rule that comes first stays first.
    findings.sort_by_key(|finding| {
        let is_cause_of_failure = finding.severity == Severity::Critical
            && matches!(&*finding.rule, PANIC | FAILED_QUERY);
        std::cmp::Reverse((is_cause_of_failure, finding.lost_us))
    });
    findings
}

/// What is wrong with how a statement is written: one finding, the most specific one, where none
/// tells its time already.
fn of_text<'a>(facts: &Facts<'a>, group: &Group<'a>, found: &[Finding]) -> Option<Finding> {
    let outline = &group.outline;
    let may_be = outline.has_costly(facts.thresholds) || outline.has_many_rows(facts.thresholds);
    if !may_be || is_told(found, group) {
        return None;
    }
    leading_wildcard::find(facts, group)
        .or_else(|| not_in_subquery::find(facts, group))
        .or_else(|| deep_offset::find(facts, group))
        .or_else(|| counts_everything::find(facts, group))
        .or_else(|| unbounded_result::find(facts, group))
}

/// Whether a finding tells already where the time of these queries went.
fn is_told(found: &[Finding], group: &Group<'_>) -> bool {
    let mut others = found.iter();
    others.any(|other| other.lost_us.is_some() && other.fingerprint == Some(group.fingerprint()))
}

/// Whether the longest poll was for the most part the reading of rows that a finding names as too
/// many.
fn is_by_rows(facts: &Facts<'_>, found: &[Finding]) -> bool {
    let detail = &facts.record.detail;
    let took_us = facts.record.summary.times.longest_poll_us;
    let Some(started_us) = detail.longest_poll_started_us else {
        return false;
    };
    let is_named = |query: &&QueryRecord| {
        found.iter().any(|other| {
            other.rule == UNBOUNDED_RESULT
                && facts.text(query).map(|text| text.statement.fingerprint) == other.fingerprint
        })
    };
    let within_us = |query: &QueryRecord| {
        let until_us = ended_us(query).min(started_us.saturating_add(took_us));
        until_us.saturating_sub(query.started_us.max(started_us))
    };
    let named = detail.queries.iter().filter(is_named);
    named
        .map(within_us)
        .max()
        .is_some_and(|us| us.saturating_mul(2) >= took_us)
}

/// That a transaction was held open: for which service, where that is known of most of the time.
fn of_idle_transactions(facts: &Facts<'_>) -> Option<Finding> {
    let idle = idle_in_transaction::find(facts);
    let foreign = foreign_wait::find(facts);
    let lost_us = |finding: &Option<Finding>| finding.as_ref().and_then(|one| one.lost_us);
    if lost_us(&foreign) >= lost_us(&idle).map(|us| us.div_ceil(2)) {
        foreign
    } else {
        idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_listed_once() {
        for listed in RULES {
            assert_eq!(rule(listed.name), Some(listed));
            let same = RULES.iter().filter(|other| other.label == listed.label);
            assert_eq!(same.count(), 1, "{}", listed.label);
            assert!(listed.about.ends_with('.'));
        }
        assert_eq!(rule("no rule"), None);
    }
}
