//! What the catalogue knows of a table, and what a few of its rows tell.

use silk_core::DatabaseKind;
use silk_plan::advice::{ColumnFacts, IndexFacts, IndexKey, TableFacts, TableWants};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _};
use sqlx_mysql::{MySql, MySqlConnection};

use crate::target::Failure;

/// Bytes that the keys of an index of InnoDB may take.
const MAX_KEY_BYTES: i64 = 3_072;

/// What is known of the table; nothing where it is none of the app's.
pub(super) async fn facts(
    connection: &mut MySqlConnection,
    wants: &TableWants,
) -> Result<Option<TableFacts>, Failure> {
    let row = connection
        .fetch_optional(
            query::<MySql>(
                "SELECT CAST(TABLE_SCHEMA AS CHAR) AS in_schema, CAST(TABLE_NAME AS CHAR) AS name, \
                   CAST(TABLE_ROWS AS SIGNED) AS tuples, \
                   CAST(DATA_LENGTH DIV 16384 AS SIGNED) AS pages \
                 FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? \
                   AND TABLE_TYPE = 'BASE TABLE'",
            )
            .bind(wants.schema.clone())
            .bind(wants.table.clone())
            .persistent(false),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let schema: String = row.try_get("in_schema")?;
    let name: String = row.try_get("name")?;
    let rows: Option<i64> = row.try_get("tuples")?;
    let pages: Option<i64> = row.try_get("pages")?;
    let mut facts = TableFacts {
        kind: DatabaseKind::MySql,
        schema: wants.schema.is_some().then(|| schema.clone()),
        rows: rows.map(float),
        pages: pages.map(float),
        all_visible: None,
        changed_since_analyze: None,
        is_analyzed: true,
        is_partitioned: false,
        is_partition: false,
        activity: None,
        columns: columns(connection, &schema, &name).await?,
        indexes: Vec::new(),
        row_key: Vec::new(),
        name,
    };
    indexes(connection, &schema, &mut facts).await?;
    let primary = facts.indexes.iter().find(|index| index.name == "PRIMARY");
    if let Some(primary) = primary {
        facts.row_key = primary.keys.iter().map(|key| key.text.clone()).collect();
    }
    Ok(Some(facts))
}

async fn columns(
    connection: &mut MySqlConnection,
    schema: &str,
    table: &str,
) -> Result<Vec<ColumnFacts>, Failure> {
    let rows = connection
        .fetch_all(
            query::<MySql>(
                "SELECT CAST(COLUMN_NAME AS CHAR) AS name, LOWER(CAST(DATA_TYPE AS CHAR)) AS kind, \
                   LOWER(CAST(COLUMN_TYPE AS CHAR)) AS whole_type, \
                   CAST(CHARACTER_OCTET_LENGTH AS SIGNED) AS bytes \
                 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
                 ORDER BY ORDINAL_POSITION",
            )
            .bind(schema.to_owned())
            .bind(table.to_owned())
            .persistent(false),
        )
        .await?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in rows {
        let kind: String = row.try_get("kind")?;
        let whole: String = row.try_get("whole_type")?;
        let length: Option<i64> = row.try_get("bytes")?;
        columns.push(ColumnFacts {
            name: row.try_get("name")?,
            // Texts and blobs can only be indexed in part, and long texts not at all. A quarter, so
            // that an index has room for more than one.
            is_indexable: !kind.ends_with("text")
                && !kind.ends_with("blob")
                && !matches!(kind.as_str(), "json" | "geometry" | "point" | "polygon")
                && length.is_none_or(|length| length <= MAX_KEY_BYTES / 3),
            bytes: length.map(|length| float(length) / 4.0),
            is_boolean: whole == "tinyint(1)",
            type_name: kind,
            ..ColumnFacts::default()
        });
    }
    Ok(columns)
}

async fn indexes(
    connection: &mut MySqlConnection,
    schema: &str,
    facts: &mut TableFacts,
) -> Result<(), Failure> {
    let rows = connection
        .fetch_all(
            query::<MySql>(
                "SELECT CAST(INDEX_NAME AS CHAR) AS name, CAST(NON_UNIQUE AS SIGNED) AS has_doubles, \
                   CAST(COLUMN_NAME AS CHAR) AS of_column, CAST(COLLATION AS CHAR) AS direction, \
                   CAST(CARDINALITY AS SIGNED) AS different, CAST(INDEX_TYPE AS CHAR) AS kind, \
                   CAST(SUB_PART AS SIGNED) AS part \
                 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
                 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
            )
            .bind(schema.to_owned())
            .bind(facts.name.clone())
            .persistent(false),
        )
        .await?;
    for row in rows {
        let name: String = row.try_get("name")?;
        if facts.indexes.last().is_none_or(|index| index.name != name) {
            let kind: String = row.try_get("kind")?;
            facts.indexes.push(IndexFacts {
                is_unique: row.try_get::<i64, _>("has_doubles")? == 0,
                is_constraint: name == "PRIMARY",
                is_plain: kind == "BTREE",
                name,
                ..IndexFacts::default()
            });
        }
        let Some(index) = facts.indexes.last_mut() else {
            continue;
        };
        let column: Option<String> = row.try_get("of_column")?;
        let direction: Option<String> = row.try_get("direction")?;
        let part: Option<i64> = row.try_get("part")?;
        let descending = direction.as_deref() == Some("D");
        let cardinality: Option<i64> = row.try_get("different")?;
        // The first column's own; of later ones it is that of all before, too.
        if index.keys.is_empty()
            && let (Some(column), Some(cardinality)) = (&column, cardinality)
            && let Some(known) = facts.columns.iter_mut().find(|known| known.name == *column)
        {
            known.distinct = Some(float(cardinality).max(1.0));
        }
        index.keys.push(IndexKey {
            is_expression: column.is_none(),
            text: column.unwrap_or_default(),
            descending,
            nulls_first: descending,
            class: part.map(|part| format!("first {part}")),
        });
    }
    Ok(())
}

/// A number of rows.
#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of rows: beyond 2^53 there are none"
)]
pub(super) const fn float(number: i64) -> f64 {
    number as f64
}

/// Whether InnoDB takes an index of these columns: its keys have a limit in bytes.
pub(super) fn fits(candidate: &silk_plan::advice::Candidate, facts: &TableFacts) -> bool {
    let bytes: f64 = candidate
        .keys
        .iter()
        .map(|key| {
            let column = key.column.as_deref().and_then(|name| facts.column(name));
            column
                .and_then(|column| column.bytes)
                .map_or(8.0, |bytes| bytes * 4.0)
        })
        .sum();
    bytes <= float(MAX_KEY_BYTES)
}
