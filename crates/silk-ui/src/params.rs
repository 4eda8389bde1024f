//! What stands behind the `?` of our addresses: read strictly, written in one way.

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::store::{
    Cursor, RequestFilter, RequestSort, StatementFilter, StatsWindow, TextPattern,
};

use crate::error::Failure;

/// The parameters of an address, each given once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string; parameters without a value (a form sends them) are left out.
    ///
    /// # Errors
    /// A parameter that is not `known`, or given twice.
    pub(crate) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Failure> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !known.contains(&&*name) {
                let known = known.join(", ");
                return Err(Failure::bad_request(format!(
                    "There is no parameter “{}” here. Use one of: {known}.",
                    crate::draw::format::one_line(&name, 60)
                )));
            }
            if value.is_empty() {
                continue;
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(Failure::bad_request(format!(
                    "{name} is given twice; give it once."
                )));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// A parameter as it was given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| &**value)
    }

    /// A parameter, understood.
    ///
    /// # Errors
    /// A value that `read` does not understand; the failure names the parameter and what is meant.
    pub(crate) fn parse<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        self.get(name)
            .map(|value| {
                read(value).ok_or_else(|| {
                    Failure::bad_request(format!(
                        "{name} must be {expected}; got “{}”.",
                        crate::draw::format::one_line(value, 60)
                    ))
                })
            })
            .transpose()
    }

    /// The same parameters with one set (`Some`) or taken out (`None`), as `?a=b` or nothing.
    pub(crate) fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            if !changes.iter().any(|(changed, _)| changed == name) {
                out.append_pair(name, value);
            }
        }
        for (name, value) in changes {
            if let Some(value) = value {
                out.append_pair(name, value);
            }
        }
        let query = out.finish();
        if query.is_empty() {
            query
        } else {
            format!("?{query}")
        }
    }

    /// Name and value of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

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
        kind: params.parse("kind", "request, job or test", |v| v.parse().ok())?,
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
        since: params.parse("since", TIME_HINT, |v| moment(v, now))?,
        until: params.parse("until", TIME_HINT, |v| moment(v, now))?,
        sort: params
            .parse(
                "sort",
                "-started_at, -duration_us, -query_time_us or -query_count",
                |v| v.parse::<RequestSort>().ok(),
            )?
            .unwrap_or_default(),
        limit: limit(params)?,
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
        database: params.parse("database", "postgres, mysql, sqlite or unknown", |v| {
            v.parse().ok()
        })?,
        sort: params
            .parse(
                "sort",
                "-total_us, -calls, -mean_us, -max_us or -calls_per_request",
                |v| v.parse().ok(),
            )?
            .unwrap_or_default(),
        limit: limit(params)?,
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

fn limit(params: &Params) -> Result<u32, Failure> {
    let limit = params.parse("limit", "a whole number from 1 to 500", |v| {
        v.parse().ok().filter(|n| (1..=500).contains(n))
    })?;
    Ok(limit.unwrap_or(50))
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

const TIME_HINT: &str = "a time like 2026-01-31T12:00:00Z, or a while ago like 15m, 1h or 7d";

fn moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
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

/// How far back figures look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Window {
    /// 15 minutes.
    Quarter,
    /// An hour.
    #[default]
    Hour,
    /// A day.
    Day,
    /// Seven days.
    Week,
}

impl Window {
    /// Every window, shortest first.
    pub(crate) const ALL: [Self; 4] = [Self::Quarter, Self::Hour, Self::Day, Self::Week];

    /// As it stands in an address.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// As people say it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Quarter => "15 min",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "7 days",
        }
    }

    /// Reads `window`.
    ///
    /// # Errors
    /// A window that is none of ours.
    pub(crate) fn read(params: &Params) -> Result<Self, Failure> {
        let window = params.parse("window", "15m, 1h, 24h or 7d", |v| {
            Self::ALL.into_iter().find(|window| window.word() == v)
        })?;
        Ok(window.unwrap_or_default())
    }

    /// The stretch of time up to `now`.
    pub(crate) fn range(self, now: DateTime<Utc>) -> StatsWindow {
        let minutes = match self {
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::Day => 24 * 60,
            Self::Week => 7 * 24 * 60,
        };
        // The end is exclusive; what started this very instant belongs in.
        let until = now + TimeDelta::seconds(1);
        StatsWindow {
            since: until - TimeDelta::minutes(minutes),
            until,
            buckets: 30,
        }
    }
}

#[cfg(test)]
mod tests {
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
