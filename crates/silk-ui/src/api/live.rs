//! `api/live`: requests as they are recorded, as server-sent events.
//!
//! A stream ends after [`LIFE`] and tells the client to come again at once, as browsers do by
//! themselves: a server that shuts down waits for open responses, and nothing tells a handler that
//! it does. The client names the last event that it received (`Last-Event-ID`), and goes on from
//! there.

use std::{
    collections::{HashSet, VecDeque},
    convert::Infallible,
    time::Duration,
};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use http::request::Parts;
use serde::Serialize;
use silk_core::{
    RequestId,
    store::{RequestFilter, RequestSort},
};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::requests::summary;
use crate::{
    context::Here,
    error::Failure,
    held::listeners::{MAX_LISTENERS, Seat},
    params::{REQUEST_PARAMS, request_filter},
    security::access::Verdict,
};

/// How long a stream lives: what an app's shutdown may have to wait for it.
const LIFE: Duration = Duration::from_secs(5);
/// The store is asked so often.
const EVERY: Duration = Duration::from_millis(500);
/// After an error of the store, so often.
const EVERY_AFTER_ERROR: Duration = Duration::from_secs(2);
/// A comment is sent if nothing else was for so long.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A client comes again after so long.
const RETRY: Duration = Duration::from_millis(200);
/// Requests sent at once; those beyond them are counted.
const MAX_AT_ONCE: usize = 100;
/// Requests looked at, the newest: one that started before them is not seen to end.
const LOOKED_AT: u32 = 500;
/// How long it may take from the end of a request until the store gives it.
const WRITTEN_WITHIN: TimeDelta = TimeDelta::seconds(3);
/// A client that was away for longer begins anew.
const MAX_AWAY: TimeDelta = TimeDelta::minutes(5);

/// Parameters of `api/live`.
pub(super) fn params() -> Vec<&'static str> {
    (REQUEST_PARAMS.iter().copied())
        .filter(|name| !matches!(*name, "sort" | "limit" | "cursor" | "until"))
        .collect()
}

/// `GET api/live`, with the filters of `api/requests` (no sort, limit or cursor).
pub(crate) async fn listen(here: Here, parts: Parts) -> Result<Response, Failure> {
    let params = here.params(&params())?;
    let filter = RequestFilter {
        sort: RequestSort::StartedAt,
        limit: LOOKED_AT,
        ..request_filter(&params, here.now)?
    };
    let seat = here.app.listeners.take().ok_or_else(|| {
        Failure::busy(format!(
            "{MAX_LISTENERS} others listen already, and each costs the store a question every \
             {} ms. Close a page, or ask api/requests.",
            EVERY.as_millis()
        ))
    })?;
    let live = Live::new(here, parts, filter, seat);
    let events = stream::unfold(live, |mut live| async {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // nginx would hold events back until its buffer is full.
    Ok(([("x-accel-buffering", "no")], events).into_response())
}

/// One listener.
struct Live {
    here: Here,
    /// The head of the request that asked, to see whether it would still be let in.
    parts: Parts,
    filter: RequestFilter,
    /// Requests that ended before are not reported.
    since: DateTime<Utc>,
    /// Requests that were reported, or counted as missed.
    told: HashSet<RequestId>,
    waiting: VecDeque<Event>,
    asks_at: Instant,
    ends_at: Instant,
    state: State,
    _seat: Seat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was sent so far.
    New,
    Open,
    /// What waits is sent, and nothing after it.
    Closing,
}

#[derive(Debug, Serialize)]
struct MissedJson {
    /// Requests that fit and were not sent, since more came at once than are sent.
    requests: usize,
    /// Whether there were more, uncounted.
    is_more: bool,
}

#[derive(Debug, Serialize)]
struct WordsJson<'a> {
    message: &'a str,
}

impl Live {
    fn new(here: Here, parts: Parts, filter: RequestFilter, seat: Seat) -> Self {
        let last = (parts.headers.get("last-event-id"))
            .and_then(|id| id.to_str().ok()?.parse::<i64>().ok())
            .and_then(DateTime::from_timestamp_millis)
            .filter(|at| *at <= here.now && here.now - *at <= MAX_AWAY);
        let now = Instant::now();
        Self {
            since: last.unwrap_or(here.now),
            here,
            parts,
            filter,
            told: HashSet::new(),
            waiting: VecDeque::new(),
            asks_at: now,
            ends_at: now + LIFE,
            state: State::New,
            _seat: seat,
        }
    }

    /// The next event; none when the stream ends. It asks the store only when the client takes
    /// more, so that nothing piles up for one that is slow.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            match self.state {
                State::Closing => return None,
                State::New => {
                    self.state = State::Open;
                    return Some(self.event("ready").retry(RETRY).data("{}"));
                }
                State::Open => {}
            }
            if Instant::now() >= self.ends_at {
                return None;
            }
            sleep_until(self.asks_at.min(self.ends_at)).await;
            if Instant::now() < self.asks_at {
                continue;
            }
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let verdict = self.here.app.gate.judge(&self.parts);
        if verdict != Verdict::Pass {
            self.say("closed", "You may not look at the dashboard any longer.");
            self.state = State::Closing;
            return;
        }
        let now = Utc::now();
        let filter = RequestFilter {
            // Dated ahead by a clock that was wrong; lists end there too.
            until: Some(now + TimeDelta::minutes(1)),
            ..self.filter.clone()
        };
        let answer = self.here.app.ask(|store| store.requests(&filter));
        let answer = timeout_at(self.ends_at, answer).await;
        self.asks_at = Instant::now() + EVERY;
        let page = match answer {
            Ok(Ok(page)) => page,
            Err(_) => {
                self.say(
                    "error",
                    "The store did not answer in time; see whether its disk is busy.",
                );
                return;
            }
            Ok(Err(failure)) => {
                self.say("error", &failure.message);
                self.asks_at = Instant::now() + EVERY_AFTER_ERROR;
                return;
            }
        };
        let ended = |request: &silk_core::RequestSummary| {
            let took = i64::try_from(request.times.total_us).unwrap_or(i64::MAX / 4);
            (request.started_at).checked_add_signed(TimeDelta::microseconds(took))
        };
        let mut fresh: Vec<_> = (page.items.iter())
            .filter(|request| ended(request).is_none_or(|at| at >= self.since))
            .filter(|request| !self.told.contains(&request.id))
            .collect();
        let is_full = fresh.len() == page.items.len() && page.next.is_some();
        self.told.extend(fresh.iter().map(|request| request.id));
        let missed = fresh.len().saturating_sub(MAX_AT_ONCE);
        if missed > 0 {
            let missed = MissedJson {
                requests: missed,
                // Of the first look, those before it are none that were missed.
                is_more: is_full,
            };
            self.tell("missed", &missed);
        }
        fresh.truncate(MAX_AT_ONCE);
        // In the order in which they came.
        for request in fresh.into_iter().rev() {
            self.tell("request", &summary(request, now));
        }
    }

    /// An event that a client goes on from: what ended later may still be on its way to the store.
    fn event(&self, name: &str) -> Event {
        let from = (Utc::now() - WRITTEN_WITHIN).max(self.since);
        Event::default()
            .event(name)
            .id(from.timestamp_millis().to_string())
    }

    fn tell(&mut self, name: &str, data: &impl Serialize) {
        let event = self.event(name).json_data(data);
        // Text and numbers can be written.
        self.waiting.extend(event.ok());
    }

    fn say(&mut self, name: &str, message: &str) {
        self.tell(name, &WordsJson { message });
    }
}
