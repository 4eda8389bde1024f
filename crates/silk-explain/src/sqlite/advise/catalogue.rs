//! What the schema, the statistics and a few rows tell of a table.

use std::collections::BTreeSet;

use silk_core::DatabaseKind;
use silk_plan::advice::{ColumnFacts, IndexFacts, IndexKey, TableFacts, TableWants, quote_name};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _, sql_str::AssertSqlSafe};
use sqlx_sqlite::{Sqlite, SqliteConnection};

use super::super::size::{float, rows};
use crate::target::Failure;

/// Rows looked at to learn how many different values a column has.
const SAMPLE: i64 = 1_000;
/// Columns looked at.
const MAX_COLUMNS: usize = 60;

/// What is known of the table; nothing where there is none of that name.
pub(super) async fn facts(
    app: &mut SqliteConnection,
    wants: &TableWants,
) -> Result<Option<TableFacts>, Failure> {
    let row = app
        .fetch_optional(
            query::<Sqlite>(
                "SELECT name, sql FROM sqlite_schema \
                 WHERE type = 'table' AND name = $1 COLLATE NOCASE",
            )
            .bind(wants.table.clone())
            .persistent(false),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let name: String = row.try_get(0)?;
    let sql: String = row.try_get::<Option<String>, _>(1)?.unwrap_or_default();
    if sql.to_ascii_uppercase().starts_with("CREATE VIRTUAL") {
        return Ok(None);
    }
    let (mut columns, rowid) = columns(app, &name).await?;
    let mut indexes = indexes(app, &name).await?;
    let row_key: Vec<String> = rowid.iter().cloned().collect();
    if let Some(rowid) = rowid {
        indexes.push(IndexFacts {
            name: "PRIMARY KEY".to_owned(),
            keys: vec![IndexKey {
                text: rowid,
                ..IndexKey::default()
            }],
            is_unique: true,
            is_constraint: true,
            is_plain: true,
            ..IndexFacts::default()
        });
    }
    let (rows, is_analyzed) = rows(app, &name).await?;
    sample(app, &name, rows, &wants.compared(), &mut columns).await?;
    Ok(Some(TableFacts {
        kind: DatabaseKind::Sqlite,
        schema: None,
        name,
        rows,
        pages: None,
        all_visible: None,
        changed_since_analyze: None,
        is_analyzed,
        is_partitioned: false,
        is_partition: false,
        activity: None,
        columns,
        indexes,
        row_key,
    }))
}

/// The columns, and the one that is the rowid itself.
async fn columns(
    app: &mut SqliteConnection,
    table: &str,
) -> Result<(Vec<ColumnFacts>, Option<String>), Failure> {
    let rows = app
        .fetch_all(
            query::<Sqlite>("SELECT name, type, pk FROM pragma_table_xinfo($1)")
                .bind(table.to_owned())
                .persistent(false),
        )
        .await?;
    let mut columns = Vec::with_capacity(rows.len());
    let mut keys = Vec::new();
    for row in rows {
        let name: String = row.try_get("name")?;
        let type_name: String = row
            .try_get::<Option<String>, _>("type")?
            .unwrap_or_default();
        if row.try_get::<i64, _>("pk")? > 0 {
            keys.push((name.clone(), type_name.eq_ignore_ascii_case("INTEGER")));
        }
        columns.push(ColumnFacts {
            is_boolean: type_name.to_ascii_uppercase().starts_with("BOOL"),
            name,
            type_name,
            is_indexable: true,
            ..ColumnFacts::default()
        });
    }
    let rowid = match keys.as_slice() {
        [(name, true)] => Some(name.clone()),
        _ => None,
    };
    Ok((columns, rowid))
}

async fn indexes(app: &mut SqliteConnection, table: &str) -> Result<Vec<IndexFacts>, Failure> {
    let rows = app
        .fetch_all(
            query::<Sqlite>(
                "SELECT l.name AS name, l.\"unique\" AS is_unique, l.origin AS origin, \
                   l.partial AS is_partial, x.name AS of_column, x.\"desc\" AS descending, \
                   s.sql AS sql, x.coll AS collation \
                 FROM pragma_index_list($1) l JOIN pragma_index_xinfo(l.name) x \
                 LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = l.name \
                 WHERE x.key ORDER BY l.name, x.seqno",
            )
            .bind(table.to_owned())
            .persistent(false),
        )
        .await?;
    let mut indexes: Vec<IndexFacts> = Vec::new();
    for row in rows {
        let name: String = row.try_get("name")?;
        let sql: Option<String> = row.try_get("sql")?;
        let sql = sql.unwrap_or_default();
        let (expressions, predicate) = parts(&sql);
        if indexes.last().is_none_or(|index| index.name != name) {
            let origin: String = row.try_get("origin")?;
            indexes.push(IndexFacts {
                name,
                predicate: (row.try_get::<i64, _>("is_partial")? != 0)
                    .then(|| predicate.unwrap_or_default().to_owned()),
                is_unique: row.try_get::<i64, _>("is_unique")? != 0,
                is_constraint: origin != "c",
                is_plain: true,
                ..IndexFacts::default()
            });
        }
        let Some(index) = indexes.last_mut() else {
            continue;
        };
        let column: Option<String> = row.try_get("of_column")?;
        let descending = row.try_get::<i64, _>("descending")? != 0;
        let written = expressions
            .get(index.keys.len())
            .copied()
            .unwrap_or_default();
        let collation: Option<String> = row.try_get("collation")?;
        index.keys.push(IndexKey {
            is_expression: column.is_none(),
            text: column.unwrap_or_else(|| written.to_owned()),
            descending,
            nulls_first: descending,
            class: collation.filter(|collation| !collation.eq_ignore_ascii_case("BINARY")),
        });
    }
    Ok(indexes)
}

/// The keys and the condition of `CREATE INDEX … ON t (a, lower(b)) WHERE c`, as written.
fn parts(sql: &str) -> (Vec<&str>, Option<&str>) {
    let mut keys = Vec::new();
    let (mut depth, mut start, mut quote) = (0_usize, 0, None);
    for (at, c) in sql.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '[') => quote = Some(']'),
            (None, '(') => {
                depth += 1;
                if depth == 1 {
                    start = at + 1;
                }
            }
            (None, ',') if depth == 1 => {
                keys.push(bare_key(&sql[start..at]));
                start = at + 1;
            }
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    keys.push(bare_key(&sql[start..at]));
                    let rest = sql[at + 1..].trim_start();
                    let predicate = rest
                        .get(..5)
                        .filter(|word| word.eq_ignore_ascii_case("WHERE"))
                        .map(|_| rest[5..].trim());
                    return (keys, predicate);
                }
            }
            (None, _) => {}
        }
    }
    (keys, None)
}

