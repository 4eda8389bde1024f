//! Rows of figures: found by their places, and written.

use sqlx::{Arguments, AssertSqlSafe, Row, SqliteConnection, query};

use super::{
    super::{bulk_insert::insert_rows, error::Fault},
    group::{Figures, Group, PLACE, Place},
};

/// What stands at `places` already and can be read.
pub(super) async fn find<F: Figures>(
    connection: &mut SqliteConnection,
    places: impl Iterator<Item = Place>,
) -> Result<Vec<(Place, Group<F>)>, Fault> {
    let places: Vec<String> = places.map(Place::json).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let rows = query(AssertSqlSafe(format!(
        "SELECT {PLACE}, s.figures FROM json_each(?) k CROSS JOIN figures s
           ON s.statement_id = k.value ->> 0 AND s.width_s = k.value ->> 1
              AND s.bucket_us = k.value ->> 2 AND s.part = k.value ->> 3
              AND s.run_id = k.value ->> 4"
    )))
    .bind(format!("[{}]", places.join(",")))
    .fetch_all(connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        // What cannot be read is written over, rather than in the way of every batch.
        if let Ok(group) = Group::unpack(row.try_get("figures")?) {
            found.push((Place::of_row(row)?, group));
        }
    }
    Ok(found)
}

/// Writes rows over what was there.
pub(super) async fn replace<'a, F: Figures + 'a>(
    connection: &mut SqliteConnection,
    rows: impl Iterator<Item = (Place, &'a Group<F>)>,
) -> Result<(), Fault> {
    let rows: Vec<(Place, Vec<u8>)> = rows.map(|(place, group)| (place, group.pack())).collect();
    insert_rows(
        connection,
        "INSERT OR REPLACE INTO figures (statement_id, width_s, bucket_us, part, run_id, figures)",
        6,
        &rows,
        |arguments, (place, packed)| {
            for number in place.numbers() {
                arguments.add(number)?;
            }
            arguments.add(&**packed)
        },
    )
    .await
}
