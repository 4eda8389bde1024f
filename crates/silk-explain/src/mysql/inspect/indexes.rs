//! Indexes: needless, never used.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::{error::Error, row::Row as _};

use super::reader::{Reader, not_told};
use crate::checks::{CheckExt as _, Index, Needless, counted, good, text, unavailable};

const NEEDLESS: Needless = Needless {
    drop: |index| {
        format!(
            "ALTER TABLE {} DROP INDEX {};",
            quoted(&index.table),
            quoted(&index.name)
        )
    },
    has_sizes: false,
    caveat: Some("A hint in a query (USE INDEX) names its index; drop none that is named."),
};

const INDEXES: &str = "SELECT s.TABLE_NAME AS of_table, s.INDEX_NAME AS name, s.INDEX_TYPE AS method, \
            CONCAT(COALESCE(s.COLUMN_NAME, '(expression)'), '\\t', COALESCE(s.COLLATION, ''), \
                   COALESCE(CONCAT('(', s.SUB_PART, ')'), '')) AS key_part, \
            CAST(s.NON_UNIQUE AS SIGNED) AS has_doubles \
     FROM information_schema.STATISTICS s \
     WHERE s.TABLE_SCHEMA = DATABASE() \
     ORDER BY s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX LIMIT 20000";

/// MariaDB counts the reads of each index when `userstat` is on.
const USED: &str = "SELECT TABLE_NAME, INDEX_NAME FROM information_schema.INDEX_STATISTICS \
     WHERE TABLE_SCHEMA = DATABASE() AND ROWS_READ > 0";

const USERSTAT: &str = "SELECT CAST(@@GLOBAL.userstat AS SIGNED)";

pub(super) async fn check(reader: &mut Reader<'_>, checks: &mut Vec<DatabaseCheck>) {
    match indexes(reader).await {
        Ok(indexes) => {
            checks.push(NEEDLESS.check(&indexes));
            checks.push(unused(reader, &indexes).await);
        }
        Err(error) => checks.push(not_told(Needless::CODE, Needless::TITLE, &error)),
    }
}

async fn indexes(reader: &mut Reader<'_>) -> Result<Vec<Index>, Error> {
    let mut indexes: Vec<Index> = Vec::new();
    for row in reader.rows(INDEXES).await? {
        let table: String = row.try_get_unchecked("of_table")?;
        let name: String = row.try_get_unchecked("name")?;
        let key: String = row.try_get_unchecked("key_part")?;
        match indexes
            .last_mut()
            .filter(|last| last.table == table && last.name == name)
        {
            Some(last) => last.keys.push(key),
            None => indexes.push(Index {
                method: row.try_get_unchecked::<String, _>("method")?.to_lowercase(),
                keys: vec![key],
                is_unique: row.try_get_unchecked::<i64, _>("has_doubles")? == 0,
                is_needed: name == "PRIMARY",
                table,
                name,
                ..Index::default()
            }),
        }
    }
    Ok(indexes)
}

async fn unused(reader: &mut Reader<'_>, indexes: &[Index]) -> DatabaseCheck {
    const TITLE: &str = "Unused indexes";
    let is_on = match reader.rows(USERSTAT).await {
        Ok(rows) => rows
            .first()
            .is_some_and(|row| row.try_get_unchecked::<i64, _>(0).is_ok_and(|on| on != 0)),
        Err(_) => false,
    };
    if !is_on {
        return unavailable(
            "unused_indexes",
            TITLE,
            "The server does not count the reads of each index.",
            Some(
                "Let MariaDB count them (costs little), and look again when the app has run \
                 for a while:\nSET GLOBAL userstat = 1;",
            ),
        );
    }
    let used = match reader.rows(USED).await {
        Ok(rows) => rows
            .iter()
            .filter_map(|row| {
                let names: (String, String) = (
                    row.try_get_unchecked(0).ok()?,
                    row.try_get_unchecked(1).ok()?,
                );
                Some(names)
            })
            .collect::<Vec<_>>(),
        Err(error) => return not_told("unused_indexes", TITLE, &error),
    };
    let unused: Vec<&Index> = indexes
        .iter()
        .filter(|index| {
            // Only where the table was read by some index at all.
            !index.is_unique
                && used.iter().any(|(table, _)| *table == index.table)
                && !used
                    .iter()
                    .any(|(table, name)| *table == index.table && *name == index.name)
        })
        .collect();
    if unused.is_empty() {
        return good(
            "unused_indexes",
            TITLE,
            "No index of a table that is read was never used.",
        );
    }
    good(
        "unused_indexes",
        TITLE,
        format!(
            "{} not used by any query since counting began.",
            counted(unused.len(), "index was", "indexes were")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[text("table"), text("index"), text("columns")],
        unused
            .iter()
            .map(|index| vec![index.table.clone(), index.name.clone(), index.columns()])
            .collect(),
    )
    .with_action(
        "See what happens without one before dropping it: ALTER TABLE with ALTER INDEX and its name, \
         INVISIBLE on MySQL, IGNORED on MariaDB.",
    )
    .with_caveat("An index under a foreign key is needed for it, whoever reads it.")
}

/// A name that can stand in a statement.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
