//! The base tier of capture: sqlx's own events, the app's spans and its warnings, through a layer
//! of `tracing-subscriber`.
//!
//! Nothing in the app's queries changes, and every sqlx user of the process is seen. The layer has
//! its own [`Filter`](tracing_subscriber::layer::Filter) and works beside any other layer; a
//! *global* filter in front of it starves it, which the [probe](crate::record::probe()) finds out.

mod expected;
mod filter;
mod last;
mod mark;
mod visit;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use silk_core::{CapturedBy, DatabaseKind, LogRecord, Outcome};
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, filter::Filtered, layer::Context, registry::LookupSpan};

pub use filter::SilkFilter;

#[cfg(feature = "sqlite")]
pub(crate) use expected::expect;

use self::mark::{Mark, Within, of_parent, within};
use super::{
    plans::on_notice,
    verbs::{all_changed, control},
};
use crate::{
    record::{
        ActiveRequest, CallStack, CapturedQuery, Recorder,
        buffers::Span,
        own_spans::{INTERNAL_SPAN, QUERY_SPAN, REQUEST_SPAN, SILK_TARGET},
        probe::others_see_spans,
        status::TracingState,
    },
    suppress,
};

const SQLX_QUERY: &str = "sqlx::query";
const SQLX_ACQUIRE: &str = "sqlx::pool::acquire";
const POSTGRES_NOTICE: &str = "sqlx::postgres::notice";

/// Records sqlx's events and the app's spans and warnings within requests.
#[derive(Debug)]
pub struct SilkTracingLayer {
    recorder: Recorder,
    /// Its number among the layers of the process: ids of spans are those of a subscriber.
    number: u32,
}

/// Whether there ever was a tracing layer in this process.
static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

/// Whether a tracing layer may be listening.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) fn is_installed() -> bool {
    IS_INSTALLED.load(Relaxed)
}

/// Where an event happened.
enum Place {
    Ignored,
    Nowhere,
    In(ActiveRequest, Option<Id>),
}

impl SilkTracingLayer {
    /// A layer for `registry().with(…)`, with its own filter: sqlx's events, the app's spans and
    /// warnings, whatever other layers want to see.
    #[must_use]
    pub fn new<S>(recorder: Recorder) -> Filtered<Self, SilkFilter, S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        IS_INSTALLED.store(true, Relaxed);
        recorder.notes().set_tracing(TracingState::Made);
        let filter = SilkFilter::new(recorder.config().span_level)
            .with_plans(Arc::clone(recorder.plan_notes()));
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        let number = NUMBERS.fetch_add(1, Relaxed);
        Self { recorder, number }.with_filter(filter)
    }

    fn place<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>) -> Place
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if suppress::is_suppressed() {
            return Place::Ignored;
        }
        for span in ctx.event_scope(event).into_iter().flatten() {
            match span.extensions().get::<Mark>() {
                Some(Mark::Ignore) => return Place::Ignored,
                Some(Mark::Within(within)) => {
                    return Place::In(within.active.clone(), within.index.map(|_| span.id()));
                }
                None => {}
            }
        }
        // No span of a request: whatever is being polled here.
        ActiveRequest::current().map_or(Place::Nowhere, |active| Place::In(active, None))
    }

    fn on_query(&self, event: &Event<'_>, place: Place) {
        let ended = Instant::now();
        if matches!(place, Place::Ignored) {
            return;
        }
        let mut seen = visit::Query::default();
        event.record(&mut seen);
        let Some(sql) = seen.sql.filter(|sql| !is_set_up(sql.as_str())) else {
            return;
        };
        if expected::take(sql.as_str()) {
            return;
        }
        let notes = self.recorder.notes();
        let lent = match &place {
            Place::In(active, _) => active.lent(),
            _ => None,
        };
        let is_past_pool = lent.is_some();
        let (database, transaction) = match lent {
            Some(lent) => (lent.database, lent.transaction),
            None => (notes.layer_database(), None),
        };
        let control = control(sql.as_str(), database.kind);
        let Place::In(active, span) = place else {
            if control.is_none() {
                self.recorder.count_unattributed();
                if is_sqlite_worker() && others_see_spans() {
                    notes.count_without_span();
                }
            }
            return;
        };
        let started = ended
            .checked_sub(seen.elapsed)
            .unwrap_or(ended)
            .max(active.started());
        // In neither tier is it a query; the database was at it all the same.
        if control.is_some() {
            return active.push_control(started, ended, None);
        }
        let (rows, told) = (seen.rows_returned, seen.rows_affected);
        let rows_affected = all_changed(sql.as_str(), database.kind, rows, told);
        if is_past_pool {
            notes.count_past_pool();
        }
        let call_site = call_site_of(&active, database.kind);
        active.push_query(CapturedQuery {
            sql,
            database,
            captured_by: CapturedBy::Layer,
            started,
            ended,
            first_row: None,
            consumer: Duration::ZERO,
            rows_returned: rows,
            rows_read: rows,
            rows_affected,
            outcome: Outcome::Completed,
            error: None,
            values: None,
            call_site,
            span,
            transaction,
            is_past_pool,
        });
    }
}

