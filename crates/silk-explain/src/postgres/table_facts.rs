//! What the catalogue knows of tables that plans read.

use silk_capture::record::plans::KnownSession;
use silk_core::{
    DatabaseKind,
    explain::{Relation, RelationFacts},
};
use silk_plan::advice::quote_table;
use sqlx_core::{executor::Executor as _, query::query, raw_sql::raw_sql, row::Row as _};
use sqlx_postgres::{PgConnection, Postgres};

use super::connection::{begin_for, enter};
use crate::target::Failure;

/// An index counts where any row may be found through it by a comparison.
const TABLE: &str = "SELECT c.reltuples::float8 AS tuples, c.relpages::float8 AS pages, \
       c.relallvisible::float8 AS visible, \
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a \
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) \
         AS columns, \
       ARRAY(SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) \
         FROM pg_catalog.pg_attribute a \
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) \
         AS types, \
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid \
         JOIN pg_catalog.pg_am am ON am.oid = ic.relam AND am.amname IN ('btree', 'hash') \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
         WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL ORDER BY 1) \
         AS leading_columns \
     FROM pg_catalog.pg_class c \
     WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind IN ('r', 'm', 'p') \
       AND c.relpersistence <> 't'";

/// What is known of the tables, in a transaction that is rolled back.
pub(super) async fn facts(
    connection: &mut PgConnection,
    relations: Vec<Relation>,
    session: &KnownSession,
    timeout: std::time::Duration,
) -> Result<Vec<RelationFacts>, Failure> {
    begin_for(connection, timeout).await?;
    enter(connection, session).await?;
    // Without a schema a name means what it means to the app, if that is known.
    let is_sure = matches!(session, KnownSession::Known(_));
    let mut found = Vec::new();
    for relation in relations {
        if relation.schema.is_none()
            && !is_sure
            && !super::names::is_one(connection, &relation.name).await?
        {
            continue;
        }
        let name = quote_table(
            relation.schema.as_deref(),
            &relation.name,
            DatabaseKind::Postgres,
        );
        let row = connection
            .fetch_optional(query::<Postgres>(TABLE).bind(name).persistent(false))
            .await?;
        let Some(row) = row else { continue };
        let tuples: f64 = row.try_get("tuples")?;
        let (pages, visible): (f64, f64) = (row.try_get("pages")?, row.try_get("visible")?);
        let columns: Vec<String> = row.try_get("columns")?;
        let types: Vec<String> = row.try_get("types")?;
        found.push(RelationFacts {
            relation,
            // Below zero: never counted.
            rows: (tuples >= 0.0).then_some(tuples),
            all_visible: (pages > 0.0).then(|| (visible / pages).clamp(0.0, 1.0)),
            column_types: columns.into_iter().zip(types).collect(),
            leading_columns: row.try_get("leading_columns")?,
        });
    }
    connection.execute(raw_sql("ROLLBACK")).await?;
    Ok(found)
}
