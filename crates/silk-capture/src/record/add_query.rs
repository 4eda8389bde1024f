//! How queries and their plans come into the record of a request.

use std::sync::Arc;

use silk_core::Outcome;

use super::{
    ActiveRequest, CallStack,
    buffers::{Beyond, Buffers, KeptPlan, MAX_PLANS, Span},
    captured_query::CapturedQuery,
    clock::micros,
    kept_query::{Belongs, KeptQuery, Numbers},
    plans::{
        caught_plan::{CaughtPlan, PlanMark, outline},
        plan_notes::Dropped,
    },
};

/// Texts under which queries beyond the cap are summed.
const MAX_BEYOND: usize = 1_000;

/// What another bucket of durations may take: its number and count, twice where the list grows.
const BUCKET_BYTES: usize = 32;

impl ActiveRequest {
    /// Adds a query that has ended.
    pub fn push_query(&self, query: CapturedQuery) {
        let _ = self.push_numbered(query);
    }

    /// Adds a query that has ended; its number among those kept, where there was room.
    pub(crate) fn push_numbered(&self, query: CapturedQuery) -> Option<u32> {
        let started_us = self.offset(query.started);
        let duration_us = micros(query.ended.saturating_duration_since(query.started));
        self.0.recorder.count_query();
        // What does not fit is dropped after the lock.
        let mut query = query;
        let mut given_up = None;
        let (rest, number) = self.with(|buffers| {
            buffers.query_count += 1;
            let is_error = query.outcome == Outcome::Error || query.error.is_some();
            buffers.query_errors += u64::from(is_error);
            buffers
                .sql
                .add(started_us, started_us.saturating_add(duration_us));
            if !self.0.is_kept {
                return (Some(query), None);
            }
            let known = buffers.texts.find(query.sql.as_str(), &query.database);
            let mut bytes = size_of::<KeptQuery>();
            bytes += query
                .values
                .as_ref()
                .map_or(0, |values| values.approximate_bytes());
            bytes += query.call_site.as_ref().map_or(0, CallStack::heap_bytes);
            bytes += query
                .error
                .as_ref()
                .map_or(0, |error| error.message.len() + 80);
            if known.is_none() {
                bytes += query.sql.as_str().len() + 64;
            }
            let has_slot = buffers.queries.len() < self.0.recorder.config().max_queries;
            let mut fits = has_slot && self.charge(buffers, bytes);
            let mut values = query.values.take();
            if !fits
                && has_slot
                && let Some(large) = &values
            {
                // Rather the query without its values than no query.
                bytes -= large.approximate_bytes();
                fits = self.charge(buffers, bytes);
                given_up = values.take();
            }
            if !fits {
                self.count_beyond(buffers, known, &query, duration_us, is_error);
                given_up = given_up.take().or(values);
                return (Some(query), None);
            }
            let text = known.unwrap_or_else(|| buffers.texts.add(query.sql, query.database));
            let span = query
                .span
                .and_then(|id| open_span(&buffers.spans, id.into_u64()));
            let numbers = Numbers {
                duration_us,
                first_row_us: query
                    .first_row
                    .map(|first| micros(first.saturating_duration_since(query.started))),
                consumer_us: micros(query.consumer),
                rows_returned: query.rows_returned,
                rows_read: query.rows_read,
                rows_affected: query.rows_affected,
            };
            let belongs = Belongs {
                text,
                span,
                transaction: query.transaction,
            };
            let seen = (query.captured_by, query.outcome);
            let mut kept = KeptQuery::new(seen, started_us, numbers, belongs, query.error);
            kept.values = values;
            kept.call_site = query.call_site;
            kept.is_past_pool = query.is_past_pool;
            buffers.queries.push(kept);
            (None, u32::try_from(buffers.queries.len() - 1).ok())
        })?;
        drop((rest, given_up));
        number
    }

    /// Adds the plan that a query ran with, which comes after it.
    pub(crate) fn attach_plan(&self, query: u32, plan: CaughtPlan) {
        // Before the lock: it reads all of the plan.
        let outline = outline(&plan.message);
        let is_there = self.with_kept(|buffers| {
            let mark = PlanMark {
                outline,
                duration_us: plan.duration_us,
            };
            let query = usize::try_from(query)
                .ok()
                .and_then(|query| buffers.queries.get_mut(query))?;
            query.set_plan(mark);
            let text = query.text;
            let kept = buffers
                .plans
                .iter()
                .position(|kept| kept.text == text && kept.outline == outline);
            // Of runs that look alike the slowest is kept.
            if let Some(at) = kept {
                let (before, now) = (buffers.plans[at].message.len(), plan.message.len());
                if buffers.plans[at].duration_us < plan.duration_us
                    && self.charge(buffers, now.saturating_sub(before))
                {
                    buffers.plans[at].duration_us = plan.duration_us;
                    buffers.plans[at].message = plan.message;
                }
                return Some(());
            }
            let bytes = size_of::<KeptPlan>() + plan.message.len();
            if buffers.plans.len() >= MAX_PLANS || !self.charge(buffers, bytes) {
                return None;
            }
            buffers.plans.push(KeptPlan {
                text,
                outline,
                duration_us: plan.duration_us,
                message: plan.message,
            });
            Some(())
        });
        if is_there.is_some_and(|is_there| is_there.is_none()) {
            self.0.recorder.plan_notes().drop_one(Dropped::NoRoom);
        }
    }

    /// Counts a query for which there is no room, under its text as long as that can be kept.
    fn count_beyond(
        &self,
        buffers: &mut Buffers,
        known: Option<u32>,
        query: &CapturedQuery,
        duration_us: u64,
        is_error: bool,
    ) {
        buffers.queries_not_kept += 1;
        let text = match known {
            Some(text) => text,
            None => {
                let sql = &query.sql;
                if buffers.beyond.len() >= MAX_BEYOND
                    || !self.charge(buffers, sql.as_str().len() + 128)
                {
                    return;
                }
                buffers.texts.add(sql.clone(), Arc::clone(&query.database))
            }
        };
        // The latest are asked for most, and there are few.
        let at = buffers
            .beyond
            .iter()
            .rposition(|beyond| beyond.text == text)
            .unwrap_or_else(|| {
                buffers.beyond.push(Beyond {
                    text,
                    ..Beyond::default()
                });
                buffers.beyond.len() - 1
            });
        let is_told_apart = match buffers.beyond.get(at) {
            Some(beyond) if !beyond.durations.has_bucket_of(duration_us) => {
                self.charge(buffers, BUCKET_BYTES)
            }
            _ => true,
        };
        if let Some(beyond) = buffers.beyond.get_mut(at) {
            if is_told_apart {
                beyond.durations.record(duration_us);
            }
            beyond.calls += 1;
            beyond.errors += u64::from(is_error);
            beyond.total_us = beyond.total_us.saturating_add(duration_us);
            beyond.max_us = beyond.max_us.max(duration_us);
            beyond.rows = beyond.rows.saturating_add(query.rows_returned);
        }
    }
}

/// The open span with this id: ids are given again, so the latest one counts.
fn open_span(spans: &[Span], id: u64) -> Option<u32> {
    let at = spans
        .iter()
        .rposition(|span| span.id == id && span.ended_us.is_none())?;
    u32::try_from(at).ok()
}
