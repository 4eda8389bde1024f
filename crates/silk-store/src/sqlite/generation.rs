//! Noticing that another process has removed rows whose ids or sums are remembered here.
//!
//! SQLite's `user_version` is counted up with every such removal.

use sqlx::{AssertSqlSafe, SqliteConnection, query, query_scalar};

use super::{error::Fault, figures::OpenBuckets, intern::Intern};

/// Forgets what is remembered of an older generation than the file's; within a transaction.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    generation: &mut i64,
    intern: &mut Intern,
    buckets: &mut OpenBuckets,
) -> Result<(), Fault> {
    let now = read(connection).await?;
    if now != *generation {
        *generation = now;
        *intern = Intern::default();
        *buckets = OpenBuckets::default();
    }
    Ok(())
}

/// Has everybody forget what they remember; within the transaction that removes. Returns the new
/// generation, for a writer that has forgotten already.
pub(super) async fn next(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    // A signed number of 32 bits; that it comes round after four milliards harms nobody.
    let next = i32::try_from(read(connection).await?).map_or(0, |now| now.wrapping_add(1));
    query(AssertSqlSafe(format!("PRAGMA user_version = {next}")))
        .execute(connection)
        .await?;
    Ok(next.into())
}

async fn read(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    Ok(query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await?)
}
