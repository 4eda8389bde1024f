//! Which records a list shows, and in which order.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};

use crate::{DatabaseKind, RequestId, RequestKind, word_enum::word_enum};

/// Order of a list of requests; each ends in the id, so that the order is total.
///
/// A large store may keep to it for the first thousands only, and give what comes below in partial
/// pages: stretches of time, newest first, each sorted separately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RequestSort {
    /// Newest first.
    #[default]
    StartedAt,
    /// Slowest first.
    Duration,
    /// Most time in SQL first.
    QueryTime,
    /// Most queries first.
    QueryCount,
}

word_enum!(RequestSort {
    StartedAt = "-started_at",
    Duration = "-duration_us",
    QueryTime = "-query_time_us",
    QueryCount = "-query_count",
});

/// Which requests to list. All conditions must hold; an empty filter matches every
/// request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestFilter {
    /// Of this kind.
    pub kind: Option<RequestKind>,
    /// With this method, upper case.
    pub method: Option<String>,
    /// With this route; see [`TextPattern`](crate::store::TextPattern).
    pub route: Option<String>,
    /// With this path; see [`TextPattern`](crate::store::TextPattern).
    pub path: Option<String>,
    /// With a status in this inclusive range: `404` is `(404, 404)`, `5xx` is `(500, 599)`.
    pub status: Option<(u16, u16)>,
    /// That took at least so long.
    pub min_duration_us: Option<u64>,
    /// With at least so many queries.
    pub min_queries: Option<u64>,
    /// With a finding of this rule (`any`: of any rule).
    pub finding: Option<String>,
    /// Running this statement.
    pub fingerprint: Option<crate::Fingerprint>,
    /// With this text in the normalised SQL of a statement or in an
    /// [error](crate::RequestRecord::error_text), upper or lower case (ASCII), or as its trace id.
    pub text: Option<String>,
    /// Started at or after.
    pub since: Option<DateTime<Utc>>,
    /// Started before.
    pub until: Option<DateTime<Utc>>,
    /// Order.
    pub sort: RequestSort,
    /// At most so many; a store caps it at 500. 0 means 50.
    pub limit: u32,
    /// Go on after this one.
    pub cursor: Option<Cursor>,
}

/// The trace id that a text is: 32 hex digits, or a whole `traceparent`; in lower case.
#[must_use]
pub fn trace_id_of(text: &str) -> Option<String> {
    let id = match text.split('-').collect::<Vec<_>>()[..] {
        [id] => id,
        [version, id, parent, flags]
            if (version.len(), parent.len(), flags.len()) == (2, 16, 2) =>
        {
            id
        }
        _ => return None,
    };
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_ascii_lowercase())
}

/// Order of a list of statements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum StatementSort {
    /// Most time in sum first.
    #[default]
    Total,
    /// Most calls first.
    Calls,
    /// Highest mean first.
    Mean,
    /// Slowest single execution first.
    Max,
    /// Most calls per request first.
    CallsPerRequest,
}

word_enum!(StatementSort {
    Total = "-total_us",
    Calls = "-calls",
    Mean = "-mean_us",
    Max = "-max_us",
    CallsPerRequest = "-calls_per_request",
});

/// Which statements to list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatementFilter {
    /// Whose normalised SQL contains this, case-insensitive.
    pub text: Option<String>,
    /// That touch this table.
    pub table: Option<String>,
    /// With this command, upper case.
    pub command: Option<String>,
    /// Of this dialect.
    pub database: Option<DatabaseKind>,
    /// Order.
    pub sort: StatementSort,
    /// At most so many; a store caps it at 500. 0 means 50.
    pub limit: u32,
    /// How many to skip (the list of statements is short: thousands, not millions).
    pub offset: u32,
}

/// A place in a list of requests: the sort key of the last one seen, and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Value of the sort column (microseconds since 1970 for [`RequestSort::StartedAt`]).
    pub key: i64,
    /// Id, which breaks ties.
    pub id: RequestId,
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor; take it from `next` of the page before, unchanged")]
pub struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key, self.id.0.simple())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (key, id) = text.split_once('.').ok_or(InvalidCursor)?;
        if id.len() != 32 {
            return Err(InvalidCursor);
        }
        Ok(Self {
            key: key.parse().map_err(|_| InvalidCursor)?,
            id: id.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page starts; none on the last. For statements the key is the next offset.
    pub next: Option<Cursor>,
    /// How many there are in all, where that is cheap to tell.
    pub total: Option<u64>,
    /// Whether `total` is an estimate.
    pub is_total_estimate: bool,
    /// Whether the search was cut short by its time box; `next` continues it.
    pub is_partial: bool,
    /// How far a search came that was cut short before its page was full; none otherwise.
    pub searched: Option<Searched>,
}

/// How far a search has come, with the pages before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Searched {
    /// Requests looked at.
    pub looked_at: u64,
    /// Requests to look at in all; those that an index leaves out are not counted.
    pub of: u64,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            next: None,
            total: None,
            is_total_estimate: false,
            is_partial: false,
            searched: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_stands_alone_or_in_its_header() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for text in [
            id.to_owned(),
            id.to_uppercase(),
            format!("00-{id}-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(trace_id_of(&text).as_deref(), Some(id), "{text}");
        }
        for text in ["", "4bf9", "4bf92f3577b34da6a3ce929d0e0e473ü", "a-b-c-d"] {
            assert_eq!(trace_id_of(text), None, "{text}");
        }
        assert_eq!(trace_id_of(&format!("00-{id}")), None);
    }
}
