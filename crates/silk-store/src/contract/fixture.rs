//! Records for tests: small ones, and one with every field filled.

use std::sync::Arc;

use chrono::{DateTime, Duration, TimeZone, Utc};
use silk_core::{
    BatchId, Body, CallSite, CapturedBy, ConnectionWait, Database, DatabaseKind, ExplainOutput,
    Finding, Fingerprint, Header, LogRecord, Outcome, PlanFormat, PlanId, PlanRecord, PlanShape,
    PlanSource, QueryError, QueryRecord, QueryRef, RequestDetail, RequestId, RequestKind,
    RequestRecord, RequestStatement, RequestSummary, RequestTimes, RunId, RunRecord, Severity,
    SpanRecord, SqlText, Statement, TransactionEnd, TransactionRecord, Value, ValueState,
    WriteBatch,
};
use uuid::Uuid;

/// The instant that the fixtures count from: 2026-01-15 12:00:00 UTC.
#[must_use]
pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0)
        .single()
        .unwrap_or_default()
}

/// So many seconds after noon.
#[must_use]
pub fn at(seconds: i64) -> DateTime<Utc> {
    noon() + Duration::seconds(seconds)
}

/// The run of all fixtures.
#[must_use]
pub fn run() -> RunRecord {
    RunRecord {
        id: RunId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_00aa)),
        started_at: at(-60),
        service: "shop".to_owned(),
        build: Some("4f2a".to_owned()),
        instance: "host-1".to_owned(),
    }
}

/// A new id for a batch.
#[must_use]
pub fn batch_id() -> BatchId {
    BatchId(Uuid::now_v7())
}

/// A batch of requests of the [`run`].
#[must_use]
pub fn batch(requests: Vec<RequestRecord>) -> WriteBatch {
    WriteBatch {
        id: batch_id(),
        run: run(),
        requests,
        counted: Vec::new(),
        plans: Vec::new(),
        plan_observations: Vec::new(),
    }
}

/// An id as v7 makes it: the milliseconds of the start, then `number`.
#[must_use]
pub fn id_at(started_at: DateTime<Utc>, number: u64) -> RequestId {
    let milliseconds = u128::from(started_at.timestamp_millis().cast_unsigned());
    RequestId(Uuid::from_u128(
        milliseconds << 80 | 0x7000_8000_0000_0000_0000 | u128::from(number),
    ))
}

/// A request without queries, started `seconds` after noon; ids differ by `number`.
#[must_use]
pub fn request(number: u64, seconds: i64) -> RequestRecord {
    let started_at = at(seconds);
    RequestRecord {
        summary: RequestSummary {
            id: id_at(started_at, number),
            parent_id: None,
            kind: RequestKind::Request,
            run_id: run().id,
            started_at,
            method: "GET".to_owned(),
            route: "/threads/{id}".to_owned(),
            path: format!("/threads/{number}"),
            status: Some(200),
            outcome: Outcome::Completed,
            times: RequestTimes {
                total_us: 1000,
                ..RequestTimes::default()
            },
            query_count: 0,
            query_errors: 0,
            trace_id: None,
            findings: Vec::new(),
        },
        detail: RequestDetail::default(),
        statements: Vec::new(),
        findings: Vec::new(),
    }
}

/// A statement of `SELECT … FROM <table>`.
#[must_use]
pub fn statement(number: u64, table: &str) -> Arc<Statement> {
    Arc::new(Statement {
        fingerprint: Fingerprint(number),
        database: DatabaseKind::Postgres,
        normalized: format!("SELECT * FROM {table} WHERE id = ?"),
        command: "SELECT".to_owned(),
        tables: vec![table.to_owned()],
    })
}

/// The text of a statement, with a placeholder.
#[must_use]
pub fn text(statement: &Arc<Statement>) -> SqlText {
    SqlText {
        text: statement.normalized.replace('?', "$1").into(),
        statement: Arc::clone(statement),
        database: Arc::new(Database {
            kind: statement.database,
            name: "shop".to_owned(),
        }),
        has_literals: false,
        is_redacted: false,
    }
}

/// A line of `src/threads.rs`.
#[must_use]
pub fn call_site(line: u32) -> CallSite {
    CallSite {
        function: "shop::threads".to_owned(),
        file: "src/threads.rs".to_owned(),
        line,
    }
}

