//! What a side of a comparison is called in an address.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use silk_core::{Fingerprint, RequestId, RequestKind, store::StatsWindow};

use crate::params::moment;

/// One side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One request, by its id.
    Request(RequestId),
    /// `route:GET /x@from..to`, `job:nightly report@from..to`
    Route {
        kind: RequestKind,
        method: String,
        route: String,
        span: Span,
    },
    /// `statement:00000000000000b2@from..to`
    Statement {
        fingerprint: Fingerprint,
        span: Span,
    },
    /// `all@from..to`
    All { span: Span },
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Inclusive.
    pub(crate) since: DateTime<Utc>,
    /// Exclusive.
    pub(crate) until: DateTime<Utc>,
}

/// How an address names a side, for messages.
pub(crate) const SUBJECT_HINT: &str = "the id of a request, or a stretch of time like \
     route:GET /x@2026-01-31T12:00:00Z..2026-01-31T13:00:00Z, job:name@24h..1h, \
     statement:00000000000000b2@24h..1h or all@2h..1h";

impl Subject {
    /// Reads a side; none for a text that names none.
    pub(crate) fn read(text: &str, now: DateTime<Utc>) -> Option<Self> {
        if let Ok(id) = text.parse() {
            return Some(Self::Request(id));
        }
        // A route may hold an @ too; the times do not.
        let (what, span) = text.rsplit_once('@')?;
        let span = Span::read(span, now)?;
        if what == "all" {
            return Some(Self::All { span });
        }
        let (kind, name) = what.split_once(':')?;
        match kind {
            "route" => {
                let (method, route) = name.split_once(' ')?;
                let is_method = (1..=32).contains(&method.len())
                    && method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
                (is_method && !route.is_empty()).then(|| Self::Route {
                    kind: RequestKind::Request,
                    method: method.to_ascii_uppercase(),
                    route: route.to_owned(),
                    span,
                })
            }
            "job" | "test" => (!name.is_empty()).then(|| Self::Route {
                kind: if kind == "job" {
                    RequestKind::Job
                } else {
                    RequestKind::Test
                },
                method: String::new(),
                route: name.to_owned(),
                span,
            }),
            "statement" => Some(Self::Statement {
                fingerprint: name.parse().ok()?,
                span,
            }),
            _ => None,
        }
    }

    /// Its stretch of time; none of one request.
    pub(crate) const fn span(&self) -> Option<Span> {
        match self {
            Self::Request(_) => None,
            Self::Route { span, .. } | Self::Statement { span, .. } | Self::All { span } => {
                Some(*span)
            }
        }
    }
}

impl Subject {
    /// The same within another stretch of time; of a request, itself.
    pub(crate) fn within(&self, other: Span) -> Self {
        let mut subject = self.clone();
        match &mut subject {
            Self::Request(_) => {}
            Self::Route { span, .. } | Self::Statement { span, .. } | Self::All { span } => {
                *span = other;
            }
        }
        subject
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => write!(f, "{id}"),
            Self::Route {
                kind,
                method,
                route,
                span,
            } => match kind {
                RequestKind::Request => write!(f, "route:{method} {route}@{span}"),
                other => write!(f, "{other}:{route}@{span}"),
            },
            Self::Statement { fingerprint, span } => write!(f, "statement:{fingerprint}@{span}"),
            Self::All { span } => write!(f, "all@{span}"),
        }
    }
}

impl Span {
    /// `from..to`, each a time or a while ago; nothing after the dots is now.
    fn read(text: &str, now: DateTime<Utc>) -> Option<Self> {
        let (since, until) = text.split_once("..")?;
        let since = moment(since, now)?;
        let until = match until {
            "" | "now" => now,
            until => moment(until, now)?,
        };
        (since < until).then_some(Self { since, until })
    }

    /// As stores are asked for it.
    pub(crate) const fn window(self) -> StatsWindow {
        StatsWindow {
            since: self.since,
            until: self.until,
            buckets: 1,
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        write!(f, "{}..{}", time(self.since), time(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-11-29T12:00:00Z")
            .unwrap()
            .to_utc()
    }

    #[test]
    fn what_is_read_is_written_so_that_it_is_read_the_same() {
        for (text, written) in [
            (
                "01934f5e-1111-7000-8000-000000000001",
                "01934f5e-1111-7000-8000-000000000001",
            ),
            (
                "route:get /@{user}/x@2026-11-29T10:00:00Z..2026-11-29T11:00:00Z",
                "route:GET /@{user}/x@2026-11-29T10:00:00Z..2026-11-29T11:00:00Z",
            ),
            (
                "job:nightly: report@2h..1h",
                "job:nightly: report@2026-11-29T10:00:00Z..2026-11-29T11:00:00Z",
            ),
            (
                "statement:00000000000000b2@1h..",
                "statement:00000000000000b2@2026-11-29T11:00:00Z..2026-11-29T12:00:00Z",
            ),
            (
                "all@1d..now",
                "all@2026-11-28T12:00:00Z..2026-11-29T12:00:00Z",
            ),
        ] {
            let subject = Subject::read(text, now()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(subject.to_string(), written);
            assert_eq!(Subject::read(written, now()), Some(subject), "{text}");
        }
    }

    #[test]
    fn what_names_no_side_is_none() {
        for text in [
            "",
            "x",
            "route:GET /x",
            "route:GET@2h..1h",
            "route: /x@2h..1h",
            "route:G<T /x@2h..1h",
            "job:@2h..1h",
            "statement:b2@2h..1h",
            "all@1h..2h",
            "all@1h..1h",
            "all@..1h",
            "all",
            "all@yesterday..",
            "nonsense:GET /x@2h..1h",
        ] {
            assert_eq!(Subject::read(text, now()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            let _ = Subject::read(&text, now());
            let _ = Subject::read(&format!("route:{text}@1h.."), now());
        }

        #[test]
        fn any_route_comes_back(route in "[^ ][^\n]{0,40}") {
            let text = format!("route:GET {route}@2h..1h");
            let subject = Subject::read(&text, now()).unwrap();
            proptest::prop_assert_eq!(Subject::read(&subject.to_string(), now()), Some(subject));
        }
    }
}
