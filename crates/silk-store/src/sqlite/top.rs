//! The top lists: which requests are indexed by duration, SQL time and count.
//!
//! An index over every row would cost more than all the rest of storing a request. Instead, every
//! request at or above a threshold (key and id) is flagged, and a partial index holds the flagged
//! ones. The threshold rises so that between [`KEPT`] and twice as many are flagged; when
//! retention has taken too many of them, [refilling](super::refill) lowers it.

use silk_core::{RequestSummary, store::RequestSort};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query};
use uuid::Uuid;

use super::{error::Fault, numbers::to_i64};

/// Flagged requests kept at least, as long as there are so many.
pub(super) const KEPT: u32 = 5000;

/// One of the three lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct TopList {
    /// The word in `top_thresholds`.
    pub(super) name: &'static str,
    /// The column it is sorted by.
    pub(super) key: &'static str,
    /// The column of the flag.
    pub(super) flag: &'static str,
    /// The partial index.
    pub(super) index: &'static str,
}

pub(super) const LISTS: [TopList; 3] = [
    TopList {
        name: "duration",
        key: "total_us",
        flag: "is_top_duration",
        index: "requests_top_duration",
    },
    TopList {
        name: "query_time",
        key: "sql_us",
        flag: "is_top_query_time",
        index: "requests_top_query_time",
    },
    TopList {
        name: "query_count",
        key: "query_count",
        flag: "is_top_query_count",
        index: "requests_top_query_count",
    },
];

/// The list that serves a sort.
pub(super) const fn list_of(sort: RequestSort) -> Option<&'static TopList> {
    match sort {
        RequestSort::StartedAt => None,
        RequestSort::Duration => Some(&LISTS[0]),
        RequestSort::QueryTime => Some(&LISTS[1]),
        RequestSort::QueryCount => Some(&LISTS[2]),
    }
}

/// From where on requests are flagged; none: every request is.
pub(super) type Threshold = Option<(i64, Uuid)>;

/// The thresholds, in the order of [`LISTS`].
pub(super) async fn thresholds(connection: &mut SqliteConnection) -> Result<[Threshold; 3], Fault> {
    let mut thresholds = [None; 3];
    for row in query("SELECT list, key, id FROM top_thresholds")
        .fetch_all(connection)
        .await?
    {
        let name: &str = row.try_get("list")?;
        if let Some(place) = LISTS.iter().position(|list| list.name == name) {
            thresholds[place] = Some((row.try_get("key")?, row.try_get("id")?));
        }
    }
    Ok(thresholds)
}

/// Which lists a request belongs to; counts them up in `flagged`.
pub(super) fn flags(
    thresholds: &[Threshold; 3],
    summary: &RequestSummary,
    flagged: &mut [u64; 3],
) -> [bool; 3] {
    let keys = [
        summary.times.total_us,
        summary.times.sql_us,
        summary.query_count,
    ];
    std::array::from_fn(|list| {
        let is_top = thresholds[list]
            .is_none_or(|threshold| (to_i64(keys[list]), summary.id.0) >= threshold);
        flagged[list] += u64::from(is_top);
        is_top
    })
}

/// Raises the thresholds of lists that have grown long.
pub(super) async fn trim(
    connection: &mut SqliteConnection,
    flagged: &mut [u64; 3],
) -> Result<(), Fault> {
    for (list, flagged) in LISTS.iter().zip(flagged) {
        if *flagged < u64::from(KEPT) {
            continue;
        }
        *flagged = 0;
        let TopList {
            key, flag, index, ..
        } = list;
        let least = query(AssertSqlSafe(format!(
            "SELECT {key} AS least, id FROM requests INDEXED BY {index} WHERE {flag} = 1
             ORDER BY {key} DESC, id DESC LIMIT 1 OFFSET ?"
        )))
        .bind(KEPT - 1)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(least) = least else { continue };
        let least: (i64, Uuid) = (least.try_get("least")?, least.try_get("id")?);
        set(connection, list, least).await?;
        query(AssertSqlSafe(format!(
            "UPDATE requests INDEXED BY {index} SET {flag} = 0
             WHERE {flag} = 1 AND ({key}, id) < (?, ?)"
        )))
        .bind(least.0)
        .bind(least.1)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn set(
    connection: &mut SqliteConnection,
    list: &TopList,
    (key, id): (i64, Uuid),
) -> Result<(), Fault> {
    query("INSERT OR REPLACE INTO top_thresholds (list, key, id) VALUES (?, ?, ?)")
        .bind(list.name)
        .bind(key)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}
