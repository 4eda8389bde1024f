//! Recordings as sides of a comparison.

use std::sync::Arc;

use super::{RecordedStatement, Recording};
use crate::{
    RequestTimes, Statement,
    compare::{Side, SideFinding, SidePlan, SideStatement},
};

impl Recording {
    /// Adds it to one side of a comparison, as one more request.
    ///
    /// A recording has the sums of a statement's times and no single ones, so that
    /// [`durations`](SideStatement::durations) of its statements stay empty: times of tests are of
    /// one machine and one moment, and only counts are facts.
    pub fn add_to(&self, side: &mut Side) {
        let mut more = Side {
            requests: 1,
            failed: u64::from(self.is_failed()),
            times: RequestTimes {
                total_us: self.total_us,
                sql_us: self.sql_us,
                wait_us: self.wait_us,
                ..RequestTimes::default()
            },
            query_count: self.queries,
            query_errors: self.query_errors,
            ..Side::default()
        };
        more.durations.record(self.total_us);
        side.add_figures(&more);
        side.waits = side.waits.saturating_add(self.waits);
        side.read = side.read.saturating_add(1);
        for statement in &self.statements {
            add_statement(side, statement);
        }
        for finding in &self.findings {
            side.add_finding(SideFinding {
                rule: finding.rule.clone(),
                fingerprint: finding.fingerprint,
                title: finding.title.clone(),
                call_site: finding.call_site.clone(),
                requests: 1,
                lost_us: finding.lost_us,
            });
        }
    }

    /// Whether it ended badly: a 5xx status, an error, or a panic.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        use crate::Outcome::{Error, Panicked};
        self.status.is_some_and(|status| status >= 500) || matches!(self.outcome, Error | Panicked)
    }
}

fn add_statement(side: &mut Side, one: &RecordedStatement) {
    let known =
        (side.statements.iter()).position(|sum| sum.statement.fingerprint == one.fingerprint);
    let at = known.unwrap_or_else(|| {
        side.statements.push(SideStatement::new(Arc::new(Statement {
            fingerprint: one.fingerprint,
            database: one.database,
            normalized: one.sql.clone(),
            command: one.command.clone(),
            tables: one.tables.clone(),
        })));
        side.statements.len() - 1
    });
    let Some(sum) = side.statements.get_mut(at) else {
        return;
    };
    sum.requests = sum.requests.saturating_add(1);
    sum.calls = sum.calls.saturating_add(one.calls);
    sum.errors = sum.errors.saturating_add(one.errors);
    sum.rows = sum.rows.saturating_add(one.rows);
    sum.total_us = sum.total_us.saturating_add(one.total_us);
    sum.max_us = sum.max_us.max(one.max_us);
    for line in &one.call_sites {
        sum.add_line(&line.call_site, line.calls);
    }
    for plan in &one.plans {
        side.add_plan(
            one.fingerprint,
            SidePlan {
                source: plan.source,
                shape: plan.shape,
                id: None,
            },
        );
    }
}
