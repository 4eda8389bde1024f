//! The figures of sixteen routes as one row.
//!
//! To read a row costs more than to read what stands in it: a week of a hundred routes is tens of
//! thousands of rows with one route each, and some thousand of these.
//!
//! ```text
//! figures = version (1 byte) · map from (place of the route in the row, call site) to figures
//! ```
//!
//! Of statements there is a row for each, by route and call site. What lines and routes ran stands
//! in rows of its own besides, all statements together: a page of a route, or of all lines, would
//! else read the rows of every statement.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};

use super::super::{error::Fault, json::json_numbers};
use crate::stats::{
    ByStatement, Durations, RouteFigures, SightFigures, StatementFigures, UseFigures,
};

const VERSION: u8 = 1;

/// Routes in a row. More would have to be written again with each batch that touches one of them.
const ROUTES: i64 = 16;

/// The number that stands for the routes themselves where else a statement does, and for no call
/// site.
pub(in super::super) const NONE: i64 = 0;

/// The number under which figures of findings stand, by route and finding; below all others.
pub(in super::super) const SIGHTS: i64 = i64::MIN;

/// The number under which stands what lines ran, by route and call site.
pub(in super::super) const LINES: i64 = i64::MIN + 1;

/// The number under which stands how long what routes ran took, by route.
pub(in super::super) const RAN: i64 = i64::MIN + 2;

/// Whether figures of one statement stand under a number. In SQL: [`IS_STATEMENT`].
pub(super) const fn is_statement(number: i64) -> bool {
    number != NONE && number > RAN
}

/// As [`is_statement`]. `SIGHTS` to `RAN` are the smallest numbers there are.
pub(super) const IS_STATEMENT: &str =
    "s.statement_id <> 0 AND s.statement_id > -9223372036854775806";

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
    /// Adds all of another, and cuts.
    fn merge(&mut self, other: Self);

    /// Keeps to the number of parts that it may have.
    fn cut(&mut self) {}
}

impl Figures for RouteFigures {
    fn merge(&mut self, other: Self) {
        Self::merge(self, &other);
    }
}

impl Figures for SightFigures {
    fn merge(&mut self, other: Self) {
        Self::merge(self, &other);
    }
}

impl Figures for StatementFigures {
    fn merge(&mut self, other: Self) {
        Self::merge(self, &other);
    }
}

/// What a line ran in a route, by number of the statement.
pub(in super::super) type Uses = ByStatement<i64, UseFigures>;

impl Figures for Uses {
    fn merge(&mut self, other: Self) {
        Self::merge(self, other);
    }

    fn cut(&mut self) {
        Self::cut(self);
    }
}

/// How long what a route ran took, by number of the statement.
pub(in super::super) type Ran = ByStatement<i64, Durations>;

impl Figures for Ran {
    fn merge(&mut self, other: Self) {
        Self::merge(self, other);
    }

    fn cut(&mut self) {
        Self::cut(self);
    }
}

/// Which row: the key of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) struct Place {
    /// [`NONE`] for the routes themselves, below it where durations are [`of_calls`]; or
    /// [`SIGHTS`], [`LINES`], [`RAN`].
    pub(in super::super) statement: i64,
    pub(in super::super) width_s: i64,
    pub(in super::super) bucket_us: i64,
    pub(in super::super) part: i64,
    /// [`NONE`] where several runs are summed.
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

/// Figures by route and call site, all of one [`Place`]; in order.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Group<F>(Vec<((u8, i64), F)>);

impl<F> Default for Group<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Figures> Group<F> {
    /// The figures of a route of this group's part.
    pub(super) fn at(&mut self, route: i64, call_site: i64) -> &mut F {
        // Below 16.
        let place = u8::try_from(route.rem_euclid(ROUTES)).unwrap_or(0);
        self.at_key((place, call_site))
    }

    fn at_key(&mut self, key: (u8, i64)) -> &mut F {
        let at = match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (key, F::default()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// Adds figures of a route of this group's part.
    pub(super) fn add(&mut self, route: i64, call_site: i64, figures: F) {
        self.at(route, call_site).merge(figures);
    }

    pub(in super::super) fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
            self.cut();
            return;
        }
        for (key, figures) in other.0 {
            self.at_key(key).merge(figures);
        }
    }

    /// Keeps each to the number of parts that it may have.
    pub(super) fn cut(&mut self) {
        self.0.iter_mut().for_each(|(_, figures)| figures.cut());
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
        // In order, so that it reads as a map, too. Writing into a growing vector cannot fail.
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
            group.add(route, 7, figures(3));
            let back = Group::<RouteFigures>::unpack(&group.pack()).unwrap();
            assert_eq!(back, group);
            let parts: Vec<_> = back.into_parts(part_of(route)).collect();
            assert_eq!(parts, [(route, 7, figures(3))]);
        }
    }

    #[test]
    fn groups_are_summed_by_route_and_call_site() {
        let mut group = Group::default();
        group.add(3, 0, figures(1));
        let mut other = Group::default();
        other.add(3, 0, figures(2));
        other.add(3, 1, figures(4));
        group.merge(other);
        let counts: Vec<_> = group
            .into_parts(0)
            .map(|(route, site, figures)| (route, site, figures.requests))
            .collect();
        assert_eq!(counts, [(3, 0, 3), (3, 1, 4)]);
    }

    #[test]
    fn numbers_of_statements_are_told_from_others() {
        for (number, is_one) in [
            (NONE, false),
            (SIGHTS, false),
            (LINES, false),
            (RAN, false),
            (RAN + 1, true),
            (of_calls(1), true),
            (1, true),
        ] {
            assert_eq!(is_statement(number), is_one, "{number}");
        }
        assert!(IS_STATEMENT.ends_with(&format!("> {RAN}")));
    }

    #[test]
    fn other_bytes_are_refused() {
        let packed = {
            let mut group = Group::default();
            group.add(3, 0, figures(1));
            group.pack()
        };
        assert!(Group::<RouteFigures>::unpack(&packed).is_ok());
        for bytes in [&[][..], &[9, 0], &packed[..packed.len() - 1]] {
            assert!(Group::<RouteFigures>::unpack(bytes).is_err(), "{bytes:?}");
        }
    }
}
