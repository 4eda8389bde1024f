//! How far back figures and lists look: the one list of windows that switches, forms and the API offer.

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::store::StatsWindow;

use super::{Params, alternatives};
use crate::error::Failure;

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
        let words = alternatives(&Self::ALL.map(Self::word));
        let window = params.parse("window", &words, |v| {
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
