//! Forms of plans, and which of them are let in.

use std::collections::{HashMap, HashSet};

use silk_core::{Fingerprint, PlanShape, PlanSource};
use sqlx::{Row, SqliteConnection, query, query_scalar};

use super::{super::error::Fault, row::source};
use crate::stats::{FORM_GIVEN_UP_US, MAX_FORMS};

/// One form of a statement's plans: its database, its source and its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Form {
    pub(super) fingerprint: Fingerprint,
    /// The row of its database.
    pub(super) database: i64,
    pub(super) source: PlanSource,
    pub(super) shape: PlanShape,
}

impl Form {
    /// Its key as a JSON array, with more numbers after it.
    pub(super) fn json(&self, more: &[i64]) -> String {
        let mut text = format!(
            "[{},{},\"{}\",{}",
            self.fingerprint.0.cast_signed(),
            self.database,
            self.source,
            self.shape.0.cast_signed()
        );
        for number in more {
            text.push(',');
            text.push_str(&number.to_string());
        }
        text.push(']');
        text
    }
}

/// When a form was seen first and last, in microseconds.
pub(super) type Seen = (i64, i64);

/// Notes when forms were seen, and returns those that are kept.
///
/// A statement has at most [`MAX_FORMS`]: a new one beyond takes the place of the one not seen for
/// the longest time, if that is a day ago at least; else it is left out. So a statement that is
/// planned differently each time neither fills the store nor costs more than another.
pub(super) async fn admit(
    connection: &mut SqliteConnection,
    seen: &HashMap<Form, Seen>,
) -> Result<HashSet<Form>, Fault> {
    let mut kept = known(connection, seen).await?;
    let rows: Vec<(Form, Seen)> = kept.iter().map(|form| (*form, seen[form])).collect();
    note(connection, &rows).await?;
    for (form, stretch) in seen {
        if !kept.contains(form) && make_room(connection, form, stretch.1).await? {
            // At once, so that the next new form of the statement is counted with it.
            note(connection, &[(*form, *stretch)]).await?;
            kept.insert(*form);
        }
    }
    Ok(kept)
}

async fn known(
    connection: &mut SqliteConnection,
    seen: &HashMap<Form, Seen>,
) -> Result<HashSet<Form>, Fault> {
    let keys: Vec<String> = seen.keys().map(|form| form.json(&[])).collect();
    let rows = query(
        "SELECT f.fingerprint, f.database_id, f.source, f.shape
         FROM json_each(?) k CROSS JOIN plan_forms f
           ON f.fingerprint = k.value ->> 0 AND f.database_id = k.value ->> 1
              AND f.source = k.value ->> 2 AND f.shape = k.value ->> 3",
    )
    .bind(format!("[{}]", keys.join(",")))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Form {
                fingerprint: Fingerprint(row.try_get::<i64, _>("fingerprint")?.cast_unsigned()),
                database: row.try_get("database_id")?,
                source: source(row.try_get("source")?)?,
                shape: PlanShape(row.try_get::<i64, _>("shape")?.cast_unsigned()),
            })
        })
        .collect()
}

/// Whether there is room for one more form of the statement.
async fn make_room(
    connection: &mut SqliteConnection,
    form: &Form,
    at_us: i64,
) -> Result<bool, Fault> {
    let fingerprint = form.fingerprint.0.cast_signed();
    let count: i64 = query_scalar("SELECT count(*) FROM plan_forms WHERE fingerprint = ?")
        .bind(fingerprint)
        .fetch_one(&mut *connection)
        .await?;
    if count < MAX_FORMS {
        return Ok(true);
    }
    let oldest = query(
        "SELECT database_id, source, shape, last_us FROM plan_forms WHERE fingerprint = ?
         ORDER BY last_us LIMIT 1",
    )
    .bind(fingerprint)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(oldest) = oldest else {
        return Ok(true);
    };
    let (database, source): (i64, &str) =
        (oldest.try_get("database_id")?, oldest.try_get("source")?);
    let (shape, last_us): (i64, i64) = (oldest.try_get("shape")?, oldest.try_get("last_us")?);
    if last_us > at_us.saturating_sub(FORM_GIVEN_UP_US) {
        return Ok(false);
    }
    for sql in [
        "DELETE FROM plan_forms
         WHERE fingerprint = ? AND database_id = ? AND source = ? AND shape = ?",
        "DELETE FROM plans
         WHERE fingerprint = ? AND database_id = ? AND source = ? AND shape = ?",
        "DELETE FROM plan_stats
         WHERE fingerprint = ? AND database_id = ? AND source = ? AND shape = ?",
    ] {
        query(sql)
            .bind(fingerprint)
            .bind(database)
            .bind(source)
            .bind(shape)
            .execute(&mut *connection)
            .await?;
    }
    Ok(true)
}

/// Adds forms, or makes the stretch longer that a known one was seen in.
async fn note(connection: &mut SqliteConnection, rows: &[(Form, Seen)]) -> Result<(), Fault> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<String> = rows
        .iter()
        .map(|(form, (first_us, last_us))| form.json(&[*first_us, *last_us]))
        .collect();
    query(
        "INSERT INTO plan_forms (fingerprint, database_id, source, shape, first_us, last_us)
         SELECT n.value ->> 0, n.value ->> 1, n.value ->> 2, n.value ->> 3, n.value ->> 4,
                n.value ->> 5
         FROM json_each(?) n WHERE true
         ON CONFLICT DO UPDATE SET first_us = min(first_us, excluded.first_us),
             last_us = max(last_us, excluded.last_us)",
    )
    .bind(format!("[{}]", rows.join(",")))
    .execute(connection)
    .await?;
    Ok(())
}
