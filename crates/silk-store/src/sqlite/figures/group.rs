//! The figures of sixteen routes as one row.
//!
//! To read a row costs more than to read what stands in it: a week of a hundred routes is tens of
//! thousands of rows with one route each, and some thousand of these.
//!
//! ```text
//! figures = version (1 byte) · map from (place of the route in the row, call site) to figures
//! ```

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};

use super::super::{error::Fault, json::json_numbers};
use crate::stats::{RouteFigures, SightFigures, StatementFigures};

const VERSION: u8 = 1;

/// Routes in a row. More would have to be written again with each batch that touches one of them.
const ROUTES: i64 = 16;

/// The number that stands for the routes themselves where else a statement does, and for no call
/// site.
pub(in super::super) const NONE: i64 = 0;

/// The number under which figures of findings stand, by route and finding; below all others.
pub(in super::super) const SIGHTS: i64 = i64::MIN;

/// The number under which figures of a statement stand whose durations are of calls.
///
/// Under the statement's own number stands what earlier versions wrote, and still write beside this
/// one: their durations are the means of each request, which no percentile of calls is read from.
/// The form is the same, so that either version compacts and removes what the other wrote.
pub(in super::super) const fn of_calls(statement: i64) -> i64 {
    statement.saturating_neg()
}

/// What a row of figures holds.
pub(in super::super) trait Figures:
    Default + Serialize + DeserializeOwned + Send + Sync
{
    fn merge(&mut self, other: &Self);
}

impl Figures for RouteFigures {
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
}

impl Figures for SightFigures {
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
}

impl Figures for StatementFigures {
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
}

/// Which row: the key of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) struct Place {
    /// [`NONE`] for the routes themselves, below it where durations are [`of_calls`].
    pub(in super::super) statement: i64,
    pub(in super::super) width_s: i64,
    pub(in super::super) bucket_us: i64,
    pub(in super::super) part: i64,
    pub(in super::super) run: i64,
}

/// Where figures stand that were read.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct At {
    /// As the table has it: below [`NONE`] where durations are of calls.
    pub(in super::super) statement: i64,
    pub(in super::super) width_s: i64,
    pub(in super::super) bucket_us: i64,
    pub(in super::super) route: i64,
    /// Of [`SIGHTS`], the finding; [`NONE`] for all requests that were looked through.
    pub(in super::super) call_site: i64,
    pub(in super::super) run: i64,
}

/// The columns of a [`Place`].
pub(super) const PLACE: &str = "s.statement_id, s.width_s, s.bucket_us, s.part, s.run_id";

impl Place {
    pub(super) fn numbers(self) -> [i64; 5] {
        [
            self.statement,
            self.width_s,
            self.bucket_us,
            self.part,
            self.run,
        ]
    }

    pub(super) fn json(self) -> String {
        json_numbers(self.numbers())
    }

    /// From the columns of [`PLACE`].
    pub(super) fn of_row(row: &SqliteRow) -> Result<Self, Fault> {
        Ok(Self {
            statement: row.try_get("statement_id")?,
            width_s: row.try_get("width_s")?,
            bucket_us: row.try_get("bucket_us")?,
            part: row.try_get("part")?,
            run: row.try_get("run_id")?,
        })
    }
}

/// The part that a route belongs to.
pub(in super::super) const fn part_of(route: i64) -> i64 {
    route.div_euclid(ROUTES)
}

/// Figures by route and call site, all of one [`Place`].
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Group<F>(BTreeMap<(u8, i64), F>);

impl<F> Default for Group<F> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<F: Figures> Group<F> {
    /// Adds figures of a route of this group's part.
    pub(super) fn add(&mut self, route: i64, call_site: i64, figures: &F) {
        // Below 16.
        let place = u8::try_from(route.rem_euclid(ROUTES)).unwrap_or(0);
        self.0.entry((place, call_site)).or_default().merge(figures);
    }

    pub(in super::super) fn merge(&mut self, other: Self) {
        for (key, figures) in other.0 {
            self.0.entry(key).or_default().merge(&figures);
        }
    }

    /// Route, call site and figures of each.
    pub(super) fn into_parts(self, part: i64) -> impl Iterator<Item = (i64, i64, F)> {
        let first = part.saturating_mul(ROUTES);
        self.0
            .into_iter()
            .map(move |((place, call_site), figures)| {
                (first.saturating_add(place.into()), call_site, figures)
            })
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        // Writing into a growing vector cannot fail.
        postcard::to_extend(&self.0, vec![VERSION]).unwrap_or_default()
    }

    pub(in super::super) fn unpack(bytes: &[u8]) -> Result<Self, Fault> {
        let Some((&VERSION, rest)) = bytes.split_first() else {
            return Err(Fault::Nonsense("a row of figures"));
        };
        postcard::from_bytes(rest)
            .map(Self)
            .map_err(|_| Fault::Nonsense("a row of figures"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(requests: u64) -> RouteFigures {
        let mut figures = RouteFigures {
            requests,
            ..RouteFigures::default()
        };
        figures.durations.record_n(1000, requests);
        figures
    }

    #[test]
    fn routes_come_back_from_every_part() {
        for route in [-17, -1, 0, 1, 15, 16, 1_000_003] {
            let mut group = Group::default();
            group.add(route, 7, &figures(3));
            let back = Group::<RouteFigures>::unpack(&group.pack()).unwrap();
            assert_eq!(back, group);
            let parts: Vec<_> = back.into_parts(part_of(route)).collect();
            assert_eq!(parts, [(route, 7, figures(3))]);
        }
    }

    #[test]
    fn groups_are_summed_by_route_and_call_site() {
        let mut group = Group::default();
        group.add(3, 0, &figures(1));
        let mut other = Group::default();
        other.add(3, 0, &figures(2));
        other.add(3, 1, &figures(4));
        group.merge(other);
        let counts: Vec<_> = group
            .into_parts(0)
            .map(|(route, site, figures)| (route, site, figures.requests))
            .collect();
        assert_eq!(counts, [(3, 0, 3), (3, 1, 4)]);
    }

    #[test]
    fn other_bytes_are_refused() {
        let packed = {
            let mut group = Group::default();
            group.add(3, 0, &figures(1));
            group.pack()
        };
        assert!(Group::<RouteFigures>::unpack(&packed).is_ok());
        for bytes in [&[][..], &[9, 0], &packed[..packed.len() - 1]] {
            assert!(Group::<RouteFigures>::unpack(bytes).is_err(), "{bytes:?}");
        }
    }
}