/// A key without its direction.
fn bare_key(text: &str) -> &str {
    let text = text.trim();
    for word in [" DESC", " ASC"] {
        if let Some(at) = text.len().checked_sub(word.len())
            && text
                .get(at..)
                .is_some_and(|end| end.eq_ignore_ascii_case(word))
        {
            return text[..at].trim_end();
        }
    }
    text
}

/// Learns from at most a thousand rows, spread over the table, how many different values the
/// columns have.
async fn sample(
    app: &mut SqliteConnection,
    table: &str,
    rows: Option<f64>,
    compared: &BTreeSet<String>,
    columns: &mut [ColumnFacts],
) -> Result<(), Failure> {
    // Others may be as large as they like, and nobody asks for them.
    let counted: Vec<usize> = (0..columns.len())
        .filter(|at| {
            let mut names = compared.iter();
            names.any(|name| name.eq_ignore_ascii_case(&columns[*at].name))
        })
        .take(MAX_COLUMNS)
        .collect();
    let list: Vec<String> = counted
        .iter()
        .map(|at| {
            let column = &columns[*at];
            let name = quote_name(&column.name, DatabaseKind::Sqlite);
            format!("count(DISTINCT {name}), count({name})")
        })
        .collect();
    if list.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT count(*), {} FROM ({})",
        list.join(", "),
        probes(table)
    );
    let found = app
        .fetch_one(
            query::<Sqlite>(AssertSqlSafe(sql))
                .bind(SAMPLE)
                .persistent(false),
        )
        .await;
    let row = match found {
        Ok(row) => row,
        // Without a rowid: the first rows have to do.
        Err(_) => {
            let sql = format!(
                "SELECT count(*), {} FROM (SELECT * FROM {} LIMIT $1)",
                list.join(", "),
                quote_name(table, DatabaseKind::Sqlite)
            );
            let sql = query::<Sqlite>(AssertSqlSafe(sql)).bind(SAMPLE);
            app.fetch_one(sql.persistent(false)).await?
        }
    };
    let seen = float(row.try_get::<i64, _>(0)?);
    if seen < 1.0 {
        return Ok(());
    }
    for (at, place) in counted.into_iter().enumerate() {
        let column = &mut columns[place];
        let distinct = float(row.try_get::<i64, _>(1 + 2 * at)?);
        let filled = float(row.try_get::<i64, _>(2 + 2 * at)?);
        column.null_fraction = Some(1.0 - filled / seen);
        // Where most of the sample differs, so does most of the table.
        column.distinct = Some(if distinct > seen / 4.0 {
            rows.unwrap_or(seen) * distinct / seen
        } else {
            distinct.max(1.0)
        });
    }
    Ok(())
}

