//! Tables: how they are read, how fresh their statistics are, what vacuum has left.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, row::Row as _};
use sqlx_postgres::PgRow;

use super::{
    indexes,
    reader::{Reader, app_schemas, not_told},
};
use crate::checks::{
    CheckExt as _, bytes, counted, good, grouped, number, percent, seconds, share, text, to_f64,
};

const SEQUENTIAL: &str = "SELECT relid::regclass::text AS table_name, n_live_tup AS live, \
            seq_scan AS seq_scans, seq_tup_read AS seq_rows, \
            coalesce(idx_scan, 0) AS index_scans \
     FROM pg_stat_user_tables \
     WHERE n_live_tup >= 10000 AND seq_scan >= 10 AND seq_tup_read / seq_scan >= 5000 \
       AND coalesce(idx_scan, 0) < 19 * seq_scan \
     ORDER BY seq_tup_read DESC LIMIT 200";

/// PostgreSQL itself analyzes a table when 10 % and 50 rows have changed; twice that is late.
const STALE: &str = "SELECT relid::regclass::text, n_live_tup, n_mod_since_analyze, \
            coalesce(extract(epoch FROM now() - greatest(last_analyze, last_autoanalyze)), -1)::int8 \
     FROM pg_stat_user_tables \
     WHERE n_live_tup + n_mod_since_analyze >= 1000 \
       AND (n_mod_since_analyze > 0.2 * n_live_tup \
            OR (last_analyze IS NULL AND last_autoanalyze IS NULL)) \
     ORDER BY n_mod_since_analyze DESC LIMIT 200";

const VISIBILITY: &str = concat!(
    "SELECT c.oid::regclass::text, c.relpages::int8, c.relallvisible::int8, \
            coalesce(s.n_dead_tup, 0), coalesce(s.n_live_tup, 0), \
            coalesce(extract(epoch FROM now() - greatest(s.last_vacuum, s.last_autovacuum)), -1)::int8 \
     FROM pg_class c \
     JOIN pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid \
     WHERE c.relkind IN ('r', 'm') AND c.relpages >= 100 AND ",
    app_schemas!("n.nspname"),
    " AND (c.relallvisible < 0.8 * c.relpages OR s.n_dead_tup > 0.2 * s.n_live_tup) \
     ORDER BY c.relpages - c.relallvisible DESC LIMIT 200"
);

const CACHE: &str = "SELECT relid::regclass::text, \
            coalesce(heap_blks_hit, 0) + coalesce(idx_blks_hit, 0) + coalesce(toast_blks_hit, 0), \
            coalesce(heap_blks_read, 0) + coalesce(idx_blks_read, 0) + coalesce(toast_blks_read, 0) \
     FROM pg_statio_user_tables ORDER BY 3 DESC, 2 DESC LIMIT 200";

/// Pages a table should need: rows times the mean width that the statistics give, plus 28 bytes for
/// head and pointer of each row and 24 for the page, at the table's own fill factor.
const BLOAT: &str = concat!(
    "SELECT c.oid::regclass::text, c.relpages::int8 * current_setting('block_size')::int8, \
            (c.relpages - ceil(c.reltuples * (28 + w.width) \
               / ((current_setting('block_size')::int - 24) \
                  * coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) \
                              WHERE option_name = 'fillfactor'), 100) / 100.0)))::int8 \
              * current_setting('block_size')::int8 \
     FROM pg_class c \
     JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN LATERAL (SELECT sum((1 - s.null_frac) * s.avg_width) AS width, count(*) AS told \
                   FROM pg_stats s \
                   WHERE s.schemaname = n.nspname AND s.tablename = c.relname \
                     AND NOT s.inherited) w ON w.told > 0 \
     WHERE c.relkind IN ('r', 'm') AND c.reltuples > 0 AND c.relpages >= 1280 AND ",
    app_schemas!("n.nspname"),
    " ORDER BY 3 DESC LIMIT 200"
);

