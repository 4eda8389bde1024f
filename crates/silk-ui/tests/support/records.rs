//! Records of requests, from their parts.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use silk_core::{
    CallSite, CapturedBy, Database, DatabaseKind, Fingerprint, Outcome, QueryRecord, RequestDetail,
    RequestId, RequestKind, RequestRecord, RequestStatement, RequestSummary, RequestTimes, SqlText,
    Statement, Value, ValueState,
};
use uuid::Uuid;

use super::RUN;

pub fn sql(text: &str, command: &str, tables: &[&str], fp: u64) -> SqlText {
    SqlText {
        text: text.into(),
        statement: Arc::new(Statement {
            fingerprint: Fingerprint(fp),
            database: DatabaseKind::Postgres,
            normalized: text.split_whitespace().collect::<Vec<_>>().join(" "),
            command: command.to_owned(),
            tables: tables.iter().map(|&t| t.to_owned()).collect(),
        }),
        database: Arc::new(Database {
            kind: DatabaseKind::Postgres,
            name: "weave".to_owned(),
        }),
        has_literals: false,
        is_redacted: false,
    }
}

pub fn value(n: i64) -> Value {
    Value {
        type_name: "INT8".to_owned(),
        state: ValueState::Bytes(n.to_be_bytes().to_vec()),
    }
}

pub fn query(seq: u32, text: u32, started_us: u64, duration_us: u64) -> QueryRecord {
    QueryRecord {
        seq,
        text,
        captured_by: CapturedBy::Pool,
        started_us,
        duration_us,
        first_row_us: Some(duration_us * 2 / 3),
        consumer_us: 0,
        rows_returned: 1,
        rows_read: 1,
        rows_affected: 0,
        outcome: Outcome::Completed,
        error: None,
        values: Some(vec![value(i64::from(seq))]),
        call_site: None,
        span: None,
        transaction: None,
        plan_shape: None,
        server_us: None,
        is_past_pool: false,
    }
}

/// An empty request; ids order by `n`.
pub fn request(n: u128, method: &str, route: &str, path: &str) -> RequestRecord {
    RequestRecord {
        summary: RequestSummary {
            id: RequestId(Uuid::from_u128((0x0193_4f5e_1111_7000_8000_u128 << 48) + n)),
            parent_id: None,
            kind: if method.is_empty() {
                RequestKind::Job
            } else {
                RequestKind::Request
            },
            run_id: RUN,
            started_at: Utc::now() - TimeDelta::seconds(5_000 - i64::try_from(n).unwrap_or(0) * 7),
            method: method.to_owned(),
            route: route.to_owned(),
            path: path.to_owned(),
            status: (!method.is_empty()).then_some(200),
            outcome: Outcome::Completed,
            times: RequestTimes {
                head_us: 900,
                body_us: 100,
                total_us: 1_000,
                polling_us: 400,
                longest_poll_us: 210,
                polls: 6,
                poll_total_us: 400,
                ..RequestTimes::default()
            },
            query_count: 0,
            query_errors: 0,
            trace_id: None,
            findings: vec![],
            finding_calls: vec![],
        },
        detail: RequestDetail::default(),
        statements: vec![],
        findings: vec![],
    }
}

/// Sums a request's queries into its statements and figures.
pub fn finish(record: &mut RequestRecord, total_us: u64) {
    let detail = &record.detail;
    let mut reached = 0;
    let mut sql_us = 0;
    for q in &detail.queries {
        let end = q.started_us + q.duration_us;
        sql_us += end.saturating_sub(q.started_us.max(reached));
        reached = reached.max(end);
        let text = &detail.texts[usize::try_from(q.text).expect("is so in fixed data")];
        let site = q
            .call_site
            .map(|at| detail.call_sites[usize::try_from(at).expect("is so in fixed data")].clone());
        let at = record
            .statements
            .iter()
            .position(|p| p.statement == text.statement && p.call_site == site)
            .unwrap_or_else(|| {
                record.statements.push(RequestStatement {
                    statement: Arc::clone(&text.statement),
                    call_site: site,
                    calls: 0,
                    errors: 0,
                    total_us: 0,
                    max_us: 0,
                    rows: 0,
                    distinct_values: None,
                    durations: silk_core::Histogram::default(),
                });
                record.statements.len() - 1
            });
        let part = &mut record.statements[at];
        part.calls += 1;
        part.errors += u64::from(q.outcome == Outcome::Error);
        part.total_us += q.duration_us;
        part.max_us = part.max_us.max(q.duration_us);
        part.rows += q.rows_returned;
    }
    let wait_us: u64 = detail.waits.iter().map(|w| w.duration_us).sum();
    let s = &mut record.summary;
    s.query_count = u64::try_from(detail.queries.len()).expect("is so in fixed data");
    s.query_errors = record.statements.iter().map(|p| p.errors).sum();
    let rest = total_us.saturating_sub(sql_us).saturating_sub(wait_us);
    s.times = RequestTimes {
        head_us: total_us * 9 / 10,
        body_us: total_us / 10,
        total_us,
        sql_us,
        wait_us,
        polling_us: rest * 3 / 4,
        poll_total_us: rest,
        longest_poll_us: rest / 9,
        polls: 210,
    };
}

pub fn site(function: &str, file: &str, line: u32) -> CallSite {
    CallSite {
        function: function.to_owned(),
        file: file.to_owned(),
        line,
    }
}

pub const MESSAGES: &str = "SELECT id, thread_id, person_id, body, updated FROM message WHERE deleted_at IS NULL ORDER BY updated DESC LIMIT 100";
pub const PERSON: &str = "SELECT id, name, avatar FROM person WHERE id = $1";
