//! Indexes: broken, needless, never used; and tables that are read whole.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, row::Row as _};
use sqlx_postgres::PgRow;

use super::reader::{Reader, app_schemas, not_told};
use crate::checks::{
    CheckExt as _, Index, Needless, bytes, counted, good, grouped, number, percent, seconds, share,
    text,
};

/// Only if its table was read so often does it mean anything that nobody read an index.
const MIN_TABLE_SCANS: i64 = 1_000;

/// The size is that of the last vacuum or ANALYZE: asking for the present one waits for locks.
const INDEXES: &str = concat!(
    "SELECT quote_ident(n.nspname) || '.' || quote_ident(t.relname) AS table_name, \
            quote_ident(n.nspname) || '.' || quote_ident(i.relname) AS name, \
            a.amname::text AS method, \
            ARRAY(SELECT pg_get_indexdef(x.indexrelid, k, true) || E'\\t' || x.indclass[k - 1] \
                         || ' ' || x.indcollation[k - 1] || ' ' || x.indoption[k - 1] \
                  FROM generate_series(1, x.indnkeyatts) k ORDER BY k) AS keys, \
            ARRAY(SELECT pg_get_indexdef(x.indexrelid, k, true) \
                  FROM generate_series(x.indnkeyatts + 1, x.indnatts) k ORDER BY k) AS included, \
            pg_get_expr(x.indpred, x.indrelid, true) AS predicate, x.indisunique AS is_unique, \
            x.indisprimary OR x.indisreplident OR x.indisexclusion \
                OR EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid) AS is_needed, \
            i.relpages::int8 * current_setting('block_size')::int8 AS bytes, \
            x.indisvalid AS is_valid, coalesce(s.idx_scan, 0) AS scans, \
            coalesce(st.seq_scan, 0) + coalesce(st.idx_scan, 0) AS table_scans, \
            coalesce(extract(epoch FROM now() - d.stats_reset), -1)::int8 AS stats_age_s \
     FROM pg_index x \
     JOIN pg_class i ON i.oid = x.indexrelid \
     JOIN pg_class t ON t.oid = x.indrelid \
     JOIN pg_namespace n ON n.oid = t.relnamespace \
     JOIN pg_am a ON a.oid = i.relam \
     LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = x.indexrelid \
     LEFT JOIN pg_stat_user_tables st ON st.relid = x.indrelid \
     LEFT JOIN pg_stat_database d ON d.datname = current_database() \
     WHERE ",
    app_schemas!("n.nspname"),
    " ORDER BY i.oid LIMIT 5000"
);

const NEEDLESS: Needless = Needless {
    drop: |index| format!("DROP INDEX CONCURRENTLY {};", index.name),
    has_sizes: true,
    caveat: Some(
        "A narrower index is a little faster to read; where it is much smaller and read very \
         often, it may be worth its writes.",
    ),
};

/// An index with what the statistics say of it.
struct Seen {
    index: Index,
    is_valid: bool,
    scans: i64,
    table_scans: i64,
    stats_age_s: i64,
}

pub(super) async fn check(reader: &mut Reader<'_>, checks: &mut Vec<DatabaseCheck>) {
    let rows = match reader.rows(INDEXES).await {
        Ok(rows) => rows.iter().map(seen).collect::<Result<Vec<_>, _>>(),
        Err(error) => Err(error),
    };
    match rows {
        Ok(seen) => {
            checks.push(invalid(&seen));
            checks.push(needless(&seen));
            checks.push(unused(&seen));
        }
        Err(error) => checks.push(not_told("unused_indexes", "Indexes", &error)),
    }
}

fn seen(row: &PgRow) -> Result<Seen, Error> {
    Ok(Seen {
        index: Index {
            table: row.try_get("table_name")?,
            name: row.try_get("name")?,
            method: row.try_get("method")?,
            keys: row.try_get("keys")?,
            included: row.try_get("included")?,
            predicate: row.try_get("predicate")?,
            is_unique: row.try_get("is_unique")?,
            is_needed: row.try_get("is_needed")?,
            bytes: row.try_get("bytes")?,
        },
        is_valid: row.try_get("is_valid")?,
        scans: row.try_get("scans")?,
        table_scans: row.try_get("table_scans")?,
        stats_age_s: row.try_get("stats_age_s")?,
    })
}