/// Adds `calls` executions of `statement` of `each_us`, with a value each, run from `line`.
pub fn add_queries(
    record: &mut RequestRecord,
    statement: &Arc<Statement>,
    line: u32,
    calls: u32,
    each_us: u64,
) {
    let detail = &mut record.detail;
    let text_index = index(detail.texts.len());
    let call_site_index = index(detail.call_sites.len());
    detail.texts.push(text(statement));
    detail.call_sites.push(call_site(line));
    let first = index(detail.queries.len());
    for number in 0..calls {
        let seq = first + number + 1;
        detail.queries.push(QueryRecord {
            seq,
            text: text_index,
            captured_by: CapturedBy::Pool,
            started_us: u64::from(seq) * (each_us + 20),
            duration_us: each_us,
            first_row_us: Some(each_us.saturating_sub(2)),
            consumer_us: 0,
            rows_returned: 1,
            rows_affected: 0,
            outcome: Outcome::Completed,
            error: None,
            values: Some(vec![Value {
                type_name: "INT8".to_owned(),
                state: ValueState::Bytes(u64::from(1000 + seq).to_be_bytes().to_vec()),
            }]),
            call_site: Some(call_site_index),
            span: None,
            transaction: None,
            plan_shape: None,
        });
    }
    record.statements.push(RequestStatement {
        statement: Arc::clone(statement),
        call_site: Some(call_site(line)),
        calls: calls.into(),
        errors: 0,
        total_us: u64::from(calls) * each_us,
        max_us: each_us,
        rows: calls.into(),
        distinct_values: Some(calls.into()),
    });
    record.summary.query_count += u64::from(calls);
    record.summary.times.sql_us += u64::from(calls) * each_us;
    record.summary.times.total_us += u64::from(calls) * each_us;
}

fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Texts that break careless code.
#[must_use]
pub fn hostile_texts() -> Vec<String> {
    vec![
        String::new(),
        "\0".to_owned(),
        "a\0b'\"`;--\\%_*".to_owned(),
        "🧵 \u{202e}مرحبا\u{feff} e\u{301}".to_owned(),
        "\r\n\t\u{1}\u{7f}".to_owned(),
        "[\"json\"]".to_owned(),
        "x".repeat(1 << 20),
    ]
}

/// A record with every field filled.
#[must_use]
pub fn maximal(number: u64) -> RequestRecord {
    let mut record = request(number, 5);
    let threads = statement(71, "threads");
    let users = Arc::new(Statement {
        fingerprint: Fingerprint(u64::MAX - 3),
        database: DatabaseKind::MySql,
        normalized: "UPDATE users u JOIN teams t SET name = ? WHERE id = ?".to_owned(),
        command: "UPDATE".to_owned(),
        tables: vec!["users".to_owned(), "teams".to_owned()],
    });
    add_queries(&mut record, &threads, 41, 3, 150);
    let summary = &mut record.summary;
    summary.parent_id = Some(id_at(at(-5), 9));
    summary.method = "POST".to_owned();
    summary.status = Some(503);
    summary.outcome = Outcome::Error;
    summary.times = RequestTimes {
        head_us: 1,
        body_us: 2,
        total_us: 90_003,
        sql_us: 4000,
        wait_us: 5,
        polling_us: 6,
        poll_total_us: 7,
        longest_poll_us: 8,
        polls: 9,
    };
    summary.query_count = 12_345;
    summary.query_errors = 11;
    summary.trace_id = Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
    summary.findings = vec![
        "repeated_statement".to_owned(),
        "slow \"quoted\"".to_owned(),
    ];
    fill(&mut record.detail, &users);
    record.statements.push(RequestStatement {
        statement: users,
        call_site: None,
        calls: 12_342,
        errors: 11,
        total_us: 900_000,
        max_us: 4000,
        rows: 0,
        distinct_values: None,
    });
    record.findings = vec![
        Finding {
            rule: "repeated_statement".to_owned(),
            severity: Severity::Critical,
            title: "100× the same".to_owned(),
            detail: "from src/threads.rs:41".to_owned(),
            fingerprint: Some(Fingerprint(u64::MAX - 3)),
            saves_us: Some(800_000),
        },
        Finding {
            rule: "slow \"quoted\"".to_owned(),
            severity: Severity::Info,
            title: String::new(),
            detail: String::new(),
            fingerprint: None,
            saves_us: None,
        },
    ];
    record
}

