//! Lines of code by the time of their queries.
//!
//! A store names statements and routes by numbers of its own, and says what they stand for of those
//! that are shown.

use std::{cmp::Reverse, collections::HashMap, hash::Hash, sync::Arc};

use silk_core::{
    CallSite, Statement,
    store::{Hotspot, RouteName},
};

use crate::stats::{ByStatement, Sum as _, UseFigures};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// At most so many lines are told.
const MAX_HOTSPOTS: usize = 500;

/// Figures of lines: `S` names a line, `T` a statement, `R` a route.
#[derive(Debug)]
pub(crate) struct Sites<S, T, R>(Map<S, Site<T, R>>);

#[derive(Debug)]
struct Site<T, R> {
    figures: UseFigures,
    has_more_statements: bool,
    by_statement: Map<T, u64>,
    by_route: Map<R, u64>,
}

/// A line with its figures; the dearest of its statements and routes are those of the same time.
#[derive(Debug)]
pub(crate) struct Hot<S, T, R> {
    pub(crate) site: S,
    figures: UseFigures,
    statements: usize,
    has_more_statements: bool,
    routes: usize,
    pub(crate) dearest_statements: Vec<T>,
    pub(crate) dearest_routes: Vec<R>,
    statement_us: u64,
    route_us: u64,
}

/// What the newest requests tell of a line.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) calls: u64,
    pub(crate) most_calls: u64,
}

impl Seen {
    /// Adds a request that ran the line so often.
    pub(crate) fn add(&mut self, calls: u64) {
        self.requests += 1;
        self.calls = self.calls.saturating_add(calls);
        self.most_calls = self.most_calls.max(calls);
    }
}

impl<S, T, R> Default for Sites<S, T, R> {
    fn default() -> Self {
        Self(Map::default())
    }
}

impl<S: Eq + Hash + Clone, T: Eq + Hash + Clone, R: Eq + Hash + Clone> Sites<S, T, R> {
    /// Adds what a line ran in a route.
    pub(crate) fn add(&mut self, site: S, route: R, uses: &ByStatement<T, UseFigures>)
    where
        T: Copy,
    {
        let sum = self.0.entry(site).or_insert_with(|| Site {
            figures: UseFigures::default(),
            has_more_statements: false,
            by_statement: Map::default(),
            by_route: Map::default(),
        });
        let mut all = UseFigures::default();
        for (statement, figures) in &uses.own {
            all.merge(figures);
            let us = sum.by_statement.entry(*statement).or_default();
            *us = us.saturating_add(figures.total_us);
        }
        if let Some(other) = &uses.other {
            sum.has_more_statements = true;
            all.merge(other);
        }
        sum.figures.merge(&all);
        let us = sum.by_route.entry(route).or_default();
        *us = us.saturating_add(all.total_us);
    }

    /// The lines that were added.
    #[cfg(feature = "sqlite")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &S> {
        self.0.keys()
    }

    /// Those that took most time; of those that took the same, in the order of what `name` says.
    pub(crate) fn top<N: Ord>(self, limit: u32, name: impl Fn(&S) -> N) -> Vec<Hot<S, T, R>> {
        let limit = usize::try_from(limit).map_or(MAX_HOTSPOTS, |limit| limit.min(MAX_HOTSPOTS));
        let mut sites: Vec<_> = self.0.into_iter().collect();
        sites.sort_by_cached_key(|(site, sum)| {
            (
                Reverse((sum.figures.total_us, sum.figures.calls)),
                name(site),
            )
        });
        sites.truncate(limit);
        let hot = sites.into_iter().map(|(site, sum)| {
            let (dearest_statements, statement_us) = dearest(&sum.by_statement);
            let (dearest_routes, route_us) = dearest(&sum.by_route);
            Hot {
                site,
                figures: sum.figures,
                statements: sum.by_statement.len(),
                has_more_statements: sum.has_more_statements,
                routes: sum.by_route.len(),
                dearest_statements,
                dearest_routes,
                statement_us,
                route_us,
            }
        });
        hot.collect()
    }
}

fn dearest<K: Clone>(by: &Map<K, u64>) -> (Vec<K>, u64) {
    let most = by.values().copied().max().unwrap_or(0);
    let same = by.iter().filter(|(_, us)| **us == most);
    (same.map(|(key, _)| key.clone()).collect(), most)
}

/// As it is told. Of the dearest statements the one of the smallest fingerprint is named, of the
/// routes the first by name: the same each time.
pub(crate) fn as_hotspot<S, T, R>(
    hot: &Hot<S, T, R>,
    call_site: Option<CallSite>,
    seen: Seen,
    statement: impl Fn(&T) -> Option<Arc<Statement>>,
    route: impl Fn(&R) -> Option<RouteName>,
) -> Option<Hotspot> {
    let as_u64 = |count| u64::try_from(count).unwrap_or(u64::MAX);
    let statements = hot.dearest_statements.iter().filter_map(statement);
    let routes = hot.dearest_routes.iter().filter_map(route);
    Some(Hotspot {
        call_site,
        calls: hot.figures.calls,
        errors: hot.figures.errors,
        rows: hot.figures.rows,
        total_us: hot.figures.total_us,
        statements: as_u64(hot.statements),
        has_more_statements: hot.has_more_statements,
        statement: statements.min_by_key(|statement| statement.fingerprint)?,
        statement_us: hot.statement_us,
        routes: as_u64(hot.routes),
        route: routes.min()?,
        route_us: hot.route_us,
        requests_seen: seen.requests,
        calls_seen: seen.calls,
        most_calls_in_request: seen.most_calls,
    })
}
