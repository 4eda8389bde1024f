//! The filters of lists, read from the parameters of their addresses.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use silk_core::store::{Cursor, RequestFilter, StatementFilter, TextPattern};

use super::Params;
use crate::error::Failure;

/// Parameters of lists of requests, pages and API alike.
pub(crate) const REQUEST_PARAMS: &[&str] = &[
    "kind",
    "method",
    "route",
    "path",
    "status",
    "min_duration_ms",
    "min_queries",
    "finding",
    "fingerprint",
    "text",
    "since",
    "until",
    "sort",
    "limit",
    "cursor",
];

/// Understands the parameters of a list of requests.
///
/// # Errors
/// The first parameter that makes no sense.
pub(crate) fn request_filter(
    params: &Params,
    now: DateTime<Utc>,
) -> Result<RequestFilter, Failure> {
    Ok(RequestFilter {
        kind: params.word("kind")?,
        method: params.parse("method", "an HTTP method", |v| {
            (v.len() <= 32 && v.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'))
                .then(|| v.to_ascii_uppercase())
        })?,
        route: params.parse("route", PATTERN_HINT, pattern)?,
        path: params.parse("path", PATTERN_HINT, pattern)?,
        status: params.parse("status", "like 404, 5xx or 400-499", status_range)?,
        min_duration_us: params.parse(
            "min_duration_ms",
            "a number of milliseconds",
            milliseconds,
        )?,
        min_queries: params.parse("min_queries", "a whole number", |v| v.parse().ok())?,
        finding: params.parse("finding", "the name of a rule, or any", |v| {
            (v.len() <= 64 && v.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
                .then(|| v.to_owned())
        })?,
        fingerprint: params.parse("fingerprint", "16 hex digits", |v| v.parse().ok())?,
        text: params.parse("text", "1 to 200 characters", |v| {
            let text = v.trim();
            (1..=200)
                .contains(&text.chars().count())
                .then(|| text.to_owned())
        })?,
        since: params.moment("since", now)?,
        until: params.moment("until", now)?,
        sort: params.word("sort")?.unwrap_or_default(),
        limit: params.limit(50)?,
        cursor: params.parse("cursor", "the one of the page before, unchanged", |v| {
            v.parse::<Cursor>().ok()
        })?,
    })
}

/// Parameters of lists of statements.
pub(crate) const STATEMENT_PARAMS: &[&str] = &[
    "text", "table", "command", "database", "sort", "limit", "cursor",
];

/// Understands the parameters of a list of statements.
///
/// # Errors
/// The first parameter that makes no sense.
pub(crate) fn statement_filter(params: &Params) -> Result<StatementFilter, Failure> {
    Ok(StatementFilter {
        text: params.get("text").map(str::to_owned),
        table: params.get("table").map(str::to_owned),
        command: params.parse("command", "like SELECT or INSERT", |v| {
            (v.len() <= 32 && v.bytes().all(|b| b.is_ascii_alphabetic()))
                .then(|| v.to_ascii_uppercase())
        })?,
        database: params.word("database")?,
        sort: params.word("sort")?.unwrap_or_default(),
        limit: params.limit(50)?,
        // The list is short, so its cursor is the number of rows before.
        offset: params
            .parse("cursor", "the one of the page before, unchanged", |v| {
                v.parse().ok()
            })?
            .unwrap_or(0),
    })
}

const PATTERN_HINT: &str = "a text with at most 8 `*`, each for any number of characters";

fn pattern(text: &str) -> Option<String> {
    TextPattern::new(text).is_ok().then(|| text.to_owned())
}

fn status_range(text: &str) -> Option<(u16, u16)> {
    let status = |t: &str| t.parse::<u16>().ok().filter(|n| (100..=999).contains(n));
    if let Some(class) = text.strip_suffix("xx") {
        let class = class.parse::<u16>().ok().filter(|n| (1..=9).contains(n))?;
        return Some((class * 100, class * 100 + 99));
    }
    if let Some((from, to)) = text.split_once('-') {
        let (from, to) = (status(from)?, status(to)?);
        return (from <= to).then_some((from, to));
    }
    status(text).map(|n| (n, n))
}

fn milliseconds(text: &str) -> Option<u64> {
    let ms = text
        .parse::<f64>()
        .ok()
        .filter(|ms| (0.0..=1e12).contains(ms))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1e15, as checked"
    )]
    Some((ms * 1_000.0).round() as u64)
}

pub(super) const TIME_HINT: &str =
    "a time like 2026-01-31T12:00:00Z, or a while ago like 15m, 1h or 7d";

pub(crate) fn moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    // As a form of a browser sends it.
    if let Ok(at) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M") {
        return Some(at.and_utc());
    }
    let unit = text.chars().last()?;
    let number = text[..text.len() - unit.len_utf8()].parse::<u32>().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    now.checked_sub_signed(TimeDelta::seconds(i64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use silk_core::store::RequestSort;

    use super::*;

    fn filter(query: &str) -> Result<RequestFilter, Failure> {
        request_filter(&Params::read(Some(query), REQUEST_PARAMS)?, Utc::now())
    }

    #[test]
    fn reads_every_parameter() {
        let filter = filter(
            "kind=job&method=get&route=%2Fapi*&status=5xx&min_duration_ms=1.5&min_queries=10&finding=any\
             &fingerprint=00000000000000ff&since=15m&sort=-query_count&limit=500",
        )
        .unwrap();
        assert_eq!(filter.method.as_deref(), Some("GET"));
        assert_eq!(filter.route.as_deref(), Some("/api*"));
        assert_eq!(filter.status, Some((500, 599)));
        assert_eq!(filter.min_duration_us, Some(1_500));
        assert_eq!(filter.sort, RequestSort::QueryCount);
        assert_eq!(filter.limit, 500);
    }

    #[test]
    fn names_the_parameter_that_makes_no_sense() {
        for (query, name) in [
            ("kind=cat", "kind"),
            ("status=abc", "status"),
            ("status=0xx", "status"),
            ("status=99", "status"),
            ("status=500-400", "status"),
            ("min_duration_ms=-1", "min_duration_ms"),
            ("min_duration_ms=NaN", "min_duration_ms"),
            ("min_queries=1.5", "min_queries"),
            ("finding=<script>", "finding"),
            ("since=yesterday", "since"),
            ("since=1ü", "since"),
            ("sort=duration", "sort"),
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("cursor=x", "cursor"),
            ("fingerprint=1", "fingerprint"),
            ("text=%20", "text"),
            ("statusses=1", "statusses"),
            ("limit=1&limit=2", "limit"),
            ("method=GET%20", "method"),
            ("path=*a*b*c*d*e*f*g*h*i*j", "path"),
        ] {
            let failure = filter(query).unwrap_err();
            assert!(
                failure.message.contains(name),
                "{query}: {}",
                failure.message
            );
            assert_eq!(failure.status, http::StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn empty_parameters_of_forms_are_no_conditions() {
        assert_eq!(
            filter("kind=&method=&status=").unwrap(),
            filter("").unwrap()
        );
    }

    #[test]
    fn writes_what_it_reads() {
        let params = Params::read(Some("route=%2Fa%26b&sort=-started_at"), REQUEST_PARAMS).unwrap();
        assert_eq!(params.with(&[("sort", None)]), "?route=%2Fa%26b");
        assert_eq!(params.with(&[("sort", None), ("route", None)]), "");
        assert_eq!(
            params.with(&[("limit", Some("5"))]),
            "?route=%2Fa%26b&sort=-started_at&limit=5"
        );
    }
}