fn invalid(seen: &[Seen]) -> DatabaseCheck {
    const TITLE: &str = "Invalid indexes";
    let invalid: Vec<&Index> = seen
        .iter()
        .filter(|seen| !seen.is_valid)
        .map(|seen| &seen.index)
        .collect();
    if invalid.is_empty() {
        return good("invalid_indexes", TITLE, "Every index is valid.");
    }
    let drops: Vec<String> = invalid
        .iter()
        .map(|index| format!("DROP INDEX CONCURRENTLY {};", index.name))
        .collect();
    good(
        "invalid_indexes",
        TITLE,
        format!(
            "{} left by a CREATE INDEX CONCURRENTLY that failed: no query uses them, every write keeps them up.",
            counted(invalid.len(), "index was", "indexes were")
        ),
    )
    .with_status(CheckStatus::Problem)
    .with_rows(
        &[text("table"), text("index"), text("columns"), number("size")],
        invalid
            .iter()
            .map(|index| {
                vec![
                    index.table.clone(),
                    index.name.clone(),
                    index.columns(),
                    bytes(index.bytes),
                ]
            })
            .collect(),
    )
    .with_action(format!(
        "Drop them and build them again:\n{}",
        drops.join("\n")
    ))
    .with_caveat("An index that is being built at this moment is invalid until it is done.")
}

fn needless(seen: &[Seen]) -> DatabaseCheck {
    let valid: Vec<Index> = seen
        .iter()
        .filter(|seen| seen.is_valid)
        .map(|seen| seen.index.clone())
        .collect();
    NEEDLESS.check(&valid)
}

fn unused(seen: &[Seen]) -> DatabaseCheck {
    const TITLE: &str = "Unused indexes";
    let mut unused: Vec<&Seen> = seen
        .iter()
        .filter(|seen| {
            seen.is_valid && seen.scans == 0 && !seen.index.is_unique && !seen.index.is_needed
        })
        .collect();
    let too_early = unused
        .iter()
        .filter(|seen| seen.table_scans < MIN_TABLE_SCANS)
        .count();
    unused.retain(|seen| seen.table_scans >= MIN_TABLE_SCANS);
    unused.sort_by_key(|seen| std::cmp::Reverse(seen.index.bytes));
    let early = if too_early == 0 {
        String::new()
    } else {
        format!(
            " Of {} it is too early to tell: their tables were read less than {} times.",
            counted(too_early, "more index", "more indexes"),
            grouped(MIN_TABLE_SCANS)
        )
    };
    if unused.is_empty() {
        return good(
            "unused_indexes",
            TITLE,
            format!("No index of a much-read table was never used.{early}"),
        );
    }
    let age = seen.first().map_or(-1, |seen| seen.stats_age_s);
    let since = if age < 0 {
        "the statistics began".to_owned()
    } else {
        format!("the statistics were reset {} ago", seconds(age))
    };
    let drops: Vec<String> = unused
        .iter()
        .map(|seen| format!("DROP INDEX CONCURRENTLY {};", seen.index.name))
        .collect();
    good(
        "unused_indexes",
        TITLE,
        format!(
            "{} not used by any query since {since}, and every write keeps them up.{early}",
            counted(unused.len(), "index was", "indexes were")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[
            text("table"),
            text("index"),
            text("columns"),
            number("size"),
            number("reads of the table"),
        ],
        unused
            .iter()
            .map(|seen| {
                vec![
                    seen.index.table.clone(),
                    seen.index.name.clone(),
                    seen.index.columns(),
                    bytes(seen.index.bytes),
                    grouped(seen.table_scans),
                ]
            })
            .collect(),
    )
    .with_action(drops.join("\n"))
    .with_caveat(
        "Replicas have statistics of their own: look there, and at monthly jobs, before dropping.",
    )
}

/// Tables that are read from end to end although they are large.
pub(super) fn read_whole(rows: &[PgRow]) -> DatabaseCheck {
    const TITLE: &str = "Large tables read sequentially";
    let mut lines = Vec::new();
    for row in rows {
        let read = || -> Result<_, Error> {
            Ok((
                row.try_get::<String, _>("table_name")?,
                row.try_get::<i64, _>("live")?,
                row.try_get::<i64, _>("seq_scans")?,
                row.try_get::<i64, _>("seq_rows")?,
                row.try_get::<i64, _>("index_scans")?,
            ))
        };
        let Ok((table, live, seq_scans, seq_rows, index_scans)) = read() else {
            continue;
        };
        let by_index = share(index_scans, seq_scans).unwrap_or(1.0);
        lines.push(vec![
            table,
            grouped(live),
            grouped(seq_scans),
            grouped(seq_rows),
            percent(by_index),
        ]);
    }
    if lines.is_empty() {
        return good(
            "sequential_reads",
            TITLE,
            "Tables with at least 10,000 rows are read by index at least 95 times in 100.",
        );
    }
    good(
        "sequential_reads",
        TITLE,
        format!(
            "{} often read from end to end.",
            counted(lines.len(), "table is", "tables are")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[
            text("table"),
            number("rows"),
            number("sequential reads"),
            number("rows read by them"),
            number("by index"),
        ],
        lines,
    )
    .with_action(
        "Open the statements that read these tables, most total time first: their plans say which \
         condition lacks an index, and whether one would help.",
    )
    .with_caveat("Reports and counts that need most rows are right to read the whole table.")
}
