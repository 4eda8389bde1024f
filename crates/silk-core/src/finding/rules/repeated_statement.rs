//! The "N+1".

use super::{
    REPEATED_STATEMENT,
    words::{count, duration},
};
use crate::{Finding, RequestStatement, Severity};

/// Fewer calls than this are no pattern yet.
const MIN_CALLS: u64 = 10;

/// One statement, run at least ten times from one place with different values: the "N+1".
///
/// The same values each time are another matter (a missing cache), as are writes.
pub(super) fn find(group: &RequestStatement, total_us: u64) -> Option<Finding> {
    let statement = &group.statement;
    let is_varied = group.distinct_values.is_none_or(|distinct| distinct >= 2);
    if statement.command != "SELECT" || group.calls < MIN_CALLS || !is_varied {
        return None;
    }
    let calls = group.calls;
    let what = match statement.tables.first() {
        Some(table) => format!("{table} was read"),
        None => "One statement ran".to_owned(),
    };
    let values = match group.distinct_values {
        Some(distinct) if distinct == calls => " with different values".to_owned(),
        Some(distinct) => format!(" with {} different lists of values", count(distinct)),
        None => String::new(),
    };
    let place = group
        .call_site
        .as_ref()
        .map(|site| format!(" from {site}"))
        .unwrap_or_default();
    // One query for all would still cost about what one of them costs.
    let saves_us = group.total_us.saturating_sub(group.total_us / calls);
    let severity = if saves_us.saturating_mul(2) > total_us {
        Severity::Critical
    } else {
        Severity::Warning
    };
    Some(Finding {
        rule: REPEATED_STATEMENT.to_owned(),
        severity,
        title: format!(
            "{what} {}× by the same statement{values}{place}.",
            count(calls)
        ),
        detail: format!(
            "{} queries took {} together. One query with JOIN or {} would save about {}.",
            count(calls),
            duration(group.total_us),
            match statement.database {
                crate::DatabaseKind::Postgres => "= ANY($1)",
                _ => "IN (…)",
            },
            duration(saves_us),
        ),
        remedy: None,
        call_site: group.call_site.clone(),
        fingerprint: Some(statement.fingerprint),
        query: None,
        lost_us: Some(saves_us),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{CallSite, DatabaseKind, Fingerprint, Statement};

    fn group(command: &str, calls: u64, distinct_values: Option<u64>) -> RequestStatement {
        RequestStatement {
            statement: Arc::new(Statement {
                fingerprint: Fingerprint(7),
                database: DatabaseKind::Postgres,
                normalized: "SELECT name FROM person WHERE id = ?".to_owned(),
                command: command.to_owned(),
                tables: vec!["person".to_owned()],
            }),
            call_site: Some(CallSite {
                function: "weave::list".to_owned(),
                file: "src/routes/messages.rs".to_owned(),
                line: 88,
            }),
            calls,
            errors: 0,
            total_us: 58_100,
            max_us: 900,
            rows: calls,
            distinct_values,
        }
    }

    #[test]
    fn the_n_plus_one_is_found_with_its_evidence() {
        let finding = find(&group("SELECT", 100, Some(100)), 88_000).unwrap();
        assert_eq!(finding.severity, Severity::Critical);
        assert_eq!(finding.lost_us, Some(57_519));
        assert_eq!(
            finding.title,
            "person was read 100× by the same statement with different values from \
             src/routes/messages.rs:88."
        );
        assert_eq!(
            finding.detail,
            "100 queries took 58.1 ms together. One query with JOIN or = ANY($1) would save about \
             57.5 ms."
        );
    }

    #[test]
    fn values_that_were_not_captured_do_not_hide_it() {
        assert!(find(&group("SELECT", 10, None), 1_000_000).is_some());
    }

    #[test]
    fn near_misses_are_none() {
        assert_eq!(find(&group("SELECT", 9, Some(9)), 1), None);
        assert_eq!(find(&group("SELECT", 100, Some(1)), 1), None);
        assert_eq!(find(&group("INSERT", 100, Some(100)), 1), None);
    }

    #[test]
    fn it_is_a_warning_where_the_time_goes_elsewhere() {
        let finding = find(&group("SELECT", 20, Some(20)), 1_000_000).unwrap();
        assert_eq!(finding.severity, Severity::Warning);
    }
}
