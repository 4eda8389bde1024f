//! Adding a batch's figures to those of their buckets.
//!
//! Histograms cannot be added in SQL. So the buckets that are being filled are remembered, summed
//! here and replaced; their rows belong to one run, which one process writes.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::{
    super::{error::Fault, intern::Intern},
    group::{Figures, Group, NONE, Place, of_calls, part_of},
    rows,
};
use crate::stats::{
    BatchStats, MINUTE_S, RouteFigures, SightFigures, StatementFigures, bucket_start,
};

pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// How long after its start a bucket is remembered; well before it is compacted.
const REMEMBERED_US: i64 = 10 * 60 * 1_000_000;

/// Rows remembered of each kind.
const MAX_ROWS: usize = 5000;

/// The rows that are being filled, as they stand in the file.
#[derive(Debug, Default)]
pub(in super::super) struct OpenBuckets {
    routes: Map<Place, Group<RouteFigures>>,
    statements: Map<Place, Group<StatementFigures>>,
    pub(super) sights: Map<Place, Group<SightFigures>>,
    /// The minute in which old ones were last forgotten.
    trimmed_us: i64,
}

impl OpenBuckets {
    /// Forgets old buckets once a minute: what another process may have compacted by now must not
    /// be written over.
    fn trim(&mut self, at_us: i64) {
        let minute = bucket_start(at_us, MINUTE_S);
        if minute != self.trimmed_us {
            self.trimmed_us = minute;
            let oldest = at_us.saturating_sub(REMEMBERED_US);
            self.routes.retain(|place, _| place.bucket_us >= oldest);
            self.statements.retain(|place, _| place.bucket_us >= oldest);
            self.sights.retain(|place, _| place.bucket_us >= oldest);
        }
        if self.routes.len() > MAX_ROWS {
            self.routes.clear();
        }
        if self.sights.len() > MAX_ROWS {
            self.sights.clear();
        }
        if self.statements.len() > MAX_ROWS {
            self.statements.clear();
        }
    }
}

/// Adds to the buckets. `routes` are the rows of the batch's routes.
pub(in super::super) async fn add(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    buckets: &mut OpenBuckets,
    stats: &BatchStats,
    routes: &[i64],
    run: i64,
    at_us: i64,
) -> Result<(), Fault> {
    buckets.trim(at_us);
    let place = |statement, bucket_us, route| Place {
        statement,
        width_s: MINUTE_S,
        bucket_us,
        part: part_of(route),
        run,
    };
    let mut by_route: Map<Place, Group<RouteFigures>> = Map::default();
    for ((bucket, route), figures) in &stats.by_route {
        let route = routes[*route];
        by_route
            .entry(place(NONE, *bucket, route))
            .or_default()
            .add(route, NONE, figures);
    }
    let mut by_statement: Map<Place, Group<StatementFigures>> = Map::default();
    for ((bucket, fingerprint, route, call_site), figures) in &stats.by_statement {
        // Every statement of a batch has its totals there.
        let Some(totals) = stats.totals.get(fingerprint) else {
            continue;
        };
        let statement = intern
            .statement(connection, &totals.statement, totals.last_seen_us)
            .await?;
        let call_site = intern
            .call_site(connection, call_site.as_ref(), *bucket)
            .await?;
        let route = routes[*route];
        by_statement
            .entry(place(of_calls(statement), *bucket, route))
            .or_default()
            .add(route, call_site, figures);
    }
    merge(connection, &mut buckets.routes, by_route).await?;
    merge(connection, &mut buckets.statements, by_statement).await
}

pub(super) async fn merge<F: Figures>(
    connection: &mut SqliteConnection,
    open: &mut Map<Place, Group<F>>,
    new: Map<Place, Group<F>>,
) -> Result<(), Fault> {
    // Those that were begun before this connection was opened.
    let missing = new
        .keys()
        .filter(|place| !open.contains_key(place))
        .copied();
    let begun = rows::find(connection, missing).await?;
    open.extend(begun);
    let places: Vec<Place> = new.keys().copied().collect();
    for (place, group) in new {
        open.entry(place).or_default().merge(group);
    }
    let rows = places
        .iter()
        .filter_map(|place| Some((*place, open.get(place)?)));
    rows::replace(connection, rows).await
}