impl<S> Layer<S> for SilkTracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let metadata = attributes.metadata();
        if metadata.target() == SILK_TARGET {
            let mark = match metadata.name() {
                QUERY_SPAN | INTERNAL_SPAN => Some(Mark::Ignore),
                REQUEST_SPAN => ActiveRequest::current().map(|active| within(active, None)),
                _ => None,
            };
            if let Some(mark) = mark {
                // `insert` panics where another of our layers has been here.
                span.extensions_mut().replace(mark);
            }
            return;
        }
        if suppress::is_suppressed() {
            return;
        }
        let (active, parent) = match of_parent(&span) {
            Some(found) => found,
            None => match ActiveRequest::current() {
                Some(active) => (active, None),
                None => return,
            },
        };
        if !active.is_kept() {
            return;
        }
        let mut fields = visit::Fields::default();
        attributes.record(&mut fields);
        let index = active.open_span(Span {
            id: id.into_u64(),
            metadata,
            parent,
            started_us: active.offset(Instant::now()),
            ended_us: None,
            busy_us: 0,
            fields: fields.fields,
        });
        // Without room for the span itself, it still leads its children to the request.
        span.extensions_mut().replace(within(active, index));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let found = match span.extensions().get::<Mark>() {
            Some(Mark::Within(Within {
                active,
                index: Some(index),
                ..
            })) => (active.clone(), *index),
            _ => return,
        };
        let mut fields = visit::Fields::default();
        values.record(&mut fields);
        found.0.change_span(found.1, |span| {
            for (name, value) in fields.fields {
                if let Some(known) = span.fields.iter_mut().find(|(known, _)| *known == name) {
                    known.1 = value;
                } else if span.fields.len() < visit::MAX_FIELDS {
                    span.fields.push((name, value));
                }
            }
        });
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        if last::enter_again(self.number, id) {
            return;
        }
        let Some(span) = ctx.span(id) else { return };
        match span.extensions_mut().get_mut::<Mark>() {
            Some(Mark::Within(within)) if within.index.is_some() => {
                within.entered = Some(Instant::now());
            }
            Some(Mark::Within(_)) => last::entered(self.number, id, false),
            Some(Mark::Ignore) => last::entered(self.number, id, true),
            None => {}
        }
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        if last::leave(self.number, id) {
            return;
        }
        let Some(span) = ctx.span(id) else { return };
        match span.extensions_mut().get_mut::<Mark>() {
            Some(Mark::Within(within)) => {
                if let Some(entered) = within.entered.take() {
                    within.busy += entered.elapsed();
                }
            }
            Some(Mark::Ignore) => suppress::leave_cover(),
            None => {}
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        // Taken out first: letting go of the request must not happen under the span's lock.
        let mark = span.extensions_mut().remove::<Mark>();
        if let Some(Mark::Within(Within {
            active,
            index: Some(index),
            busy,
            ..
        })) = mark
        {
            let ended_us = active.offset(Instant::now());
            active.change_span(index, |span| {
                span.ended_us = Some(ended_us);
                span.busy_us = u64::try_from(busy.as_micros()).unwrap_or(u64::MAX);
            });
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let metadata: &Metadata<'_> = event.metadata();
        match metadata.target() {
            SQLX_QUERY | SQLX_ACQUIRE if suppress::is_recorded_elsewhere() => {}
            SQLX_QUERY => {
                self.recorder.notes().sqlx_speaks();
                self.on_query(event, self.place(event, &ctx));
            }
            SQLX_ACQUIRE => {
                if let Place::In(active, _) = self.place(event, &ctx) {
                    let mut seen = visit::Wait::default();
                    event.record(&mut seen);
                    let ended = Instant::now();
                    let started = ended
                        .checked_sub(seen.took)
                        .unwrap_or(ended)
                        .max(active.started());
                    active.push_wait(started, ended, None, None);
                }
            }
            POSTGRES_NOTICE if *metadata.level() == Level::TRACE => {
                if !suppress::is_suppressed() {
                    event.record(&mut visit::Message(|message: &str| {
                        on_notice(message, self.recorder.plan_notes());
                    }));
                }
            }
            _ => {
                if let Place::In(active, _) = self.place(event, &ctx)
                    && active.is_kept()
                {
                    let mut fields = visit::Fields::default();
                    event.record(&mut fields);
                    active.push_log(LogRecord {
                        at_us: active.offset(Instant::now()),
                        level: metadata.level().as_str().to_owned(),
                        target: fields
                            .log_target
                            .unwrap_or_else(|| metadata.target().to_owned()),
                        message: fields.message,
                        fields: fields.fields,
                    });
                }
            }
        }
    }
}

