//! Rows of figures: found by their places, and written.

use sqlx::{Arguments, AssertSqlSafe, Row, SqliteConnection, query, sqlite::SqliteRow};

use super::{
    super::{bulk_insert::insert_rows, error::Fault},
    group::{Figures, Group, PLACE, Place},
};

/// A row as it stands in the file.
pub(super) type Packed = (Place, Vec<u8>);

/// The rows that stand at `places` already.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    places: impl Iterator<Item = Place>,
) -> Result<Vec<SqliteRow>, Fault> {
    let places: Vec<String> = places.map(Place::json).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    Ok(query(AssertSqlSafe(format!(
        "SELECT {PLACE}, s.figures FROM json_each(?) k CROSS JOIN figures s
           ON s.statement_id = k.value ->> 0 AND s.width_s = k.value ->> 1
              AND s.bucket_us = k.value ->> 2 AND s.part = k.value ->> 3
              AND s.run_id = k.value ->> 4"
    )))
    .bind(format!("[{}]", places.join(",")))
    .fetch_all(connection)
    .await?)
}

/// The figures of a row; none if they cannot be read. Those are written over, rather than in the
/// way of every batch.
pub(super) fn group<F: Figures>(row: &SqliteRow) -> Result<Option<Group<F>>, Fault> {
    Ok(Group::unpack(row.try_get("figures")?).ok())
}

/// Groups as rows.
pub(super) fn pack<F: Figures>(
    groups: impl IntoIterator<Item = (Place, Group<F>)>,
) -> impl Iterator<Item = Packed> {
    let groups = groups.into_iter();
    groups.map(|(place, group)| (place, group.pack()))
}

/// Writes rows over what was there.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    rows: &[Packed],
) -> Result<(), Fault> {
    insert_rows(
        connection,
        "INSERT OR REPLACE INTO figures (statement_id, width_s, bucket_us, part, run_id, figures)",
        6,
        rows,
        |arguments, (place, packed)| {
            for number in place.numbers() {
                arguments.add(number)?;
            }
            arguments.add(&**packed)
        },
    )
    .await
}
