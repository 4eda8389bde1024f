//! Requests as they come: a loop, ten thousand queries, a transaction, an attack.

use std::sync::Arc;

use silk_core::{
    Body, CapturedBy, ConnectionWait, Finding, Fingerprint, Header, LogRecord, Outcome, QueryError,
    RequestRecord, RequestStatement, Severity, SpanRecord, TransactionEnd, TransactionRecord,
    Value, ValueState,
};

use super::{MESSAGES, PERSON, finish, query, request, site, sql, value};

/// The request of the talk: a hundred messages, and each sender by a query of its own.
pub fn repeated(n: u128) -> RequestRecord {
    let mut record = request(
        n,
        "GET",
        "/api/messages/list_some",
        "/api/messages/list_some",
    );
    let detail = &mut record.detail;
    detail.query_string = Some("page=1&token=[redacted]".to_owned());
    detail.http_version = Some("HTTP/1.1".to_owned());
    let header = |name: &str, value: &str, is_redacted| Header {
        name: name.to_owned(),
        value: value.to_owned(),
        is_redacted,
    };
    detail.request_headers = vec![
        header("host", "localhost:3000", false),
        header("accept", "application/json, text/plain;q=0.8", false),
        header("authorization", "[redacted]", true),
        header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) o'Brien",
            false,
        ),
    ];
    detail.response_headers = vec![
        header("content-type", "application/json", false),
        header("content-length", "18204", false),
        header("silk-id", "0193…", false),
    ];
    detail.response_body = Some(Body {
        content_type: Some("application/json".to_owned()),
        total_bytes: 18_204,
        text: Some(
            "[{\"id\":99821,\"sender\":{\"name\":\"Ada\"},\"body\":\"It's <b>done</b>\"},\n …"
                .to_owned(),
        ),
        is_truncated: true,
        is_redacted: false,
    });
    detail.texts = vec![
        sql(MESSAGES, "SELECT", &["message"], 0xa1),
        sql(PERSON, "SELECT", &["person"], 0xb2),
    ];
    detail.call_sites = vec![
        site(
            "weave::routes::messages::list_some",
            "src/routes/messages.rs",
            80,
        ),
        site(
            "weave::routes::messages::sender_of",
            "src/routes/messages.rs",
            88,
        ),
    ];
    detail.spans = vec![SpanRecord {
        name: "list_some".to_owned(),
        target: "weave::routes::messages".to_owned(),
        file: None,
        line: None,
        started_us: 300,
        duration_us: 87_000,
        busy_us: 23_000,
        parent: None,
        fields: vec![("page".to_owned(), "1".to_owned())],
    }];
    detail.waits = vec![ConnectionWait {
        started_us: 400,
        duration_us: 1_900,
        error: None,
        pool: None,
        holders: Vec::new(),
    }];
    let mut first = query(1, 0, 2_400, 2_900);
    first.rows_returned = 100;
    first.values = Some(vec![]);
    first.call_site = Some(0);
    first.span = Some(0);
    detail.queries.push(first);
    let mut at = 5_600;
    for seq in 2..=101_u32 {
        let us = 430 + u64::from(seq * 7_919 % 370);
        let mut q = query(seq, 1, at, us);
        q.call_site = Some(1);
        q.span = Some(0);
        detail.queries.push(q);
        at += us + 190 + u64::from(seq * 104_729 % 120);
    }
    detail.logs = vec![LogRecord {
        at_us: 61_000,
        level: "WARN".to_owned(),
        target: "weave::cache".to_owned(),
        message: "cache is cold".to_owned(),
        fields: vec![("hit_rate".to_owned(), "0.02".to_owned())],
    }];
    finish(&mut record, at + 2_000);
    record.findings = vec![Finding { rule: "repeated_statement".to_owned(), severity: Severity::Warning, title: "person by id ran 100× with different values from src/routes/messages.rs:88".to_owned(), detail: "Fed by the 100 rows of query 1. One query with JOIN or = ANY($1) would answer all of them.".to_owned(), fingerprint: Some(Fingerprint(0xb2)), remedy: None, call_site: None, query: None, lost_us: Some(58_000) }];
    record.sum_findings();
    record
}

