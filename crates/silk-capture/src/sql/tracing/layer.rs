//! The layer of `tracing-subscriber` itself: what it does at each span and event.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Instant,
};

use silk_core::LogRecord;
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, filter::Filtered, layer::Context, registry::LookupSpan};

use super::{
    POSTGRES_NOTICE, SQLX_ACQUIRE, SQLX_QUERY, SilkFilter,
    entered_spans::{self, Kind},
    event_fields,
    span_mark::{Mark, Within, of_parent, within},
};
use crate::{
    record::{
        ActiveRequest, Recorder,
        buffers::Span,
        capture_notes::{LogState, TracingState},
        own_spans::{INTERNAL_SPAN, QUERY_SPAN, REQUEST_SPAN, SILK_TARGET},
    },
    sql::plans::on_notice,
    suppress,
};

/// Whether there ever was a tracing layer in this process.
static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

/// Whether a tracing layer may be listening.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) fn is_installed() -> bool {
    IS_INSTALLED.load(Relaxed)
}

/// Records sqlx's events and the app's spans and warnings within requests.
#[derive(Debug)]
pub struct SilkTracingLayer {
    pub(super) recorder: Recorder,
    /// Its number among the layers of the process: ids of spans are those of a subscriber.
    number: u32,
}

/// Where an event happened.
pub(super) enum Place {
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
        if event.is_contextual()
            && let Some(active) = self.of_innermost()
        {
            return Place::In(active, None);
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

    /// The request that is being polled, where its own span is the innermost.
    fn of_innermost(&self) -> Option<ActiveRequest> {
        let address = entered_spans::innermost_request(self.number)?;
        ActiveRequest::current().filter(|active| active.address() == address)
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
        let mut fields = event_fields::Fields::default();
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
        let mut fields = event_fields::Fields::default();
        values.record(&mut fields);
        found.0.change_span(found.1, |span| {
            for (name, value) in fields.fields {
                if let Some(known) = span.fields.iter_mut().find(|(known, _)| *known == name) {
                    known.1 = value;
                } else if span.fields.len() < event_fields::MAX_FIELDS {
                    span.fields.push((name, value));
                }
            }
        });
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        if entered_spans::enter_again(self.number, id) {
            return;
        }
        let Some(span) = ctx.span(id) else { return };
        let kind = match span.extensions_mut().get_mut::<Mark>() {
            Some(Mark::Within(within)) if within.index.is_some() => {
                within.entered = Some(Instant::now());
                Kind::Other
            }
            Some(Mark::Within(within)) => Kind::Request(within.active.address()),
            Some(Mark::Ignore) => Kind::Cover,
            None => Kind::Other,
        };
        entered_spans::entered(self.number, id, kind);
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        if entered_spans::leave(self.number, id) {
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
                    let mut seen = event_fields::Wait::default();
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
                    event.record(&mut event_fields::Message(|message: &str| {
                        on_notice(message, self.recorder.plan_notes());
                    }));
                }
            }
            _ => {
                if let Place::In(active, _) = self.place(event, &ctx)
                    && active.is_kept()
                {
                    let mut fields = event_fields::Fields::default();
                    event.record(&mut fields);
                    if fields.log_target.is_some() {
                        self.recorder.notes().set_log(LogState::Arrives);
                    }
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
