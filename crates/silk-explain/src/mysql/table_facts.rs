//! What the server knows of tables that plans read.

use silk_core::explain::{Relation, RelationFacts};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _};
use sqlx_mysql::{MySql, MySqlConnection};

use crate::target::Failure;

const TABLE: &str = "SELECT CAST(TABLE_SCHEMA AS CHAR) AS in_schema, CAST(TABLE_NAME AS CHAR) AS name, \
       CAST(TABLE_ROWS AS DOUBLE) AS tuples \
     FROM information_schema.TABLES \
     WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ? \
       AND TABLE_TYPE = 'BASE TABLE'";

const COLUMNS: &str = "SELECT CAST(COLUMN_NAME AS CHAR), LOWER(CAST(DATA_TYPE AS CHAR)) \
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";

/// An index counts where any row may be found through it by a comparison.
const LEADING: &str = "SELECT DISTINCT CAST(COLUMN_NAME AS CHAR) \
     FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
       AND SEQ_IN_INDEX = 1 AND COLUMN_NAME IS NOT NULL AND INDEX_TYPE IN ('BTREE', 'HASH') \
     ORDER BY 1";

/// What is known of the tables, on a connection that has its limits set.
pub(super) async fn facts(
    connection: &mut MySqlConnection,
    relations: Vec<Relation>,
) -> Result<Vec<RelationFacts>, Failure> {
    let mut found = Vec::new();
    for relation in relations {
        let table = query::<MySql>(TABLE)
            .bind(relation.schema.clone())
            .bind(relation.name.clone())
            .persistent(false);
        let Some(row) = connection.fetch_optional(table).await? else {
            continue;
        };
        let (schema, name): (String, String) = (row.try_get("in_schema")?, row.try_get("name")?);
        let rows: Option<f64> = row.try_get("tuples")?;
        let mut facts = RelationFacts {
            relation,
            rows,
            all_visible: None,
            column_types: std::collections::BTreeMap::new(),
            leading_columns: Vec::new(),
        };
        let columns = query::<MySql>(COLUMNS)
            .bind(schema.clone())
            .bind(name.clone())
            .persistent(false);
        for row in connection.fetch_all(columns).await? {
            facts.column_types.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let leading = query::<MySql>(LEADING)
            .bind(schema)
            .bind(name)
            .persistent(false);
        for row in connection.fetch_all(leading).await? {
            facts.leading_columns.push(row.try_get(0)?);
        }
        found.push(facts);
    }
    Ok(found)
}