pub(super) async fn check(reader: &mut Reader<'_>, checks: &mut Vec<DatabaseCheck>) {
    checks.push(match reader.rows(SEQUENTIAL).await {
        Ok(rows) => indexes::read_whole(&rows),
        Err(error) => not_told("sequential_reads", "Large tables read sequentially", &error),
    });
    checks.push(match reader.rows(STALE).await {
        Ok(rows) => stale(&rows),
        Err(error) => not_told("stale_statistics", STALE_TITLE, &error),
    });
    checks.push(match reader.rows(VISIBILITY).await {
        Ok(rows) => visibility(&rows),
        Err(error) => not_told("vacuum", VACUUM_TITLE, &error),
    });
    checks.push(match reader.rows(CACHE).await {
        Ok(rows) => cache(&rows),
        Err(error) => not_told("cache_hits", CACHE_TITLE, &error),
    });
    checks.push(match reader.rows(BLOAT).await {
        Ok(rows) => bloat(&rows),
        Err(error) => not_told("bloat", BLOAT_TITLE, &error),
    });
}

/// Rows of a name and counts, in the order of the query; one that cannot be read is left out.
fn named<const N: usize>(rows: &[PgRow]) -> Vec<(String, [i64; N])> {
    rows.iter()
        .filter_map(|row| {
            let read = || -> Result<_, Error> {
                let mut counts = [0; N];
                for (at, count) in counts.iter_mut().enumerate() {
                    *count = row.try_get(at + 1)?;
                }
                Ok((row.try_get(0)?, counts))
            };
            read().ok()
        })
        .collect()
}

fn ago(age_s: i64) -> String {
    if age_s < 0 {
        "never".to_owned()
    } else {
        format!("{} ago", seconds(age_s))
    }
}

const STALE_TITLE: &str = "Stale statistics";