/// Where the app ran the query whose end sqlx is telling of: PostgreSQL's and MySQL's drivers tell
/// it on the stack of whoever awaits the query, SQLite's on a thread of its own.
fn call_site_of(active: &ActiveRequest, kind: DatabaseKind) -> Option<CallStack> {
    if !active.recorder().config().layer_call_sites
        || !active.captures_call_sites()
        || kind == DatabaseKind::Sqlite
        || (kind == DatabaseKind::Unknown && is_sqlite_worker())
    {
        return None;
    }
    CallStack::capture_far()
}

/// Whether this thread is one of sqlx's for SQLite.
fn is_sqlite_worker() -> bool {
    thread_local! {
        static IS_WORKER: bool = std::thread::current()
            .name()
            .is_some_and(|name| name.starts_with("sqlx-sqlite-worker"));
    }
    IS_WORKER.try_with(|is_worker| *is_worker).unwrap_or(true)
}

/// Whether sqlx itself sent this to a new connection, on behalf of whoever waited for one.
fn is_set_up(sql: &str) -> bool {
    // SQLite's options, each ended as sqlx ends them.
    let is_pragmas = || {
        sql.ends_with("; ")
            && sql
                .split_terminator("; ")
                .all(|part| part.starts_with("PRAGMA ") && part.contains(" = "))
    };
    match sql.as_bytes().first() {
        Some(b'S') => sql.starts_with("SET sql_mode=(SELECT CONCAT(@@sql_mode, '"),
        Some(b'P') => is_pragmas(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlx_sends_to_a_new_connection_is_known() {
        for sql in [
            "PRAGMA foreign_keys = ON; ",
            "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; ",
            "SET sql_mode=(SELECT CONCAT(@@sql_mode, ',PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION')),\
             time_zone='+00:00',NAMES utf8mb4 COLLATE utf8mb4_unicode_ci;",
        ] {
            assert!(is_set_up(sql), "{sql}");
        }
        for sql in [
            "PRAGMA table_info(person)",
            "PRAGMA foreign_keys = ON",
            "PRAGMA foreign_keys = ON;",
            "PRAGMA foreign_keys = ON; SELECT 1; ",
            "SET sql_mode = ''",
            "SELECT 1;",
            "P;",
            "",
        ] {
            assert!(!is_set_up(sql), "{sql}");
        }
    }
}
