//! What the store in memory answers: plain scans, which double as the model for other stores.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use chrono::DateTime;
use silk_core::{
    CallSite, Fingerprint, HistogramSum, RequestRecord, RequestSummary, StoreError, StoreErrorKind,
    store::{
        CallSiteUse, Cursor, Page, RequestFilter, RequestSort, RouteSummary, RouteUse, SlowQuery,
        StatementDetail, StatementFilter, StatementSort, StatementSummary, StatsWindow,
        TextPattern, TooManyStars, trace_id_of,
    },
};

use super::state::{KnownStatement, State};
use crate::{
    page_size,
    stats::{MINUTE_S, OverTime, RouteFigures, RouteKey, overlaps},
};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// At most so many of the slowest are shown.
const MAX_SLOWEST: usize = 20;

fn key(sort: RequestSort, summary: &RequestSummary) -> i64 {
    let number = match sort {
        RequestSort::StartedAt => return summary.started_at.timestamp_micros(),
        RequestSort::Duration => summary.times.total_us,
        RequestSort::QueryTime => summary.times.sql_us,
        RequestSort::QueryCount => summary.query_count,
    };
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The patterns of a filter, read.
struct Patterns<'a> {
    route: Option<TextPattern<'a>>,
    path: Option<TextPattern<'a>>,
    text: Option<Text>,
}

/// What is searched for.
struct Text {
    lower: String,
    trace_id: Option<String>,
}

impl Text {
    fn of(text: &str) -> Self {
        Self {
            lower: text.to_ascii_lowercase(),
            trace_id: trace_id_of(text),
        }
    }

    fn is_in(&self, record: &RequestRecord) -> bool {
        let holds = |text: &str| text.to_ascii_lowercase().contains(&self.lower);
        (record.statements.iter()).any(|used| holds(&used.statement.normalized))
            || record.error_text().is_some_and(|errors| holds(&errors))
            || self.trace_id.is_some() && self.trace_id == record.summary.trace_id
    }
}

fn is_wanted(filter: &RequestFilter, patterns: &Patterns<'_>, record: &RequestRecord) -> bool {
    let summary = &record.summary;
    filter.kind.is_none_or(|kind| kind == summary.kind)
        && filter
            .method
            .as_ref()
            .is_none_or(|method| *method == summary.method)
        && patterns
            .route
            .as_ref()
            .is_none_or(|route| route.matches(&summary.route))
        && patterns
            .path
            .as_ref()
            .is_none_or(|path| path.matches(&summary.path))
        && filter.status.is_none_or(|(low, high)| {
            summary
                .status
                .is_some_and(|status| (low..=high).contains(&status))
        })
        && filter
            .min_duration_us
            .is_none_or(|least| summary.times.total_us >= least)
        && filter
            .min_queries
            .is_none_or(|least| summary.query_count >= least)
        && filter
            .finding
            .as_ref()
            .is_none_or(|rule| match rule.as_str() {
                "any" => !summary.findings.is_empty(),
                rule => summary.findings.iter().any(|finding| finding == rule),
            })
        && filter.fingerprint.is_none_or(|fingerprint| {
            record
                .statements
                .iter()
                .any(|used| used.statement.fingerprint == fingerprint)
        })
        && patterns.text.as_ref().is_none_or(|text| text.is_in(record))
        && filter.since.is_none_or(|since| summary.started_at >= since)
        && filter.until.is_none_or(|until| summary.started_at < until)
}

pub(super) fn requests(
    state: &State,
    filter: &RequestFilter,
) -> Result<Page<RequestSummary>, StoreError> {
    let refused =
        |error: TooManyStars| StoreError::new(StoreErrorKind::Other, "list requests", error);
    let patterns = Patterns {
        route: filter
            .route
            .as_deref()
            .map(TextPattern::new)
            .transpose()
            .map_err(refused)?,
        path: filter
            .path
            .as_deref()
            .map(TextPattern::new)
            .transpose()
            .map_err(refused)?,
        text: filter.text.as_deref().map(Text::of),
    };
    let size = page_size(filter.limit);
    let place = |summary: &RequestSummary| (key(filter.sort, summary), summary.id);
    let is_after = |summary: &RequestSummary| {
        filter
            .cursor
            .is_none_or(|cursor| place(summary) < (cursor.key, cursor.id))
    };
    let wanted = state
        .requests
        .values()
        .rev()
        .map(|(_, _, record)| &**record)
        .filter(|record| is_after(&record.summary) && is_wanted(filter, &patterns, record))
        .map(|record| &record.summary);
    let mut items: Vec<&RequestSummary> = if filter.sort == RequestSort::StartedAt {
        wanted.take(size + 1).collect()
    } else {
        let mut all: Vec<_> = wanted.collect();
        all.sort_unstable_by_key(|summary| Reverse(place(summary)));
        all
    };
    let is_last = items.len() <= size;
    items.truncate(size);
    let next = (!is_last).then(|| items.last()).flatten().map(|summary| {
        let (key, id) = place(summary);
        Cursor { key, id }
    });
    let is_unfiltered = *filter
        == RequestFilter {
            sort: filter.sort,
            limit: filter.limit,
            cursor: filter.cursor,
            ..RequestFilter::default()
        };
    Ok(Page {
        items: items.into_iter().cloned().collect(),
        next,
        total: is_unfiltered.then(|| state.size().requests),
        ..Page::default()
    })
}