fn stale(rows: &[PgRow]) -> DatabaseCheck {
    let tables = named::<3>(rows);
    if tables.is_empty() {
        return good(
            "stale_statistics",
            STALE_TITLE,
            "The planner knows every table as it is: no more than a fifth of its rows changed since.",
        );
    }
    let analyze: Vec<String> = tables
        .iter()
        .map(|(table, _)| format!("ANALYZE {table};"))
        .collect();
    good(
        "stale_statistics",
        STALE_TITLE,
        format!(
            "The planner knows {} as it was before many of its rows changed: estimates, and so plans, may be wrong.",
            counted(tables.len(), "table", "tables")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[
            text("table"),
            number("rows"),
            number("changed since"),
            number("analyzed"),
        ],
        tables
            .iter()
            .map(|(table, [live, changed, age])| {
                vec![table.clone(), grouped(*live), grouped(*changed), ago(*age)]
            })
            .collect(),
    )
    .with_action(analyze.join("\n"))
}

const VACUUM_TITLE: &str = "Vacuum and visibility";

fn visibility(rows: &[PgRow]) -> DatabaseCheck {
    let tables = named::<5>(rows);
    if tables.is_empty() {
        return good(
            "vacuum",
            VACUUM_TITLE,
            "Vacuum keeps up: of every larger table at least four fifths of the pages are marked \
             all-visible, and few rows are dead.",
        );
    }
    let vacuum: Vec<String> = tables
        .iter()
        .map(|(table, _)| format!("VACUUM (ANALYZE) {table};"))
        .collect();
    good(
        "vacuum",
        VACUUM_TITLE,
        behind(&tables),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[
            text("table"),
            number("pages"),
            number("visible"),
            number("dead rows"),
            number("rows"),
            number("vacuumed"),
        ],
        tables
            .iter()
            .map(|(table, [pages, visible, dead, live, age])| {
                vec![
                    table.clone(),
                    grouped(*pages),
                    percent(to_f64(*visible) / to_f64((*pages).max(1))),
                    grouped(*dead),
                    grouped(*live),
                    ago(*age),
                ]
            })
            .collect(),
    )
    .with_action(vacuum.join("\n"))
    .with_caveat(
        "Tables that only grow are vacuumed by themselves since PostgreSQL 13, and by default once \
         a fifth of their rows is new.",
    )
}

/// What vacuum has left to do: marks for index-only scans, dead rows, or both.
fn behind(tables: &[(String, [i64; 5])]) -> String {
    let many =
        |ask: &dyn Fn(&[i64; 5]) -> bool| tables.iter().filter(|(_, counts)| ask(counts)).count();
    let unmarked = many(&|[pages, visible, ..]| to_f64(*visible) < 0.8 * to_f64(*pages));
    let dead = many(&|[_, _, dead, live, _]| to_f64(*dead) > 0.2 * to_f64(*live));
    let mut said = Vec::new();
    if unmarked > 0 {
        said.push(format!(
            "In {} many pages are not marked all-visible, so index-only scans look into the table \
             all the same.",
            counted(unmarked, "table", "tables")
        ));
    }
    if dead > 0 {
        said.push(format!(
            "In {} more than a fifth of the rows are dead, and every scan reads them too.",
            counted(dead, "table", "tables")
        ));
    }
    said.join(" ")
}

const CACHE_TITLE: &str = "Cache hits";

fn cache(rows: &[PgRow]) -> DatabaseCheck {
    let tables = named::<2>(rows);
    let (hit, read) = tables
        .iter()
        .fold((0_i64, 0_i64), |(hit, read), (_, [h, r])| {
            (hit.saturating_add(*h), read.saturating_add(*r))
        });
    let Some(all) = share(hit, read) else {
        return good("cache_hits", CACHE_TITLE, "No page was read yet.");
    };
    // PgHero's line; under 10,000 pages (80 MB) a cold start explains any share.
    let is_low = all < 0.99 && read >= 10_000;
    let check = good(
        "cache_hits",
        CACHE_TITLE,
        format!(
            "{} of {} page reads found the page in shared buffers.",
            percent(all),
            grouped(hit.saturating_add(read))
        ),
    )
    .with_rows(
        &[
            text("table, with its indexes"),
            number("in shared buffers"),
            number("pages read"),
            number("hits"),
        ],
        tables
            .iter()
            .take(10)
            .filter(|(_, [hit, read])| hit + read > 0)
            .map(|(table, [hit, read])| {
                vec![
                    table.clone(),
                    grouped(*hit),
                    grouped(*read),
                    share(*hit, *read).map_or_else(|| "–".to_owned(), percent),
                ]
            })
            .collect(),
    )
    .with_caveat("What is not in shared buffers may still be in the operating system's cache.");
    if is_low {
        check.with_status(CheckStatus::Warning).with_action(
            "First look for statements that read far more pages than they return rows; then give \
             the server more shared_buffers (a quarter of the memory is usual).",
        )
    } else {
        check
    }
}

const BLOAT_TITLE: &str = "Wasted space in tables";

fn bloat(rows: &[PgRow]) -> DatabaseCheck {
    let mut tables = named::<2>(rows);
    // Estimates: a third of the table and 10 MB are beyond what widths can be wrong by.
    tables.retain(|(_, [size, wasted])| *wasted >= 10 << 20 && wasted.saturating_mul(3) >= *size);
    let caveat = "An estimate from the mean widths in the statistics; pgstattuple measures. Indexes \
                  are not estimated: since version 13 they share entries, which makes the usual \
                  formulas wrong; pgstatindex measures them.";
    if tables.is_empty() {
        return good(
            "bloat",
            BLOAT_TITLE,
            "No table of 10 MB or more seems to be a third empty.",
        )
        .with_caveat(caveat);
    }
    good(
        "bloat",
        BLOAT_TITLE,
        format!(
            "{} read although nothing is in them.",
            counted(
                tables.len(),
                "table has many pages that are",
                "tables have many pages that are"
            )
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[text("table"), number("size"), number("wasted, estimated")],
        tables
            .iter()
            .map(|(table, [size, wasted])| vec![table.clone(), bytes(*size), bytes(*wasted)])
            .collect(),
    )
    .with_action(
        "VACUUM lets new rows use the space again. To give it back, pg_repack works without \
         locking; VACUUM FULL locks the table while it runs.",
    )
    .with_caveat(caveat)
}
