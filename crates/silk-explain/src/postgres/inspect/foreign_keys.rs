//! Foreign keys whose columns no index begins with.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, row::Row as _};
use sqlx_postgres::PgRow;

use super::reader::{Reader, app_schemas, not_told};
use crate::checks::{CheckExt as _, counted, good, grouped, number, text};

const NAME: &str = "unindexed_foreign_keys";
const TITLE: &str = "Foreign keys without an index";

/// Tables with fewer rows are read whole anyway.
const MIN_ROWS: i64 = 1_000;

const FOREIGN_KEYS: &str = concat!(
    "SELECT c.conrelid::regclass::text AS child, quote_ident(c.conname) AS name, \
            c.confrelid::regclass::text AS parent, \
            (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) \
             FROM unnest(c.conkey) WITH ORDINALITY k (number, place) \
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns, \
            greatest(t.reltuples, 0)::int8 AS rows, \
            coalesce(p.n_tup_del, 0) + coalesce(p.n_tup_upd, 0) AS changes \
     FROM pg_constraint c \
     JOIN pg_class t ON t.oid = c.conrelid \
     JOIN pg_namespace n ON n.oid = t.relnamespace \
     LEFT JOIN pg_stat_user_tables p ON p.relid = c.confrelid \
     WHERE c.contype = 'f' AND ",
    app_schemas!("n.nspname"),
    " AND NOT EXISTS ( \
         SELECT FROM pg_index x WHERE x.indrelid = c.conrelid AND x.indisvalid \
         AND x.indpred IS NULL \
         AND (SELECT array_agg(x.indkey[place] ORDER BY x.indkey[place]) \
              FROM generate_series(0, cardinality(c.conkey) - 1) place) \
             = (SELECT array_agg(number ORDER BY number) FROM unnest(c.conkey) number)) \
     ORDER BY t.reltuples DESC LIMIT 200"
);

/// A foreign key that no index serves.
struct Key {
    child: String,
    name: String,
    parent: String,
    columns: String,
    rows: i64,
    /// Rows of the parent that were deleted or updated.
    changes: i64,
}

impl Key {
    fn read(row: &PgRow) -> Result<Self, Error> {
        Ok(Self {
            child: row.try_get("child")?,
            name: row.try_get("name")?,
            parent: row.try_get("parent")?,
            columns: row.try_get("columns")?,
            rows: row.try_get("rows")?,
            changes: row.try_get("changes")?,
        })
    }
}

pub(super) async fn check(reader: &mut Reader<'_>, checks: &mut Vec<DatabaseCheck>) {
    checks.push(match reader.rows(FOREIGN_KEYS).await {
        Ok(rows) => judge(&rows),
        Err(error) => not_told(NAME, TITLE, &error),
    });
}

fn judge(rows: &[PgRow]) -> DatabaseCheck {
    let mut keys: Vec<Key> = rows
        .iter()
        .filter_map(|row| Key::read(row).ok())
        .filter(|key| key.rows >= MIN_ROWS)
        .collect();
    if keys.is_empty() {
        return good(
            NAME,
            TITLE,
            "Every foreign key of a table with 1,000 rows or more has an index that begins with its \
             columns.",
        );
    }
    // A parent that never changes never looks; those that do come first.
    keys.sort_by_key(|key| std::cmp::Reverse(key.changes));
    let missed = keys.iter().filter(|key| key.changes > 0).count();
    let check = if missed == 0 {
        never_missed(keys.len())
    } else {
        missing(&keys, missed)
    };
    check.with_rows(
        &[
            text("table"),
            text("columns"),
            text("parent"),
            number("rows"),
            number("changes of the parent"),
            text("constraint"),
        ],
        keys.into_iter()
            .map(|key| {
                vec![
                    key.child,
                    key.columns,
                    key.parent,
                    grouped(key.rows),
                    grouped(key.changes),
                    key.name,
                ]
            })
            .collect(),
    )
}

/// No parent of them changed.
fn never_missed(keys: usize) -> DatabaseCheck {
    good(
        NAME,
        TITLE,
        format!(
            "{} no index, and none was missed so far: no row of the parent was ever deleted or \
             changed.",
            counted(keys, "foreign key has", "foreign keys have")
        ),
    )
    .with_caveat(
        "A join from the parent to its rows misses it too: the plan of such a statement says so.",
    )
}

/// The parents of the first `missed` changed.
fn missing(keys: &[Key], missed: usize) -> DatabaseCheck {
    let creates: Vec<String> = keys[..missed]
        .iter()
        .map(|key| {
            let (table, columns) = (&key.child, &key.columns);
            format!("CREATE INDEX CONCURRENTLY ON {table} ({columns});")
        })
        .collect();
    let others = keys.len() - missed;
    let rest = if others == 0 {
        String::new()
    } else {
        format!(" Of {others} more the parent never changed.")
    };
    good(
        NAME,
        TITLE,
        format!(
            "{} no index although rows of the parent change: each that is deleted, or gets \
             another key, has the whole table read. Joins from the parent read it whole too.\
             {rest}",
            counted(missed, "foreign key has", "foreign keys have")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_action(creates.join("\n"))
    .with_caveat(
        "Changes that leave the parent's key as it is are counted as well; where nothing is \
         deleted and nothing joins this way, no index is needed.",
    )
}