fn fill(detail: &mut RequestDetail, users: &Arc<Statement>) {
    let header = |name: &str, is_redacted| Header {
        name: name.to_owned(),
        value: "v".to_owned(),
        is_redacted,
    };
    let body = |text: Option<&str>| Body {
        content_type: Some("application/json".to_owned()),
        total_bytes: 123_456,
        text: text.map(str::to_owned),
        is_truncated: true,
        is_redacted: true,
    };
    detail.query_string = Some("q=1&token=[redacted]".to_owned());
    detail.http_version = Some("HTTP/2.0".to_owned());
    detail.request_headers = vec![header("accept", false), header("cookie", true)];
    detail.response_headers = vec![header("silk-id", false)];
    detail.request_body = Some(body(Some("{\"a\":1}")));
    detail.response_body = Some(body(None));
    detail.error = Some("connection reset".to_owned());
    detail.texts.push(SqlText {
        text: "UPDATE users SET name = '[redacted]' WHERE id = 3".into(),
        statement: Arc::clone(users),
        database: Arc::new(Database {
            kind: DatabaseKind::MySql,
            name: String::new(),
        }),
        has_literals: true,
        is_redacted: true,
    });
    let states = [
        ValueState::Null,
        ValueState::Bytes(vec![]),
        ValueState::Bytes((0..=255).collect()),
        ValueState::Truncated {
            bytes: b"beginning".to_vec(),
            total_bytes: u64::MAX,
        },
        ValueState::Redacted,
        ValueState::Unavailable,
    ];
    let values = states
        .into_iter()
        .zip(["TEXT", "BLOB", "BLOB", "TEXT", "", "geometry"])
        .map(|(state, name)| Value {
            type_name: name.to_owned(),
            state,
        })
        .collect();
    detail.queries.push(QueryRecord {
        seq: 90,
        text: 1,
        captured_by: CapturedBy::Layer,
        started_us: 3,
        duration_us: u64::MAX,
        first_row_us: None,
        consumer_us: 77,
        rows_returned: u64::MAX,
        rows_affected: 4,
        outcome: Outcome::Error,
        error: Some(QueryError {
            code: Some("23505".to_owned()),
            message: "duplicate key".to_owned(),
        }),
        values: Some(values),
        call_site: None,
        span: Some(1),
        transaction: Some(0),
        plan_shape: Some(PlanShape(u64::MAX)),
    });
    detail.queries.push(QueryRecord {
        seq: 91,
        outcome: Outcome::Dropped,
        error: None,
        values: None,
        span: None,
        ..detail.queries[0].clone()
    });
    detail.queries.push(QueryRecord {
        seq: 92,
        values: Some(Vec::new()),
        first_row_us: Some(u64::MAX),
        ..detail.queries[0].clone()
    });
    detail.queries_not_kept = 12_339;
    detail.waits = vec![
        ConnectionWait {
            started_us: 1,
            duration_us: 2,
            error: None,
        },
        ConnectionWait {
            started_us: 3,
            duration_us: 4,
            error: Some("timed out".to_owned()),
        },
    ];
    detail.transactions = TransactionEnd::ALL
        .iter()
        .zip(1..)
        .map(|(&end, depth)| TransactionRecord {
            started_us: 1,
            duration_us: 2,
            begin_us: 3,
            end_us: 4,
            depth,
            end,
        })
        .collect();
    let span = SpanRecord {
        name: "load".to_owned(),
        target: "shop::threads".to_owned(),
        file: Some("src/threads.rs".to_owned()),
        line: Some(12),
        started_us: 1,
        duration_us: 99,
        busy_us: 55,
        parent: None,
        fields: vec![("user".to_owned(), "7".to_owned())],
    };
    detail.spans = vec![
        span.clone(),
        SpanRecord {
            parent: Some(0),
            file: None,
            line: None,
            fields: vec![],
            ..span
        },
    ];
    detail.spans_not_kept = 6;
    detail.logs = vec![LogRecord {
        at_us: 44,
        level: "WARN".to_owned(),
        target: "shop".to_owned(),
        message: "slow".to_owned(),
        fields: vec![("ms".to_owned(), "9".to_owned())],
    }];
    detail.logs_not_kept = 2;
}

/// A plan of a request's first query, captured `seconds` after noon; each has its own form.
#[must_use]
pub fn plan(number: u128, request_id: RequestId, seconds: i64) -> PlanRecord {
    PlanRecord {
        id: PlanId(Uuid::from_u128(number)),
        query: Some(QueryRef { request_id, seq: 1 }),
        fingerprint: Some(Fingerprint(71)),
        database: Database {
            kind: DatabaseKind::Postgres,
            name: "shop".to_owned(),
        },
        captured_at: at(seconds),
        source: PlanSource::Estimated,
        shape: Some(PlanShape(u64::try_from(number).unwrap_or(u64::MAX))),
        duration_us: None,
        total_cost: None,
        output: ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: "[{\"Plan\":{}}]".to_owned(),
            analyzed: true,
        },
    }
}
