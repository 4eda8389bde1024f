//! What lines and routes ran, by statement: what pages across requests are read from.
//!
//! Of each line and route so many statements have sums of their own in a bucket, those that took
//! most time. Further ones are summed as one, so that an app that makes up statements as it goes
//! makes no row larger than others.

use std::{cmp::Reverse, mem};

use silk_core::{
    Histogram,
    store::{MAX_OWN_STATEMENTS, OtherStatements},
};

use super::StatementFigures;

/// Executions of statements, without the distribution of their durations. The order of the fields
/// is the form in which stores keep them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "sqlite", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct UseFigures {
    pub(crate) calls: u64,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) total_us: u64,
    pub(crate) rows: u64,
    pub(crate) max_us: u64,
}

impl From<&StatementFigures> for UseFigures {
    fn from(figures: &StatementFigures) -> Self {
        Self {
            calls: figures.calls,
            requests: figures.requests,
            errors: figures.errors,
            total_us: figures.total_us,
            rows: figures.rows,
            max_us: figures.max_us,
        }
    }
}

impl From<UseFigures> for OtherStatements {
    fn from(figures: UseFigures) -> Self {
        Self {
            calls: figures.calls,
            errors: figures.errors,
            rows: figures.rows,
            total_us: figures.total_us,
            max_us: figures.max_us,
        }
    }
}

/// Durations of executions, with their sum. The order of the fields is the form in which stores
/// keep them.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "sqlite", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Durations {
    pub(crate) total_us: u64,
    pub(crate) durations: Histogram,
}

impl From<&StatementFigures> for Durations {
    fn from(figures: &StatementFigures) -> Self {
        Self {
            total_us: figures.total_us,
            durations: figures.durations.clone(),
        }
    }
}

/// What can be summed by statement.
pub(crate) trait Sum: Default {
    fn merge(&mut self, other: &Self);
    /// What the largest are kept by.
    fn rank(&self) -> (u64, u64);
}

impl Sum for UseFigures {
    fn merge(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.rows = self.rows.saturating_add(other.rows);
        self.max_us = self.max_us.max(other.max_us);
    }

    fn rank(&self) -> (u64, u64) {
        (self.total_us, self.calls)
    }
}

impl Sum for Durations {
    fn merge(&mut self, other: &Self) {
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.durations.merge(&other.durations);
    }

    fn rank(&self) -> (u64, u64) {
        (self.total_us, self.durations.count())
    }
}

/// Sums by statement, `T`, of one line or route. The order of the fields is the form in which stores
/// keep them.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlite", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct ByStatement<T, F> {
    /// In order of the statements.
    pub(crate) own: Vec<(T, F)>,
    /// Of all further ones.
    pub(crate) other: Option<F>,
}

impl<T, F> Default for ByStatement<T, F> {
    fn default() -> Self {
        Self {
            own: Vec::new(),
            other: None,
        }
    }
}

impl<T, F> ByStatement<T, F> {
    /// Figures of one statement.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of(statement: T, figures: F) -> Self {
        Self {
            own: vec![(statement, figures)],
            other: None,
        }
    }
}

impl<T: Ord + Copy, F: Sum> ByStatement<T, F> {
    /// Adds figures of a statement, however many there are already.
    pub(crate) fn add(&mut self, statement: T, figures: F) {
        match self.own.binary_search_by_key(&statement, |(own, _)| *own) {
            Ok(at) => self.own[at].1.merge(&figures),
            Err(at) => self.own.insert(at, (statement, figures)),
        }
    }

    /// Adds all of another, and keeps to the number that may have sums of their own.
    pub(crate) fn merge(&mut self, other: Self) {
        if self.own.is_empty() {
            self.own = other.own;
        } else {
            for (statement, figures) in other.own {
                self.add(statement, figures);
            }
        }
        if let Some(figures) = other.other {
            self.other.get_or_insert_default().merge(&figures);
        }
        self.cut();
    }

    /// Keeps to the number that may have sums of their own.
    pub(crate) fn cut(&mut self) {
        if self.own.len() <= MAX_OWN_STATEMENTS {
            return;
        }
        let mut all = mem::take(&mut self.own);
        all.sort_by_key(|(statement, figures)| (Reverse(figures.rank()), *statement));
        let rest = self.other.get_or_insert_default();
        for (_, figures) in all.drain(MAX_OWN_STATEMENTS..) {
            rest.merge(&figures);
        }
        all.sort_by_key(|(statement, _)| *statement);
        self.own = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(statements: impl Iterator<Item = (u64, u64)>) -> ByStatement<u64, UseFigures> {
        let mut uses = ByStatement::default();
        for (statement, total_us) in statements {
            let figures = UseFigures {
                calls: 1,
                total_us,
                ..UseFigures::default()
            };
            uses.add(statement, figures);
        }
        uses
    }

    #[test]
    fn what_takes_most_has_sums_of_its_own() {
        let most = u64::try_from(MAX_OWN_STATEMENTS).unwrap();
        let mut sum = ByStatement::default();
        sum.merge(uses((1..=most).map(|one| (one, one))));
        assert_eq!((sum.own.len(), sum.other), (MAX_OWN_STATEMENTS, None));
        sum.merge(uses([(1, 1), (3, 0), (most + 1, 9)].into_iter()));
        assert_eq!(sum.own.len(), MAX_OWN_STATEMENTS);
        // The first and the second took 2 µs; the second was called once.
        let other = sum.other.unwrap();
        assert_eq!((other.calls, other.total_us), (1, 2));
        assert_eq!((sum.own[0].0, sum.own[0].1.calls), (1, 2));
        assert_eq!(sum.own[1].0, 3);
        assert_eq!(sum.own.last().unwrap().0, most + 1);
        assert!(sum.own.is_sorted_by_key(|(statement, _)| *statement));
        let before = sum.clone();
        sum.merge(uses(std::iter::empty()));
        assert_eq!(sum, before);
    }
}
