//! Requests and findings as Markdown.

use std::sync::Arc;

use http::StatusCode;
use silk_core::{Body, Header, LogRecord, QueryError, RequestRecord, SqlText, Value, ValueState};

use crate::support::{
    self, TestStore,
    client::{app, get, page},
    finish, query, request, site, sql,
};

/// Stands wherever a value can stand.
const CANARY: &str = "canary4711";

fn text_value(text: &str) -> Value {
    Value {
        type_name: "TEXT".to_owned(),
        state: ValueState::Bytes(text.as_bytes().to_vec()),
    }
}

/// A request with a value in every place that holds one.
pub(crate) fn full_of_values(n: u128) -> RequestRecord {
    let mut record = request(n, "GET", "/people/{id}", &format!("/people/{CANARY}"));
    let detail = &mut record.detail;
    detail.query_string = Some(format!("q={CANARY}"));
    let header = Header {
        name: "x-tenant".to_owned(),
        value: CANARY.to_owned(),
        is_redacted: false,
    };
    detail.request_headers = vec![header.clone()];
    detail.response_headers = vec![header];
    let body = Body {
        content_type: Some("text/plain".to_owned()),
        total_bytes: 10,
        text: Some(CANARY.to_owned()),
        is_truncated: false,
        is_redacted: false,
    };
    detail.request_body = Some(body.clone());
    detail.response_body = Some(body);
    detail.error = Some(format!("no such person: {CANARY}"));
    detail.logs = vec![LogRecord {
        at_us: 1,
        level: "ERROR".to_owned(),
        target: "app".to_owned(),
        message: format!("failed for {CANARY}"),
        fields: vec![("id".to_owned(), CANARY.to_owned())],
    }];
    let normalized = sql(
        "SELECT id FROM person WHERE name = $1 AND city = ?",
        "SELECT",
        &["person"],
        0xe7,
    );
    detail.texts = vec![SqlText {
        text: format!("SELECT id FROM person WHERE name = $1 AND city = '{CANARY}'").into(),
        has_literals: true,
        ..normalized
    }];
    detail.call_sites = vec![site("app::person", "src/person.rs", 7)];
    for seq in 1..=40 {
        let mut one = query(seq, 0, u64::from(seq) * 1_000, 900);
        one.call_site = Some(0);
        one.values = Some(vec![text_value(&format!("{CANARY}-{seq}"))]);
        one.error = (seq == 40).then(|| QueryError {
            code: Some("23505".to_owned()),
            message: format!("duplicate key: {CANARY}"),
        });
        if seq == 40 {
            one.outcome = silk_core::Outcome::Error;
        }
        detail.queries.push(one);
    }
    finish(&mut record, 60_000);
    record.findings = ["failed_query", "built_sql", "of_another_version"]
        .into_iter()
        .map(|rule| silk_core::Finding {
            rule: rule.to_owned(),
            severity: silk_core::Severity::Warning,
            title: format!("Something about {CANARY}"),
            detail: format!("It was {CANARY}."),
            remedy: Some(format!("Do without {CANARY}.")),
            call_site: Some(site("app::person", "src/person.rs", 7)),
            fingerprint: Some(silk_core::Fingerprint(0xe7)),
            query: Some(1),
            lost_us: Some(30_000),
        })
        .collect();
    record.sum_findings();
    record
}

#[tokio::test]
async fn no_value_is_in_it_unless_asked_for() {
    let mut failed = full_of_values(1);
    failed.summary.status = Some(500);
    let quiet = full_of_values(2);
    let (a, b) = (failed.summary.id, quiet.summary.id);
    let app = app(&TestStore::of(vec![failed, quiet]));
    for id in [a, b] {
        for path in [
            format!("requests/{id}.md"),
            format!("requests/{id}/request.md"),
            format!("requests/{id}/request.md?values=0"),
            format!("requests/{id}/finding.md?n=0"),
            format!("requests/{id}/finding.md?n=1"),
            format!("requests/{id}/finding.md?n=2"),
            format!("compare.md?a={a}&b={b}"),
        ] {
            let answer = get(&app, &format!("/silk/{path}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            assert!(!answer.text.contains(CANARY), "{path}: {}", answer.text);
            assert!(
                answer.text.contains("src/person.rs:7") || path.starts_with("compare"),
                "{path}: {}",
                answer.text
            );
        }
        let with = get(&app, &format!("/silk/requests/{id}/request.md?values=1"))
            .await
            .text;
        for part in [
            format!("/people/{CANARY}?q={CANARY}"),
            format!("Something about {CANARY}"),
            format!("`{CANARY}-"),
            format!("city = '{CANARY}'"),
        ] {
            assert!(with.contains(&part), "{part}\n{with}");
        }
    }
}

#[tokio::test]
async fn a_request_reads_as_a_note_for_a_pull_request() {
    let record = support::repeated(1);
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record]));
    let text = get(&app, &format!("/silk/requests/{id}.md")).await.text;
    for part in [
        "`GET /api/messages/list_some` 200, ",
        "(101 queries)",
        "- **N+1 query** (critical, ",
        "| `SELECT id, name, avatar FROM person WHERE id = $1` | 100 | ",
        "`src/routes/messages.rs:88`",
        "```sql",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let finding = get(&app, &format!("/silk/requests/{id}/finding.md?n=0"))
        .await
        .text;
    assert!(finding.starts_with("- **N+1 query**"), "{finding}");
    let html = page(&app, &format!("/silk/requests/{id}")).await;
    assert!(html.contains(&format!("data-copy-from=\"/silk/requests/{id}.md\"")));
    assert!(html.contains("finding.md?n=0"));
}

#[tokio::test]
async fn markdown_of_what_is_not_there_is_refused_in_words() {
    let record = support::repeated(1);
    let id = record.summary.id;
    let store = TestStore::of(vec![record, support::hostile(2)]);
    let hostile = support::hostile(2).summary.id;
    let app = app(&Arc::clone(&store));
    for (path, status) in [
        (format!("requests/{id}/finding.md?n=77"), 404),
        (format!("requests/{id}/finding.md?n=x"), 400),
        (format!("requests/{id}/request.md?values=yes"), 400),
        ("requests/nope.md".to_owned(), 404),
    ] {
        let answer = get(&app, &format!("/silk/{path}")).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
    }
    let text = get(
        &app,
        &format!("/silk/requests/{hostile}/request.md?values=1"),
    )
    .await
    .text;
    assert!(!text.contains('\0') && !text.contains('\u{202e}') && !text.contains('\u{1b}'));
}