pub(super) fn routes(state: &State, window: &StatsWindow) -> Vec<RouteSummary> {
    routes_named(state, window, |_| true)
}

/// Those that `is_wanted` takes.
pub(super) fn routes_named(
    state: &State,
    window: &StatsWindow,
    is_wanted: impl Fn(&RouteKey) -> bool,
) -> Vec<RouteSummary> {
    let mut routes: Map<&RouteKey, (RouteFigures, OverTime)> = HashMap::default();
    for ((bucket, key, _), figures) in &state.route_stats {
        if overlaps(window, *bucket, MINUTE_S) && is_wanted(key) {
            let (sum, over_time) = routes
                .entry(key)
                .or_insert_with(|| (<_>::default(), OverTime::new(window)));
            sum.merge(figures);
            over_time.add(
                *bucket,
                figures.requests,
                figures.total_us,
                figures.durations.clone(),
            );
        }
    }
    let mut routes: Vec<_> = routes
        .into_iter()
        .map(|(key, (sum, over_time))| RouteSummary {
            kind: key.kind,
            method: key.method.clone(),
            route: key.route.clone(),
            requests: sum.requests,
            errors: sum.errors,
            total_us: sum.total_us,
            sql_us: sum.sql_us,
            queries: sum.queries,
            max_queries: sum.max_queries,
            durations: sum.durations,
            over_time: over_time.finish(&mut HistogramSum::default()).0,
        })
        .collect();
    routes.sort_unstable_by(|a, b| {
        (b.total_us, &a.route, &a.method, a.kind).cmp(&(a.total_us, &b.route, &b.method, b.kind))
    });
    routes
}

fn summary(known: &KnownStatement) -> StatementSummary {
    StatementSummary {
        statement: Arc::clone(&known.statement),
        calls: known.figures.calls,
        requests: known.figures.requests,
        total_us: known.figures.total_us,
        max_us: known.figures.max_us,
        rows: known.figures.rows,
        errors: known.figures.errors,
        last_seen_at: DateTime::from_timestamp_micros(known.last_seen_us).unwrap_or_default(),
    }
}

pub(super) fn statements(state: &State, filter: &StatementFilter) -> Page<StatementSummary> {
    let text = filter.text.as_ref().map(|text| text.to_ascii_lowercase());
    let mut all: Vec<&KnownStatement> = state
        .statements
        .values()
        .filter(|known| {
            let statement = &known.statement;
            text.as_ref()
                .is_none_or(|text| statement.normalized.to_ascii_lowercase().contains(text))
                && filter
                    .table
                    .as_ref()
                    .is_none_or(|table| statement.tables.contains(table))
                && filter
                    .command
                    .as_ref()
                    .is_none_or(|command| *command == statement.command)
                && filter
                    .database
                    .is_none_or(|database| database == statement.database)
        })
        .collect();
    // Quotients are compared as products, exactly.
    let rank = |known: &KnownStatement| -> (u128, u128) {
        let figures = &known.figures;
        match filter.sort {
            StatementSort::Total => (figures.total_us.into(), 1),
            StatementSort::Calls => (figures.calls.into(), 1),
            StatementSort::Mean => (figures.total_us.into(), figures.calls.max(1).into()),
            StatementSort::Max => (figures.max_us.into(), 1),
            StatementSort::CallsPerRequest => {
                (figures.calls.into(), figures.requests.max(1).into())
            }
        }
    };
    all.sort_unstable_by(|a, b| {
        let ((a_up, a_down), (b_up, b_down)) = (rank(a), rank(b));
        (b_up * a_down)
            .cmp(&(a_up * b_down))
            .then(a.statement.fingerprint.cmp(&b.statement.fingerprint))
    });
    let total = all.len();
    let offset = usize::try_from(filter.offset).unwrap_or(usize::MAX);
    let size = page_size(filter.limit);
    let items: Vec<_> = all
        .into_iter()
        .skip(offset)
        .take(size)
        .map(summary)
        .collect();
    let end = offset.saturating_add(items.len());
    Page {
        next: (end < total && !items.is_empty()).then(|| Cursor {
            key: i64::try_from(end).unwrap_or(i64::MAX),
            id: silk_core::RequestId(uuid::Uuid::nil()),
        }),
        items,
        total: u64::try_from(total).ok(),
        ..Page::default()
    }
}

