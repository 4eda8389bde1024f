//! The "N+1": one query again and again, with other values each time.
//!
//! **Definition.** Queries of one shape in one request, wherever they are called from. Values are
//! what is bound and what is written into the text (literals, TRUE and FALSE, a tenant's schema or
//! table, a `SET search_path` before it).
//! **Formula.** `calls >= min_calls`, with at least two different values that are not few enough
//! to be the same ones again (see [`same_query`](super::same_query)).
//! **Time lost.** The union of the queries' intervals, less one query of mean length: one query for
//! all still takes about so long.
//! **Thresholds.** `min_calls`, `min_lost`, `min_share`; see
//! [`Thresholds`](crate::finding::Thresholds). Ten is the count from which on a page of rows is a
//! loop; tools that flag from 2 to 5 on are known for false alarms.
//! **Silent on.** Writes; lists and chunks of a list (a median of ten values at once, or chunks of
//! equal length); pages by key or offset; texts without a table; locks and settings; walks up a
//! tree, where each row names the next; texts in which nothing varies.

use super::{REPEATED_STATEMENT, same_query};
use crate::{
    DatabaseKind, Finding, QueryRecord,
    finding::{
        facts::{Facts, Group, Varying, ended_us},
        words::{count, in_total},
    },
    sql::Role,
};

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    let calls = group.calls();
    if calls < facts.thresholds.min_calls.max(2)
        || statement.command != "SELECT"
        || statement.tables.is_empty()
    {
        return None;
    }
    let union_us = group.union_us(facts);
    if !facts.is_worth(union_us) {
        return None;
    }
    let distinct = group.distinct(facts);
    if distinct.is_some_and(|distinct| {
        distinct < 2 || same_query::is_same(distinct, calls, facts.thresholds)
    }) {
        return None;
    }
    let first = group.first(facts)?;
    let shape = facts.shape(first);
    let varying = Varying::of(facts, group);
    if shape.is_locking || shape.is_setting || shape.is_volatile {
        return None;
    }
    if distinct.is_none() && same_query::is_polling(facts, group) {
        return None;
    }
    // No difference is known: neither in a value nor in the text nor in the session.
    if distinct.is_none() && !varying.has_values {
        return None;
    }
    if varying.is_batched || varying.is_paging || is_walk(facts, group, &varying) {
        return None;
    }
    let lost_us = union_us - union_us / calls;
    let values = match distinct {
        Some(distinct) if varying.has_values => format!(" ({} different values)", count(distinct)),
        _ => String::new(),
    };
    let table = statement.tables.first()?;
    let table = table
        .rsplit('.')
        .next()
        .filter(|_| !group.is_one())
        .unwrap_or(table);
    Some(Finding {
        rule: REPEATED_STATEMENT.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "The same query on {table} ran {} times{}{values}.",
            count(calls),
            group.from(facts)
        ),
        detail: format!(
            "The {} queries took {}.",
            count(calls),
            in_total(union_us, lost_us)
        ),
        remedy: Some(remedy(calls, statement.database, &varying, first, facts)),
        call_site: group.main_site(facts).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(first.seq),
        lost_us: Some(lost_us),
    })
}

fn remedy(
    calls: u64,
    database: DatabaseKind,
    varying: &Varying,
    first: &QueryRecord,
    facts: &Facts<'_>,
) -> String {
    let instead = format!("One query instead of {}", count(calls));
    let shape = facts.shape(first);
    if !varying.has_values {
        return format!(
            "{instead}: UNION ALL over the schemas or tables, or one table with a column that \
             tells them apart."
        );
    }
    let list = match database {
        DatabaseKind::Postgres => "= ANY($1) with all values bound as one Vec",
        _ => "IN (…) written by QueryBuilder::separated and push_bind",
    };
    if shape.is_aggregate {
        format!("{instead}: {list}, and GROUP BY the column that is compared.")
    } else if shape.has_limit && shape.has_order {
        match database {
            DatabaseKind::Sqlite => {
                format!(
                    "{instead}: {list}, and row_number() OVER (PARTITION BY …) for the first rows of each."
                )
            }
            _ => format!("{instead}: join the list of values with LATERAL (… LIMIT …)."),
        }
    } else {
        format!("{instead}: {list}, or a JOIN with the query that its values come from.")
    }
}

/// Whether each query asks for the row that the one before named: the reference of a row to its
/// parent, one row a query, one after the other, and no list of rows that its values come from.
fn is_walk<'a>(facts: &Facts<'a>, group: &Group<'a>, varying: &Varying) -> bool {
    let Some(first) = group.first(facts) else {
        return false;
    };
    if varying.roles != [Role::Equal] || !facts.shape(first).reads_parent {
        return false;
    }
    let mut ended = 0;
    let is_one_by_one = group.each(facts).all(|query| {
        let is_after = query.started_us >= ended;
        ended = ended_us(query);
        is_after && query.rows_returned <= 1
    });
    // One walk asks for no row twice; the ways up from many rows meet.
    let is_one_way = group
        .distinct(facts)
        .is_none_or(|distinct| distinct == group.calls());
    let many = (group.calls() / 2).min(facts.thresholds.min_calls).max(2);
    let has_source = facts
        .record
        .detail
        .queries
        .iter()
        .any(|other| other.started_us < first.started_us && other.rows_returned >= many);
    is_one_by_one && is_one_way && !has_source
}
