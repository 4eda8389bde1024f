//! What the schema and the statistics know of tables that plans read.

use silk_core::explain::{Relation, RelationFacts};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _};
use sqlx_sqlite::{Sqlite, SqliteConnection};

use super::size::rows;
use crate::target::Failure;

/// Virtual tables are left out: what they are is their module's affair.
const TABLE: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' \
     AND name = $1 COLLATE NOCASE AND sql NOT LIKE 'CREATE VIRTUAL%'";

const COLUMNS: &str = "SELECT name, lower(type) FROM pragma_table_xinfo($1)";

/// An index counts where any row may be found through it; so does the key that is the rowid.
const LEADING: &str = "SELECT x.name FROM pragma_index_list($1) l \
       JOIN pragma_index_xinfo(l.name) x ON x.seqno = 0 \
       WHERE NOT l.partial AND x.name IS NOT NULL \
     UNION SELECT name FROM pragma_table_info($1) WHERE pk = 1 AND upper(type) = 'INTEGER' \
       AND (SELECT count(*) FROM pragma_table_info($1) WHERE pk > 0) = 1 \
     ORDER BY 1";

/// What is known of the tables of the main database.
pub(super) async fn facts(
    connection: &mut SqliteConnection,
    relations: Vec<Relation>,
) -> Result<Vec<RelationFacts>, Failure> {
    let mut found = Vec::new();
    for relation in relations {
        let is_main = relation
            .schema
            .as_deref()
            .is_none_or(|schema| schema.eq_ignore_ascii_case("main"));
        let table = query::<Sqlite>(TABLE)
            .bind(relation.name.clone())
            .persistent(false);
        let row = connection.fetch_optional(table).await?;
        let Some(row) = row.filter(|_| is_main) else {
            continue;
        };
        let name: String = row.try_get(0)?;
        let mut facts = RelationFacts {
            relation,
            rows: rows(connection, &name).await?.0,
            all_visible: None,
            column_types: std::collections::BTreeMap::new(),
            leading_columns: Vec::new(),
        };
        let columns = query::<Sqlite>(COLUMNS)
            .bind(name.clone())
            .persistent(false);
        for row in connection.fetch_all(columns).await? {
            facts.column_types.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let leading = query::<Sqlite>(LEADING).bind(name).persistent(false);
        for row in connection.fetch_all(leading).await? {
            facts.leading_columns.push(row.try_get(0)?);
        }
        found.push(facts);
    }
    Ok(found)
}
