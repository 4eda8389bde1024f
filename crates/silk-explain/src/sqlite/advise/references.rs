//! Foreign keys that point at the table whose rows a statement deletes or changes: for each such
//! row the tables that refer to it are searched, which the statement does not say.

use silk_core::DatabaseKind;
use silk_plan::advice::{Reference, TableWants, changed_by};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _};
use sqlx_sqlite::{Sqlite, SqliteConnection};

use crate::target::Failure;

const REFERENCES: &str = "SELECT m.name AS referring, f.id AS id, f.\"from\" AS from_column, \
       f.\"to\" AS to_column \
     FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f \
     WHERE m.type = 'table' AND f.\"table\" = $1 COLLATE NOCASE \
     ORDER BY m.name, f.id, f.seq LIMIT 200";

/// What the tables that refer to the statement's are searched for; nothing where foreign keys are
/// not enforced.
pub(super) async fn wants(
    app: &mut SqliteConnection,
    sql: &str,
) -> Result<Vec<TableWants>, Failure> {
    let Some(changed) = changed_by(sql, DatabaseKind::Sqlite) else {
        return Ok(Vec::new());
    };
    let enforced = app
        .fetch_one(query::<Sqlite>("PRAGMA foreign_keys").persistent(false))
        .await?;
    if enforced.try_get::<i64, _>(0)? == 0 {
        return Ok(Vec::new());
    }
    let mut primary: Vec<String> = Vec::new();
    let keys = app
        .fetch_all(
            query::<Sqlite>("SELECT name FROM pragma_table_info($1) WHERE pk > 0")
                .bind(changed.table.clone())
                .persistent(false),
        )
        .await?;
    for row in keys {
        primary.push(row.try_get(0)?);
    }
    let rows = app
        .fetch_all(
            query::<Sqlite>(REFERENCES)
                .bind(changed.table.clone())
                .persistent(false),
        )
        .await?;
    let mut found: Vec<(String, i64, Reference, bool)> = Vec::new();
    for row in rows {
        let (table, id): (String, i64) = (row.try_get("referring")?, row.try_get("id")?);
        let from: String = row.try_get("from_column")?;
        let to: Option<String> = row.try_get("to_column")?;
        let is_same = |known: &(String, i64, Reference, bool)| known.0 == table && known.1 == id;
        if !found.last().is_some_and(is_same) {
            let reference = Reference {
                constraint: None,
                parent: changed.table.clone(),
                columns: Vec::new(),
            };
            found.push((table, id, reference, changed.columns.is_none()));
        }
        let Some((_, _, reference, is_touched)) = found.last_mut() else {
            continue;
        };
        reference.columns.push(from);
        if let Some(set) = &changed.columns {
            let is_set = |name: &String| set.iter().any(|set| set.eq_ignore_ascii_case(name));
            // Without a name it points at the primary key.
            *is_touched |= to
                .as_ref()
                .map_or_else(|| primary.iter().any(is_set), is_set);
        }
    }
    Ok(found
        .into_iter()
        .filter(|(_, _, _, is_touched)| *is_touched)
        .map(|(table, _, reference, _)| TableWants::of_reference(None, &table, reference))
        .collect())
}
