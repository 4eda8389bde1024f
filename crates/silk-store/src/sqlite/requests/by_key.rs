//! Lists by duration, SQL time or count.
//!
//! Where the filter leads to few requests, they are read and sorted. Else the [top
//! list](super::super::top) answers, with the thousands of largest. Below it, a small store is read
//! whole; in a large one the search goes on in stretches of time, newest first, each sorted by
//! itself: nobody waits for a million requests to be sorted for what comes after the top.

use std::{
    cmp::Reverse,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Row, SqliteConnection, query_as, query_scalar_with, query_with};
use uuid::Uuid;

use super::{
    super::{
        error::Fault,
        size::request_count,
        top::{self, TopList},
    },
    bind::bind,
    condition::Conditions,
    found::{Found, MAX_SCANNED_REQUESTS, Rest},
    stretch::{Place, Stretch},
};

/// Requests that are read in a microsecond: what is small enough to be read whole in the time that
/// a search has.
const READ_PER_US: u128 = 5;

/// What to find.
struct Search<'a> {
    conditions: &'a Conditions,
    list: &'a TopList,
    until: Instant,
}

/// Finds a page of requests after a place.
pub(super) async fn search(
    connection: &mut SqliteConnection,
    conditions: &Conditions,
    list: &TopList,
    after: Place,
    time: Duration,
    found: &mut Found,
) -> Result<(), Fault> {
    let search = Search {
        conditions,
        list,
        until: Instant::now() + time,
    };
    if conditions.are_few() {
        let (sql, arguments) = conditions.all();
        found.sequences = search
            .sorted(connection, (sql, arguments), after, found)
            .await?;
        return Ok(());
    }
    let (count, _) = request_count(connection).await?;
    let is_large = u128::from(count) > READ_PER_US * time.as_micros();
    if let Some(stretch) = Stretch::of_cursor(after).filter(|_| is_large) {
        return search.go_on(connection, stretch, found).await;
    }
    let threshold = threshold(connection, list).await?;
    let least = threshold.unwrap_or((i64::MIN, Uuid::nil()));
    if after > least {
        search.top(connection, after, least, found).await?;
        if found.is_full() || threshold.is_none() || matches!(found.rest, Rest::From(..)) {
            return Ok(());
        }
        if !found.sequences.is_empty() && !conditions.is_empty() {
            // What is there is the top; looking for the rest is worth a second ask.
            found.rest = Rest::AfterLast;
            return Ok(());
        }
    }
    let below = after.min(least);
    if is_large {
        let stretch = Stretch {
            before_us: i64::MAX,
            below,
        };
        if !found.sequences.is_empty() {
            found.rest = stretch.rest();
            return Ok(());
        }
        return search.go_on(connection, stretch, found).await;
    }
    let all = conditions.from("requests q NOT INDEXED", "1");
    let sequences = search.sorted(connection, all, below, found).await?;
    found.sequences.extend(sequences);
    Ok(())
}

async fn threshold(
    connection: &mut SqliteConnection,
    list: &TopList,
) -> Result<top::Threshold, Fault> {
    Ok(top::thresholds(connection)
        .await?
        .into_iter()
        .zip(top::LISTS)
        .find_map(|(threshold, known)| {
            if known.name == list.name {
                threshold
            } else {
                None
            }
        }))
}

