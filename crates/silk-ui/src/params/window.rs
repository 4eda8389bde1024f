//! The stretch of time that figures and lists are of: the one list of windows that switches, forms
//! and the API offer, or any two times.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use silk_core::store::StatsWindow;

use super::{Params, alternatives};
use crate::error::Failure;

/// Parameters that name a window: one of the list, or two times.
pub(crate) const WINDOW_PARAMS: [&str; 3] = ["window", "since", "until"];

/// The stretch of time that figures are of.
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
    /// Between two times.
    Between {
        /// Inclusive.
        since: DateTime<Utc>,
        /// Exclusive.
        until: DateTime<Utc>,
    },
}

impl Window {
    /// Every window of the list, shortest first.
    pub(crate) const ALL: [Self; 4] = [Self::Quarter, Self::Hour, Self::Day, Self::Week];

    /// As it stands in an address, and as people say it; none between two times.
    pub(crate) const fn of_list(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Quarter => Some(("15m", "15 min")),
            Self::Hour => Some(("1h", "hour")),
            Self::Day => Some(("24h", "day")),
            Self::Week => Some(("7d", "7 days")),
            Self::Between { .. } => None,
        }
    }

    /// `the last hour`, `29 Nov 10:00 to 11:00 UTC`
    pub(crate) fn phrase(self) -> String {
        match self {
            Self::Between { since, until } => {
                let full = "%-d %b %H:%M";
                let is_same_day = since.date_naive() == until.date_naive();
                let end = if is_same_day { "%H:%M" } else { full };
                format!("{} to {} UTC", since.format(full), until.format(end))
            }
            listed => {
                let (_, label) = listed.of_list().unwrap_or_default();
                format!("the last {label}")
            }
        }
    }

    /// The same at the start of a line: `Last hour`.
    pub(crate) fn heading(self) -> String {
        match self.of_list() {
            Some((_, label)) => format!("Last {label}"),
            None => self.phrase(),
        }
    }

    /// Reads `window`, or `since` and `until`.
    ///
    /// # Errors
    /// A window that is none of ours, both at once, or an end before the start.
    pub(crate) fn read(params: &Params, now: DateTime<Utc>) -> Result<Self, Failure> {
        Self::read_or(params, now, Self::default())
    }

    /// The same, on a page that shows another window unless one is named.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn read_or(
        params: &Params,
        now: DateTime<Utc>,
        unless_named: Self,
    ) -> Result<Self, Failure> {
        let words = alternatives(&Self::ALL.map(|one| one.of_list().unwrap_or_default().0));
        let listed = params.parse("window", &words, |v| {
            let mut all = Self::ALL.into_iter();
            all.find(|window| window.of_list().is_some_and(|(word, _)| word == v))
        })?;
        let since = params.moment("since", now)?;
        let until = params.moment("until", now)?;
        match (listed, since, until) {
            (window, None, None) => Ok(window.unwrap_or(unless_named)),
            (Some(_), ..) => Err(Failure::bad_request(
                "window and since or until name two stretches of time; give one of them.",
            )),
            (None, None, Some(_)) => Err(Failure::bad_request(
                "until needs since: the time at which the stretch begins.",
            )),
            (None, Some(since), until) => {
                let until = until.unwrap_or(now);
                if since >= until {
                    return Err(Failure::bad_request("since must lie before until."));
                }
                Ok(Self::Between { since, until })
            }
        }
    }

    /// The stretch of time, up to `now` where it is of the list.
    pub(crate) fn range(self, now: DateTime<Utc>) -> StatsWindow {
        let minutes = match self {
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::Day => 24 * 60,
            Self::Week => 7 * 24 * 60,
            Self::Between { since, until } => {
                return StatsWindow {
                    since,
                    until,
                    buckets: 30,
                };
            }
        };
        // The end is exclusive; what started this very instant belongs in.
        let until = now + TimeDelta::seconds(1);
        StatsWindow {
            since: until - TimeDelta::minutes(minutes),
            until,
            buckets: 30,
        }
    }

    /// What `since` and `until` of a list of requests of this time are.
    pub(crate) fn bounds(self) -> (String, Option<String>) {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        match self {
            Self::Between { since, until } => (time(since), Some(time(until))),
            listed => (listed.of_list().unwrap_or_default().0.to_owned(), None),
        }
    }

    /// The parameters that name it on another page, after what else stands there.
    pub(crate) fn on(self, params: &Params, more: &[(&str, Option<&str>)]) -> String {
        let bounds = self.bounds();
        let own: [(&str, Option<&str>); 3] = match self {
            Self::Between { .. } => [
                ("window", None),
                ("since", Some(&bounds.0)),
                ("until", bounds.1.as_deref()),
            ],
            _ => [
                ("window", Some(&bounds.0)),
                ("since", None),
                ("until", None),
            ],
        };
        let all: Vec<(&str, Option<&str>)> = more.iter().copied().chain(own).collect();
        params.with(&all)
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

    fn read(query: &str) -> Result<Window, Failure> {
        Window::read(&Params::read(Some(query), &WINDOW_PARAMS).unwrap(), now())
    }

    #[test]
    fn a_window_is_one_of_the_list_or_lies_between_two_times() {
        assert_eq!(read("").unwrap(), Window::Hour);
        assert_eq!(read("window=7d").unwrap(), Window::Week);
        let between = read("since=2026-11-29T10:00&until=1h").unwrap();
        assert_eq!(between.phrase(), "29 Nov 10:00 to 11:00 UTC");
        let over_night = read("since=2026-11-28T22:00&until=1h").unwrap();
        assert_eq!(over_night.phrase(), "28 Nov 22:00 to 29 Nov 11:00 UTC");
        let again = between.on(&Params::default(), &[("sort", Some("-total"))]);
        assert_eq!(
            again,
            "?sort=-total&since=2026-11-29T10%3A00%3A00Z&until=2026-11-29T11%3A00%3A00Z"
        );
        assert_eq!(Window::Day.on(&Params::default(), &[]), "?window=24h");
        for wrong in [
            "window=2h",
            "window=1h&since=2h",
            "until=1h",
            "since=1h&until=2h",
            "since=yesterday",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
