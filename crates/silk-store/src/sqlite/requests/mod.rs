//! Lists of requests: keyset pages, each over the index that fits.
//!
//! Served [by start](by_start) or [by key](by_key).

mod bind;
mod by_key;
mod by_start;
mod condition;
mod few;
mod found;
mod row;
mod searched;
mod stretch;
mod text;

use std::time::Duration;

use silk_core::{
    RequestId, RequestSummary,
    store::{Cursor, Page, RequestFilter, RequestSort},
};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

pub(super) use row::{COLUMNS, JOINS, summary};

use super::{error::Fault, size::request_count, top};
use crate::page_size;
use condition::Conditions;
use found::{Found, Rest};

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
        None => by_start::search(connection, &conditions, after, scan_time, &mut found).await?,
        Some(list) => {
            by_key::search(connection, &conditions, list, after, scan_time, &mut found).await?;
        }
    }
    let has_more = found.sequences.len() > found.size;
    found.sequences.truncate(found.size);
    let items = row::summaries(connection, &found.sequences).await?;
    let searched = if items.len() < found.size {
        searched::searched(connection, &conditions, filter, &found.rest).await?
    } else {
        None
    };
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
        searched,
    })
}

fn place(sort: RequestSort, item: &RequestSummary) -> Cursor {
    let key = match sort {
        RequestSort::StartedAt => item.started_at.timestamp_micros(),
        RequestSort::Duration => super::numbers::to_i64(item.times.total_us),
        RequestSort::QueryTime => super::numbers::to_i64(item.times.sql_us),
        RequestSort::QueryCount => super::numbers::to_i64(item.query_count),
    };
    Cursor { key, id: item.id }
}
