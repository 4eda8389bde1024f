//! What a route ran.

use std::{cmp::Reverse, sync::Arc};

use silk_core::{Statement, store::RouteStatement};

use crate::stats::StatementFigures;

impl StatementFigures {
    /// As the statement of a route is told.
    pub(crate) fn of_route(self, statement: Arc<Statement>, call_sites: usize) -> RouteStatement {
        RouteStatement {
            statement,
            calls: self.calls,
            requests: self.requests,
            errors: self.errors,
            rows: self.rows,
            total_us: self.total_us,
            max_us: self.max_us,
            call_sites: u64::try_from(call_sites).unwrap_or(u64::MAX),
            durations: self.durations,
        }
    }
}

/// What took most time first.
pub(crate) fn sort_statements(statements: &mut [RouteStatement]) {
    statements.sort_by_key(|used| {
        (
            Reverse((used.total_us, used.calls)),
            used.statement.fingerprint,
        )
    });
}
