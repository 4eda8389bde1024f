//! What the catalogue knows of a table.

use silk_core::DatabaseKind;
use silk_plan::advice::{
    Activity, Candidate, ColumnFacts, IndexFacts, IndexKey, TableFacts, TableWants, quote_name,
    quote_table,
};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _};
use sqlx_postgres::{PgConnection, Postgres};

use crate::target::Failure;

const TABLE: &str = "SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.reltuples::float8 AS tuples, \
       c.relpages::float8 AS pages, c.relallvisible::float8 AS visible, \
       c.relkind = 'p' AS is_partitioned, c.relispartition AS is_partition, \
       s.n_tup_ins::float8 AS inserts, s.n_tup_upd::float8 AS updates, \
       s.n_tup_hot_upd::float8 AS hot_updates, s.n_tup_del::float8 AS deletes, \
       (COALESCE(s.seq_scan, 0) + COALESCE(s.idx_scan, 0))::float8 AS scans, \
       s.n_mod_since_analyze::float8 AS changed, \
       EXISTS (SELECT 1 FROM pg_catalog.pg_statistic st WHERE st.starelid = c.oid) AS is_analyzed \
     FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid \
     WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind IN ('r', 'm', 'p') \
       AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')";

const COLUMNS: &str = "SELECT a.attname::text AS name, pg_catalog.format_type(b.oid, \
         CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) AS type_name, \
       b.oid = 16 AS is_boolean, \
       EXISTS (SELECT 1 FROM pg_catalog.pg_opclass oc \
         JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree' \
         WHERE oc.opcdefault AND (oc.opcintype = b.oid \
           OR (b.typtype = 'e' AND oc.opcintype = 3500) \
           OR (b.typtype = 'r' AND oc.opcintype = 3831) \
           OR EXISTS (SELECT 1 FROM pg_catalog.pg_cast ca WHERE ca.castsource = b.oid \
             AND ca.casttarget = oc.opcintype AND ca.castmethod = 'b' \
             AND ca.castcontext = 'i'))) AS is_indexable, \
       st.n_distinct::float8 AS n_distinct, st.null_frac::float8 AS null_fraction, \
       st.avg_width::float8 AS bytes, st.correlation::float8 AS correlation, \
       b.oid IN (25, 1043) AND co.collname NOT IN ('C', 'POSIX') \
         AND NOT (co.collname = 'default' AND d.datcollate IN ('C', 'POSIX')) AS needs_class, \
       b.oid = 1043 AS is_varchar \
     FROM pg_catalog.pg_attribute a \
     JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     JOIN pg_catalog.pg_type b ON b.oid = COALESCE(NULLIF(t.typbasetype, 0), t.oid) \
     JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database() \
     LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation \
     LEFT JOIN LATERAL (SELECT * FROM pg_catalog.pg_stats ps \
       WHERE ps.schemaname = n.nspname AND ps.tablename = c.relname AND ps.attname = a.attname \
       ORDER BY ps.inherited DESC LIMIT 1) st ON true \
     WHERE a.attrelid = $1::int8::oid AND a.attnum > 0 AND NOT a.attisdropped \
     ORDER BY a.attnum";

const INDEXES: &str = "SELECT ic.relname::text AS name, \
       am.amname = 'btree' AND i.indisvalid AND i.indisready AS is_plain, \
       i.indisunique AS is_unique, \
       EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid) \
         AS is_constraint, \
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate, ic.relpages::float8 AS pages, \
       k.n <= i.indnkeyatts AS is_key, i.indkey[k.n - 1] = 0 AS is_expression, \
       COALESCE(a.attname::text, pg_catalog.pg_get_indexdef(i.indexrelid, k.n, false)) AS key, \
       COALESCE(i.indoption[k.n - 1] & 1 <> 0, false) AS descending, \
       COALESCE(i.indoption[k.n - 1] & 2 <> 0, false) AS nulls_first, \
       CASE WHEN oc.opcdefault THEN NULL ELSE oc.opcname::text END AS class \
     FROM pg_catalog.pg_index i \
     JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid \
     JOIN pg_catalog.pg_am am ON am.oid = ic.relam \
     CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnatts::int4) AS k(n) \
     LEFT JOIN pg_catalog.pg_attribute a \
       ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n - 1] AND a.attnum <> 0 \
     LEFT JOIN pg_catalog.pg_opclass oc ON k.n <= i.indnkeyatts AND oc.oid = i.indclass[k.n - 1] \
     WHERE i.indrelid = $1::int8::oid \
     ORDER BY ic.relname, k.n";

