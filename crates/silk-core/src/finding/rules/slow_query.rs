//! A single query that takes long.
//!
//! **Definition.** A query whose own time (first poll to last row, less what the app did between
//! rows) is long; several of one shape are one finding.
//! **Formula.** `duration − consumer >= slow_query`, and worth a finding by share and time.
//! BEGIN, COMMIT and ROLLBACK are judged alike.
//! **Time lost.** The union of the intervals of those that were slow.
//! **Thresholds.** `slow_query`: 100 ms, since a page should be there in 150 ms; `min_share`.
//! **Silent on.** What another rule names already (each of a loop); streams that the app read
//! slowly; queries that failed or were abandoned, which have findings of their own.

use super::{SLOW_QUERY, is_told};
use crate::{
    Finding, Outcome, QueryRecord, Statement, TransactionEnd,
    finding::{
        facts::{Facts, Group},
        thresholds::micros,
        words::{count, duration},
    },
    sql,
};

pub(super) fn find(facts: &Facts<'_>, found: &[Finding]) -> Vec<Finding> {
    let mut slow: Vec<Finding> = facts
        .groups
        .iter()
        .filter(|group| group.outline.has_slow(facts.thresholds))
        .filter(|group| !is_told(found, group))
        .filter_map(|group| of_group(facts, group))
        .collect();
    slow.extend(of_transactions(facts));
    slow
}

/// BEGIN, COMMIT or ROLLBACK that took long, the longest of the request.
fn of_transactions(facts: &Facts<'_>) -> Option<Finding> {
    let least_us = micros(facts.thresholds.slow_query).max(1);
    let detail = &facts.record.detail;
    let (number, word, took_us) = (0..)
        .zip(&detail.transactions)
        .filter(|(_, transaction)| transaction.error.is_none())
        .flat_map(|(number, transaction)| {
            let (begin, end) = match (transaction.depth, transaction.end) {
                (0 | 1, TransactionEnd::Committed) => ("BEGIN", "COMMIT"),
                (0 | 1, _) => ("BEGIN", "ROLLBACK"),
                (_, TransactionEnd::Committed) => ("SAVEPOINT", "RELEASE SAVEPOINT"),
                _ => ("SAVEPOINT", "ROLLBACK TO SAVEPOINT"),
            };
            [
                (number, begin, transaction.begin_us),
                (number, end, transaction.end_us),
            ]
        })
        .max_by_key(|(_, _, us)| *us)?;
    if took_us < least_us || !facts.is_worth(took_us) {
        return None;
    }
    let within = |query: &&QueryRecord| query.transaction == Some(number);
    let is_end = !matches!(word, "BEGIN" | "SAVEPOINT");
    let last = detail.queries.iter().rfind(within);
    let after = last.filter(|_| is_end).map_or_else(String::new, |query| {
        format!(
            " The last query before it was query {}, {}{}.",
            query.seq,
            facts.name(query),
            facts.from(query)
        )
    });
    let remedy = if is_end {
        "Look at what runs at its end: deferred constraints and triggers, a replica that is waited \
         for, a disk that is slow to sync."
    } else {
        "Look at what the server waits for: locks, a pooler, the network."
    };
    Some(Finding {
        rule: SLOW_QUERY.to_owned(),
        severity: facts.severity(took_us),
        title: format!(
            "{word} took {} of {}.",
            duration(took_us),
            duration(facts.total_us)
        ),
        detail: match u64::try_from(detail.queries.iter().filter(within).count()) {
            Ok(1) => format!("1 query ran in the transaction.{after}"),
            n => format!(
                "{} queries ran in the transaction.{after}",
                count(n.unwrap_or(u64::MAX))
            ),
        },
        remedy: Some(remedy.to_owned()),
        call_site: last.and_then(|query| facts.site(query)).cloned(),
        fingerprint: None,
        query: None,
        lost_us: Some(took_us.min(facts.total_us)),
    })
}

fn own_us(query: &QueryRecord) -> u64 {
    query.duration_us.saturating_sub(query.consumer_us)
}

fn of_group<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let least_us = micros(facts.thresholds.slow_query).max(1);
    let slow: Vec<&QueryRecord> = group
        .each(facts)
        .filter(|query| query.outcome == Outcome::Completed && own_us(query) >= least_us)
        .collect();
    let longest = *slow.iter().max_by_key(|query| own_us(query))?;
    let lost_us = facts.union_us(slow.iter().copied());
    if !facts.is_worth(lost_us) {
        return None;
    }
    let name = facts.name(longest);
    let from = facts.from(longest);
    let (title, detail) = match slow.len() {
        1 => (
            format!(
                "One query took {} of {}: {name}{from}.",
                duration(lost_us),
                duration(facts.total_us)
            ),
            rows(longest),
        ),
        n => (
            format!(
                "{} slow queries took {} of {}: {name}{from}.",
                count(u64::try_from(n).unwrap_or(u64::MAX)),
                duration(lost_us),
                duration(facts.total_us)
            ),
            format!(
                "The longest took {}. {}",
                duration(own_us(longest)),
                rows(longest)
            ),
        ),
    };
    Some(Finding {
        rule: SLOW_QUERY.to_owned(),
        severity: facts.severity(lost_us),
        title,
        detail,
        remedy: Some(remedy(group.statement).to_owned()),
        call_site: facts.site(longest).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(longest.seq),
        lost_us: Some(lost_us),
    })
}

/// An index helps only what reads a table, and a plan is of one statement that reads or changes
/// rows.
fn remedy(statement: &Statement) -> &'static str {
    const PLANNED: &[&str] = &[
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES", "TABLE",
    ];
    if sql::statement_count(statement) > 1 {
        "Run its statements one by one to see which of them takes the time."
    } else if !PLANNED.contains(&&*statement.command) {
        "Look at what the server waits for: locks, a disk that is slow to sync."
    } else if statement.tables.is_empty() {
        "Its text names no table: look at what its functions wait for or compute."
    } else {
        "Look at its plan: it tells where the time goes, and which index would help."
    }
}

fn rows(query: &QueryRecord) -> String {
    let n = query.rows_returned;
    let rows = match n {
        1 => "It returned 1 row.".to_owned(),
        n => format!("It returned {} rows.", count(n)),
    };
    match query.server_us {
        Some(server_us) if server_us > 0 => {
            format!("{rows} The server itself took {}.", duration(server_us))
        }
        _ => rows,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Database, DatabaseKind, Redactor, sql::SqlReader};

    #[test]
    fn an_index_is_spoken_of_only_where_a_table_is_read() {
        let database = Arc::new(Database {
            kind: DatabaseKind::Postgres,
            name: String::new(),
        });
        let reader = SqlReader::new(Arc::new(Redactor::default()));
        for (sql, expected) in [
            ("SELECT a FROM t WHERE b = $1", "index"),
            ("UPDATE t SET a = 1 WHERE b = 2", "index"),
            ("SELECT pg_sleep(1.2)", "names no table"),
            ("SELECT * FROM report(1)", "names no table"),
            ("CREATE INDEX i ON t (a)", "the server waits for"),
            ("BEGIN; UPDATE t SET a = 1; COMMIT", "one by one"),
        ] {
            let said = remedy(&reader.read(sql, &database).statement);
            assert!(said.contains(expected), "{sql}: {said}");
        }
    }
}
