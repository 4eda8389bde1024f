//! The rows that are being filled, as they stand in the file.
//!
//! Histograms cannot be added in SQL. So the buckets that are being filled are remembered, summed
//! here and replaced; their rows belong to one run, which one process writes.

use std::collections::HashMap;

use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    super::error::Fault,
    group::{Figures, Group, LINES, NONE, Place, RAN, Ran, SIGHTS, Uses},
    rows::{self, Packed},
};
use crate::stats::{MINUTE_S, RouteFigures, SightFigures, StatementFigures, bucket_start};

pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

type Groups<F> = Map<Place, Group<F>>;

/// How long after its start a bucket is remembered; well before it is compacted.
const REMEMBERED_US: i64 = 10 * 60 * 1_000_000;

/// Rows remembered of each kind.
const MAX_ROWS: usize = 5000;

/// Rows of every kind: those that are being filled, or what a batch adds to them.
#[derive(Debug, Default)]
pub(in super::super) struct OpenBuckets {
    pub(super) routes: Groups<RouteFigures>,
    pub(super) statements: Groups<StatementFigures>,
    pub(super) sights: Groups<SightFigures>,
    pub(super) lines: Groups<Uses>,
    pub(super) ran: Groups<Ran>,
    /// The minute in which old ones were last forgotten.
    trimmed_us: i64,
}

impl OpenBuckets {
    /// Forgets old buckets once a minute: what another process may have compacted by now must not
    /// be written over.
    pub(super) fn trim(&mut self, at_us: i64) {
        let minute = bucket_start(at_us, MINUTE_S);
        let oldest = if minute == self.trimmed_us {
            i64::MIN
        } else {
            self.trimmed_us = minute;
            at_us.saturating_sub(REMEMBERED_US)
        };
        trim(&mut self.routes, oldest);
        trim(&mut self.statements, oldest);
        trim(&mut self.sights, oldest);
        trim(&mut self.lines, oldest);
        trim(&mut self.ran, oldest);
    }

    /// Adds what a batch does, and writes all rows that it touches.
    pub(super) async fn merge(
        &mut self,
        connection: &mut SqliteConnection,
        new: Self,
    ) -> Result<(), Fault> {
        // Those that were begun before this connection was opened.
        let missing = missing(&self.routes, &new.routes)
            .chain(missing(&self.statements, &new.statements))
            .chain(missing(&self.sights, &new.sights))
            .chain(missing(&self.lines, &new.lines))
            .chain(missing(&self.ran, &new.ran));
        for row in rows::find(connection, missing).await? {
            self.take(&row)?;
        }
        let mut packed = Vec::new();
        merge(&mut self.routes, new.routes, &mut packed);
        merge(&mut self.statements, new.statements, &mut packed);
        merge(&mut self.sights, new.sights, &mut packed);
        merge(&mut self.lines, new.lines, &mut packed);
        merge(&mut self.ran, new.ran, &mut packed);
        rows::replace(connection, &packed).await
    }

    /// Takes note of a row of the file.
    fn take(&mut self, row: &SqliteRow) -> Result<(), Fault> {
        let place = Place::of_row(row)?;
        match place.statement {
            NONE => take(&mut self.routes, place, row),
            SIGHTS => take(&mut self.sights, place, row),
            LINES => take(&mut self.lines, place, row),
            RAN => take(&mut self.ran, place, row),
            _ => take(&mut self.statements, place, row),
        }
    }
}

fn trim<F>(open: &mut Groups<F>, oldest_us: i64) {
    if oldest_us > i64::MIN {
        open.retain(|place, _| place.bucket_us >= oldest_us);
    }
    if open.len() > MAX_ROWS {
        open.clear();
    }
}

fn missing<F>(open: &Groups<F>, new: &Groups<F>) -> impl Iterator<Item = Place> {
    let places = new.keys().copied();
    places.filter(|place| !open.contains_key(place))
}

fn take<F: Figures>(open: &mut Groups<F>, place: Place, row: &SqliteRow) -> Result<(), Fault> {
    if let Some(group) = rows::group(row)? {
        open.insert(place, group);
    }
    Ok(())
}

fn merge<F: Figures>(open: &mut Groups<F>, new: Groups<F>, packed: &mut Vec<Packed>) {
    for (place, group) in new {
        let sum = open.entry(place).or_default();
        sum.merge(group);
        packed.push((place, sum.pack()));
    }
}
