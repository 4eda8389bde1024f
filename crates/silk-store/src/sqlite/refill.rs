//! Lowering the threshold of a top list that retention has emptied by half.
//!
//! All requests must be read for it (about 0.1 s for a million), once in half a store's life: in
//! steps, between which batches are written. Meanwhile the list is as short as it is, but right.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Row, SqliteConnection, query, query_scalar};
use uuid::Uuid;

use super::{
    error::Fault,
    json::json_numbers,
    top::{KEPT, LISTS, Threshold, TopList, set, thresholds},
};

/// Requests looked at in one statement.
const MAX_LOOKED_AT_REQUESTS: i64 = 20_000;

/// A search for what belongs into a list, and how far it has come.
#[derive(Debug)]
pub(super) struct Refill {
    /// Place in [`LISTS`].
    list: usize,
    /// The threshold to lower; another process may lower it first.
    threshold: Threshold,
    /// Everything up to here was looked at.
    sequence: i64,
    /// The largest found, smallest first: key, id, sequence.
    best: BinaryHeap<Reverse<(i64, Uuid, i64)>>,
}

/// Goes on with a search, or starts one; `true` if more is left to do.
pub(super) async fn step(
    connection: &mut SqliteConnection,
    refill: &mut Option<Refill>,
    time: Duration,
) -> Result<bool, Fault> {
    if refill.is_none() {
        *refill = start(connection).await?;
    }
    let Some(search) = refill else {
        return Ok(false);
    };
    let started = Instant::now();
    while search.look_on(connection).await? {
        if started.elapsed() >= time {
            return Ok(true);
        }
    }
    if let Some(search) = refill.take() {
        search.finish(connection).await?;
    }
    Ok(true)
}

/// A search for the first list that has become short.
async fn start(connection: &mut SqliteConnection) -> Result<Option<Refill>, Fault> {
    for (place, threshold) in thresholds(connection).await?.into_iter().enumerate() {
        if threshold.is_none() {
            continue;
        }
        let TopList { flag, index, .. } = LISTS[place];
        let flagged: i64 = query_scalar(AssertSqlSafe(format!(
            "SELECT count(*) FROM requests INDEXED BY {index} WHERE {flag} = 1"
        )))
        .fetch_one(&mut *connection)
        .await?;
        if flagged < i64::from(KEPT / 2) {
            return Ok(Some(Refill {
                list: place,
                threshold,
                sequence: i64::MIN,
                best: BinaryHeap::new(),
            }));
        }
    }
    Ok(None)
}

impl Refill {
    /// Looks at a chunk of requests; `false` after the last.
    async fn look_on(&mut self, connection: &mut SqliteConnection) -> Result<bool, Fault> {
        let TopList { key, .. } = LISTS[self.list];
        let end: Option<i64> = query_scalar(
            "SELECT sequence FROM requests WHERE sequence > ? ORDER BY sequence
             LIMIT 1 OFFSET ?",
        )
        .bind(self.sequence)
        .bind(MAX_LOOKED_AT_REQUESTS - 1)
        .fetch_optional(&mut *connection)
        .await?;
        let kept = usize::try_from(KEPT).unwrap_or(usize::MAX);
        // As soon as there are enough, only what is larger than the smallest of them counts.
        let least = match self.best.peek() {
            Some(Reverse((key, id, _))) if self.best.len() >= kept => (*key, *id),
            _ => (i64::MIN, Uuid::nil()),
        };
        let rows = query(AssertSqlSafe(format!(
            "SELECT {key}, id, sequence FROM requests NOT INDEXED
             WHERE sequence > ? AND sequence <= ? AND ({key}, id) > (?, ?)"
        )))
        .bind(self.sequence)
        .bind(end.unwrap_or(i64::MAX))
        .bind(least.0)
        .bind(least.1)
        .fetch_all(connection)
        .await?;
        // By number: every request is looked at, and a look-up by name would cost for each.
        for row in rows {
            let found = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            self.best.push(Reverse(found));
            if self.best.len() > kept {
                self.best.pop();
            }
        }
        match end {
            Some(end) => {
                self.sequence = end;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Flags what was found. The last chunk was read within this transaction, so that nothing was
    /// written that it does not know.
    async fn finish(self, connection: &mut SqliteConnection) -> Result<(), Fault> {
        let list = &LISTS[self.list];
        if thresholds(connection).await?[self.list] != self.threshold {
            return Ok(());
        }
        let kept = usize::try_from(KEPT).unwrap_or(usize::MAX);
        match self.best.peek() {
            Some(Reverse((key, id, _))) if self.best.len() >= kept => {
                set(connection, list, (*key, *id)).await?;
            }
            _ => {
                query("DELETE FROM top_thresholds WHERE list = ?")
                    .bind(list.name)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        let TopList { flag, .. } = list;
        query(AssertSqlSafe(format!(
            "UPDATE requests SET {flag} = 1
             WHERE sequence IN (SELECT value FROM json_each(?)) AND {flag} = 0"
        )))
        .bind(json_numbers(
            self.best
                .into_iter()
                .map(|Reverse((_, _, sequence))| sequence),
        ))
        .execute(connection)
        .await?;
        Ok(())
    }
}