/// Rows spread evenly over a table; `$1` of them are looked for.
fn probes(table: &str) -> String {
    let table = quote_name(table, DatabaseKind::Sqlite);
    format!(
        "WITH RECURSIVE ends(low, high) AS (SELECT (SELECT min(rowid) FROM {table}), \
           (SELECT max(rowid) FROM {table})), \
         probe(n, at) AS (SELECT 0, low FROM ends UNION ALL \
           SELECT n + 1, low + max(1, (high - low) / $1) * (n + 1) FROM probe, ends \
           WHERE n + 1 < $1 AND low + max(1, (high - low) / $1) * (n + 1) <= high) \
         SELECT t.* FROM probe CROSS JOIN {table} t ON t.rowid = probe.at"
    )
}

/// The fraction of a table's rows that meet all of `predicates`, by a sample.
pub(super) async fn fraction(
    app: &mut SqliteConnection,
    table: &str,
    predicates: &[String],
) -> Result<Option<f64>, Failure> {
    let all: Vec<String> = predicates.iter().map(|text| format!("({text})")).collect();
    let all = all.join(" AND ");
    for rows in [
        probes(table),
        format!(
            "SELECT * FROM {} LIMIT $1",
            quote_name(table, DatabaseKind::Sqlite)
        ),
    ] {
        let sql = format!("SELECT avg(COALESCE({all}, 0) <> 0) FROM ({rows})");
        let sql = query::<Sqlite>(AssertSqlSafe(sql))
            .bind(SAMPLE)
            .persistent(false);
        if let Ok(row) = app.fetch_one(sql).await {
            return Ok(row.try_get::<Option<f64>, _>(0)?);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_conditions_of_an_index_as_written() {
        let (keys, predicate) = parts(
            "CREATE INDEX \"x (\" ON t (a, lower(b, 'c,)') DESC, [d,] asc) where deleted = 0",
        );
        assert_eq!(keys, ["a", "lower(b, 'c,)')", "[d,]"]);
        assert_eq!(predicate, Some("deleted = 0"));
        assert_eq!(parts(""), (Vec::new(), None));
        assert_eq!(parts("CREATE INDEX x ON t (a"), (Vec::new(), None));
    }
}