/// What is known of the table; nothing where it is none of the app's lasting ones.
pub(super) async fn facts(
    connection: &mut PgConnection,
    wants: &TableWants,
) -> Result<Option<TableFacts>, Failure> {
    let name = quote_table(
        wants.schema.as_deref(),
        &wants.table,
        DatabaseKind::Postgres,
    );
    let row = connection
        .fetch_optional(query::<Postgres>(TABLE).bind(name).persistent(false))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let oid: i64 = row.try_get("oid")?;
    let tuples: f64 = row.try_get("tuples")?;
    let pages: f64 = row.try_get("pages")?;
    let visible: f64 = row.try_get("visible")?;
    let changed: Option<f64> = row.try_get("changed")?;
    let inserts: Option<f64> = row.try_get("inserts")?;
    let counted = |column| {
        row.try_get::<Option<f64>, _>(column)
            .map(Option::unwrap_or_default)
    };
    let activity = match inserts {
        Some(inserts) => Some(Activity {
            inserts,
            updates: counted("updates")?,
            hot_updates: counted("hot_updates")?,
            deletes: counted("deletes")?,
            scans: counted("scans")?,
        }),
        None => None,
    };
    let facts = TableFacts {
        kind: DatabaseKind::Postgres,
        schema: Some(row.try_get("schema")?),
        name: wants.table.clone(),
        rows: (tuples >= 0.0).then_some(tuples),
        pages: Some(pages),
        all_visible: (pages > 0.0).then(|| (visible / pages).clamp(0.0, 1.0)),
        changed_since_analyze: changed
            .filter(|_| tuples > 0.0)
            .map(|changed| (changed / tuples).min(1.0)),
        is_analyzed: row.try_get("is_analyzed")?,
        is_partitioned: row.try_get("is_partitioned")?,
        is_partition: row.try_get("is_partition")?,
        activity,
        columns: columns(connection, oid, tuples).await?,
        indexes: indexes(connection, oid).await?,
        row_key: Vec::new(),
    };
    Ok(Some(facts))
}

async fn columns(
    connection: &mut PgConnection,
    oid: i64,
    tuples: f64,
) -> Result<Vec<ColumnFacts>, Failure> {
    let rows = connection
        .fetch_all(query::<Postgres>(COLUMNS).bind(oid).persistent(false))
        .await?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in rows {
        // Below zero it is a fraction of all rows.
        let distinct: Option<f64> = row.try_get("n_distinct")?;
        let needs_class: Option<bool> = row.try_get("needs_class")?;
        let is_varchar: bool = row.try_get("is_varchar")?;
        columns.push(ColumnFacts {
            name: row.try_get("name")?,
            type_name: row.try_get("type_name")?,
            is_boolean: row.try_get("is_boolean")?,
            is_indexable: row.try_get("is_indexable")?,
            distinct: distinct
                .map(|distinct| {
                    if distinct < 0.0 {
                        -distinct * tuples.max(0.0)
                    } else {
                        distinct
                    }
                })
                .filter(|distinct| *distinct > 0.0),
            null_fraction: row.try_get("null_fraction")?,
            bytes: row.try_get("bytes")?,
            correlation: row.try_get("correlation")?,
            pattern_class: match needs_class {
                Some(true) if is_varchar => Some("varchar_pattern_ops"),
                Some(true) => Some("text_pattern_ops"),
                _ => None,
            },
        });
    }
    Ok(columns)
}

async fn indexes(connection: &mut PgConnection, oid: i64) -> Result<Vec<IndexFacts>, Failure> {
    let rows = connection
        .fetch_all(query::<Postgres>(INDEXES).bind(oid).persistent(false))
        .await?;
    let mut indexes: Vec<IndexFacts> = Vec::new();
    for row in rows {
        let name: String = row.try_get("name")?;
        if indexes.last().is_none_or(|index| index.name != name) {
            indexes.push(IndexFacts {
                name,
                is_plain: row.try_get("is_plain")?,
                is_unique: row.try_get("is_unique")?,
                is_constraint: row.try_get("is_constraint")?,
                predicate: row.try_get("predicate")?,
                pages: row.try_get("pages")?,
                ..IndexFacts::default()
            });
        }
        let Some(index) = indexes.last_mut() else {
            continue;
        };
        let text: String = row.try_get("key")?;
        if row.try_get::<bool, _>("is_key")? {
            index.keys.push(IndexKey {
                text,
                is_expression: row.try_get("is_expression")?,
                descending: row.try_get("descending")?,
                nulls_first: row.try_get("nulls_first")?,
                class: row.try_get("class")?,
            });
        } else {
            index.include.push(text);
        }
    }
    Ok(indexes)
}

/// Whether the schema of a candidate's table already has something of that name.
pub(super) async fn exists(
    connection: &mut PgConnection,
    candidate: &Candidate,
    name: &str,
) -> Result<bool, Failure> {
    let name = match &candidate.schema {
        Some(schema) => quote_table(Some(schema), name, DatabaseKind::Postgres),
        None => quote_name(name, DatabaseKind::Postgres),
    };
    let row = connection
        .fetch_one(
            query::<Postgres>("SELECT pg_catalog.to_regclass($1) IS NOT NULL")
                .bind(name)
                .persistent(false),
        )
        .await?;
    Ok(row.try_get(0)?)
}
