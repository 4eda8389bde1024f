//! Records for the tests of our crates: the least of each, and a test changes what it is about.
//!
//! A field that a record gains gets its value here, and no test changes.

use std::sync::Arc;

use chrono::DateTime;
use uuid::Uuid;

use crate::{
    CallSite, CapturedBy, Database, DatabaseKind, Fingerprint, Histogram, Outcome, QueryRecord,
    RequestDetail, RequestId, RequestKind, RequestRecord, RequestStatement, RequestSummary,
    RequestTimes, RunId, SqlText, Statement, Value, ValueState,
};

/// `GET /`, answered with 200 in no time, without queries; its ids are nil, its start is that of
/// the Unix epoch.
#[must_use]
pub fn request() -> RequestRecord {
    RequestRecord {
        summary: RequestSummary {
            id: RequestId(Uuid::nil()),
            parent_id: None,
            kind: RequestKind::Request,
            run_id: RunId(Uuid::nil()),
            started_at: DateTime::UNIX_EPOCH,
            method: "GET".to_owned(),
            route: "/".to_owned(),
            path: "/".to_owned(),
            status: Some(200),
            outcome: Outcome::Completed,
            times: RequestTimes::default(),
            query_count: 0,
            query_errors: 0,
            trace_id: None,
            findings: Vec::new(),
            finding_calls: Vec::new(),
        },
        detail: RequestDetail::default(),
        statements: Vec::new(),
        findings: Vec::new(),
    }
}

/// A query of the first text that gave one row, seen by the pool, without values.
#[must_use]
pub fn query(seq: u32, started_us: u64, duration_us: u64) -> QueryRecord {
    QueryRecord {
        seq,
        text: 0,
        captured_by: CapturedBy::Pool,
        started_us,
        duration_us,
        first_row_us: None,
        consumer_us: 0,
        rows_returned: 1,
        rows_read: 1,
        rows_affected: 0,
        outcome: Outcome::Completed,
        error: None,
        values: None,
        call_site: None,
        span: None,
        transaction: None,
        plan_shape: None,
        server_us: None,
        is_past_pool: false,
    }
}

/// A `SELECT` from these tables.
#[must_use]
pub fn statement(
    number: u64,
    database: DatabaseKind,
    sql: &str,
    tables: &[&str],
) -> Arc<Statement> {
    Arc::new(Statement {
        fingerprint: Fingerprint(number),
        database,
        normalized: sql.to_owned(),
        command: "SELECT".to_owned(),
        tables: tables.iter().map(|&table| table.to_owned()).collect(),
    })
}

/// A text of a statement, without literals.
#[must_use]
pub fn text(sql: &str, statement: Arc<Statement>, database: &str) -> SqlText {
    SqlText {
        text: sql.into(),
        database: Arc::new(Database {
            kind: statement.database,
            name: database.to_owned(),
        }),
        statement,
        has_literals: false,
        is_redacted: false,
    }
}

/// The executions of a statement that took `each_us` each, gave one row each, and had unknown values.
#[must_use]
pub fn calls(
    statement: Arc<Statement>,
    call_site: Option<CallSite>,
    calls: u64,
    each_us: u64,
) -> RequestStatement {
    let mut durations = Histogram::default();
    durations.record_n(each_us, calls);
    RequestStatement {
        statement,
        call_site,
        calls,
        errors: 0,
        total_us: calls * each_us,
        max_us: each_us,
        rows: calls,
        distinct_values: None,
        durations,
    }
}

/// A line of the app.
#[must_use]
pub fn call_site(function: &str, file: &str, line: u32) -> CallSite {
    CallSite {
        function: function.to_owned(),
        file: file.to_owned(),
        line,
    }
}

/// A bound value, as the driver encoded it.
#[must_use]
pub fn value(type_name: &str, bytes: impl Into<Vec<u8>>) -> Value {
    Value {
        type_name: type_name.to_owned(),
        state: ValueState::Bytes(bytes.into()),
    }
}
