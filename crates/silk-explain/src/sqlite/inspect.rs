//! What an SQLite file tells.

use std::path::Path;

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, executor::Executor as _, query::query, row::Row as _};
use sqlx_sqlite::{Sqlite, SqliteConnection, SqliteRow};

use crate::{
    checks::{
        CheckExt as _, Index, Needless, bytes, counted, good, grouped, number, percent, text,
        to_f64, unavailable,
    },
    target::{Failure, Inspection},
};

const NEEDLESS: Needless = Needless {
    drop: |index| format!("DROP INDEX {};", quoted(&index.name)),
    has_sizes: false,
    caveat: None,
};

const INDEXES: &str = "SELECT m.name AS table_name, l.name AS name, l.\"unique\" AS is_unique, l.origin AS origin, \
            l.partial AS is_partial, coalesce(c.name, 'expression ' || c.seqno) AS of_column, \
            c.\"desc\" AS is_descending, c.coll AS collation, c.key AS is_key, \
            coalesce(s.sql, '') AS sql \
     FROM sqlite_schema m \
     JOIN pragma_index_list(m.name) l \
     JOIN pragma_index_xinfo(l.name) c \
     LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = l.name \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
     ORDER BY m.name, l.seq DESC, c.seqno LIMIT 20000";

const FOREIGN_KEYS: &str = "SELECT m.name AS table_name, f.\"table\" AS parent, f.\"from\" AS from_column, f.id AS id \
     FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f \
     WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq LIMIT 5000";

const INTEGER_KEYS: &str = "SELECT m.name, c.name FROM sqlite_schema m \
     JOIN pragma_table_info(m.name) c \
     WHERE m.type = 'table' AND c.pk = 1 AND upper(c.type) = 'INTEGER' LIMIT 5000";

const HAS_STATISTICS: &str =
    "SELECT count(*) FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4')";

/// Tables with an index that the statistics do not know.
const WITHOUT_STATISTICS: &str = "SELECT DISTINCT m.tbl_name FROM sqlite_schema m \
     WHERE m.type = 'index' AND m.tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
       AND NOT EXISTS (SELECT 1 FROM sqlite_stat1 s WHERE s.tbl = m.tbl_name) \
     ORDER BY 1 LIMIT 200";

const ALL_INDEXED: &str = "SELECT DISTINCT m.tbl_name FROM sqlite_schema m \
     WHERE m.type = 'index' AND m.tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1 LIMIT 200";

const FILE: &str = "SELECT (SELECT page_size FROM pragma_page_size()) AS page_size, \
            (SELECT page_count FROM pragma_page_count()) AS pages, \
            (SELECT freelist_count FROM pragma_freelist_count()) AS free_pages, \
            (SELECT journal_mode FROM pragma_journal_mode()) AS journal_mode";

/// Makes all checks on a connection of Silk's own.
pub(super) async fn inspect(
    connection: &mut SqliteConnection,
    file: Option<&Path>,
) -> Result<Inspection, Failure> {
    let mut reader = Reader { connection };
    let version = reader.rows("SELECT sqlite_version()").await?;
    let version: String = version
        .first()
        .map_or(Ok(String::new()), |row| row.try_get(0))?;
    let mut checks = Vec::new();
    match reader.indexes().await {
        Ok(indexes) => {
            checks.push(NEEDLESS.check(&indexes));
            checks.push(match reader.foreign_keys(&indexes).await {
                Ok(check) => check,
                Err(_) => not_told("unindexed_foreign_keys", KEYS_TITLE),
            });
        }
        Err(_) => checks.push(not_told(Needless::CODE, Needless::TITLE)),
    }
    checks.push(match reader.statistics().await {
        Ok(check) => check,
        Err(_) => not_told("stale_statistics", STATISTICS_TITLE),
    });
    match reader.rows(FILE).await {
        Ok(rows) => {
            for row in &rows {
                checks.extend(space(row).into_iter().chain(journal(row, file)));
            }
        }
        Err(_) => checks.push(not_told("bloat", SPACE_TITLE)),
    }
    checks.push(unavailable(
        "unused_indexes",
        "Unused indexes",
        "SQLite does not count how often an index is read; the plans of the recorded statements \
         name those that are.",
        None,
    ));
    Ok(Inspection {
        server: format!("SQLite {version}"),
        checks,
    })
}

struct Reader<'a> {
    connection: &'a mut SqliteConnection,
}

