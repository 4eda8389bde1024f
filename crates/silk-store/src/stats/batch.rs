//! The figures of one batch.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use silk_core::{CallSite, CountedRequest, Fingerprint, Histogram, RequestRecord, Statement};

use super::{MINUTE_S, RouteKey, Sights, bucket_start};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Figures of a route within a bucket. The order of the fields is the form in which stores keep them.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "sqlite", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct RouteFigures {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) total_us: u64,
    pub(crate) sql_us: u64,
    pub(crate) queries: u64,
    pub(crate) max_queries: u64,
    pub(crate) durations: Histogram,
}

impl RouteFigures {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.merge_numbers(other);
        self.durations.merge(&other.durations);
    }

    /// All but durations.
    pub(crate) fn merge_numbers(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.sql_us = self.sql_us.saturating_add(other.sql_us);
        self.queries = self.queries.saturating_add(other.queries);
        self.max_queries = self.max_queries.max(other.max_queries);
    }
}

/// Figures of a statement, from one route and call site, within a bucket. The order of the fields
/// is the form in which stores keep them.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "sqlite", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct StatementFigures {
    pub(crate) calls: u64,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) total_us: u64,
    pub(crate) rows: u64,
    pub(crate) max_us: u64,
    /// Place of the request that `max_us` is from, within its batch or its store.
    pub(crate) slowest: i64,
    /// Of calls.
    pub(crate) durations: Histogram,
}

impl StatementFigures {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.merge_numbers(other);
        self.durations.merge(&other.durations);
    }

    /// All but durations.
    pub(crate) fn merge_numbers(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.rows = self.rows.saturating_add(other.rows);
        // Where nothing was measured yet, the other's request stands even for 0 microseconds.
        if other.max_us > self.max_us || self.slowest == 0 {
            self.max_us = other.max_us;
            self.slowest = other.slowest;
        }
    }
}

/// Figures of a statement since it was first seen, without durations.
#[derive(Debug, Clone)]
pub(crate) struct StatementTotals {
    pub(crate) statement: Arc<Statement>,
    pub(crate) figures: StatementFigures,
    pub(crate) last_seen_us: i64,
}

/// A bucket's start and what it counts.
pub(crate) type StatementKey = (i64, Fingerprint, usize, Option<CallSite>);

/// What a batch adds.
#[derive(Debug, Default)]
pub(crate) struct BatchStats {
    /// Routes of the batch; the other keys name them by place.
    pub(crate) routes: Vec<RouteKey>,
    places: Map<RouteKey, usize>,
    /// By bucket and route.
    pub(crate) by_route: Map<(i64, usize), RouteFigures>,
    /// By bucket, statement, route and call site.
    pub(crate) by_statement: Map<StatementKey, StatementFigures>,
    /// By statement.
    pub(crate) totals: Map<Fingerprint, StatementTotals>,
    /// What was found.
    pub(crate) sights: Sights,
}

impl BatchStats {
    /// The place of a route in [`Self::routes`].
    pub(crate) fn route(&mut self, key: RouteKey) -> usize {
        if let Some(&place) = self.places.get(&key) {
            return place;
        }
        let place = self.routes.len();
        self.routes.push(key.clone());
        self.places.insert(key, place);
        place
    }

    /// Adds a request; `number` is what [`StatementFigures::slowest`] calls it, not 0.
    ///
    /// Returns the place of its route.
    pub(crate) fn add(&mut self, record: &RequestRecord, number: i64) -> usize {
        let summary = &record.summary;
        let route = self.route(RouteKey {
            kind: summary.kind,
            method: summary.method.clone(),
            route: summary.route.clone(),
        });
        let started_us = summary.started_at.timestamp_micros();
        let bucket = bucket_start(started_us, MINUTE_S);
        add_request(
            self.by_route.entry((bucket, route)).or_default(),
            summary.is_failed(),
            summary.times.total_us,
            summary.times.sql_us,
            summary.query_count,
        );
        self.sights.add(record, number, bucket, route);
        let mut seen = HashSet::with_capacity_and_hasher(
            record.statements.len(),
            foldhash::fast::RandomState::default(),
        );
        for used in &record.statements {
            let fingerprint = used.statement.fingerprint;
            // A statement run from two places is still run by one request.
            let is_first = seen.insert(fingerprint);
            let figures = StatementFigures {
                calls: used.calls,
                requests: u64::from(is_first),
                errors: used.errors,
                total_us: used.total_us,
                rows: used.rows,
                max_us: used.max_us,
                slowest: number,
                durations: Histogram::default(),
            };
            let totals = self
                .totals
                .entry(fingerprint)
                .or_insert_with(|| StatementTotals {
                    statement: Arc::clone(&used.statement),
                    figures: StatementFigures::default(),
                    last_seen_us: started_us,
                });
            totals.figures.merge_numbers(&figures);
            totals.last_seen_us = totals.last_seen_us.max(started_us);
            let sum = self
                .by_statement
                .entry((bucket, fingerprint, route, used.call_site.clone()))
                .or_default();
            sum.merge_numbers(&figures);
            sum.durations.merge(&used.durations);
        }
        route
    }

    /// Adds a request that is counted only.
    pub(crate) fn count(&mut self, request: &CountedRequest) {
        let route = self.route(RouteKey {
            kind: request.kind,
            method: request.method.clone(),
            route: request.route.clone(),
        });
        let bucket = bucket_start(request.started_at.timestamp_micros(), MINUTE_S);
        add_request(
            self.by_route.entry((bucket, route)).or_default(),
            request.is_failed,
            request.total_us,
            request.sql_us,
            request.query_count,
        );
    }
}

fn add_request(figures: &mut RouteFigures, failed: bool, total_us: u64, sql_us: u64, queries: u64) {
    figures.requests = figures.requests.saturating_add(1);
    figures.errors = figures.errors.saturating_add(u64::from(failed));
    figures.total_us = figures.total_us.saturating_add(total_us);
    figures.sql_us = figures.sql_us.saturating_add(sql_us);
    figures.queries = figures.queries.saturating_add(queries);
    figures.max_queries = figures.max_queries.max(queries);
    figures.durations.record(total_us);
}
