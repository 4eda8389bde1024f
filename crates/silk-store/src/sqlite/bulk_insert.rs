//! Many rows in few statements.
//!
//! A statement costs sqlx a round trip to SQLite's thread, about as much as ten rows. Rows go in
//! chunks of a power of two, so that a handful of prepared statements serves any number of rows.

use sqlx::{Arguments, AssertSqlSafe};
use sqlx::{SqliteConnection, error::BoxDynError, query_with, sqlite::SqliteArguments};

use super::error::Fault;

/// Bound values in one statement; SQLite's own limit is 32,766.
const MAX_BOUND: usize = 4096;

/// Rows in one statement.
const MAX_ROWS: usize = 128;

/// What binding a row returns.
pub(super) type Bound = Result<(), BoxDynError>;

/// Inserts `rows`, each bound by `bind` into `columns` parameters; `head` is all before `VALUES`.
pub(super) async fn insert_rows<R: Sync>(
    connection: &mut SqliteConnection,
    head: &'static str,
    columns: usize,
    rows: &[R],
    bind: impl Fn(&mut SqliteArguments, &R) -> Bound + Send + Sync,
) -> Result<(), Fault> {
    let mut rest = rows;
    while !rest.is_empty() {
        let limit = rest.len().min(MAX_ROWS).min(MAX_BOUND / columns).max(1);
        let (chunk, after) = rest.split_at(1 << limit.ilog2());
        rest = after;
        let mut arguments = SqliteArguments::default();
        arguments.reserve(chunk.len() * columns, 0);
        for row in chunk {
            bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
        }
        let sql = format!("{head} VALUES {}", tuples(chunk.len(), columns));
        query_with(AssertSqlSafe(sql), arguments)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// `(?,?),(?,?)` for two rows of two columns.
fn tuples(rows: usize, columns: usize) -> String {
    let row = format!("({}?)", "?,".repeat(columns.saturating_sub(1)));
    let mut text = format!("{row},").repeat(rows);
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_have_their_shape() {
        assert_eq!(tuples(2, 3), "(?,?,?),(?,?,?)");
        assert_eq!(tuples(1, 1), "(?)");
    }
}