impl Search<'_> {
    /// All that the conditions lead to, sorted.
    async fn sorted(
        &self,
        connection: &mut SqliteConnection,
        (sql, mut arguments): (String, sqlx::sqlite::SqliteArguments),
        below: Place,
        found: &Found,
    ) -> Result<Vec<i64>, Fault> {
        let TopList { key, .. } = self.list;
        bind(&mut arguments, below.0)?;
        bind(&mut arguments, below.1)?;
        bind(&mut arguments, found.wanted())?;
        let sql = format!(
            "SELECT q.sequence {sql} AND (q.{key}, q.id) < (?, ?)
             ORDER BY q.{key} DESC, q.id DESC LIMIT ?"
        );
        Ok(query_scalar_with(AssertSqlSafe(sql), arguments)
            .fetch_all(connection)
            .await?)
    }

    /// What of the top list matches, chunk by chunk until the page is full or the time is up.
    async fn top(
        &self,
        connection: &mut SqliteConnection,
        mut after: Place,
        least: Place,
        found: &mut Found,
    ) -> Result<(), Fault> {
        loop {
            let end = if self.conditions.needs_scan() {
                self.end_of_top_chunk(connection, after, least).await?
            } else {
                None
            };
            let sequences = self
                .top_chunk(connection, after, end.unwrap_or(least), found)
                .await?;
            found.sequences.extend(sequences);
            let Some(end) = end else { return Ok(()) };
            if found.is_full() {
                return Ok(());
            }
            after = end;
            if Instant::now() >= self.until {
                found.rest = Rest::From(after.0, after.1);
                return Ok(());
            }
        }
    }

    async fn end_of_top_chunk(
        &self,
        connection: &mut SqliteConnection,
        after: Place,
        least: Place,
    ) -> Result<Option<Place>, Fault> {
        let TopList {
            key, flag, index, ..
        } = self.list;
        Ok(query_as(AssertSqlSafe(format!(
            "SELECT q.{key}, q.id FROM requests q INDEXED BY {index} WHERE q.{flag} = 1
               AND (q.{key}, q.id) < (?, ?) AND (q.{key}, q.id) >= (?, ?)
             ORDER BY q.{key} DESC, q.id DESC LIMIT 1 OFFSET ?"
        )))
        .bind(after.0)
        .bind(after.1)
        .bind(least.0)
        .bind(least.1)
        .bind(MAX_SCANNED_REQUESTS - 1)
        .fetch_optional(connection)
        .await?)
    }

    /// What matches below `after`, down to `end`, which belongs to it.
    async fn top_chunk(
        &self,
        connection: &mut SqliteConnection,
        after: Place,
        end: Place,
        found: &Found,
    ) -> Result<Vec<i64>, Fault> {
        let TopList {
            key, flag, index, ..
        } = self.list;
        let (sql, mut arguments) = self.conditions.from(
            &format!("requests q INDEXED BY {index}"),
            &format!("q.{flag} = 1"),
        );
        for bound in [after, end] {
            bind(&mut arguments, bound.0)?;
            bind(&mut arguments, bound.1)?;
        }
        bind(&mut arguments, found.wanted())?;
        let sql = format!(
            "SELECT q.sequence {sql} AND (q.{key}, q.id) < (?, ?) AND (q.{key}, q.id) >= (?, ?)
             ORDER BY q.{key} DESC, q.id DESC LIMIT ?"
        );
        Ok(query_scalar_with(AssertSqlSafe(sql), arguments)
            .fetch_all(connection)
            .await?)
    }

    /// The next stretch: as many as fit on a page, or as were found in time.
    async fn go_on(
        &self,
        connection: &mut SqliteConnection,
        mut stretch: Stretch,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let mut matches: Vec<Match> = Vec::new();
        loop {
            let start = self.start_of_chunk(connection, &stretch).await?;
            let wanted = found.size + 1 - matches.len();
            let chunk = self.chunk(connection, &stretch, start, wanted).await?;
            if let Some(extra) = chunk.get(wanted - 1) {
                // Whole instants only, so that the start alone says where the next page begins.
                let extra_us = extra.started_us;
                let whole = chunk.iter().take_while(|one| one.started_us > extra_us);
                let whole = match whole.count() {
                    0 if matches.is_empty() => wanted - 1,
                    whole => whole,
                };
                matches.extend(chunk.into_iter().take(whole));
                stretch.before_us = matches.last().map_or(extra_us + 1, |one| one.started_us);
                found.rest = stretch.rest();
                break;
            }
            matches.extend(chunk);
            match start {
                Some(start) => stretch.before_us = start,
                None => break,
            }
            if matches.len() >= found.size || Instant::now() >= self.until {
                found.rest = stretch.rest();
                break;
            }
        }
        matches.sort_unstable_by_key(|one| Reverse((one.key, one.id)));
        found.sequences = matches.into_iter().map(|one| one.sequence).collect();
        Ok(())
    }

    /// Where a chunk of requests ends, along the index; none in the last.
    async fn start_of_chunk(
        &self,
        connection: &mut SqliteConnection,
        stretch: &Stretch,
    ) -> Result<Option<i64>, Fault> {
        let (sql, mut arguments) = self.conditions.along_index();
        bind(&mut arguments, stretch.before_us)?;
        bind(&mut arguments, MAX_SCANNED_REQUESTS)?;
        Ok(query_scalar_with(
            AssertSqlSafe(format!(
                "SELECT q.started_us {sql} AND q.started_us < ?
                 ORDER BY q.started_us DESC LIMIT 1 OFFSET ?"
            )),
            arguments,
        )
        .fetch_optional(connection)
        .await?)
    }

    async fn chunk(
        &self,
        connection: &mut SqliteConnection,
        stretch: &Stretch,
        start: Option<i64>,
        wanted: usize,
    ) -> Result<Vec<Match>, Fault> {
        let TopList { key, .. } = self.list;
        let (sql, mut arguments) = self.conditions.all();
        bind(&mut arguments, stretch.before_us)?;
        bind(&mut arguments, start.unwrap_or(i64::MIN))?;
        bind(&mut arguments, stretch.below.0)?;
        bind(&mut arguments, stretch.below.1)?;
        bind(&mut arguments, i64::try_from(wanted).unwrap_or(i64::MAX))?;
        let rows = query_with(
            AssertSqlSafe(format!(
                "SELECT q.sequence, q.started_us, q.{key} AS sort_key, q.id {sql}
                   AND q.started_us < ? AND q.started_us >= ? AND (q.{key}, q.id) < (?, ?)
                 ORDER BY q.started_us DESC LIMIT ?"
            )),
            arguments,
        )
        .fetch_all(connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Match {
                    sequence: row.try_get("sequence")?,
                    started_us: row.try_get("started_us")?,
                    key: row.try_get("sort_key")?,
                    id: row.try_get("id")?,
                })
            })
            .collect()
    }
}

struct Match {
    sequence: i64,
    started_us: i64,
    key: i64,
    id: Uuid,
}
