//! A query of the pool under way: timed, counted, and recorded when it ends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{CapturedBy, Outcome};
use sqlx_core::error::Error;

use super::{
    PoolDatabase,
    captured_values::{CopiedBytes, captured_error, captured_values},
    hide_from_layer::Cover,
    pool_holders::{Holding, Running},
    pool_shared::PoolShared,
    replayed_query::Replay,
    transaction_fate::Undone,
    within::Within,
};
use crate::{
    record::{ActiveRequest, CallStack, CapturedQuery, SqlSource, buffers::TransactionError},
    sql::{
        plans::{Place, Ticket, Tracker, TrackerGuard},
        verbs::{Verb, changed, control, verb},
    },
};

/// One query from its making to its end; recorded when dropped.
pub(super) struct Track {
    active: ActiveRequest,
    pub(super) cover: Cover,
    /// Taken when it is recorded.
    query: Option<CapturedQuery>,
    /// Whether it was polled at all: one that was not never ran.
    is_started: bool,
    /// Since when the app has been holding the stream.
    idle_since: Option<Instant>,
    /// Statements of the text that are over.
    results: usize,
    /// Rows that the present one has given.
    rows: u64,
    /// Learns what becomes of the transaction around.
    undone: Option<Undone>,
    /// Keeps the connection known as busy.
    running: Option<Running>,
    /// Bytes of the data, where it is a `COPY`.
    copied_bytes: Option<u64>,
    /// Waits for its plan, where the connection tells plans.
    ticket: Option<Ticket>,
}

impl Track {
    /// Looks at a query that is about to run.
    pub(super) fn new<DB: PoolDatabase>(
        within: Within,
        shared: &PoolShared,
        query: &mut Replay<DB>,
    ) -> Self {
        let Within {
            active,
            transaction,
            undone,
        } = within;
        let values = if active.captures_values() {
            captured_values(query, active.recorder().config().value_bytes)
        } else {
            None
        };
        let call_site = if active.captures_call_sites() {
            CallStack::capture()
        } else {
            None
        };
        // Of interest only where the tracing layer has noted the app's spans.
        let span = if active.has_spans() {
            tracing::dispatcher::get_default(|dispatch| dispatch.current_span().id().cloned())
        } else {
            None
        };
        let cover = shared.cover();
        // Read when it is first polled, if it ever is.
        let now = active.started();
        let query = CapturedQuery {
            // Costs nothing for the texts of the program itself.
            sql: SqlSource::Sqlx(query.sql.clone()),
            database: Arc::clone(&shared.database),
            captured_by: CapturedBy::Pool,
            started: now,
            ended: now,
            first_row: None,
            consumer: Duration::ZERO,
            rows_returned: 0,
            rows_read: 0,
            rows_affected: 0,
            outcome: Outcome::Dropped,
            error: None,
            values,
            call_site,
            span,
            transaction,
            is_past_pool: false,
        };
        Self {
            active,
            cover,
            query: Some(query),
            is_started: false,
            idle_since: None,
            results: 0,
            rows: 0,
            undone,
            running: None,
            copied_bytes: None,
            ticket: None,
        }
    }

    /// Says on which connection it runs.
    pub(super) fn runs_on(&mut self, holding: Option<&Holding>) {
        if let (Some(holding), Some(query)) = (holding, &self.query) {
            self.running = Some(holding.run(query.sql.clone(), query.call_site.clone()));
        }
    }

    /// Waits for the plan that the connection may tell.
    pub(super) fn await_plan(&mut self, tracker: Option<&Arc<Tracker>>) {
        if let (Some(tracker), Some(query)) = (tracker, &self.query) {
            self.ticket = Some(tracker.start(query.sql.clone()));
        }
    }

    /// Says that its connection is being polled, until the guard is dropped.
    pub(super) fn enter_plan(&self) -> Option<TrackerGuard> {
        self.ticket.as_ref().map(|ticket| ticket.tracker().enter())
    }

    pub(super) const fn active(&self) -> &ActiveRequest {
        &self.active
    }

    /// The app asks for the next row, or for the first: `true` then.
    pub(super) fn on_poll(&mut self) -> bool {
        let is_first = !self.is_started;
        let Some(query) = &mut self.query else {
            return is_first;
        };
        if is_first {
            self.is_started = true;
            self.cover.expect(query.sql.as_str());
            query.started = Instant::now();
        } else if let Some(since) = self.idle_since.take() {
            query.consumer += since.elapsed();
        }
        is_first
    }

