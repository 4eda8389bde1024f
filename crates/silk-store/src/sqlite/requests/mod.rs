//! Lists of requests: keyset pages, each over the index that fits.
//!
//! By start, what no index serves is searched chunk by chunk along the index of starts until the
//! time is up. The other sorts are served [by key](by_key).

mod by_key;
mod condition;
mod row;

use std::time::{Duration, Instant};

use silk_core::{
    RequestId, RequestSummary,
    store::{Cursor, Page, RequestFilter, RequestSort},
};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, query_scalar_with};
use uuid::Uuid;

pub(super) use row::{COLUMNS, JOINS, kind, summary};

use super::{error::Fault, size::request_count, top};
use crate::page_size;
use condition::Conditions;

/// Requests looked at in one statement when no index serves a filter.
const CHUNK: i64 = 2000;

/// After this place nothing comes.
const END: (i64, Uuid) = (i64::MAX, Uuid::max());

/// A page of requests.
pub(super) async fn requests(
    connection: &mut SqliteConnection,
    filter: &RequestFilter,
    scan_time: Duration,
) -> Result<Page<RequestSummary>, Fault> {
    let mut transaction = connection.begin().await?;
    let page = page(&mut transaction, filter, scan_time).await;
    transaction.rollback().await?;
    page
}

async fn page(
    connection: &mut SqliteConnection,
    filter: &RequestFilter,
    scan_time: Duration,
) -> Result<Page<RequestSummary>, Fault> {
    let Some(conditions) = Conditions::new(connection, filter).await? else {
        return Ok(Page::default());
    };
    let after = filter
        .cursor
        .map_or(END, |cursor| (cursor.key, cursor.id.0));
    let mut found = Found {
        size: page_size(filter.limit),
        sequences: Vec::new(),
        rest: Rest::None,
    };
    match top::list_of(filter.sort) {
        None => by_start(connection, &conditions, after, scan_time, &mut found).await?,
        Some(list) => {
            by_key::search(connection, &conditions, list, after, scan_time, &mut found).await?;
        }
    }
    let has_more = found.sequences.len() > found.size;
    found.sequences.truncate(found.size);
    let items = row::summaries(connection, &found.sequences).await?;
    let after_last = || items.last().map(|item| place(filter.sort, item));
    let (next, is_partial) = match found.rest {
        Rest::None if has_more => (after_last(), false),
        Rest::None => (None, false),
        Rest::From(key, id) => (
            Some(Cursor {
                key,
                id: RequestId(id),
            }),
            true,
        ),
        Rest::AfterLast => (after_last(), true),
    };
    let count = if conditions.is_empty() {
        Some(request_count(connection).await?)
    } else {
        None
    };
    Ok(Page {
        items,
        next,
        total: count.map(|(count, _)| count),
        is_total_estimate: count.is_some_and(|(_, is_estimate)| is_estimate),
        is_partial,
    })
}

/// What was found so far: the requests' numbers in order, one more than fits if there is one.
struct Found {
    size: usize,
    sequences: Vec<i64>,
    rest: Rest,
}

impl Found {
    fn wanted(&self) -> i64 {
        i64::try_from(self.size + 1 - self.sequences.len()).unwrap_or(0)
    }

    fn is_full(&self) -> bool {
        self.sequences.len() > self.size
    }
}

/// Where a search that was cut short goes on.
enum Rest {
    None,
    From(i64, Uuid),
    AfterLast,
}

fn place(sort: RequestSort, item: &RequestSummary) -> Cursor {
    let key = match sort {
        RequestSort::StartedAt => item.started_at.timestamp_micros(),
        RequestSort::Duration => super::insert::to_i64(item.times.total_us),
        RequestSort::QueryTime => super::insert::to_i64(item.times.sql_us),
        RequestSort::QueryCount => super::insert::to_i64(item.query_count),
    };
    Cursor { key, id: item.id }
}

async fn by_start(
    connection: &mut SqliteConnection,
    conditions: &Conditions,
    after: (i64, Uuid),
    scan_time: Duration,
    found: &mut Found,
) -> Result<(), Fault> {
    let started = Instant::now();
    let mut after = after;
    loop {
        let until = if conditions.needs_scan() {
            let (sql, mut arguments) = conditions.along_index();
            condition::bind(&mut arguments, after.0)?;
            condition::bind(&mut arguments, CHUNK)?;
            let sql =
                format!("{sql} AND q.started_us <= ? ORDER BY q.started_us DESC LIMIT 1 OFFSET ?");
            query_scalar_with::<_, i64, _>(
                AssertSqlSafe(format!("SELECT q.started_us {sql}")),
                arguments,
            )
            .fetch_optional(&mut *connection)
            .await?
        } else {
            None
        };
        let (sql, mut arguments) = conditions.all();
        condition::bind(&mut arguments, after.0)?;
        condition::bind(&mut arguments, after.0)?;
        condition::bind(&mut arguments, after.1)?;
        condition::bind(&mut arguments, until.unwrap_or(i64::MIN))?;
        condition::bind(&mut arguments, found.wanted())?;
        let sql = format!(
            "SELECT q.sequence {sql} AND q.started_us <= ? AND (q.started_us < ? OR q.id < ?)
               AND q.started_us >= ?
             ORDER BY q.started_us DESC, q.id DESC LIMIT ?"
        );
        let sequences = query_scalar_with::<_, i64, _>(AssertSqlSafe(sql), arguments)
            .fetch_all(&mut *connection)
            .await?;
        found.sequences.extend(sequences);
        let Some(until) = until else { return Ok(()) };
        if found.is_full() {
            return Ok(());
        }
        // No id is below this one, so that all that started then are done with.
        after = (until, Uuid::nil());
        if started.elapsed() >= scan_time {
            found.rest = Rest::From(after.0, after.1);
            return Ok(());
        }
    }
}
