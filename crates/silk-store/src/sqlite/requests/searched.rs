//! How far a search has come that was cut short.

use silk_core::store::{RequestFilter, Searched};
use sqlx::{AssertSqlSafe, SqliteConnection, query_scalar_with, sqlite::SqliteArguments};
use uuid::Uuid;

use super::{
    super::{
        error::Fault,
        numbers::to_u64,
        top::{self, TopList},
    },
    bind::bind,
    condition::Conditions,
    found::Rest,
    stretch::Stretch,
};

/// Counts along the indexes that the search follows, so that it reads no rows.
pub(super) async fn searched(
    connection: &mut SqliteConnection,
    conditions: &Conditions,
    filter: &RequestFilter,
    rest: &Rest,
) -> Result<Option<Searched>, Fault> {
    let count = Count { conditions, filter };
    let list = top::list_of(filter.sort);
    let looked_at = match (list, rest) {
        (_, Rest::None) => return Ok(None),
        (None, Rest::AfterLast) => return Ok(None),
        (None, Rest::From(start, _)) => count.started_since(connection, *start).await?,
        (Some(list), Rest::AfterLast) => {
            count
                .at_the_top(connection, list, i64::MIN, Uuid::nil())
                .await?
        }
        (Some(list), Rest::From(key, id)) => match Stretch::of_cursor((*key, *id)) {
            None => count.at_the_top(connection, list, *key, *id).await?,
            Some(stretch) => {
                let along = count.started_since(connection, stretch.before_us).await?;
                let top = count.at_the_top(connection, list, i64::MIN, Uuid::nil());
                along.max(top.await?)
            }
        },
    };
    let of = count.started_since(connection, i64::MIN).await?;
    Ok(Some(Searched {
        looked_at: looked_at.min(of),
        of,
    }))
}

struct Count<'a> {
    conditions: &'a Conditions,
    filter: &'a RequestFilter,
}

impl Count<'_> {
    /// Along the index of starts, from `start_us` on.
    async fn started_since(
        &self,
        connection: &mut SqliteConnection,
        start_us: i64,
    ) -> Result<u64, Fault> {
        let (mut sql, mut arguments) = self.conditions.along_index();
        sql.push_str(" AND q.started_us >= ?");
        bind(&mut arguments, start_us)?;
        self.number(connection, sql, arguments).await
    }

    /// Of a top list, down to a place.
    async fn at_the_top(
        &self,
        connection: &mut SqliteConnection,
        list: &TopList,
        key: i64,
        id: Uuid,
    ) -> Result<u64, Fault> {
        let (mut sql, mut arguments) = self.conditions.along_other(list.index);
        sql.push_str(&format!(
            " AND q.{} = 1 AND (q.{}, q.id) >= (?, ?)",
            list.flag, list.key
        ));
        bind(&mut arguments, key)?;
        bind(&mut arguments, id)?;
        self.number(connection, sql, arguments).await
    }

    async fn number(
        &self,
        connection: &mut SqliteConnection,
        mut sql: String,
        mut arguments: SqliteArguments,
    ) -> Result<u64, Fault> {
        for (at, condition) in [
            (self.filter.since, " AND q.started_us >= ?"),
            (self.filter.until, " AND q.started_us < ?"),
        ] {
            if let Some(at) = at {
                sql.push_str(condition);
                bind(&mut arguments, at.timestamp_micros())?;
            }
        }
        let count: i64 =
            query_scalar_with(AssertSqlSafe(format!("SELECT count(*) {sql}")), arguments)
                .fetch_one(connection)
                .await?;
        Ok(to_u64(count))
    }
}