/// Threads, their messages and each sender: ten thousand queries.
pub fn ten_thousand(n: u128) -> RequestRecord {
    let mut record = request(n, "GET", "/api/threads", "/api/threads");
    let detail = &mut record.detail;
    detail.texts = vec![
        sql(
            "SELECT id, title FROM thread ORDER BY id LIMIT 100",
            "SELECT",
            &["thread"],
            0xc1,
        ),
        sql(
            "SELECT id, person_id, body FROM message WHERE thread_id = $1",
            "SELECT",
            &["message"],
            0xc2,
        ),
        sql(PERSON, "SELECT", &["person"], 0xb2),
        sql(
            "SELECT count(*) FROM message WHERE thread_id = $1",
            "SELECT",
            &["message"],
            0xc4,
        ),
    ];
    detail.call_sites = vec![
        site("weave::routes::threads::list", "src/routes/threads.rs", 40),
        site(
            "weave::routes::threads::messages",
            "src/routes/threads.rs",
            52,
        ),
        site(
            "weave::routes::threads::sender",
            "src/routes/threads.rs",
            61,
        ),
        site("weave::routes::threads::count", "src/routes/threads.rs", 70),
    ];
    let mut at = 900;
    let mut seq = 0;
    let mut push = |text: u32, us: u64| {
        seq += 1;
        let mut q = query(seq, text, at, us);
        q.call_site = Some(text);
        detail.queries.push(q);
        at += us + 60;
    };
    push(0, 2_100);
    for thread in 0..100_u64 {
        push(1, 1_400 + thread * 13 % 700);
        for person in 0..100_u64 {
            push(2, 180 + (thread * 31 + person * 17) % 140);
        }
        push(3, 600);
    }
    finish(&mut record, at + 3_000);
    record.findings = vec![Finding {
        rule: "repeated_statement".to_owned(),
        severity: Severity::Critical,
        title: "person by id ran 10,000× with different values from src/routes/threads.rs:61"
            .to_owned(),
        detail: "Each of the 100 rows of query 2 asks for its own sender.".to_owned(),
        fingerprint: Some(Fingerprint(0xb2)),
        remedy: None,
        call_site: None,
        query: None,
        lost_us: Some(2_400_000),
    }];
    record.sum_findings();
    record
}

/// A transaction with a failing query, idle gaps, and queries joined before it.
pub fn transaction(n: u128) -> RequestRecord {
    let mut record = request(n, "POST", "/api/messages", "/api/messages");
    let detail = &mut record.detail;
    let header = |name: &str, value: &str, is_redacted| Header {
        name: name.to_owned(),
        value: value.to_owned(),
        is_redacted,
    };
    detail.request_headers = vec![
        header("host", "localhost:3000", false),
        header("content-type", "application/json", false),
    ];
    detail.request_body = Some(Body {
        content_type: Some("application/json".to_owned()),
        total_bytes: 64,
        text: Some("{\"thread\":12,\"body\":\"Hello\",\"password\":\"[redacted]\"}".to_owned()),
        is_truncated: false,
        is_redacted: true,
    });
    detail.texts = vec![
        sql(
            "SELECT p.id, p.name, p.created, t.id, t.title, count(m.id) FILTER (WHERE m.deleted_at IS NULL) AS messages\nFROM person AS p\nJOIN thread AS t ON t.owner = p.id\nLEFT JOIN message AS m ON m.thread_id = t.id\nWHERE p.id = $1 AND t.id = $2 AND p.password_hash = $3\nGROUP BY p.id, t.id\nHAVING count(*) > 0\nORDER BY t.updated DESC\nLIMIT 10 OFFSET 0",
            "SELECT",
            &["person", "thread", "message"],
            0xd1,
        ),
        sql(
            "SELECT id FROM thread WHERE id = $1",
            "SELECT",
            &["thread"],
            0xd2,
        ),
        sql(
            "INSERT INTO message (thread_id, person_id, body) VALUES ($1, $2, $3) RETURNING id",
            "INSERT",
            &["message"],
            0xd3,
        ),
        sql(
            "UPDATE thread SET updated = now() WHERE id = $1",
            "UPDATE",
            &["thread"],
            0xd4,
        ),
    ];
    detail.spans = vec![
        SpanRecord {
            name: "post_message".to_owned(),
            target: "weave::routes".to_owned(),
            file: None,
            line: None,
            started_us: 100,
            duration_us: 41_500,
            busy_us: 4_000,
            parent: None,
            fields: vec![],
        },
        SpanRecord {
            name: "check".to_owned(),
            target: "weave::routes".to_owned(),
            file: None,
            line: None,
            started_us: 200,
            duration_us: 8_800,
            busy_us: 900,
            parent: Some(0),
            fields: vec![],
        },
        SpanRecord {
            name: "store".to_owned(),
            target: "weave::routes".to_owned(),
            file: None,
            line: None,
            started_us: 9_500,
            duration_us: 31_000,
            busy_us: 2_000,
            parent: Some(0),
            fields: vec![],
        },
    ];
    detail.transactions = vec![
        TransactionRecord {
            started_us: 10_000,
            duration_us: 30_000,
            begin_us: 700,
            end_us: 2_100,
            depth: 1,
            end: TransactionEnd::RolledBack,
            error: None,
        },
        TransactionRecord {
            started_us: 24_000,
            duration_us: 9_000,
            begin_us: 300,
            end_us: 300,
            depth: 2,
            end: TransactionEnd::Committed,
            error: None,
        },
    ];
    let spec: [(u32, u64, u64, u32, Option<u32>); 8] = [
        (0, 400, 8_200, 1, None),
        (1, 500, 6_000, 1, None),
        (1, 600, 3_000, 1, None),
        (2, 11_000, 3_000, 2, Some(0)),
        (3, 15_500, 2_500, 2, Some(0)),
        (2, 24_500, 3_000, 2, Some(1)),
        (3, 29_000, 2_400, 2, Some(1)),
        (3, 35_000, 2_500, 2, Some(0)),
    ];
    for (seq, (text, at, us, span, tx)) in (1_u32..).zip(spec) {
        let mut q = query(seq, text, at, us);
        q.span = Some(span);
        q.transaction = tx;
        detail.queries.push(q);
    }
    detail.queries[0].values = Some(vec![
        value(7),
        value(12),
        Value {
            type_name: "TEXT".to_owned(),
            state: ValueState::Redacted,
        },
    ]);
    detail.queries[1].captured_by = CapturedBy::Layer;
    detail.queries[1].values = None;
    detail.queries[7].outcome = Outcome::Error;
    detail.queries[7].error = Some(QueryError {
        code: Some("40001".to_owned()),
        message: "could not serialize access due to concurrent update".to_owned(),
    });
    finish(&mut record, 42_000);
    record.summary.status = Some(500);
    record.detail.error = Some("could not serialize access due to concurrent update".to_owned());
    record
}