    /// Polls the driver; `is_first` where that sends the query.
    pub(super) fn poll_driver<T>(&self, is_first: bool, poll: impl FnOnce() -> T) -> T {
        if is_first {
            self.cover.run(poll)
        } else {
            self.cover.run_on(poll)
        }
    }

    /// The app has what it asked for, and the clock of its own work runs.
    pub(super) fn on_ready(&mut self) {
        let now = Instant::now();
        self.idle_since = Some(now);
        if let Some(query) = &mut self.query {
            query.ended = now;
        }
    }

    /// A row has come; `is_given` where the app gets it.
    pub(super) fn on_row(&mut self, is_given: bool) {
        self.rows += 1;
        if let Some(query) = &mut self.query {
            query.rows_read += 1;
            query.rows_returned += u64::from(is_given);
            if query.first_row.is_none() {
                query.first_row = Some(Instant::now());
            }
        }
    }

    /// It is a `COPY`, whose data takes the place of values.
    #[cfg(feature = "postgres")]
    pub(super) const fn copies(&mut self) {
        self.copied_bytes = Some(0);
    }

    /// There was no connection to run it on.
    #[cfg(feature = "postgres")]
    pub(super) const fn never_ran(&mut self) {
        self.is_started = false;
    }

    /// Data of a `COPY` has passed.
    #[cfg(feature = "postgres")]
    pub(super) fn on_bytes(&mut self, bytes: usize) {
        if let Some(copied) = &mut self.copied_bytes {
            *copied = copied.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
    }

    /// A statement is over; `told` is what the database counted.
    pub(super) fn on_result(&mut self, told: u64) {
        let (rows, number) = (std::mem::take(&mut self.rows), self.results);
        self.results += 1;
        if let Some(query) = &mut self.query
            && (told > 0 || rows > 0)
        {
            let kind = query.database.kind;
            let verb = verb(query.sql.as_str(), kind, number).unwrap_or(Verb::Other);
            query.rows_affected += changed(verb, kind, rows, told);
        }
    }

    pub(super) fn on_error(&mut self, error: &Error) {
        if let Some(query) = &mut self.query {
            query.outcome = Outcome::Error;
            query.error = Some(captured_error(error));
            if let Some(undone) = &self.undone {
                undone.on_error(query.database.kind, error);
            }
        }
    }

    /// There is no more to come.
    pub(super) fn on_end(&mut self) {
        self.end(Instant::now());
    }

    fn end(&mut self, now: Instant) {
        if let Some(query) = &mut self.query
            && query.outcome == Outcome::Dropped
        {
            query.outcome = Outcome::Completed;
            if let Some(undone) = &self.undone {
                undone.on_completed(query.database.kind, query.sql.as_str());
            }
        }
        self.record(now);
    }

    fn record(&mut self, now: Instant) {
        let Some(mut query) = self.query.take() else {
            return;
        };
        self.running = None;
        if !self.is_started {
            return;
        }
        query.ended = now;
        if let Some(since) = self.idle_since {
            query.consumer += query.ended.saturating_duration_since(since);
        }
        if let (Some(bytes), true) = (self.copied_bytes, self.active.captures_values()) {
            query.values = Some(Box::new(CopiedBytes(bytes)));
        }
        let kind = query.database.kind;
        // Rows of `RETURNING` are rows changed, whether or not the count came.
        if self.rows > 0 && verb(query.sql.as_str(), kind, self.results) == Some(Verb::Change) {
            query.rows_affected += self.rows;
        }
        let outcome = query.outcome;
        let number = if control(query.sql.as_str(), kind).is_some() {
            let error = query.error.map(|error| TransactionError { kind, error });
            self.active.push_control(query.started, query.ended, error);
            None
        } else {
            self.active.push_numbered(query)
        };
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        if outcome == Outcome::Dropped {
            ticket.leave(number.map(|query| Place {
                request: self.active.downgrade(),
                query,
            }));
        } else if let (Some(plan), Some(query)) = (ticket.finish(outcome == Outcome::Error), number)
        {
            self.active.attach_plan(query, plan);
        }
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        if self.query.is_some() {
            self.record(Instant::now());
        }
    }
}