impl Reader<'_> {
    async fn rows(&mut self, sql: &'static str) -> Result<Vec<SqliteRow>, Error> {
        self.connection
            .fetch_all(query::<Sqlite>(sql).persistent(false))
            .await
    }

    async fn indexes(&mut self) -> Result<Vec<Index>, Error> {
        let mut indexes: Vec<Index> = Vec::new();
        for row in self.rows(INDEXES).await? {
            let (table, name): (String, String) =
                (row.try_get("table_name")?, row.try_get("name")?);
            let is_new = indexes
                .last()
                .is_none_or(|last| last.table != table || last.name != name);
            if is_new {
                let (origin, sql): (String, String) = (row.try_get("origin")?, row.try_get("sql")?);
                let is_partial: bool = row.try_get("is_partial")?;
                indexes.push(Index {
                    method: "btree".to_owned(),
                    is_unique: row.try_get("is_unique")?,
                    // An index of the table's own definition has no statement that could be undone.
                    is_needed: origin != "c",
                    predicate: is_partial.then(|| condition(&sql).to_owned()),
                    table,
                    name,
                    ..Index::default()
                });
            }
            let is_key: bool = row.try_get("is_key")?;
            let Some(index) = indexes.last_mut().filter(|_| is_key) else {
                continue;
            };
            let (column, collation): (String, String) =
                (row.try_get("of_column")?, row.try_get("collation")?);
            let is_descending: bool = row.try_get("is_descending")?;
            // Two expressions are the same only where their statements say so.
            let column = if column.starts_with("expression ") {
                format!("{column} of {}", row.try_get::<String, _>("sql")?)
            } else {
                column
            };
            index.keys.push(format!(
                "{column}\t{collation} {}",
                if is_descending { "DESC" } else { "ASC" }
            ));
        }
        Ok(indexes)
    }

    async fn foreign_keys(&mut self, indexes: &[Index]) -> Result<DatabaseCheck, Error> {
        let mut keys: Vec<(String, i64, String, Vec<String>)> = Vec::new();
        for row in self.rows(FOREIGN_KEYS).await? {
            let (table, parent): (String, String) =
                (row.try_get("table_name")?, row.try_get("parent")?);
            let (column, id): (String, i64) = (row.try_get("from_column")?, row.try_get("id")?);
            match keys
                .last_mut()
                .filter(|(last, last_id, ..)| *last == table && *last_id == id)
            {
                Some((.., columns)) => columns.push(column),
                None => keys.push((table, id, parent, vec![column])),
            }
        }
        let mut row_keys = Vec::new();
        for row in self.rows(INTEGER_KEYS).await? {
            row_keys.push((row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?));
        }
        keys.retain(|(table, _, _, columns)| {
            let is_row_key = matches!(&columns[..], [column]
                if row_keys.iter().any(|(t, c)| t == table && c == column));
            !is_row_key
                && !indexes.iter().any(|index| {
                    index.table == *table
                        && index.predicate.is_none()
                        && index.keys.len() >= columns.len()
                        && index.keys[..columns.len()].iter().all(|key| {
                            columns
                                .iter()
                                .any(|column| key.split('\t').next() == Some(column))
                        })
                })
        });
        if keys.is_empty() {
            return Ok(good(
                "unindexed_foreign_keys",
                KEYS_TITLE,
                "Every foreign key has an index that begins with its columns.",
            ));
        }
        let creates: Vec<String> = keys
            .iter()
            .map(|(table, _, _, columns)| {
                let name = format!("{table}_{}", columns.join("_"));
                let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
                format!(
                    "CREATE INDEX {} ON {} ({});",
                    quoted(&name),
                    quoted(table),
                    columns.join(", ")
                )
            })
            .collect();
        Ok(good(
            "unindexed_foreign_keys",
            KEYS_TITLE,
            format!(
                "{} the whole table when a row of the parent is deleted, and joins from the parent \
                 do so too.",
                counted(keys.len(), "foreign key reads", "foreign keys read")
            ),
        )
        .with_status(CheckStatus::Warning)
        .with_rows(
            &[text("table"), text("columns"), text("parent")],
            keys.into_iter()
                .map(|(table, _, parent, columns)| vec![table, columns.join(", "), parent])
                .collect(),
        )
        .with_action(creates.join("\n"))
        .with_caveat("A small table is read whole in no time."))
    }

    async fn statistics(&mut self) -> Result<DatabaseCheck, Error> {
        let has_any: i64 = self
            .rows(HAS_STATISTICS)
            .await?
            .first()
            .ok_or(Error::RowNotFound)?
            .try_get(0)?;
        let sql = if has_any > 0 {
            WITHOUT_STATISTICS
        } else {
            ALL_INDEXED
        };
        let mut tables = Vec::new();
        for row in self.rows(sql).await? {
            tables.push(vec![row.try_get::<String, _>(0)?]);
        }
        if tables.is_empty() {
            return Ok(good(
                "stale_statistics",
                STATISTICS_TITLE,
                "The planner has statistics of every table with an index.",
            )
            .with_caveat("How old they are SQLite does not tell."));
        }
        Ok(good(
            "stale_statistics",
            STATISTICS_TITLE,
            format!(
                "The planner has no statistics for {}, so it guesses between indexes.",
                counted(tables.len(), "indexed table", "indexed tables")
            ),
        )
        .with_status(CheckStatus::Warning)
        .with_rows(&[text("table")], tables)
        .with_action(
            "Run both once. After that PRAGMA optimize now and then is enough; sqlx runs it \
             with optimize_on_close.\nANALYZE;\nPRAGMA optimize;",
        ))
    }
}