/// Text as an attacker would send it, everywhere.
pub fn hostile(n: u128) -> RequestRecord {
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}gnp\0\u{1b}[31m";
    let mut record = request(n, "GET", evil, evil);
    record.summary.trace_id = Some(evil.to_owned());
    record.summary.findings = vec![evil.to_owned()];
    let detail = &mut record.detail;
    detail.query_string = Some(evil.to_owned());
    detail.http_version = Some(evil.to_owned());
    detail.error = Some(evil.to_owned());
    let header = |name: &str| Header {
        name: name.to_owned(),
        value: evil.to_owned(),
        is_redacted: false,
    };
    detail.request_headers = vec![header("host"), header(evil)];
    detail.response_headers = vec![header("x-evil")];
    let body = Body {
        content_type: Some(evil.to_owned()),
        total_bytes: 1 << 20,
        text: Some(evil.repeat(10_000)),
        is_truncated: true,
        is_redacted: true,
    };
    detail.request_body = Some(body.clone());
    detail.response_body = Some(body);
    let big = format!("SELECT '{evil}' {}", "-- <script>\n".repeat(90_000));
    detail.texts = vec![
        sql(&big, evil, &[evil, evil], 0xe1),
        sql(evil, "OTHER", &[], 0xe2),
    ];
    detail.call_sites = vec![site(evil, evil, 1)];
    detail.spans = vec![SpanRecord {
        name: evil.to_owned(),
        target: evil.to_owned(),
        file: None,
        line: None,
        started_us: 0,
        duration_us: u64::MAX,
        busy_us: u64::MAX,
        parent: Some(9),
        fields: vec![(evil.to_owned(), evil.to_owned())],
    }];
    detail.logs = vec![LogRecord {
        at_us: 1,
        level: evil.to_owned(),
        target: evil.to_owned(),
        message: evil.to_owned(),
        fields: vec![(evil.to_owned(), evil.to_owned())],
    }];
    detail.waits = vec![ConnectionWait {
        started_us: 5,
        duration_us: 9,
        error: Some(evil.to_owned()),
        pool: None,
        holders: Vec::new(),
    }];
    let text = Value {
        type_name: evil.to_owned(),
        state: ValueState::Bytes(evil.as_bytes().to_vec()),
    };
    for seq in 1..=3 {
        let mut q = query(seq, seq - 1, 1, 2);
        q.values = Some(vec![
            text.clone(),
            Value {
                type_name: "TEXT".to_owned(),
                state: ValueState::Bytes(evil.as_bytes().to_vec()),
            },
        ]);
        q.call_site = Some(0);
        q.error = Some(QueryError {
            code: Some(evil.to_owned()),
            message: evil.to_owned(),
        });
        q.outcome = Outcome::Error;
        detail.queries.push(q);
    }
    // An index that points nowhere, as only a broken store has it.
    detail.queries[2].span = Some(77);
    detail.queries[2].transaction = Some(77);
    let texts = detail.texts.clone();
    for text in texts {
        record.statements.push(RequestStatement {
            statement: text.statement,
            call_site: Some(site(evil, evil, 1)),
            calls: 2,
            errors: 1,
            total_us: 9,
            max_us: 5,
            rows: 1,
            distinct_values: None,
            durations: silk_core::Histogram::default(),
        });
    }
    record.findings = vec![Finding {
        rule: evil.to_owned(),
        severity: Severity::Critical,
        title: evil.to_owned(),
        detail: evil.to_owned(),
        fingerprint: None,
        remedy: None,
        call_site: None,
        query: None,
        lost_us: None,
    }];
    record
}

/// A request of an app that makes statements up as it goes: more than have figures of their own.
pub fn made_up(n: u128) -> RequestRecord {
    let mut record = repeated(n);
    "/made_up".clone_into(&mut record.summary.route);
    let one = record.statements[0].clone();
    record.statements = (1..=203_u64)
        .map(|number| {
            let mut used = one.clone();
            let statement = Arc::make_mut(&mut used.statement);
            statement.fingerprint = Fingerprint(0xad_0000 + number);
            (used.calls, used.total_us) = (1, 1000 + number);
            used
        })
        .collect();
    record
}