pub(super) fn statement(
    state: &State,
    fingerprint: Fingerprint,
    window: &StatsWindow,
) -> Option<StatementDetail> {
    let known = state.statements.get(&fingerprint)?;
    let mut over_time = OverTime::new(window);
    let mut routes: Map<&RouteKey, RouteUse> = HashMap::default();
    let mut call_sites: Map<&Option<CallSite>, CallSiteUse> = HashMap::default();
    let mut candidates = Vec::new();
    for ((bucket, of, route, call_site), figures) in &state.statement_stats {
        if *of != fingerprint || !overlaps(window, *bucket, MINUTE_S) {
            continue;
        }
        over_time.add(
            *bucket,
            figures.calls,
            figures.total_us,
            figures.durations.clone(),
        );
        let by_route = routes.entry(route).or_insert_with(|| RouteUse {
            kind: route.kind,
            method: route.method.clone(),
            route: route.route.clone(),
            requests: 0,
            calls: 0,
            total_us: 0,
        });
        by_route.requests = by_route.requests.saturating_add(figures.requests);
        by_route.calls = by_route.calls.saturating_add(figures.calls);
        by_route.total_us = by_route.total_us.saturating_add(figures.total_us);
        let by_site = call_sites.entry(call_site).or_insert_with(|| CallSiteUse {
            call_site: call_site.clone(),
            calls: 0,
            total_us: 0,
        });
        by_site.calls = by_site.calls.saturating_add(figures.calls);
        by_site.total_us = by_site.total_us.saturating_add(figures.total_us);
        candidates.extend(state.numbered(figures.slowest));
    }
    candidates.extend(state.requests.values().map(|(_, _, record)| &**record));
    let mut slowest: Vec<SlowQuery> = candidates
        .into_iter()
        .filter_map(|record| slow_query(record, fingerprint))
        .collect();
    slowest.sort_unstable_by_key(|slow| Reverse((slow.max_us, slow.request_id)));
    slowest.dedup_by_key(|slow| slow.request_id);
    slowest.truncate(MAX_SLOWEST);
    let mut routes: Vec<_> = routes.into_values().collect();
    routes.sort_unstable_by(|a, b| {
        (b.total_us, &a.route, &a.method).cmp(&(a.total_us, &b.route, &b.method))
    });
    let mut call_sites: Vec<_> = call_sites.into_values().collect();
    call_sites.sort_unstable_by(|a, b| (b.total_us, &a.call_site).cmp(&(a.total_us, &b.call_site)));
    let (over_time, durations) = over_time.finish(&mut HistogramSum::default());
    Some(StatementDetail {
        summary: summary(known),
        durations,
        routes,
        call_sites,
        slowest,
        over_time,
    })
}

/// A request's share of a statement, over all its call sites.
fn slow_query(record: &RequestRecord, fingerprint: Fingerprint) -> Option<SlowQuery> {
    let mut shares = record
        .statements
        .iter()
        .filter(|used| used.statement.fingerprint == fingerprint);
    let first = shares.next()?;
    let mut slow = SlowQuery {
        request_id: record.summary.id,
        started_at: record.summary.started_at,
        method: record.summary.method.clone(),
        route: record.summary.route.clone(),
        calls: first.calls,
        max_us: first.max_us,
        total_us: first.total_us,
    };
    for share in shares {
        slow.calls = slow.calls.saturating_add(share.calls);
        slow.max_us = slow.max_us.max(share.max_us);
        slow.total_us = slow.total_us.saturating_add(share.total_us);
    }
    Some(slow)
}