fn not_told(code: &'static str, title: &'static str) -> DatabaseCheck {
    unavailable(code, title, "The database did not tell.", None)
}

/// What stands behind WHERE in the statement that made an index.
fn condition(sql: &str) -> &str {
    let at = sql.to_ascii_uppercase().rfind("WHERE");
    at.map_or(sql, |at| sql[at + 5..].trim())
}

/// A name that can stand in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const KEYS_TITLE: &str = "Foreign keys without an index";
const STATISTICS_TITLE: &str = "Statistics of the planner";
const SPACE_TITLE: &str = "Free pages in the file";

fn space(row: &SqliteRow) -> Option<DatabaseCheck> {
    let size: i64 = row.try_get("page_size").ok()?;
    let pages: i64 = row.try_get("pages").ok()?;
    let free: i64 = row.try_get("free_pages").ok()?;
    let part = to_f64(free) / to_f64(pages.max(1));
    let check = good(
        "bloat",
        SPACE_TITLE,
        format!(
            "{} of {} pages are free ({}).",
            grouped(free),
            grouped(pages),
            percent(part)
        ),
    )
    .with_rows(
        &[text("file"), number("size")],
        vec![
            vec!["all pages".to_owned(), bytes(size.saturating_mul(pages))],
            vec!["free pages".to_owned(), bytes(size.saturating_mul(free))],
        ],
    );
    // The file does not shrink by itself: a third of 10 MB is worth a VACUUM.
    Some(if part >= 0.33 && size.saturating_mul(free) >= 10 << 20 {
        check.with_status(CheckStatus::Warning).with_action(
            "VACUUM rewrites the file without them. It locks the file meanwhile.\nVACUUM;",
        )
    } else {
        check
    })
}

fn journal(row: &SqliteRow, file: Option<&Path>) -> Option<DatabaseCheck> {
    const TITLE: &str = "Journal";
    let mode: String = row.try_get("journal_mode").ok()?;
    let is_wal = mode.eq_ignore_ascii_case("wal");
    let log = file.and_then(|file| {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        let size = std::fs::metadata(log).ok()?.len();
        i64::try_from(size).ok()
    });
    if file.is_none() {
        return Some(good(
            "journal",
            TITLE,
            "The database lives in memory and has no journal.",
        ));
    }
    if !is_wal {
        return Some(
            good(
                "journal",
                TITLE,
                format!(
                    "The journal is in mode {mode}: one who writes keeps all others from reading."
                ),
            )
            .with_status(CheckStatus::Warning)
            .with_action(
                "With a write-ahead log readers and a writer go on side by side:\n\
                 PRAGMA journal_mode = WAL;",
            )
            .with_caveat("On a network file system a write-ahead log does not work."),
        );
    }
    let size = log.unwrap_or(0);
    let check = good(
        "journal",
        TITLE,
        format!("A write-ahead log of {}.", bytes(size)),
    );
    // Checkpoints begin at 4 MB; a log of this size could not be worked off.
    Some(if size >= 128 << 20 {
        check.with_status(CheckStatus::Warning).with_action(
            "Somebody reads in a transaction that never ends, so the log cannot be worked off and \
             every read gets slower. Look for a transaction or a half-read stream that is held.",
        )
    } else {
        check
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_condition_of_a_partial_index_is_found() {
        assert_eq!(
            condition("CREATE INDEX i ON t (a) WHERE NOT deleted"),
            "NOT deleted"
        );
        assert_eq!(condition("create index i on t (a) where b = 1 "), "b = 1");
        assert_eq!(
            condition("CREATE INDEX i ON t (a)"),
            "CREATE INDEX i ON t (a)"
        );
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
