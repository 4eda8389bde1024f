//! Requests that a clock dated ahead: lists end at now, and say how many lie beyond it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use silk_core::store::{RequestFilter, RequestSort};

use crate::{
    context::Here,
    draw::{counted, plural},
    error::Failure,
    params::Params,
};

/// Clocks of two machines may differ by so much.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// Requests ahead that are counted.
const MAX_COUNTED: u32 = 100;

/// Whether a request lies in the future.
pub(crate) fn is_ahead(started_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    started_at > now + AHEAD
}

/// Requests that fit a filter and lie in the future.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    /// At most 100 are counted.
    pub(crate) requests: usize,
    is_more: bool,
    since: DateTime<Utc>,
}

/// Ends a list at now if requests that fit lie beyond it. One that names its end is left as it is.
///
/// # Errors
/// 503 where the store fails.
pub(crate) async fn end_at_now(
    here: &Here,
    filter: &mut RequestFilter,
) -> Result<Option<Ahead>, Failure> {
    if filter.until.is_some() {
        return Ok(None);
    }
    let now = here.now + AHEAD;
    let beyond = RequestFilter {
        since: Some(filter.since.map_or(now, |since| since.max(now))),
        sort: RequestSort::StartedAt,
        limit: MAX_COUNTED,
        cursor: None,
        ..filter.clone()
    };
    let found = here.app.ask(|store| store.requests(&beyond)).await?;
    if found.items.is_empty() {
        return Ok(None);
    }
    filter.until = Some(now);
    Ok(Some(Ahead {
        requests: found.items.len(),
        is_more: found.next.is_some(),
        since: now,
    }))
}

/// What a page says of requests ahead.
pub(crate) struct AheadView {
    /// `3 requests lie in the future`
    pub(crate) said: String,
    /// The list of them.
    pub(crate) href: String,
}

impl Ahead {
    /// In words, with the way to them from a list with `params`.
    pub(crate) fn view(self, base: &str, params: &Params) -> AheadView {
        let said = match (self.requests, self.is_more) {
            (requests, true) => {
                format!(
                    "More than {requests} {} lie in the future",
                    plural("request")
                )
            }
            (1, false) => "1 request lies in the future".to_owned(),
            (requests, false) => format!("{} lie in the future", counted(requests, "request")),
        };
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let query = params.with(&[
            ("cursor", None),
            ("since", Some(&*since)),
            ("until", Some("9999-12-31T00:00:00Z")),
        ]);
        AheadView {
            said,
            href: format!("{base}/requests{query}"),
        }
    }
}
