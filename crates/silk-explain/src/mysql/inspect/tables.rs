//! Tables: their keys, the space they hold.

use silk_core::explain::{CheckStatus, DatabaseCheck};
use sqlx_core::row::Row as _;
use sqlx_mysql::MySqlRow;

use super::reader::{Reader, not_told};
use crate::checks::{CheckExt as _, bytes, counted, good, grouped, number, text};

const NO_KEY: &str = "SELECT t.TABLE_NAME, CAST(COALESCE(t.TABLE_ROWS, 0) AS SIGNED) \
     FROM information_schema.TABLES t \
     WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' \
       AND NOT EXISTS (SELECT 1 FROM information_schema.STATISTICS s \
                       WHERE s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME \
                         AND s.INDEX_NAME = 'PRIMARY') \
     ORDER BY 2 DESC LIMIT 200";

const SPACE: &str = "SELECT t.TABLE_NAME AS name, \
            CAST(COALESCE(t.DATA_LENGTH, 0) + COALESCE(t.INDEX_LENGTH, 0) AS SIGNED) AS size, \
            CAST(COALESCE(t.DATA_FREE, 0) AS SIGNED) AS free \
     FROM information_schema.TABLES t \
     WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' \
     ORDER BY 3 DESC LIMIT 200";

pub(super) async fn check(reader: &mut Reader<'_>, checks: &mut Vec<DatabaseCheck>) {
    checks.push(match reader.rows(NO_KEY).await {
        Ok(rows) => without_key(&rows),
        Err(error) => not_told("primary_keys", KEY_TITLE, &error),
    });
    checks.push(match reader.rows(SPACE).await {
        Ok(rows) => space(&rows),
        Err(error) => not_told("bloat", SPACE_TITLE, &error),
    });
}

const KEY_TITLE: &str = "Tables without a primary key";

fn without_key(rows: &[MySqlRow]) -> DatabaseCheck {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .filter_map(|row| {
            let (table, tuples): (String, i64) = (
                row.try_get_unchecked(0).ok()?,
                row.try_get_unchecked(1).ok()?,
            );
            Some(vec![table, grouped(tuples)])
        })
        .collect();
    if lines.is_empty() {
        return good("primary_keys", KEY_TITLE, "Every table has one.");
    }
    good(
        "primary_keys",
        KEY_TITLE,
        format!(
            "InnoDB keeps a table in the order of its primary key; {} none, and a hidden one is \
             used that no query can ask for.",
            counted(lines.len(), "table has", "tables have")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(&[text("table"), number("rows, estimated")], lines)
    .with_action("Add a primary key.")
}

const SPACE_TITLE: &str = "Free space in tables";

fn space(rows: &[MySqlRow]) -> DatabaseCheck {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .filter_map(|row| {
            let table: String = row.try_get_unchecked("name").ok()?;
            let (size, free): (i64, i64) = (
                row.try_get_unchecked("size").ok()?,
                row.try_get_unchecked("free").ok()?,
            );
            (free >= 10 << 20 && free >= size / 2).then(|| vec![table, bytes(size), bytes(free)])
        })
        .collect();
    if lines.is_empty() {
        return good(
            "bloat",
            SPACE_TITLE,
            "No table holds 10 MB or more of free space beside half as much data.",
        );
    }
    good(
        "bloat",
        SPACE_TITLE,
        format!(
            "{} much free space.",
            counted(lines.len(), "table holds", "tables hold")
        ),
    )
    .with_status(CheckStatus::Warning)
    .with_rows(
        &[text("table"), number("data and indexes"), number("free")],
        lines,
    )
    .with_action("OPTIMIZE TABLE gives it back; it rebuilds the table.")
    .with_caveat("In a shared tablespace the free space is that of all tables together.")
}
