//! What a route ran.

use std::{cmp::Reverse, collections::HashMap, hash::Hash, sync::Arc};

use silk_core::{
    HistogramSum, Statement,
    store::{OtherStatements, RouteStatement},
};

use crate::stats::{ByStatement, Durations, Sum as _, UseFigures};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Sums what one route ran: `S` names a line, `T` a statement.
#[derive(Debug)]
pub(crate) struct RanBy<S, T> {
    statements: Map<T, Ran<S>>,
    other: Option<UseFigures>,
}

#[derive(Debug)]
struct Ran<S> {
    figures: UseFigures,
    lines: Vec<S>,
    durations: HistogramSum,
}

impl<S, T> Default for RanBy<S, T> {
    fn default() -> Self {
        Self {
            statements: Map::default(),
            other: None,
        }
    }
}

impl<S: PartialEq + Clone, T: Eq + Hash + Copy> RanBy<S, T> {
    /// Adds what a line ran.
    pub(crate) fn add(&mut self, line: &S, uses: &ByStatement<T, UseFigures>) {
        for (statement, figures) in &uses.own {
            let ran = self.statements.entry(*statement).or_insert_with(|| Ran {
                figures: UseFigures::default(),
                lines: Vec::new(),
                durations: HistogramSum::default(),
            });
            ran.figures.merge(figures);
            // Mostly one.
            if !ran.lines.contains(line) {
                ran.lines.push(line.clone());
            }
        }
        if let Some(other) = &uses.other {
            self.other.get_or_insert_default().merge(other);
        }
    }

    /// Adds durations, once all that ran is added.
    pub(crate) fn add_durations(&mut self, durations: &ByStatement<T, Durations>) {
        for (statement, durations) in &durations.own {
            if let Some(ran) = self.statements.get_mut(statement) {
                ran.durations.add(&durations.durations);
            }
        }
    }

    /// The statements.
    #[cfg(feature = "sqlite")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &T> {
        self.statements.keys()
    }

    /// As it is told: what took most time first, and the rest.
    pub(crate) fn finish(
        self,
        statement: impl Fn(&T) -> Option<Arc<Statement>>,
    ) -> (Vec<RouteStatement>, Option<OtherStatements>) {
        let told = self.statements.into_iter().filter_map(|(name, ran)| {
            let Ran {
                figures,
                lines,
                durations,
            } = ran;
            Some(RouteStatement {
                statement: statement(&name)?,
                calls: figures.calls,
                requests: figures.requests,
                errors: figures.errors,
                rows: figures.rows,
                total_us: figures.total_us,
                max_us: figures.max_us,
                call_sites: u64::try_from(lines.len()).unwrap_or(u64::MAX),
                durations: durations.to_histogram(),
            })
        });
        let mut told: Vec<_> = told.collect();
        told.sort_by_key(|used| {
            (
                Reverse((used.total_us, used.calls)),
                used.statement.fingerprint,
            )
        });
        (told, self.other.map(Into::into))
    }
}
