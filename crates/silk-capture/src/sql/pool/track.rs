use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{CapturedBy, Database, DatabaseKind, Outcome};
use sqlx_core::error::Error;

use super::{
    PoolDatabase,
    cover::Cover,
    look::{captured_error, captured_values, only_reads},
    replay::Replay,
};
use crate::{
    plans::{Place, Ticket, Tracker, TrackerGuard},
    recorder::{ActiveRequest, CapturedQuery, Recorder, SqlSource},
    sql::call_site::CallStack,
};

/// What every connection of a pool shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) recorder: Recorder,
    pub(super) database: Arc<Database>,
}

impl Shared {
    /// The request that a call made now belongs to; counted where there is none.
    pub(super) fn current(&self) -> Option<ActiveRequest> {
        let active = ActiveRequest::current();
        if active.is_none() {
            self.recorder.count_unattributed();
        }
        active
    }
}

/// Keeps apart what a connection runs, for the plans that it tells; made when first needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Option<Arc<Tracker>>);

impl Runs {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// The tracker, where the database tells plans.
    pub(super) fn tracker<DB: PoolDatabase>(&mut self, shared: &Shared) -> Option<&Arc<Tracker>> {
        let notes = shared.recorder.plan_notes();
        if DB::KIND != DatabaseKind::Postgres || !notes.wants_notices() {
            return None;
        }
        Some(
            self.0
                .get_or_insert_with(|| Tracker::new(Arc::clone(notes))),
        )
    }

    /// Polls within the connection's tracker, where it has one: what was dropped half-read before
    /// is read to its end by whatever comes next.
    pub(super) async fn watched<F: Future>(self, future: F) -> F::Output {
        let Some(tracker) = self.0 else {
            return future.await;
        };
        let mut future = std::pin::pin!(future);
        let output = std::future::poll_fn(|cx| {
            let _polled = tracker.enter();
            future.as_mut().poll(cx)
        })
        .await;
        tracker.settle();
        output
    }
}

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
    /// A SELECT changes nothing, although PostgreSQL counts its rows as affected.
    only_reads: bool,
    /// Waits for its plan, where the connection tells plans.
    ticket: Option<Ticket>,
}

impl Track {
    /// Looks at a query that is about to run.
    pub(super) fn new<DB: PoolDatabase>(
        active: ActiveRequest,
        database: &Arc<Database>,
        transaction: Option<u32>,
        query: &mut Replay<DB>,
    ) -> Self {
        let values = if active.captures_values() {
            captured_values(query)
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
        let sql = query.sql.as_str();
        let only_reads = only_reads(sql);
        let cover = Cover::new(database.kind);
        // Read when it is first polled, if it ever is.
        let now = active.started();
        let query = CapturedQuery {
            // Costs nothing for the texts of the program itself.
            sql: SqlSource::Sqlx(query.sql.clone()),
            database: Arc::clone(database),
            captured_by: CapturedBy::Pool,
            started: now,
            ended: now,
            first_row: None,
            consumer: Duration::ZERO,
            rows_returned: 0,
            rows_affected: 0,
            outcome: Outcome::Dropped,
            error: None,
            values,
            call_site,
            span,
            transaction,
        };
        Self {
            active,
            cover,
            query: Some(query),
            is_started: false,
            idle_since: None,
            only_reads,
            ticket: None,
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

    /// The app asks for the next row (or for the first).
    pub(super) fn on_poll(&mut self) {
        let Some(query) = &mut self.query else { return };
        if !self.is_started {
            self.is_started = true;
            query.started = Instant::now();
        } else if let Some(since) = self.idle_since.take() {
            query.consumer += since.elapsed();
        }
    }

    /// The app has got what it asked for, and the clock of its own work runs.
    pub(super) fn on_ready(&mut self) {
        let now = Instant::now();
        self.idle_since = Some(now);
        if let Some(query) = &mut self.query {
            query.ended = now;
        }
    }

    pub(super) fn on_row(&mut self) {
        if let Some(query) = &mut self.query {
            query.rows_returned += 1;
            if query.first_row.is_none() {
                query.first_row = Some(Instant::now());
            }
        }
    }

    pub(super) fn on_affected(&mut self, rows: u64) {
        if let Some(query) = &mut self.query
            && !self.only_reads
        {
            query.rows_affected += rows;
        }
    }

    pub(super) fn on_error(&mut self, error: &Error) {
        if let Some(query) = &mut self.query {
            query.outcome = Outcome::Error;
            query.error = Some(captured_error(error));
        }
    }

    /// The one row that was asked for has come, and the end with it.
    pub(super) fn on_only_row(&mut self) {
        let now = Instant::now();
        if let Some(query) = &mut self.query {
            query.rows_returned = 1;
            query.first_row = Some(now);
        }
        self.end(now);
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
        }
        self.record(now);
    }

    fn record(&mut self, now: Instant) {
        let Some(mut query) = self.query.take() else {
            return;
        };
        if !self.is_started {
            return;
        }
        query.ended = now;
        if let Some(since) = self.idle_since {
            query.consumer += query.ended.saturating_duration_since(since);
        }
        let outcome = query.outcome;
        let number = self.active.push_numbered(query);
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
