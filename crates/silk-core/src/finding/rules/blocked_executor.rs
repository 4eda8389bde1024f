//! The executor was blocked: one poll that took long.
//!
//! **Definition.** Between two awaits the handler or body kept its thread; no other task of that
//! thread moved meanwhile. It is the app's own code (parsing, rendering, hashing, a blocking call),
//! or a driver that decodes many rows.
//! **Formula.** `longest poll >= blocked`.
//! **Time lost.** The longest poll; there may be others.
//! **Thresholds.** `blocked`: 50 ms. Tokio's advice is 10 to 100 µs between awaits; below some tens
//! of milliseconds a busy machine alone makes polls long.
//! **Evidence.** What ran before: the query whose rows were read in that poll or that ended just
//! before it, and the innermost span around it.
//! **Silent on.** Many polls of middling length; time in which the task waited; a poll that
//! panicked: most of that time goes into the hook's backtrace.

use super::BLOCKED_EXECUTOR;
use crate::{
    CallSite, Finding, Outcome, QueryRecord, SpanRecord,
    finding::{
        facts::{Facts, ended_us},
        thresholds::micros,
        words::duration,
    },
};

/// A query that ended so shortly before the poll is what woke the task.
const JUST_BEFORE_US: u64 = 5_000;

pub(super) fn find(facts: &Facts<'_>) -> Option<Finding> {
    let times = &facts.record.summary.times;
    let longest_us = times.longest_poll_us;
    let has_panicked = facts.record.summary.outcome == Outcome::Panicked
        || facts.record.detail.error_site.is_some();
    if has_panicked || longest_us < micros(facts.thresholds.blocked).max(1) {
        return None;
    }
    let lost_us = longest_us.min(facts.total_us);
    let started_us = facts.record.detail.longest_poll_started_us;
    let before = started_us.and_then(|at| query_before(facts, at, at.saturating_add(longest_us)));
    let span = started_us.and_then(|at| span_around(facts, at, at.saturating_add(longest_us)));
    let mut detail = "Other tasks on this thread had to wait meanwhile.".to_owned();
    if let Some((query, is_during)) = before {
        let when = if is_during {
            "It read the rows of"
        } else {
            "It came right after"
        };
        detail.push_str(&format!(
            " {when} query {}, {}{}.",
            query.seq,
            facts.name(query),
            facts.from(query)
        ));
    }
    if let Some(span) = span {
        detail.push_str(&format!(" It was in the span {}.", span.name));
    }
    let site = before.and_then(|(query, _)| facts.site(query)).cloned();
    Some(Finding {
        rule: BLOCKED_EXECUTOR.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "Your code ran for {} without an await and blocked the executor.",
            duration(longest_us)
        ),
        detail,
        remedy: Some(
            "Move the work to tokio::task::spawn_blocking, or let others in between: \
             tokio::task::yield_now().await every few hundred rows."
                .to_owned(),
        ),
        call_site: site.or_else(|| span.and_then(site_of)),
        fingerprint: before
            .and_then(|(query, _)| facts.text(query))
            .map(|text| text.statement.fingerprint),
        query: before.map(|(query, _)| query.seq),
        lost_us: Some(lost_us),
    })
}

/// The query that ran when the poll began, or ended just before; and whether its rows were read in
/// the poll.
fn query_before<'a>(
    facts: &Facts<'a>,
    started_us: u64,
    ended: u64,
) -> Option<(&'a QueryRecord, bool)> {
    let queries = &facts.record.detail.queries;
    // Its last rows came in the poll: it began before, and ended in it or at its end.
    let during = queries
        .iter()
        .filter(|query| {
            query.started_us < started_us
                && ended_us(query) > started_us
                && ended_us(query) <= ended
                && ended_us(query) - started_us > (ended - started_us) / 2
        })
        .max_by_key(|query| ended_us(query));
    if let Some(query) = during {
        return Some((query, true));
    }
    queries
        .iter()
        .filter(|query| {
            let end = ended_us(query);
            // What ends within the first instants of a poll woke it.
            end <= started_us.saturating_add((ended - started_us) / 2)
                && end.saturating_add(JUST_BEFORE_US) >= started_us
        })
        .max_by_key(|query| ended_us(query))
        .map(|query| (query, false))
}

fn span_around<'a>(facts: &Facts<'a>, started_us: u64, ended: u64) -> Option<&'a SpanRecord> {
    let middle = started_us + (ended - started_us) / 2;
    facts
        .record
        .detail
        .spans
        .iter()
        .filter(|span| {
            (span.started_us..span.started_us.saturating_add(span.duration_us)).contains(&middle)
        })
        .min_by_key(|span| span.duration_us)
}

fn site_of(span: &SpanRecord) -> Option<CallSite> {
    Some(CallSite {
        function: span.name.clone(),
        file: span.file.clone()?,
        line: span.line?,
    })
}
